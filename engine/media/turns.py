"""The eight ways a stored picture can lie, as EXIF and MP4 name them. Pure numpy.

A turn is (transposed, then flipped left-right, then flipped up-down).
"""

from __future__ import annotations

import struct

import numpy as np

Turn = tuple[bool, bool, bool]
UPRIGHT: Turn = (False, False, False)

EXIF_TURNS: dict[int, Turn] = {
    1: UPRIGHT,
    2: (False, True, False),
    3: (False, True, True),
    4: (False, False, True),
    5: (True, False, False),
    6: (True, True, False),
    7: (True, True, True),
    8: (True, False, True),
}
"""EXIF orientation (TIFF 6.0, tag 274) -> the turn that makes the picture upright."""


def turned(array: np.ndarray, turn: Turn) -> np.ndarray:
    """A view of (H, W, C) `array` after the turn."""
    transposed, left_right, up_down = turn
    if transposed:
        array = array.swapaxes(0, 1)
    if left_right:
        array = array[:, ::-1]
    return array[::-1] if up_down else array


def as_rotation(turn: Turn) -> tuple[int, bool]:
    """(degrees clockwise, mirrored left-right before) of a turn."""
    transposed, left_right, up_down = turn
    mirrored = transposed ^ left_right ^ up_down
    if transposed:
        return (90 if left_right else 270), mirrored
    return (180 if up_down else 0), mirrored


def matrix_turn(matrix: bytes) -> Turn:
    """The turn nearest to an MP4 display matrix: nine native 32-bit integers a b u c d v x y w (14496-12, 8.3.2), or nothing."""
    if len(matrix) < 36:
        return UPRIGHT
    a, b, _, c, d = struct.unpack_from("=5i", matrix)
    # A point (p, q) goes to (a p + c q, b p + d q).
    if abs(a) + abs(d) >= abs(b) + abs(c):
        return False, a < 0, d < 0
    return True, c < 0, b < 0
