"""Bend a thing: an as-rigid-as-possible mesh over its mask, pulled by handles and held by pins, without fold-over."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, distance_transform_edt
from scipy.sparse import csc_matrix, diags
from scipy.sparse.linalg import splu

MIN_JACOBIAN = 0.3
"""No part may shrink below this fraction of its area: beyond it texture smears, and below 0 it folds."""


@dataclass(frozen=True)
class Mesh:
    """Square cells over a mask. vertices: (V, 2) x, y in pixels; cells: (C, 4) vertex indices, clockwise from the top left; inside: (C,) bool,
    cells that hold a part of the mask (the others only carry the field a little beyond it); lookup: (rows, columns) nearest cell of each place
    of the grid that begins at `origin` with cells of `size` pixels."""

    vertices: np.ndarray
    cells: np.ndarray
    inside: np.ndarray
    lookup: np.ndarray
    origin: np.ndarray
    size: float

    @property
    def triangles(self) -> np.ndarray:
        """(2C, 3) vertex indices."""
        return np.concatenate([self.cells[:, [0, 1, 2]], self.cells[:, [0, 2, 3]]])

    def interpolation(self, points: np.ndarray) -> csc_matrix:
        """(N, V) bilinear weights of `points` (N, 2); a point outside the mesh takes the nearest cell."""
        points = np.asarray(points, float).reshape(-1, 2)
        place = np.clip(((points - self.origin) / self.size).astype(int), 0, np.array(self.lookup.shape[::-1]) - 1)
        cell = self.lookup[place[:, 1], place[:, 0]]
        fx, fy = np.clip((points - self.vertices[self.cells[cell, 0]]) / self.size, 0.0, 1.0).T
        data = np.stack([(1 - fx) * (1 - fy), fx * (1 - fy), fx * fy, (1 - fx) * fy], axis=1)
        rows = np.repeat(np.arange(len(points)), 4)
        return csc_matrix((data.ravel(), (rows, self.cells[cell].ravel())), shape=(len(points), len(self.vertices)))


def cover(mask: np.ndarray, *, cells: int = 28, margin: int = 2) -> Mesh:
    """A mesh over `mask` (H, W) bool with about `cells` cells along its longer side, and `margin` more rings of cells around."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    top, left = float(rows[0]), float(columns[0])
    high, wide = rows[-1] + 1 - top, columns[-1] + 1 - left
    size = max(2.0, max(high, wide) / cells)
    ny, nx = int(np.ceil(high / size)) + 2 * margin, int(np.ceil(wide / size)) + 2 * margin
    origin = np.array([left - 0.5 - margin * size, top - 0.5 - margin * size])
    ys, xs = np.nonzero(mask)
    filled = np.zeros((ny, nx), bool)
    filled[((ys - origin[1]) / size).astype(int), ((xs - origin[0]) / size).astype(int)] = True
    grown = binary_dilation(filled, np.ones((3, 3), bool), iterations=margin)
    cy, cx = np.nonzero(grown)
    corner = cy * (nx + 1) + cx
    quads = np.stack([corner, corner + 1, corner + nx + 2, corner + nx + 1], axis=1)
    used, index = np.unique(quads, return_inverse=True)
    vertices = origin + size * np.stack([used % (nx + 1), used // (nx + 1)], axis=1)
    number = np.full((ny, nx), -1)
    number[cy, cx] = np.arange(len(cy))
    near = distance_transform_edt(~grown, return_distances=False, return_indices=True)
    return Mesh(vertices, index.reshape(quads.shape), filled[cy, cx], number[near[0], near[1]], origin, size)


class Elastic:
    """As-rigid-as-possible motion of a mesh (Sorkine and Alexa 2007: local rotations, then one linear solve, repeated).

    handles: (K, 2) rest places that will be pulled; holds: (P, 2) rest places that stay; hold_weights: (P,), 1 is as firm as a handle;
    drift: (V, K) share of each handle's displacement that a vertex would take by itself (an edge-aware completion); `loyalty` its weight.
    The system is factored once; a solve is a few back-substitutions.
    """

    def __init__(
        self, mesh: Mesh, handles: np.ndarray, holds: np.ndarray, hold_weights: np.ndarray, drift: np.ndarray, *, loyalty: float
    ) -> None:
        self.mesh, self.handles, self.drift, self.loyalty = mesh, np.asarray(handles, float).reshape(-1, 2), drift, loyalty
        pairs = [mesh.cells[:, [i, j]] for i, j in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2), (1, 3))]
        joined = np.unique(np.sort(np.concatenate(pairs), axis=1), axis=0)
        strong = np.zeros(len(mesh.vertices), bool)
        strong[mesh.cells[mesh.inside].ravel()] = True
        weight = np.where(strong[joined].all(axis=1), 1.0, 0.05)  # the rim around the thing follows and does not stiffen it
        self._a = np.concatenate([joined[:, 0], joined[:, 1]])
        self._b = np.concatenate([joined[:, 1], joined[:, 0]])
        self._w = np.concatenate([weight, weight])
        self._edge = mesh.vertices[self._a] - mesh.vertices[self._b]
        count = len(mesh.vertices)
        graph = csc_matrix((self._w, (self._a, self._b)), shape=(count, count))
        firm = 200.0
        self._pull = firm * mesh.interpolation(self.handles).T
        hold = mesh.interpolation(holds) if len(holds) else csc_matrix((0, count))
        self._stay = (hold.T @ diags(firm * np.asarray(hold_weights, float)) @ (hold @ mesh.vertices)) if len(holds) else 0.0
        system = diags(np.asarray(graph.sum(axis=1)).ravel() + loyalty + 1e-6) - graph
        system = system + self._pull @ mesh.interpolation(self.handles)
        if len(holds):
            system = system + hold.T @ diags(firm * np.asarray(hold_weights, float)) @ hold
        self._factor = splu(csc_matrix(system), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def solve(self, displacements: np.ndarray, start: np.ndarray | None = None, *, rounds: int = 8) -> np.ndarray:
        """Vertices (V, 2) when the handles are displaced by `displacements` (K, 2) pixels; `start`: a nearby solution to begin from."""
        wanted = self.mesh.vertices + self.drift @ displacements
        moved = wanted if start is None else start
        fixed = self._pull @ (self.handles + displacements) + self._stay + self.loyalty * wanted + 1e-6 * self.mesh.vertices
        for _ in range(rounds):
            moved = self._factor.solve(np.ascontiguousarray(self._turned(moved) + fixed))
        return moved

    def _turned(self, moved: np.ndarray) -> np.ndarray:
        """Right side of the global step: every edge as the mean of its ends' best rotations would have it."""
        count = len(moved)
        now = moved[self._a] - moved[self._b]
        dot = np.bincount(self._a, self._w * (self._edge * now).sum(axis=1), count)
        cross = np.bincount(self._a, self._w * (self._edge[:, 0] * now[:, 1] - self._edge[:, 1] * now[:, 0]), count)
        angle = np.arctan2(cross, dot)  # the closed form of the 2-D polar decomposition
        cos, sin = np.cos(angle), np.sin(angle)
        c, s = (cos[self._a] + cos[self._b]) / 2, (sin[self._a] + sin[self._b]) / 2
        ex = self._w * (c * self._edge[:, 0] - s * self._edge[:, 1])
        ey = self._w * (s * self._edge[:, 0] + c * self._edge[:, 1])
        return np.stack([np.bincount(self._a, ex, count), np.bincount(self._a, ey, count)], axis=1)


def min_jacobian(mesh: Mesh, moved: np.ndarray) -> float:
    """Smallest area ratio, moved to rest, over the triangles of inside cells. 1 for any rigid motion, below 0 where it folds."""
    cells = mesh.cells[mesh.inside]

    def areas(v: np.ndarray) -> np.ndarray:
        out = []
        for i, j, k in ((0, 1, 2), (0, 2, 3), (0, 1, 3), (1, 2, 3)):
            p, q = v[cells[:, j]] - v[cells[:, i]], v[cells[:, k]] - v[cells[:, i]]
            out.append(p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0])
        return np.stack(out)

    return float((areas(moved) / areas(mesh.vertices)).min())


def follow(elastic: Elastic, displacements: np.ndarray, *, share: float = 1.0) -> np.ndarray:
    """Mesh positions (S, V, 2) for `share` of the handle displacements (S, K, 2), each step begun from the next smaller one."""
    out = np.zeros((len(displacements), *elastic.mesh.vertices.shape))
    start: np.ndarray | None = None
    for i in np.argsort(np.linalg.norm(displacements, axis=2).max(axis=1)):
        start = elastic.solve(share * displacements[i], start, rounds=8 if start is None else 4)
        out[i] = start
    return out


def largest_share(elastic: Elastic, displacements: np.ndarray) -> float:
    """The largest share of the displacements (S, K, 2) at which no part shrinks below `MIN_JACOBIAN`, judged on the three widest steps."""
    widest = displacements[np.argsort(np.linalg.norm(displacements, axis=2).max(axis=1))[-3:]]

    def sound(share: float) -> bool:
        return min(min_jacobian(elastic.mesh, s) for s in follow(elastic, widest, share=share)) >= MIN_JACOBIAN

    if sound(1.0):
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(4):
        middle = (low + high) / 2
        low, high = (middle, high) if sound(middle) else (low, middle)
    return low
