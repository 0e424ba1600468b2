"""Find faces in a picture: MediaPipe's BlazeFace detectors (Bazarevsky et al., 2019), run by OpenCV. Coarse boxes only; the mesh is in `mesh`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ENOUGH = 0.5
"""Lowest score of a face."""

TILES = (1.0, 0.5, 0.3)
"""Sides of the squares of a thorough search, as shares of the picture's longer side; the first is the largest square that fits."""

OVERLAP = 0.3
"""Two boxes that share more than this of their union are one face."""


@dataclass(frozen=True)
class Found:
    """A detected face. box: left, top, right, bottom in pixels; keys: (6, 2) pixels: right eye, left eye (the person's), nose tip, mouth, right ear, left ear; score 0..1."""

    box: tuple[float, float, float, float]
    keys: np.ndarray
    score: float

    @property
    def size(self) -> float:
        """Longer side of the box in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


class Detector:
    """One detector network. path: the TFLite file; side: its input in pixels; grids: (cells a side, anchors a cell) of each output grid."""

    def __init__(self, path: Path, side: int, grids: tuple[tuple[int, int], ...]) -> None:
        self.net = cv2.dnn.readNetFromTFLite(str(path))
        self.side = side
        self.names = self.net.getUnconnectedOutLayersNames()
        self.anchors = np.concatenate([np.repeat(_centres(cells), each, axis=0) for cells, each in grids])

    def find(self, image: np.ndarray) -> list[Found]:
        """Faces of a picture (H, W, 3) uint8, best first, at least `ENOUGH` sure, one for each face."""
        height, width = image.shape[:2]
        scale = self.side / max(height, width)
        small = cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        left, top = (self.side - small.shape[1]) // 2, (self.side - small.shape[0]) // 2
        square = np.full((self.side, self.side, 3), 127.5, np.float32)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small
        self.net.setInput(cv2.dnn.blobFromImage(square / 127.5 - 1.0))
        outputs = [out.reshape(len(self.anchors), -1) for out in self.net.forward(self.names)]
        raw, scores = sorted(outputs, key=lambda out: -out.shape[1])
        sure = 1.0 / (1.0 + np.exp(-np.clip(scores[:, 0], -60, 60)))
        picks = np.flatnonzero(sure >= ENOUGH)
        values = raw[picks] / self.side
        values[:, 0::2][:, [0, *range(2, 8)]] += self.anchors[picks, :1]
        values[:, 1::2][:, [0, *range(2, 8)]] += self.anchors[picks, 1:]
        # From fractions of the square back to pixels of the picture.
        points = values.reshape(len(picks), 8, 2) * self.side
        points[:, [0, *range(2, 8)]] -= (left, top)
        points *= np.array([width / small.shape[1], height / small.shape[0]])
        return _merged(points, sure[picks])


def find_faces(image: np.ndarray, detectors: tuple[Detector, ...], *, thorough: bool = False) -> list[Found]:
    """Faces of a picture (H, W, 3) uint8, largest first. Later detectors only look where the earlier ones found nothing: first near faces, then far ones.

    thorough: look again at overlapping squares of the picture, for small faces and groups; a tenth of a second instead of a few milliseconds.
    """
    found: list[Found] = []
    for detector in detectors:
        found = found or detector.find(image)
    if thorough:
        for share in TILES:
            for left, top, side in _tiles(image.shape[1], image.shape[0], share):
                for face in detectors[-1].find(image[top : top + side, left : left + side]):
                    box = (face.box[0] + left, face.box[1] + top, face.box[2] + left, face.box[3] + top)
                    # A face that the square cuts is seen whole in a neighbour.
                    whole = all(low > 0.02 * side or low + at < 1 for low, at in zip((face.box[0], face.box[1]), (left, top), strict=True))
                    whole &= all(high < 0.98 * side or high + at > end - 1 for high, at, end in zip(face.box[2:], (left, top), image.shape[1::-1], strict=True))
                    if whole:
                        found.append(Found(box, face.keys + (left, top), face.score))
        found = _apart(found)
    return sorted(found, key=lambda face: -face.size)


def _tiles(width: int, height: int, share: float) -> list[tuple[int, int, int]]:
    """Overlapping squares (left, top, side) that cover a picture, each side a share of its longer side."""
    side = min(round(share * max(width, height)), min(width, height)) if share < 1 else min(width, height)
    if side < 64:
        return []
    columns, rows = (max(1, int(np.ceil((length - side) / (0.55 * side))) + 1) for length in (width, height))
    return [(int(x), int(y), side) for y in np.linspace(0, height - side, rows) for x in np.linspace(0, width - side, columns)]


def _apart(found: list[Found]) -> list[Found]:
    """One box for each face: the surest of those that overlap or lie in each other."""
    kept: list[Found] = []
    for face in sorted(found, key=lambda one: -one.score):
        middle = face.keys[:4].mean(axis=0)
        inside = any(one.box[0] < middle[0] < one.box[2] and one.box[1] < middle[1] < one.box[3] for one in kept)
        if not inside and not any(face.box[0] < x < face.box[2] and face.box[1] < y < face.box[3] for x, y in (one.keys[:4].mean(axis=0) for one in kept)):
            kept.append(face)
    return kept


def detectors(folder: Path) -> tuple[Detector, Detector]:
    """The near-range detector (faces within two metres) and the full-range one, from the folder of the card `mediapipe-face`."""
    return (
        Detector(folder / "face_detection_short_range.tflite", 128, ((16, 2), (8, 6))),
        Detector(folder / "face_detection_full_range.tflite", 192, ((48, 1),)),
    )


def _centres(cells: int) -> np.ndarray:
    """(cells * cells, 2) centres x, y of a grid's cells in 0..1, row by row."""
    ys, xs = np.mgrid[:cells, :cells]
    return (np.stack([xs, ys], axis=-1).reshape(-1, 2) + 0.5) / cells


def _merged(points: np.ndarray, scores: np.ndarray) -> list[Found]:
    """One face for each heap of overlapping boxes: their mean, weighted by score. points: (N, 8, 2): centre, size, six keys."""
    faces: list[Found] = []
    boxes = np.concatenate([points[:, 0] - points[:, 1] / 2, points[:, 0] + points[:, 1] / 2], axis=1)
    left = list(np.argsort(-scores))
    while left:
        shares = _union_share(boxes[left[0]], boxes[left])
        heap = [k for k, share in zip(left, shares, strict=True) if share > OVERLAP]
        left = [k for k in left if k not in heap]
        weights = scores[heap] / scores[heap].sum()
        box = weights @ boxes[heap]
        faces.append(Found((float(box[0]), float(box[1]), float(box[2]), float(box[3])), np.tensordot(weights, points[heap, 2:], 1), float(scores[heap].max())))
    return faces


def _union_share(box: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box with others (N, 4)."""
    size = np.clip(np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2]), 0, None).prod(axis=1)
    area = np.clip(box[2:] - box[:2], 0, None).prod() + np.clip(others[:, 2:] - others[:, :2], 0, None).prod(axis=1) - size
    return np.asarray(size / np.maximum(area, 1e-9))
