"""How the camera moves: a similarity from the shot's first frame to every other, from tracked corners outside the subject."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.vision.optical import grey

SIDE = 480
"""Longer side, in pixels, of the copies on which corners are tracked."""

CORNERS = 220
"""Corners that are tracked from frame to frame."""


def camera_path(frames: Pictures, masks: Callable[[int], np.ndarray], first: int, last: int, checkpoint: Callable[[], None] = lambda: None) -> np.ndarray:
    """(T, 3, 3) float64: where a place of the shot's first frame lies in each frame, in pixels of the clip, as turn, zoom and shift.

    Corners (Shi and Tomasi, 1994) outside the masks are tracked forth and back (Lucas and Kanade, 1981); RANSAC keeps those that move together. Steps that cannot be told are taken as rest.
    """
    ratio = min(1.0, SIDE / max(frames.width, frames.height))
    size = max(8, round(frames.width * ratio)), max(8, round(frames.height * ratio))
    out = np.tile(np.eye(3), (last - first + 1, 1, 1))
    before: tuple[np.ndarray, np.ndarray] | None = None
    for index in range(first, last + 1):
        checkpoint()
        picture = frames.read(index)
        small = grey(picture if picture.shape[1::-1] == size else cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        free = (cv2.dilate(cv2.resize(masks(index).astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.ones((7, 7), np.uint8)) == 0).astype(np.uint8)
        if before is not None:
            out[index - first] = _step(*before, small) @ out[index - first - 1]
        before = small, free
    scale = np.diag([ratio, ratio, 1.0])
    return np.linalg.inv(scale) @ out @ scale


def _step(before: np.ndarray, free: np.ndarray, after: np.ndarray) -> np.ndarray:
    """3x3 from one small grey frame to the next."""
    corners = cv2.goodFeaturesToTrack(before, CORNERS, 0.01, 7, mask=free)
    if corners is None or len(corners) < 8:
        return np.eye(3)
    ends, there, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, winSize=(15, 15), maxLevel=3)  # type: ignore[call-overload]
    home, back, _ = cv2.calcOpticalFlowPyrLK(after, before, ends, None, winSize=(15, 15), maxLevel=3)  # type: ignore[call-overload]
    kept = (there[:, 0] > 0) & (back[:, 0] > 0) & (np.linalg.norm((home - corners)[:, 0], axis=1) < 0.5)
    if kept.sum() < 8:
        return np.eye(3)
    cv2.setRNGSeed(0)
    matrix, agreed = cv2.estimateAffinePartial2D(corners[kept], ends[kept], method=cv2.RANSAC, ransacReprojThreshold=1.0)
    if matrix is None or agreed.sum() < max(8, 0.25 * kept.sum()):
        return np.eye(3)
    # A camera that stands still must stand still: shares of a pixel that nothing supports would add up.
    still = np.linalg.norm((ends - corners)[kept][:, 0], axis=1)
    return np.eye(3) if np.median(still) < 0.04 else np.vstack([matrix, [0.0, 0.0, 1.0]])
