"""The seam: a filled hole takes the light of the frame around it, and its grain."""

from __future__ import annotations

import cv2
import numpy as np

COARSE = 4
"""Of so many rows and columns one is looked at: light is smooth."""
RING = 2
"""Width of the rim outside a hole that is compared with what was filled in, in those coarse pixels."""
FEWEST = 8
"""Such pixels below which nothing is said about light."""
TRUSTED = 24.0
"""Levels of difference beyond which a place, and what lies beside it, says nothing about light: an edge a little off, a shadow, a thing that passes."""
_AROUND, _BESIDE = np.ones((2 * RING + 1, 2 * RING + 1), np.uint8), np.ones((3, 3), np.uint8)
CALM = 2.5
"""Levels of difference that are left alone: the faint shadow around a subject is no change of light, and corrections of it would flicker."""


def light(frame: np.ndarray, filled: np.ndarray, hole: np.ndarray, worth: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) float32 to add to `filled` so that its light runs on across the rim: a slope for each channel, which fits the differences along the rim.

    A slope and not a membrane through the rim (Perez et al. 2003): three numbers a channel do not follow every leaf, so they do not flicker.
    frame, filled: (h, w, 3) uint8 of a window; hole, worth: (h, w) uint8, where the hole is and where `filled` can be compared (nonzero). None when the rim fits.
    """
    part = (slice(COARSE // 2, None, COARSE), slice(COARSE // 2, None, COARSE))
    inside = np.ascontiguousarray(hole[part])
    if inside.size == 0:
        return None
    small, other = (np.ascontiguousarray(p[part]) for p in (frame, filled))
    off = cv2.threshold(cv2.cvtColor(cv2.absdiff(small, other), cv2.COLOR_RGB2GRAY), TRUSTED, 1, cv2.THRESH_BINARY)[1]
    use = (cv2.dilate(inside, _AROUND) > inside) & (cv2.dilate(off, _BESIDE) == 0) & (worth[part] != 0)
    at = np.flatnonzero(use)
    if len(at) < FEWEST:
        return None
    difference = small.reshape(-1, 3)[at].astype(np.float32) - other.reshape(-1, 3)[at]
    if np.abs(np.partition(difference, len(at) // 2, axis=0)[len(at) // 2]).max() < CALM:
        return None
    y, x = np.divmod(at, inside.shape[1])
    columns = np.ones((len(x), 3))
    columns[:, 1], columns[:, 2] = x / inside.shape[1] - 0.5, y / inside.shape[0] - 0.5
    weight = np.ones(len(x))
    fit = np.zeros((3, 3))
    for _ in range(4):
        weighted = columns * weight[:, None]
        fit = np.linalg.solve(weighted.T @ columns + np.diag([0.1, 0.1 * len(x), 0.1 * len(x)]), weighted.T @ difference)
        weight = 1.0 / (1.0 + (np.abs(columns @ fit - difference).max(axis=1) / 4.0) ** 2)
    fit[0] -= np.clip(fit[0], -CALM, CALM) * max(0.0, 1.0 - float(np.abs(fit[0]).max() - CALM) / CALM)  # comes in by degrees
    across, down = (np.arange(side, dtype=np.float32) / side - np.float32(0.5) for side in hole.shape[::-1])
    return (fit[0] + fit[1] * across[None, :, None] + fit[2] * down[:, None, None]).astype(np.float32)


def grain(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """(h, w) float32 noise of a standard deviation, a little soft as a camera's is."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (3, 3), 0.55)
    return noise * np.float32(strength / max(float(noise.std()), 1e-6))
