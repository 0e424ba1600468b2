"""The seam: a filled hole takes the light of the frame around it, and its grain."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision.inpainting import diffuse

COARSE = 4
"""The correction is worked out on so many times fewer rows and columns: light is smooth."""
RING = 2
"""Width of the rim outside a hole that is compared with what was filled in, in those coarse pixels."""
TRUSTED = 24.0
"""Levels of difference beyond which a place says nothing about light: an edge a little off, a shadow, a piece of the subject."""
CALM = 3.0
"""Levels of difference that are left alone: the faint shadow around a subject is no change of light, and corrections of it would flicker."""


def light(frame: np.ndarray, filled: np.ndarray, hole: np.ndarray, worth: np.ndarray) -> np.ndarray | None:
    """(h, w, 3) float32 to add to `filled` so that its light runs on across the rim: a membrane (Perez et al. 2003, with zero guidance for the difference).

    frame, filled: (h, w, 3) uint8 of a window; hole, worth: (h, w) uint8, where the hole is and where `filled` can be compared (nonzero). None when the rim fits.
    """
    height, width = hole.shape
    size = (max(1, width // COARSE), max(1, height // COARSE))
    touched = cv2.resize(hole * np.uint8(255), size, interpolation=cv2.INTER_AREA)
    blank = cv2.resize(cv2.threshold(worth, 0, 255, cv2.THRESH_BINARY_INV)[1], size, interpolation=cv2.INTER_AREA)
    inside = cv2.threshold(touched, 0, 1, cv2.THRESH_BINARY)[1]
    ring = cv2.dilate(inside, np.ones((2 * RING + 1, 2 * RING + 1), np.uint8)) & (1 - inside) & (blank == 0)
    difference = cv2.subtract(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.resize(filled, size, interpolation=cv2.INTER_AREA), dtype=cv2.CV_32F)
    largest = np.abs(difference).max(axis=2)
    known = (ring > 0) & (largest < TRUSTED)
    if not known.any() or float(largest[known].mean()) < CALM:
        return None
    smooth = diffuse(difference, ~known)
    smooth = np.sign(smooth) * np.maximum(np.abs(smooth) - CALM, 0)
    return cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR)


def grain(shape: tuple[int, int], strength: float, rng: np.random.Generator) -> np.ndarray:
    """(h, w) float32 noise of a standard deviation, a little soft as a camera's is."""
    noise = cv2.GaussianBlur(rng.standard_normal(shape, np.float32), (3, 3), 0.55)
    return noise * np.float32(strength / max(float(noise.std()), 1e-6))
