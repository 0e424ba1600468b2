"""Sounds that tests write as files."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np


def write_wave(path: Path, samples: np.ndarray, rate: int) -> Path:
    """samples (N,) or (N, C) in [-1, 1] as 16-bit WAV."""
    table = samples.reshape(len(samples), -1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(table.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(table, -1, 1) * 32767).astype("<i2").tobytes())
    return path
