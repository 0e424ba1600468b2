"""Curves that pictures can follow: percussion, bass, voice and level, a hundred values a second; and the way between two pictures that percussion goes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.music.separation import BINS, FREQUENCIES, separated

NAMES = ("percussive", "bass", "voice", "level")

BASS, VOICE = (30.0, 160.0), (220.0, 3400.0)
"""Hz."""

MELS, COLOURS = 40, 20
"""Bands in which percussion is sought, and bands of the timbre."""

COARSE = 5
"""Frames of a coarse one: chroma and timbre come twenty times a second."""

LIMIT = 98.0
"""Percentile of what sounds at which a single huge hit is cut."""

FLOOR = 1e-4
"""Of the greatest value: what is below it is no sound when the limit is sought."""


@dataclass(frozen=True)
class Bands:
    """What a song has from moment to moment. curves: name -> (T,) float32 in 0..1 at `PACE`, value k of the moment (k + 0.5) / PACE.

    chroma (C, 12) and timbre (C, COLOURS) float32 at PACE / COARSE: amplitude of pitch classes from C on (harmonic part, 0..1), and decibels of bands.
    """

    curves: dict[str, np.ndarray]
    chroma: np.ndarray
    timbre: np.ndarray


def bands(heard: np.ndarray) -> Bands:
    """The bands of samples (N,) float32 at `spectra.RATE`. Silence has curves of zeros."""
    mel, colours, classes = _mel(MELS, 30.0, 8000.0), _mel(COLOURS, 60.0, 8000.0), _pitch_classes()
    bass, voice = (((limits[0] <= FREQUENCIES) & (limits[1] >= FREQUENCIES)).astype(np.float32) for limits in (BASS, VOICE))
    parts: dict[str, list[np.ndarray]] = {name: [] for name in NAMES}
    chroma, timbre = [], []
    for _, harmonic, percussive in separated(heard):
        whole = harmonic + percussive
        parts["percussive"].append((percussive @ mel).max(axis=1))
        parts["bass"].append(whole @ bass)
        parts["voice"].append(harmonic @ voice)
        parts["level"].append(whole.sum(axis=1))
        chroma.append(harmonic @ classes)
        timbre.append(whole @ colours)
    curves = {name: scaled(np.concatenate(found)) if found else np.zeros(0, np.float32) for name, found in parts.items()}
    return Bands(curves, _chroma(chroma), 10 * np.log10(np.maximum(_coarse(timbre, COLOURS), 1e-10)))


def scaled(energy: np.ndarray) -> np.ndarray:
    """Amplitude (T,) float32 in 0..1 of an energy (T,), 1 being what only single hits pass: soft parts stay visible beside loud ones."""
    if not len(energy) or not energy.max() > 1e-9:
        return np.zeros(len(energy), np.float32)
    sounding = energy[energy > FLOOR * energy.max()]
    return np.asarray(np.sqrt(np.clip(energy / np.percentile(sounding, LIMIT), 0, 1)), np.float32)


def _mel(count: int, low: float, high: float) -> np.ndarray:
    """(BINS, count) float32 triangles of equal width in mel; a band narrower than a bin takes the nearest one."""
    ends = 2595 * np.log10(1 + np.array([low, high]) / 700)
    edges = 700 * (10 ** (np.linspace(ends[0], ends[1], count + 2) / 2595) - 1)
    rising = (FREQUENCIES[:, None] - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - FREQUENCIES[:, None]) / (edges[2:] - edges[1:-1])
    weights = np.clip(np.minimum(rising, falling), 0, None)
    for band in np.flatnonzero(weights.sum(axis=0) < 0.5):
        weights[int(np.argmin(np.abs(FREQUENCIES - edges[band + 1]))), band] = 1.0
    return weights.astype(np.float32)


def _pitch_classes() -> np.ndarray:
    """(BINS, 12) float32: which pitch class a bin belongs to, C first, between 230 Hz, below which bins are wider than semitones, and 2100 Hz."""
    weights = np.zeros((BINS, 12), np.float32)
    for index in np.flatnonzero((FREQUENCIES > 230) & (FREQUENCIES < 2100)):
        pitch = 69 + 12 * np.log2(FREQUENCIES[index] / 440)
        below = int(np.floor(pitch))
        weights[index, below % 12] += 1 - (pitch - below)
        weights[index, (below + 1) % 12] += pitch - below
    return weights


def _coarse(pieces: list[np.ndarray], width: int) -> np.ndarray:
    """(C, width) means over `COARSE` frames of pieces joined."""
    if not pieces:
        return np.zeros((0, width), np.float32)
    joined = np.concatenate(pieces)
    missing = -len(joined) % COARSE
    return np.pad(joined, ((0, missing), (0, 0)), mode="edge").reshape(-1, COARSE, width).mean(axis=1)


def _chroma(pieces: list[np.ndarray]) -> np.ndarray:
    chroma = np.sqrt(_coarse(pieces, 12))
    return (chroma / max(float(chroma.max(initial=0.0)), 1e-4)).astype(np.float32)
