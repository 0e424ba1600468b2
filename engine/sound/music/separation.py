"""Harmonic-percussive separation: what lasts in time is harmonic, what is broad in frequency is percussive (Fitzgerald, 2010). In pieces, so that memory stays flat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.sound.spectra import RATE

PACE = 100
"""Spectra a second: the k-th speaks of (k + 0.5) / PACE seconds."""

HOP = RATE // PACE
WINDOW = 1024
BINS = WINDOW // 2 + 1
FREQUENCIES = np.arange(BINS) * RATE / WINDOW

LASTING, BROAD = 19, 17
"""Spectra (0.19 s) and bins (266 Hz) under the two medians."""

_PIECE = 1024
"""Spectra at once: 2 MB each of the few arrays."""


def separated(heard: np.ndarray) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """(which frames, harmonic power (n, BINS), percussive power (n, BINS)) in order, of samples (N,) float32 at `spectra.RATE`; a full-scale sine has power 1 in its bin.

    The two are the power under Wiener masks and add up to it. There are ceil(N / HOP) frames.
    """
    from scipy.ndimage import median_filter

    count = -(-len(heard) // HOP)
    edge = LASTING // 2
    for start in range(0, count, _PIECE):
        stop = min(count, start + _PIECE)
        first, last = start - edge, stop + edge
        power = spectra(heard, first, last)
        size = np.sqrt(power)
        # One-dimensional medians are far quicker: rows or columns are laid end to end, with room between them where they would mix.
        lasting = median_filter(np.ascontiguousarray(size.T).ravel(), LASTING).reshape(BINS, -1).T[edge : edge + stop - start]
        own = size[edge : edge + stop - start]
        spaced = np.pad(own, ((0, 0), (BROAD // 2, BROAD // 2)), mode="reflect")
        broad = median_filter(spaced.ravel(), BROAD).reshape(spaced.shape)[:, BROAD // 2 : BROAD // 2 + BINS]
        harmonic, percussive = lasting**2, broad**2
        share = harmonic / (harmonic + percussive + 1e-16)
        whole = power[edge : edge + stop - start]
        yield slice(start, stop), whole * share, whole * (1 - share)


def spectra(heard: np.ndarray, first: int, last: int) -> np.ndarray:
    """Power (last - first, BINS) float32 of the frames from `first` to before `last`, which may lie outside of the sound (silence)."""
    from scipy.fft import rfft

    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    begin = first * HOP + HOP // 2 - WINDOW // 2
    end = begin + (last - first - 1) * HOP + WINDOW
    part = np.pad(heard[max(0, begin) : max(0, end)], (max(0, -begin), max(0, end - max(len(heard), 0))))[: end - begin]
    frames = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP] * window
    spectrum = rfft(frames, axis=1)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, np.float32)
