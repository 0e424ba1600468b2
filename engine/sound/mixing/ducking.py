"""Ducking: music and ambience give way while the narrator speaks. The narration's own level says when; since it is known ahead, the way is free before the first word."""

from __future__ import annotations

from array import array

import numpy as np

from engine.sound.mixing.cues import RATE, Bus

PACE = 100
"""Levels and gains a second."""

DEPTH: dict[Bus, float] = {"music": 9.0, "ambience": 6.0}
"""dB that a bus goes down under speech."""

ATTACK, HOLD, RELEASE = 0.15, 0.2, 0.6
"""Seconds: on the way down, which ends as the voice begins; staying down after it; on the way up."""

PAUSE = 0.9
"""Seconds: in a shorter pause of the voice the music stays down, for coming up and going down again at once is heard as pumping."""

SHORTEST = 0.04
"""Seconds: what is shorter is a click and no speech."""

QUIETEST = -55.0
"""dB of full scale: whatever is below it is no speech."""

BELOW_LOUD = 30.0
"""dB below loud speech that still count as speech: breaths and room lie deeper."""


class Levels:
    """The level of a stream of stereo at `RATE`, `PACE` times a second. What ends in the middle of a step counts as a step."""

    def __init__(self) -> None:
        self._size = RATE // PACE
        self._rest = np.zeros((0, 2), np.float32)
        self._levels = array("f")

    def feed(self, block: np.ndarray) -> None:
        """Append (n, 2) float32."""
        self._rest = np.concatenate([self._rest, block])
        whole = len(self._rest) // self._size
        self._levels.extend(_decibels(self._rest[: whole * self._size].reshape(whole, -1)).tolist())
        self._rest = self._rest[whole * self._size :]

    def finish(self) -> np.ndarray:
        """(T,) float32 dB of full scale, -120 for silence."""
        if len(self._rest):
            self._levels.extend(_decibels(self._rest.reshape(1, -1)).tolist())
        return np.array(self._levels, np.float32)


def speech_spans(levels: np.ndarray) -> list[tuple[float, float]]:
    """[start, end] in seconds of speech in levels (T,) dB: short pauses belong to it."""
    heard = levels[levels > QUIETEST]
    if not len(heard):
        return []
    speaks = levels > max(QUIETEST, float(np.percentile(heard, 95)) - BELOW_LOUD)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], speaks, [False]]).astype(np.int8))).reshape(-1, 2)
    spans: list[tuple[float, float]] = []
    for start, end in edges[np.diff(edges, axis=1)[:, 0] >= SHORTEST * PACE] / PACE:
        if spans and start - spans[-1][1] < PAUSE:
            spans[-1] = (spans[-1][0], float(end))
        else:
            spans.append((float(start), float(end)))
    return spans


def presence(spans: list[tuple[float, float]], seconds: float) -> np.ndarray:
    """(T,) float32 in 0..1, `PACE` a second: 1 while somebody speaks, with a soft way there and back. The value k belongs to the moment k / PACE."""
    moments = np.arange(int(np.ceil(seconds * PACE)) + 2) / PACE
    out = np.zeros(len(moments), np.float32)
    for start, end in spans:
        first, last = max(0, int((start - ATTACK) * PACE)), int((end + HOLD + RELEASE) * PACE) + 2
        here = moments[first:last]
        before, after = np.clip((start - here) / ATTACK, 0, 1), np.clip((here - end - HOLD) / RELEASE, 0, 1)
        # Smooth steps: no corner in the gain.
        way = 1 - np.maximum(before, after)
        out[first:last] = np.maximum(out[first:last], way * way * (3 - 2 * way))
    return out


class Ducker:
    """Turns buses down where a presence (T,) says so."""

    def __init__(self, presence: np.ndarray) -> None:
        self._presence = presence

    def apply(self, bus: Bus, block: np.ndarray, start: int) -> None:
        """Scale a block (n, 2) that begins at sample `start`, in place."""
        depth = DEPTH.get(bus)
        if depth is None or not len(block):
            return
        step = RATE // PACE
        first = start // step
        here = self._presence[first : (start + len(block)) // step + 2]
        if not here.any():
            return
        down = np.interp(np.arange(start, start + len(block)), (first + np.arange(len(here))) * step, here)
        block *= np.exp(down * (-depth * np.log(10) / 20)).astype(np.float32)[:, None]


def _decibels(steps: np.ndarray) -> np.ndarray:
    """dB of the mean square of each row, at least -120."""
    return np.asarray(10 * np.log10(np.maximum(np.square(steps.astype(np.float64)).mean(axis=1), 1e-12)), np.float32)
