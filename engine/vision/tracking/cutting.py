"""A subject cut out of one frame by what a hand says: clicks, a box, strokes of a brush, or corrections of a mask that is there.

A box: what can be reached from its rim over smooth colour is background (geodesic distance, Bai and Sapiro, 2007), the rest starts a GrabCut (Rother,
Kolmogorov, Blake, 2004). Clicks and strokes: `engine.vision.segmentation.Finder`, and each further click adds or takes away the part around it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.sparse.csgraph import dijkstra

from engine.tasks.subject_swap.request import Marks, Scribble
from engine.vision.matting import grown_box
from engine.vision.segmentation import Finder, colour_edges, fit_side, grid_graph, tidy
from engine.vision.tracking.scenery import Scenery, moved_out

CLICK = 0.006
"""Radius of a click that corrects a mask, as a share of the picture's longer side."""

FIRST_CLICK = 0.024
"""Radius of a click that says who is meant: people aim at the middle of a thing, and a single spot would be taken for its window or its eye."""

LONG_STROKE = 0.08
"""Extent of brush strokes, as a share of the picture, from which they tell how large the thing is."""

BEYOND = 0.15
"""How far a thing may go on beyond the strokes along it, as a share of their extent."""

AGREED, SAME_MASK, CLEAN = 0.8, 0.92, 0.6
"""Overlap of a mask from colours with the one from what moved, from which it is kept when it came off cleanly and when it did not, and the confidence that parts the two."""

MOVED = 0.9
"""Confidence of what was told from its scenery by having moved."""

BOX_SIDE = 224
"""Longer side, in pixels, of the copy of a box's surroundings on which it is cut first."""


@dataclass(frozen=True)
class Cut:
    """mask: (H, W) bool at the picture's size; confidence: 0..1, how cleanly it came off; said: a sentence for the user, empty when all is well."""

    mask: np.ndarray
    confidence: float
    said: str = ""


def cut(image: np.ndarray, marks: Marks, *, before: np.ndarray | None = None, behind: Callable[[np.ndarray], Scenery | None] | None = None) -> Cut:
    """The subject that `marks` mean on a picture (H, W, 3) uint8. before: (H, W) bool, the mask that the marks correct; behind: the scenery of the shot there, if any, from a rough mask."""
    size = (image.shape[1], image.shape[0])
    add, take = painted(marks.scribble, size), painted(marks.erase, size)
    exact_add, exact_take = painted([one for one in marks.scribble if one.exact], size), painted([one for one in marks.erase if one.exact], size)
    first = marks.box is None and (before is None or not before.any())
    yes, no = add | clicked(marks.points, size, _aim(marks) if first else CLICK), take | clicked(marks.avoid, size)
    said = ""
    if marks.box is not None:
        found = cut_box(image, marks.box)
        mask, confidence = found.mask, found.confidence
        if behind is not None and (known := behind(boxed(image, marks.box))) is not None:
            allowed, wanted, unwanted = boxed(image, marks.box, margin=1), yes & ~exact_add, no & ~exact_take
            moved = next((one for rough in (mask, boxed(image, marks.box)) if (one := moved_out(image, known, rough, allowed, wanted, unwanted)) is not None), None)
            # Both agree: the one from colours and edges has the finer outline.
            agree = (moved & mask).sum() / max(1, (moved | mask).sum()) if moved is not None else 1.0
            if moved is not None and agree < (AGREED if confidence > CLEAN else SAME_MASK):
                mask, confidence = moved, max(confidence, MOVED)
        if (yes & ~mask).any() or (no & mask).any():
            mask = corrected(image, mask, yes & ~exact_add, no & ~exact_take)
    elif before is not None and before.any():
        mask, confidence = corrected(image, before, yes & ~exact_add, no & ~exact_take), 0.95
    elif marks.scribble and (around := _around(yes)) is not None:
        # Who brushes along a thing goes over most of it: it does not reach far beyond.
        found = cut_box(image, around, yes & ~exact_add, no & ~exact_take)
        mask, confidence = found.mask, max(found.confidence, 0.5)
    elif yes.any():
        support = Finder(image).find(yes, no if no.any() else None)
        mask = cv2.resize(support.mask.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR).astype(bool) if support.mask.shape != image.shape[:2] else support.mask
        mask = sharpened(image, mask, yes, no) if support.found else mask
        confidence = 0.5 + 0.5 * support.edge if support.found else 0.3
        if not support.found:
            said = "Nothing stands out there: a soft patch was taken. Draw a box or brush over the whole thing."
    else:
        mask, confidence = np.zeros(image.shape[:2], bool), 0.0
    return Cut((mask | exact_add | (yes & ~no if not first else False)) & ~exact_take & ~no, confidence, said)


def boxed(image: np.ndarray, box: tuple[float, float, float, float], *, margin: int = 0) -> np.ndarray:
    """(H, W) bool: what a box [x0, y0, x1, y1] in 0..1 covers of a picture, and so many pixels beside it."""
    height, width = image.shape[:2]
    out = np.zeros((height, width), bool)
    out[max(0, int(box[1] * height) - margin) : int(np.ceil(box[3] * height)) + margin, max(0, int(box[0] * width) - margin) : int(np.ceil(box[2] * width)) + margin] = True
    return out


def _around(strokes: np.ndarray) -> tuple[float, float, float, float] | None:
    """A box around strokes, in 0..1, a little wider than they are; None when they are too short to tell a size."""
    height, width = strokes.shape
    rows, columns = np.flatnonzero(strokes.any(1)), np.flatnonzero(strokes.any(0))
    if not len(rows) or max(np.ptp(rows) / height, np.ptp(columns) / width) < LONG_STROKE:
        return None
    reach = BEYOND * max(np.ptp(rows), np.ptp(columns))
    return max(0.0, (columns[0] - reach) / width), max(0.0, (rows[0] - reach) / height), min(1.0, (columns[-1] + reach) / width), min(1.0, (rows[-1] + reach) / height)


def painted(strokes: Sequence[Scribble], size: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: what brush strokes cover of a picture of `size` (width, height)."""
    out = np.zeros((size[1], size[0]), np.uint8)
    for stroke in strokes:
        radius = max(1.0, stroke.radius * max(size))
        points = np.round(np.array(stroke.points) * size).astype(np.int32)
        if len(points) > 1:
            cv2.polylines(out, [points.reshape(-1, 1, 2)], False, 1, max(1, round(2 * radius)))
        for x, y in points[[0, -1]]:
            cv2.circle(out, (int(x), int(y)), round(radius), 1, -1)
    return out.astype(bool)


def _aim(marks: Marks) -> float:
    """Radius of first clicks: not so wide that it reaches a click beside the thing."""
    gaps = [np.hypot(a[0] - b[0], a[1] - b[1]) for a in marks.points for b in marks.avoid]
    return float(np.clip(0.4 * min(gaps, default=1.0), CLICK, FIRST_CLICK))


def clicked(points: Sequence[tuple[float, float]], size: tuple[int, int], share: float = CLICK) -> np.ndarray:
    """(H, W) bool: discs at places in 0..1; their radius is a share of the longer side."""
    out = np.zeros((size[1], size[0]), np.uint8)
    radius = max(1, round(share * max(size)))
    for x, y in points:
        cv2.circle(out, (min(size[0] - 1, int(x * size[0])), min(size[1] - 1, int(y * size[1]))), radius, 1, -1)
    return out.astype(bool)


def cut_box(image: np.ndarray, box: tuple[float, float, float, float], yes: np.ndarray | None = None, no: np.ndarray | None = None) -> Cut:
    """What fills a box [x0, y0, x1, y1] in 0..1. yes, no: (H, W) bool, what surely belongs to it and what surely does not."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    margin = max(8.0, 0.25 * max(x1 - x0, y1 - y0))
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    right, bottom = min(width, int(np.ceil(x1 + margin))), min(height, int(np.ceil(y1 + margin)))
    part = image[top:bottom, left:right]
    small = fit_side(part, BOX_SIDE)
    enlarged = min(3.0, 0.8 * BOX_SIDE / max(small.shape[:2]))
    if enlarged > 1.2:  # a few pixels of a small thing are too few for its colours to be learnt
        small = cv2.resize(small, None, fx=enlarged, fy=enlarged, interpolation=cv2.INTER_CUBIC)
    scale = np.array([small.shape[1] / part.shape[1], small.shape[0] / part.shape[0]])
    inner = np.zeros(small.shape[:2], bool)
    a, b = np.floor((np.array([x0, y0]) - [left, top]) * scale).astype(int), np.ceil((np.array([x1, y1]) - [left, top]) * scale).astype(int)
    inner[max(0, a[1]) : b[1], max(0, a[0]) : b[0]] = True

    def shrunk(mask: np.ndarray | None) -> np.ndarray:
        if mask is None:
            return np.zeros(small.shape[:2], bool)
        return cv2.resize(mask[top:bottom, left:right].astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_NEAREST).astype(bool)

    sure, never = shrunk(yes), shrunk(no)
    candidates = [_from_rim(small, inner, sure, never, level) for level in (0.25, 0.45, 0.65)]
    edges = colour_edges(small)
    scored = sorted(((_worth(mask, inner, edges), k) for k, mask in enumerate(candidates)), reverse=True)
    best = candidates[scored[0][1]]
    mask = np.zeros((height, width), bool)
    mask[top:bottom, left:right] = cv2.resize(best.astype(np.float32), part.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
    mask = sharpened(image, mask, yes, no)
    mask[: max(0, int(y0) - 1)] = mask[int(np.ceil(y1)) + 1 :] = False
    mask[:, : max(0, int(x0) - 1)] = mask[:, int(np.ceil(x1)) + 1 :] = False
    return Cut(mask, float(np.clip(scored[0][0], 0.0, 1.0)))


def _from_rim(small: np.ndarray, inner: np.ndarray, sure: np.ndarray, never: np.ndarray, level: float) -> np.ndarray:
    """A mask that starts from what is hard to reach from outside the box. level: how much of the box is taken at the start."""
    graph = grid_graph(0.02 + colour_edges(small) / 30.0)
    outside = ~inner | never
    if not outside.any() or outside.all():
        return inner & ~never
    distance = dijkstra(graph, directed=False, indices=np.flatnonzero(outside.ravel()), min_only=True).reshape(inner.shape)
    start = inner & (distance >= np.quantile(distance[inner], 1.0 - level))
    start |= sure
    labels = np.where(start, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[outside] = cv2.GC_BGD
    labels[sure & ~never] = cv2.GC_FGD
    mask = labels == cv2.GC_PR_FGD
    if mask.any():
        cv2.setRNGSeed(0)
        cv2.grabCut(np.ascontiguousarray(small), labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 4, cv2.GC_INIT_WITH_MASK)
    mask = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return tidy(largest(mask), largest(mask) | sure) & ~never if mask.any() else start


def _worth(mask: np.ndarray, inner: np.ndarray, edges: np.ndarray) -> float:
    """How well a mask fits its box: it touches the sides, its outline lies on edges, it is neither a sliver nor everything."""
    if not mask.any():
        return 0.0
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    r, c = np.flatnonzero(inner.any(1)), np.flatnonzero(inner.any(0))
    reach = (len(rows) / len(r)) * (len(columns) / len(c)) if len(r) and len(c) else 0.0
    line = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)).astype(bool)
    strength = cv2.dilate(edges, np.ones((3, 3)))[line]
    on = float(np.minimum(strength / max(5.0, float(np.percentile(edges, 82))), 1.0).mean()) if strength.size else 0.0
    share = mask.sum() / max(inner.sum(), 1)
    full = 1.0 if share < 0.92 else 0.8
    return min(reach, 1.0) * (0.4 + 0.6 * on) * full


def largest(mask: np.ndarray, *, share: float = 0.08) -> np.ndarray:
    """The largest connected part of a mask, and others of at least a share of it."""
    count, parts, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count <= 2:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    kept = 1 + np.flatnonzero(areas >= share * areas.max())
    return np.isin(parts, kept)


def sharpened(image: np.ndarray, mask: np.ndarray, yes: np.ndarray | None = None, no: np.ndarray | None = None, *, band: int = 5) -> np.ndarray:
    """The mask with its outline cut again at full size, within `band` pixels, by one GrabCut on its own colours."""
    if not mask.any():
        return mask
    window = grown_box(mask, 4 * band + 8)
    part, inside = np.ascontiguousarray(image[window]), mask[window].astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * band + 1, 2 * band + 1))
    inner, outer = cv2.erode(inside, kernel).astype(bool), ~cv2.dilate(inside, kernel).astype(bool)
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    labels[inner], labels[outer] = cv2.GC_FGD, cv2.GC_BGD
    if yes is not None:
        labels[yes[window]] = cv2.GC_FGD
    if no is not None:
        labels[no[window]] = cv2.GC_BGD
    if not (labels == cv2.GC_BGD).any() or not ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).any():
        return mask
    cv2.setRNGSeed(0)
    cv2.grabCut(part, labels, None, np.zeros((1, 65)), np.zeros((1, 65)), 1, cv2.GC_INIT_WITH_MASK)
    found = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    found = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)).astype(bool)
    union = (found | inside.astype(bool)).sum()
    if not union or (found & inside.astype(bool)).sum() < 0.6 * union:
        return mask
    out = mask.copy()
    out[window] = found
    return out


def corrected(image: np.ndarray, before: np.ndarray, yes: np.ndarray, no: np.ndarray) -> np.ndarray:
    """A mask with parts added around `yes` and taken away around `no`, each as far as colour and edges lead: (H, W) bool all."""
    if not (yes & ~before).any() and not (no & before).any():
        return before
    mask = before.copy()
    for seed, adds in ((yes & ~before, True), (no & before, False)):
        if not seed.any():
            continue
        small = fit_side(image, 320)
        size = small.shape[1::-1]
        there = cv2.resize(seed.astype(np.uint8), size, interpolation=cv2.INTER_AREA).astype(bool) | (cv2.resize(seed.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0)
        own = cv2.resize(before.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST).astype(bool)
        edges = colour_edges(small)
        distance = dijkstra(grid_graph(0.02 + edges / 30.0), directed=False, indices=np.flatnonzero(there.ravel()), min_only=True).reshape(there.shape)
        lab = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        apart = np.linalg.norm(lab - np.median(lab[there], axis=0), axis=2)
        eligible = ~own if adds else own
        near = float(np.median(distance[eligible])) if eligible.any() else 0.0
        part = eligible & (distance + apart / 60.0 < 0.35 * max(near, 1e-3) + 0.12)
        _, parts = cv2.connectedComponents((part | there).astype(np.uint8), connectivity=4)
        part = np.isin(parts, np.unique(parts[there])) & (part | there)
        large = cv2.resize(part.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        mask = (mask | large | seed) if adds else (mask & ~large & ~seed)
    return sharpened(image, mask, yes, no, band=3)
