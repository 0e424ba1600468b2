"""Look at motion: the colour wheel, arrows, and how a dense flow is stored."""

from __future__ import annotations

import colorsys
from functools import cache

import numpy as np


@cache
def _wheel() -> np.ndarray:
    """(256, 3) float32 hues 0..1 around the circle: right is red, down is yellow-green, left is cyan, up is violet."""
    return np.array([colorsys.hsv_to_rgb(i / 256.0, 1.0, 1.0) for i in range(256)], np.float32)


def flow_to_rgb(flow: np.ndarray, *, largest: float | None = None) -> np.ndarray:
    """Colours (H, W, 3) uint8 of a flow (H, W, 2) in pixels: hue is the direction, strength the length, white is still.

    largest: the length drawn at full strength (default: the 99th percentile of what moves, at least 1 px).
    """
    length = np.linalg.norm(flow, axis=-1)
    if largest is None:
        moving = length[length > 0.05]
        largest = max(1.0, float(np.percentile(moving, 99))) if moving.size else 1.0
    angle = np.arctan2(flow[..., 1], flow[..., 0]) / (2.0 * np.pi)
    hue = _wheel()[np.floor(np.mod(angle, 1.0) * 256).astype(int) % 256]
    strength = np.clip(length / largest, 0.0, 1.0)[..., None] ** 0.7  # small motion stays visible
    return np.rint(255.0 * (1.0 - strength * (1.0 - hue))).astype(np.uint8)


def flow_arrows(flow: np.ndarray, *, across: int = 14) -> list[list[float]]:
    """`[x, y, dx, dy]` as fractions of width and height: one arrow in each square of a grid in which something moves by over half a pixel.

    The arrow stands at the middle of what moves there, so that thin things get theirs too.
    """
    height, width = flow.shape[:2]
    step = max(2, round(max(height, width) / across))
    out = []
    for top in range(0, height, step):
        for left in range(0, width, step):
            part = flow[top : top + step, left : left + step]
            ys, xs = np.nonzero((part**2).sum(axis=-1) > 0.25)
            if len(xs) < 0.06 * part.shape[0] * part.shape[1]:
                continue
            x, y = left + xs.mean(), top + ys.mean()
            dx, dy = part[ys, xs].mean(axis=0)
            out.append([round(float(v), 4) for v in (x / width, y / height, dx / width, dy / height)])
    return out
