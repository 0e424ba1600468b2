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

QUIET = 0.2
"""How far the mouth still opens for the softest syllable, as a share of what its sound asks for."""

RULES_OPEN, RULES_CLOSE = 0.2, 0.5
"""Share of the rules beside the net: on recordings of people they correct each other, above all about lips that press."""

UNSURE, SURE = 0.22, 0.6
"""Of a closure that both together give: from where lips begin to press, and where they do."""

CHUCKLE = 0.35
"""How far the faintest laugh opens the mouth; a roar opens it all the way."""


def mouth_curves(samples: np.ndarray, rate: int, fps: float) -> MouthCurves:
    """The mouth of a voice: round(N / rate * fps) frames of samples (N,) float32 mono at `rate` Hz.

    The level does not matter; silence and pauses are a closed mouth. The net `pocket-voice` hears the sounds, together with rules, which are alone where its
    weights are missing; soft syllables open the mouth less.
    """
    heard = resampled(samples, rate, RATE)
    rules = table_by_hand(heard)
    table = _with_net(rules, heard) if learned.there() and len(rules) else rules
    return to_frames(_laughing(table, heard), len(samples) / rate, fps)


def _with_net(rules: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """(N, 5) curves of the net and of the rules as one."""
    out = learned.table_learned(heard, learned.load())
    out[:, 0] *= QUIET + (1 - QUIET) * loudness(heard)
    out[:, 0] = (1 - RULES_OPEN) * out[:, 0] + RULES_OPEN * rules[:, 0]
    closure = (1 - RULES_CLOSE) * out[:, 3] + RULES_CLOSE * rules[:, 3]
    out[:, 3] = np.clip((closure - UNSURE) / (SURE - UNSURE), 0, 1)
    return out


def _laughing(table: np.ndarray, heard: np.ndarray) -> np.ndarray:
    """The curves where each burst of laughter opens the mouth and lips never meet: the net has heard speech alone, and rules take a laugh's breath for an m or an f."""
    moments = np.arange(len(table)) / PACE
    out = table.copy()
    for laugh in find_laughter(heard, RATE):
        inside = np.zeros(len(table), np.float32)
        inside[round(laugh.start * PACE) : round(laugh.end * PACE)] = 1.0
        bursts = np.array(laugh.bursts)
        step = np.diff(bursts)
        before, after = np.concatenate([step[:1], step]) / 2, np.concatenate([step, step[-1:]]) / 2
        bumps = np.zeros(len(table), np.float32)
        for moment, early, late in zip(bursts, before, after, strict=True):
            away = np.where(moments < moment, (moment - moments) / early, (moments - moment) / late)
            bumps = np.maximum(bumps, np.cos(np.pi / 2 * np.clip(away, 0, 1)) ** 2)
        share = smooth(inside, 0.04)
        out[:, 0] = (1 - share) * out[:, 0] + share * bumps * (CHUCKLE + (1 - CHUCKLE) * laugh.strength)
        out[:, 3:] *= (1 - share)[:, None]
    return out
