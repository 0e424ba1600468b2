"""Which of the tempi that explain a song is its beat, and on which side of it the beats fall: every candidate is tracked, described by a few figures, and weighed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.music.beats import felt, track
from engine.sound.music.onsets import PACE, Onsets
from engine.sound.music.tempo import Pace, evened

RATIOS = (1 / 3, 0.5, 2 / 3, 0.75, 1.0, 4 / 3, 1.5, 2.0, 3.0)
"""To the tempo that repeats itself most. Thirds: swing and waltzes; quarters: accents of three sixteenths, as 3 + 3 + 2."""

SLOW, FAST = 42.0, 225.0
"""Beats a minute that are beats at all."""

HEARD = 75.0
"""Seconds of a long song, where most begins, that are enough to decide."""

USUAL = 102.0
"""Beats a minute that need no reason."""

FIGURES = {
    "usual": 4.66,
    "on": 1.61,
    "off": 2.22,
    "full": 0.12,
    "low": 0.85,
    "middle": 0.64,
    "backbeat": 7.56,
    "thirds": -0.53,
    "bar": 0.86,
    "uneven": -17.9,
}
"""Weight of each figure of `describe`, from a conditional logit over songs made by code (`python -m bench.beats fit` prints them anew)."""

THIRDS = 1.2
"""What a tempo of two or three thirds must be better by: few songs repeat their thirds more than their beats."""

SLOTS = 12
"""Places of a beat's pattern."""

CAP = 4.0
"""Onsets beyond so many spreads count no more."""


@dataclass(frozen=True)
class Choice:
    """A pace whose beats were chosen. half: the beats lie in the middle between those that the tracker finds; certain: 0..1, against all other candidates."""

    pace: Pace
    half: bool
    certain: float


def choose(onsets: Onsets, pace: Pace) -> Choice:
    """The most likely beat among the multiples and fractions of a pace."""
    excerpt = _busiest(onsets)
    cut, moved = _cut(onsets, excerpt), Pace(pace.times - excerpt[0] / PACE, pace.periods, pace.scores)
    curves = evened_curves(cut)
    found: list[tuple[float, bool, float]] = []
    for ratio, beats in candidates(cut, moved):
        for half in (False, True):
            figures = describe(curves, between(beats) if half else beats)
            odd = ratio in (1 / 3, 2 / 3, 1.5, 3.0)
            found.append((ratio, half, sum(FIGURES[name] * value for name, value in figures.items()) - odd * THIRDS))
    if not found:
        return Choice(pace, False, 0.0)
    scores = np.array([score for _, _, score in found])
    chance = np.exp(scores - scores.max())
    best = int(scores.argmax())
    ratio, half, _ = found[best]
    return Choice(pace.scaled(ratio), half, float(chance[best] / chance.sum()))


def candidates(onsets: Onsets, pace: Pace) -> list[tuple[float, np.ndarray]]:
    """(ratio to the pace, beats (B,) in seconds) of every tempo that may be the beat."""
    tempo, curve = pace.tempo, felt(onsets)
    tracked = [(ratio, track(onsets, pace.scaled(ratio), curve)) for ratio in RATIOS if SLOW < tempo * ratio < FAST]
    return [(ratio, beats) for ratio, beats in tracked if len(beats) >= 6]


def between(beats: np.ndarray) -> np.ndarray:
    """(B - 1,) the middles between beats (B,)."""
    return (beats[1:] + beats[:-1]) / 2


def evened_curves(onsets: Onsets) -> dict[str, np.ndarray]:
    """The four onset curves with their loud and soft parts evened."""
    return {name: evened(getattr(onsets, name)) for name in ("full", "low", "middle", "high")}


def at_moments(curve: np.ndarray, moments: np.ndarray, reach: float = 0.03) -> np.ndarray:
    """(N,) the greatest value of a curve (T,) within `reach` seconds of each moment (N,)."""
    from scipy.ndimage import maximum_filter1d

    if not len(curve):
        return np.zeros(len(moments))
    widest = maximum_filter1d(curve, 2 * round(reach * PACE) + 1)
    return widest[np.clip(np.round(np.asarray(moments) * PACE).astype(int), 0, len(curve) - 1)]


def describe(curves: dict[str, np.ndarray], beats: np.ndarray) -> dict[str, float]:
    """Figures of beats (B,), B >= 5, in seconds: how usual they are, what sounds on them and between them, and whether it comes back with the bar."""
    steps = np.diff(beats)
    middles = beats[:-1] + steps / 2
    on = {name: at_moments(curve, beats) for name, curve in curves.items()}
    off = {name: at_moments(curve, middles) for name, curve in curves.items()}
    gain = {name: float(np.minimum(on[name], CAP).mean() - np.minimum(off[name], CAP).mean()) for name in ("full", "low", "middle")}
    # Kick and snare by turns: the lows and what is above them are strong on different beats.
    turns = {name: _turns(on[name]) for name in ("low", "middle", "high")}
    thirds = [float(np.minimum(at_moments(curves["full"], beats[:-1] + steps * part), CAP).mean()) for part in (1 / 3, 2 / 3)]
    alike = likeness(bar_patterns(curves, beats), (3, 4, 7))
    return {
        "usual": -float(np.log(60 / np.median(steps) / USUAL) ** 2),
        "on": float((on["full"] > 0.8).mean()),
        "off": float((off["full"] > 0.8).mean()),
        **gain,
        "backbeat": max(0.0, -turns["low"] * turns["middle"]) + max(0.0, -turns["low"] * turns["high"]),
        "thirds": sum(thirds),
        "bar": float(max(alike)),
        "uneven": float(np.std(np.diff(np.log(steps)))),
    }


def bar_patterns(curves: dict[str, np.ndarray], beats: np.ndarray) -> np.ndarray:
    """(B - 1, 3 * SLOTS) what sounds within each beat in the lows, the middle and the highs."""
    places = np.interp(np.arange((len(beats) - 1) * SLOTS) / SLOTS, np.arange(len(beats)), beats)
    parts = []
    for name in ("low", "middle", "high"):
        part = at_moments(curves[name], places, 0.02).reshape(-1, SLOTS)
        parts.append(part / (part.std() + 1e-9))
    return np.concatenate(parts, axis=1)


def likeness(patterns: np.ndarray, lags: tuple[int, ...]) -> np.ndarray:
    """(len(lags),) in about 0..1: how much the beats' patterns (B, S) are like those so many beats before; 0 for a lag that the song is too short for."""
    centred = patterns - patterns.mean()
    norms = np.linalg.norm(centred, axis=1) + 1e-6
    out = np.zeros(len(lags))
    for place, lag in enumerate(lags):
        if len(patterns) > lag + 2:
            out[place] = float((centred[lag:] * centred[:-lag]).sum() / (norms[lag:] * norms[:-lag]).sum())
    return out


def _turns(strengths: np.ndarray) -> float:
    even, odd = float(strengths[::2].mean()), float(strengths[1::2].mean())
    return (even - odd) / (even + odd + 0.1)


def _busiest(onsets: Onsets) -> tuple[int, int]:
    """First and last frame of the part of `HEARD` seconds in which most begins."""
    length = round(HEARD * PACE)
    if len(onsets) <= length:
        return 0, len(onsets)
    sums = np.concatenate([[0.0], np.cumsum(onsets.full, dtype=float)])
    start = int(np.argmax(sums[length:] - sums[:-length]))
    return start, start + length


def _cut(onsets: Onsets, part: tuple[int, int]) -> Onsets:
    return Onsets(*(getattr(onsets, name)[part[0] : part[1]] for name in ("full", "low", "middle", "high", "level")))
