"""A new subject in words, drawn by the diorama: one thing of its cast in a colour, whose legs, wheels and wings move as it goes."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.vision.transplant.light import linear
from engine.world.cast import CAST
from engine.world.palette import SKIES
from engine.world.reading import spec_from_text
from engine.world.rig import Clock, Piece, cut_actor, pose, tone
from engine.world.sheets import Sheet, laid, lay_over, shift, stretch
from engine.world.spec import FACED, KINDS, SubjectSpec

ROOM = 0.08
"""Room around a thing's box for its shadow and for limbs that swing out, as a share of its longer side."""

BUSY = 0.25
"""Own heights a second at which a thing is in full motion."""


def meant(words: str) -> SubjectSpec:
    """The thing that words name. Raises `InvalidInput` when they name none that can be drawn."""
    subjects = spec_from_text(words).spec.subjects
    if not subjects:
        raise InvalidInput(
            f"“{words[:80]}” names nothing that can be drawn here", why=f"the diorama knows {', '.join(KINDS)}",
            fix="name one of these, with a colour if you like, or give a reference picture", field="prompt",
        )  # fmt: skip
    return subjects[0]


class Drawn:
    """A thing of the diorama as a stand-in (`engine.vision.transplant.standin.StandIn`).

    pixels: how high, or wide over 1.3, it is cut: as large as it will ever be seen. way: frame -> how far it has gone, in its own heights, forwards positive.
    left: it looks to the left.
    """

    backdrop: np.ndarray | None = None

    def __init__(self, spec: SubjectSpec, pixels: float, fps: float, way: Callable[[int], float], *, left: bool) -> None:
        self._fps, self._way, self._flip = fps, way, left and spec.kind in FACED
        make = CAST[spec.kind]
        unit = make(tone(spec.colour)).unit
        self._scale = float(np.clip(pixels, 24, 1400)) / unit
        self.actor, self._pieces = cut_actor(
            (spec.kind, spec.colour, "stand-in"), lambda: make(tone(spec.colour)), self._scale, self._scale * unit / 360.0, SKIES["day"], flip=self._flip, glow=0.0
        )
        x0, y0, x1, y1 = self.actor.box
        if self._flip:
            x0, x1 = -x1, -x0
        self._room = ROOM * max(x1 - x0, y1 - y0)
        self._corner = (x0 - self._room, y0 - self._room)
        self._canvas = int(np.ceil((x1 - x0 + 2 * self._room) * self._scale)), int(np.ceil((y1 - y0 + 2 * self._room) * self._scale))
        self._kept: tuple[int, np.ndarray] | None = None
        # The box of the paper itself: the cast's own boxes leave a little room.
        solid = self._posed(0)[..., 3] > 0.6
        rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
        self._left, self._top = float(columns[0]), float(rows[0])
        self.width, self.height = float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])

    def picture(self, scale: float, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """See `StandIn.picture`."""
        if self._kept is None or self._kept[0] != frame:
            self._kept = frame, self._posed(frame)
        picture, into = self._kept[1], np.array([[1.0, 0.0, -self._left], [0.0, 1.0, -self._top], [0.0, 0.0, 1.0]])
        if scale < 0.7:  # further away: a plain lookup would skip pixels
            height, width = picture.shape[:2]
            size = max(2, round(width * scale)), max(2, round(height * scale))
            picture, fx, fy = cv2.resize(picture, size, interpolation=cv2.INTER_AREA), width / size[0], height / size[1]
            into = into @ np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]])
        return picture, into

    def _posed(self, frame: int) -> np.ndarray:
        way, before = self._way(frame), self._way(max(0, frame - 1))
        pace = 0.2 + 0.8 * min(1.0, abs(way - before) * self._fps / BUSY)
        clock = Clock(frame / self._fps, way * self.actor.unit, pace, 0.0)
        canvas = np.zeros((self._canvas[1], self._canvas[0], 4), np.uint8)
        world = stretch(self._scale, self._scale) @ shift(-self._corner[0], -self._corner[1])
        for limb, piece in zip(self.actor.limbs, self._pieces, strict=True):
            shown = laid(_sheet(piece), world @ pose(limb.joint, clock, self._flip) @ piece.rest, self._canvas)
            if shown is not None:
                lay_over(canvas, *shown)
        alpha = canvas[..., 3:].astype(np.float32) / 255.0
        colours = np.minimum(canvas[..., :3].astype(np.float32) / np.maximum(alpha, 1 / 255), 255.0)
        return np.concatenate([linear(np.rint(colours).astype(np.uint8)) * alpha, alpha], axis=2)


def _sheet(piece: Piece) -> Sheet:
    return Sheet("limb", piece.pixels, piece.cover, piece.rest, 0.0, 1.0, lambda time: np.eye(3))
