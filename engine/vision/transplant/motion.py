"""How a subject moves through a clip: a similarity for every frame, from dense flow inside its masks and the masks' moments, smoothed without lag.

Flow from frame to frame is precise but drifts when it is added up; the moments of a mask do not drift but jump with every limb and every error of its outline. So
both are measurements of one path, which is the least-squares solution over the whole shot (a fixed-interval smoother as of Rauch, Tung and Striebel, 1965, written as a
banded system), with Cauchy weights (Holland and Welsch, 1977) for what does not fit: an occluded mask, a flow that slipped. Masks at the picture's border and masks with
much less area than the path foretells say nothing about centre and size; there the flow alone, and inertia, go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.linalg import solveh_banded

from engine.media.frames import Pictures
from engine.vision.optical import flow, grey

SIDE = 384
"""Longer side, in pixels, of the copies on which motion is measured."""

FEWEST = 24
"""Pixels of a mask (small copy) below which it says nothing about motion."""

CENTRE = 0.03
"""How far, as a share of the subject's size, limbs move the centre of its mask about its own."""

INERTIA = 0.008
"""By how much of its size the speed of a subject changes from frame to frame; chosen on 9 clips of the diorama between jitter and lag."""

LESS = 0.25
"""Weight of an area that is less than the path foretells, beside one that is more: what stands before a subject only ever takes from it."""

HELD_BACK = 12.0
"""Factor of the deviation of a step while the subject is partly hidden."""

HELD_SHAPE = 8.0
"""The same for size: of a strip that is seen the flow does not tell it."""

RESTLESS = 1.5
"""Deviations, beside those seen of the masks' own centres and areas about the path, with which they are believed: limbs and wings that beat are no motion of the whole."""

BEATING = (0.008, 0.014)
"""Second differences of a mask's log size from which its steps are doubted, and at which they are by `BEATEN`: of a body that walks or turns they are below, of beating wings above."""

BEATEN = 2.2
"""Factor of the deviations of steps and centres of a subject whose outline beats."""

DOUBTED = 8.0
"""Factor of the deviation of all that masks say, until a first path along the flow is known."""

Labels = Callable[[int], np.ndarray]
"""Frame -> (H, W) uint8, 0 nobody, k the subject k; any size of the clip's shape."""


@dataclass(frozen=True)
class Step:
    """The motion of a subject from one frame to the next: q = linear @ p + shift, in small pixels. sure: standard deviation of a place, in pixels; of size and turn beside it."""

    linear: np.ndarray
    shift: np.ndarray
    sure: float
    sure_shape: float


@dataclass(frozen=True)
class Glance:
    """What one mask says, in small pixels. area 0: nobody is there. rims: it touches the left, top, right, bottom of the picture."""

    area: float
    centre: np.ndarray
    box: tuple[int, int, int, int]
    axis: float
    """Direction of its long axis in radians, modulo pi."""
    long: float
    """Ratio of its axes, 1 and above."""
    rims: tuple[bool, bool, bool, bool]

    @property
    def whole(self) -> bool:
        """True when no border of the picture cuts it."""
        return self.area >= FEWEST and not any(self.rims)


@dataclass
class Path:
    """The way of one subject through one shot. first, last: its frames; places in pixels of the clip.

    poses: (T, 4) float64: x, y of its centre, log of its size beside the key frame's, turn in radians clockwise beside the key frame's.
    key: the frame in which it is best seen; glances: what each mask said, at `ratio` small pixels a pixel of the clip.
    """

    first: int
    last: int
    key: int
    poses: np.ndarray
    glances: list[Glance]
    ratio: float
    trusted: np.ndarray
    """(T,) bool: the mask there is whole: not cut by the border, not by something in front."""

    def matrix(self, frame: int) -> np.ndarray:
        """3x3: from the key frame's picture to that of `frame`, in pixel coordinates with centres at whole numbers."""
        x, y, size, turn = self.poses[frame - self.first]
        kx, ky = self.poses[self.key - self.first, :2]
        c, s = np.exp(size) * np.cos(turn), np.exp(size) * np.sin(turn)
        return np.array([[c, -s, x - c * kx + s * ky], [s, c, y - s * kx - c * ky], [0.0, 0.0, 1.0]])

    def present(self, frame: int) -> bool:
        """True when its mask is not empty."""
        return self.first <= frame <= self.last and self.glances[frame - self.first].area > 0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of its mask in the key frame, in pixels of the clip."""
        x0, y0, x1, y1 = (float(v) / self.ratio for v in self.glances[self.key - self.first].box)
        return x0, y0, x1, y1


@dataclass
class _Watch:
    """What is gathered about one subject while a shot is walked through."""

    glances: list[Glance] = field(default_factory=list)
    steps: list[Step | None] = field(default_factory=list)


def follow(frames: Pictures, labels: Labels, count: int, shots: Sequence[tuple[int, int]], checkpoint: Callable[[], None] = lambda: None) -> list[list[Path | None]]:
    """For every shot (first and last frame) the path of each of `count` subjects, None for one that is never seen in it.

    One walk over all frames on small copies; of each frame a few numbers are kept.
    """
    out: list[list[Path | None]] = []
    ratio = min(1.0, SIDE / max(frames.width, frames.height))
    size = max(1, round(frames.width * ratio)), max(1, round(frames.height * ratio))
    for first, last in shots:
        watches = [_Watch() for _ in range(count)]
        before: tuple[np.ndarray, list[np.ndarray]] | None = None
        for index in range(first, last + 1):
            checkpoint()
            shown = labels(index)
            small = shown if shown.shape[::-1] == size else cv2.resize(shown, size, interpolation=cv2.INTER_NEAREST)
            masks = [small == k + 1 for k in range(count)]
            picture = grey(_shrunk(frames.read(index), size)) if any(m.any() for m in masks) else None
            moved = None
            if before is not None and picture is not None and any(b.any() and m.any() for b, m in zip(before[1], masks, strict=True)):
                moved = flow(before[0], picture)
            for k, watch in enumerate(watches):
                watch.glances.append(glance(masks[k]))
                if index > first:
                    watch.steps.append(None if moved is None or before is None else measured(moved, before[1][k], masks[k]))
            before = (picture, masks) if picture is not None else None
        out.append([_path(watch, first, last, ratio) for watch in watches])
    return out


def glance(mask: np.ndarray) -> Glance:
    """What a mask (H, W) bool says."""
    moments = cv2.moments(mask.astype(np.uint8), binaryImage=True)
    if moments["m00"] == 0:
        return Glance(0.0, np.zeros(2), (0, 0, 0, 0), 0.0, 1.0, (False, False, False, False))
    area = moments["m00"]
    a, b, c = moments["mu20"] / area, moments["mu11"] / area, moments["mu02"] / area
    root = float(np.hypot(a - c, 2 * b))
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    rims = (bool(mask[:, 0].any()), bool(mask[0].any()), bool(mask[:, -1].any()), bool(mask[-1].any()))
    return Glance(
        area, np.array([moments["m10"], moments["m01"]]) / area, (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1),
        0.5 * float(np.arctan2(2 * b, a - c)), float(np.sqrt(max(a + c + root, 1e-6) / max(a + c - root, 1e-6))), rims,
    )  # fmt: skip


def measured(moved: np.ndarray, before: np.ndarray, after: np.ndarray, *, most: int = 500) -> Step | None:
    """The similarity that carries what is in `before` along the flow (H, W, 2), robustly; None when too little of it is seen to move into `after`."""
    core = cv2.erode(before.astype(np.uint8), np.ones((3, 3), np.uint8), borderValue=1)
    ys, xs = np.nonzero(core)
    if len(xs) < FEWEST:
        return None
    pick = slice(None, None, max(1, len(xs) // most))
    xs, ys = xs[pick], ys[pick]
    points = np.stack([xs, ys], axis=1).astype(np.float64)
    ends = points + moved[ys, xs]
    ex, ey = np.rint(ends).astype(int).T
    kept = (ex >= 0) & (ey >= 0) & (ex < after.shape[1]) & (ey < after.shape[0])
    kept[kept] &= cv2.dilate(after.astype(np.uint8), np.ones((3, 3), np.uint8))[ey[kept], ex[kept]] > 0
    if kept.sum() < 0.3 * len(points) or kept.sum() < FEWEST // 2:
        return None
    points, ends = points[kept], ends[kept]
    weights = np.ones(len(points))
    linear, shift, scale = np.eye(2), np.median(ends - points, axis=0), 1.0
    for turn in range(7):
        if turn:
            linear, shift = _similar(points, ends, weights)
        left = np.linalg.norm(ends - points @ linear.T - shift, axis=1)
        scale = max(0.1, 1.4826 * float(np.median(left)))
        weights = 1.0 / (1.0 + (left / (1.5 * scale)) ** 2)
    reach = float(np.sqrt(((points - points.mean(axis=0)) ** 2).sum(axis=1).mean()))
    believed = float(weights.mean())
    return Step(linear, shift, (0.08 + 0.12 * scale) / believed, (0.08 + 0.12 * scale) / believed / max(reach, 1.0))


def _similar(points: np.ndarray, ends: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted least-squares similarity (Umeyama, 1991, in the plane): (2, 2) and (2,)."""
    w = (weights / weights.sum())[:, None]
    centre, target = (w * points).sum(axis=0), (w * ends).sum(axis=0)
    a, b = points - centre, ends - target
    spread = float((w * a * a).sum())
    if spread < 1e-6:
        return np.eye(2), target - centre
    c = float((w * a * b).sum()) / spread
    s = float((w[:, 0] * (a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])).sum()) / spread
    linear = np.array([[c, -s], [s, c]])
    return linear, target - linear @ centre


def _path(watch: _Watch, first: int, last: int, ratio: float) -> Path | None:
    """The smoothed path of what was watched."""
    glances, count = watch.glances, last - first + 1
    areas = np.array([one.area for one in glances])
    if not (areas >= FEWEST).any():
        return None
    there = areas >= FEWEST
    whole = np.array([one.whole for one in glances])
    trusted = whole if whole.any() else there
    typical = float(np.sqrt(np.median(areas[trusted])))
    centres = np.stack([one.centre for one in glances])
    logs = 0.5 * np.log(np.maximum(areas, 1.0))
    sizes, turns, places = logs.copy(), np.zeros(count), centres.copy()
    reference = float(np.median(logs[trusted]))
    beat = _beat(logs, trusted)
    rest_size, rest_place = 0.03, CENTRE * typical + 0.3
    for turn in range(4):
        steps = _increments(watch.steps, glances, places, trusted)
        sizes = _solved(steps[:, 2], steps[:, 5], logs, np.where(trusted, rest_size, np.inf), inertia=0.006, below=LESS)
        reference = float(np.quantile((logs - sizes)[trusted], 0.7))
        places = np.stack([_solved(steps[:, axis], beat * steps[:, 4], centres[:, axis], np.where(trusted, beat * rest_place, np.inf), inertia=INERTIA * typical + 0.1, wide=6.0) for axis in (0, 1)], axis=1)
        if turn < 3:
            # An area well below what the path foretells: something stands before it.
            full = (logs - sizes - reference) > np.log(0.93) / 2 - (0.12 if turn == 0 else 0.0)
            trusted = (whole if whole.any() else there) & full
            trusted = trusted if trusted.any() else there
            rest_size = max(0.03, RESTLESS * _spread((logs - sizes)[trusted]))
            rest_place = max(CENTRE * typical + 0.3, RESTLESS * max(_spread((centres - places)[trusted, axis]) for axis in (0, 1)))
    steps = _increments(watch.steps, glances, places, trusted, held_shape=1.0)
    turns = _solved(steps[:, 3], steps[:, 5], *_axes(glances, trusted), inertia=0.004)
    candidates = np.flatnonzero(trusted)
    score = logs[candidates] - sizes[candidates]
    usual = np.abs(score - np.median(score)) + 0.02 * np.abs(sizes[candidates] - np.median(sizes[candidates])) - 0.1 * (sizes[candidates] - sizes[candidates].max())
    key = int(candidates[np.argmin(usual)])
    poses = np.column_stack([(places + 0.5) / ratio - 0.5, sizes - sizes[key], turns - turns[key]])
    return Path(first, last, first + key, poses, glances, ratio, trusted)


def _beat(logs: np.ndarray, trusted: np.ndarray) -> float:
    """Factor, 1..`BEATEN`, of the deviations of steps and centres, from the log sizes (T,) of masks."""
    if len(logs) < 5:
        return 1.0
    bends = np.diff(logs, 2)[trusted[:-2] & trusted[1:-1] & trusted[2:]]
    return 1.0 + (BEATEN - 1.0) * float(np.clip((_spread(bends) - BEATING[0]) / (BEATING[1] - BEATING[0]), 0.0, 1.0)) if len(bends) > 2 else 1.0


def _spread(values: np.ndarray) -> float:
    """Standard deviation, by the median of the deviations."""
    return 1.4826 * float(np.median(np.abs(values - np.median(values))))


def _increments(steps: list[Step | None], glances: list[Glance], places: np.ndarray, trusted: np.ndarray, held_shape: float = HELD_SHAPE) -> np.ndarray:
    """(T - 1, 6): from each frame to the next the step in x, y, log size and turn, and the standard deviations of a place and of size and turn; infinite where unknown."""
    out = np.zeros((len(steps), 6))
    out[:, 4:] = np.inf
    for i, step in enumerate(steps):
        if step is None:
            continue
        out[i, :2] = step.linear @ places[i] + step.shift - places[i]
        out[i, 2] = 0.5 * np.log(max(float(np.linalg.det(step.linear)), 1e-6))
        out[i, 3] = np.arctan2(step.linear[1, 0], step.linear[0, 0])
        # Where flow and masks tell different stories, neither is believed as usual: a smooth thing's flow sticks to what lies behind it.
        apart = 0.0
        if glances[i].whole and glances[i + 1].whole:
            apart = float(np.linalg.norm(glances[i + 1].centre - glances[i].centre - (step.linear @ glances[i].centre + step.shift - glances[i].centre)))
        # What stands before a subject holds the flow back at its edge.
        out[i, 4] = np.hypot(step.sure, 0.5 * apart) * (1.0 if trusted[i] and trusted[i + 1] else HELD_BACK)
        out[i, 5] = np.hypot(step.sure_shape, 0.002) * (1.0 if trusted[i] and trusted[i + 1] else held_shape)
    return out


def _axes(glances: list[Glance], trusted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turns as the long axes of the masks tell them, unwound, and their standard deviations. Where one says nothing those before and after do; that of a round thing says nothing at all."""
    raw = np.array([one.axis for one in glances])
    usable = trusted & np.array([one.long > 1.35 for one in glances])
    told, sure = np.zeros(len(raw)), np.full(len(raw), 0.6)
    if usable.sum() >= 2:
        unwound = 0.5 * np.unwrap(2 * raw[usable])
        told = np.interp(np.arange(len(raw)), np.flatnonzero(usable), unwound - np.median(unwound))
        sure[:] = 0.15
        sure[usable] = np.hypot(0.2, 2.0 * _spread(np.diff(unwound, 2)) if len(unwound) > 2 else 0.0)
    return told, sure


def _solved(steps: np.ndarray, step_sure: np.ndarray, told: np.ndarray, told_sure: np.ndarray, *, inertia: float, below: float = 1.0, wide: float = 2.0, rounds: int = 8) -> np.ndarray:
    """(T,) the path that fits steps (T - 1,) and places told (T,) best, each with its standard deviation, and whose speed changes by about `inertia` a frame.

    below: weight of what is told below the path beside what is told above it; wide: deviations from which on what is told is doubted.
    """
    count = len(told)
    if count == 1:
        return told.astype(np.float64).copy()
    step_w, told_w = 1.0 / np.square(step_sure), 1.0 / np.square(told_sure)
    path = told.astype(np.float64).copy()
    # Steps first: a path that starts from what is told stays with it, also where something stands before the subject for long.
    w_steps, w_told, w_bend = step_w.copy(), told_w / DOUBTED**2, np.full(max(count - 2, 0), 1.0 / inertia**2)
    for turn in range(rounds):
        bands, right = np.zeros((3, count)), np.zeros(count)  # lower form: bands[k, i] = A[i + k, i]
        bands[0] += w_told + 1e-9
        right += w_told * told
        bands[0, :-1] += w_steps
        bands[0, 1:] += w_steps
        bands[1, :-1] -= w_steps
        right[1:] += w_steps * steps
        right[:-1] -= w_steps * steps
        if count > 2:
            bands[0, :-2] += w_bend
            bands[0, 1:-1] += 4 * w_bend
            bands[0, 2:] += w_bend
            bands[1, :-2] -= 2 * w_bend
            bands[1, 1:-1] -= 2 * w_bend
            bands[2, :-2] += w_bend
        path = solveh_banded(bands, right, lower=True)
        if turn == rounds - 1:
            break
        w_steps = step_w / (1.0 + step_w * np.square(np.diff(path) - steps) / 4.0)
        w_told = np.where(told < path, below, 1.0) * told_w / (1.0 + told_w * np.square(path - told) / wide**2)
        if count > 2:
            w_bend = (1.0 / inertia**2) / (1.0 + np.square(np.diff(path, 2)) / inertia**2 / 4.0)
    return path


def _shrunk(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return picture if picture.shape[1::-1] == size else cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
