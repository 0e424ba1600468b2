"""How a face stands in a picture: the similarity in space that carries the canonical face to its mesh."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.vision.faces.mesh import Face
from engine.vision.faces.topology import canonical

FIRM_BELOW = 0.45
"""Canonical points above this height (y) do not move with the jaw or the lips: the pose is fitted to them."""


@dataclass(frozen=True)
class Pose:
    """pixels = scale * rotation @ canonical + shift. rotation: (3, 3); scale: pixels for the width between the outer eye corners; shift: (3,) pixels."""

    rotation: np.ndarray
    scale: float
    shift: np.ndarray

    def place(self, points: np.ndarray) -> np.ndarray:
        """Canonical points (..., 3) in pixels x, y and depth."""
        return self.scale * points @ self.rotation.T + self.shift

    def carry(self, moves: np.ndarray) -> np.ndarray:
        """Canonical displacements (..., 3) as pixels x, y (..., 2)."""
        return np.asarray((self.scale * moves @ self.rotation.T)[..., :2])

    def back(self, points: np.ndarray) -> np.ndarray:
        """Pixels x, y, depth (..., 3) in canonical coordinates."""
        return (points - self.shift) @ self.rotation / self.scale

    @property
    def yaw(self) -> float:
        """Degrees that the face looks to the picture's right (positive) or left."""
        return float(np.degrees(np.arctan2(-self.rotation[0, 2], self.rotation[2, 2])))

    @property
    def pitch(self) -> float:
        """Degrees that the face looks down (positive) or up."""
        return float(np.degrees(np.arcsin(np.clip(-self.rotation[1, 2], -1, 1))))

    @property
    def roll(self) -> float:
        """Degrees that the face leans clockwise."""
        return float(np.degrees(np.arctan2(self.rotation[1, 0], self.rotation[0, 0])))


def pose_of(face: Face) -> Pose:
    """The pose of a face by least squares over the points that expressions do not move (Umeyama, 1991)."""
    rest = canonical().points
    firm = rest[:, 1] < FIRM_BELOW
    return fit_pose(rest[firm], face.points[firm])


def fit_pose(rest: np.ndarray, points: np.ndarray) -> Pose:
    """Least-squares similarity from canonical (N, 3) to pixels (N, 3). Umeyama 1991."""
    centre, target = rest.mean(axis=0), points.mean(axis=0)
    a, b = rest - centre, points - target
    u, s, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = u * sign @ vt
    scale = float((s * sign).sum() / (a**2).sum())
    return Pose(rotation, scale, target - scale * rotation @ centre)
