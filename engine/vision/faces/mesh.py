"""The mesh of a face: 468 points in three dimensions and the irises (Kartynnik et al., 2019; Ablavatski et al., 2020), run by OpenCV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.vision.faces.finder import Found

SIDE = 192
IRIS_SIDE = 64
SURE = 0.5
"""Lowest score of a mesh: below it there is no face, only something like one."""

RIM = 1.5
"""How much larger than the found box the square is that the mesh net sees."""

STRAYED = 0.35
"""A contour whose corners lie further from those of the mesh than this share of the eye's width is not believed (glasses, closed or hidden eyes)."""

EYES = {"right": (33, 133), "left": (362, 263)}
"""Outer and inner corners of the person's eyes: the two of the right eye, the two of the left eye, each from the picture's left for a face that looks here."""


LIDS = {
    "right": (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173),
    "left": (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398),
}
"""Mesh points of the lids' margins in the order of the iris net's contour, which sees them finer than the mesh net."""


@dataclass(frozen=True)
class Face:
    """A face in a picture. points: (468, 3) pixels x, y and depth z (smaller is nearer, about the scale of x); irises: (2, 5, 2) pixels, the person's right
    and left: centre, then four on the rim; score 0..1."""

    points: np.ndarray
    irises: np.ndarray
    score: float

    @property
    def flat(self) -> np.ndarray:
        """(468, 2) pixels."""
        return self.points[:, :2]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the mesh in pixels."""
        low, high = self.flat.min(axis=0), self.flat.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


class Mesher:
    """The mesh and iris networks, from the folder of the card `mediapipe-face`."""

    def __init__(self, folder: Path) -> None:
        self.net = cv2.dnn.readNetFromTFLite(str(folder / "face_landmark.tflite"))
        self.names = self.net.getUnconnectedOutLayersNames()
        self.iris = cv2.dnn.readNetFromTFLite(str(folder / "iris_landmark.tflite"))
        self.iris_names = self.iris.getUnconnectedOutLayersNames()

    def at(self, image: np.ndarray, found: Found) -> Face | None:
        """The face in a found box; None when the net denies that there is one. A second look from the first mesh sharpens it."""
        eyes = found.keys[1] - found.keys[0]
        centre = np.array([found.box[0] + found.box[2], found.box[1] + found.box[3]]) / 2
        first = self._look(image, centre, RIM * found.size, float(np.arctan2(eyes[1], eyes[0])))
        return None if first is None else self.again(image, first)

    def again(self, image: np.ndarray, last: Face) -> Face | None:
        """The face near where it was (the frame before), or None when it is gone. image: (H, W, 3) uint8."""
        low, high = last.flat.min(axis=0), last.flat.max(axis=0)
        eyes = last.flat[[362, 263]].mean(axis=0) - last.flat[[33, 133]].mean(axis=0)
        return self._look(image, (low + high) / 2, RIM * float((high - low).max()), float(np.arctan2(eyes[1], eyes[0])))

    def _look(self, image: np.ndarray, centre: np.ndarray, side: float, angle: float) -> Face | None:
        if not 4 < side < 1e5:
            return None
        matrix = _square(centre, side, angle, SIDE)
        self.net.setInput(cv2.dnn.blobFromImage(_crop(image, matrix, SIDE), 1 / 255.0))
        outputs = sorted(self.net.forward(self.names), key=lambda out: -out.size)
        score = float(1.0 / (1.0 + np.exp(-np.clip(outputs[1].reshape(-1)[0], -60, 60))))
        if score < SURE:
            return None
        local = outputs[0].reshape(468, 3).astype(np.float64)
        back = cv2.invertAffineTransform(matrix)
        points = np.concatenate([local[:, :2] @ back[:, :2].T + back[:, 2], local[:, 2:] * side / SIDE], axis=1)
        irises = []
        for name in ("right", "left"):
            corners = points[list(EYES[name]), :2]
            iris, lids = self._iris(image, corners, angle, name == "left")
            irises.append(iris)
            ends = [LIDS[name].index(corner) for corner in EYES[name]]
            if np.linalg.norm(lids[ends] - corners, axis=1).max() < STRAYED * np.linalg.norm(corners[1] - corners[0]):
                inner = [k for k in range(len(lids)) if k not in ends]  # corners stay the mesh's: sizes are measured between them
                points[[LIDS[name][k] for k in inner], :2] = lids[inner]
        return Face(points, np.stack(irises), score)

    def _iris(self, image: np.ndarray, corners: np.ndarray, angle: float, mirrored: bool) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (5, 2) of one iris and (16, 2) of its lids; the net knows the right eye, the left one is shown to it in a mirror."""
        side = 2.3 * max(float(np.linalg.norm(corners[1] - corners[0])), 2.0)
        matrix = _square(corners.mean(axis=0), side, angle, IRIS_SIDE)
        eye = _crop(image, matrix, IRIS_SIDE)
        self.iris.setInput(cv2.dnn.blobFromImage(np.ascontiguousarray(eye[:, ::-1] if mirrored else eye), 1 / 255.0))
        smallest, contour = sorted(self.iris.forward(self.iris_names), key=lambda out: out.size)
        local = np.concatenate([smallest.reshape(5, 3), contour.reshape(-1, 3)[: len(LIDS["right"])]])[:, :2].astype(np.float64)
        if mirrored:
            local[:, 0] = IRIS_SIDE - 1 - local[:, 0]
        back = cv2.invertAffineTransform(matrix)
        placed = local @ back[:, :2].T + back[:, 2]
        return placed[:5], placed[5:]


def _square(centre: np.ndarray, side: float, angle: float, size: int) -> np.ndarray:
    """(2, 3) that carries a turned square of the picture to `size` by `size` pixels."""
    scale = size / side
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    turn = np.array([[c, s], [-s, c]])
    return np.concatenate([turn, (size / 2 - turn @ centre)[:, None]], axis=1)


def _crop(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) uint8; far larger pictures are averaged, not sampled."""
    shrink = 1.0 / float(np.hypot(matrix[0, 0], matrix[0, 1]))
    if shrink > 2:
        # Only the square's own surroundings are made smaller.
        corners = (np.array([[0, 0], [size, 0], [0, size], [size, size]]) - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int), [image.shape[1], image.shape[0]])
        if (high - low).min() < 1:
            return np.zeros((size, size, 3), np.uint8)
        window = image[low[1] : high[1], low[0] : high[0]]
        small = cv2.resize(window, None, fx=2 / shrink, fy=2 / shrink, interpolation=cv2.INTER_AREA)
        ratio = np.array([small.shape[1] / window.shape[1], small.shape[0] / window.shape[0]])
        local = np.concatenate([matrix[:, :2] / ratio, (matrix[:, 2] + matrix[:, :2] @ low)[:, None]], axis=1)
        return cv2.warpAffine(small, local, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return cv2.warpAffine(image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
