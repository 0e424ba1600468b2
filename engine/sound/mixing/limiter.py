"""A limiter that looks ahead: true peaks stay below a ceiling, both channels turned down together, by a gain so smooth that it is not heard as distortion.

Where nothing comes near the ceiling the samples pass unchanged, to the bit.
"""

from __future__ import annotations

import numpy as np

from engine.sound.mixing.cues import RATE
from engine.sound.mixing.true_peak import LATENCY, Levels

HALF = round(0.0025 * RATE)
"""Samples: half of the way down. The gain begins to fall two halves (5 ms) before a peak and is down when it comes."""

HOLD = round(0.02 * RATE)
"""Samples that the gain stays down: longer than half a period of 30 Hz, so that it does not ripple within a bass note."""

RECOVERY = 120.0
"""dB a second that the gain comes up again at most."""

DELAY = LATENCY + 2 * HALF
"""Samples that the output comes late."""


class Limiter:
    """ceiling: dBTP of the output, which may be set anew between blocks. Blocks (n, 2) float32 go in; as many samples come out, `DELAY` later; `finish` gives the
    rest, and the begin is left out."""

    def __init__(self, ceiling: float) -> None:
        self.ceiling = ceiling
        self._levels = Levels(2)
        self._waiting = np.zeros((DELAY, 2), np.float32)
        # dB that were needed, and that are allowed, so far.
        self._needed = np.zeros(HOLD + HALF, np.float32)
        self._allowed = np.zeros(2 * HALF, np.float32)
        window = np.hanning(2 * HALF + 3)[1:-1]
        self._window = (window / window.sum()).astype(np.float32)
        self._owed = DELAY
        self.deepest = 0.0

    def feed(self, block: np.ndarray) -> np.ndarray:
        """What can be told of the output now: (m, 2) float32, m = n but at the begin."""
        out = self._turned(np.asarray(block, np.float32))
        late = min(self._owed, len(out))
        self._owed -= late
        return out[late:]

    def finish(self) -> np.ndarray:
        """The rest of the output: altogether as many samples come out as went in. Nothing may be fed after it."""
        return self.feed(np.zeros((DELAY, 2), np.float32))

    def _turned(self, block: np.ndarray) -> np.ndarray:
        from scipy.ndimage import minimum_filter1d

        count = len(block)
        waiting = np.concatenate([self._waiting, block])
        self._waiting = waiting[count:]
        out = waiting[:count]
        peaks = self._levels.feed(block, 10 ** (self.ceiling / 20))
        need = np.minimum(self.ceiling - 20 * np.log10(np.maximum(peaks, 1e-9)), 0.0).astype(np.float32)
        needed = np.concatenate([self._needed, need])
        self._needed = needed[count:]
        if not needed.any() and not self._allowed.any():
            return out
        # The least of `HOLD` samples before and `HALF` after; scipy centres its window.
        size = HOLD + HALF + 1
        least = minimum_filter1d(needed, size)[size // 2 :][:count]
        allowed = np.concatenate([self._allowed, recovering(least, float(self._allowed[-1]), RECOVERY / RATE)])
        self._allowed = allowed[count:]
        gain = np.convolve(allowed, self._window, "valid")
        self.deepest = min(self.deepest, float(gain.min(initial=0.0)))
        return np.asarray(out * np.exp(gain * np.float32(np.log(10) / 20))[:, None], np.float32)


def recovering(least: np.ndarray, last: float, rise: float) -> np.ndarray:
    """The highest curve (n,) below `least` (dB) that comes up by at most `rise` a step, after a value `last`."""
    # With the slope taken out, coming up at most so much is never coming up: a running minimum.
    slope = np.arange(1, len(least) + 1) * rise
    return np.asarray(np.minimum(np.minimum.accumulate(least - slope), last) + slope, np.float32)
