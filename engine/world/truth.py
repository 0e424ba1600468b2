"""What is true of a frame of the moving diorama: the sheet that each pixel shows, and from it masks, depth, flow, occlusion. Exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.world.sheets import Matrix, Sheet, Window, laid

if TYPE_CHECKING:
    from engine.world.moving import MovingDiorama


_Part = tuple[Window, np.ndarray, np.ndarray | None, np.ndarray | None]
"""Window of the frame and on it: where the sheet is the foremost paper, where it hides all, where something moving is seen through."""


@dataclass(frozen=True)
class Look:
    """One frame's truth. owner: (H, W) int16 index of the foremost sheet that covers half of the pixel; veil: (H, W) bool, something moving
    and see-through lies over it; the rest as in `WorldClip`. matrices: where each sheet lies."""

    owner: np.ndarray
    veil: np.ndarray
    masks: np.ndarray
    amodal: np.ndarray
    depth: np.ndarray
    middles: np.ndarray
    visible: np.ndarray
    matrices: list[Matrix]


class Truth:
    """Looks at the frames of one scene."""

    def __init__(self, world: MovingDiorama) -> None:
        self.world = world
        self.things = np.array([sheet.thing for sheet in world.sheets], np.int16)
        self.depths = np.array([sheet.depth for sheet in world.sheets], np.float32)
        still = world.camera.still
        self.moving = [not (sheet.fixed and still) for sheet in world.sheets]
        self.parts: dict[int, _Part | None] = {}

    def look(self, time: float) -> Look:
        """The truth of the frame at a time in seconds."""
        world, (width, height) = self.world, self.world.size
        count = len(world.courses)
        owner = np.zeros((height, width), np.int16)
        veil = np.zeros((height, width), bool)
        amodal = np.zeros((count, height, width), bool)
        matrices = [world.matrix(sheet, time) for sheet in world.sheets]
        for index, (sheet, matrix) in enumerate(zip(world.sheets, matrices, strict=True)):
            part = self._part(index, sheet, matrix)
            if part is None:
                continue
            window, solid, opaque, thin = part
            np.copyto(owner[window], index, where=solid)
            if sheet.thing >= 0:
                amodal[sheet.thing][window] |= solid
            if opaque is not None:
                np.copyto(veil[window], False, where=opaque)
            if thin is not None:
                veil[window] |= thin
        shown = self.things[owner]
        masks = np.stack([shown == k for k in range(count)]) if count else np.zeros((0, height, width), bool)
        areas = amodal.sum((1, 2))
        visible = np.where(areas > 0, masks.sum((1, 2)) / np.maximum(areas, 1), 0.0).astype(np.float32)
        middles = np.array([self._middle(k, time) for k in range(count)], np.float32).reshape(count, 2)
        return Look(owner, veil, masks, amodal, self.depths[owner], middles, visible, matrices)

    def _part(self, index: int, sheet: Sheet, matrix: Matrix) -> _Part | None:
        """Where a sheet lies in the frame; kept for the next frame when it never moves."""
        if index in self.parts:
            return self.parts[index]
        placed = laid(sheet, matrix, self.world.size, cover=True)
        part: _Part | None = None
        if placed is not None:
            cover, window = placed
            opaque = cover > 247 if sheet.solid else None
            thin = None
            if self.moving[index]:
                seen = laid(sheet, matrix, self.world.size) if sheet.casts else None
                there = cover > 8 if seen is None else seen[0][..., 3] > 5
                thin = there if opaque is None else there & ~opaque
            part = (window, cover > 127, opaque, thin)
        if not self.moving[index]:
            self.parts[index] = part
        return part

    def _middle(self, index: int, time: float) -> np.ndarray:
        """(2,) pixel coordinates (centres at +0.5) of the middle of a subject's box."""
        moving = self.world.courses[index]
        mx, my = moving.actor.middle
        point = self.world.camera.view(time, 1.0) @ moving.matrix(time) @ np.array([-mx if moving.flip else mx, my, 1.0])
        return point[:2]

    def pair(self, first: Look, second: Look) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Flow (H, W, 2), occlusion (H, W) and blended (H, W) from one frame to the next."""
        height, width = first.owner.shape
        steps = [(b @ np.linalg.inv(a) - np.eye(3))[:2] for a, b in zip(first.matrices, second.matrices, strict=True)]
        shares = np.array(steps, np.float32)  # (sheets, 2, 3)
        x = (np.arange(width, dtype=np.float32) + 0.5)[None, :]
        y = (np.arange(height, dtype=np.float32) + 0.5)[:, None]
        a = shares[first.owner]  # (H, W, 2, 3)
        flow = a[..., 0] * x[..., None] + a[..., 1] * y[..., None] + a[..., 2]
        tx, ty = x - 0.5 + flow[..., 0], y - 0.5 + flow[..., 1]
        left, top = np.floor(tx + 1e-3).astype(np.int32), np.floor(ty + 1e-3).astype(np.int32)
        # A place that is met exactly needs one column and row, any other is interpolated from two.
        right, bottom = np.ceil(tx - 1e-3).astype(np.int32), np.ceil(ty - 1e-3).astype(np.int32)
        outside = (left < 0) | (top < 0) | (right >= width) | (bottom >= height)
        left, right = np.clip(left, 0, width - 1), np.clip(right, 0, width - 1)
        top, bottom = np.clip(top, 0, height - 1), np.clip(bottom, 0, height - 1)
        hidden = outside
        for rows, columns in ((top, left), (top, right), (bottom, left), (bottom, right)):
            hidden = hidden | (second.owner[rows, columns] != first.owner)
        nearby = cv2.remap(second.veil.astype(np.uint8), tx, ty, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE) > 0
        return flow.astype(np.float32), hidden, first.veil | nearby
