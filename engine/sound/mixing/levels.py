"""How loud each kind of sound is before the mix, so that sources of any level sit well together. The whole film's loudness is the business of `mix`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.sound.mixing.cues import MOST_GAIN, RATE, Bus, Cue, length_of, reader_of
from engine.sound.mixing.loudness import LoudnessMeter

LEVELS: dict[Bus, float] = {"narration": -20.0, "music": -27.0, "ambience": -36.0, "effects": -24.0, "clip": -24.0}
"""LUFS of each bus's sounds. Under speech music comes to lie 16 LU below it, where every word is understood (BBC R&D and EBU Tech 3343 advise 10 LU and more)."""

MOST_CHANGE = 24.0
"""dB: what would need more is noise, or meant to be faint."""

HEARD = 60
"""Seconds of a source that are measured at most."""


def levelled(cue: Cue) -> Cue:
    """The cue with a gain that brings its source to its bus's level, and its own `gain_db` on top.

    Effects are measured at their loudest 0.4 s, all others by integrated loudness of what the cue plays. Silence, and a source without a length, stay as they are.
    """
    reader = reader_of(cue.source)
    length = length_of(reader)
    if length is None:
        return cue
    start = min(round(cue.start * RATE), length)
    count = min(length - start, HEARD * RATE if cue.seconds is None else round(min(cue.seconds, HEARD) * RATE))
    meter = LoudnessMeter(RATE)
    # A sound shorter than a gating block is measured as if silence followed it.
    for at in range(0, max(count, RATE // 2), RATE):
        block = np.zeros((min(RATE, max(count, RATE // 2) - at), 2), np.float32)
        got = reader.read(start + at, max(0, min(len(block), count - at)))
        block[: len(got)] = got
        meter.feed(block)
    release = getattr(reader, "release", None)
    if release is not None:
        release()
    found = float(meter.momentary.max(initial=-np.inf)) if cue.bus == "effects" else meter.integrated
    if not np.isfinite(found):
        return cue
    change = float(np.clip(LEVELS[cue.bus] - found, -MOST_CHANGE, MOST_CHANGE))
    return replace(cue, gain_db=float(np.clip(cue.gain_db + change, -MOST_GAIN, MOST_GAIN)))
