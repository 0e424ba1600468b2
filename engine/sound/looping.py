"""Where a piece of music can go back without a stumble: two downbeats around which it sounds alike, matched to the sample.

As in video textures (Schodl et al., 2000) for sound: the best jump is where what was just heard, and what would have come, are nearest to those at the place jumped to.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.settings import Settings
from engine.sound.bank.rings import RATE
from engine.sound.music.grid import BeatGrid, listen
from engine.sound.spectra import PACE, banded, decibels, mel_bands, resampled
from engine.sound.spectra import RATE as HEARD_AT

BANDS = 40

FADE = 0.06
"""Seconds of the cross-fade at the jump, less than a beat: an onset stays one onset."""

LEAST = 6.0
"""Seconds of the shortest loop."""

PHRASES = ((4, 2.5), (2, 1.2), (1, 0.0))
"""Bars of which a loop may be a multiple, with its worth in dB of likeness: phrases are of four bars."""

LONGER = 0.06
"""dB that a second more of the loop is worth."""

SHIFT = 0.03
"""Seconds by which a jump is moved so that the waves fit."""

FIRM = 0.15
"""Confidence of the beat from which bars are believed; else jumps are sought every quarter of a second."""


@dataclass(frozen=True)
class Loop:
    """Play up to sample `end`, go on at `begin`; the `fade` samples before both are mixed. likeness: dB by which what is around them differs (0 the same)."""

    begin: int
    end: int
    fade: int
    likeness: float


def loop_of(path: Path, samples: np.ndarray, settings: Settings) -> Loop:
    """The best loop of a piece, samples (N, 2) at `RATE`. A piece of less than twice `LEAST` seconds is looped as a whole."""
    return find_loop(samples, listen(path, settings) if len(samples) >= 2 * LEAST * RATE else None)


def find_loop(samples: np.ndarray, grid: BeatGrid | None) -> Loop:
    """The best loop by the piece's beats, or anywhere when there is no grid or its beat is not firm."""
    fade, seconds = round(FADE * RATE), len(samples) / RATE
    if seconds < 2 * LEAST:
        fade = min(fade, len(samples) // 4)
        return Loop(fade, len(samples), fade, 0.0)
    barred = grid is not None and grid.confidence >= FIRM and len(grid.downbeats) >= 4
    marks = grid.downbeats if barred and grid is not None else np.arange(0.5, seconds - 0.5, 0.25)
    heard = resampled(samples.mean(axis=1), RATE, HEARD_AT)
    table = decibels(banded(heard, mel_bands(BANDS, 60.0, 7600.0)))
    level = decibels(banded(heard, np.ones((257, 1), np.float32)))[:, 0]
    bar = float(np.median(np.diff(marks))) if barred else 2.0
    around = round(bar * PACE)
    # A piece that fades away at its end is left before it does.
    usual = float(np.median(level))
    best: tuple[float, float, float, float] | None = None
    for i, begin in enumerate(marks):
        for j in range(i + 1, len(marks)):
            end = marks[j]
            if end - begin < max(LEAST, 0.3 * seconds) or begin < FADE + SHIFT or end > seconds - SHIFT or begin > 0.6 * seconds:
                continue
            first, second = round(begin * PACE), round(end * PACE)
            before, after = min(around, first), min(around, len(table) - second)
            one, two = table[first - before : first + after], table[second - before : second + after]
            top = max(float(one.max()), float(two.max())) - 60.0
            differs = float(np.abs(np.maximum(one, top) - np.maximum(two, top)).mean())
            faded = max(0.0, usual - 6.0 - float(level[max(0, second - around) : second].mean()))
            worth = next(value for bars, value in PHRASES if (j - i) % bars == 0) if barred else 0.0
            cost = differs + faded - worth - LONGER * (end - begin)
            if best is None or cost < best[0]:
                best = (cost, float(begin), float(end), differs)
    if best is None:
        return Loop(fade, len(samples), fade, 0.0)
    begin, end = round(best[1] * RATE), round(best[2] * RATE)
    return Loop(begin, end + _fit(samples, begin, end, fade), fade, best[3])


def _fit(samples: np.ndarray, begin: int, end: int, fade: int) -> int:
    """Samples by which `end` is moved so that the wave before it fits the one before `begin` best (their correlation)."""
    reach = min(round(SHIFT * RATE), len(samples) - end, end - fade - begin)
    mono = samples.mean(axis=1)
    wanted = mono[begin - fade : begin]
    there = mono[end - fade - reach : end + reach]
    from scipy.signal import fftconvolve

    products = fftconvolve(there, wanted[::-1], mode="valid")
    energy = np.sqrt(np.maximum(fftconvolve(there**2, np.ones(fade), mode="valid"), 1e-9))
    return int(np.argmax(products / energy)) - reach
