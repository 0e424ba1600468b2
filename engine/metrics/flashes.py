"""Flashes that can harm: more than three large changes of light a second (WCAG 2.2, success criterion 2.3.1), found, and held back while frames go by."""

from __future__ import annotations

from collections import deque

import cv2
import numpy as np

from engine.media.srgb import to_light

CELLS = 16
"""A picture is judged on so many cells a side."""

AREA = 0.25
"""Share of the picture that must change together. The criterion's quarter of ten degrees of sight is a quarter of a clip that fills it."""

CHANGE, DARK = 0.10, 0.80
"""A flash is a pair of opposing changes of relative luminance by a tenth or more, whose darker state is below 0.8."""

MOST = 3
"""Flashes a second that are safe."""


def luminance(frame: np.ndarray) -> np.ndarray:
    """(CELLS, CELLS) relative luminance 0..1 of a frame (H, W, 3) uint8 sRGB."""
    small = cv2.resize(frame, (CELLS, CELLS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(to_light(small) @ np.array([0.2126, 0.7152, 0.0722], np.float32))


class FlashMeter:
    """Feed the luminance of frames in order; `times` are the moments in seconds at which a flash was complete."""

    def __init__(self, fps: float) -> None:
        self.fps, self.count = fps, 0
        self.times: list[float] = []
        self._way = np.zeros((CELLS, CELLS), np.int8)
        self._turn: np.ndarray | None = None

    def feed(self, light: np.ndarray) -> bool:
        """One frame; True when a flash is complete with it."""
        self.count += 1
        if self._turn is None:
            self._turn = light.copy()
            return False
        way, turned, flash = self._turned(light)
        # While a cell goes on its way the turning point goes along, so that a slow rise after a flash is not taken for another one.
        along = way == self._way
        further = np.where(self._way > 0, np.maximum(self._turn, light), np.minimum(self._turn, light))
        self._turn = np.where(turned, light, np.where(along, further, self._turn)).astype(np.float32)
        self._way = np.where(turned, way, self._way).astype(np.int8)
        if flash:
            self.times.append((self.count - 0.5) / self.fps)
        return flash

    def would(self, light: np.ndarray) -> bool:
        """Whether a frame of this luminance would complete a flash; nothing is counted."""
        return self._turn is not None and self._turned(light)[2]

    def _turned(self, light: np.ndarray) -> tuple[np.ndarray, np.ndarray, bool]:
        """Of each cell the way that it goes (-1, 0, 1) and whether it turns by a large step; and whether enough cells turn back to make a flash."""
        assert self._turn is not None
        low, high = np.minimum(light, self._turn), np.maximum(light, self._turn)
        way = np.sign(light - self._turn).astype(np.int8)
        turned = (high - low >= CHANGE) & (low < DARK) & (way != self._way)
        return way, turned, bool((turned & (self._way != 0)).mean() >= AREA)

    @property
    def worst(self) -> int:
        """Most flashes within one second. Two opposing changes are one flash."""
        pairs = np.array(self.times)
        return max((int(np.ceil(((pairs >= t) & (pairs < t + 1.0)).sum() / 2)) for t in pairs), default=0)


class FlashGuard:
    """Lets frames through, but dims the change of those that would make a fourth flash within a second. `held` counts them."""

    def __init__(self, fps: float) -> None:
        self.fps, self.held, self._count = fps, 0, 0
        self._recent: deque[int] = deque()
        self._meter = FlashMeter(fps)
        self._last: np.ndarray | None = None

    def through(self, frame: np.ndarray) -> np.ndarray:
        """The frame (H, W, 3) uint8, or one that changes less."""
        self._count += 1
        while self._recent and self._count - self._recent[0] >= self.fps:
            self._recent.popleft()
        out = frame
        if self._last is not None and len(self._recent) >= 2 * MOST - 1 and self._meter.would(luminance(frame)):
            self.held += 1
            for share in (0.5, 0.25, 0.1, 0.03):
                out = cv2.addWeighted(frame, share, self._last, 1 - share, 0.0)
                if not self._meter.would(luminance(out)):
                    break
        if self._meter.feed(luminance(out)):
            self._recent.append(self._count)
        self._last = out
        return out
