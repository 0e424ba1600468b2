"""From a voice to its mouth: the one entrance for sound (`mouth_curves`) and for timed phones (`curves_of_phones`)."""

from __future__ import annotations

import numpy as np

from engine.sound import learned
from engine.sound.by_hand import table_by_hand
from engine.sound.curves import MouthCurves, to_frames
from engine.sound.envelope import loudness
from engine.sound.laughter import find_laughter
from engine.sound.phones import Phone, curves_of_phones
from engine.sound.spectra import PACE, RATE, resampled, smooth

__all__ = ["MouthCurves", "Phone", "curves_of_phones", "mouth_curves"]

QUIET = 0.35
"""How far the mouth still opens for the softest syllable, as a share of what its sound asks for."""

RULES = 0.3
"""Share of the rules beside the net in opening and closure: on recordings of people they correct each other."""


def mouth_curves(samples: np.ndarray, rate: int, fps: float) -> MouthCurves:
    """The mouth of a voice: round(N / rate * fps) frames of samples (N,) float32 mono at `rate` Hz.

    The level does not matter; silence and pauses are a closed mouth. The net `pocket-voice` hears the sounds, together with rules, which are alone where its
    weights are missing; soft syllables open the mouth less.
    """
    heard = resampled(samples, rate, RATE)
    rules = table_by_hand(heard)
    table = _with_net(rules, heard) if learned.there() and len(rules) else rules
    return to_frames(_laughing(table, rules, heard), len(samples) / rate, fps)


def _with_net(rules: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """(N, 5) curves of the net and of the rules as one."""
    out = learned.table_learned(heard, learned.load())
    out[:, 0] *= QUIET + (1 - QUIET) * loudness(heard)
    for k in (0, 3):
        out[:, k] = (1 - RULES) * out[:, k] + RULES * rules[:, k]
    return out


def _laughing(table: np.ndarray, rules: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """The curves where laughter opens the mouth as loudly as it is, and lips never meet: the net has heard speech alone, and rules take its breath for an m or an f."""
    laughs = np.zeros(len(table), np.float32)
    for laugh in find_laughter(heard, RATE):
        laughs[round(laugh.start * PACE) : round(laugh.end * PACE)] = 1.0
    if not laughs.any():
        return table
    share = smooth(laughs, 0.04)
    out = table.copy()
    out[:, 0] = (1 - share) * table[:, 0] + share * rules[:, 0]
    out[:, 3:] *= (1 - share)[:, None]
    return out
