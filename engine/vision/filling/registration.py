"""Where the background of one frame lies in the others: corners followed from an anchor frame, a homography, and what depth adds to it.

Plane and parallax (Sawhney 1994; Irani and Anandan 1996): a homography explains a plane of the scene, and what it leaves over is `depth * pull`, with one
depth for each place and one pull for each frame. The depths come from the leftovers of all key frames together (a rank-one factorisation), so a single
frame needs only a dozen numbers, which its corners outside the subject give; inside, the motion follows from the depths alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

PROXY_SIDE = 320
"""Longer side, in pixels, of the small grey copies on which motion is measured."""
CORNERS = 130
MARGIN = 3
"""Proxy pixels beside a hole that are not looked at: the subject's soft edge and shadow lie there."""
SPACING = 9
"""Corners of an anchor, and the least distance between two of them in proxy pixels."""
REACH = (11, 11)
"""Window, in proxy pixels, that is compared around a corner."""
FEWEST = 10
"""Corners below which a picture counts as plain: nothing tells its motion, and nothing shows it."""
CLOSE = 1.0
"""Proxy pixels within which a corner agrees with a motion."""
STEADY = 0.012
"""A change of brightness below this is none."""
PARALLAX = 0.35
"""Proxy pixels left over by the homographies above which depth is looked at."""
MARKS = 3000
"""Places on edges of the anchor, at most, by which a camera at rest is known."""
UNMOVED = 0.7
"""Share of them that have not changed when the camera is at rest."""
ROUNDS = 4
"""Rounds in which depths and pulls are fitted to each other."""
STILL = 0.05
"""Proxy pixels of motion that are none: tracking is not exact, and a picture that is not resampled stays sharp."""


@dataclass(frozen=True)
class Motion:
    """From the anchor's proxy pixels to a frame's: p -> h(p) + [1, x, y, d, d x, d y] @ bend, d the depth of the place.

    h: (3, 3); bend: (6, 2), or None where depth does not matter.
    """

    h: np.ndarray
    bend: np.ndarray | None = None

    def at(self, points: np.ndarray, depth: np.ndarray | None) -> np.ndarray:
        """(N, 2) places of the points (N, 2) with depths (N,)."""
        moved = project(self.h, points)
        if self.bend is not None and depth is not None:
            moved = moved + basis(points, depth) @ self.bend
        return moved

    def still(self, size: tuple[int, int]) -> bool:
        """True when nothing in a proxy of `size` (width, height) moves."""
        return self.bend is None and far(self.h, size) < STILL


IDENTITY = Motion(np.eye(3))


def project(h: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, 2) points under a homography."""
    x, y = points[:, 0], points[:, 1]
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    return np.stack([(h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w], axis=1)


def basis(points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(N, 6): [1, x, y, d, d x, d y] with x, y about -1..1."""
    x, y = points[:, 0] / (PROXY_SIDE / 2) - 1.0, points[:, 1] / (PROXY_SIDE / 2) - 1.0
    return np.stack([np.ones_like(x), x, y, depth, depth * x, depth * y], axis=1)


def far(h: np.ndarray, size: tuple[int, int]) -> float:
    """The longest way of a picture's corners, in pixels; infinite when a homography folds it."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]], float)
    if (np.c_[corners, np.ones(4)] @ h[2] < 0.2).any() or np.linalg.det(h[:2, :2]) <= 0.05:
        return float("inf")
    return float(np.linalg.norm(project(h, corners) - corners, axis=1).max())


def between(first: Motion, second: Motion, share: float) -> Motion:
    """A motion on the way from one to another, as a guess."""
    bend = None if first.bend is None or second.bend is None else first.bend + share * (second.bend - first.bend)
    return Motion(first.h + share * (second.h - first.h), bend)


@dataclass(frozen=True)
class Proxy:
    """A frame's small copy. grey: (h, w) uint8; hole: (h, w) uint8, 1 where the subject is near."""

    grey: np.ndarray
    hole: np.ndarray


def proxy_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """(width, height) of the small copy of a frame (H, W, ...)."""
    scale = min(1.0, PROXY_SIDE / max(shape[:2]))
    return max(16, round(shape[1] * scale)), max(16, round(shape[0] * scale))


def small_hole(hole: np.ndarray) -> np.ndarray:
    """(h, w) uint8: a frame's hole (H, W) uint8 at the proxy's size, grown by a margin."""
    small = cv2.resize(hole * np.uint8(255), proxy_size(hole.shape), interpolation=cv2.INTER_AREA)
    return cv2.dilate((small > 0).view(np.uint8), np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8))


def proxy(frame: np.ndarray, hole: np.ndarray | None) -> Proxy:
    """The small copy of a frame (H, W, 3) uint8 with its hole (H, W) uint8, or None."""
    size = proxy_size(frame.shape)
    step = max(1, int(0.5 * max(frame.shape[:2]) / PROXY_SIDE))
    if step > 1:  # averaging all of a large picture costs more than it gives
        frame = cv2.resize(frame, (frame.shape[1] // step, frame.shape[0] // step), interpolation=cv2.INTER_LINEAR)
    grey = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    return Proxy(grey, np.zeros(grey.shape, np.uint8) if hole is None else small_hole(hole))


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
        self._slack = np.maximum(3.0, 0.15 * slope.ravel()[self._marks])
        self.depth: np.ndarray | None = None
        """(P,) of each corner once `deepen` found that it matters; NaN where it is not known."""

    @property
    def plain(self) -> bool:
        """Nothing to follow."""
        return len(self.points) < FEWEST

    def expected(self, guess: Motion) -> np.ndarray:
        """(P, 2) float32 where a motion takes the corners."""
        return guess.at(self.points.astype(float), None if self.depth is None else np.nan_to_num(self.depth)).astype(np.float32)

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

    def _stands(self, other: Proxy) -> bool:
        """True when the other picture was taken with the camera where it was: most edges lie where they lay, whatever clouds, rain and leaves do."""
        free = other.hole.ravel()[self._marks] == 0
        if free.sum() < 5 * FEWEST:
            return False
        off = np.abs(other.grey.ravel()[self._marks].astype(np.float32) - self.picture.grey.ravel()[self._marks])
        return bool((off < self._slack)[free].mean() > UNMOVED)

    def locate(self, other: Proxy, guess: Motion, *, start: np.ndarray | None = None, search: bool = True) -> tuple[Motion, np.ndarray, np.ndarray] | None:
        """The motion to another picture with the corners' places and which are sure; None when it cannot be told.

        start: (P, 2) where the corners are looked for, if not where the guess takes them. search: both may be far off.
        """
        if self.plain:
            return IDENTITY, self.points, np.zeros(len(self.points), bool)
        if self._stands(other):
            return IDENTITY, self.points, self._shows(self.points, other)
        places, sure = self.follow(other, self.expected(guess) if start is None else start, levels=3 if search else 1)
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
        bend, weight = bending(points, self.depth[sure], places[sure] - points)
        return Motion(np.eye(3), bend) if (weight > 0.5).mean() > 0.35 else None

    def deepen(self, motions: Sequence[Motion], tracks: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Motion]:
        """Look at the leftovers of all key frames together; sets `depth` where they matter, and returns the motions with their bends.

        tracks: places (P, 2) and sureness (P,) of the corners in each key frame.
        """
        points = self.points.astype(float)
        left = np.stack([places - project(m.h, points) for m, (places, _) in zip(motions, tracks, strict=True)]) if motions else np.zeros((0, 0, 2))
        sure = np.stack([good for _, good in tracks]) if len(tracks) else np.zeros((0, 0), bool)
        # Depth shows only where the camera goes somewhere: under a still one, what is left over moves by itself.
        goes = np.array([far(m.h, self.size) > 4 * PARALLAX for m in motions], bool)
        enough = goes & (sure.sum(axis=1) >= 2 * FEWEST) if len(sure) else np.zeros(0, bool)
        if not enough.any():
            return list(motions)
        spread = np.array([np.percentile(np.linalg.norm(left[s][sure[s]], axis=1), 80) if enough[s] else 0.0 for s in range(len(left))])
        if spread.max() < PARALLAX:
            return list(motions)
        # Of the frames with enough of it the least is taken to begin with: near the anchor corners are followed more surely.
        main = int(np.where(spread >= min(4 * PARALLAX, spread.max()), spread, np.inf).argmin())
        ways = np.stack([places - points for places, _ in tracks])
        here = sure[main]
        turned = basis(points, np.zeros(len(points))) @ bending(points[here], np.zeros(int(here.sum())), ways[main][here])[0]
        # Depths that follow the rows look like a turn of the camera: both beginnings are tried, and the one that explains more corners is gone on with.
        depth, bends = max(
            (_settled(points, _first_depth(ways[main] - level, here), ways, sure, 2) for level in (turned, np.median(ways[main][here], axis=0))),
            key=lambda found: _explained(points, found[0], found[1], ways, sure),
        )
        for _ in range(ROUNDS):
            depth = _depths(points, bends, ways, sure)
            bends = _bends(points, depth, ways, sure)
            for bend, way, good in zip(bends, ways, sure, strict=True):  # a corner that slipped in one frame says nothing there
                good &= np.linalg.norm(way - basis(points, np.nan_to_num(depth)) @ bend, axis=1) < 3 * CLOSE
        tried = np.stack([good for _, good in tracks]).sum(axis=0)
        depth[sure.sum(axis=0) < 0.6 * tried] = np.nan  # a thing that moves by itself
        if np.isfinite(depth).sum() < 2 * FEWEST:
            return list(motions)
        self.depth = depth
        return [Motion(np.eye(3), bend) for bend in bends]


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


def bending(points: np.ndarray, depth: np.ndarray, ways: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bend (6, 2) of a frame whose corners (N, 2) of depths (N,) go `ways` (N, 2), and their weights (N,). Outliers do not bend it.

    A similarity, and for each depth a shift and a scale of its own: no shear, or depths that rise with a picture's rows could not be told from a leaning wall.
    """
    x, y = (points / (PROXY_SIDE / 2) - 1.0).T
    one, none = np.ones_like(x), np.zeros_like(x)
    columns = np.stack(
        [np.stack([one, none, x, -y, depth, none, depth * x], axis=1), np.stack([none, one, y, x, none, depth, depth * y], axis=1)], axis=1
    )  # (N, 2, 7)
    weight, ridge = np.ones(len(points)), 1e-3 * np.eye(7)
    found = np.zeros(7)
    for scale in (12.0, 6.0, 3.0, 1.5, 0.8, 0.8):
        weighted = (columns * weight[:, None, None]).reshape(-1, 7)
        found = np.linalg.solve(weighted.T @ columns.reshape(-1, 7) + ridge, weighted.T @ ways.reshape(-1))
        off = ((columns @ found - ways) ** 2).sum(axis=1)
        weight = 1.0 / (1.0 + off / (scale * CLOSE) ** 2) ** 2
    ax, ay, s, r, ex, ey, k = found
    return np.array([[ax, ay], [s, r], [-r, s], [ex, ey], [k, 0.0], [0.0, k]]), weight


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


def _settled(points: np.ndarray, depth: np.ndarray, ways: np.ndarray, sure: np.ndarray, rounds: int) -> tuple[np.ndarray, list[np.ndarray]]:
    """Depths and bends after some rounds of fitting them to each other."""
    bends = _bends(points, depth, ways, sure)
    for _ in range(rounds):
        depth = _depths(points, bends, ways, sure)
        bends = _bends(points, depth, ways, sure)
    return depth, bends


def _explained(points: np.ndarray, depth: np.ndarray, bends: list[np.ndarray], ways: np.ndarray, sure: np.ndarray) -> int:
    """How many corners, over all frames, depths and bends bring to their places."""
    columns = basis(points, np.nan_to_num(depth, nan=1e6))
    return sum(int(((np.linalg.norm(way - columns @ bend, axis=1) < CLOSE) & good).sum()) for way, bend, good in zip(ways, bends, sure, strict=True))


def _bends(points: np.ndarray, depth: np.ndarray, left: np.ndarray, sure: np.ndarray) -> list[np.ndarray]:
    """The bend (6, 2) of each key frame for given depths (P,); zero where too few corners tell it."""
    uses = [good & np.isfinite(depth) for good in sure]
    return [
        bending(points[use], depth[use], rest[use])[0] if use.sum() >= 2 * FEWEST else np.zeros((6, 2)) for use, rest in zip(uses, left, strict=True)
    ]


def _depths(points: np.ndarray, bends: list[np.ndarray], left: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """(P,): for each corner the depth that all frames' leftovers (S, P, 2) agree on, about -1..1; NaN where none tells."""
    total, share = np.zeros(len(points)), np.zeros(len(points))
    for bend, rest, good in zip(bends, left, sure, strict=True):
        flat = basis(points, np.zeros(len(points))) @ bend
        pull = basis(points, np.ones(len(points))) @ bend - flat
        total += np.where(good, ((rest - flat) * pull).sum(axis=1), 0.0)
        share += np.where(good, (pull**2).sum(axis=1), 0.0)
    fresh = np.where(share > 1e-3, total / np.maximum(share, 1e-9), np.nan)
    middle = np.nanmedian(fresh)
    return np.clip((fresh - middle) / (1.4826 * np.nanmedian(np.abs(fresh - middle)) + 1e-6), -8, 8)


def _first_depth(left: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """(P,): the leftovers along their main direction, NaN where not sure."""
    vectors = left[sure]
    size = np.median(np.linalg.norm(vectors, axis=1)) + 1e-6
    clipped = vectors * np.minimum(1.0, 4 * size / np.maximum(np.linalg.norm(vectors, axis=1), 1e-9))[:, None]
    axis = np.linalg.eigh(clipped.T @ clipped)[1][:, 1]
    depth = np.full(len(left), np.nan)
    depth[sure] = clipped @ axis / size
    return depth
