"""Find faces in a picture: MediaPipe's BlazeFace detectors (Bazarevsky et al., 2019), run by OpenCV. Coarse boxes only; the mesh is in `mesh`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

ENOUGH = 0.5
"""Lowest score of a face."""

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


def find_faces(image: np.ndarray, detectors: tuple[Detector, ...]) -> list[Found]:
    """Faces of a picture (H, W, 3) uint8, largest first. Later detectors only look where the earlier ones found nothing: first near faces, then far ones."""
    for detector in detectors:
        found = detector.find(image)
        if found:
            return sorted(found, key=lambda face: -face.size)
    return []


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
