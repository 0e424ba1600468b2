"""The transfer of sRGB (IEC 61966-2-1), there and back: one place for all that adds or compares light."""

from __future__ import annotations

import numpy as np


def to_light(encoded: np.ndarray) -> np.ndarray:
    """Linear light 0..1 of sRGB code values 0..1, any shape; the float kind stays."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0.0) + 0.055) / 1.055) ** 2.4)


def from_light(light: np.ndarray) -> np.ndarray:
    """sRGB code values 0..1 of linear light 0..1, any shape; the float kind stays."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 0.0) ** (1 / 2.4) - 0.055)
