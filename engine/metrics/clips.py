"""How steady a clip is: alike from frame to frame, without seams where pieces join, without drift over time, and moving where it should.

Frames are (F, H, W, 3) uint8. Steadiness alone is no merit: a frozen clip has it all, so each figure is to be read beside the change between frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.vision import optical

Features = Callable[[np.ndarray], Any]
"""`(F, H, W, 3) uint8 -> (F, D)`, an array or a tensor, of any length."""

MOVING = 0.05
"""Share of the pixels that count as the most moving ones."""


@dataclass(frozen=True)
class Drift:
    """Straight lines through a clip's figures, as change in 100 frames.

    sharpness: as a share of its mean, -0.5 loses half; colour: (red, green, blue), in grey levels of the mean picture.
    """

    sharpness: float
    colour: tuple[float, float, float]


@dataclass(frozen=True)
class Direction:
    """Mean motion of the most moving pixels, in pixels per frame, x to the right and y down."""

    dx: float
    dy: float

    @property
    def speed(self) -> float:
        """Pixels per frame."""
        return float(np.hypot(self.dx, self.dy))

    @property
    def degrees(self) -> float:
        """-180 to 180: 0 is right, 90 down."""
        return float(np.degrees(np.arctan2(self.dy, self.dx)))


def frame_consistency(frames: np.ndarray, features: Features) -> float:
    """Mean cosine of the features of adjacent frames (Esser et al. 2023), -1 to 1. A frozen clip has 1: state `adjacent_change` beside it."""
    _check(frames, 2)
    found = np.asarray(features(frames), np.float64)
    unit = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
    return float((unit[1:] * unit[:-1]).sum(1).mean())


def changes(frames: np.ndarray) -> np.ndarray:
    """(F - 1,) mean absolute difference of each frame from the one before, in grey levels."""
    _check(frames, 2)
    return np.array([float(cv2.absdiff(one, other).mean()) for one, other in zip(frames[1:], frames, strict=False)])


def adjacent_change(frames: np.ndarray) -> float:
    """Mean of `changes`: 0 is a frozen clip."""
    return float(changes(frames).mean())


def seam_ratio(frames: np.ndarray, joins: Iterable[int]) -> float | None:
    """Mean change where pieces join, divided by that elsewhere: 1 is seamless. joins: the first frame of each piece but the first.

    None where nothing changes elsewhere, or there is no join or nothing else. Raises `InvalidInput` for a join outside the clip.
    """
    found, places = changes(frames), sorted(set(joins))
    if any(not 1 <= join < len(frames) for join in places):
        raise InvalidInput("a join lies outside the clip", fix=f"joins are frames 1 to {len(frames) - 1}")
    at = np.isin(np.arange(1, len(frames)), places)
    if not at.any() or at.all() or found[~at].mean() == 0:
        return None
    return float(found[at].mean() / found[~at].mean())


def sharpness(frame: np.ndarray) -> float:
    """Mean length of the grey picture's gradient, in grey levels per pixel; blur lowers it, noise raises it."""
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return float(np.hypot(np.diff(grey, axis=1)[:-1], np.diff(grey, axis=0)[:, :-1]).mean())


def drift(frames: np.ndarray) -> Drift:
    """Slopes of sharpness and mean colour over the frames. Long clips made piece by piece fade or burn: 0 is none of it."""
    _check(frames, 2)
    sharp = np.array([sharpness(frame) for frame in frames])
    colours = frames.reshape(len(frames), -1, 3).mean(1)
    red, green, blue = (slope(colours[:, k]) * 100 for k in range(3))
    return Drift(float(slope(sharp) * 100 / sharp.mean()) if sharp.mean() > 0 else 0.0, (red, green, blue))


def slope(values: Sequence[float] | np.ndarray) -> float:
    """Least-squares rise from one value to the next. Raises `InvalidInput` for fewer than two."""
    heights = np.asarray(values, np.float64)
    if len(heights) < 2:
        raise InvalidInput("one value has no slope", fix="give two or more")
    times = np.arange(len(heights)) - (len(heights) - 1) / 2
    return float((times * (heights - heights.mean())).sum() / (times**2).sum())


def direction(frames: np.ndarray, *, beside_ground: bool = False, share: float = MOVING) -> Direction | None:
    """Where the most moving pixels go, by dense optical flow (DIS, Kroeger et al. 2016) averaged over the clip.

    share: how many of the pixels count, those with the longest flow of each pair of frames. beside_ground: the median flow is taken off first, so that a camera
    that follows a thing does not hide its way. None where nothing moves by a tenth of a pixel per frame. Frames must be at least 16 px a side.
    """
    _check(frames, 2)
    if min(frames.shape[1:3]) < 16:
        raise InvalidInput(f"motion cannot be measured in {frames.shape[2]}x{frames.shape[1]} pixels", fix="enlarge the frames to 16 or more")
    greys = [optical.grey(frame) for frame in frames]
    found = []
    for before, after in zip(greys, greys[1:], strict=False):
        flow = optical.flow(before, after).reshape(-1, 2)
        flow = flow - np.median(flow, axis=0) if beside_ground else flow
        length = np.linalg.norm(flow, axis=1)
        count = max(1, round(share * len(length)))
        found.append(flow[np.argpartition(length, -count)[-count:]].mean(0))
    dx, dy = np.mean(found, axis=0)
    return Direction(float(dx), float(dy)) if np.hypot(dx, dy) > 0.1 else None


def _check(frames: np.ndarray, fewest: int) -> None:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or len(frames) < fewest or 0 in frames.shape:
        raise InvalidInput(f"frames of shape {frames.shape} and type {frames.dtype} cannot be measured", fix=f"give (F, H, W, 3) uint8 with {fewest} frames or more")
