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
    changes = _changes(beats, chroma, pace)
    meter = _meter(curves, beats, changes)
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


def _changes(beats: np.ndarray, chroma: np.ndarray, pace: float) -> np.ndarray:
    """(B,) how much the harmony of the beat differs from that of the beat before, 0..1."""
    if not len(chroma):
        return np.zeros(len(beats))
    ends = np.append(beats, beats[-1] + np.median(np.diff(beats)))
    sums = np.concatenate([np.zeros((1, 12)), np.cumsum(chroma, axis=0)])

    def upto(moments: np.ndarray) -> np.ndarray:
        places = np.clip(moments * pace, 0, len(chroma))
        whole = np.minimum(places.astype(int), len(chroma) - 1)
        return sums[whole] + (places - whole)[:, None] * chroma[whole]

    own = upto(ends[1:]) - upto(ends[:-1])
    own /= np.linalg.norm(own, axis=1, keepdims=True) + 1e-9
    changes = np.zeros(len(beats))
    changes[1:] = 1 - (own[1:] * own[:-1]).sum(axis=1)
    return changes


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
