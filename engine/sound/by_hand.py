"""A mouth from sound by rules: loudness opens it, the spectrum shapes it, sudden dips press the lips together. No training; `speech` says when it is used."""

from __future__ import annotations

import numpy as np

from engine.sound.curves import follow
from engine.sound.envelope import SILENCE, loudness
from engine.sound.spectra import FREQUENCIES, PACE, band, banded, decibels, smooth

BANDS = ((80, 300), (300, 900), (450, 2600), (900, 1800), (1800, 3200), (3200, 5500), (5500, 7900))
"""Hz: voicing, the first formant, vowels, the second formant of round and of wide vowels, s, and the hiss of f."""


def table_by_hand(heard: np.ndarray) -> np.ndarray:
    """(N, 5) curves at `PACE`, in the order of `curves.NAMES`, of samples at `RATE`."""
    from scipy.ndimage import gaussian_filter1d, grey_closing

    weights = np.concatenate([band(*edges) for edges in BANDS] + [band(300, 3500) * FREQUENCIES[:, None].astype(np.float32)], axis=1)
    raw = banded(heard, weights)
    most = float(raw[:, 2].max(initial=0.0))
    if decibels(np.array(most)) < SILENCE:
        return np.zeros((len(raw), 5), np.float32)
    # Against the loudest vowel, so that the level does not matter.
    power = smooth(raw / most, 0.008) * 0.1
    voiced, first, vowel, round_, wide, hiss, breath, moment = power.T
    loud = loudness(heard, (450.0, 2600.0), 0.01)
    total = power[:, [0, 1, 3, 4, 5, 6]].sum(axis=1) + 1e-12
    awake = np.clip(loudness(heard, (80.0, 7900.0), 0.015) * 4 - 0.4, 0, 1)

    # Noise above 3 kHz is a fricative: even over the top bands it is f, with a peak s.
    noisy = np.clip((hiss + breath) / total * 2 - 0.6, 0, 1) * awake
    flat = np.clip(1 - np.abs(decibels(breath) - decibels(hiss)) / 10, 0, 1)
    weak = np.clip((float(np.percentile(decibels(total), 90)) - decibels(total) - 8) / 12, 0, 1)
    teeth = follow(noisy * flat * weak, 0.02, 0.03)

    # Murmur: the voice goes on below 300 Hz while the vowel's bands sink.
    murmur = np.clip((decibels(voiced) - decibels(vowel) - 4) / 10, 0, 1) * np.clip((decibels(voiced) - SILENCE) / 20, 0, 1)
    # A closure is a dip of the vowel's bands of 30 to 130 ms that falls and rises steeply; lips differ from the tongue by their low burst.
    level = np.clip(decibels(vowel), SILENCE, 0)
    dip = grey_closing(level, size=round(0.14 * PACE)) - level
    steep = np.abs(gaussian_filter1d(level, 0.008 * PACE, order=1)) * PACE
    edges = np.maximum(*(np.roll(smooth(steep, 0.012), shift) for shift in (-4, 4)))
    closure = np.clip(dip / 14 - 0.5, 0, 1) * np.clip(edges / 250 - 0.4, 0, 1) * np.clip(1 - 2 * noisy, 0, 1)
    closure = smooth(np.clip(closure * (0.7 + 0.6 * murmur), 0, 1), 0.008)

    centre = smooth(moment / (first + round_ + wide + 1e-12), 0.02)
    brightness = np.clip((centre - 700) / 1300, 0, 1)
    opening = follow(np.clip(loud**1.3 * (1 - 0.6 * murmur) * (1 - 0.65 * noisy) * 1.1, 0, 1))
    speaks = np.clip(follow(loud) * 3, 0, 1)
    low_first = np.clip(decibels(first) - decibels(round_ + wide) - 10, 0, 14) / 14
    rounding = smooth(low_first * (1 - murmur), 0.03) * speaks
    width = smooth(brightness * 1.6 - 0.5 - 0.8 * rounding, 0.03) * speaks
    return np.stack([opening, width, rounding, closure * speaks, teeth], axis=1).astype(np.float32)
