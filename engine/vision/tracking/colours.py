"""Which colours belong to the subject and which to what is around it, near each place: a bilateral grid of counts (Chen, Paris, Durand, 2007; for masks of clips: Märki et al., 2016).

Counting in cells of place and colour keeps colours apart that occur on both sides but not in the same place: a white bird before a white cloud. A blur over the grid
makes near places and colours count, too; it costs the same for any number of samples.
"""

from __future__ import annotations

import cv2
import numpy as np

SHADES, TINTS = 12, 10
"""Cells of lightness and of each colour axis of CIELAB."""

CELL = 18.0
"""Side of a cell of the picture, in pixels."""


class LocalColours:
    """Counts of subject and surroundings over a window of a picture. size: (width, height) of the window in pixels."""

    def __init__(self, size: tuple[int, int], cell: float = CELL) -> None:
        self.cell = max(cell, 4.0)
        self.columns, self.rows = int(size[0] / self.cell) + 1, int(size[1] / self.cell) + 1
        self.own = np.zeros(self.rows * self.columns * SHADES * TINTS * TINTS, np.float32)
        self.other = np.zeros_like(self.own)

    def add(self, lab: np.ndarray, share: np.ndarray, weight: np.ndarray | None, x: np.ndarray, y: np.ndarray) -> None:
        """Count pixels. lab: (N, 3) uint8; share: (N,) 0..1, how much of each is the subject; weight: (N,); x, y: (N,) where each lies in the window."""
        keep = (x >= 0) & (y >= 0) & (x < self.columns * self.cell) & (y < self.rows * self.cell)
        at = self._cells(lab[keep], x[keep], y[keep])
        one = np.ones(len(at), np.float32) if weight is None else weight[keep]
        part = share[keep]
        self.own += np.bincount(at, one * part, self.own.size).astype(np.float32)
        self.other += np.bincount(at, one * (1.0 - part), self.other.size).astype(np.float32)

    def soften(self) -> None:
        """Let neighbouring cells count. Call once, after the last `add`."""
        for name in ("own", "other"):
            grid = getattr(self, name)
            grid = _blurred(grid, TINTS, TINTS, across=True)
            grid = _blurred(grid, SHADES, TINTS * TINTS)
            grid = _blurred(grid, self.columns, SHADES * TINTS * TINTS)
            setattr(self, name, _blurred(grid, self.rows, self.columns * SHADES * TINTS * TINTS))

    def look(self, lab: np.ndarray, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(N,) share of the subject, 0..1, and (N,) how many samples say so, for pixels as in `add`."""
        at = self._cells(lab, np.clip(x, 0, self.columns * self.cell - 1), np.clip(y, 0, self.rows * self.cell - 1))
        own, other = self.own[at], self.other[at]
        total = own + other
        return (own + 0.05) / (total + 0.1), total

    def _cells(self, lab: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        column, row = (x / self.cell).astype(np.int32), (y / self.cell).astype(np.int32)
        shade = lab[:, 0].astype(np.int32) * SHADES // 256
        # Tints of most pictures fill the middle half of their axes.
        a, b = (np.clip((lab[:, k].astype(np.int32) - 64) * TINTS // 128, 0, TINTS - 1) for k in (1, 2))
        cells: np.ndarray = (((row * self.columns + column) * SHADES + shade) * TINTS + a) * TINTS + b
        return cells


def lab_of(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8 CIELAB of a picture (H, W, 3) uint8 sRGB, each axis 0..255."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)


def _blurred(grid: np.ndarray, count: int, inner: int, *, across: bool = False) -> np.ndarray:
    """A flat grid with 1-2-1 over one of its axes, which has `count` cells of `inner` numbers each. across: over the numbers of a cell, too.

    Done by OpenCV on a tall picture with an empty row between the blocks: matrix products wait for the threads of a busy machine.
    """
    blocks = grid.reshape(-1, count, inner)
    apart = np.zeros((len(blocks), count + 1, inner), np.float32)
    apart[:, :count] = blocks
    kernel = np.array([0.25, 0.5, 0.25])
    out = cv2.sepFilter2D(apart.reshape(-1, inner), -1, kernel if across else np.ones(1), kernel, borderType=cv2.BORDER_CONSTANT)
    return np.ascontiguousarray(out.reshape(apart.shape)[:, :count]).reshape(-1)
