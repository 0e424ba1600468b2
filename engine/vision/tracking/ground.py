"""What is known of the scene without the subject: the background as it was seen last, carried along with the camera, and which pixels move as the camera does."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.camera import GlobalMotion
from engine.vision.tracking.colours import lab_of
from engine.vision.tracking.scenery import SAME, STANDS, UNLIKE, Scenery

ALIKE = 6.0
"""Difference in CIELAB (0..255 an axis) at which a pixel is like the known background by a third."""

STIRRED = 8.0
"""Median difference of what is certainly background at which its memory is of no more use: water, rain, a handheld camera among near things."""

class Ground:
    """Memory of the background of one subject. image: (H, W, 3) uint8; known: (H, W) bool."""

    def __init__(self, image: np.ndarray, mask: np.ndarray) -> None:
        self.image = image.copy()
        self.known = ~_around(mask)
        self.drift = np.eye(3)
        self.told = False

    def learn(self, scenery: Scenery, image: np.ndarray, mask: np.ndarray) -> None:
        """What is behind all that moves, from the rest of the shot. image: (H, W, 3) uint8, the frame; mask: (H, W) bool, the subject in it."""
        apart = scenery.apart(image)
        # Where the subject looks like its scenery it may be a part of that, having stood there for most of the shot.
        told = scenery.known & (~_around(mask) | (apart > UNLIKE))
        self.image[told] = scenery.picture[told]
        self.known |= told
        self.told = True

    def carry(self, motion: GlobalMotion | None) -> None:
        """The camera moved: bring the memory to the new frame."""
        if motion is None or not motion.ok:
            return
        self.drift = motion.matrix @ self.drift
        height, width = self.known.shape
        corners = np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]], float)
        there = self.drift @ corners
        if np.abs(there[:2] / there[2] - corners[:2]).max() < STANDS:
            return
        size = (width, height)
        self.image = cv2.warpPerspective(self.image, self.drift, size, flags=cv2.INTER_LINEAR)
        self.known = cv2.warpPerspective(self.known.astype(np.uint8), self.drift, size, flags=cv2.INTER_NEAREST) > 0
        self.drift = np.eye(3)

    def alike(self, lab: np.ndarray, window: tuple[slice, slice], mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(h, w) float32, 0..1: how surely each pixel of a window shows the known background; (h, w) bool: where it surely does not. lab: (h, w, 3) uint8, the window in CIELAB; mask: (h, w) bool, where the subject may be."""
        known = self.known[window]
        apart = optical.length(cv2.GaussianBlur(lab_of(np.ascontiguousarray(self.image[window])), (0, 0), 0.7).astype(np.float32) - cv2.GaussianBlur(lab, (0, 0), 0.7))
        apart = cv2.GaussianBlur(apart, (0, 0), 1.2)
        beside = known & ~_around(mask)
        calm = float(np.exp(-((np.median(apart[beside]) / STIRRED) ** 2))) if beside.any() else 0.0
        out: np.ndarray = np.exp(-((apart / ALIKE) ** 2)) * known * calm
        return out.astype(np.float32), known & (apart > 2.5 * ALIKE) & (calm > 0.5)

    def see(self, image: np.ndarray, mask: np.ndarray) -> None:
        """A frame with the subject's mask: all that is clearly beside it is background."""
        away = ~_around(mask)
        cv2.copyTo(image, away.astype(np.uint8), self.image)
        self.known |= away

    def same(self, part: np.ndarray, where: tuple[slice, slice]) -> np.ndarray:
        """(h, w) float32, 0..1: how far the texture of a window (h, w, 3) uint8 is the known background's (`Scenery.same`); 1 where the scenery is not told."""
        if not self.told:
            return np.ones(part.shape[:2], np.float32)
        out: np.ndarray = np.clip(Scenery(np.ascontiguousarray(self.image[where]), self.known[where]).same(part), 0.0, 1.0)
        return out

    def left_over(self, part: np.ndarray, where: tuple[slice, slice], same: np.ndarray) -> np.ndarray:
        """(h, w) bool: where a window (h, w, 3) uint8 shows the scenery with its own texture and colours; nowhere when that is not told. same: as `same` gives it."""
        if not self.told:
            return np.zeros(part.shape[:2], bool)
        behind = Scenery(np.ascontiguousarray(self.image[where]), self.known[where])
        bare = behind.known & (behind.apart(part) < 0.5 * UNLIKE) & (same > SAME)
        return cv2.morphologyEx(bare.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0


def stillness(back: np.ndarray, motion: GlobalMotion | None, step: np.ndarray | None, window: tuple[slice, slice]) -> np.ndarray:
    """(h, w) float32, -1..1: 1 where a window's pixels move as the camera does and not as the subject, -1 the other way round, 0 where both move alike.

    back: (h, w, 2) flow from this frame to the one before; motion: the camera's, step: (2, 3) the subject's, both from the frame before to this one in pixels of the whole picture.
    """
    height, width = back.shape[:2]
    if motion is None or not motion.ok or step is None:
        return np.zeros((height, width), np.float32)
    x, y = optical.grid(width, height)
    x, y = x + window[1].start, y + window[0].start
    camera = motion.inverse().field(height, width, (window[1].start, window[0].start))
    other = cv2.invertAffineTransform(step).astype(np.float32)
    subject = np.stack([other[0, 0] * x + other[0, 1] * y + other[0, 2] - x, other[1, 0] * x + other[1, 1] * y + other[1, 2] - y], 2)
    gap = optical.length(camera - subject)
    lead = optical.length(back - subject) - optical.length(back - camera)
    out: np.ndarray = np.clip(lead / np.maximum(gap, 1e-3), -1.0, 1.0) * np.clip((gap - 1.0) / 2.0, 0.0, 1.0)
    return out.astype(np.float32)


def _around(mask: np.ndarray) -> np.ndarray:
    """The mask and a few pixels beside it, whose colours are mixed or in its shadow."""
    return cv2.dilate(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
