"""The sky of a moving scene and what falls from it: bands, sun, moon, stars, drifting clouds, and rain, snow and fog as paper that moves as one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np

from engine.world import scenery, shapes
from engine.world.backdrop import Backdrop
from engine.world.diorama import Diorama
from engine.world.palette import Sky, mix, rgb
from engine.world.paper import Paint, cut, painted
from engine.world.sheets import CACHE, Matrix, Sheet, shift, stretch

FAR = 0.08
"""Parallax of the sky."""

GLOOM = {"clear": 0.0, "cloudy": 0.16, "rain": 0.5, "snow": 0.38, "fog": 0.5}
"""How grey each weather makes the sky."""

GREY = {"dawn": "#b3a3ad", "day": "#a9b6c4", "sunset": "#8d6673", "night": "#2c3562"}

LAMPS = {"dawn": (0.25, 0.47, 84), "day": (0.78, 0.18, 78), "sunset": (0.70, 0.44, 96), "night": (0.78, 0.19, 70)}
"""Place (fractions of the frame) and radius (1/1000) of sun and moon."""

DISCS = {
    "dawn": ("#fffbe9", "#ffe9a8", "#fdc873"),
    "day": ("#fff6b8", "#ffe36b", "#ffce45"),
    "sunset": ("#fff0a8", "#ffc65a", "#ff9447"),
    "night": ("#fffbe8", "#fbe9bd", "#ecd49b"),
}

CLOUDS = {"dawn": ("#fff1e6", "#f3bfae"), "day": ("#ffffff", "#dfeaf2"), "sunset": ("#f7b497", "#b35f79"), "night": ("#66699f", "#40457f")}
"""Colour of the top and the base of a cloud."""


def _hex(colour: np.ndarray) -> str:
    return "#" + "".join(f"{int(round(float(v) * 255)):02x}" for v in np.clip(colour, 0, 1))


def weathered(sky: Sky, time: str, weather: str) -> Sky:
    """The sky's colours under this weather."""
    share = GLOOM[weather]
    return replace(sky, stops=tuple(_hex(mix(stop, GREY[time], share)) for stop in sky.stops))


def lay_sky(table: Backdrop, seed: int) -> None:
    """The one sheet of sky: bands of paper, stars, and the sun or moon. A sky is one of twelve to each time and weather, and is kept."""
    scale = table.camera.largest(FAR)
    left, top, right, bottom = table.span(FAR)
    left, top = (np.floor((v + h) * scale) / scale - h for v, h in ((left, table.frame.half_width), (top, table.frame.half_height)))
    size = (int(np.ceil((right - left) * scale)), int(np.ceil((bottom - top) * scale)))
    key = ("sky", table.time, table.weather, seed % 12, size, scale, left, top)
    pixels = CACHE.get(key, lambda: _sky(table, seed % 12, size, scale, left, top), lambda made: made.nbytes)
    rest = shift(left, top) @ stretch(1 / scale, 1 / scale)
    table.sheets.append(Sheet("sky", pixels, np.ascontiguousarray(pixels[..., 3]), rest, 1.0, FAR))


def lamp_place(table: Backdrop, seed: int) -> tuple[float, float]:
    """World x, y of the sun or moon: one of twelve places to each time."""
    across, down, _ = LAMPS[table.time]
    k = seed % 12
    x = ((1 - across if k % 2 else across) - 0.5) * 2 * table.frame.half_width
    return x + 0.05 * float(np.sin(2.4 * k)), (down - 0.5) * 2 * table.frame.half_height + 0.025 * float(np.cos(1.7 * k))


def _sky(table: Backdrop, seed: int, size: tuple[int, int], scale: float, left: float, top: float) -> np.ndarray:
    world = Diorama("sky", size, weathered(table.sky, table.time, table.weather), seed)
    world.unit = scale / 1000
    lamp = LAMPS[table.time]
    x, y = lamp_place(table, seed)
    fx, fy = (x - left) * scale / size[0], (y - top) * scale / size[1]
    horizon = (0.08 - top) * scale / size[1]
    if table.time in ("dawn", "sunset") and seed % 3:
        scenery.ringed_sky(world, fx, fy, inner=150, rings=5, rough=0.018, fade=0.8)
    else:
        scenery.banded_sky(world, horizon, bands=5, amplitude=0.016)
    clear = table.weather in ("clear", "cloudy")
    if table.time == "night" and table.weather != "fog":
        count = {"clear": 44, "cloudy": 24}.get(table.weather, 12)
        scenery.stars(world, count, bottom=min(horizon * 0.85, 0.9), depth=0.95, clear=[(fx, fy, lamp[2] * 1.7)])
    if clear and table.time == "night" and seed % 4 == 2:
        world.glow("moon glow", fx, fy, lamp[2] * 3, 0.35, 0.95)
        cx, cy = world.at(fx, fy)
        world.sheet(
            "moon",
            [shapes.crescent(cx, cy, world.px(lamp[2]), thick=0.4, angle=-28)],
            Paint(("#fff6d8", "#f6d899"), glow=0.3),
            0.95,
            lift=9,
        )
    elif clear:
        scenery.disc(world, "lamp", fx, fy, lamp[2], DISCS[table.time], 0.95, halo=2.9, strength=0.5)
    picture = world.finish(vignette=0.0, warmth=0.0).render()
    return cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA)


def drift(vx: float, vy: float) -> Callable[[float], Matrix]:
    """A steady move of (vx, vy) world units a second."""
    return lambda time: shift(vx * time, vy * time)


def lay_clouds(table: Backdrop, seconds: float, seed: int) -> None:
    """One or two rows of clouds that drift with the wind."""
    count = {"clear": 2, "cloudy": 5, "rain": 5, "snow": 4, "fog": 2}[table.weather]
    wind = float(table.rng.choice([-1, 1])) * 0.022
    reach = abs(wind) * min(seconds, 12)
    hues = tuple(mix(c, GREY[table.time], 0.9 * GLOOM[table.weather]) for c in CLOUDS[table.time])
    rows = ((0.88, 0.14, 0.10, 0.30), (0.86, 0.2, 0.06, 0.24)) if count > 2 else ((0.88, 0.14, 0.10, 0.30),)
    lamp = lamp_place(table, seed)
    for k, (depth, parallax, high, low) in enumerate(rows):
        left, _, right, _ = table.span(parallax)
        left, right = left - reach, right + reach
        number = max(1, round((count if len(rows) == 1 else count / 2) * (right - left) / 1.4))
        backs, fronts = [], []
        for i in range(number):
            x = left + (i + table.rng.uniform(0.2, 0.8)) * (right - left) / number
            y, wide = table.row(table.rng.uniform(high, low)), table.rng.uniform(0.26, 0.42) * (1 - 0.2 * k)
            if table.weather == "clear" and abs(x - lamp[0]) < wide / 2 + 0.16 and abs(y - lamp[1]) < 0.2:
                continue
            backs += scenery.cloud_outline(x, y, wide, table.rng, puffs=6)
            fronts += scenery.cloud_outline(x + 0.05 * wide, y + 0.028, wide * 0.66, table.rng, puffs=5)
        if not backs:
            continue
        shared = drift(wind * (1 - 0.3 * k), 0.0)
        table.paper(
            f"clouds {k + 1} back",
            backs,
            (mix(hues[0], hues[1], 0.35), hues[1]),
            depth,
            parallax,
            lift=13,
            dark=0.3,
            move=shared,
            reach=(reach, 0),
            tint=False,
        )
        table.paper(
            f"clouds {k + 1}",
            fronts,
            (hues[0], mix(hues[0], hues[1], 0.6)),
            depth - 0.005,
            parallax,
            lift=9,
            dark=0.26,
            move=shared,
            reach=(reach, 0),
            tint=False,
        )


def lay_weather(table: Backdrop, seconds: float) -> None:
    """Rain, snow or fog in front of and behind the stage."""
    match table.weather:
        case "rain":
            hue = mix("#d3e7f7", "#8fa3d8", 0.45 if table.time == "night" else 0.0)
            side = float(table.rng.choice([-1, 1]))
            for name, depth, parallax, size, vx, vy in (
                ("rain far", 0.5, 0.75, 0.75, 0.16, 0.62),
                ("rain near", 0.1, 1.15, 1.0, 0.21, 0.84),
            ):
                strip = shapes.move(
                    shapes.rounded_box(-0.0075, -0.042, 0.0075, 0.042, 0.0075), angle=-side * np.rad2deg(np.arctan2(vx, vy)) * -1
                )
                _falling(table, name, strip * size, hue, depth, parallax, (0.30 * size, 0.34 * size), (-side * vx, vy))
        case "snow":
            hue = mix("#ffffff", "#b9c4ee", 0.35 if table.time == "night" else 0.0)
            side = float(table.rng.choice([-1, 1]))
            for name, depth, parallax, size, vx, vy in (
                ("snow far", 0.5, 0.75, 0.7, 0.05, 0.17),
                ("snow near", 0.1, 1.15, 1.0, 0.07, 0.25),
            ):
                _falling(
                    table,
                    name,
                    shapes.circle(0, 0, 0.017 * size, count=20),
                    hue,
                    depth,
                    parallax,
                    (0.24 * size, 0.26 * size),
                    (side * vx, vy),
                )
        case "fog":
            _fog(table, seconds)


def _falling(
    table: Backdrop,
    name: str,
    shape: np.ndarray,
    colour: np.ndarray,
    depth: float,
    parallax: float,
    cell: tuple[float, float],
    speed: tuple[float, float],
) -> None:
    """A pattern of equal papers, four to a cell of the lattice, that falls as one sheet and repeats without end."""
    scale = table.camera.largest(parallax)
    w, h = (max(12, round(2 * c * scale)) for c in cell)
    spots = (np.array([[0.2, 0.12], [0.72, 0.3], [0.42, 0.62], [0.92, 0.84]]) + table.rng.uniform(-0.07, 0.07, (4, 2))) * (w, h)
    outlines = [shape * scale + spot + (dx * w, dy * h) for spot in spots for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    inside = [o for o in outlines if o[:, 0].max() > 0 and o[:, 0].min() < w and o[:, 1].max() > 0 and o[:, 1].min() < h]
    piece = cut(inside, (w, h), margin=0)
    if piece is None:
        return
    pixels = np.zeros((h, w, 4), np.float32)
    shade = painted(piece, Paint((colour,), edge=0.7, glow=0.3), (0, 0), scale / 1000)
    pixels[piece.box] = np.concatenate([shade * piece.mask[..., None], piece.mask[..., None]], axis=2)
    cover = np.zeros((h, w), np.float32)
    cover[piece.box] = piece.mask
    made = [cv2.convertScaleAbs(a, alpha=255.0) for a in (pixels, cover)]
    rest = stretch(1 / scale, 1 / scale)
    table.sheets.append(Sheet(name, made[0], made[1], rest, depth, parallax, drift(*speed), period=(w / scale, h / scale)))


def _fog(table: Backdrop, seconds: float) -> None:
    """Three banks of tracing paper that drift in turn to either side."""
    hue = {"dawn": "#fbe6dc", "day": "#eef3f6", "sunset": "#f0c3ae", "night": "#7d86b8"}[table.time]
    side = float(table.rng.choice([-1, 1]))
    for k, (y, depth, parallax) in enumerate(((0.53, 0.7, 0.45), (0.71, 0.48, 0.9), (0.95, 0.12, 1.15))):
        speed = side * (-1) ** k * 0.055
        reach = abs(speed) * min(seconds, 12)
        left, _, right, _ = table.span(parallax)
        outlines: list[np.ndarray] = []
        x = left - reach
        while x < right + reach:
            wide = table.rng.uniform(0.2, 0.36)
            outlines += scenery.cloud_outline(x, table.row(y) + table.rng.uniform(-0.02, 0.02), wide, table.rng, puffs=6)
            x += wide * 0.72
        along = np.linspace(left - reach - 0.3, right + reach + 0.3, 160)
        middle = table.row(y) + 0.014 * shapes.wave_noise(along, table.rng, waves=2.2, octaves=2)
        bank = shapes.ribbon(np.stack([along, middle], axis=1), 0.05)
        colours = (rgb(hue), mix(hue, HAZE_DEEP[table.time], 0.35))
        table.paper(
            f"fog {k + 1}",
            [*outlines, bank],
            colours,
            depth,
            parallax,
            lift=8,
            dark=0.16,
            opacity=0.74,
            move=drift(speed, 0.0),
            reach=(reach, 0.0),
            tint=False,
            edge=0.6,
        )


HAZE_DEEP = {"dawn": "#d9a9a6", "day": "#b9cad6", "sunset": "#a86a78", "night": "#3f4889"}
