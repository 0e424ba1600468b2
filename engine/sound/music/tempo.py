"""How fast a song goes from moment to moment: repetition of its onsets within windows, and one path through them. Which octave of it is the beat: `octave`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.music.onsets import PACE, Onsets

SLOWEST, FASTEST = 40.0, 240.0
"""Beats a minute between which tempi are sought."""

STEP = 0.015
"""Natural logarithm of the ratio between two periods of the grid: 1.5 per cent."""

SPAN, EVERY = 8.0, 0.5
"""Seconds of a window, and from window to window."""

TEETH = np.array([1.0, 0.8, 0.6, 0.5])
"""Weight of one, two, three and four periods in the comb."""

LEAP, GLIDE = 1.6, 0.05
"""What a leap to any other tempo costs, in the scores of windows (a perfect one has 1), and what each step of the grid costs."""

MIDDLE, WIDTH = 118.0, 0.9
"""Beats a minute and the width (in natural logarithms) of what people call a beat: wide here, because the octave is decided later."""


@dataclass(frozen=True)
class Pace:
    """A tempo over time. times (W,) in seconds, periods (W,) in seconds, scores (W,) in 0..1: how much of the sound repeats itself so."""

    times: np.ndarray
    periods: np.ndarray
    scores: np.ndarray

    @property
    def tempo(self) -> float:
        """The usual tempo in beats a minute."""
        return 60 / float(np.exp(np.average(np.log(self.periods), weights=self.scores + 1e-6)))

    @property
    def steady(self) -> float:
        """0..1: how much of the sound repeats itself, on the mean over what is not silent."""
        sounding = self.scores[self.scores > 0]
        return float(sounding.mean()) if len(sounding) else 0.0

    def scaled(self, factor: float) -> Pace:
        """The same with `factor` as many beats a minute."""
        return Pace(self.times, self.periods / factor, self.scores)

    def at(self, moments: np.ndarray) -> np.ndarray:
        """Periods in seconds at moments (N,) in seconds."""
        return np.exp(np.interp(moments, self.times, np.log(self.periods)))


def periods_of_grid() -> np.ndarray:
    """(P,) periods in seconds, from fast to slow, in equal ratios."""
    count = int(np.log(FASTEST / SLOWEST) / STEP) + 1
    return 60 / FASTEST * np.exp(STEP * np.arange(count))


def evened(curve: np.ndarray, around: float = 0.4, reach: float = 2.5) -> np.ndarray:
    """An onset curve (T,) at `PACE` above its own mean of some `around` seconds, as strong in soft parts as in loud ones (their spread within `reach` seconds is 1)."""
    if not len(curve) or not curve.max() > 0:
        return np.zeros(len(curve), np.float32)
    above = np.maximum(0, curve - _broad(curve, around))
    spread = np.sqrt(np.maximum(0, _broad(above**2, reach)))
    return np.asarray(above / np.maximum(spread, 0.25 * np.sqrt(np.mean(above**2))), np.float32)


def _broad(curve: np.ndarray, seconds: float) -> np.ndarray:
    """A curve under a triangle as wide as a Gaussian of that standard deviation, at a cost that does not grow with it."""
    from scipy.ndimage import uniform_filter1d

    width = max(1, round(seconds * PACE * 6**0.5))
    return uniform_filter1d(uniform_filter1d(curve.astype(np.float64), width, mode="nearest"), width, mode="nearest")


def repetition(curve: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(times (W,) in seconds, scores (W, P) in about 0..1) of an evened curve: autocorrelation under a comb of four periods."""
    from scipy.fft import irfft, next_fast_len, rfft
    from scipy.ndimage import gaussian_filter1d

    periods = periods_of_grid()
    soft = gaussian_filter1d(curve, 0.01 * PACE)
    length = round(SPAN * PACE)
    times = np.arange(0, max(len(curve) / PACE, EVERY), EVERY)
    padded = np.pad(soft, (length // 2, length))
    window = np.hanning(length).astype(np.float32)
    size = next_fast_len(2 * length)
    longest = min(length - 1, int(len(TEETH) * periods[-1] * PACE) + 2)
    overlap = irfft(np.abs(rfft(window, size)) ** 2, size)[: longest + 1]
    begins = np.round(times * PACE).astype(int)
    scores = np.empty((len(times), len(periods)), np.float32)
    lags = periods[:, None] * PACE * np.arange(1, len(TEETH) + 1)  # (P, 4)
    usable = lags < longest - 1
    weights = TEETH * usable
    weights = weights / weights.sum(axis=1, keepdims=True)
    whole = np.where(usable, lags, 0).astype(int)
    part = np.where(usable, lags - whole, 0)
    for start in range(0, len(times), 256):
        frames = np.lib.stride_tricks.sliding_window_view(padded, length)[begins[start : start + 256]]
        mean = (frames * window).sum(axis=1, keepdims=True) / window.sum()
        spectrum = rfft((frames - mean) * window, size, axis=1)
        same = irfft(np.abs(spectrum) ** 2, size, axis=1)[:, : longest + 1] / overlap
        same /= same[:, :1] + 0.02 * float(np.mean(curve**2)) + 1e-9
        scores[start : start + 256] = ((same[:, whole] * (1 - part) + same[:, whole + 1] * part) * weights).sum(axis=2)
    return times, scores


def follow_tempo(onsets: Onsets) -> Pace | None:
    """The path of the tempo through a song, or None where nothing repeats itself."""
    times, scores = repetition(evened(onsets.full))
    periods = periods_of_grid()
    if not scores.max() > 0.02:
        return None
    usual = np.exp(-0.5 * (np.log(periods * MIDDLE / 60) / WIDTH) ** 2)
    path = _best_path(np.maximum(scores, 0) * usual)
    return Pace(times, _between(scores, path, periods), np.clip(scores[np.arange(len(times)), path], 0, 1))


def _best_path(scores: np.ndarray) -> np.ndarray:
    """(W,) columns of (W, P): the sum of their scores less what leaps and glides cost is the greatest (Viterbi)."""
    count, width = scores.shape
    reach = int(LEAP / GLIDE)
    shifts = np.arange(-min(reach, 6), min(reach, 6) + 1)
    came = np.empty((count, width), np.int32)
    total = scores[0].astype(float)
    columns = np.arange(width)
    for row in range(1, count):
        padded = np.pad(total, len(shifts) // 2, constant_values=-np.inf)
        near = np.lib.stride_tricks.sliding_window_view(padded, len(shifts)) - GLIDE * np.abs(shifts)
        best = near.argmax(axis=1)
        value = near[columns, best]
        far = int(total.argmax())
        leaps = total[far] - LEAP > value
        came[row] = np.where(leaps, far, columns + shifts[best])
        total = np.where(leaps, total[far] - LEAP, value) + scores[row]
    path = np.empty(count, int)
    path[-1] = int(total.argmax())
    for row in range(count - 1, 0, -1):
        path[row - 1] = came[row, path[row]]
    return path


def _between(scores: np.ndarray, path: np.ndarray, periods: np.ndarray) -> np.ndarray:
    """(W,) periods, finer than their grid: the top of a parabola through a score and its neighbours."""
    rows, inner = np.arange(len(path)), np.clip(path, 1, len(periods) - 2)
    left, middle, right = (scores[rows, inner + step] for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    part = np.where(bend < -1e-6, np.clip(0.5 * (left - right) / np.where(bend < -1e-6, bend, -1), -0.5, 0.5), 0)
    return np.asarray(periods[inner] * np.exp(STEP * part), float)
