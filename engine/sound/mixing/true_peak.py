"""True peak: the highest point of the wave between the samples, by four times oversampling (ITU-R BS.1770-4, annex 2)."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

OVERSAMPLING = 4

TAPS = 24
"""Taps of each phase; annex 2 shows 12. Twice as many give the points in between within 0.2 dB for waves up to 0.44 of the rate."""

LATENCY = TAPS // 2
"""Samples that a level comes later than its sample."""

_BETA = 5.0
"""Of the Kaiser window: a ripple below 0.05 dB."""


@lru_cache(maxsize=1)
def phases() -> np.ndarray:
    """(3, TAPS) float32: what gives the wave at 1/4, 1/2 and 3/4 between two samples from the 24 samples around. A phase 0 is not needed: it is the sample itself."""
    places = np.arange(TAPS) - (LATENCY - 1)
    distance = places[None] - np.arange(1, OVERSAMPLING)[:, None] / OVERSAMPLING
    taps = np.sinc(distance) * np.i0(_BETA * np.sqrt(np.clip(1 - (distance / LATENCY) ** 2, 0, 1)))
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), np.float32)


@lru_cache(maxsize=1)
def overshoot() -> float:
    """How many times higher than the highest sample the wave in between can be at most."""
    return float(np.abs(phases()).sum(axis=1).max())


class Levels:
    """The highest point of the wave from each sample to the next, over all channels, as a stream that comes `LATENCY` samples late."""

    def __init__(self, channels: int = 2) -> None:
        self._past = np.zeros((TAPS - 1, channels), np.float32)

    def feed(self, block: np.ndarray, floor: float = 0.0) -> np.ndarray:
        """(n,) float32 of (n, C) float32. Where all of a block is certainly below `floor`, only the samples are looked at."""
        from scipy.ndimage import correlate1d

        wave = np.concatenate([self._past, block])
        self._past = wave[len(wave) - (TAPS - 1) :]
        # Row k of `middle` is the sample that output k speaks of.
        middle = _highest(wave[LATENCY - 1 : LATENCY - 1 + len(block)])
        if not len(block) or float(np.abs(wave).max()) * overshoot() <= floor:
            return middle
        for taps in phases():
            between = correlate1d(wave, taps, axis=0, mode="constant")[LATENCY : LATENCY + len(block)]
            np.maximum(middle, _highest(between), out=middle)
        return middle


def _highest(wave: np.ndarray) -> np.ndarray:
    """(n,): the highest amplitude of all channels. Column by column: numpy is slow at rows of two."""
    out = np.abs(wave[:, 0])
    for channel in range(1, wave.shape[1]):
        np.maximum(out, np.abs(wave[:, channel]), out=out)
    return out


class TruePeakMeter:
    """The highest true peak of a stream. Parts that cannot pass what was already found are not oversampled."""

    def __init__(self, channels: int = 2) -> None:
        self._levels, self._channels, self._peak = Levels(channels), channels, 0.0

    def feed(self, block: np.ndarray) -> None:
        """Append samples: (n, C) float32."""
        self._peak = max(self._peak, float(self._levels.feed(block, self._peak).max(initial=0.0)))

    def finish(self) -> float:
        """dBTP of all that was fed; -inf for silence. Nothing may be fed after it."""
        self.feed(np.zeros((LATENCY, self._channels), np.float32))
        return decibels(self._peak)


def true_peak(samples: np.ndarray) -> float:
    """dBTP of samples (N,) or (N, C)."""
    table = (samples if samples.ndim == 2 else samples[:, None]).astype(np.float32)
    meter = TruePeakMeter(table.shape[1])
    meter.feed(table)
    return meter.finish()


def decibels(amplitude: float) -> float:
    """20 log10, -inf for 0."""
    return float(20 * np.log10(amplitude)) if amplitude > 0 else float("-inf")
