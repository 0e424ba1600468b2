"""The title card as the house cuts it: sheets of coloured paper with wavy openings, one before the other, a paper moon behind, hills below, and the title in cut letters.

Every sheet is made once (`engine.world.paper`: texture, lit rims, shadows); a frame only moves them: the openings widen, near sheets more than far ones, the moon and the
words rise one after the other, and everything keeps drifting, so that nothing ever stops dead. Sheets are moved by parts of a pixel.

The title can be read over whatever lies behind it: the moon stands above it where there is room, and a shade around the letters keeps the contrast of WCAG 2.1 (1.4.3, 4.5 to 1)
even before white paper (`tests/movie/test_titles.py` measures it).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.movie.film.lettering import Block, fitted
from engine.world import shapes
from engine.world.palette import from_oklab, rgb, to_oklab
from engine.world.paper import Cut, Paint, cut, painted, shadow

MARGIN = 0.14
"""Share of the picture that sheets reach beyond it on each side, for drift and for the opening."""
SHEETS = 4
OPENING = 0.95
"""Seconds until the sheets stand open; with a shorter card, half of it."""
RISE = 0.5
"""Seconds that a word takes to rise."""
SAFE = 0.80
"""Share of width and height within which the title stays."""
SHADE = 0.73
"""Strength of the shade right around the letters: white behind it comes out as dark as 4.5 to 1 needs (a luminance of 0.15), with a little to spare for grain and edges."""
NEAR, FAR = 0.11, 0.28
"""Blurs of the letters, in their size, that give the shade its whole strength beside them, and its soft end."""
GAIN, LEAST = 8.0, 2.5
"""The near blur times so much is cut at 1, so that tips and corners are shaded, too; it reaches at least so many pixels, for letters of a small film."""
MOON = 0.18
"""Radius of the moon, in shorter sides."""


@dataclass(frozen=True)
class _Sprite:
    """A sheet and its shadow, which move as one. colour: (h, w, 3) float32, premultiplied, alpha: (h, w) float32, with their upper left corner at (x, y) of the picture.

    near: how much of the drift it takes part in, 0 far, 1 near. zoom: how much smaller it comes; rise: from how far below, in shorter sides; delay: after how many seconds.
    """

    colour: np.ndarray
    alpha: np.ndarray
    x: float
    y: float
    near: float
    zoom: float = 0.0
    rise: float = 0.0
    delay: float = 0.0
    fade: bool = False


def colours(palette: Sequence[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(ground, accent, light) of a title card, sRGB in 0..1: the darkest of the palette, dark enough for light letters; the most colourful; the lightest, light enough."""
    lab = np.array([to_oklab(rgb(colour)) for colour in palette])
    ground, light = lab[lab[:, 0].argmin()].copy(), lab[lab[:, 0].argmax()].copy()
    ground[0], light[0] = min(ground[0], 0.36), max(light[0], 0.955)
    light[1:] *= min(1.0, 0.045 / max(float(np.hypot(*light[1:])), 1e-6))
    rest = [one for n, one in enumerate(lab) if n not in (lab[:, 0].argmin(), lab[:, 0].argmax())] or [ground]
    accent = max(rest, key=lambda one: float(np.hypot(one[1], one[2]))).copy()
    accent[0] = float(np.clip(accent[0], 0.5, 0.75))
    return from_oklab(ground), from_oklab(accent), from_oklab(light)


def title_card(title: str, palette: Sequence[str], size: tuple[int, int], fps: float, frames: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """(H, W, 3) uint8 sRGB frames of the card. size: (width, height). A title of no letters that can be shown gives a card without words."""
    width, height = size
    ground, accent, light = colours(palette)
    seconds = frames / fps
    haste = min(1.0, 0.5 * seconds / OPENING)
    block = _block(title, (width, height))
    top = _middle(width, height) - block.height / 2 if block.words else 0.55 * height
    sprites = [*_scene((width, height), ground, accent, palette, seed, top), *_words(block, (width, height), ground, light)]
    unit = float(min(width, height))
    backdrop = _backdrop((width, height), ground, accent)
    for number in range(frames):
        now = number / fps
        picture = backdrop.copy()
        # The camera eases in for as long as the card lasts.
        drift = 0.035 * now / max(seconds, 1.5)
        for one in sprites:
            came = _eased((now / haste - one.delay) / (RISE if one.fade else OPENING))
            zoom = (1 + drift * (0.25 + one.near)) * (1 - one.zoom * (1 - came))
            sway = 0.004 * unit * one.near * np.sin(0.9 * now + 3.0 * one.near)
            _lay(picture, one, zoom, (sway, one.rise * unit * (1 - came)), (width / 2, height / 2), min(1.0, 1.6 * came) if one.fade else 1.0)
        yield np.clip(picture * 255.0 + 0.5, 0, 255).astype(np.uint8)


def _eased(share: float) -> float:
    """0 to 1, quick at first, then settling (quartic)."""
    return float(1 - (1 - np.clip(share, 0.0, 1.0)) ** 4)


def _lay(picture: np.ndarray, one: _Sprite, zoom: float, shift: tuple[float, float], about: tuple[float, float], strength: float) -> None:
    """Lay a sprite, zoomed about a point and shifted, over the (H, W, 3) float32 picture."""
    if strength <= 0:
        return
    height, width = picture.shape[:2]
    left, top = zoom * (one.x - about[0]) + about[0] + shift[0], zoom * (one.y - about[1]) + about[1] + shift[1]
    rows, columns = one.alpha.shape
    x0, y0 = max(int(np.floor(left)), 0), max(int(np.floor(top)), 0)
    x1, y1 = min(int(np.ceil(left + zoom * columns)) + 1, width), min(int(np.ceil(top + zoom * rows)) + 1, height)
    if x0 >= x1 or y0 >= y1:
        return
    # Pixel centres lie at +0.5.
    matrix = np.array([[zoom, 0, left - x0 + 0.5 * zoom - 0.5], [0, zoom, top - y0 + 0.5 * zoom - 0.5]])
    colour, alpha = (cv2.warpAffine(part, matrix, (x1 - x0, y1 - y0), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) for part in (one.colour, one.alpha))
    through = cv2.cvtColor(1 - np.float32(strength) * alpha, cv2.COLOR_GRAY2BGR)
    place = picture[y0:y1, x0:x1]
    picture[y0:y1, x0:x1] = cv2.scaleAdd(colour, strength, cv2.multiply(place, through))


def _backdrop(size: tuple[int, int], ground: np.ndarray, accent: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32: the far sky, lighter towards its middle, with the grain of paper."""
    width, height = size
    lab = to_oklab(np.stack([ground, accent]))
    deep, glow = lab[0] * (1.0, 0.9, 0.9) + (0.02, 0, 0), 0.62 * lab[0] + 0.38 * lab[1]
    sheet = Cut(np.ones((height, width), np.float32), (slice(0, height), slice(0, width)))
    paint = Paint((from_oklab(glow), from_oklab(0.5 * (glow + deep)), from_oklab(deep)), centre=(0.5 * width, 0.46 * height), reach=0.62 * max(width, height))
    return painted(sheet, paint, (7, 300), min(size) / 1000.0)


def _scene(size: tuple[int, int], ground: np.ndarray, accent: np.ndarray, palette: Sequence[str], seed: int, title_top: float) -> Iterator[_Sprite]:
    """Moon, hills and the sheets with openings, from far to near. title_top: where the title begins, in pixels."""
    width, height = size
    rng = np.random.default_rng(seed)
    unit = min(size) / 1000.0
    pad = (int(MARGIN * width), int(MARGIN * height))
    canvas = (width + 2 * pad[0], height + 2 * pad[1])
    lab = to_oklab(np.stack([ground, accent]))

    moonlight = max((to_oklab(rgb(one)) for one in palette), key=lambda one: float(one[0]))

    def shade(share: float, lift: float) -> np.ndarray:
        mixed = (1 - share) * lab[0] + share * lab[1]
        return from_oklab(mixed + np.array([lift, 0.0, 0.0]))

    radius = MOON * min(size)
    # Above the title, but never more than half hidden behind the paper at the top.
    moon = shapes.circle(pad[0] + 0.5 * width, pad[1] + max(title_top - 1.05 * radius, 0.17 * height), radius)
    glow = from_oklab(np.array([0.80, *(lab[1, 1:] * 0.55 + moonlight[1:] * 0.45)]))
    yield from _sheet([moon], Paint((from_oklab(np.array([0.86, *moonlight[1:]])), glow), angle=70), canvas, pad, unit, ground, lift=9, dark=0.35, near=0.1, rise=0.32, delay=0.0)
    for number, (base, tall) in enumerate(((0.76, 0.07), (0.85, 0.06))):
        x = np.linspace(0, canvas[0], 160)
        line = pad[1] + height * (base + tall * shapes.wave_noise(x / canvas[0], rng, waves=1.6 + number))
        hill = shapes.under(np.stack([x, line], axis=1), canvas[1])
        tone = shade(0.75 - 0.35 * number, 0.02 - 0.06 * number)
        yield from _sheet([hill], Paint((tone, from_oklab(to_oklab(tone) - (0.06, 0, 0)))), canvas, pad, unit, ground, lift=12, dark=0.45, near=0.25 + 0.15 * number, rise=0.2, delay=0.08 * number)
    outer = np.array([[0, 0], [canvas[0], 0], [canvas[0], canvas[1]], [0, canvas[1]]], float)
    for number in range(SHEETS):
        share = number / (SHEETS - 1)
        hole = _opening(canvas, (0.445 + 0.055 * share) * width, (0.43 + 0.065 * share) * height, unit, rng)
        tone = shade(0.62 * (1 - share) ** 1.2, 0.05 * (1 - share) - 0.03 * share)
        paint = Paint((from_oklab(to_oklab(tone) + (0.03, 0, 0)), tone))
        yield from _sheet([outer], paint, canvas, pad, unit, ground, holes=[hole], lift=16, dark=0.55, near=0.45 + 0.55 * share, zoom=0.30 - 0.20 * share, delay=0.10 * (1 - share))


def _opening(canvas: tuple[int, int], across: float, down: float, unit: float, rng: np.random.Generator) -> np.ndarray:
    """A wavy opening about the canvas's middle, `across` and `down` from it to its edges: a superellipse cut by hand."""
    angle = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    c, s = np.cos(angle), np.sin(angle)
    power = 2 / 3.4
    x, y = np.sign(c) * np.abs(c) ** power * across, np.sign(s) * np.abs(s) ** power * down
    lobes = int(rng.integers(11, 15))
    wave = 15 * np.cos(lobes * angle + rng.uniform(0, 6)) + 9 * np.cos((lobes // 2) * angle + rng.uniform(0, 6)) + 5 * np.cos((2 * lobes + 1) * angle + rng.uniform(0, 6))
    length = np.maximum(np.hypot(x, y), 1e-6)
    grow = 1 + wave * unit / length
    return np.stack([canvas[0] / 2 + x * grow, canvas[1] / 2 + y * grow], axis=1)


def _sheet(
    outlines: list[np.ndarray],
    paint: Paint,
    canvas: tuple[int, int],
    pad: tuple[int, int],
    unit: float,
    dark_colour: np.ndarray,
    *,
    lift: float,
    dark: float,
    near: float,
    holes: Sequence[np.ndarray] = (),
    zoom: float = 0.0,
    rise: float = 0.0,
    delay: float = 0.0,
) -> Iterator[_Sprite]:
    """The shadow of a sheet, then the sheet."""
    piece = cut(outlines, canvas, holes=holes, margin=max(3, int(10 * unit)))
    if piece is None:
        return
    paper = painted(piece, paint, (int(97 * lift), int(1000 * near)), unit)
    colour, alpha, (x, y) = _laid(piece, paper, canvas, unit * lift, dark, dark_colour)
    yield _Sprite(colour, alpha, x - pad[0], y - pad[1], near, zoom, rise, delay)


def _laid(
    piece: Cut, paper: np.ndarray, canvas: tuple[int, int], lift: float, dark: float, dark_colour: np.ndarray, halo: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Premultiplied colour and alpha of a paper over its own shadow, and where they begin on the canvas (x, y). halo: (canvas) more darkness below it."""
    fallen = shadow(piece, canvas, lift, dark) or Cut(np.zeros_like(piece.mask), piece.box)
    top, left = fallen.box[0].start, fallen.box[1].start
    dim = fallen.mask if halo is None else 1 - (1 - fallen.mask) * (1 - halo[fallen.box])
    deep = from_oklab(to_oklab(dark_colour) * (0.45, 0.8, 0.8)).astype(np.float32)
    colour, alpha = deep * dim[..., None], dim.astype(np.float32)
    here = (slice(piece.box[0].start - top, piece.box[0].stop - top), slice(piece.box[1].start - left, piece.box[1].stop - left))
    cover = piece.mask.astype(np.float32)
    colour[here] = colour[here] * (1 - cover[..., None]) + paper * cover[..., None]
    alpha[here] = alpha[here] * (1 - cover) + cover
    return np.ascontiguousarray(colour, np.float32), np.ascontiguousarray(alpha), (left, top)


def _middle(width: int, height: int) -> float:
    """Where the title's middle stands, in pixels from the top."""
    return (0.49 if height > width else 0.56) * height


def _block(title: str, size: tuple[int, int]) -> Block:
    """The title set in lines."""
    width, height = size
    room = SAFE * (0.92 if width >= height else 1.0)
    return fitted(title, int(room * width), int((0.5 if width >= height else 0.34) * height), most_lines=4, most_size=int(0.20 * min(size)))


def _words(block: Block, size: tuple[int, int], ground: np.ndarray, light: np.ndarray) -> Iterator[_Sprite]:
    """The title's words as cut paper, one after the other."""
    if not block.words:
        return
    width, height = size
    unit = min(size) / 1000.0
    left, top = (width - block.width) / 2, _middle(width, height) - block.height / 2
    pause = min(0.13, 0.9 / len(block.words))
    reach = int(0.9 * block.size) + 4
    for number, word in enumerate(block.words):
        mask = cv2.copyMakeBorder(word.mask, reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0).astype(np.float32) / 255.0
        piece = Cut(mask, (slice(0, mask.shape[0]), slice(0, mask.shape[1])))
        tone = from_oklab(to_oklab(light) * (0.97, 1.4, 1.4))
        paper = painted(piece, Paint((light, tone), edge=0.6), (61 * number, 17 * number), max(unit, block.size / 190))
        halo = np.maximum(np.clip(GAIN * _blurred(mask, max(NEAR * block.size, LEAST)), 0, 1), 0.7 * np.clip(1.7 * _blurred(mask, FAR * block.size), 0, 1)) * np.float32(SHADE)
        colour, alpha, (x, y) = _laid(piece, paper, (mask.shape[1], mask.shape[0]), 0.045 * block.size + 2 * unit, 0.75, ground, halo)
        yield _Sprite(colour, alpha, left + word.x - reach + x, top + word.y - reach + y, 0.6, rise=0.10, delay=0.25 + pause * number, fade=True)


def _blurred(mask: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(mask, (0, 0), sigma)
