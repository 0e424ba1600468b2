"""From a few known motions to motion everywhere: an edge-aware least-squares solve on a small grid, upsampled along the picture's edges."""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import csc_matrix, diags
from scipy.sparse.linalg import splu

from engine.vision.matting import guided_filter
from engine.vision.segmentation import fit_side


class Completion:
    """The solve for one picture and one set of known points; `at` answers for any values at those points.

    Minimises  sum_k w_k |u(p_k) - v_k|^2 + sum_ij c_ij |u_i - u_j|^2 + rest * sum_i |u_i|^2  over the pixels of a small copy
    (Levin, Lischinski, Weiss 2004, eq. 2, in its inhomogeneous form). The conductance c_ij falls with the colour step between neighbours but never
    below `floor`: with no floor the field tears along texture. `rest` pulls what is far from every stroke back to standing still.

    image: (H, W, 3) uint8; points: (N, 2) x, y in pixels of `image`; weights: (N,) >= 0, 100 is firm; side: longer side of the small copy.
    """

    def __init__(
        self, image: np.ndarray, points: np.ndarray, weights: np.ndarray, *, side: int = 96, contrast: float = 12.0, floor: float = 0.02, rest: float = 1e-5
    ) -> None:
        self.image = image
        small = fit_side(image, side)
        self.shape = small.shape[:2]
        height, width = self.shape
        lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 0.7).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        index = np.arange(height * width).reshape(height, width)
        a = np.concatenate([index[:, :-1].ravel(), index[:-1].ravel()])
        b = np.concatenate([index[:, 1:].ravel(), index[1:].ravel()])
        colours = lab.reshape(-1, 3)
        conductance = floor + np.exp(-((np.linalg.norm(colours[a] - colours[b], axis=1) / contrast) ** 2))
        graph = csc_matrix((conductance, (a, b)), shape=(index.size, index.size))
        graph = graph + graph.T
        laplacian = diags(np.asarray(graph.sum(axis=1)).ravel() + rest) - graph
        self._sample = self._interpolation(points)
        self._weights = np.asarray(weights, np.float64)
        system = laplacian + self._sample.T @ diags(self._weights) @ self._sample
        self._factor = splu(csc_matrix(system), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def small(self, values: np.ndarray) -> np.ndarray:
        """The completed field on the small grid, (h, w, C), for values (N, C) at the points."""
        values = np.asarray(values, np.float64).reshape(self._weights.size, -1)
        right = self._sample.T @ (self._weights[:, None] * values)
        return self._factor.solve(np.ascontiguousarray(right)).reshape(*self.shape, -1).astype(np.float32)

    def at(self, values: np.ndarray) -> np.ndarray:
        """The completed field at the picture's own size, (H, W, C) float32, its jumps on the picture's edges."""
        field = self.small(values)
        height, width = self.image.shape[:2]
        guide = self.image.astype(np.float32) / 255.0
        radius = max(2, round(1.5 * max(height, width) / max(self.shape)))
        channels = [cv2.resize(field[..., c], (width, height), interpolation=cv2.INTER_LINEAR) for c in range(field.shape[2])]
        return np.stack([guided_filter(guide, c, radius, 1e-3) for c in channels], axis=-1)

    def _interpolation(self, points: np.ndarray) -> csc_matrix:
        """(N, h*w) bilinear weights of each point on the small grid."""
        height, width = self.shape
        scale = np.array([width / self.image.shape[1], height / self.image.shape[0]])
        where = (np.asarray(points, np.float64).reshape(-1, 2) + 0.5) * scale - 0.5
        x, y = np.clip(where[:, 0], 0, width - 1), np.clip(where[:, 1], 0, height - 1)
        x0, y0 = np.minimum(x.astype(int), max(width - 2, 0)), np.minimum(y.astype(int), max(height - 2, 0))
        x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
        fx, fy = x - x0, y - y0
        rows = np.tile(np.arange(len(where)), 4)
        columns = np.concatenate([y0 * width + x0, y0 * width + x1, y1 * width + x0, y1 * width + x1])
        data = np.concatenate([(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy])
        return csc_matrix((data, (rows, columns)), shape=(len(where), height * width))


def complete_flow(image: np.ndarray, points: np.ndarray, vectors: np.ndarray, weights: np.ndarray | None = None, *, side: int = 96) -> np.ndarray:
    """Dense flow (H, W, 2) in pixels from sparse `vectors` (N, 2) at `points` (N, 2); see `Completion`. No points: zero flow.

    For step i of a stroke give its instantaneous segment, p(i+1) - p(i), at p(i); a pin is a zero vector.
    """
    if len(points) == 0:
        return np.zeros((*image.shape[:2], 2), np.float32)
    firm = np.full(len(points), 100.0) if weights is None else weights
    return Completion(image, points, firm, side=side).at(vectors)
