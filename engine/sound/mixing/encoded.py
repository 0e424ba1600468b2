"""True peaks of a sound after AAC, block by block: where a codec raises them above what is allowed, the mix must be lower."""

from __future__ import annotations

import numpy as np

from engine.media.sound_echo import AacEcho
from engine.sound.mixing.cues import RATE
from engine.sound.mixing.true_peak import LATENCY, Levels

_LATE = 1024 + LATENCY
"""Samples that levels come later than what they speak of: AAC's own delay and the oversampling."""


class EncodedPeaks:
    """Fed with the mix in blocks of any size; `finish` gives the highest true peak of each `size` samples. `floor`: amplitude below which peaks need not be exact."""

    def __init__(self, size: int, floor: float) -> None:
        self._echo, self._levels = AacEcho(RATE), Levels(2)
        self._size, self._floor, self._at = size, floor, -_LATE
        self._peaks: dict[int, float] = {}

    def feed(self, block: np.ndarray) -> None:
        """Append (n, 2) float32."""
        self._take(self._echo.feed(block))

    def finish(self, count: int) -> np.ndarray:
        """(count,) amplitudes. Nothing may be fed after it."""
        self._take(self._echo.finish())
        self._take(np.zeros((LATENCY, 2), np.float32))
        out = np.zeros(count)
        for number, peak in self._peaks.items():
            # What rings before the begin or after the end belongs to the nearest block.
            place = min(max(number, 0), count - 1)
            out[place] = max(out[place], peak)
        return out

    def _take(self, heard: np.ndarray) -> None:
        levels = self._levels.feed(heard, self._floor)
        while len(levels):
            number, offset = divmod(self._at, self._size)
            part, levels = levels[: self._size - offset], levels[self._size - offset :]
            self._peaks[number] = max(self._peaks.get(number, 0.0), float(part.max()))
            self._at += len(part)
