"""Small synthetic pictures with known things, for the tests of vision and stroke motion."""

from __future__ import annotations

import cv2
import numpy as np


def textured(height: int, width: int, colour: tuple[int, int, int], *, strength: float = 18.0, grain: float = 2.0, seed: int = 0) -> np.ndarray:
    """(H, W, 3) uint8: a colour with smooth random texture of that strength (grey levels) and grain (pixels)."""
    noise = np.random.default_rng(seed).normal(size=(height, width, 1)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), grain)[..., None] if grain else noise
    soft = soft / soft.std() * strength
    return np.clip(np.array(colour, np.float32) + soft, 0, 255).astype(np.uint8)


def ball(height: int = 180, width: int = 240, centre: tuple[int, int] = (80, 90), radius: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """A red textured ball on a green textured ground: picture, mask (H, W) bool."""
    mask = np.zeros((height, width), np.uint8)
    cv2.circle(mask, centre, radius, 1, -1)
    picture = textured(height, width, (70, 130, 80), seed=1)
    picture[mask > 0] = textured(height, width, (200, 60, 50), strength=30, seed=2)[mask > 0]
    return picture, mask > 0


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union."""
    return float((a & b).sum() / max((a | b).sum(), 1))
