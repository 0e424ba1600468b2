"""The sizes that the pocket model draws. Pure."""

from __future__ import annotations

import numpy as np

NATIVE = ((128, 128), (160, 128), (128, 160), (160, 96), (96, 160), (192, 96), (96, 192))
"""(width, height) in pixels: about as many pixels as in training, and sides of which the UNet halves each twice."""


def native_size(width: int, height: int) -> tuple[int, int]:
    """The native (width, height) whose shape is nearest to the asked one, compared by the logarithm of the ratio."""
    return min(NATIVE, key=lambda size: abs(np.log(size[0] / size[1]) - np.log(width / height)))


def doublings(native: tuple[int, int], width: int, height: int) -> int:
    """How often a native picture is doubled before it is resized for good: once, or twice when the clip is much larger than that."""
    return 2 if max(width / native[0], height / native[1]) > 2.6 else 1
