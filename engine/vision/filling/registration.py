"""Where the background of one frame lies in the others: corners followed from an anchor frame, a homography, and what depth adds to it.

Plane and parallax (Sawhney 1994; Irani and Anandan 1996): a homography explains a plane of the scene, and what it leaves over is `depth * pull`, with one
depth for each place and one pull for each frame. The depths come from the leftovers of all key frames together (a rank-one factorisation), so a single
frame needs only a dozen numbers, which its corners outside the subject give; inside, the motion follows from the depths alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from engine.vision.filling.motion import IDENTITY, PROXY_SIDE, STILL, Motion, far, project
from engine.vision.filling.parallax import CLOSE, FEWEST, bendings, deepened
from engine.vision.filling.proxy import Proxy

CORNERS = 130
SPACING = 9
"""Corners of an anchor, and the least distance between two of them in proxy pixels."""
REACH = (11, 11)
"""Window, in proxy pixels, that is compared around a corner."""
STEADY = 0.012
"""A change of brightness below this is none."""
MARKS = 3000
"""Places on edges of the anchor, at most, by which a camera at rest is known."""
UNMOVED, MAYBE = 0.93, 0.4
"""Share of them that have not changed when the camera is at rest, and that below which it is not. Between the two the corners decide."""
NEAR = 2.0
"""Proxy pixels of motion expected of most corners up to which they are first looked for where they rest: a wide search is drawn to what passes."""
AT_REST = 0.12
"""Proxy pixels within which a corner rests."""
TILES = (4, 3)
"""Parts of a picture, across and down, in each of which corners are asked."""
REST, WIDELY = 0.2, 0.6
"""Share of a part's corners that rest when the camera does, for rain and leaves move the others; and share of the parts where they do: the rest may be cars and clouds."""


class Anchor:
    """A frame to whose pixels others are registered."""

    def __init__(self, picture: Proxy) -> None:
        self.picture = picture
        self.size = picture.grey.shape[::-1]
        self.soft = cv2.blur(picture.grey, (7, 7))
        found = cv2.goodFeaturesToTrack(picture.grey, CORNERS, 0.004, SPACING, mask=1 - picture.hole, blockSize=5)
        self.points = np.zeros((0, 2), np.float32) if found is None else found[:, 0]
        slope = np.hypot(*np.gradient(picture.grey.astype(np.float32)))
        marked = np.flatnonzero(((slope > 10) & (picture.hole == 0)).ravel())
        self._marks = marked[:: max(1, len(marked) // MARKS)]
        self._edges = picture.grey.ravel()[self._marks]
        self._slack = np.maximum(3.0, 0.15 * slope.ravel()[self._marks])
        self._level: np.ndarray | None = None
        self.depth: np.ndarray | None = None
        """(P,) of each corner once `deepen` found that it matters; NaN where it is not known."""

    @property
    def plain(self) -> bool:
        """Nothing to follow."""
        return len(self.points) < FEWEST

    def expected(self, guess: Motion) -> np.ndarray:
        """(P, 2) float32 where a motion takes the corners."""
        return guess.at(self.points.astype(float), self._level).astype(np.float32)

    def follow(self, other: Proxy, start: np.ndarray, *, levels: int = 2) -> tuple[np.ndarray, np.ndarray]:
        """(P, 2) float32 where the corners lie in the other picture, looked for from `start` (P, 2) float32, and (P,) bool which are sure.

        Lucas and Kanade 1981, in a pyramid (Bouguet 2001).
        """
        limit = np.array(self.size, np.float32)
        here = ((start > -8) & (start < limit + 7)).all(axis=1)
        places, sure = start.copy(), np.zeros(len(start), bool)
        if not here.any():
            return places, sure
        found, status, error = cv2.calcOpticalFlowPyrLK(
            self.picture.grey, other.grey, self.points[here][:, None], start[here][:, None].copy(), winSize=REACH, maxLevel=levels,
            criteria=(cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 15, 0.01), flags=cv2.OPTFLOW_USE_INITIAL_FLOW,
        )  # fmt: skip
        places[here] = found[:, 0]
        good = (status[:, 0] > 0) & (error[:, 0] < 24.0)
        sure[here] = good
        return places, sure & self._shows(places, other)

    def _shows(self, places: np.ndarray, other: Proxy) -> np.ndarray:
        """(N,) bool: places (N, 2) that lie in the other picture and not in its hole."""
        limit = np.array(self.size) - 1
        at = np.clip(np.rint(places), 0, limit).astype(int)
        return ((places >= 0) & (places <= limit)).all(axis=1) & (other.hole[at[:, 1], at[:, 0]] == 0)

    def _unchanged(self, other: Proxy) -> float:
        """The share of edges that lie in the other picture where they lie here; 0 when too few are seen."""
        free = other.hole.ravel()[self._marks] == 0
        if np.count_nonzero(free) < 5 * FEWEST:
            return 0.0
        same = cv2.absdiff(other.grey.ravel()[self._marks], self._edges)[:, 0] < self._slack
        return float(np.count_nonzero(same & free) / np.count_nonzero(free))

    def _rests(self, places: np.ndarray, sure: np.ndarray) -> bool:
        """True when the corners were found where a camera that rests shows them, whatever cars, clouds, rain and leaves do."""
        ways = (places - self.points)[sure]
        resting = np.abs(ways).max(axis=1) < AT_REST
        if resting.sum() < FEWEST or np.abs(np.median(ways[resting], axis=0)).max() > STILL:
            return False
        across, down = (self.points[sure] * TILES / self.size).astype(int).T
        tile = across + TILES[0] * down
        count = np.bincount(tile, minlength=TILES[0] * TILES[1])
        rest = np.bincount(tile, resting, minlength=TILES[0] * TILES[1])
        asked = count >= 3
        return bool(((rest >= REST * count) & asked).sum() >= WIDELY * asked.sum() > 0)

    def locate(self, other: Proxy, guess: Motion, *, start: np.ndarray | None = None, search: bool = True) -> tuple[Motion, np.ndarray, np.ndarray] | None:
        """The motion to another picture with the corners' places and which are sure; None when it cannot be told.

        start: (P, 2) where the corners are looked for, if not where the guess takes them. search: both may be far off.
        """
        if self.plain:
            return IDENTITY, self.points, np.zeros(len(self.points), bool)
        unchanged = self._unchanged(other)
        if unchanged >= UNMOVED:
            return IDENTITY, self.points, self._shows(self.points, other)
        start = self.expected(guess) if start is None else start
        near = float(np.median(np.abs(start - self.points).max(axis=1))) < NEAR
        if unchanged > MAYBE and near and self._rests(*self.follow(other, self.points, levels=1)):
            return IDENTITY, self.points, self._shows(self.points, other)
        places, sure = self.follow(other, start, levels=3 if search else 1)
        if unchanged > MAYBE and not near and self._rests(places, sure):
            return IDENTITY, self.points, self._shows(self.points, other)
        if sure.sum() < FEWEST:
            return None
        if self.depth is not None:
            motion = self._bent(places, sure & np.isfinite(self.depth))
            return None if motion is None else (motion, places, sure)
        here, goal = self.points[sure].astype(float), places[sure].astype(float)
        h = _refined(guess.h, here, goal)
        if search and _agreed(h, here, goal) < 0.5:
            other_h = _plane(here, goal)
            h = other_h if other_h is not None and _agreed(other_h, here, goal) > 1.15 * _agreed(h, here, goal) else h
        if _agreed(h, here, goal) < 0.35 or far(h, self.size) > 1.5 * max(self.size):
            return None
        return Motion(h), places, sure

    def _bent(self, places: np.ndarray, sure: np.ndarray) -> Motion | None:
        """The few numbers that bring the corners of all depths to their places."""
        assert self.depth is not None
        if sure.sum() < 2 * FEWEST:
            return None
        points = self.points[sure].astype(float)
        bends, weight = bendings(points, self.depth[sure], (places[sure] - points)[None], np.ones((1, len(points))))
        return Motion(np.eye(3), bends[0]) if (weight > 0.5).mean() > 0.35 else None

    def deepen(self, motions: Sequence[Motion], tracks: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Motion]:
        """Look at the leftovers of all key frames together; sets `depth` where they matter, and returns the motions with their bends. See `deepened`."""
        found = deepened(self.points.astype(float), self.size, motions, tracks)
        if found is None:
            return list(motions)
        self.depth, self._level = found[0], np.nan_to_num(found[0])
        return found[1]


def brightness(anchor: Anchor, other: Proxy, places: np.ndarray, sure: np.ndarray) -> float:
    """How many times brighter the other picture is than the anchor's, by the corners that both show."""
    if sure.sum() < FEWEST:
        return 1.0
    size = np.array(anchor.size) - 1
    here, there = (np.clip(np.rint(p[sure]), 0, size).astype(int) for p in (anchor.points, places))
    first, second = (g[at[:, 1], at[:, 0]].astype(float) for g, at in ((anchor.soft, here), (cv2.blur(other.grey, (7, 7)), there)))
    lit = (first > 16) & (first < 235)
    ratio = float(np.median((second[lit] + 1) / (first[lit] + 1))) if lit.sum() >= FEWEST else 1.0
    return ratio if abs(ratio - 1.0) > STEADY else 1.0


def robust(columns: np.ndarray, values: np.ndarray, scales: Sequence[float] = (6.0, 3.0, 1.5, 0.8, 0.8)) -> tuple[np.ndarray, np.ndarray]:
    """Least squares that outliers do not bend: (K, 2) for columns (N, K) and values (N, 2), and the weights (N,). Reweighted, from wide to narrow."""
    weight = np.ones(len(columns))
    ridge = 1e-3 * np.eye(columns.shape[1])
    out = np.zeros((columns.shape[1], values.shape[1]))
    for scale in scales:
        weighted = columns * weight[:, None]
        out = np.linalg.solve(weighted.T @ columns + ridge, weighted.T @ values)
        off = ((columns @ out - values) ** 2).sum(axis=1)
        weight = 1.0 / (1.0 + off / (scale * CLOSE) ** 2) ** 2
    return out, weight


def _agreed(h: np.ndarray, points: np.ndarray, places: np.ndarray) -> float:
    """The share of corners that a homography brings near to their places."""
    return float((np.linalg.norm(project(h, points) - places, axis=1) < 3 * CLOSE).mean())


def _refined(h: np.ndarray, points: np.ndarray, places: np.ndarray) -> np.ndarray:
    """(3, 3): a homography that is nearly right, corrected by an affine motion of where it leads."""
    led = project(h, points)
    scaled = led / (PROXY_SIDE / 2) - 1.0
    correction, _ = robust(np.c_[np.ones(len(led)), scaled], places - led, scales=(6.0, 2.0, 0.8, 0.8))
    change = np.eye(3)
    change[:2, :2] += correction[1:].T / (PROXY_SIDE / 2)
    change[:2, 2] += correction[0] - correction[1:].sum(axis=0)
    return change @ h


def _plane(points: np.ndarray, places: np.ndarray) -> np.ndarray | None:
    """(3, 3): the motion most corners agree on, as simple as will do: a similarity, affine, or a homography."""
    best, most = None, 0
    for kind in ("similarity", "affine", "homography"):
        if kind == "homography":
            if len(points) < 2 * FEWEST:
                break
            h, inside = cv2.findHomography(points, places, cv2.RANSAC, CLOSE, maxIters=100)
        else:
            estimate = cv2.estimateAffinePartial2D if kind == "similarity" else cv2.estimateAffine2D
            part, inside = estimate(points, places, method=cv2.RANSAC, ransacReprojThreshold=CLOSE, maxIters=100)
            h = None if part is None else np.vstack([part, [0.0, 0.0, 1.0]])
        if h is None or not np.isfinite(h).all():
            continue
        count = int(inside.sum())
        if count > 1.12 * most:
            best, most = h, count
        if most > 0.92 * len(points):
            break
    return best if most >= FEWEST else None
