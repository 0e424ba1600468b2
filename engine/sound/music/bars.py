"""Where bars begin: how many beats they have, from what comes back after so many, and on which beat they start, from the bass and from changes of harmony."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.music.octave import at_moments, bar_patterns, likeness

METERS = (4, 3, 7)

MARGIN = 0.06
"""How much more alike beats must be three or seven apart than four apart before a song is not in four."""

HARMONY, BASS, ALL, SNARE = 1.6, 1.0, 0.4, -0.5
"""What a downbeat is told by, in spreads over the beats: a change of harmony there, the lows, all onsets, and the hiss of a snare, which speaks against it."""

LEAK = 0.1
"""Seconds before a beat in which its harmony is already in a window."""


@dataclass(frozen=True)
class Bars:
    """meter: beats in a bar; first: number of the beat on which the first whole bar starts; certain: 0..1."""

    meter: int
    first: int
    certain: float


def find_bars(beats: np.ndarray, curves: dict[str, np.ndarray], chroma: np.ndarray, pace: float) -> Bars:
    """The bars over beats (B,) in seconds. curves: evened onset curves; chroma: (C, 12) at `pace` a second, the k-th from k / pace on. Fewer than eight beats: in four."""
    if len(beats) < 8:
        return Bars(4, 0, 0.0)
    harmonies = _harmonies(beats, chroma, pace)
    meter = _meter(curves, beats, _changes(harmonies, 2))
    changes = _changes(harmonies, 1) + _changes(harmonies, meter // 2) + _changes(harmonies, meter)
    scores = np.zeros(len(beats))
    for values, weight in (
        (changes, HARMONY),
        (at_moments(curves["low"], beats), BASS),
        (at_moments(curves["full"], beats), ALL),
        (at_moments(curves["high"], beats), SNARE),
    ):
        scores += weight * (np.minimum(values, 4) - np.minimum(values, 4).mean()) / (np.minimum(values, 4).std() + 0.1)
    means = np.array([scores[first::meter].mean() for first in range(meter)])
    best = int(means.argmax())
    second = float(np.sort(means)[-2])
    return Bars(meter, best, float(np.clip((means[best] - second) / 1.5, 0, 1)))


def _harmonies(beats: np.ndarray, chroma: np.ndarray, pace: float) -> np.ndarray:
    """(B, 12) what sounds from each beat to a little before the next, where windows would already hear that one."""
    if not len(chroma):
        return np.zeros((len(beats), 12))
    steps = np.diff(np.append(beats, beats[-1] + np.median(np.diff(beats))))
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])

    def upto(moments: np.ndarray) -> np.ndarray:
        places = np.clip(moments * pace, 0, len(chroma))
        whole = np.minimum(places.astype(int), len(chroma) - 1)
        return sums[whole] + (places - whole)[:, None] * chroma[whole]

    return upto(beats + steps - np.minimum(LEAK, steps / 2)) - upto(beats)


def _changes(harmonies: np.ndarray, over: int) -> np.ndarray:
    """(B,) how much the harmony of so many beats from each beat on differs from that of as many before it, 0..1."""
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(harmonies, axis=0)])
    count = len(harmonies)
    middle = np.arange(1, count)
    after = sums[np.minimum(middle + over, count)] - sums[middle]
    before = sums[middle] - sums[np.maximum(middle - over, 0)]
    alike = (after * before).sum(axis=1) / (np.linalg.norm(after, axis=1) * np.linalg.norm(before, axis=1) + 1e-9)
    return np.concatenate([[0.0], np.where((after > 0).any(axis=1) & (before > 0).any(axis=1), 1 - alike, 0)])


def _meter(curves: dict[str, np.ndarray], beats: np.ndarray, changes: np.ndarray) -> int:
    """4 unless what sounds, and when the harmony changes, comes back after three or after seven beats rather than after four."""
    lags = (2, 3, 4, 5, 6, 7, 8, 9, 12, 14)
    alike = dict(zip(lags, likeness(bar_patterns(curves, beats), lags), strict=True))
    centred = np.minimum(changes, np.percentile(changes, 95)) - changes.mean()
    power = float((centred**2).mean()) + 1e-4
    harmony = {lag: float((centred[lag:] * centred[:-lag]).mean()) / power if len(beats) > 2 * lag else 0.0 for lag in lags}
    both = {lag: alike[lag] + 0.35 * harmony[lag] for lag in lags}
    four, three, seven = max(both[4], 0.5 * (both[4] + both[8])), 0.5 * (both[3] + both[6]), 0.5 * (both[7] + both[14])
    if three > four + MARGIN and three >= seven - MARGIN:
        return 3
    return 7 if seven > four + MARGIN and seven > three else 4
