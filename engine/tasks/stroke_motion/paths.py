"""When and where: strokes as functions of the clip's phase, and which phases each frame shows. Pixels have their centres at whole numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.vision.warping import similarity, translation

FADE = 0.3
"""Part of a loop during which its end fades into its start."""


@dataclass(frozen=True)
class Path:
    """A stroke in the pixels of a picture. points: (N, 2) x, y; times: (N,) 0..1, never falling; radius in pixels."""

    points: np.ndarray
    times: np.ndarray
    radius: float
    easing: str = "drawn"

    @classmethod
    def of(cls, stroke: Stroke, width: int, height: int, points: tuple[tuple[float, float, float], ...] | None = None) -> Path:
        """The stroke (or other points with its radius, such as its area) in a picture of that size."""
        values = np.asarray(stroke.points if points is None else points, float)
        radius = max(1.0, stroke.radius * max(width, height))
        return cls(values[:, :2] * [width, height] - 0.5, values[:, 2], radius, stroke.easing)

    @property
    def start(self) -> np.ndarray:
        """(2,) where the path begins."""
        return self.points[0]

    @property
    def reach(self) -> float:
        """The largest distance from the start, in pixels."""
        return float(np.linalg.norm(self.points - self.points[0], axis=1).max())

    def at(self, phase: float) -> np.ndarray:
        """(2,) the place at `phase` in -1..1. Before 0 the path goes on backwards, mirrored in its start, so that a loop can enter smoothly."""
        if phase < 0:
            return 2.0 * self.start - self.at(-phase)
        if self.easing == "drawn":
            grid = np.maximum.accumulate(self.times + np.arange(len(self.times)) * 1e-9)
            return np.array([np.interp(phase, grid, self.points[:, i]) for i in (0, 1)])
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])
        grid = length / length[-1] if length[-1] > 0 else np.linspace(0.0, 1.0, len(length))
        share = {"even": phase, "ease": phase * phase * (3 - 2 * phase), "ease-in": phase**2, "ease-out": 1 - (1 - phase) ** 2}[self.easing]
        return np.array([np.interp(share, grid + np.arange(len(grid)) * 1e-12, self.points[:, i]) for i in (0, 1)])

    def beginning(self) -> np.ndarray:
        """(M, 2) the first tenth of the path, at most one brush width: what marks the thing."""
        length = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(self.points, axis=0), axis=1))])
        return self.points[length <= min(0.1 * length[-1], 2.0 * self.radius)]

    def brushed(self, shape: tuple[int, int], points: np.ndarray | None = None) -> np.ndarray:
        """(H, W) bool: what a brush of this radius covers along `points` (default: the whole path)."""
        return brush(shape, self.points if points is None else points, self.radius)


Points = tuple[tuple[float, float, float], ...]


def dabs(area: Points) -> list[Points]:
    """The separate brush strokes of an area: neighbours of equal t belong together. An area whose times all differ is one stroke."""
    if all(a[2] != b[2] for a, b in zip(area, area[1:], strict=False)):
        return [area]
    cuts = [0, *(i for i in range(1, len(area)) if area[i][2] != area[i - 1][2]), len(area)]
    return [area[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]


def brush(shape: tuple[int, int], points: np.ndarray, radius: float) -> np.ndarray:
    """(H, W) bool: discs of `radius` pixels swept along `points` (N, 2); at least one pixel of the picture."""
    height, width = shape
    span = slice(0, 0), slice(0, 0)
    box = np.stack([points.min(axis=0) - radius - 1, points.max(axis=0) + radius + 2])
    x0, y0 = np.clip(np.floor(box[0]).astype(int), 0, [width, height])
    x1, y1 = np.clip(np.ceil(box[1]).astype(int), 0, [width, height])
    span = slice(int(y0), int(y1)), slice(int(x0), int(x1))
    ys, xs = np.mgrid[span]
    out = np.zeros(shape, bool)
    near = np.full(ys.shape, np.inf)
    kept = points[:: max(1, len(points) // 200)]
    for p, q in zip(kept, [*kept[1:], points[-1]], strict=True):
        d = q - p
        share = np.clip(((xs - p[0]) * d[0] + (ys - p[1]) * d[1]) / max(float(d @ d), 1e-12), 0.0, 1.0)
        near = np.minimum(near, (xs - p[0] - share * d[0]) ** 2 + (ys - p[1] - share * d[1]) ** 2)
    out[span] = near <= radius**2
    first = np.clip(np.rint(points[0]).astype(int), 0, [width - 1, height - 1])
    out[first[1], first[0]] = True
    return out


def camera_matrix(camera: Camera, phase: float, size: tuple[int, int], fixed: np.ndarray | None = None) -> np.ndarray:
    """3x3 map from scene to screen pixels at `phase` in -1..1, eased at both ends. size: (width, height); fixed: (2,) centre of zoom and roll."""
    share = float(np.sign(phase)) * _eased(abs(phase))
    width, height = size
    centre = ((width - 1) / 2, (height - 1) / 2) if fixed is None else (float(fixed[0]), float(fixed[1]))
    turn = similarity(camera.zoom**share, camera.roll * share, centre)
    return turn @ translation(-camera.pan_x * share * width, -camera.pan_y * share * height)


def _eased(share: float, ramp: float = 0.2) -> float:
    """Even speed with soft ends: speed rises over the first `ramp` of the way and falls over the last."""
    top = 1.0 / (1.0 - ramp)
    if share < ramp:
        return top * share**2 / (2 * ramp)
    if share > 1 - ramp:
        return 1.0 - top * (1.0 - share) ** 2 / (2 * ramp)
    return top * (share - ramp / 2)


@dataclass(frozen=True)
class Timeline:
    """frames: how many; loop: none, loop or boomerang."""

    frames: int
    loop: str = "none"

    def phases(self, frame: float) -> list[tuple[float, float]]:
        """[(phase, weight)] that `frame` shows (a fraction between frames is allowed); the weights sum to 1.

        A loop shows two phases at once while it fades: its own, and one that comes in from before the start at the same speed.
        """
        if self.loop == "boomerang":
            return [(0.5 - 0.5 * float(np.cos(2 * np.pi * frame / max(self.frames, 2))), 1.0)]
        if self.loop == "none":
            return [(float(np.clip(frame / max(self.frames - 1, 1), 0.0, 1.0)), 1.0)]
        phase = (frame / self.frames) % 1.0
        fade = max(0.0, (phase - (1.0 - FADE)) / FADE)
        fade = fade * fade * (3 - 2 * fade)
        return [(phase, 1.0 - fade), (phase - 1.0, fade)] if fade > 0 else [(phase, 1.0)]

    @property
    def outward(self) -> int:
        """Index of the last frame of the way out, before anything fades or turns back."""
        if self.loop == "boomerang":
            return self.frames // 2
        return self.frames - 1 if self.loop == "none" else max(1, int((1.0 - FADE) * self.frames))

    @property
    def first_phase(self) -> float:
        """The smallest phase that is ever shown."""
        return -FADE if self.loop == "loop" else 0.0
