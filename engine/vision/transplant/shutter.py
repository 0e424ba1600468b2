"""How long a clip's shutter is open, seen from how much softer the outline of a moving subject is along its motion; and the blur that a new subject needs for it."""

from __future__ import annotations

import cv2
import numpy as np

FAST = 5.0
"""Pixels from frame to frame from which a blur can be told from an outline's own softness."""

REACH = 1.1
"""Profiles across the outline reach this share of a frame's motion to both sides; more would meet other things."""

CONTRAST = 24.0
"""Levels of 255 between both sides of the outline from which a profile is believed."""

MOST = 0.75
"""Share of a frame's time that a shutter is open at most."""

SEEN = 0.22
"""Share below which the shutter is taken as a moment: outlines are never quite sharp."""


def open_for(picture: np.ndarray, mask: np.ndarray, motion: np.ndarray) -> float | None:
    """Share 0..1 of a frame's time for which the shutter was open, from one frame (H, W, 3) uint8, a subject (H, W) bool and its motion (2,) in pixels a frame; None when that cannot be told.

    A box blur of length b makes a ramp of that length out of an edge that lies across the motion, while edges along it stay as they are: the ramps' lengths, contrast over steepest
    slope, are compared between outline points of both kinds.
    """
    speed = float(np.hypot(*motion))
    if speed < FAST or not mask.any():
        return None
    grey = _apart(picture, mask)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 2.0)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    ys, xs = np.nonzero(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)))
    reach = int(np.ceil(max(3.0, REACH * speed)))
    inside = (xs >= reach + 1) & (ys >= reach + 1) & (xs < mask.shape[1] - reach - 1) & (ys < mask.shape[0] - reach - 1)
    xs, ys = xs[inside], ys[inside]
    if len(xs) < 40:
        return None
    pick = slice(None, None, max(1, len(xs) // 600))
    xs, ys = xs[pick], ys[pick]
    normal = np.stack([gx[ys, xs], gy[ys, xs]], axis=1)
    normal /= np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-6)
    along = np.abs(normal @ (motion / speed))
    steps = np.arange(-reach, reach + 0.5, 0.5, dtype=np.float32)
    px, py = (xs[:, None] + normal[:, :1] * steps).astype(np.float32), (ys[:, None] + normal[:, 1:] * steps).astype(np.float32)
    lines = cv2.remap(grey, px, py, cv2.INTER_LINEAR)  # (N, steps)
    lengths = _ramps(lines)
    across, beside = lengths[(along > 0.85) & (lengths > 0)], lengths[(along < 0.45) & (lengths > 0)]
    if len(across) < 8 or len(beside) < 8:
        return None
    longer = max(0.0, float(np.median(across)) ** 2 - float(np.median(beside)) ** 2)
    return float(min(MOST, np.sqrt(longer) / speed))


def _apart(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(H, W) float32 levels along the colour direction in which the subject and what is near it differ most."""
    around = (cv2.dilate(mask.astype(np.uint8), np.ones((25, 25), np.uint8)) > 0) & ~mask
    if not around.any():
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    apart = picture[mask].mean(axis=0) - picture[around].mean(axis=0)
    levels: np.ndarray = picture.astype(np.float32) @ (apart / max(float(np.linalg.norm(apart)), 1e-6)).astype(np.float32)
    return levels


def _ramps(lines: np.ndarray) -> np.ndarray:
    """(N,) lengths in pixels of the ramps in profiles (N, K) sampled every half pixel; 0 where there is no clear one."""
    third = max(2, lines.shape[1] // 4)
    rise = lines[:, -third:].mean(axis=1) - lines[:, :third].mean(axis=1)
    slope = np.abs(np.diff(cv2.blur(lines, (3, 1)), axis=1)).max(axis=1) * 2.0
    monotone = np.abs(np.diff(lines, axis=1)).sum(axis=1) < 1.6 * np.abs(rise)
    return np.where((np.abs(rise) > CONTRAST) & monotone, np.abs(rise) / np.maximum(slope, 1e-3), 0.0)


def smeared(light: np.ndarray, alpha: np.ndarray, motion: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """A subject as a shutter sees it that is open for `share` of a frame's time: (h, w, 3) linear light and (h, w) alpha, averaged along its motion (2,) in pixels a frame.

    The window must have room of `room_of` pixels around the subject.
    """
    length = share * float(np.hypot(*motion))
    if length < 1.0:
        return light, alpha
    kernel = _line(motion / float(np.hypot(*motion)), length)
    both = np.dstack([light * alpha[..., None], alpha])
    both = cv2.filter2D(both, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    out = np.clip(both[..., 3], 0.0, 1.0)
    out[out < 0.004] = 0.0
    return both[..., :3] / np.maximum(out, 1e-3)[..., None], out


def room_of(motion: np.ndarray, share: float) -> int:
    """Pixels by which `smeared` reaches beyond a subject."""
    return int(np.ceil(0.5 * share * float(np.hypot(*motion)))) + 1


def _line(direction: np.ndarray, length: float) -> np.ndarray:
    """(k, k) float32: the mean along a line of that length through the middle."""
    half = int(np.ceil(0.5 * length)) + 1
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    places = np.linspace(-0.5 * length, 0.5 * length, max(3, 4 * int(np.ceil(length)) + 1))
    for place in places:
        x, y = half + direction[0] * place, half + direction[1] * place
        left, top = int(np.floor(x)), int(np.floor(y))
        fx, fy = x - left, y - top
        for dy, wy in ((0, 1 - fy), (1, fy)):
            for dx, wx in ((0, 1 - fx), (1, fx)):
                if wx * wy > 0:
                    kernel[min(top + dy, 2 * half), min(left + dx, 2 * half)] += wx * wy
    return kernel / kernel.sum()
