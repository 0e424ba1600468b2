"""Depth inside a subject's outline, where no corner can be followed: a plane sweep (Collins 1996) over the frames that show what was behind.

For each depth the key frames are brought to the anchor's pixels; where it is right, those that see a place agree on its grey. Costs are summed over a small
window; a weak pull towards the nearest corner's depth decides where everything agrees (a plain wall).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling.motion import NO_MAP, Motion, as_map
from engine.vision.filling.proxy import Proxy
from engine.vision.filling.registration import Anchor

PLANES = 12
"""At most so many depths are tried."""
FEW = 3
"""Corners that make a depth worth trying."""
APART = 0.6
"""Proxy pixels of motion between two depths that are worth telling apart."""
LONELY = 4.0
"""Steps between depths by which corners may lie apart where there are few."""
RARE = 2.0
"""Grey levels that a depth of few corners costs: they may have slipped."""
STEP = 2
"""Proxy pixels from one place that is looked at to the next."""
REACH = 3
"""Radius in steps over which costs are summed, along the edges of the picture."""
EDGE = 4.0
"""Grey levels of an edge that parts two depths."""
PRIOR = 1.5
"""Grey levels that a depth far from the nearest corner's costs."""
HIDDEN = 6.0
"""Grey levels that a depth costs at which fewer than two frames show the place: none is right because nothing speaks against it."""
SPECK = 60
"""Places of one depth that are too few to believe."""
TOLERANCE = 25.0
"""Grey levels beyond which a disagreement counts no more: a place that one frame hides."""


@dataclass(frozen=True)
class Grid:
    """Proxy pixels of a window that may reach beyond the anchor's picture. left, top, width, height in proxy pixels."""

    left: int
    top: int
    width: int
    height: int

    def places(self, step: int = 1) -> np.ndarray:
        """(h, w) complex64: x + iy of every place, or of every so many."""
        x = np.arange(self.left, self.left + self.width, step, dtype=np.float32)
        y = np.arange(self.top, self.top + self.height, step, dtype=np.float32)
        return x[None] + y[:, None] * np.complex64(1j)


def sweep(anchor: Anchor, grid: Grid, sources: Sequence[tuple[Proxy, Motion]]) -> np.ndarray:
    """(h, w) float32: the depth of every place of the grid. sources: pictures with their motions from the anchor; the anchor itself need not be among them."""
    assert anchor.depth is not None
    planes, gap, rare = _planes(anchor.depth[np.isfinite(anchor.depth)], [m for _, m in sources])
    prior = _nearest(anchor, grid)[::STEP, ::STEP]
    views = [(anchor.picture, Motion(np.eye(3))), *sources]
    cost, looks = _disagreement(views, planes, grid.places(STEP))
    pull = [PRIOR * np.minimum(np.abs(prior - plane) / (4 * gap), 1.0) + RARE * few for plane, few in zip(planes, rare, strict=True)]
    rough = np.stack([_summed(c, None) + p for c, p in zip(cost, pull, strict=True)]).argmin(axis=0)
    guide = np.take_along_axis(looks, rough[None], axis=0)[0]
    best = np.stack([_summed(c, guide) + p for c, p in zip(cost, pull, strict=True)]).argmin(axis=0)
    depth = _whole(planes[best].astype(np.float32))
    return np.ascontiguousarray(cv2.resize(depth, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_NEAREST)[: grid.height, : grid.width])


def _disagreement(views: Sequence[tuple[Proxy, Motion]], planes: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What each depth costs at places (h, w) complex: (P, h, w) float32 mean distance in grey levels from the views' mean, and that mean (P, h, w). All depths lie in one tall picture."""
    shape = (len(planes), *places.shape)
    depths = planes.astype(np.float32)[:, None, None]
    tall = (shape[0] * shape[1], shape[2])
    greys, seens = [], []
    total, count, off = (np.zeros(tall, np.float32) for _ in range(3))
    for picture, motion in views:
        where = as_map(np.broadcast_to(motion.places(places, depths), shape).reshape(tall))
        pair = cv2.merge([picture.grey, 255 * (1 - picture.hole)] * 2)  # four channels are read faster than two
        found = cv2.remap(pair, where, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        grey, seen = cv2.extractChannel(found, 0), cv2.threshold(cv2.extractChannel(found, 1), 250, 1, cv2.THRESH_BINARY)[1]
        cv2.accumulate(grey, total, seen)
        cv2.accumulate(seen, count)
        greys.append(grey.astype(np.float32))
        seens.append(seen)
    least = np.maximum(count, 1)
    look = cv2.divide(total, least)
    for part, seen in zip(greys, seens, strict=True):
        cv2.accumulate(cv2.min(cv2.absdiff(part, look), TOLERANCE), off, seen)
    cost = cv2.divide(off, least)
    cost[count <= 1] = HIDDEN
    return cost.reshape(shape), look.reshape(shape)


def _whole(depth: np.ndarray) -> np.ndarray:
    """(h, w) float32 depths without specks: those become what is around them."""
    out = cv2.medianBlur(depth, 3)
    for plane in np.unique(out):
        here = (out == plane).view(np.uint8)
        count, label, facts, _ = cv2.connectedComponentsWithStats(here, connectivity=4)
        small = facts[:, cv2.CC_STAT_AREA] < SPECK
        small[0] = False
        if small.any():
            speck = small[label]
            ring = (cv2.dilate(speck.view(np.uint8), np.ones((3, 3), np.uint8)) > 0) & ~speck
            if ring.any():
                out[speck] = np.sort(out[ring])[np.count_nonzero(ring) // 2]
    return out


def _summed(cost: np.ndarray, guide: np.ndarray | None) -> np.ndarray:
    """Costs (h, w) averaged over a window; along the edges of a grey guide, if given (Hosni et al. 2013; guided filter of He et al. 2010)."""
    size = (2 * REACH + 1, 2 * REACH + 1)
    mean = cv2.blur(cost, size)
    if guide is None:
        return mean
    g, c = cv2.blur(guide, size), mean
    variance = cv2.blur(guide * guide, size) - g * g
    slope = (cv2.blur(guide * cost, size) - g * c) / (variance + EDGE**2)
    return cv2.blur(slope, size) * guide + cv2.blur(c - slope * g, size)


def _planes(depth: np.ndarray, motions: Sequence[Motion]) -> tuple[np.ndarray, float, np.ndarray]:
    """Depths to try, where the corners' depths lie, the depth step that is worth telling apart, and which of the depths few corners have."""
    pulls = [np.abs(m.bend[3]).max() for m in motions if m.bend is not None]
    gap = APART / max(max(pulls, default=0.0), 1e-6)
    low, high = np.percentile(depth, 2), np.percentile(depth, 98)
    values = np.sort(depth[(depth >= low) & (depth <= high)])
    while True:
        planes, start = [], 0
        while start < len(values):
            end = int(np.searchsorted(values, values[start] + gap, side="right"))
            if end - start >= FEW:
                planes.append(float(values[(start + end - 1) // 2] + values[(start + end) // 2]) / 2)  # their median
            start = end
        if 0 < len(planes) <= PLANES:
            break
        gap *= 1.3
    # Far from the others depths are told less exactly, and a thin thing has few corners.
    common = len(planes)
    rest = values[np.abs(values[:, None] - np.array(planes)).min(axis=1) > LONELY * gap]
    while len(rest) >= 2 and len(planes) < PLANES:
        near = np.abs(rest[:, None] - rest) < LONELY * gap
        k = int(near.sum(axis=1).argmax())
        if near[k].sum() < 2:
            break
        planes.append(float(np.median(rest[near[k]])))
        rest = rest[~near[k]]
    order = np.argsort(planes)
    return np.array(planes)[order], gap, order >= common


def _nearest(anchor: Anchor, grid: Grid) -> np.ndarray:
    """(h, w) float32: the depth of the nearest corner."""
    assert anchor.depth is not None
    known = np.isfinite(anchor.depth)
    points, depth = anchor.points[known], anchor.depth[known]
    at = np.rint(points - np.array([grid.left, grid.top])).astype(int)
    at = np.clip(at, 0, [grid.width - 1, grid.height - 1])
    empty = np.ones((grid.height, grid.width), np.uint8)
    empty[at[:, 1], at[:, 0]] = 0
    _, label = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(label.max() + 1, np.float32)
    table[label[at[:, 1], at[:, 0]]] = depth
    return cv2.blur(table[label], (5, 5))
