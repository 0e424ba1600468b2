"""Depth inside a subject's outline, where no corner can be followed: a plane sweep (Collins 1996) over the frames that show what was behind.

For each depth frames are brought to the anchor's pixels; where it is right, those that see a place agree on its grey. Places agree with their neighbours
along straight ways (semi-global matching); a weak pull towards the nearest corner's depth decides where everything agrees (a plain wall).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling.motion import NO_MAP, Motion, as_map
from engine.vision.filling.proxy import Proxy
from engine.vision.filling.quantiles import quantiles
from engine.vision.filling.registration import Anchor
from engine.vision.filling.workers import Workers

PLANES = 12
"""At most so many depths are tried."""
FEW = 3
"""Corners that make a depth worth trying."""
TOGETHER = 3
"""Depths that one thread tries together."""
APART = 0.6
"""Proxy pixels of motion between two depths that are worth telling apart."""
LONELY = 4.0
"""Steps between depths by which corners may lie apart where there are few."""
RARE = 2.0
"""Grey levels that a depth of few corners costs: they may have slipped."""
STEP = 2
"""Proxy pixels from one place that is looked at to the next."""
REACH, SHARP = 3, 3
"""Radius in steps over which costs are summed at first, and side of the window once places agree with their neighbours."""
CHANGE, EDGE = 2.0, 4.0
"""Grey levels that a change of depth costs from one place to the next, and those of an edge at which it costs half."""
PRIOR = 1.5
"""Grey levels that a depth far from the nearest corner's costs where no depth makes frames agree."""
CLEAN, DOUBT = 1.5, 0.2
"""Levels of disagreement at the best depth from which that holds, and the share of it that costs where they agree wholly: there they tell more than a corner."""
HIDDEN, UNSEEN = 1.5, 3.0
"""Grey levels that a depth costs at which one frame, or none, shows the place: none is right because nothing speaks against it. One costs little, or two frames that disagree would be believed."""
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


def sweep(anchor: Anchor, grid: Grid, sources: Sequence[tuple[Proxy, Motion]], workers: Workers) -> np.ndarray:
    """(h, w) float32: the depth of every place of the grid. sources: pictures with their motions from the anchor; the anchor itself need not be among them."""
    assert anchor.depth is not None
    planes, gap, rare = _planes(anchor.depth[np.isfinite(anchor.depth)], [m for _, m in sources])
    prior = _nearest(anchor, grid)[::STEP, ::STEP]
    views = [(anchor.picture, Motion(np.eye(3))), *sources]
    places = grid.places(STEP)
    pairs = [(cv2.merge([picture.grey, 255 * (1 - picture.hole)] * 2), motion) for picture, motion in views]  # four channels are read faster than two
    told = workers.map(lambda few: _disagreement(pairs, few, places), (planes[k : k + TOGETHER] for k in range(0, len(planes), TOGETHER)))
    cost, looks, plain = (np.concatenate(one) for one in zip(*told, strict=True))
    trust = np.clip(plain.min(axis=0) / CLEAN, DOUBT, 1.0)
    pull = [PRIOR * trust * np.minimum(np.abs(prior - plane) / (4 * gap), 1.0) + RARE * few for plane, few in zip(planes, rare, strict=True)]
    rough = (plain + np.stack(pull)).argmin(axis=0)
    guide = np.take_along_axis(looks, rough[None], axis=0)[0]
    unary = np.stack([cv2.blur(c, (SHARP, SHARP)) + p for c, p in zip(cost, pull, strict=True)], dtype=np.float32)
    down, across = workers.map(lambda turned: _agreed_along(*turned), ((unary, guide), (unary.transpose(0, 2, 1), guide.T)))
    best = (down + across.transpose(0, 2, 1)).argmin(axis=0)
    depth = _whole(planes[best].astype(np.float32))
    return np.ascontiguousarray(cv2.resize(depth, None, fx=STEP, fy=STEP, interpolation=cv2.INTER_NEAREST)[: grid.height, : grid.width])


def _disagreement(views: Sequence[tuple[np.ndarray, Motion]], planes: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What each depth costs at places (h, w) complex: (P, h, w) float32 mean distance in grey levels from the views' mean, that mean, and the cost with what is around.

    views: grey and how clear it is in turns (h, w, 4) uint8. The depths lie in one tall picture.
    """
    shape = (len(planes), *places.shape)
    depths = planes.astype(np.float32)[:, None, None]
    tall = (shape[0] * shape[1], shape[2])
    greys, seens = [], []
    total, count, off = (np.zeros(tall, np.float32) for _ in range(3))
    for pair, motion in views:
        where = as_map(np.broadcast_to(motion.places(places, depths), shape).reshape(tall))
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
    cost[count == 1], cost[count == 0] = HIDDEN, UNSEEN
    cost = cost.reshape(shape)
    return cost, look.reshape(shape), np.stack([cv2.blur(one, (2 * REACH + 1, 2 * REACH + 1)) for one in cost])


def _agreed_along(cost: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """(P, h, w): what each depth (P, h, w) costs a place and those above and below it, where a change of depth costs least at the edges of a grey guide (h, w).

    Semi-global matching (Hirschmueller 2008) with one price for all changes, since the planes are layers.
    """
    price = CHANGE / (1.0 + (np.diff(guide, axis=0) / EDGE) ** 2)  # (h - 1, w)
    rows = np.ascontiguousarray(cost.transpose(1, 0, 2))  # (h, P, w)
    both = np.zeros_like(rows)
    for way in (1, -1):
        before = rows[0 if way > 0 else -1]
        both[0 if way > 0 else -1] += before
        for y in range(1, len(rows)) if way > 0 else range(len(rows) - 2, -1, -1):
            before = rows[y] + np.minimum(before - before.min(axis=0), price[y - 1 if way > 0 else y])
            both[y] += before
    return both.transpose(1, 0, 2)


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


def _planes(depth: np.ndarray, motions: Sequence[Motion]) -> tuple[np.ndarray, float, np.ndarray]:
    """Depths to try, where the corners' depths lie, the depth step that is worth telling apart, and which of the depths few corners have."""
    pulls = [np.abs(m.bend[3]).max() for m in motions if m.bend is not None]
    gap = APART / max(max(pulls, default=0.0), 1e-6)
    low, high = quantiles(depth, 0.02, 0.98)
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
