"""Sound on a ring: noise, slow curves and thousands of grains whose end runs into their begin, so that a bed loops without any seam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RATE = 48_000
"""Samples a second of everything in the bank."""

LOWEST = 22.0
"""Hz below which nothing is made: nobody hears it, and it eats headroom."""

_COARSE = 64
"""Samples between two points of a slow curve."""

Points = Sequence[tuple[float, float]]
"""A spectrum as it would be drawn on paper: (Hz, dB) from low to high; beyond its ends it falls by `FALL`."""

FALL = 12.0
"""dB an octave."""


def drawn(hertz: np.ndarray, points: Points) -> np.ndarray:
    """The gains (F,) of a drawn spectrum at frequencies (F,), straight over the logarithm of the frequency; zero below `LOWEST`."""
    at, decibels = np.array(points, np.float64).T
    octaves, ends = np.log2(np.maximum(hertz, 1.0)), np.log2(at)
    beyond = np.maximum(ends[0] - octaves, 0) + np.maximum(octaves - ends[-1], 0)
    gain = 10 ** ((np.interp(octaves, ends, decibels) - FALL * beyond) / 20)
    return np.where(hertz < LOWEST, 0.0, gain).astype(np.float32)


def noise(rng: np.random.Generator, count: int, points: Points, width: float = 1.0) -> np.ndarray:
    """(count, 2) float32 Gaussian noise of a drawn spectrum on a ring, RMS 1. width: 0 the same left and right, 1 independent."""
    return shades(rng, count, [points], width)[0]


def shades(rng: np.random.Generator, count: int, spectra: Sequence[Points], width: float = 1.0) -> list[np.ndarray]:
    """As `noise`, one for each drawn spectrum, all from one throw of the dice: bands of the same air, at a third of the cost."""
    from scipy.fft import irfft

    bins = count // 2 + 1
    hertz = np.arange(bins) * (RATE / count)
    parts = rng.standard_normal((2, 2, bins), np.float32)
    thrown = parts[0] + 1j * parts[1]
    out = []
    for points in spectra:
        both = irfft(thrown * drawn(hertz, points), n=count, axis=1).astype(np.float32)
        both[1] = width * both[1] + np.sqrt(1 - width**2) * both[0]
        both /= np.sqrt((both**2).mean(axis=1, keepdims=True)) + 1e-12
        out.append(both.T)
    return out


def drift(rng: np.random.Generator, count: int, seconds: float, low: float = 0.0, high: float = 1.0) -> np.ndarray:
    """(count,) float32: a smooth random curve on a ring that turns about every so many seconds, spread evenly between low and high."""
    from scipy.fft import irfft, rfft
    from scipy.special import ndtr

    length = max(8, count // _COARSE)
    points = min(length, max(4, round(count / RATE / seconds)))
    spectrum = np.zeros(length // 2 + 1, np.complex128)
    own = rfft(rng.standard_normal(points))
    spectrum[: len(own)] = own
    spectrum[0] = 0.0
    curve = irfft(spectrum, n=length)
    even = low + (high - low) * ndtr(curve / (curve.std() + 1e-12))
    return np.interp(np.arange(count) * (length / count), np.arange(length + 1), np.append(even, even[0])).astype(np.float32)


def closed(hertz: np.ndarray) -> np.ndarray:
    """The phase (N,) in radians of a tone of so many Hz (N,), bent by less than a turn over the ring so that it ends where it began."""
    turns = np.cumsum(hertz.astype(np.float64)) / RATE
    whole = max(1.0, round(float(turns[-1])))
    return 2 * np.pi * turns * (whole / turns[-1])


def whistled(rng: np.random.Generator, hertz: np.ndarray, breadth: float) -> np.ndarray:
    """(N,) float32, RMS about 1: noise of a bandwidth of so many Hz around a frequency (N,) that wanders: wind in a chimney."""
    real, imaginary = (drift(rng, len(hertz), 1.0 / breadth, -1.7, 1.7) for _ in range(2))
    phase = closed(hertz)
    return (real * np.cos(phase) - imaginary * np.sin(phase)).astype(np.float32)


def moments(rng: np.random.Generator, count: int, rate: float, density: np.ndarray | None = None) -> np.ndarray:
    """Samples (K,) in order at which something happens by chance, `rate` times a second (Poisson). density: (count,) in 0..1, how likely it is when."""
    many = rng.poisson(rate * count / RATE)
    at = np.sort(rng.integers(0, count, many))
    return at if density is None else at[rng.random(many) < density[at]]


def every(rng: np.random.Generator, count: int, seconds: float, loose: float = 0.0) -> np.ndarray:
    """Samples (K,) of a steady beat about every so many seconds that closes on the ring; `loose` shakes each by this share of a beat (normal)."""
    many = max(1, round(count / RATE / seconds))
    at = (np.arange(many) + loose * rng.standard_normal(many)) * (count / many)
    return np.round(at).astype(int) % count


def scatter(count: int, at: np.ndarray, grains: Sequence[np.ndarray], gains: np.ndarray, pans: np.ndarray) -> np.ndarray:
    """(count, 2) float32: grains (mono, any lengths below `count`) begun at samples `at` on the ring, grain k % len(grains) for the k-th.

    gains: amplitudes (K,); pans: -1 left to 1 right (K,), of constant power.
    """
    longest = max((len(grain) for grain in grains), default=0)
    out = np.zeros((2, count + longest), np.float32)
    left, right = (gains * np.cos((pans + 1) * np.pi / 4)).astype(np.float32), (gains * np.sin((pans + 1) * np.pi / 4)).astype(np.float32)
    for k, start in enumerate(at.tolist()):
        grain = grains[k % len(grains)]
        out[0, start : start + len(grain)] += left[k] * grain
        out[1, start : start + len(grain)] += right[k] * grain
    # What rings past the end is heard at the begin.
    out[:, :longest] += out[:, count:]
    return out[:, :count].T


def loudnesses(rng: np.random.Generator, many: int, spread: float = 6.0) -> np.ndarray:
    """Amplitudes (many,) around 1 that differ by so many dB (normal), as near and far things do."""
    return np.asarray(10 ** (np.clip(rng.standard_normal(many), -3, 2) * spread / 20))


def swells(count: int, at: np.ndarray, rise: np.ndarray, fall: np.ndarray, gains: np.ndarray) -> np.ndarray:
    """(count,) float32: soft bumps on a ring with their tops at samples `at` (K,), that grow and die away within so many seconds (K,)."""
    out = np.zeros(count, np.float32)
    for start, up, down, gain in zip(at.tolist(), rise, fall, gains, strict=True):
        before, after = int(up * RATE), int(down * RATE)
        shape = np.concatenate([np.sin(np.linspace(0, np.pi / 2, before, endpoint=False)) ** 2, np.exp(-4.0 * np.linspace(0, 1, after)) * np.cos(np.linspace(0, np.pi / 2, after)) ** 0.5])
        places = (start - before + np.arange(len(shape))) % count
        np.add.at(out, places, (gain * shape).astype(np.float32))
    return out
