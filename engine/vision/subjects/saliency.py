"""What stands out of a single picture: patches that no path from the rim reaches without crossing an edge.

A geodesic distance in colour from the rim (Wei et al., 2012): hills, roads and sky reach the rim and are near, a thing of its own is fenced in. What is thin is left out.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from engine.vision.subjects.cutting import GROUND
from engine.vision.subjects.motion import LEAST, Patch, filled

GRID = 160
"""Longer side of the grid on which paths are sought."""

LEVELS = (12.0, 22.0, 36.0, 60.0)
"""Sums of colour steps along a path, in CIELAB units, from which its end is a thing of its own."""

TEXTURE = 2.5
"""Colour step from one cell to the next that costs nothing."""

MOST = 0.5
"""Share of the picture that a thing may cover."""


class Paths:
    """The colour steps between neighbouring cells of a picture (h, w, 3) uint8, ready for walks from any part of the rim."""

    def __init__(self, picture: np.ndarray) -> None:
        self.height, self.width = picture.shape[:2]
        scale = min(1.0, GRID / max(self.height, self.width))
        self.size = (max(2, round(self.width * scale)), max(2, round(self.height * scale)))
        lab = cv2.cvtColor(cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
        index = self.index = np.arange(self.size[0] * self.size[1]).reshape(self.size[::-1])
        ends = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:]), (index[:-1, :-1], index[1:, 1:]), (index[:-1, 1:], index[1:, :-1])]
        a, b = (np.concatenate([pair[k].ravel() for pair in ends]) for k in (0, 1))
        flat = lab.reshape(-1, 3)
        cost = np.maximum(np.linalg.norm(flat[a] - flat[b], axis=1) - TEXTURE, 0) + 0.02
        self.graph = csr_matrix((cost, (a, b)), shape=(index.size, index.size))

    def apartness(self, without: str = "") -> np.ndarray:
        """(h, w) float32 CIELAB units that every path from the rim must cross. without: a side of the rim from which nothing starts: left, right, bottom."""
        sides = {"top": self.index[0], "bottom": self.index[-1, 1:-1], "left": self.index[1:, 0], "right": self.index[1:, -1]}
        rim = np.unique(np.concatenate([cells for name, cells in sides.items() if name != without]))
        distance = dijkstra(self.graph, directed=False, indices=rim, min_only=True)
        return cv2.resize(distance.reshape(self.size[::-1]).astype(np.float32), (self.width, self.height), interpolation=cv2.INTER_LINEAR)


def patches(picture: np.ndarray, *, most: int = 16) -> list[Patch]:
    """The patches of a picture (h, w, 3) uint8 that stand out, the clearest first; of nested ones each that differs enough.

    What is cut by one side of the picture is fenced in by that side: it is sought by walks from the other three.
    """
    paths = Paths(picture)
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    found: list[Patch] = []
    for side, there in (("", np.s_[:]), ("left", np.s_[:, 0]), ("right", np.s_[:, -1]), ("bottom", np.s_[-1])):
        apart = paths.apartness(side)
        for level in LEVELS:
            thick = cv2.morphologyEx((apart > level).astype(np.uint8), cv2.MORPH_OPEN, ellipse)
            count, parts, stats, _ = cv2.connectedComponentsWithStats(thick, connectivity=4)
            touching = set(np.unique(parts[there]).tolist())
            for k in range(1, count):
                share = stats[k, cv2.CC_STAT_AREA] / apart.size
                if not LEAST < share < MOST or (side and k not in touching):
                    continue
                region = parts == k
                if any((region & one.region).sum() > 0.8 * (region | one.region).sum() for one in found):
                    continue
                wide = cv2.dilate(region.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
                own = region & (np.linalg.norm(lab - filled(lab, wide), axis=2) > GROUND)
                if own.sum() > 0.25 * region.sum():
                    found.append(Patch(region, own, float(np.percentile(apart[region], 70))))
    return sorted(found, key=lambda one: -one.apart * float(one.region.mean()) ** 0.25)[:most]
