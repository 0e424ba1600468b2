"""Where a clip is cut: hard cuts found while the frames stream by.

A cut is a frame none of whose parts can be found again near their place in the frame before (normalised correlation of blocks on a small copy), between two
neighbours that do match their own side. Flashes are told apart because what was before comes back, fast pans and things that rush by because their
blocks are found a little further on, or because the frames beside do not match either. Fades and dissolves are not cut: a long one is one shot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

import cv2
import numpy as np

SMALL = (80, 48)
"""Width and height of the copy on which frames are compared."""

BLOCK = (16, 12)
"""Width and height of a block of it; there are 5 by 4."""

NEAR, REACH = (5, 4), (20, 10)
"""How far a block is looked for: first nearby, which is enough in most shots and ten times quicker, then up to a quarter of the picture's width, a fifth of its height."""

CALM = 4.0
"""Mean change of the small copy, in 8-bit Lab units, up to which no cut is looked for: cuts between shots of any likeness change more."""

PEAK = 1.3
"""How many times more than the frames beside it a cut changes the picture; wild motion changes it for long."""

MATCHED = 0.75
"""Median correlation of blocks from which two pictures show the same: 0.83 and more within shots with fast motion, 0.4 to 0.7 between different ones."""

PLAIN = 2.5
"""Standard deviation in grey levels below which a block has nothing to be recognised by."""

FLASH = 4
"""Frames for which a disturbance may last without being a cut."""


class ShotFinder:
    """Finds cuts while frames are fed in order; holds a few small copies only."""

    def __init__(self) -> None:
        self._small: deque[np.ndarray] = deque(maxlen=2 * FLASH + 2)
        self._change: deque[float] = deque(maxlen=2 * FLASH + 2)
        self._count = 0
        self._cuts: list[int] = []
        self._waiting: list[int] = []

    def feed(self, frame: np.ndarray) -> None:
        """The next frame, (H, W, 3) uint8 sRGB."""
        step = max(1, min(frame.shape[0] // (2 * SMALL[1]), frame.shape[1] // (2 * SMALL[0])))  # averaging all of a large frame takes longer than the rest
        small = cv2.cvtColor(cv2.resize(frame[::step, ::step], SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2LAB)
        change = float(cv2.absdiff(small, self._small[-1]).mean()) if self._small else 0.0
        self._small.append(small)
        self._change.append(change)
        if change > CALM:
            self._waiting.append(self._count)
        self._count += 1
        while self._waiting and self._count - self._waiting[0] > FLASH:
            self._decide(self._waiting.pop(0))

    def shots(self) -> list[tuple[int, int]]:
        """Inclusive ranges of frames of the shots so far; [] before the first frame."""
        while self._waiting:
            self._decide(self._waiting.pop(0))
        starts = [0, *self._cuts]
        return [(first, after - 1) for first, after in zip(starts, [*self._cuts, self._count], strict=True)] if self._count else []

    def _decide(self, at: int) -> None:
        """Whether a shot begins at frame `at`."""
        first = self._count - len(self._small)
        where = at - first  # its place among the copies that are held
        last = len(self._small) - 1
        beside = [self._change[k] for k in range(max(1, where - 2), min(last, where + 2) + 1) if k != where]
        if (self._cuts and at - self._cuts[-1] < 2) or (beside and self._change[where] < PEAK * float(np.median(beside))):
            return
        if self._alike(where - 1, where) or (where > 1 and not self._alike(where - 2, where - 1)) or (where < last and not self._alike(where, where + 1)):
            return
        start = max(0, where - FLASH, (self._cuts[-1] if self._cuts else 0) - first)
        before = sorted({where - 1, (where - 1 + start) // 2, start}, reverse=True)
        after = sorted({where, min(where + FLASH // 2, last), min(where + FLASH, last)})
        if not any(self._alike(i, j) for i in before for j in after):
            self._cuts.append(at)

    def _alike(self, i: int, j: int) -> bool:
        one, other = self._small[i], self._small[j]
        change = self._change[j] if j == i + 1 else float(cv2.absdiff(one, other).mean())
        return change <= CALM or match(one, other) >= MATCHED


def match(one: np.ndarray, other: np.ndarray) -> float:
    """How much of two small copies, (h, w, 3) uint8 Lab, shows the same: the median over blocks of the best correlation near their place, the worse of both
    directions, -1..1. Where there is nothing to correlate, 1 if the colours agree, else 0."""
    known: list[float] = []
    for reach in (NEAR, REACH):
        scores = [_found(one[..., 0], other[..., 0], reach), _found(other[..., 0], one[..., 0], reach)]
        known = [score for score in scores if score is not None]
        if known and min(known) >= MATCHED:
            break
    if known:
        return min(known)
    return 1.0 if float(np.abs(one.reshape(-1, 3).mean(0) - other.reshape(-1, 3).mean(0)).max()) < 12.0 else 0.0


def _found(picture: np.ndarray, wanted: np.ndarray, reach: tuple[int, int]) -> float | None:
    """Median best correlation of the blocks of `wanted` in `picture`; None when hardly any block has texture."""
    (width, height), (across, down) = BLOCK, reach
    around = cv2.copyMakeBorder(picture, down, down, across, across, cv2.BORDER_REFLECT)
    scores = []
    for y in range(0, SMALL[1], height):
        for x in range(0, SMALL[0], width):
            block = wanted[y : y + height, x : x + width]
            if block.std() >= PLAIN:
                found = cv2.matchTemplate(around[y : y + height + 2 * down, x : x + width + 2 * across], block, cv2.TM_CCOEFF_NORMED)
                scores.append(float(np.nan_to_num(found, nan=0.0, posinf=0.0, neginf=0.0).clip(-1, 1).max()))
    return float(np.median(scores)) if len(scores) >= 4 else None


def shots_of(frames: Iterable[np.ndarray]) -> list[tuple[int, int]]:
    """The shots of a clip, frames (H, W, 3) uint8 in order: inclusive ranges [first, last]."""
    finder = ShotFinder()
    for frame in frames:
        finder.feed(frame)
    return finder.shots()
