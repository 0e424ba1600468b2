"""The sizes that the pocket model draws, and how a drawn picture becomes one of the size that was asked for. Pure but for the resizing."""

from __future__ import annotations

import cv2
import numpy as np

NATIVE = ((128, 128), (160, 128), (128, 160), (160, 96), (96, 160), (192, 96), (96, 192))
"""(width, height) in pixels: about as many pixels as in training, and sides of which the UNet halves each twice."""


def native_size(width: int, height: int) -> tuple[int, int]:
    """The native (width, height) whose shape is nearest to the asked one, compared by the logarithm of the ratio."""
    return min(NATIVE, key=lambda size: abs(np.log(size[0] / size[1]) - np.log(width / height)))


def doublings(native: tuple[int, int], width: int, height: int) -> int:
    """How often a native picture is doubled before it is resized for good: once, or twice when the clip is much larger than that."""
    return 2 if max(width / native[0], height / native[1]) > 2.6 else 1


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """(H, W, C) of any type cut to the shape of width x height around its middle, and resized to it."""
    rows, columns = picture.shape[:2]
    scale = min(columns / width, rows / height)
    w, h = min(columns, round(width * scale)), min(rows, round(height * scale))
    x, y = (columns - w) // 2, (rows - h) // 2
    part = picture[y : y + h, x : x + w]
    if (w, h) == (width, height):
        return np.ascontiguousarray(part)
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if width < w else cv2.INTER_CUBIC)
