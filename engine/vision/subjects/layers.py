"""A moving thing's mask, judged by two motions: each pixel goes along with the thing or with the ground, whichever brings it to what it looks like in other frames.

Parts of another colour (wheels, windows, a white belly) join the thing, and what only lies beside it leaves: motion segmentation by two layers (Wang and Adelson,
1994) with GrabCut where neither motion tells, as on plain paper.
"""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.segmentation import tidy
from engine.vision.subjects.motion import Around, View, filled

STEP = 1.6
"""Pixels of the copy that a thing must have moved against the ground in a view that is asked."""

VIEWS = 6
"""Views that are asked at most."""

FULL = 9.0
"""CIELAB units between the two motions' misses that settle a pixel in one view."""

EXPLAINED = 6.0
"""CIELAB units that a motion may miss by and still explain a pixel."""

FOR, AGAINST = 0.3, -0.3
"""Mean votes from which a pixel is likely the thing's, and below which it is surely the ground's."""

BESIDE = 0.4
"""How far beyond a mask its missing parts are sought, as a share of its longer side."""

KEPT = 0.4
"""Share of the union that an old mask and its new one must have in common."""


def regrouped(around: Around, mask: np.ndarray, *, rounds: int = 2) -> np.ndarray | None:
    """(h, w) bool: the mask (h, w) bool of a thing on the copy after the vote; None when it has not moved enough for one, or nothing like it is left."""
    current = mask
    for _ in range(rounds):
        found = _regrouped(around, current)
        if found is None or (found & mask).sum() < KEPT * (found | mask).sum():
            return None if current is mask else current
        settled = (found & current).sum() > 0.97 * (found | current).sum()
        current = found
        if settled:
            break
    return current


def _regrouped(around: Around, mask: np.ndarray) -> np.ndarray | None:
    window = _window(mask)
    votes = _votes(around, mask, window)
    if votes is None:
        return None
    inside = mask[window]
    kernel = np.ones((3, 3), np.uint8)
    likely = (inside & (votes > AGAINST)) | (votes > FOR)
    sure = cv2.erode(likely.astype(np.uint8), kernel).astype(bool) & (inside & (votes > -0.05) | (votes > 2 * FOR))
    if not sure.any() or likely.all():
        return None
    labels = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    rim = np.zeros(inside.shape, bool)
    rim[:2], rim[-2:], rim[:, :2], rim[:, -2:] = True, True, True, True
    labels[(votes < AGAINST) | (rim & ~inside)] = cv2.GC_BGD
    labels[sure] = cv2.GC_FGD
    cv2.setRNGSeed(0)
    cv2.grabCut(np.ascontiguousarray(around.picture[window]), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_MASK)
    found = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)) & (votes >= AGAINST)
    out = np.zeros(mask.shape, bool)
    out[window] = _holed(tidy(found, sure), votes)
    return out


def _holed(mask: np.ndarray, votes: np.ndarray) -> np.ndarray:
    """The mask without what surely stays behind, in pieces that are more than noise."""
    behind = cv2.morphologyEx((mask & (votes < AGAINST)).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)).astype(bool)
    return mask & ~behind


def _window(mask: np.ndarray) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    beside = max(8, round(BESIDE * max(width, height)))
    return slice(max(0, y - beside), y + height + beside), slice(max(0, x - beside), x + width + beside)


def _votes(around: Around, mask: np.ndarray, window: tuple[slice, slice]) -> np.ndarray | None:
    """(window) float32 in -1..1: above 0 where a pixel goes along with the thing in the mask, below 0 where it goes with the ground; None when too little moved."""
    kernel = np.ones((7, 7), np.uint8)
    halo = cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)
    told: list[tuple[float, View, np.ndarray, np.ndarray]] = []
    for view in around.views:
        along = _own(view, mask, window)
        if along is None:
            continue
        camera = view.camera.field(*mask.shape)[window]
        # What goes along already tells nothing of the ground.
        same = optical.length(view.flow[window] - along) < 0.5 * optical.length(camera - along)
        ground = camera + filled(view.residual[window], halo[window] | cv2.dilate(same.astype(np.uint8), kernel).astype(bool))
        relative = float(np.median(optical.length((along - ground)[mask[window]][None]))) if mask.any() else 0.0
        if relative >= STEP:
            told.append((relative, view, along, ground))
    if not told:
        return None
    told.sort(key=lambda one: -one[0])
    here = around.lab[window]
    x, y = optical.grid(mask.shape[1], mask.shape[0])
    x, y = x[window], y[window]
    wide = cv2.dilate(mask[window].astype(np.uint8), np.ones((3, 3), np.uint8))
    total, weight = np.zeros(here.shape[:2], np.float32), np.full(here.shape[:2], 1e-3, np.float32)
    for _, view, along, ground in told[:VIEWS]:
        other = view.lab
        own = _miss(here, other, x + along[..., 0], y + along[..., 1])
        stays = _miss(here, other, x + ground[..., 0], y + ground[..., 1])
        # Parts that bend or turn are followed by the flow itself, as long as it parts from the ground.
        flow = view.flow[window]
        parts = view.sure[window] & (optical.length(flow - ground) > np.maximum(STEP, 0.5 * optical.length(along - ground)))
        own = np.where(parts, np.minimum(own, _miss(here, other, x + flow[..., 0], y + flow[..., 1])), own)
        vote = np.clip((stays - own) / FULL, -1, 1)
        # Only what the ground's motion explains is the ground's: what neither explains may be a leg or a wing.
        vote = np.where(vote < 0, vote * np.exp(-np.square(stays / EXPLAINED)), vote)
        # What the thing covers there says nothing for it: ground that is covered misses, too.
        before = ground - optical.pull(along, ground - along)
        covered = optical.pull(wide, before, nearest=True, border=cv2.BORDER_CONSTANT) > 0
        vote[covered & (vote > 0)] = 0.0
        there = _within(x + ground[..., 0], y + ground[..., 1], mask.shape) & _within(x + along[..., 0], y + along[..., 1], mask.shape)
        clear = there & ~(covered & (vote >= 0))
        total += np.where(clear, vote, 0)
        weight += clear
    # A few clear views are not outvoted by none, but one alone counts less.
    return cv2.blur(total / np.maximum(weight, 1.5), (3, 3))


def _own(view: View, mask: np.ndarray, window: tuple[slice, slice]) -> np.ndarray | None:
    """(window, 2) float32: the flow that the thing's own similarity motion makes; None when its pixels do not agree on one."""
    ys, xs = np.nonzero(mask & view.sure)
    if len(ys) < 40:
        return None
    take = slice(None, None, max(1, len(ys) // 600))
    places = np.stack([xs, ys], axis=1)[take].astype(np.float32)
    cv2.setRNGSeed(0)
    matrix, agree = cv2.estimateAffinePartial2D(places, places + view.flow[ys[take], xs[take]], method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=200, confidence=0.98)
    if matrix is None or agree.mean() < 0.35:
        return None
    x, y = (one[window] for one in optical.grid(mask.shape[1], mask.shape[0]))
    return np.stack([matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] - x, matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] - y], axis=-1).astype(np.float32)


def _miss(here: np.ndarray, other: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    there = cv2.remap(other, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return cv2.blur(optical.length(here - there), (3, 3))


def _within(x: np.ndarray, y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return (x >= 0) & (y >= 0) & (x <= shape[1] - 1) & (y <= shape[0] - 1)

