"""Does a clip do what was drawn? Measured from its frames by optical flow, independent of the warp that made them.

Three figures: how far the strokes' things end from where they were sent, how much the rest drifts, and how much still pixels flicker.
Frames are fed one at a time and measured on a copy of at most `MEASURE_SIDE` pixels, so memory does not grow with the clip.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np

MEASURE_SIDE = 360
Carry = Callable[[np.ndarray], np.ndarray]


@dataclass
class Target:
    """A command to check, in pixels of the full frames. start: (2,) where the stroke begins in frame 0; points: (N, 2) places around it that
    go with it; shift: (2,) how far the start must have gone at frame `until`."""

    start: np.ndarray
    points: np.ndarray
    shift: np.ndarray
    until: int


@dataclass
class _Track:
    target: Target
    places: np.ndarray
    alive: np.ndarray
    motion: np.ndarray  # 3x3, the similarity from frame 0 to now that the points agree on, in pixels of the measured copy


@dataclass
class MotionMeter:
    """Feed it every frame in order, then read the figures. Frames: (H, W, 3) uint8, all of one size."""

    targets: list[Target]
    size: tuple[int, int]
    _scale: float = field(init=False)
    _tracks: list[_Track] = field(init=False)
    _errors: list[float | None] = field(init=False)
    _first: np.ndarray | None = field(default=None, init=False)
    _last: np.ndarray | None = field(default=None, init=False)
    _still: list[np.ndarray] = field(default_factory=list, init=False)
    _drift: list[float] = field(default_factory=list, init=False)
    _photo: np.ndarray | None = field(default=None, init=False)
    _seen: np.ndarray | None = field(default=None, init=False)
    _index: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._scale = min(1.0, MEASURE_SIDE / max(self.size))
        self._tracks = [_Track(t, (t.points * self._scale).astype(np.float32), np.ones(len(t.points), bool), np.eye(3)) for t in self.targets]
        self._errors = [None] * len(self.targets)
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def feed(self, frame: np.ndarray, covered: np.ndarray | None = None, ground: Carry | None = None) -> None:
        """The next frame. covered: (H, W) bool, where things are now; ground: carries the photo's places (..., 2) to where they should be now
        if the background obeyed the camera (None: it stands still). Both only say what is measured, not what is found."""
        size = (max(1, round(self.size[0] * self._scale)), max(1, round(self.size[1] * self._scale)))
        small = cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        if self._first is None:
            self._first = small
        else:
            self._follow(small)
        self._background(small, covered, ground)
        self._last = small
        for i, track in enumerate(self._tracks):
            if self._index == track.target.until:
                self._errors[i] = self._error(track)
        self._index += 1

    def stroke_error(self) -> float | None:
        """Mean over strokes of |tracked displacement - commanded| / commanded length. No motion gives 1. None: nothing could be tracked."""
        known = [e for e in self._errors if e is not None]
        return float(np.mean(known)) if known else None

    def stroke_errors(self) -> list[float | None]:
        """The error of each target; None where its thing had nothing to track."""
        return list(self._errors)

    def background_drift(self) -> float | None:
        """Mean length of the flow outside things, camera motion removed, in pixels of the full frame per frame."""
        return float(np.mean(self._drift)) if self._drift else None

    def flicker(self) -> float | None:
        """Mean standard deviation in time, in grey levels, of background pixels while no thing is on them. None under a moving camera."""
        if not self._still:
            return None
        count, mean, spread = self._still
        seen = count > 2
        return float(np.sqrt(spread[seen] / count[seen]).mean()) if seen.any() else None

    def _follow(self, small: np.ndarray) -> None:
        """Every track one frame on: dense flow of the pair gives the guess, Lucas-Kanade the places."""
        assert self._last is not None and self._first is not None
        if not self._tracks or all(self._index > t.target.until for t in self._tracks):
            return
        flow = self._dis.calc(self._last, small, None) if min(small.shape) >= 16 else np.zeros((*small.shape, 2), np.float32)
        for track in self._tracks:
            if not track.alive.any() or self._index > track.target.until:
                continue
            step = cv2.remap(flow, track.places[:, None], None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]
            guess = track.places + 0.5 * (step + np.median(step[track.alive], axis=0))
            near = _lucas_kanade(self._last, small, track.places, guess, levels=2)[0]
            # Points of one thing turn and shift together: the similarity that most agree on outvotes a slip at its edge.
            track.motion = _agreed(track.places[track.alive], near[track.alive], 1.5) @ track.motion
            origin = (track.target.points * self._scale).astype(np.float32)
            for _ in range(2):  # look at frame 0 itself, with the motion so far undone, so that small errors do not add up
                undone = cv2.warpAffine(
                    small, track.motion[:2], small.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
                )
                exact, good = _lucas_kanade(self._first, undone, origin, origin, levels=1)
                good &= (np.linalg.norm(exact - origin, axis=1) < 3.0) & track.alive
                if good.sum() >= 3:
                    track.motion = track.motion @ _agreed(origin[good], exact[good], 0.7)
            track.places = _moved(track.motion, origin)
            track.alive &= ((track.places > -2) & (track.places < np.array(small.shape[::-1]) + 1)).all(axis=1)

    def _error(self, track: _Track) -> float | None:
        if not track.alive.any():
            return None
        start = np.asarray(track.target.start, np.float64) * self._scale
        gone = (_moved(track.motion, start[None])[0] - start) / self._scale
        length = float(np.linalg.norm(track.target.shift))
        return float(np.linalg.norm(gone - track.target.shift)) / length if length > 0 else None

    def _background(self, small: np.ndarray, covered: np.ndarray | None, ground: Carry | None) -> None:
        """Drift between this frame and the last, and the running variance of each place of the photo."""
        size = small.shape[::-1]
        seen = np.ones(small.shape, np.uint8)
        if covered is not None:
            near = cv2.resize(covered.astype(np.uint8), size, interpolation=cv2.INTER_LINEAR)
            seen = 1 - cv2.dilate(near, np.ones((7, 7), np.uint8))
        photo = small
        if ground is not None:
            photo, seen = self._undone(small, seen, ground)
        if self._photo is not None and self._seen is not None and self._index % 3 == 0 and min(size) >= 16:
            # Things are painted over in both pictures and a rim around them is left out: flow spreads beyond what moves.
            both = (seen & self._seen).astype(bool)
            flow = self._dis.calc(np.where(both, self._photo, 128).astype(np.uint8), np.where(both, photo, 128).astype(np.uint8), None)
            both = cv2.erode(both.astype(np.uint8), np.ones((13, 13), np.uint8)).astype(bool)
            if both.sum() > 50:
                self._drift.append(float(np.linalg.norm(flow[both], axis=1).mean()) / self._scale)
        self._photo, self._seen = photo, seen
        if ground is not None:
            return  # resampling alone changes pixels under a moving camera: that is no flicker
        value, here = photo.astype(np.float64), seen.astype(bool)
        if not self._still:
            self._still = [np.zeros(small.shape), np.zeros(small.shape), np.zeros(small.shape)]
        count, mean, spread = self._still
        count += here
        change = np.where(here, value - mean, 0.0)
        mean += change / np.maximum(count, 1)
        spread += change * np.where(here, value - mean, 0.0)  # Welford 1962


    def _undone(self, small: np.ndarray, seen: np.ndarray, ground: Carry) -> tuple[np.ndarray, np.ndarray]:
        """The frame and its mask with the camera's move taken back."""
        xs, ys = np.meshgrid(np.arange(small.shape[1]), np.arange(small.shape[0]))
        photo = (np.stack([xs, ys], axis=-1) + 0.5) / self._scale - 0.5
        where = ((ground(photo) + 0.5) * self._scale - 0.5).astype(np.float32)
        back = cv2.remap(small, where, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        known = cv2.remap(seen, where, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT)
        return back, cv2.erode(known, np.ones((3, 3), np.uint8))


def _lucas_kanade(before: np.ndarray, after: np.ndarray, places: np.ndarray, guess: np.ndarray, *, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """(N, 2) float32 where `places` went, begun at `guess`, and (N,) bool which of them are sure."""
    found, status, error = cv2.calcOpticalFlowPyrLK(
        before, after, places[:, None].copy(), guess[:, None].astype(np.float32), winSize=(13, 13), maxLevel=levels, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    sure = (status[:, 0] > 0) & (error[:, 0] < 20.0)
    return np.where(status > 0, found[:, 0], guess).astype(np.float32), sure


def _agreed(before: np.ndarray, after: np.ndarray, tolerance: float) -> np.ndarray:
    """3x3 motion from `before` to `after` (N, 2) that most pairs agree on within `tolerance` pixels: their median shift, or a similarity where that fits clearly better.

    A similarity through points on one edge may turn and grow freely, so it must earn its freedom.
    """
    shift, out = np.eye(3), np.eye(3)
    shift[:2, 2] = np.median(after - before, axis=0)
    spread = float(np.ptp(before, axis=0).max()) if len(before) > 1 else 0.0
    left = float(np.median(np.linalg.norm(_moved(shift, before) - after, axis=1)))
    if len(before) < 6 or spread < 4.0 or left < 0.15:
        return shift
    matrix, inliers = cv2.estimateAffinePartial2D(before, after, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=300)
    if matrix is None or inliers.mean() < 0.4:
        return shift
    out[:2] = matrix
    return out if float(np.median(np.linalg.norm(_moved(out, before) - after, axis=1))) < 0.6 * left else shift


def _moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, 2) float32 points under a 3x3 matrix."""
    return (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)


def track_points(frame: np.ndarray, mask: np.ndarray, start: np.ndarray, radius: float, *, count: int = 40) -> np.ndarray:
    """(N, 2) places to track in frame 0 (H, W, 3): the most textured half of the pixels of `mask` (H, W) within `radius` of `start`, thinned.

    Flat places (sky, glaze) show no motion to any tracker, so they are left out; empty when everything there is flat.
    """
    near = np.zeros(mask.shape, np.uint8)
    cv2.circle(near, (round(float(start[0])), round(float(start[1]))), max(1, round(radius)), 1, -1)
    ys, xs = np.nonzero(mask & (near > 0))
    if not len(xs):
        return np.zeros((0, 2), np.float32)
    texture = cv2.cornerMinEigenVal(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), 7)[ys, xs]
    good = texture >= max(float(np.median(texture)), 2e-5)
    points = np.stack([xs[good], ys[good]], axis=1).astype(np.float32)
    return points[:: max(1, len(points) // count)]
