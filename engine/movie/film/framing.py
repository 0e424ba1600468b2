"""A picture of any size in a frame of the film's: cut to cover it, or whole before a blurred copy of itself when the shapes are too far apart."""

from __future__ import annotations

import cv2
import numpy as np

TOO_FAR = 1.6
"""Shapes that differ by more than this factor lose too much to cutting: the picture stands whole before its own blurred copy."""
_DIM = 0.62
"""How bright the blurred copy is: what matters is the picture before it."""


def framed(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8 of `size` (width, height) from a picture (h, w, 3) uint8; the very same when the sizes are equal."""
    width, height = size
    high, wide = picture.shape[:2]
    if (wide, high) == size:
        return picture
    shape = (wide / high) / (width / height)
    if 1 / TOO_FAR <= shape <= TOO_FAR:
        return _covering(picture, size)
    # A small copy is blurred: the same look for a fraction of the work.
    little = (max(2, width // 8), max(2, height // 8))
    behind = cv2.GaussianBlur(_covering(picture, little), (0, 0), max(little) / 22)
    canvas = cv2.convertScaleAbs(cv2.resize(behind, size, interpolation=cv2.INTER_CUBIC), alpha=_DIM)
    scale = min(width / wide, height / high)
    inner = (max(1, round(wide * scale)), max(1, round(high * scale)))
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = _resized(picture, inner)
    return canvas


def _covering(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The largest part of the film's shape about the middle, resized."""
    width, height = size
    high, wide = picture.shape[:2]
    scale = max(width / wide, height / high)
    across, down = min(wide, round(width / scale)), min(high, round(height / scale))
    left, top = (wide - across) // 2, (high - down) // 2
    return _resized(picture[top : top + down, left : left + across], size)


def _resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Averaged over areas when smaller, Lanczos when larger."""
    smaller = size[0] < picture.shape[1] or size[1] < picture.shape[0]
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4)
