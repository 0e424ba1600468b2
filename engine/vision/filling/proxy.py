"""Small copies of frames, on which everything is measured."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling.motion import PROXY_SIDE

MARGIN = 3
"""Proxy pixels beside a hole that are not looked at: the subject's soft edge and shadow lie there."""
_AROUND = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)

Box = tuple[int, int, int, int]
"""left, top, right, bottom in pixels, the last two excluded."""


@dataclass(frozen=True)
class Proxy:
    """A frame's small copy. colour: (h, w, 3) uint8; grey: (h, w) uint8; hole: (h, w) uint8, 1 where the subject is near."""

    colour: np.ndarray
    grey: np.ndarray
    hole: np.ndarray


def proxy_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """(width, height) of the small copy of a frame (H, W, ...)."""
    scale = min(1.0, PROXY_SIDE / max(shape[:2]))
    return max(16, round(shape[1] * scale)), max(16, round(shape[0] * scale))


def small_hole(hole: tuple[Box, np.ndarray] | None, shape: tuple[int, ...]) -> np.ndarray:
    """(h, w) uint8: a frame's hole, (h, w) uint8 in its box, at the proxy's size, grown by a margin. shape: (H, W) of the frame."""
    width, height = proxy_size(shape)
    out = np.zeros((height, width), np.uint8)
    if hole is not None:
        (left, top, right, bottom), part = hole
        sx, sy = width / shape[1], height / shape[0]
        x, y = int(left * sx), int(top * sy)
        size = (min(int(np.ceil(right * sx)), width) - x, min(int(np.ceil(bottom * sy)), height) - y)
        touched = cv2.resize(part * np.uint8(255), size, interpolation=cv2.INTER_AREA)
        cv2.threshold(touched, 0, 1, cv2.THRESH_BINARY, dst=out[y : y + size[1], x : x + size[0]])
        grown = (slice(max(y - MARGIN, 0), y + size[1] + MARGIN), slice(max(x - MARGIN, 0), x + size[0] + MARGIN))
        out[grown] = cv2.dilate(out[grown], _AROUND)
    return out


def proxy(frame: np.ndarray, hole: tuple[Box, np.ndarray] | None) -> Proxy:
    """The small copy of a frame (H, W, 3) uint8 with its hole (see `small_hole`)."""
    size = proxy_size(frame.shape)
    step = max(1, int(0.5 * max(frame.shape[:2]) / PROXY_SIDE))
    small = small_hole(hole, frame.shape)
    if step > 1:  # averaging all of a large picture costs more than it gives
        frame = cv2.resize(frame, (frame.shape[1] // step, frame.shape[0] // step), interpolation=cv2.INTER_LINEAR)
    colour = cv2.resize(frame, size, interpolation=cv2.INTER_AREA)
    return Proxy(colour, cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), small)
