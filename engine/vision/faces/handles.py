"""Seven points of a face that a hand can put right, and faces made from such points alone where the finder sees none (drawings, animals)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.vision.faces import topology
from engine.vision.faces.mesh import Face
from engine.vision.faces.pose import Pose
from engine.vision.faces.topology import canonical

ENOUGH = ("eye_left", "eye_right", "mouth_left", "mouth_right")
"""Handles that make a face by themselves."""

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
    weights = np.linalg.solve(kernel, wanted - rest)
    # Handles of eyes are the middle of many points, whose mean displacement is a little less than that at the middle: two more rounds put that right.
    points = face.points.copy()
    points[:, :2] += _kernel(face.flat, rest, REACH * size) @ weights
    for _ in range(3):
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
    a = np.array([here[name][:2] for name in ENOUGH])
    b = np.array([marks[name] for name in ENOUGH], float)
    centre, target = a.mean(axis=0), b.mean(axis=0)
    x, y = a - centre, b - target
    spread = float((x**2).sum())
    c, s = float((x * y).sum()) / spread, float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum()) / spread
    scale = float(np.hypot(c, s))
    if scale < 1e-6:
        return None
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, scale]]) / scale
    pose = Pose(turn, scale, np.array([*target, 0.0]) - scale * turn @ np.array([*centre, 0.0]))
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
