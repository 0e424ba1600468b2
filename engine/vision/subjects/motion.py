"""What moves otherwise than what is around it, seen from one frame of a shot: flow to frames before and after against the camera's motion.

A thing is a patch that no path from the picture's rim reaches without crossing a jump of the flow (a geodesic distance in flow instead of colour). So papers or
streets at different depths, which slide past each other under a moving camera but reach the rim, are no things. Its own pixels are then those that differ, in most frames
around, from what the surroundings' motion brings to their place (differencing along a background flow that is filled in below the thing).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from engine.media.frames import Pictures
from engine.vision import optical
from engine.vision.camera import GlobalMotion, global_motion
from engine.vision.segmentation import fit_side

SIDE = 320
"""Longer side of the copy on which flow is found."""

STEPS, ONE_SIDED, PIVOT = (1, 2, 4, 7, 11), (1, 2, 4, 6, 9, 13), (2, 4, 6)
"""Distances in frames, before and after: near ones for what is fast, far ones for what is slow. At a shot's first or last frames only one side is there, and things are sought
from a frame some way inside."""

GRID = 128
"""Longer side of the grid on which paths are sought."""

NOISE, SHARE = 0.35, 0.04
"""Flow differences that mean nothing, in pixels of the copy, and as a share of the flow."""

FAR = 4
"""Frames from which on a thing has mostly left its place."""

LEVELS = (2.0, 4.5, 8.0)
"""Noise widths that a path must cross before its end is a thing of its own; the higher ones part things from their halos and from each other."""

LEAST, MOST = 0.0008, 0.6
"""Shares of the picture that something moving may cover."""

RANK = 0.25
"""Share of the frames around in which a pixel of a thing may look like the ground."""

UNLIKE = 6.0
"""CIELAB units by which a pixel must differ from the ground that its surroundings' motion brings there."""


@dataclass(frozen=True)
class View:
    """The flow from a frame to another. step: frames between, negative before; flow, residual: (h, w, 2) pixels of the copy, without and with the camera's motion taken
    off; sure: (h, w) bool, home again; other: (h, w, 3) uint8, the other frame's copy."""

    step: int
    flow: np.ndarray
    residual: np.ndarray
    sure: np.ndarray
    other: np.ndarray
    camera: GlobalMotion

    @cached_property
    def lab(self) -> np.ndarray:
        """(h, w, 3) float32: the other frame's CIELAB colours."""
        return lab_of(self.other)


@dataclass(frozen=True)
class Around:
    """A frame's copy (h, w, 3) uint8 and its views of the frames around it."""

    picture: np.ndarray
    views: tuple[View, ...]

    @cached_property
    def lab(self) -> np.ndarray:
        """(h, w, 3) float32: the picture's CIELAB colours."""
        return lab_of(self.picture)

    def drift(self, mask: np.ndarray) -> tuple[float, float]:
        """Motion a frame of what is in a mask (h, w) bool against the ground around it, as shares of the copy's longer side."""
        if not self.views or not mask.any():
            return 0.0, 0.0
        side = max(self.picture.shape[:2])
        reach = max(5, round(0.25 * float(np.sqrt(mask.sum())))) * 2 + 1
        ring = cv2.dilate(mask.astype(np.uint8), np.ones((reach, reach), np.uint8)).astype(bool) & ~cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)).astype(bool)
        ring = ring if ring.sum() > 30 else ~mask
        ways = []
        for view in self.views[:4]:  # the nearest frames: what hops or turns is seen as it is now
            own = mask & view.sure if (mask & view.sure).sum() > 0.3 * mask.sum() else mask
            ground = ring & view.sure if (ring & view.sure).sum() > 20 else ring
            ways.append((np.median(view.flow[own], axis=0) - np.median(view.flow[ground], axis=0)) / view.step)
        way = np.median(ways, axis=0) / side
        return float(way[0]), float(way[1])

    def growth(self, mask: np.ndarray) -> float:
        """By what share what is in a mask grows a frame; below 0 it shrinks."""
        grown = []
        ys, xs = np.nonzero(mask)
        if len(ys) < 60:
            return 0.0
        places = np.stack([xs - xs.mean(), ys - ys.mean()], axis=1)
        for view in self.views:
            flow = view.flow[ys, xs] - np.median(view.flow[ys, xs], axis=0)
            near = np.linalg.norm(flow, axis=1) < 0.5 * np.sqrt(len(ys))
            if near.any() and abs(view.step) > 1:
                grown.append(float((places[near] * flow[near]).sum() / np.square(places[near]).sum()) / view.step)
        return float(np.median(grown)) if grown else 0.0


def look_around(frames: Pictures, index: int, shot: tuple[int, int], *, steps: Sequence[int] = (), side: int = SIDE) -> Around:
    """The views from frame `index`, nearest first. shot: inclusive range of frames that belong together; a shot of one frame has none."""
    picture = fit_side(frames.read(index), side)
    grey = optical.grey(picture)
    views: list[View] = []
    last: dict[int, tuple[int, np.ndarray]] = {}
    lonely = min(index - shot[0], shot[1] - index) < 4
    for distance in steps or (ONE_SIDED if lonely else STEPS):
        for step in (distance, -distance):
            if not shot[0] <= index + step <= shot[1]:
                continue
            other = fit_side(frames.read(index + step), side)
            way = 1 if step > 0 else -1
            guess = last[way][1] * (step / last[way][0]) if way in last else None
            there = optical.flow(grey, optical.grey(other), guess=guess)
            back = optical.flow(optical.grey(other), grey, guess=None if guess is None else -there, quick=True)
            last[way] = (step, there)
            camera = global_motion(grey, optical.grey(other))
            views.append(View(step, there, there - camera.field(*grey.shape), optical.agreed(there, back), other, camera))
    return Around(picture, tuple(views))


def apartness(around: Around) -> np.ndarray:
    """(h, w) float32: noise widths of flow that every path from the rim must cross; 0 where nothing moves on its own."""
    height, width = around.picture.shape[:2]
    if not around.views:
        return np.zeros((height, width), np.float32)
    scale = min(1.0, GRID / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    layers, strange = [], np.zeros(size[::-1], np.float32)
    for view in around.views:
        small = cv2.resize(cv2.medianBlur(view.residual, 5), size, interpolation=cv2.INTER_AREA)
        noise = NOISE + SHARE * np.linalg.norm(cv2.resize(view.flow, size, interpolation=cv2.INTER_AREA), axis=2, keepdims=True)
        layers.append(small / noise)
        strange += np.linalg.norm(layers[-1], axis=2) / len(around.views)
    field = np.clip(np.stack(layers), -12, 12)  # (views, h, w, 2)
    distance = _from_rim(field, strange, [view.camera for view in around.views])
    return cv2.resize(distance.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)


def _from_rim(field: np.ndarray, strange: np.ndarray, cameras: Sequence[GlobalMotion]) -> np.ndarray:
    """(h, w) length of the cheapest path from the rim's calm places, in jumps of the field."""
    height, width = strange.shape
    index = np.arange(height * width).reshape(height, width)
    rows, columns, costs = [], [], []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        a = index[: height - dy, max(0, -dx) : width - max(0, dx)]
        b = index[dy:, max(0, dx) : width + min(0, dx)]
        first = field[:, : height - dy, max(0, -dx) : width - max(0, dx)]
        second = field[:, dy:, max(0, dx) : width + min(0, dx)]
        jump = np.linalg.norm(second - first, axis=3)
        # Half of the views see a jump where it is; the others smear it over what is covered on their side.
        jump = np.sort(jump, axis=0)[-max(1, (len(jump) + 1) // 2) :].mean(0)
        rows.append(a.ravel())
        columns.append(b.ravel())
        costs.append(np.maximum(jump - 0.15, 0).ravel() + 1e-4)
    graph = csr_matrix((np.concatenate(costs), (np.concatenate(rows), np.concatenate(columns))), shape=(index.size, index.size))
    rim = np.zeros((height, width), bool)
    rim[[0, -1]], rim[:, [0, -1]] = True, True
    if np.median([camera.inliers if camera.ok else 0.0 for camera in cameras]) > 0.4:
        calm = rim & (strange < 2.0)  # what leaves through the rim must not be taken for the ground
        rim = calm if calm.sum() > 0.25 * rim.sum() else rim
    distance: np.ndarray = dijkstra(graph, directed=False, indices=np.flatnonzero(rim.ravel()), min_only=True)
    return distance.reshape(height, width)


@dataclass(frozen=True)
class Patch:
    """Where something moves on its own, roughly. region: (h, w) bool, with a halo; own: (h, w) bool, the pixels that are surely not the ground's; apart: noise widths."""

    region: np.ndarray
    own: np.ndarray
    apart: float


def patches(around: Around, apart: np.ndarray, *, most: int = 10) -> list[Patch]:
    """The patches that move on their own, those farthest apart first; nested ones both appear, for one may be two things."""
    changed = foreign(around, apart)
    area = apart.size
    found: list[Patch] = []
    for level in LEVELS:
        count, parts, stats, _ = cv2.connectedComponentsWithStats((apart > level).astype(np.uint8), connectivity=4)
        for k in range(1, count):
            if not LEAST * area < stats[k, cv2.CC_STAT_AREA] < MOST * area:
                continue
            region = parts == k
            own = changed & cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
            own = cv2.morphologyEx(own.astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))).astype(bool)
            if own.sum() < 0.3 * LEAST * area:
                continue
            if any((own & one.own).sum() > 0.8 * (own | one.own).sum() for one in found):
                continue
            found.append(Patch(region, own, float(np.percentile(apart[own], 70))))
    return sorted(found, key=lambda one: -one.apart * float(np.sqrt(one.own.mean())))[:most]


def foreign(around: Around, apart: np.ndarray) -> np.ndarray:
    """(h, w) bool: pixels unlike what the motion of their surroundings brings to their place, in most of the frames around."""
    if not around.views:
        return np.zeros(apart.shape, bool)
    loose = cv2.dilate((apart > LEVELS[0]).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    here = around.lab
    unlike = []
    # Near frames show little difference inside what is slow; the far ones tell, when there are enough.
    far = [view for view in around.views if abs(view.step) >= FAR]
    for view in far if len(far) >= 3 else around.views:
        ground = view.camera.field(*apart.shape) + filled(view.residual, loose)
        there = optical.pull(view.lab, ground)
        apart_here = cv2.blur(np.linalg.norm(here - there, axis=2), (5, 5))
        apart_here[~optical.inside(ground)] = np.nan
        unlike.append(apart_here)
    known = np.sort(np.nan_to_num(np.stack(unlike), nan=-1.0), axis=0)
    seen = (known > -1.0).sum(0)
    # What a thing will cover differs only in the views in which it does; its own pixels differ in nearly all.
    rank = len(known) - seen + np.floor(RANK * seen).astype(int)
    level = np.take_along_axis(known, np.minimum(rank, len(known) - 1)[None], axis=0)[0]
    return (level > UNLIKE) & loose


def filled(field: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """A field (h, w, 2) with what lies in a hole filled from around it, smoothly, from near places first (push and pull over a pyramid)."""
    weight = (~hole).astype(np.float32)
    if not hole.any() or not weight.any():
        return field
    values, weights = [field * weight[..., None]], [weight]
    while min(weights[-1].shape) > 2 and (weights[-1] < 1e-3).any():
        size = ((weights[-1].shape[1] + 1) // 2, (weights[-1].shape[0] + 1) // 2)
        values.append(cv2.resize(values[-1], size, interpolation=cv2.INTER_AREA))
        weights.append(cv2.resize(weights[-1], size, interpolation=cv2.INTER_AREA))
    out = values[-1] / np.maximum(weights[-1], 1e-6)[..., None]
    for value, share in zip(values[-2::-1], weights[-2::-1], strict=True):
        coarse = cv2.resize(out, share.shape[::-1], interpolation=cv2.INTER_LINEAR)
        known = np.minimum(share, 1.0)[..., None]
        out = value / np.maximum(share, 1e-6)[..., None] * known + coarse * (1 - known)
    return out.astype(np.float32)


def lab_of(picture: np.ndarray) -> np.ndarray:
    """(h, w, 3) float32 CIELAB colours of a picture (h, w, 3) uint8, a little smoothed."""
    return cv2.cvtColor(cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
