"""Sizes that models draw, and how a drawn picture becomes one of the size that was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def sized(side: float, ratio: float, multiple: int) -> tuple[int, int]:
    """(width, height) of the shape `ratio` with about side * side pixels, each a multiple of `multiple` and at least that."""
    width, height = (max(multiple, round(side * share / multiple) * multiple) for share in (ratio**0.5, ratio**-0.5))
    return width, height


def fitted(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """(H, W, C) of any type cut to the shape of width x height around its middle, and resized to it."""
    import cv2
    import numpy as np

    rows, columns = picture.shape[:2]
    scale = min(columns / width, rows / height)
    w, h = min(columns, round(width * scale)), min(rows, round(height * scale))
    x, y = (columns - w) // 2, (rows - h) // 2
    part = picture[y : y + h, x : x + w]
    if (w, h) == (width, height):
        return np.ascontiguousarray(part)
    return cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA if width < w else cv2.INTER_CUBIC)
