"""What one frame of an interval shows: the place on its walk, and zoom, shake, brightness or colour moved by the pulse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from engine.tasks.music_video.pictures import Walk, zoomed
from engine.tasks.music_video.pulse import travel
from engine.tasks.music_video.request import Interval

ZOOM, SHAKE, LIGHT, TURN = 0.14, 0.025, 0.38, 34.0
"""At pulse 1 and strength 1: enlargement, shift in parts of the width, share of light added, and degrees that hues turn."""

PULSE = 0.8
"""How far on its walk a held picture goes at a full pulse."""


@dataclass(frozen=True)
class Screen:
    """An interval ready to be shown. pulse: (F,) 0..1 of its frames; walk: its pictures; other: the same walk under strong guidance, for that target;
    moving: frame of the picture whose subject moves, at seconds of its own time, for that target; bars: (F,) number of the bar of each frame."""

    interval: Interval
    pulse: np.ndarray
    bars: np.ndarray
    fps: float
    smooth: float
    walk: Walk
    other: Walk | None = None
    moving: Callable[[float], np.ndarray] | None = None

    @cached_property
    def places(self) -> np.ndarray:
        """(F,) place on the walk of each frame."""
        interval, count = self.interval, len(self.pulse)
        if interval.pattern == "freeze":
            return np.zeros(count)
        if interval.pattern == "cut":
            return (self.bars - self.bars[0]) % 2.0 if count else np.zeros(0)
        if interval.pattern == "hold":
            return np.clip(PULSE * interval.strength * self.pulse, 0, 1) if interval.target == "progress" else np.zeros(count)
        if interval.target != "progress":
            return np.linspace(0, 1, count)
        # Curves of sound are amplitudes; the way is added up from energy.
        return travel(self.pulse if interval.driver in ("beats", "linear") else self.pulse**2, self.smooth)

    @cached_property
    def clock(self) -> np.ndarray:
        """(F,) seconds of the moving thing's own time, which passes while it sounds, and on the whole as fast as the song's."""
        return travel(self.pulse) * len(self.pulse) / self.fps

    def frame(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8: the interval's frame of that number."""
        interval, place, much = self.interval, float(self.places[index]), float(self.pulse[index]) * self.interval.strength
        if interval.target == "motion" and self.moving is not None:
            return self.moving(interval.strength * float(self.clock[index]))
        picture = self.walk.at(place)
        if interval.target == "guidance" and self.other is not None:
            share = float(np.clip(much, 0, 1))
            return cv2.addWeighted(picture, 1 - share, self.other.at(place), share, 0.0)
        return moved(picture, interval.target, much, index)


def moved(picture: np.ndarray, target: str, much: float, index: int) -> np.ndarray:
    """A picture (H, W, 3) uint8 under a pulse of `much` (0..2); index: the frame's number, which gives shakes their direction."""
    if much <= 1e-3:
        return picture
    if target == "zoom":
        return zoomed(picture, 1 + ZOOM * much)
    if target == "shake":
        angle = 2.399963 * index  # the golden angle: neighbouring frames go far apart
        reach = SHAKE * much * picture.shape[1]
        return zoomed(picture, 1 + 2 * SHAKE * much, (reach * float(np.cos(angle)), reach * float(np.sin(angle))))
    if target == "brightness":
        light = picture.astype(np.float32)
        return np.clip(light + LIGHT * much * (255 - light) * (light / 255) ** 0.5, 0, 255).astype(np.uint8)
    if target == "colour":
        hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = ((hsv[..., 0].astype(np.float32) + TURN * much / 2) % 180).astype(np.uint8)
        hsv[..., 1] = np.clip(hsv[..., 1].astype(np.float32) * (1 + 0.35 * much), 0, 255).astype(np.uint8)
        return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return picture
