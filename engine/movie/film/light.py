"""Pictures in linear light and back, by table: mixing light is what a dissolve on film does; mixing sRGB codes darkens the middle."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from engine.media.srgb import from_light, to_light


@lru_cache(maxsize=1)
def _tables() -> tuple[np.ndarray, np.ndarray]:
    codes = to_light(np.arange(256) / 255.0).astype(np.float32)
    # Sixteen bits: the darkest code is 20 steps wide, so that a round trip is exact.
    steps = np.round(255.0 * from_light(np.arange(65536) / 65535.0)).astype(np.uint8)
    return codes, steps


def light_of(frame: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 sRGB -> float32 linear light 0..1."""
    return _tables()[0][frame]


def frame_of(light: np.ndarray) -> np.ndarray:
    """float32 linear light -> (H, W, 3) uint8 sRGB, clipped. Exact for what `light_of` gave."""
    return _tables()[1][np.clip(light * 65535.0 + 0.5, 0, 65535).astype(np.uint16)]


def mixed(before: np.ndarray, after: np.ndarray, share: float | np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: `before` at share 0, `after` at 1, in between their light is added. share: one number, or (H, W) float32 in 0..1."""
    if isinstance(share, float | int):
        if share <= 0:
            return before
        if share >= 1:
            return after
        return frame_of(cv2.addWeighted(light_of(before), 1.0 - share, light_of(after), share, 0.0))
    first, second = light_of(before), light_of(after)
    return frame_of(first + (second - first) * share[..., None])
