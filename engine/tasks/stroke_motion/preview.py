"""The quick look while drawing: the very steps of the final render on a small copy, so that it tells the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np

from engine.tasks.stroke_motion.paths import Timeline
from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.tasks.stroke_motion.scene import build
from engine.tasks.stroke_motion.things import Reader
from engine.vision.flow import flow_arrows, flow_to_rgb
from engine.vision.segmentation import fit_side

PREVIEW_SIDE = 320
"""Longer side of a preview's frames, in pixels."""


@dataclass(frozen=True)
class PreviewResult:
    """frames: (F, h, w, 3) uint8, to be played at `fps`; flow_rgb: (h, w, 3) uint8 colour wheel of the whole motion; arrows:
    [[x, y, dx, dy]] in fractions of width and height; masks: one per move stroke, (h, w) uint8 0..255 of what it takes, all 0 when it takes
    the background; notes: sentences for the user."""

    frames: np.ndarray
    fps: float
    flow_rgb: np.ndarray
    arrows: list[list[float]]
    masks: list[np.ndarray]
    notes: list[str]


@dataclass
class PreviewSession:
    """One picture under the pen. Keep it between strokes: the search's ground work and every thing found so far stay in it.

    image: (H, W, 3) uint8, any size; side: longer side of the preview's frames.
    """

    image: np.ndarray
    side: int = PREVIEW_SIDE
    small: np.ndarray = field(init=False)
    _reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.small = fit_side(np.ascontiguousarray(self.image[..., :3]), self.side)
        self._reader = Reader(self.small)

    def preview(
        self,
        strokes: Sequence[Stroke],
        camera: Camera | None = None,
        *,
        frames: int = 16,
        loop: Literal["none", "loop", "boomerang"] = "none",
        parallax: float = 0.0,
        seconds: float = 2.0,
    ) -> PreviewResult:
        """How the picture will move, at the pace of a clip of `seconds`. Only what changed since the last call is searched again."""
        camera = camera or Camera()
        reading = self._reader.read(strokes, camera)
        timeline = Timeline(frames, loop)
        scene, notes = build(self.small, strokes, camera, reading, timeline, parallax=parallax, work_side=160, rounds=2)
        flow = scene.flow(1.0)
        taken = {i: actor.alpha for actor in scene.actors for i in actor.thing.moves}
        nothing = np.zeros(self.small.shape[:2], np.float32)
        masks = [np.rint(255 * taken.get(i, nothing)).astype(np.uint8) for i, stroke in enumerate(strokes) if stroke.kind == "move"]
        pictures = np.stack([scene.frame(i) for i in range(frames)])
        return PreviewResult(pictures, frames / max(seconds, 0.1), flow_to_rgb(flow), flow_arrows(flow), masks, reading.notes + notes)


def quick_preview(
    image: np.ndarray | PreviewSession,
    strokes: Sequence[Stroke],
    camera: Camera | None = None,
    *,
    side: int = PREVIEW_SIDE,
    frames: int = 16,
    loop: Literal["none", "loop", "boomerang"] = "none",
    parallax: float = 0.0,
    seconds: float = 2.0,
) -> PreviewResult:
    """One look, on one core. image: (H, W, 3) uint8, or a session of it, which makes every look after the first quicker (`side` is then its own)."""
    cv2.setNumThreads(1)
    session = image if isinstance(image, PreviewSession) else PreviewSession(image, side)
    return session.preview(strokes, camera, frames=frames, loop=loop, parallax=parallax, seconds=seconds)
