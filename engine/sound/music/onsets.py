"""Where sounds begin: one curve of onsets on a fine grid, and the exact moment of a single onset. Nothing is late: what windows shift is taken back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.spectra import RATE

PACE = 200
"""Values of an onset curve a second: the k-th speaks of k / PACE seconds."""

HOP = RATE // PACE
WINDOW = 640
"""Samples (40 ms): long enough to part bass notes, short enough for sixteenths."""

BANDS = 36
LOW, HIGH = 220.0, 3000.0
"""Hz: below lie kick and bass, above hats and the noise of snares."""

LAG = 2
"""Frames between the two spectra that are compared: 10 ms."""

EARLY = 0.0152
"""Seconds by which a click shows before it comes, because windows touch it before they are centred on it; measured at four rates, 14.1 in noise to 16.4 ms in silence."""

LOUDNESS, PUNCH = 300.0, 6.0
"""Factors before the logarithm, for spectra whose loud bands are 1: what is 50 dB below them still counts, and of the lows only what is loud."""

SILENT = 1e-5
"""Magnitude, of a full-scale sine 1, under which a whole recording is silence."""

FINE, FINE_HOP, FINE_EARLY = 160, 16, 0.0029
"""Samples of the window and of the step that find an onset's moment (10 ms and 1 ms), and the seconds by which that is early."""

NEAR = 0.03
"""Seconds around a guess in which its onset is sought."""

_AT_ONCE = 4096


@dataclass(frozen=True)
class Onsets:
    """Curves (T,) float32 at `PACE`, none negative, in units of the whole curve's own spread. full: everything; low: kick and bass; middle; high: hats and hiss."""

    full: np.ndarray
    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray
    level: np.ndarray
    """(T,) loudness in dB of full scale, at least -120."""

    def __len__(self) -> int:
        return len(self.full)

    @property
    def seconds(self) -> float:
        return len(self.full) / PACE


def onset_curves(heard: np.ndarray) -> Onsets:
    """The onsets of samples (N,) float32 at `spectra.RATE`: rises of log-magnitude in bands (Klapuri, 1999) against the loudest of the neighbouring bands before.

    That maximum keeps vibrato from counting as an onset (SuperFlux: Boeck and Widmer, 2013). Silence gives curves of zeros.
    """
    from scipy.ndimage import maximum_filter1d

    bands, level = _bands(heard)
    loud = float(np.percentile(bands.max(axis=1), 95)) if len(bands) else 0.0
    if loud < SILENT:
        none = np.zeros(len(bands), np.float32)
        return Onsets(none, none, none, none, level)
    logs = np.log1p(bands * np.float32(LOUDNESS / loud))
    rises = np.zeros_like(logs)
    rises[LAG:] = np.maximum(0, logs[LAG:] - maximum_filter1d(logs, 3, axis=1)[:-LAG])
    centres = band_centres()
    parts = [rises[:, chosen].mean(axis=1) for chosen in (centres > 0, (centres >= LOW) & (centres < HIGH), centres >= HIGH)]
    lows = np.log1p(bands[:, centres < LOW] * np.float32(PUNCH / max(float(np.percentile(bands[:, centres < LOW].max(axis=1), 98)), SILENT)))
    parts.insert(1, np.pad(np.maximum(0, lows[LAG + 1 :] - lows[: -LAG - 1]).mean(axis=1), (LAG + 1, 0))[: len(bands)])
    shift = (EARLY - 0.5 * LAG / PACE) * PACE
    places = np.arange(len(bands)) - shift
    parts = [np.interp(places, np.arange(len(bands)), part) for part in parts]
    # One unit for all four, so that they can be compared: the spread of the whole.
    unit = float(np.sqrt(np.mean(parts[0] ** 2))) + 1e-9
    full, low, middle, high = (np.asarray(part / unit, np.float32) for part in parts)
    return Onsets(full, low, middle, high, level)


def band_centres() -> np.ndarray:
    """(BANDS,) middle frequencies in Hz: even in mel up to 8 kHz."""
    return _edges()[1:-1]


def _edges() -> np.ndarray:
    top = 2595 * np.log10(1 + RATE / 2 / 700)
    return 700 * (10 ** (np.linspace(30.0, top, BANDS + 2) / 2595) - 1)


def _triangles(bins: int) -> np.ndarray:
    """(bins, BANDS) float32: each column's weights sum to 1; a band narrower than a bin takes the nearest bin."""
    edges, at = _edges(), np.arange(bins) * RATE / 2 / (bins - 1)
    rising = (at[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - at[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0, None)
    for band, centre in enumerate(edges[1:-1]):
        if weights[:, band].sum() < 0.5:
            weights[int(np.argmin(np.abs(at - centre))), band] += 0.5
    return (weights / weights.sum(axis=0)).astype(np.float32)


def _bands(heard: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((T, BANDS) mean magnitudes, (T,) level in dB): a full-scale sine has magnitude 1 in its bin."""
    from scipy.fft import rfft

    count = -(-len(heard) // HOP)
    window = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    triangles = _triangles(WINDOW // 2 + 1)
    padded = np.pad(heard, (WINDOW // 2, WINDOW))
    bands, power = np.empty((count, BANDS), np.float32), np.empty(count, np.float32)
    for start in range(0, count, _AT_ONCE):
        stop = min(count, start + _AT_ONCE)
        part = padded[start * HOP : (stop - 1) * HOP + WINDOW]
        frames = np.lib.stride_tricks.sliding_window_view(part, WINDOW)[::HOP] * window
        power[start:stop] = np.einsum("ij,ij->i", frames, frames)
        bands[start:stop] = np.abs(rfft(frames, axis=1)) @ triangles
    # The power of a full-scale sine is 1, whatever the window.
    return bands, 10 * np.log10(np.maximum(power * np.float32(2 / (window**2).sum()), 1e-12))


def exact(heard: np.ndarray, guesses: np.ndarray, near: float = NEAR) -> tuple[np.ndarray, np.ndarray]:
    """The moments of the onsets nearest to guesses (B,) in seconds: (moments (B,) in seconds, strengths (B,) in 0..1).

    The log-spectra of 10 ms windows, one a millisecond, are compared over 6 ms; a strength of 0 means that nothing begins there and the moment is the guess.
    """
    from scipy.fft import rfft

    if not len(guesses) or not len(heard):
        return np.array(guesses, float), np.zeros(len(guesses))
    lag = 6
    reach = round(near * RATE / FINE_HOP)
    count = 2 * reach + 1 + lag
    length = (count - 1) * FINE_HOP + FINE
    window = np.hanning(FINE + 1)[:-1].astype(np.float32)
    window *= 2 / window.sum()
    moments, strengths = np.array(guesses, float), np.zeros(len(guesses))
    centres = np.round(moments * RATE).astype(int)
    ahead = (reach + lag // 2) * FINE_HOP + FINE // 2
    padded = np.pad(heard, (ahead, length))
    floor = float(np.abs(heard).max()) * 1e-3 + 1e-7
    weight = np.exp(-0.5 * ((np.arange(2 * reach + 1) - reach) / (0.6 * reach)) ** 2)
    for start in range(0, len(guesses), 64):
        begins = np.clip(centres[start : start + 64], 0, len(heard))
        frames = np.lib.stride_tricks.sliding_window_view(padded, FINE)[begins[:, None] + FINE_HOP * np.arange(count)] * window
        logs = np.log(np.abs(rfft(frames, axis=2))[:, :, 1:] + floor)
        rises = np.maximum(0, logs[:, lag:] - logs[:, :-lag]).mean(axis=2)  # (64, 2 * reach + 1)
        ground = np.median(rises, axis=1, keepdims=True)
        scored = (rises - ground) * weight
        best = scored.argmax(axis=1)
        rows = np.arange(len(begins))
        inner = np.clip(best, 1, scored.shape[1] - 2)
        left, middle, right = scored[rows, inner - 1], scored[rows, inner], scored[rows, inner + 1]
        bend = left - 2 * middle + right
        part = np.where(bend < -1e-9, np.clip(0.5 * (left - right) / np.where(bend < -1e-9, bend, -1.0), -0.5, 0.5), 0.0)
        height = rises[rows, best] - ground[:, 0]
        found = height > 0.15
        moved = begins / RATE + (inner + part - reach) * FINE_HOP / RATE + FINE_EARLY
        moments[start : start + 64] = np.where(found, moved, moments[start : start + 64])
        strengths[start : start + 64] = np.where(found, np.clip(height / 1.5, 0, 1), 0.0)
    return moments, strengths
