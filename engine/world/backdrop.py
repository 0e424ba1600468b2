"""The table on which a scene's sheets are cut: from outlines in world units to sheets that cover all the camera ever sees of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from engine.world import shapes
from engine.world.course import Camera, Frame
from engine.world.diorama import Cutout, Diorama
from engine.world.palette import SKIES, Colour, mix
from engine.world.paper import Paint, cut, painted, shadow
from engine.world.sheets import Matrix, Sheet, pack, shift, still, stretch

AIR_TINT = {"dawn": ("#f3b9a4", 0.20), "day": ("#cfe6f2", 0.0), "sunset": ("#a8456a", 0.34), "night": ("#1a2258", 0.57)}
"""Colour that a time of day lays over every sheet, and how much."""

HAZE = {"dawn": "#f9cfae", "day": "#d3e9f4", "sunset": "#f2a05f", "night": "#3d478f"}
"""Colour that far sheets fade to."""


class Backdrop:
    """Cuts sheets for one scene. Outlines come in world units and in any extent; what the camera never sees is not cut."""

    def __init__(self, camera: Camera, frame: Frame, time: str, weather: str, seed: int, rng: np.random.Generator) -> None:
        self.camera, self.frame, self.time, self.weather, self.seed, self.rng = camera, frame, time, weather, seed, rng
        self.sky = SKIES[time]
        self.sheets: list[Sheet] = []

    def tinted(self, colour: Colour, depth: float) -> np.ndarray:
        """(3,) sRGB: the colour in this light and weather at a depth: far sheets fade into the haze."""
        tint, share = AIR_TINT[self.time]
        far = 0.52 * max(depth - 0.35, 0) / 0.65
        if self.weather in ("fog", "rain", "snow"):
            far = far * 1.25 + (0.16 if self.weather == "fog" else 0.06)
        lit = mix(colour, tint, share)
        if self.weather in ("rain", "fog", "cloudy") and self.time != "night":
            lit = mix(lit, "#8d97a8", 0.16 if self.weather != "cloudy" else 0.08)
        return mix(lit, HAZE[self.time], min(far, 0.75))

    def span(self, parallax: float) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) that is ever in view at that depth, with a little more."""
        left, top, right, bottom = self.camera.seen(parallax)
        return left - 0.06, top - 0.06, right + 0.06, bottom + 0.06

    def paper(
        self,
        name: str,
        outlines: Sequence[np.ndarray],
        colours: Sequence[Colour],
        depth: float,
        parallax: float,
        *,
        lift: float = 14.0,
        dark: float = 0.42,
        halo: float = 0.6,
        glow: float = 0.0,
        edge: float = 1.0,
        angle: float = 90.0,
        opacity: float = 1.0,
        holes: Sequence[np.ndarray] = (),
        tint: bool = True,
        move: Callable[[float], Matrix] = still,
        reach: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """One sheet. lift in 1/1000 of the shorter side; reach: how far `move` shifts it sideways and up, so that its ends stay out of sight."""
        scale = self.camera.largest(parallax)
        left, top, right, bottom = self.span(parallax)
        left, right, top, bottom = left - reach[0], right + reach[0], top - reach[1], bottom + reach[1]
        points = np.concatenate([shapes.polygon(o) for o in outlines])
        left, top = max(left, points[:, 0].min() - 0.05), max(top, points[:, 1].min() - 0.05)
        right, bottom = min(right, points[:, 0].max() + 0.05), min(bottom, points[:, 1].max() + 0.05)
        if left >= right or top >= bottom:
            return
        # Whole pixels of the sheet fall on whole pixels of the first frame, so that a still camera copies instead of interpolating.
        left, top = (np.floor((v + h) * scale) / scale - h for v, h in ((left, self.frame.half_width), (top, self.frame.half_height)))
        size = (int(np.ceil((right - left) * scale)), int(np.ceil((bottom - top) * scale)))
        unit = scale / 1000
        moved = [(shapes.polygon(o) - (left, top)) * scale for o in outlines]
        piece = cut(moved, size, holes=[(shapes.polygon(o) - (left, top)) * scale for o in holes], margin=3)
        if piece is None:
            return
        fallen = shadow(piece, size, lift * unit, dark, halo) if lift > 0 else None
        tones = tuple(self.tinted(c, depth) for c in colours) if tint else tuple(colours)
        texture = tuple(int(v) for v in self.rng.integers(0, 4096, 2))
        colour = painted(piece, Paint(tones, angle=angle, glow=glow, edge=edge, grain=min(1.0, 0.55 + unit)), texture, unit)  # type: ignore[arg-type]
        pixels, cover, corner = pack(colour, piece, fallen, self.sky.shadow, opacity=opacity)
        rest = shift(left, top) @ stretch(1 / scale, 1 / scale) @ shift(*corner)
        self.sheets.append(Sheet(name, pixels, cover, rest, depth, parallax, move))

    def thing(
        self, name: str, cutout: Cutout, x: float, y: float, size: float, depth: float, parallax: float, *, flip: bool = False
    ) -> None:
        """A cut-out prop with its origin at (x, y), `size` world units per unit of its own."""
        scale = self.camera.largest(parallax)
        points = np.concatenate([o for piece in cutout.pieces for o in piece.outlines]) * (-size if flip else size, size) + (x, y)
        low, high = points.min(0) - 0.05, points.max(0) + 0.05
        left, top, right, bottom = self.span(parallax)
        if high[0] < left or low[0] > right or high[1] < top or low[1] > bottom:
            return
        low = np.floor((low + (self.frame.half_width, self.frame.half_height)) * scale) / scale - (
            self.frame.half_width,
            self.frame.half_height,
        )
        canvas = tuple(int(np.ceil(v * scale)) for v in high - low)
        bench = Diorama(name, canvas, self.sky, int(self.rng.integers(2**31)))  # type: ignore[arg-type]
        bench.unit = scale / 1000
        made = bench.assembled(cutout, ((x - low[0]) * scale, (y - low[1]) * scale), size * scale, 0.0, flip)
        if made is None:
            return
        colour, piece = made
        fallen = shadow(piece, canvas, 9 * bench.unit, 0.36, 0.4)  # type: ignore[arg-type]
        pixels, cover, corner = pack(colour, piece, fallen, self.sky.shadow)
        rest = shift(*low) @ stretch(1 / scale, 1 / scale) @ shift(*corner)
        self.sheets.append(Sheet(name, pixels, cover, rest, depth, parallax))

    def crest(self, y: float, amplitude: float, waves: float, parallax: float, *, octaves: int = 2, tilt: float = 0.0) -> np.ndarray:
        """(N, 2) an open hill line from left to right beyond all that is seen. y: fraction of the height, 0 on top; amplitude in world units."""
        left, _, right, _ = self.span(parallax)
        x = np.linspace(left - 0.1, right + 0.1, max(120, int(160 * (right - left))))
        noise = shapes.wave_noise(x, self.rng, waves=waves, octaves=octaves)
        return np.stack([x, self.row(y) + tilt * x - amplitude * noise], axis=1)

    def row(self, y: float) -> float:
        """World y of a fraction of the picture's height."""
        return (y - 0.5) * 2 * self.frame.half_height

    def below(self, line: np.ndarray, parallax: float) -> np.ndarray:
        """The area from an open line down to below all that is seen."""
        return shapes.under(line, max(self.span(parallax)[3], float(line[:, 1].max())) + 0.1)
