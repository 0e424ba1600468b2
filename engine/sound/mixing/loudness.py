"""Loudness as people hear it: K-weighting, gates, loudness range (ITU-R BS.1770-4, 2015; EBU R 128; EBU Tech 3341 and 3342). Peaks are in `true_peak`."""

from __future__ import annotations

from array import array
from functools import lru_cache

import numpy as np

STEP = 0.1
"""Seconds between gating blocks of 0.4 s: 75 % overlap."""

PER_BLOCK, PER_SHORT = 4, 30
"""Steps in a gating block (0.4 s, momentary) and in a short-term window (3 s)."""

ABSOLUTE_GATE = -70.0
"""LUFS below which nothing counts."""

RELATIVE_GATE, RANGE_GATE = -10.0, -20.0
"""LU below the mean of what is left: of integrated loudness, of loudness range."""

RANGE_PERCENTILES = (10.0, 95.0)

OFFSET = -0.691
"""dB: BS.1770's constant, with which a sine of 997 Hz, full scale in one channel, has -3.01 LUFS."""

WEIGHTS = {1: (1.0,), 2: (1.0, 1.0), 5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
"""Channels -> weight of each in the order L R C (LFE) Ls Rs."""

_TABLE_RATE = 48_000
_TABLE = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621)),
)
"""BS.1770-4, tables 1 and 2: the head's shelf and the RLB high-pass at 48 kHz."""


@lru_cache(maxsize=8)
def weighting(rate: int) -> np.ndarray:
    """(2, 6) float64: the K-weighting at a rate in Hz as second-order sections.

    The standard gives coefficients for 48 kHz alone. Each section is taken back to the analogue one that a bilinear transform, exact at the section's own frequency,
    would have made it from, and forward again at the wanted rate. At 48 kHz the table comes back.
    """
    return np.array([_at_rate(np.array(above), np.array(below), rate) for above, below in _TABLE])


def _at_rate(above: np.ndarray, below: np.ndarray, rate: int) -> np.ndarray:
    """A section of the table at another rate: numerator and denominator, (6,)."""
    # With s = (1 - 1/z) / (1 + 1/z) and k = tan(pi f0 / rate): denominator s^2 + k s / q + k^2, numerator high s^2 + middle k s + low k^2, both over 1 + k / q + k^2.
    total, other = below.sum(), below[0] - below[1] + below[2]
    k = np.sqrt(total / other)
    damping = 2 * (below[0] - below[2]) / other / k
    high, middle, low = (above[0] - above[1] + above[2]) / other, 2 * (above[0] - above[2]) / other / k, above.sum() / total
    k = np.tan(np.arctan(k) * _TABLE_RATE / rate)
    scale = 1 + damping * k + k * k
    numerator = [high + middle * k + low * k * k, 2 * (low * k * k - high), high - middle * k + low * k * k]
    return np.array([*numerator, scale, 2 * (k * k - 1), 1 - damping * k + k * k]) / scale


class Energies:
    """Weighted energy of a stream in steps: the mean square of all channels after K-weighting, summed with their weights. What ends in the middle of a step is left out.

    rate: Hz; channels: 1, 2, 5 or 6; step: seconds. The memory is 8 bytes a step.
    """

    def __init__(self, rate: int, channels: int = 2, step: float = STEP) -> None:
        if channels not in WEIGHTS:
            raise ValueError(f"loudness is defined for {', '.join(map(str, WEIGHTS))} channels, not {channels}")
        self._sections, self._weights = weighting(rate), np.array(WEIGHTS[channels])
        self._state = np.zeros((2, 2, channels))
        self._size = round(rate * step)
        self._held, self._sum = 0, 0.0
        self._means = array("d")

    def feed(self, block: np.ndarray) -> None:
        """Append samples: (n, C) float, or (n,) when there is one channel."""
        from scipy.signal import sosfilt

        if not len(block):
            return
        heard, self._state = sosfilt(self._sections, (block[:, None] if block.ndim == 1 else block).astype(np.float64), axis=0, zi=self._state)
        # Without this the filter's tail becomes denormal numbers in silence, which are slow.
        self._state[np.abs(self._state) < 1e-30] = 0.0
        power = np.square(heard) @ self._weights
        first = self._size - self._held
        if len(power) < first:
            self._sum, self._held = self._sum + float(power.sum()), self._held + len(power)
            return
        self._means.append((self._sum + float(power[:first].sum())) / self._size)
        whole = (len(power) - first) // self._size
        rest = power[first + whole * self._size :]
        self._means.extend(power[first : first + whole * self._size].reshape(whole, self._size).mean(axis=1).tolist())
        self._held, self._sum = len(rest), float(rest.sum())

    @property
    def means(self) -> np.ndarray:
        """(T,) float64: one value a step."""
        return np.array(self._means, np.float64)


class LoudnessMeter:
    """A meter that is fed block by block and can be read at any time. Values are in LUFS, -inf when there is nothing to measure."""

    def __init__(self, rate: int, channels: int = 2) -> None:
        self._energies = Energies(rate, channels)

    def feed(self, block: np.ndarray) -> None:
        """Append samples: (n, C) float in -1..1."""
        self._energies.feed(block)

    @property
    def integrated(self) -> float:
        """Programme loudness of all that was fed."""
        return integrated(self._energies.means)

    @property
    def momentary(self) -> np.ndarray:
        """(T,): windows of 0.4 s, ten a second, the first one ends at 0.4 s."""
        return lufs(windows(self._energies.means, PER_BLOCK))

    @property
    def short_term(self) -> np.ndarray:
        """(T,): windows of 3 s, ten a second, the first one ends at 3 s."""
        return lufs(windows(self._energies.means, PER_SHORT))

    @property
    def range(self) -> float:
        """Loudness range in LU (EBU Tech 3342)."""
        return loudness_range(self._energies.means)


def measured(samples: np.ndarray, rate: int) -> float:
    """Integrated loudness of samples (N,) or (N, C) in LUFS."""
    meter = LoudnessMeter(rate, 1 if samples.ndim == 1 else samples.shape[1])
    meter.feed(samples)
    return meter.integrated


def lufs(energy: np.ndarray) -> np.ndarray:
    """Weighted energy as LUFS."""
    with np.errstate(divide="ignore"):
        return np.asarray(OFFSET + 10 * np.log10(energy))


def windows(energies: np.ndarray, count: int) -> np.ndarray:
    """(T - count + 1,) means over `count` steps each; none when there are fewer steps."""
    if len(energies) < count:
        return np.zeros(0)
    return np.lib.stride_tricks.sliding_window_view(energies, count).mean(axis=1)


def integrated(energies: np.ndarray) -> float:
    """LUFS of energies (T,) in steps of 0.1 s: the mean of gating blocks above both gates (BS.1770-4, equations 4 to 7); -inf when none is above -70."""
    return float(lufs(np.array(_gated_mean(windows(energies, PER_BLOCK), RELATIVE_GATE))))


def loudness_range(energies: np.ndarray) -> float:
    """LU between the quiet and the loud tenth of short-term loudness, gated; 0 for less than 3 s or silence."""
    short = windows(energies, PER_SHORT)
    gate = float(lufs(np.array(_mean(short[lufs(short) > ABSOLUTE_GATE]))))
    kept = np.sort(lufs(short[lufs(short) > max(ABSOLUTE_GATE, gate + RANGE_GATE)])) if len(short) else short
    if not len(kept):
        return 0.0
    low, high = (kept[round((len(kept) - 1) * part / 100)] for part in RANGE_PERCENTILES)
    return float(high - low)


def _gated_mean(blocks: np.ndarray, relative: float) -> float:
    loud = blocks[lufs(blocks) > ABSOLUTE_GATE]
    return _mean(loud[lufs(loud) > float(lufs(np.array(_mean(loud)))) + relative])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
