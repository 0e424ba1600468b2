"""From a voice to its mouth: the one entrance for sound (`mouth_curves`) and for timed phones (`curves_of_phones`)."""

from __future__ import annotations

import numpy as np

from engine.sound.by_hand import table_by_hand
from engine.sound.curves import MouthCurves, to_frames
from engine.sound.phones import Phone, curves_of_phones
from engine.sound.spectra import RATE, resampled

__all__ = ["MouthCurves", "Phone", "curves_of_phones", "mouth_curves"]


def mouth_curves(samples: np.ndarray, rate: int, fps: float) -> MouthCurves:
    """The mouth of a voice: round(N / rate * fps) frames of samples (N,) float32 mono at `rate` Hz; the level does not matter, silence is a closed mouth."""
    heard = resampled(samples, rate, RATE)
    return to_frames(table_by_hand(heard), len(samples) / rate, fps)
