"""How loud a voice is from frame to frame, as a mouth would follow it. No words here: what the lips do is in `speech`."""

from __future__ import annotations

import numpy as np

from engine.sound.spectra import RATE, at_frames, band, banded, decibels, resampled, smooth

__all__ = ["loudness", "resampled", "speech_energy"]

SPEECH = (300.0, 3500.0)
"""Hz: hum and rumble lie below, hiss above."""

SILENCE = -60.0
"""dB of full scale: a recording whose loud parts are below it is silent."""

DEPTH = (12.0, 36.0)
"""dB: least and most that loud speech stands above what counts as silence."""

PACE_OF_LIPS = 0.03
"""Standard deviation in seconds of the smoothing: lips follow syllables, not the pulses of the voice."""


def speech_energy(samples: np.ndarray, rate: int, fps: float) -> np.ndarray:
    """Loudness of speech (T,) float32 in 0..1, T = round(N / rate * fps), of samples (N,) float32 mono; silence is 0.

    Frame k speaks of the moment (k + 0.5) / fps. The scale is in decibels, from the recording's own noise to its loud syllables, so that the level does not matter.
    """
    heard = resampled(samples, rate, RATE)
    return np.clip(at_frames(loudness(heard), fps, round(len(samples) / rate * fps)), 0.0, 1.0)


def loudness(heard: np.ndarray, band_of: tuple[float, float] = SPEECH, pace: float = PACE_OF_LIPS) -> np.ndarray:
    """(T,) in 0..1 at `PACE` of samples at `RATE`: the band's decibels between noise and loud syllables; 0 throughout when all of it is silence."""
    level = decibels(banded(heard, band(*band_of))[:, 0])
    if not len(level) or level.max() < SILENCE:
        return np.zeros(len(level), np.float32)
    top = float(np.percentile(level[level > level.max() - 40], 95))
    # The quiet tenth is noise and what lies between words; in sound without a pause it is speech, which must not be lost.
    floor = float(np.clip(np.percentile(level, 10) + 3.0, top - DEPTH[1], top - DEPTH[0]))
    scaled = np.clip((level - floor) / (top - floor), 0.0, 1.2)
    return np.asarray(np.clip(smooth(scaled, pace), 0.0, 1.0), np.float32)
