"""The subject of a reference picture, cut out of its own background: by the picture's transparency, or as what its borders do not look like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse.csgraph import dijkstra

from engine.errors import InvalidInput
from engine.vision.edges import soft
from engine.vision.matting import own_colours
from engine.vision.segmentation import REFINE_SIDE, Finder, fit_side, grabcut, grid_graph, outline
from engine.vision.transplant.portrait import portrait

SIDE = 1280
"""Longest side, in pixels, at which a reference is kept: it is never laid in larger than the frame."""

CLEAR = 0.02
"""Share of clear pixels from which a file's transparency is taken to be meant."""

PLAIN = 8.0
"""CIELAB distance from the borders' colours below which nothing stands out."""

WHOLE = 1.4
"""How many times larger a proposed subject must be than what stands out by itself, to be the whole of which that is a part."""

ONE = 0.45
"""Share of its convex hull that a mask fills at least to be one thing: two eyes are none."""

HELD = 0.8
"""Share of a portrait that what stands out must hold, to be the whole of it."""

Finding = Callable[[np.ndarray], np.ndarray | None]
"""A picture (H, W, 3) uint8 -> the mask (H, W) bool of a subject, or None."""


def nothing(image: np.ndarray) -> np.ndarray | None:
    """Finds nothing."""
    return None


@dataclass(frozen=True)
class CutOut:
    """A subject alone. colours: (h, w, 3) uint8, its own also in the soft rim; alpha: (h, w) float32; cropped to where alpha is not 0.

    backdrop: (3,) mean linear light of what was around it, None when it came without (see `engine.vision.transplant.light.mean_light`).
    rims: its left, top, right, bottom is cut off straight by its picture. note: what the user should know, or "".
    """

    colours: np.ndarray
    alpha: np.ndarray
    backdrop: np.ndarray | None
    rims: tuple[bool, bool, bool, bool]
    note: str = ""


def cut_reference(picture: np.ndarray, person: Finding = nothing, proposed: Finding = nothing) -> CutOut:
    """The subject of a picture (H, W, 3) or (H, W, 4) uint8 sRGB.

    person: finds the person of a picture, who then is meant; proposed: finds another likely subject, which is meant when it is much more than what stands out by itself. Raises `InvalidInput` when nothing stands out.
    """
    from engine.vision.transplant.light import mean_light

    picture = fit_side(picture, SIDE)
    if picture.shape[2] == 4 and (picture[..., 3] < 128).mean() >= CLEAR:
        alpha = picture[..., 3].astype(np.float32) / 255.0
        if alpha.max() < 0.5 or (alpha > 0.5).sum() < 64:
            raise InvalidInput("the reference picture is all transparent", fix="give a picture that shows the new subject", field="reference")
        return _cropped(np.ascontiguousarray(picture[..., :3]), alpha, None, "")
    picture = np.ascontiguousarray(picture[..., :3])
    mask = person(picture)
    if mask is not None:
        mask = _sharpened(picture, mask)
    else:
        mask, other = salient(picture), proposed(picture)
        if mask is not None and filling(mask) < ONE:
            mask = None
        if other is not None and (mask is None or other.sum() > WHOLE * mask.sum()):
            mask = _sharpened(picture, other)
        whole = portrait(picture)
        if whole is not None and (mask is None or (mask & whole).sum() < HELD * whole.sum()):
            mask = _sharpened(picture, whole)
        if mask is None:
            mask = middle(picture)
    if mask is None:
        raise InvalidInput(
            "no subject stands out of the reference picture", why="its borders look like its middle",
            fix="give a picture with a plain background, or a PNG with transparency around the subject", field="reference",
        )  # fmt: skip
    alpha = soft(picture, mask)
    backdrop = mean_light(picture, alpha < 0.02)
    share = float(mask.mean())
    note = f"The subject of the reference was found by itself: {100 * share:.0f} % of that picture. If that is not it, give a PNG with transparency around it."
    return _cropped(own_colours(picture, alpha, reach=4.0).clip(0, 255).round().astype(np.uint8), alpha, backdrop, note)


def salient(picture: np.ndarray) -> np.ndarray | None:
    """(H, W) bool: what does not look like the picture's borders, or None. A subject may touch the lower border, and be cut there.

    Places are far from the borders by the least colour change on any way to them (geodesic saliency, Wei et al., 2012), and unlike the colours there;
    several thresholds start GrabCut (Rother et al., 2004), and the outline that lies best on edges wins.
    """
    finder = Finder(picture)
    small = finder.small
    height, width = small.shape[:2]
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.0).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    strip = max(2, round(0.03 * max(height, width)))
    rim = np.zeros((height, width), bool)
    rim[:strip], rim[: round(0.8 * height), :strip], rim[: round(0.8 * height), -strip:] = True, True, True
    graph = grid_graph(0.004 + np.maximum(finder.edges - 1.5, 0.0) / 30.0)
    far = dijkstra(graph, directed=False, indices=np.flatnonzero(rim.ravel()), min_only=True).reshape(rim.shape).astype(np.float32)
    cv2.setRNGSeed(1)
    _, _, centres = cv2.kmeans(lab[rim], 5, None, (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5), 2, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    unlike = np.sqrt(((lab[:, :, None] - centres[None, None]) ** 2).sum(axis=3)).min(axis=2)
    if float(np.quantile(unlike, 0.995)) < PLAIN:
        return None
    y, x = np.mgrid[:height, :width]
    middle = np.exp(-((x / width - 0.5) ** 2 / 0.16 + np.maximum(0.5 - y / height, 0.6 * (y / height - 0.5)) ** 2 / 0.2))
    score = (far / max(float(np.quantile(far, 0.98)), 1e-6)).clip(0, 1) * (0.35 + 0.65 * (unlike / max(float(np.quantile(unlike, 0.95)), 8.0)).clip(0, 1)) * middle
    never = rim & (score < 0.3)
    best: tuple[float, np.ndarray] | None = None
    threshold = float(cv2.threshold(np.rint(255 * score / max(float(score.max()), 1e-6)).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)[0]) / 255.0 * float(score.max())
    for factor in (0.6, 1.0, 1.4):
        probable = _largest(score > factor * threshold)
        sure = cv2.erode((score > max(0.75 * float(score.max()), 1.4 * threshold)).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & probable
        if not sure.any() or probable.mean() > 0.9:
            continue
        mask = grabcut(small, probable | sure, sure, never & ~sure, rounds=4)
        cover = mask.mean()
        top = float(np.concatenate([mask[0], mask[: height // 2, 0], mask[: height // 2, -1]]).mean())
        worth = finder.on_edges(outline(mask)) - 0.8 * top - (1.0 if not 0.008 < cover < 0.85 else 0.0) + 0.3 * min(1.0, cover / 0.12)
        if best is None or worth > best[0]:
            best = worth, mask
    if best is None or best[0] < 0.25 or not 0.004 < best[1].mean() < 0.9:
        return None
    large = finder._refine(_largest(best[1]), cv2.erode(best[1].astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool), never & ~best[1])
    return cv2.resize(large.astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC) > 0.5


def filling(mask: np.ndarray) -> float:
    """Share of its convex hull that a mask (H, W) bool fills, 0..1."""
    points = np.argwhere(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0)[:, ::-1]
    hull = cv2.contourArea(cv2.convexHull(points.astype(np.int32))) if len(points) > 2 else 0.0
    return min(1.0, float(mask.sum()) / hull) if hull > 0 else 0.0


def middle(picture: np.ndarray) -> np.ndarray | None:
    """(H, W) bool: what fills the middle of a picture that is full of it; None when the middle is like the corners."""
    small = fit_side(picture, REFINE_SIDE // 2)
    height, width = small.shape[:2]
    y, x = np.mgrid[:height, :width]
    away = np.hypot((x - 0.5 * width) / (0.5 * width), (y - 0.5 * height) / (0.5 * height))
    lab = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    if float(np.linalg.norm(np.median(lab[away < 0.5], axis=0) - np.median(lab[away > 1.1], axis=0))) < PLAIN:
        return None
    mask = grabcut(small, away < 0.9, away < 0.45, away > 1.15, rounds=4)
    return cv2.resize(mask.astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC) > 0.5 if 0.1 < mask.mean() < 0.9 else None


def _sharpened(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A rough mask (H, W) bool with its outline on the picture's edges."""
    fine = fit_side(picture, REFINE_SIDE)
    size = fine.shape[1::-1]
    rough = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    inner = cv2.erode(rough.astype(np.uint8), np.ones((7, 7), np.uint8), borderValue=1).astype(bool)
    outer = ~cv2.dilate(rough.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
    cut = grabcut(fine, rough, inner, outer) if inner.any() and outer.any() else rough
    cut &= ~outer  # a corner of background that the subject closes off is no hole
    cut = cv2.morphologyEx(cut.astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))).astype(bool) | inner
    return cv2.resize(_largest(cut).astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_CUBIC) > 0.5


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest piece of a mask with those of at least a fifth of its size, holes closed."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count < 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = np.isin(parts, 1 + np.flatnonzero(areas >= 0.2 * areas.max()))
    flood = np.pad((~kept).astype(np.uint8), 1, constant_values=1)
    cv2.floodFill(flood, None, (0, 0), 0)
    return kept | (flood[1:-1, 1:-1] > 0)


def _cropped(colours: np.ndarray, alpha: np.ndarray, backdrop: np.ndarray | None, note: str) -> CutOut:
    rows, columns = np.flatnonzero((alpha > 0.02).any(axis=1)), np.flatnonzero((alpha > 0.02).any(axis=0))
    window = slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)
    solid = alpha[window] > 0.5
    at_rim = (columns[0] == 0, rows[0] == 0, columns[-1] == alpha.shape[1] - 1, rows[-1] == alpha.shape[0] - 1)
    lines = (solid[:, 0], solid[0], solid[:, -1], solid[-1])
    rims = tuple(bool(rim and line.mean() > 0.2) for rim, line in zip(at_rim, lines, strict=True))
    return CutOut(colours[window], alpha[window], backdrop, rims, note)  # type: ignore[arg-type]
