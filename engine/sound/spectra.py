"""Short-time spectra of a voice, a hundred a second, summed into bands as they are made: the memory grows with the bands, not with the spectrum."""

from __future__ import annotations

from math import gcd

import numpy as np

from engine.errors import InvalidInput

RATE = 16_000
"""Rate in Hz at which everything here listens."""

PACE = 100
"""Spectra a second: the k-th is centred at k / PACE seconds."""

HOP = RATE // PACE
WINDOW = 400
FFT = 512
BINS = FFT // 2 + 1
FREQUENCIES = np.arange(BINS) * RATE / FFT

_AT_ONCE = 4096
"""Spectra that are held at once: 4 MB."""


def mono(samples: np.ndarray, rate: int) -> np.ndarray:
    """The samples (N,) or (N, C) as one channel, float32, with what is not a number as silence. Raises `InvalidInput` for another shape or a rate below 1000 Hz."""
    if samples.ndim not in (1, 2) or not 1000 <= rate <= 384_000:
        raise InvalidInput(f"sound of shape {samples.shape} at {rate} Hz cannot be heard", fix="give samples (N,) at 1000 to 384000 Hz")
    one = samples.mean(axis=1) if samples.ndim == 2 else samples
    return np.nan_to_num(one.astype(np.float32, copy=False), nan=0.0, posinf=0.0, neginf=0.0)


def resampled(samples: np.ndarray, rate: int, to: int) -> np.ndarray:
    """The samples (N,) at another rate in Hz: (round(N * to / rate),) float32, band-limited, sample 0 stays where it was."""
    samples = mono(samples, rate)
    count = round(len(samples) * to / rate)
    if rate == to or not count:
        return samples[:count]
    from scipy.signal import resample_poly

    common = gcd(rate, to)
    out = resample_poly(samples, to // common, rate // common).astype(np.float32)
    return np.pad(out, (0, max(0, count - len(out))))[:count]


def banded(samples: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Power in bands: (T, B) float32 of samples (N,) at `RATE`, T = ceil(N / HOP). weights: (BINS, B). A full-scale sine has power 1 in a band of weight 1."""
    count = -(-len(samples) // HOP)
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    # The sum over bins of a windowed sine's squared spectrum, so that the loudness does not depend on the window.
    scale = np.float32(4.0 / (FFT * (window**2).sum()))
    padded = np.pad(samples, (WINDOW // 2, WINDOW))
    out = np.empty((count, weights.shape[1]), np.float32)
    for start in range(0, count, _AT_ONCE):
        stop = min(count, start + _AT_ONCE)
        part = padded[start * HOP : (stop - 1) * HOP + WINDOW]
        frames = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP]
        spectrum = np.fft.rfft(frames * window, FFT).astype(np.complex64)
        out[start:stop] = (spectrum.real**2 + spectrum.imag**2) @ (weights.astype(np.float32) * scale)
    return out


def band(low: float, high: float) -> np.ndarray:
    """(BINS, 1) weights that take the frequencies from low to high Hz."""
    return (np.abs(FREQUENCIES - (low + high) / 2) <= (high - low) / 2).astype(np.float32)[:, None]


def mel_bands(count: int, low: float, high: float) -> np.ndarray:
    """(BINS, count) triangles of equal width in mel (O'Shaughnessy, 1987) between two frequencies in Hz."""
    ends = 2595 * np.log10(1 + np.array([low, high]) / 700)
    edges = 700 * (10 ** (np.linspace(ends[0], ends[1], count + 2) / 2595) - 1)
    below = (FREQUENCIES[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    above = (edges[None, 2:] - FREQUENCIES[:, None]) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(below, above), 0, None).astype(np.float32)


def decibels(power: np.ndarray) -> np.ndarray:
    """Power as dB of full scale, at least -120."""
    return 10 * np.log10(np.maximum(power, 1e-12))


def smooth(curve: np.ndarray, seconds: float) -> np.ndarray:
    """A curve (T, ...) at `PACE` under a Gaussian of so many seconds (its standard deviation); nothing is delayed."""
    from scipy.ndimage import gaussian_filter1d

    return gaussian_filter1d(curve, seconds * PACE, axis=0, mode="nearest") if len(curve) else curve


def at_frames(curve: np.ndarray, fps: float, count: int) -> np.ndarray:
    """A curve (T,) at `PACE` as (count,) float32: the value in the middle of each frame, at (k + 0.5) / fps seconds."""
    if not len(curve):
        return np.zeros(count, np.float32)
    return np.interp((np.arange(count) + 0.5) / fps * PACE, np.arange(len(curve)), curve).astype(np.float32)
