"""How a subject looked on a frame where it was sure, and where that look lies now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.tracking.colours import lab_of

MARGIN = 10
"""Pixels around the subject that a look keeps."""

ALIKE = 14.0
"""Difference in CIELAB (each axis 0..255) at which a pixel fits its look by a third."""

MOST_BEND = 12.0
"""Pixels that a part may lie beside where the similarity puts it."""


IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def joined(second: np.ndarray, first: np.ndarray) -> np.ndarray:
    """(2, 3) affine map: `first`, then `second`."""
    whole: np.ndarray = np.vstack([second, [0, 0, 1]]) @ np.vstack([first, [0, 0, 1]])
    return whole[:2]


def size_of(matrix: np.ndarray) -> float:
    """By how much a (2, 3) similarity enlarges."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))


@dataclass(frozen=True)
class Look:
    """A piece of a frame. picture: (h, w, 3) uint8; mask: (h, w) bool; corner: (2,) where its upper left pixel lay, x and y.

    pose: (2, 3) from pixels of the first look of the same subject to this one's: looks of one subject can stand in for each other.
    """

    picture: np.ndarray
    mask: np.ndarray
    corner: np.ndarray
    pose: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray, mask: np.ndarray, placed: Placed | None = None) -> Look:
        """The subject of a frame (H, W, 3) uint8 with its mask (H, W) bool, which is not empty. placed: where another look of it lies in that frame."""
        ys, xs = np.nonzero(mask)
        top, left = max(0, int(ys.min()) - MARGIN), max(0, int(xs.min()) - MARGIN)
        window = slice(top, int(ys.max()) + 1 + MARGIN), slice(left, int(xs.max()) + 1 + MARGIN)
        pose = IDENTITY if placed is None else joined(np.array([[1.0, 0.0, -left], [0.0, 1.0, -top]]), joined(placed.matrix, placed.look.pose))
        return cls(image[window].copy(), mask[window].copy(), np.array([left, top], np.float64), pose)

    def here(self, matrix: np.ndarray | None = None) -> Placed:
        """The look at its own place, or where a (2, 3) matrix, from pixels of the look to those of a frame, puts it."""
        if matrix is None:
            matrix = np.array([[1.0, 0.0, self.corner[0]], [0.0, 1.0, self.corner[1]]])
        return Placed(self, matrix)


@dataclass(frozen=True)
class Placed:
    """A look laid on a window of a frame. matrix: (2, 3) from the look's pixels to the whole frame's.

    shape, fit: (h, w) float32 in 0..1 over the window: the subject's shape there, and how well the picture agrees with the look; picture: (h, w, 3) uint8, the look laid there.
    """

    look: Look
    matrix: np.ndarray
    shape: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), np.float32), repr=False)
    fit: np.ndarray = field(default_factory=lambda: np.zeros((1, 1), np.float32), repr=False)
    picture: np.ndarray = field(default_factory=lambda: np.zeros((1, 1, 3), np.uint8), repr=False)

    @property
    def centre(self) -> np.ndarray:
        """(2,) where the middle of the look's mask lies."""
        ys, xs = np.nonzero(self.look.mask)
        middle: np.ndarray = self.matrix @ np.array([xs.mean(), ys.mean(), 1.0])
        return middle

    @property
    def scale(self) -> float:
        """Size beside the look."""
        return size_of(self.matrix)

    @property
    def whole_scale(self) -> float:
        """Size beside the first look of the subject."""
        return self.scale * size_of(self.look.pose)

    @property
    def area(self) -> float:
        """Pixels of the whole subject, seen or not."""
        return float(self.look.mask.sum()) * self.scale**2

    @property
    def box(self) -> tuple[np.ndarray, np.ndarray]:
        """(2,) lowest and (2,) highest x and y of the subject, seen or not."""
        ys, xs = np.nonzero(self.look.mask)
        corners = np.array([[x, y, 1.0] for x in (xs.min(), xs.max()) for y in (ys.min(), ys.max())]).T
        there = self.matrix @ corners
        return there.min(axis=1), there.max(axis=1)

    def visible(self, size: tuple[int, int]) -> float:
        """Share of the subject, 0..1, that lies within a frame of `size` (width, height)."""
        ys, xs = np.nonzero(self.look.mask)
        pick = np.linspace(0, len(xs) - 1, min(300, len(xs))).astype(int)
        x, y = self.matrix @ np.stack([xs[pick], ys[pick], np.ones(len(pick))])
        return float(((x >= 0) & (y >= 0) & (x <= size[0] - 1) & (y <= size[1] - 1)).mean())

    def moved(self, step: np.ndarray) -> Placed:
        """The look after a (2, 3) similarity of the frame."""
        return replace(self, matrix=joined(step, self.matrix))

    def as_look(self, look: Look) -> Placed:
        """Another look of the same subject in the same pose."""
        return look.here(joined(self.matrix, joined(self.look.pose, cv2.invertAffineTransform(look.pose))))

    def likeness(self, part: np.ndarray, corner: np.ndarray) -> float:
        """How well the look fits where it lies, 0..1, without bending; `part` and `corner` as in `fitted`."""
        matrix = self.matrix.copy()
        matrix[:, 2] -= corner
        scale = min(1.0, 64.0 / max(part.shape[:2]))
        size = max(8, round(part.shape[1] * scale)), max(8, round(part.shape[0] * scale))
        matrix *= scale
        shape = cv2.warpAffine(self.look.mask.astype(np.float32), matrix, size, flags=cv2.INTER_AREA)
        laid = cv2.warpAffine(cv2.GaussianBlur(self.look.picture, (0, 0), 0.5 / scale), matrix, size, flags=cv2.INTER_LINEAR)
        apart = optical.length(lab_of(laid).astype(np.float32) - lab_of(cv2.resize(part, size, interpolation=cv2.INTER_AREA)))
        total = float(shape.sum())
        return float((np.exp(-((apart / (1.5 * ALIKE)) ** 2)) * shape).sum()) / total if total > 0 else 0.0

    def fitted(self, part: np.ndarray, corner: np.ndarray) -> Placed:
        """Laid on a window of the frame, (h, w, 3) uint8 with its upper left pixel at `corner`, bent by flow to what is seen there, and put right by how it had to bend."""
        size = (part.shape[1], part.shape[0])
        matrix = self.matrix.copy()
        matrix[:, 2] -= corner
        for turn in range(2):
            shape = cv2.warpAffine(self.look.mask.astype(np.float32), matrix, size, flags=cv2.INTER_LINEAR)
            laid = cv2.warpAffine(self.look.picture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            near = cv2.dilate((shape > 0.5).astype(np.uint8), np.ones((2 * MARGIN - 5, 2 * MARGIN - 5), np.uint8)) > 0
            # Beside the subject the picture itself, so that flow there says nothing.
            canvas = np.where(near[..., None], laid, part)
            bend = optical.flow(optical.grey(part), optical.grey(canvas), quick=True)
            length = optical.length(bend)
            bend[length > MOST_BEND] = 0
            shape_there, seen = optical.pull(shape, bend), optical.pull(canvas, bend)
            apart = optical.length(lab_of(seen).astype(np.float32) - lab_of(part))
            fit = np.exp(-((cv2.GaussianBlur(apart, (0, 0), 1.5) / ALIKE) ** 2)) * (length <= MOST_BEND)
            if turn == 0:
                better = self._put_right(matrix, bend, (shape_there > 0.5) & (fit > 0.5))
                if better is None:
                    break
                matrix = better
        fit = fit * (cv2.dilate((shape_there > 0.05).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0)
        whole = matrix.copy()
        whole[:, 2] += corner
        return replace(self, matrix=whole, shape=shape_there.astype(np.float32), fit=fit.astype(np.float32), picture=seen)

    def agreement(self, mask: np.ndarray) -> float:
        """Share of a mask of the window, 0..1, that looks as it did."""
        inside = mask & (self.shape > 0.5)
        return float(self.fit[inside].mean()) * min(1.0, 1.5 * float(inside.sum()) / max(float(mask.sum()), 1.0)) if inside.any() else 0.0

    @staticmethod
    def _put_right(matrix: np.ndarray, bend: np.ndarray, where: np.ndarray) -> np.ndarray | None:
        """The matrix after the similarity that most of the bending amounts to; None when it is too little to matter, or too few agree."""
        ys, xs = np.nonzero(where)
        if len(xs) < 40:
            return None
        pick = np.linspace(0, len(xs) - 1, min(300, len(xs))).astype(int)
        now = np.stack([xs[pick], ys[pick]], 1).astype(np.float64)
        laid = now + bend[ys[pick], xs[pick]]
        cv2.setRNGSeed(0)
        step, good = cv2.estimateAffinePartial2D(laid, now, method=cv2.RANSAC, ransacReprojThreshold=1.0, maxIters=300)
        if step is None or good.mean() < 0.5:
            return None
        scale = float(np.hypot(step[0, 0], step[1, 0]))
        if not 0.9 < scale < 1.12:
            return None
        return joined(np.asarray(step, np.float64), matrix)
