"""Seven points of a face that a hand can put right, and faces made from such points alone where the finder sees none (drawings, animals)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.vision.faces import topology
from engine.vision.faces.mesh import Face
from engine.vision.faces.pose import Pose
from engine.vision.faces.topology import canonical
from engine.vision.warping import fit_similarity

ENOUGH = ("eye_left", "eye_right", "mouth_left", "mouth_right")
"""Handles that make a face by themselves."""

ROUNDS = 4
"""A handle of an eye is the middle of many points, which together move a little less than a point there would: further rounds put that right."""

REACH = 0.24
"""How far a correction reaches, in widths between the outer eye corners: about as far as from the lips to the chin."""


def handles(points: np.ndarray) -> dict[str, np.ndarray]:
    """Handle -> place, of a mesh (468, 2 or 3)."""
    return {
        "eye_left": points[[*topology.EYE_LEFT_UP, *topology.EYE_LEFT_LOW]].mean(axis=0),
        "eye_right": points[[*topology.EYE_RIGHT_UP, *topology.EYE_RIGHT_LOW]].mean(axis=0),
        "mouth_left": points[topology.MOUTH_LEFT],
        "mouth_right": points[topology.MOUTH_RIGHT],
        "lip_top": points[topology.LIP_TOP],
        "lip_bottom": points[topology.LIP_BOTTOM],
        "chin": points[topology.CHIN],
    }


def corrected(face: Face, marks: Mapping[str, tuple[float, float]]) -> Face:
    """The face with its mesh bent so that the named handles lie at `marks` (pixels) and the other handles stay.

    Displacements are spread by Gaussian radial basis functions that interpolate all seven handles exactly.
    """
    if not marks:
        return face
    now = {name: place[:2] for name, place in handles(face.points).items()}
    rest = np.array([now[name] for name in now])
    wanted = np.array([marks.get(name, tuple(now[name])) for name in now], float)
    size = float(np.linalg.norm(face.flat[263] - face.flat[33]))
    kernel = _kernel(rest, rest, REACH * size)
    points = face.points.copy()
    for _ in range(ROUNDS):
        here = handles(points)
        missing = wanted - np.array([here[name][:2] for name in now])
        points[:, :2] += _kernel(face.flat, rest, REACH * size) @ np.linalg.solve(kernel, missing)
    moved = handles(points)
    irises = np.stack([face.irises[k] + (moved[name][:2] - now[name]) for k, name in enumerate(("eye_left", "eye_right"))])
    return Face(points, irises, face.score)


def face_from(marks: Mapping[str, tuple[float, float]]) -> Face | None:
    """A face made of handles alone: the canonical face laid on both eyes and both mouth corners, then bent to every mark. None when one of the four is missing."""
    if any(name not in marks for name in ENOUGH):
        return None
    rest = canonical().points
    here = handles(rest)
    laid = fit_similarity(np.array([here[name][:2] for name in ENOUGH]), np.array([marks[name] for name in ENOUGH], float))
    scale = float(np.hypot(laid[0, 0], laid[1, 0]))
    if scale < 1e-6:
        return None
    turn = np.eye(3)
    turn[:2, :2] = laid[:2, :2] / scale
    pose = Pose(turn, scale, np.array([*laid[:2, 2], 0.0]))
    points = pose.place(rest)
    irises = []
    for name in ("eye_left", "eye_right"):
        middle = pose.place(here[name])[:2]
        irises.append(middle + 0.055 * scale * np.array([[0, 0], [1, 0], [0, -1], [-1, 0], [0, 1]]))
    return corrected(Face(points, np.stack(irises), 0.0), marks)


def _kernel(points: np.ndarray, centres: np.ndarray, reach: float) -> np.ndarray:
    """(N, M) Gaussian of the distances."""
    away = np.linalg.norm(points[:, None] - centres[None], axis=2)
    return np.asarray(np.exp(-((away / reach) ** 2)))
