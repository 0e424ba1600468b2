"""The usual shape of a subject along its path, and from it what stands before the subject in a frame: motion explains a shape, what it does not explain is hidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.transplant.motion import Labels, Path

GRID = 112
"""Longer side, in cells, of the grid that holds a shape."""

MARGIN = 0.25
"""Room around the key frame's box, as a share of its longer side."""

MOST = 48
"""Frames from which a shape is averaged."""

SURE = 0.92
"""Share of the trusted frames in which a place belongs to the subject, from which it must be hidden when it is not seen."""

LEAST_HIDDEN = 0.035
"""Share of the subject that must be hidden, in one piece, before something is taken to stand before it: outlines are never exact."""


BENT = 0.35
"""Share of what is missing that may be seen outside the usual shape instead, before a subject is taken to have bent rather than to be hidden."""


@dataclass(frozen=True)
class Shape:
    """share: (h, w) float32, how often each place of the grid belonged to the subject in the frames that show it whole; place: 3x3 from grid cells to pixels of the key frame."""

    share: np.ndarray
    place: np.ndarray

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the usual shape in pixels of the key frame."""
        rows, columns = np.flatnonzero((self.share > 0.5).any(axis=1)), np.flatnonzero((self.share > 0.5).any(axis=0))
        if not rows.size:
            rows, columns = np.arange(self.share.shape[0]), np.arange(self.share.shape[1])
        scale = float(self.place[0, 0])
        left, top = self.place[0, 2] + scale * (columns[0] - 0.5), self.place[1, 2] + scale * (rows[0] - 0.5)
        return left, top, left + scale * (columns[-1] - columns[0] + 1), top + scale * (rows[-1] - rows[0] + 1)

    @property
    def area(self) -> float:
        """Its area in pixels of the key frame."""
        return float((self.share > 0.5).sum()) * float(self.place[0, 0]) ** 2


def usual_shape(path: Path, labels: Labels, subject: int, checkpoint: Callable[[], None] = lambda: None) -> Shape:
    """The shape of subject `subject` (1 and up) averaged over the frames in which its mask is whole. They are read again."""
    x0, y0, x1, y1 = path.box
    room = MARGIN * max(x1 - x0, y1 - y0)
    left, top, wide, high = x0 - room, y0 - room, x1 - x0 + 2 * room, y1 - y0 + 2 * room
    cell = max(wide, high) / GRID
    size = max(2, round(wide / cell)), max(2, round(high / cell))
    place = np.array([[cell, 0.0, left + 0.5 * cell - 0.5], [0.0, cell, top + 0.5 * cell - 0.5], [0.0, 0.0, 1.0]])
    frames = np.flatnonzero(path.trusted) + path.first
    frames = frames[np.unique(np.linspace(0, len(frames) - 1, min(MOST, len(frames))).round().astype(int))]
    total = np.zeros(size[::-1], np.float32)
    for frame in frames:
        checkpoint()
        total += fetched((labels(int(frame)) == subject).astype(np.float32), path.matrix(int(frame)) @ place, size)
    return Shape(total / len(frames), place)


def fetched(mask: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """`mask` (H, W) float32 as seen from a grid of `size` (width, height): matrix, 3x3, leads from its cells to the mask's pixels. Averaged over a cell where that is larger than a pixel."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale > 1.5:
        factor = 1.0 / scale
        small = cv2.resize(mask, (max(1, round(mask.shape[1] * factor)), max(1, round(mask.shape[0] * factor))), interpolation=cv2.INTER_AREA)
        fx, fy = small.shape[1] / mask.shape[1], small.shape[0] / mask.shape[0]
        matrix = np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]]) @ matrix
        mask = small
    return cv2.warpAffine(mask, matrix[:2], size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_CONSTANT)


def hidden(shape: Shape, path: Path, frame: int, mask: np.ndarray) -> np.ndarray | None:
    """(H, W) float32 in 0..1: where something stands before the subject in a frame, None where nothing does.

    mask: (H, W) bool, what is seen of it there. A place is hidden that surely belongs to the shape moved along the path, yet is not
    in the mask. Beyond the shape, where a larger new subject reaches, a place is as the nearest place of the shape is.
    """
    matrix = path.matrix(frame) @ shape.place
    grid = shape.share.shape[::-1]
    seen = fetched(mask.astype(np.float32), matrix, grid)
    inside = fetched(np.ones(mask.shape, np.float32), matrix, grid) > 0.99
    body = shape.share >= 0.5
    missing = ((shape.share >= SURE) & inside & (seen < 0.35)).astype(np.uint8)
    thick = max(3, 2 * round(0.02 * GRID) + 1)
    missing = cv2.morphologyEx(missing, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (thick, thick)))
    if missing.sum() < LEAST_HIDDEN * max(1, int((body & inside).sum())):
        return None
    # What stands before a subject takes from its mask; a subject that bends also has parts where its usual shape has none.
    beyond = (seen >= 0.5) & (cv2.dilate(body.astype(np.uint8), np.ones((5, 5), np.uint8)) == 0)
    if beyond.sum() > BENT * missing.sum():
        return None
    # All that is unseen and hangs together with what is surely hidden, out to the rim of the shape.
    loose = (body & inside & (seen < 0.5)).astype(np.uint8)
    _, parts = cv2.connectedComponents(loose, connectivity=4)
    held = np.isin(parts, np.unique(parts[(missing > 0) & (parts > 0)]))
    told = held | (seen >= 0.5)
    _, nearest = cv2.distanceTransformWithLabels((~told).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    answer = np.zeros(int(nearest.max()) + 1, np.float32)
    answer[nearest[told]] = held[told]
    rough = answer[nearest]
    height, width = mask.shape
    large = cv2.warpAffine(rough, matrix[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    # Where the old subject is seen, nothing stands before it: its own outline is the occluder's there.
    near = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.7)
    return np.clip(large - near, 0.0, 1.0) if large.any() else None
