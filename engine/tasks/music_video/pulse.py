"""From what was heard to what pulses: for each frame of an interval the driver's value, and the position between its two pictures."""

from __future__ import annotations

import numpy as np

from engine.tasks.music_video.request import Driver

BEAT_RISE, BEAT_FALL = 0.04, 0.28
"""Seconds in which the pulse of a beat comes and goes."""

SOUNDING = 1e-3
"""Share of the greatest step from which on a frame counts as sounding."""

LIMIT = 98.0
"""Percentile of what sounds at which a single huge hit is cut, so that it does not take the whole way (block B10)."""


def values(driver: Driver, times: np.ndarray, curves: dict[str, np.ndarray], rate: float, beats: np.ndarray) -> np.ndarray:
    """(F,) in 0..1: the driver at moments in seconds. curves: name -> (N,) at `rate` a second, value k of the moment (k + 0.5) / rate; beats: (B,) seconds."""
    if driver == "linear":
        return np.ones(len(times))
    if driver == "beats":
        out = np.zeros(len(times))
        for beat in beats[(beats > times[0] - 1) & (beats < times[-1] + 1)] if len(times) else ():
            away = times - beat
            out = np.maximum(out, np.where(away < 0, np.clip(1 + away / BEAT_RISE, 0, 1), np.exp(-np.maximum(away, 0) / BEAT_FALL * 2)))
        return out
    curve = curves[driver]
    if not len(curve):
        return np.zeros(len(times))
    # A frame stands for its whole time: the greatest value within it, so that a short hit is not missed between two frames.
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5 / rate
    first = np.clip(np.floor((times - half) * rate).astype(int), 0, len(curve) - 1)
    last = np.clip(np.ceil((times + half) * rate).astype(int), first + 1, len(curve))
    return np.array([curve[a:b].max() if b > a else curve[a] for a, b in zip(first, last, strict=True)])


def travel(pulse: np.ndarray, smooth: float = 0.0) -> np.ndarray:
    """(F,) positions from exactly 0 to exactly 1: the pulse (F,) added up, so that the picture moves when it sounds and rests in between (Liu et al., 2023).

    The first frame stands at 0 and the last at 1. Silence moves evenly; a single huge hit is cut at the 98th percentile; smooth 0..1 mixes with even motion.
    """
    count = len(pulse)
    if count < 2:
        return np.zeros(count)
    even = np.linspace(0.0, 1.0, count)
    steps = np.asarray(pulse[1:], float) - float(np.min(pulse))
    sounding = steps[steps > SOUNDING * steps.max()]
    steps = np.minimum(steps, np.percentile(sounding, LIMIT, method="lower")) if len(sounding) >= 10 else steps
    total = float(steps.sum())
    if total < 1e-6:
        return even
    way = np.concatenate([[0.0], np.cumsum(steps) / total])
    way[-1] = 1.0
    return np.asarray((1 - smooth) * way + smooth * even)
