"""What stands in for a subject: a cut-out picture, or a drawing that moves by itself; and how it is put where the old one was."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import cv2
import numpy as np

from engine.vision.transplant.cutout import CutOut
from engine.vision.transplant.light import linear

FINEST = 2.0**-0.5
"""A stored size is used down to this scale; below it a smaller one is taken, so that no detail is skipped."""

WIDEST, HIGHEST = 2.4, 1.6
"""How much wider and higher than the old subject a new one of another form may be."""

GROUNDED = 0.25
"""Share of its height by which the lowest part of a thing may rise and sink, beyond what its way sideways explains, and still stand on the ground."""


class StandIn(Protocol):
    """A new subject in its own pixels: (width, height) is its box. backdrop: as of `CutOut`."""

    width: float
    height: float
    backdrop: np.ndarray | None

    def picture(self, scale: float, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """(h, w, 4) float32 in linear light, multiplied by alpha, fit to be laid in at `scale`, and the 3x3 from its pixels to the stand-in's own."""


@dataclass
class Still:
    """A cut-out picture, kept in sizes that fall by the root of two."""

    cut: CutOut
    _levels: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.height, self.width = (float(side) for side in self.cut.alpha.shape)
        self.backdrop = self.cut.backdrop
        alpha = self.cut.alpha[..., None]
        self._levels.append(np.concatenate([linear(self.cut.colours) * alpha, alpha], axis=2))

    def picture(self, scale: float, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """See `StandIn.picture`."""
        number = 0
        while scale < FINEST and min(self._level(number).shape[:2]) > 8:
            scale /= FINEST
            number += 1
        level = self._level(number)
        fx, fy = self.width / level.shape[1], self.height / level.shape[0]
        return level, np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]])

    def _level(self, number: int) -> np.ndarray:
        while len(self._levels) <= number:
            size = tuple(max(2, round(side * FINEST ** len(self._levels))) for side in (self.width, self.height))
            self._levels.append(cv2.resize(self._levels[0], size, interpolation=cv2.INTER_AREA))
        return self._levels[number]


def placed(box: tuple[float, float, float, float], size: tuple[float, float], scale: float, *, grounded: bool) -> np.ndarray:
    """3x3 from a stand-in's own pixels to the key frame's: as large in area as the box (left, top, right, bottom) of the old subject, times `scale`.

    size: (width, height) of the stand-in. grounded: feet stand where the old ones stood; otherwise middles lie on each other.
    """
    x0, y0, x1, y1 = box
    wide, high = max(x1 - x0, 1.0), max(y1 - y0, 1.0)
    factor = float(np.sqrt(wide * high / (size[0] * size[1])))
    factor = scale * min(factor, WIDEST * wide / size[0], HIGHEST * high / size[1])
    left = 0.5 * (x0 + x1) - 0.5 * factor * size[0]
    top = y1 - factor * size[1] if grounded else 0.5 * (y0 + y1) - 0.5 * factor * size[1]
    # Boxes are counted from pixel edges, maps from pixel centres.
    return np.array([[factor, 0.0, left + 0.5 * factor - 0.5], [0.0, factor, top + 0.5 * factor - 0.5], [0.0, 0.0, 1.0]])


def stands(feet: np.ndarray, heights: np.ndarray, frame_height: int) -> bool:
    """True for a subject whose lowest part moves as on a ground. feet: (T, 2) places of its lowest part; heights: (T,) its height there, both in pixels."""
    if len(feet) < 3:
        return float(np.median(feet[:, 1])) > 0.4 * frame_height
    # On a plane a thing that comes nearer sinks in the picture as it grows, and one that goes sideways keeps to a line.
    known = np.column_stack([np.ones(len(feet)), feet[:, 0], heights])
    left = feet[:, 1] - known @ np.linalg.lstsq(known, feet[:, 1], rcond=None)[0]
    return float(np.std(left)) < GROUNDED * float(np.median(heights)) / 2 and float(np.median(feet[:, 1])) > 0.4 * frame_height


def laid(stand_in: StandIn, matrix: np.ndarray, frame: int, size: tuple[int, int], soften: float = 0.0, more: int = 0) -> tuple[np.ndarray, np.ndarray, tuple[slice, slice]] | None:
    """A stand-in in a frame of `size` (width, height): (h, w, 3) linear light, (h, w) alpha, and their window; None when it lies outside.

    matrix: 3x3 from its own pixels to the frame's; soften: Gaussian sigma in pixels of the frame; more: pixels of
    room around it.
    """
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    picture, into = stand_in.picture(scale, frame)
    whole = matrix @ into
    height, width = picture.shape[:2]
    corners = whole @ np.array([[-0.5, width - 0.5, -0.5, width - 0.5], [-0.5, -0.5, height - 0.5, height - 0.5], [1.0, 1.0, 1.0, 1.0]])
    room = 2 + int(3 * soften) + more
    left, top = (max(0, int(np.floor(v)) - room) for v in corners[:2].min(axis=1))
    right, bottom = (min(side, int(np.ceil(v)) + 1 + room) for v, side in zip(corners[:2].max(axis=1), size, strict=True))
    if left >= right or top >= bottom:
        return None
    whole = np.array([[1.0, 0.0, -left], [0.0, 1.0, -top], [0.0, 0.0, 1.0]]) @ whole
    out = cv2.warpAffine(picture, whole[:2], (right - left, bottom - top), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    if soften > 0.0:
        out = cv2.GaussianBlur(out, (0, 0), soften, borderType=cv2.BORDER_REPLICATE)
    alpha = np.clip(out[..., 3], 0.0, 1.0)
    alpha[alpha < 0.004] = 0.0
    return out[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha, (slice(top, bottom), slice(left, right))
