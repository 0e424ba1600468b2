"""The beats of a song, given its pace: dynamic programming over the onset curve (Ellis, 2007) with a tempo that may drift, then each beat at its onset's own moment."""

from __future__ import annotations

import numpy as np

from engine.sound.music.onsets import PACE, Onsets, exact
from engine.sound.music.tempo import Pace, evened

STIFF = 120.0
"""What a beat off its period costs: this times the squared natural logarithm of the ratio, in units of the onset curve's spread."""

SHORTEST, LONGEST = 0.62, 1.55
"""Of the local period: how near and how far the beat before may be."""

QUIET = 45.0
"""dB below the loud parts: what is quieter at the ends of a song has no beats."""

FAINT = 0.5
"""Of the usual onset at a beat: what is weaker at the ends of a song is no beat."""

TAUT = 1.0
"""How much evenness counts against the onsets' own moments when beats are placed; the larger, the more even."""


def track(onsets: Onsets, pace: Pace, curve: np.ndarray | None = None) -> np.ndarray:
    """(B,) beats in seconds on the grid of `onsets.PACE`: the path through the onsets that best keeps to the pace. Empty in silence. curve: `felt(onsets)`, if at hand."""
    curve = felt(onsets) if curve is None else curve
    if not curve.max(initial=0.0) > 0:
        return np.zeros(0)
    count = len(curve)
    periods = pace.at(np.arange(count) / PACE) * PACE
    score, came = _accumulate(curve, periods)
    # The last beat is one of the last period whose sum is the highest.
    tail = max(0, count - round(1.2 * periods[-1]))
    at = tail + int(score[tail:].argmax())
    found = []
    while at >= 0:
        found.append(at)
        at = int(came[at])
    return _within(np.array(found[::-1]) / PACE, onsets)


def felt(onsets: Onsets) -> np.ndarray:
    """The curve that beats follow: all onsets, and the low ones a little more, a few milliseconds wide."""
    from scipy.ndimage import gaussian_filter1d

    curve = evened(onsets.full) + 0.35 * evened(onsets.low)
    soft = gaussian_filter1d(curve, 0.012 * PACE)
    return np.asarray(soft / (soft.std() + 1e-9), np.float32)


def _accumulate(curve: np.ndarray, periods: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(best sums (T,), where the beat before lies (T,), -1 for none), in blocks that no beat spans twice."""
    count = len(curve)
    score, came = curve.astype(np.float64), np.full(count, -1, np.int64)
    start = 0
    while start < count:
        near = max(1, int(SHORTEST * periods[start]))
        stop = min(count, start + near)
        local = periods[start:stop]
        near = min(near, max(1, int(SHORTEST * local.min())))
        stop = min(stop, start + near)
        local = periods[start:stop]
        back = np.arange(near, int(LONGEST * local.max()) + 1)
        places = np.arange(start, stop)[:, None] - back
        sums = score[np.maximum(places, 0)] - STIFF * np.log(back / local[:, None]) ** 2
        sums[places < 0] = -np.inf
        best = sums.argmax(axis=1)
        rows = np.arange(stop - start)
        gain = sums[rows, best]
        kept = gain > 0
        score[start:stop] += np.where(kept, gain, 0)
        came[start:stop] = np.where(kept, places[rows, best], -1)
        start = stop
    return score, came


def _within(beats: np.ndarray, onsets: Onsets) -> np.ndarray:
    """The beats between the first and the last sound: silence, and even noise, have none at both ends."""
    loud = float(np.percentile(onsets.level, 95))
    sounds = np.flatnonzero(onsets.level > max(loud - QUIET, -90.0)) / PACE
    if not len(sounds) or not len(beats):
        return np.zeros(0)
    beats = beats[(beats >= sounds[0] - 0.05) & (beats <= sounds[-1] + 0.02)]
    places = np.round(beats * PACE).astype(int)
    reach = round(0.03 * PACE)
    near = np.array([onsets.full[max(0, k - reach) : k + reach + 1].max() for k in places])
    ground = float(np.median(onsets.full))
    strong = np.flatnonzero(near - ground > FAINT * (np.median(near) - ground)) if len(near) else np.zeros(0, int)
    return beats[strong[0] : strong[-1] + 1] if len(strong) else beats


def placed(heard: np.ndarray, beats: np.ndarray) -> np.ndarray:
    """Beats (B,) at the moments of their own onsets where they have one, and evenly between those where they have none.

    Weighs the distance to the onsets against the change of the beat by least squares that neither a stray onset nor a change of tempo can pull (Huber's weights).
    """
    if len(beats) < 4:
        return exact(heard, beats)[0] if len(beats) else beats
    moments, strengths = exact(heard, beats)
    even = smoothest(moments, np.full(len(beats), 0.2), np.full(len(beats) - 2, 6.0))
    for _ in range(4):
        weights = (0.02 + strengths) * np.minimum(1, 0.006 / np.maximum(np.abs(moments - even), 1e-4))
        bends = np.abs(np.diff(moments, 2))
        even = smoothest(moments, weights, TAUT * np.minimum(1, (0.02 / np.maximum(bends, 1e-4)) ** 2))
    return np.maximum.accumulate(even)


def smoothest(values: np.ndarray, weights: np.ndarray, taut: np.ndarray) -> np.ndarray:
    """The sequence near (B,) values, weighed (B,), whose second differences, weighed (B - 2,), are small (Whittaker, 1923)."""
    from scipy.linalg import solveh_banded

    count = len(values)
    bands = np.zeros((3, count))
    bands[2] = weights
    for row, square in enumerate((1, 4, 1)):
        bands[2, row : count - 2 + row] += square * taut
    bands[1, 1:-1] -= 2 * taut
    bands[1, 2:] -= 2 * taut
    bands[0, 2:] += taut
    return np.asarray(solveh_banded(bands, weights * values), float)


def usual_tempo(beats: np.ndarray) -> float:
    """Beats a minute of the longest part that keeps one tempo within 1.5 per cent; 0 for fewer than two beats."""
    if len(beats) < 2:
        return 0.0
    over = min(8, len(beats) - 1)
    steps = (beats[over:] - beats[:-over]) / over
    logs = np.sort(np.log(steps))
    ends = np.searchsorted(logs, logs + 0.015, side="right")
    begin = int(np.argmax(ends - np.arange(len(logs))))
    return float(60 / np.exp(np.median(logs[begin : ends[begin]])))
