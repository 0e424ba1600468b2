"""Rain and snow alone, laid over pictures that something else has drawn."""

from __future__ import annotations

import numpy as np

from engine.world.backdrop import Backdrop
from engine.world.course import Camera, Frame
from engine.world.sheets import laid, lay_over
from engine.world.sky import lay_weather
from engine.world.spec import SceneSpec

FALLS = ("rain", "snow")


class Falling:
    """The rain or snow of a scene at one size, (width, height) in pixels. Nothing is laid for other weather."""

    def __init__(self, spec: SceneSpec, size: tuple[int, int]) -> None:
        self.size = size
        frame = Frame.of(size)
        self.camera = Camera(spec, frame, float(min(size)))
        table = Backdrop(self.camera, frame, spec.time, spec.weather, spec.seed, np.random.default_rng([spec.seed, 3]))
        if spec.weather in FALLS:
            lay_weather(table, spec.seconds)
        self.sheets = sorted(table.sheets, key=lambda sheet: -sheet.depth)

    def over(self, picture: np.ndarray, time: float) -> np.ndarray:
        """A picture (H, W, 3) uint8 sRGB with what falls before it at a time in seconds."""
        if not self.sheets:
            return picture
        canvas = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        for sheet in self.sheets:
            placed = laid(sheet, self.camera.view(time, sheet.parallax) @ sheet.move(time) @ sheet.rest, self.size)
            if placed is not None:
                lay_over(canvas, *placed)
        return np.ascontiguousarray(canvas[..., :3])
