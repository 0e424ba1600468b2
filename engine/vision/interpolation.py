"""Frames between frames: two neighbours are warped towards each other along their optical flow and mixed, with what only one of them shows taken from that one.

The flow is estimated both ways (Dense Inverse Search, Kroeger et al., 2016); flow to the moment between is the linear approximation of Super SloMo (Jiang et al.,
2018); a place where the two ways disagree is taken to be hidden in one frame. Where nothing fits, the result is a cross-fade.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.optical import pull

DISAGREE = 1.5
"""Pixels by which forth and back may miss before a place counts as hidden."""

CUT = 40.0
"""Mean difference (of 255) left after warping above which two frames have nothing to do with each other: a cut, which is not smoothed over."""


@dataclass(frozen=True)
class Between:
    """Two neighbouring frames, (H, W, 3) uint8 each, and everything between them."""

    first: np.ndarray
    second: np.ndarray

    @cached_property
    def flows(self) -> tuple[np.ndarray, np.ndarray]:
        """(H, W, 2) float32 each: from the first frame to the second, and back, in pixels."""
        grey = [optical.grey(frame) for frame in (self.first, self.second)]
        return optical.flow(grey[0], grey[1]), optical.flow(grey[1], grey[0])

    @cached_property
    def seen(self) -> tuple[np.ndarray, np.ndarray]:
        """(H, W) float32 each: 1 where what the one frame shows is seen in the other too, 0 where it is hidden there."""
        forth, back = self.flows
        return _agreement(forth, back), _agreement(back, forth)

    @cached_property
    def cut(self) -> bool:
        """True when the frames have nothing to do with each other."""
        return float(np.abs(pull(self.second, self.flows[0]).astype(np.float32) - self.first).mean()) > CUT

    @cached_property
    def explained(self) -> float:
        """How much of the change between the frames their motion explains, 0..1: where light or colours change, flow finds swirls that are not there."""
        change = float(np.abs(self.second.astype(np.float32) - self.first).mean())
        left = float(np.abs(pull(self.second, self.flows[0]).astype(np.float32) - self.first).mean())
        return max(0.0, 1.0 - left / change) if change > 0 else 1.0

    def at(self, share: float) -> np.ndarray:
        """(H, W, 3) uint8 at a share of the way, 0 (the first frame) to 1 (the second)."""
        if share <= 0 or (self.cut and share < 0.5):
            return self.first
        if share >= 1 or self.cut:
            return self.second
        forth, back = self.flows
        to_first = -(1 - share) * share * forth + share * share * back
        to_second = (1 - share) ** 2 * forth - share * (1 - share) * back
        one, other = pull(self.first, to_first), pull(self.second, to_second)
        # A place that the second frame hides is taken from the first, and the other way round.
        near = (1 - share) * (pull(self.seen[0], to_first) * 0.98 + 0.02) * _only(self.seen[1], to_second)
        far = share * (pull(self.seen[1], to_second) * 0.98 + 0.02) * _only(self.seen[0], to_first)
        weight = (near / (near + far))[..., None]
        return np.rint(one * weight + other * (1 - weight)).astype(np.uint8)


class Pair(Protocol):
    """Two neighbouring frames and everything between them."""

    def at(self, share: float) -> np.ndarray:
        """(H, W, 3) uint8 at a share of the way, 0 (the first frame) to 1 (the second)."""


class Passing:
    """Frames (T, H, W, 3) uint8 as a picture that changes all the time. Asked in order, each pair of neighbours is looked at once. pair: how two of them are gone between."""

    def __init__(self, frames: np.ndarray, pair: Callable[[np.ndarray, np.ndarray], Pair] = Between) -> None:
        self.frames, self._between = frames, pair
        self._pair: tuple[int, Pair] | None = None

    def at(self, where: float) -> np.ndarray:
        """(H, W, 3) uint8 at a place among the frames, 0 the first and T - 1 the last; beyond them, the nearest."""
        where = min(max(round(where, 6), 0.0), len(self.frames) - 1.0)
        k = min(int(where), max(0, len(self.frames) - 2))
        if where == k:
            return self.frames[k]
        if self._pair is None or self._pair[0] != k:
            self._pair = (k, self._between(self.frames[k], self.frames[k + 1]))
        return self._pair[1].at(where - k)


def spread(frames: np.ndarray, count: int) -> np.ndarray:
    """(T, H, W, 3) uint8 -> (count, H, W, 3): as many frames from the first to the last, evenly spread in time."""
    passing = Passing(frames)
    return np.stack([passing.at(float(where)) for where in np.linspace(0, len(frames) - 1, count)])


def _only(seen: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """More weight where the other frame's counterpart is hidden."""
    return 1.0 + 4.0 * (1.0 - pull(seen, flow))


def _agreement(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    miss = np.linalg.norm(there + pull(back, there), axis=2)
    return cv2.GaussianBlur(np.clip(1.5 - miss / DISAGREE, 0.0, 1.0).astype(np.float32), (0, 0), 1.0)
