"""Motions of the ground from an anchor's small copy to a frame's: a homography, and what depth adds to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

PROXY_SIDE = 320
"""Longer side, in pixels, of the small copies on which motion is measured."""
NO_MAP = np.zeros((0, 0), np.float32)
"""The second map of `cv2.remap` where the first one holds both axes."""
STILL = 0.05
"""Proxy pixels of motion that are none: tracking is not exact, and a picture that is not resampled stays sharp."""


@dataclass(frozen=True)
class Motion:
    """From the anchor's proxy pixels to a frame's: p -> h(p) + [1, x, y, d, d x, d y] @ bend, d the depth of the place.

    h: (3, 3); bend: (6, 2), or None where depth does not matter. With a bend h is the identity, and the bend is a similarity and, for each depth, a shift and a
    scale of its own (`bendings`); places as complex numbers then go z -> z + a + b z + d (c + e z).
    """

    h: np.ndarray
    bend: np.ndarray | None = None

    def places(self, z: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
        """Where places x + iy of a depth go, complex64; z and depth broadcast."""
        if self.bend is None:
            return _projected(self.h, z)
        a, b, c, e = self._terms()
        return (z * (1 + b) + a) + depth * (z * e + c)

    def origins(self, z: np.ndarray, depth: np.ndarray | float) -> np.ndarray:
        """Where places x + iy come from whose origins have a depth, complex64; z and depth broadcast."""
        if self.bend is None:
            return _projected(np.linalg.inv(self.h), z)
        a, b, c, e = self._terms()
        if isinstance(depth, float):
            return (z - (a + depth * c)) * np.complex64(1 / (depth * e + (1 + b)))
        back: np.ndarray = ((z - a) - depth * c) / (depth * e + (1 + b))
        return back

    def _terms(self) -> tuple[np.complex64, np.complex64, np.complex64, np.float32]:
        """a, b, c, e of the class's note, for proxy pixels."""
        assert self.bend is not None
        half = PROXY_SIDE / 2
        shift, turn, pull = (complex(*self.bend[k]) for k in (0, 1, 3))
        scale = float(self.bend[4, 0])
        return np.complex64(shift - turn * (1 + 1j)), np.complex64(turn / half), np.complex64(pull - scale * (1 + 1j)), np.float32(scale / half)

    def at(self, points: np.ndarray, depth: np.ndarray | None) -> np.ndarray:
        """(N, 2) places of the points (N, 2) with depths (N,)."""
        moved = project(self.h, points)
        if self.bend is not None and depth is not None:
            moved = moved + basis(points, depth) @ self.bend
        return moved

    def still(self, size: tuple[int, int]) -> bool:
        """True when nothing in a proxy of `size` (width, height) moves."""
        return self is IDENTITY or (self.bend is None and far(self.h, size) < STILL)


IDENTITY = Motion(np.eye(3))


def project(h: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, 2) points under a homography."""
    x, y = points[:, 0], points[:, 1]
    w = h[2, 0] * x + h[2, 1] * y + h[2, 2]
    return np.stack([(h[0, 0] * x + h[0, 1] * y + h[0, 2]) / w, (h[1, 0] * x + h[1, 1] * y + h[1, 2]) / w], axis=1)


def _projected(h: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Places x + iy under a homography, complex64."""
    if (h == np.eye(3)).all():
        return z
    h = h.astype(np.float32)
    x, y = z.real, z.imag
    out = np.empty_like(z)
    out.real, out.imag = h[0, 0] * x + h[0, 1] * y + h[0, 2], h[1, 0] * x + h[1, 1] * y + h[1, 2]
    if h[2, 0] != 0.0 or h[2, 1] != 0.0 or h[2, 2] != 1.0:
        out /= h[2, 0] * x + h[2, 1] * y + h[2, 2]
    return out


def as_map(z: np.ndarray) -> np.ndarray:
    """(h, w, 2) float32, a map of `cv2.remap`, of places x + iy (h, w) complex64."""
    return np.ascontiguousarray(z).view(np.float32).reshape(*z.shape, 2)


def basis(points: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(N, 6): [1, x, y, d, d x, d y] with x, y about -1..1."""
    x, y = points[:, 0] / (PROXY_SIDE / 2) - 1.0, points[:, 1] / (PROXY_SIDE / 2) - 1.0
    return np.stack([np.ones_like(x), x, y, depth, depth * x, depth * y], axis=1)


def far(h: np.ndarray, size: tuple[int, int]) -> float:
    """The longest way of a picture's corners, in pixels; infinite when a homography folds it."""
    corners = np.array([[0, 0], [size[0], 0], [0, size[1]], [size[0], size[1]]], float)
    if (np.c_[corners, np.ones(4)] @ h[2] < 0.2).any() or np.linalg.det(h[:2, :2]) <= 0.05:
        return float("inf")
    return float(np.linalg.norm(project(h, corners) - corners, axis=1).max())


def between(first: Motion, second: Motion, share: float) -> Motion:
    """A motion on the way from one to another, as a guess; a share beyond 0..1 goes on the same way."""
    bend = None if first.bend is None or second.bend is None else first.bend + share * (second.bend - first.bend)
    return Motion(first.h + share * (second.h - first.h), bend)


def smooth(times: Sequence[int], motions: Sequence[Motion], weights: np.ndarray) -> list[Motion]:
    """Motions at some times as a cubic in time, by least squares with weights (T,): what trembles from measuring is taken out. All have bends and the same homography, or none has."""
    values = np.stack([m.h.ravel() if m.bend is None else m.bend.ravel() for m in motions])
    t = (np.asarray(times, float) - np.mean(times)) / max(np.ptp(times) / 2, 1.0)
    columns = np.stack([np.ones_like(t), t, t**2, t**3], axis=1)
    weighted = columns.T * weights
    found = columns @ np.linalg.solve(weighted @ columns + 1e-9 * np.eye(4), weighted @ values)
    if motions[0].bend is not None:
        return [Motion(motions[0].h, row.reshape(6, 2)) for row in found]
    return [Motion(row.reshape(3, 3)) for row in found]
