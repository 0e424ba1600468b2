"""From a picture to the face that is meant: every face with its mesh, the chosen one, hand corrections, and why a face cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MEDIAPIPE_FACE
from engine.errors import InvalidInput
from engine.settings import Settings
from engine.vision.faces.finder import Detector, detectors, find_faces
from engine.vision.faces.handles import corrected, face_from
from engine.vision.faces.mesh import Face, Mesher
from engine.vision.faces.pose import pose_of

SMALLEST = 24.0
"""Least width between the outer eye corners in pixels: below it there are too few pixels to move."""

TURNED, PROFILE = 35.0, 62.0
"""Degrees of yaw from which on a face is warned of, and refused: what turns away from the camera cannot be drawn from one picture."""


@dataclass(frozen=True)
class Finder:
    """The face networks, loaded."""

    detectors: tuple[Detector, ...]
    mesher: Mesher

    def faces(self, image: np.ndarray, *, thorough: bool = True) -> list[Face]:
        """Every face of a picture (H, W, 3) uint8 that has a sound mesh, largest first. thorough: small ones and groups, too."""
        found = [self.mesher.at(image, box) for box in find_faces(image, self.detectors, thorough=thorough)]
        sound = [face for face in found if face is not None]
        return sorted(sound, key=lambda face: -(face.box[2] - face.box[0]))


@lru_cache(maxsize=2)
def _load(folder: Path) -> Finder:
    return Finder(detectors(folder), Mesher(folder))


def finder(settings: Settings) -> Finder:
    """The face networks of this machine; `ModelUnavailable` says how to fetch them."""
    return _load(ModelFiles.of(settings).path(MEDIAPIPE_FACE))


def chosen(faces: list[Face], which: int | tuple[float, float], size: tuple[int, int]) -> int | None:
    """The index of the face that is meant: by its place in the list, or by a point in fractions of the picture's size (width, height); None when there is none."""
    if not faces:
        return None
    if isinstance(which, int):
        if not 0 <= which < len(faces):
            raise InvalidInput(f"face={which} is not there", why=f"{len(faces)} face{'s' if len(faces) > 1 else ''} found", fix=f"give 0 to {len(faces) - 1}, or click a face", field="face")
        return which
    point = np.array(which) * size
    inside = [(np.linalg.norm(face.flat.mean(axis=0) - point) / max(face.box[2] - face.box[0], 1.0), index) for index, face in enumerate(faces)]
    return min(inside)[1]


def selected(faces: list[Face], which: int | tuple[float, float], marks: Mapping[str, tuple[float, float]], size: tuple[int, int]) -> tuple[int | None, Face | None]:
    """(index, the face with its hand marks). A face made of marks alone has no index: where none was found, or where the point lies on none of those
    that were and the marks make one (a cat beside a person). (None, None): there is no face."""
    index = chosen(faces, which, size)
    if index is not None and not isinstance(which, int) and not _covers(faces[index], which, size) and (made := face_from(marks)) is not None:
        return None, made
    return index, corrected(faces[index], marks) if index is not None else face_from(marks)


def _covers(face: Face, point: tuple[float, float], size: tuple[int, int]) -> bool:
    left, top, right, bottom = face.box
    x, y = point[0] * size[0], point[1] * size[1]
    return left <= x <= right and top <= y <= bottom


def meant(image: np.ndarray, settings: Settings, which: int | tuple[float, float], marks: Mapping[str, tuple[float, float]]) -> Face:
    """The face that is meant, corrected by hand marks (handle -> place in pixels). Raises `InvalidInput` with what to do when there is none that can be used."""
    face = selected(finder(settings).faces(image), which, marks, (image.shape[1], image.shape[0]))[1]
    if face is None:
        raise InvalidInput(
            "no face was found in the picture", why="faces of people are found by themselves, from the front to three quarters",
            fix="use another picture, or click both eyes and both mouth corners", field="face",
        )  # fmt: skip
    usable(face)
    return face


def usable(face: Face) -> str:
    """A sentence of warning, or nothing; `InvalidInput` when the face is too small or a profile."""
    pose = pose_of(face)
    width = float(np.linalg.norm(face.flat[263] - face.flat[33]))
    if pose.scale < SMALLEST:
        raise InvalidInput(
            f"the face is {width:.0f} px wide between the eyes' corners", why=f"at least {SMALLEST:.0f} are needed", fix="use a larger picture, or cut it closer to the face", field="face",
        )  # fmt: skip
    if abs(pose.yaw) > PROFILE:
        raise InvalidInput(f"the face is seen from the side ({abs(pose.yaw):.0f} degrees)", why="half of the mouth is hidden", fix="use a picture from the front, up to three quarters", field="face")
    return f"The face is turned by {abs(pose.yaw):.0f} degrees: its far side moves less well than in a picture from the front." if abs(pose.yaw) > TURNED else ""
