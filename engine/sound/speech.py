"""From a voice to its mouth: the one entrance for sound (`mouth_curves`) and for timed phones (`curves_of_phones`)."""

from __future__ import annotations

import numpy as np

from engine.sound import learned
from engine.sound.by_hand import table_by_hand
from engine.sound.curves import MouthCurves, to_frames
from engine.sound.envelope import loudness
from engine.sound.phones import Phone, curves_of_phones
from engine.sound.spectra import RATE, resampled

__all__ = ["MouthCurves", "Phone", "curves_of_phones", "mouth_curves"]

QUIET = 0.35
"""How far the mouth still opens for the softest syllable, as a share of what its sound asks for."""


def mouth_curves(samples: np.ndarray, rate: int, fps: float) -> MouthCurves:
    """The mouth of a voice: round(N / rate * fps) frames of samples (N,) float32 mono at `rate` Hz.

    The level does not matter; silence and pauses are a closed mouth. The net `pocket-voice` hears the sounds, rules do where its weights are missing;
    soft syllables open the mouth less.
    """
    heard = resampled(samples, rate, RATE)
    if learned.there():
        table = learned.table_learned(heard, learned.load())
        table[:, 0] *= QUIET + (1 - QUIET) * loudness(heard)[: len(table)]
    else:
        table = table_by_hand(heard)
    return to_frames(table, len(samples) / rate, fps)
