"""Optical flow between two pictures: Dense Inverse Search (Kroeger et al., 2016), its check forth and back, and pictures pulled along it."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np


@cache
def grid(width: int, height: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of every pixel, (H, W) float32 each. They must not be changed."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def grey(picture: np.ndarray) -> np.ndarray:
    """(H, W) uint8 of a picture (H, W, 3) uint8."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)


def flow(first: np.ndarray, second: np.ndarray, *, guess: np.ndarray | None = None, quick: bool = False) -> np.ndarray:
    """(H, W, 2) float32: where each pixel of `first` lies in `second`, as x and y steps in pixels. Both (H, W) uint8; guess: a flow to start from."""
    finder = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST if quick else cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return finder.calc(np.ascontiguousarray(first), np.ascontiguousarray(second), None if guess is None else np.ascontiguousarray(guess, np.float32).copy())


def pull(picture: np.ndarray, along: np.ndarray, *, nearest: bool = False, border: int = cv2.BORDER_REPLICATE) -> np.ndarray:
    """What lies at the end of each place's arrow: out(p) = picture(p + along(p))."""
    height, width = along.shape[:2]
    x, y = grid(width, height)
    return cv2.remap(picture, x + along[..., 0], y + along[..., 1], cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR, borderMode=border)


def inside(along: np.ndarray) -> np.ndarray:
    """(H, W) bool: places whose arrow ends within the picture."""
    height, width = along.shape[:2]
    x, y = grid(width, height)
    tx, ty = x + along[..., 0], y + along[..., 1]
    return (tx >= 0) & (ty >= 0) & (tx <= width - 1) & (ty <= height - 1)


def length(vectors: np.ndarray) -> np.ndarray:
    """(H, W) float32 Euclidean length of the last axis of (H, W, C); quicker than numpy's norm."""
    vectors = np.asarray(vectors, np.float32)
    if vectors.shape[2] == 2:
        return cv2.magnitude(np.ascontiguousarray(vectors[..., 0]), np.ascontiguousarray(vectors[..., 1]))
    return cv2.sqrt(cv2.transform(vectors * vectors, np.ones((1, vectors.shape[2]), np.float32)))


def miss(there: np.ndarray, back: np.ndarray) -> np.ndarray:
    """(H, W) float32: how many pixels one is off after going there and back again."""
    return length(there + pull(back, there))


def agreed(there: np.ndarray, back: np.ndarray, *, slack: float = 0.8, share: float = 0.06) -> np.ndarray:
    """(H, W) bool: places that come home within `slack` pixels and a `share` of the way (Sundaram et al., 2010, in a simpler form), and stay in the picture."""
    return (miss(there, back) < slack + share * length(there)) & inside(there)
