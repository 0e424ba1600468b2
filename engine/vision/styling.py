"""Looks of a thing in a picture: each takes (h, w, 3) uint8 sRGB with its alpha and gives (h, w, 3) uint8. Nothing depends on chance or on other frames.

What could flicker is either a smooth function of the pixel's own surroundings, or is fixed once for the whole clip (a palette, the main colour).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.world.paper import grain

MOST_SHIFT, MOST_DYED = 42.0, 22.0
"""CIELAB lightness by which a recoloured subject becomes lighter or darker at most, and one without colour of its own: a black coat that is to be blue becomes a dark blue one."""

SPARED = 15.0
"""CIELAB lightness beyond black (or white) at which nothing of that shift would be left."""

FAINT = 18.0
"""CIELAB chroma, on the median of what has any, below which a subject is taken as colourless: only parts of a bluish grey coat would pass for coloured."""

Style = Callable[["Sight"], np.ndarray]


@dataclass(frozen=True)
class Sight:
    """What a style sees. picture: (h, w, 3) uint8; alpha: (h, w) float32; unit: 1 at a longer side of 640 pixels; at: (x, y) pixels of a place that moves with the subject, counted
    from the picture's corner; main: (L, a, b) of the subject's main colour in the whole clip; palette: (k, 3) float32 Lab of its papers in the whole clip."""

    picture: np.ndarray
    alpha: np.ndarray
    unit: float
    at: tuple[int, int]
    main: np.ndarray
    palette: np.ndarray


def lab_of(picture: np.ndarray) -> np.ndarray:
    """(..., 3) float32 CIELAB of uint8 sRGB (h, w, 3)."""
    return cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)


def rgb_of(lab: np.ndarray) -> np.ndarray:
    """uint8 sRGB of CIELAB float32; colours beyond the screen's lose chroma, not lightness."""
    rgb = cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB)
    beyond = ((rgb < -0.002) | (rgb > 1.002)).any(axis=2)
    if beyond.any():
        part = lab.copy()
        for _ in range(4):
            part[..., 1:][beyond] *= 0.88
            rgb[beyond] = cv2.cvtColor(part, cv2.COLOR_LAB2RGB)[beyond]
            beyond = ((rgb < -0.002) | (rgb > 1.002)).any(axis=2)
            if not beyond.any():
                break
    return np.clip(np.rint(255.0 * rgb), 0, 255).astype(np.uint8)


def main_colour(lab: np.ndarray) -> np.ndarray:
    """(3,) Lab of the main colour among (N, 3): the strongest hue when there is one, else the mean."""
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    coloured = chroma > 12.0
    if coloured.mean() < 0.15 or np.median(chroma[coloured]) < FAINT:
        return np.array([np.median(lab[:, 0]), 0.0, 0.0], np.float32)
    hue = np.arctan2(lab[coloured, 2], lab[coloured, 1])
    counts, edges = np.histogram(hue, bins=36, range=(-np.pi, np.pi), weights=np.minimum(chroma[coloured], 60.0))
    counts = counts + 0.6 * (np.roll(counts, 1) + np.roll(counts, -1))
    top = 0.5 * (edges[int(counts.argmax())] + edges[int(counts.argmax()) + 1])
    near = np.abs(np.angle(np.exp(1j * (hue - top)))) < np.deg2rad(25)
    return np.median(lab[coloured][near], axis=0).astype(np.float32)


def palette_of(lab: np.ndarray, count: int = 6) -> np.ndarray:
    """(count, 3) float32 Lab: the papers that come nearest to the colours (N, 3)."""
    cv2.setRNGSeed(3)
    count = min(count, len(lab))
    _, _, centres = cv2.kmeans(lab.astype(np.float32), count, None, (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 30, 0.3), 2, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
    return np.asarray(centres, np.float32)


def recoloured(wanted: np.ndarray, *, metal: bool = False) -> Style:
    """Another colour, (3,) Lab, with the shading kept: hue is set, lightness moves by the difference of the main colours, chroma goes in proportion. On a coloured subject only
    what has its main hue changes: windows, tyres and faces stay. metal: stronger contrast and light highlights."""

    def style(sight: Sight) -> np.ndarray:
        lab = lab_of(sight.picture)
        chroma = np.hypot(lab[..., 1], lab[..., 2])
        main_chroma, to_chroma = float(np.hypot(*sight.main[1:])), float(np.hypot(*wanted[1:]))
        turn = np.abs(np.angle(np.exp(1j * (np.arctan2(lab[..., 2], lab[..., 1]) - np.arctan2(sight.main[2], sight.main[1])))))
        if main_chroma > 12.0:
            # Chroma beside lightness: in the shade a paint keeps it, and skin near a paint's hue has less of it.
            pure, main_pure = chroma / (lab[..., 0] + 8.0), main_chroma / (float(sight.main[0]) + 8.0)
            share = np.clip((np.deg2rad(62) - turn) / np.deg2rad(24), 0.0, 1.0) * np.clip((pure / main_pure - 0.38) / 0.27, 0.0, 1.0)
            strength = np.minimum(chroma / main_chroma, 1.35)
        else:
            # Without a colour of its own all of it is dyed, as far as lightness has room for colour.
            share = np.ones_like(chroma)
            strength = np.clip(1.0 - np.abs(lab[..., 0] - wanted[0]) / 75.0, 0.15, 1.0)
        # Lightness moves by the difference of the main colours, less towards black and white; so shading keeps its order and its grain is not blown up.
        most = MOST_SHIFT if main_chroma > 12.0 or to_chroma < 4.0 else MOST_DYED
        main, shift = float(sight.main[0]), float(np.clip(wanted[0] - sight.main[0], -most, most))
        low, high = (SPARED, 0.0) if shift > 0 else (0.0, SPARED)
        light = lab[..., 0] + shift * np.minimum((lab[..., 0] + low) / (main + low + 1e-3), (100.0 - lab[..., 0] + high) / (100.0 - main + high + 1e-3)).clip(0.0, 1.0)
        if metal:
            light = wanted[0] + 1.35 * (light - wanted[0]) + 14.0 * np.clip((light - wanted[0]) / 25.0, 0.0, 1.0) ** 2
        out = np.stack([np.clip(light, 1.0, 99.0), wanted[1] * strength, wanted[2] * strength], axis=2)
        if metal:
            out[..., 1:] *= np.clip((104.0 - out[..., :1]) / 30.0, 0.2, 1.0)
        if to_chroma < 4.0:
            out[..., 1:] = wanted[1:]
        return rgb_of(lab + share[..., None] * (out - lab))

    return style


def grey_scale(sight: Sight) -> np.ndarray:
    """Black and white: CIELAB lightness alone."""
    lab = lab_of(sight.picture)
    lab[..., 1:] = 0.0
    return rgb_of(lab)


def sepia(sight: Sight) -> np.ndarray:
    """An old photograph: lightness in brown."""
    lab = lab_of(sight.picture)
    room = np.sqrt(np.clip(lab[..., 0] * (100.0 - lab[..., 0]) / 2500.0, 0.0, 1.0))
    lab[..., 1], lab[..., 2] = 7.0 * room, 22.0 * room
    return rgb_of(lab)


def smoothed(picture: np.ndarray, unit: float, rounds: int = 3) -> np.ndarray:
    """The picture without fine texture, edges kept: bilateral filters in Lab, one after the other (Winnemöller et al., 2006)."""
    step = max(1, round(unit))
    small = picture if step == 1 else cv2.resize(picture, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    lab = lab_of(small)
    for _ in range(rounds):
        lab = cv2.bilateralFilter(lab, 7, 9.0, 2.6)
    out = rgb_of(lab)
    return out if step == 1 else cv2.resize(out, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def lines(picture: np.ndarray, unit: float, *, sharp: float = 0.09) -> np.ndarray:
    """(h, w) float32, 1 on paper and 0 on a drawn line: extended difference of Gaussians (Winnemöller et al., 2012)."""
    light = lab_of(picture)[..., 0] / 100.0
    near, far = cv2.GaussianBlur(light, (0, 0), 0.9 * unit), cv2.GaussianBlur(light, (0, 0), 1.6 * 0.9 * unit)
    edge = near - 0.985 * far
    return np.where(edge > 0.0, 1.0, np.clip(1.0 + np.tanh(edge / sharp * 4.0), 0.0, 1.0)).astype(np.float32)


def cartoon(sight: Sight) -> np.ndarray:
    """Flat colours with soft steps of lightness, and dark lines."""
    lab = lab_of(smoothed(sight.picture, sight.unit))
    step = 12.5
    nearest = step * (np.floor(lab[..., 0] / step) + 0.5)
    # A soft step does not flicker: a pixel between two levels lies between two levels.
    lab[..., 0] = nearest + 0.5 * step * np.tanh(3.2 * (lab[..., 0] - nearest) / step)
    lab[..., 1:] *= 1.25
    ink = lines(sight.picture, 1.2 * sight.unit)[..., None]
    return np.rint(rgb_of(lab) * (0.12 + 0.88 * ink)).astype(np.uint8)


def pencil(sight: Sight) -> np.ndarray:
    """Graphite on paper: dark where it is dark, lines along edges, strokes that move with the subject."""
    light = lab_of(sight.picture)[..., 0] / 100.0
    soft = cv2.GaussianBlur(light, (0, 0), 5.0 * sight.unit)
    dodge = np.clip(light / np.maximum(soft, 0.05), 0.0, 1.0)
    hatch = _strokes(light.shape, sight.at, sight.unit)
    shade = np.clip(1.08 - 0.55 * (1.0 - soft) - 0.4 * np.clip(0.75 - soft, 0.0, 1.0) * (0.5 + hatch), 0.0, 1.0)
    tone = np.clip(dodge**2.2 * lines(sight.picture, sight.unit) * shade, 0.0, 1.0)
    paper = 1.0 + 0.02 * _paper(light.shape, sight.at)
    return np.clip(255.0 * (0.13 + 0.85 * tone * paper)[..., None] * np.array([1.0, 0.985, 0.955]), 0, 255).round().astype(np.uint8)


def paper_cut(sight: Sight) -> np.ndarray:
    """A few coloured papers over each other, each with its grain and a small shadow on the ones below."""
    height, width = sight.picture.shape[:2]
    order = np.argsort(sight.palette[:, 0])
    papers = sight.palette[order]
    # Papers have wide outlines: which one lies where is told on a copy of half the size.
    half = max(1, (width + 1) // 2), max(1, (height + 1) // 2)
    small = lab_of(smoothed(cv2.resize(sight.picture, half, interpolation=cv2.INTER_AREA), 0.75 * sight.unit, 2))
    apart = np.stack([((small - paper) ** 2).sum(axis=2) for paper in papers])
    apart -= apart.min(axis=0)  # also a colour that is like none of the papers lies on one
    near = np.stack([cv2.GaussianBlur(np.exp(one / -300.0), (0, 0), 1.1 * sight.unit) for one in apart]) ** 6
    near /= np.maximum(near.sum(axis=0), 1e-12)
    share = np.stack([cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in near])
    out = np.zeros((height, width, 3), np.float32)
    below = np.zeros((height, width), np.float32)
    texture = _paper((height, width), sight.at)
    shift = np.array([[1.0, 0.0, 1.6 * sight.unit], [0.0, 1.0, 2.2 * sight.unit]])
    for k, paper in enumerate(papers):
        above = share[k + 1 :].sum(axis=0) if k + 1 < len(papers) else np.zeros_like(below)
        fallen = cv2.GaussianBlur(cv2.warpAffine(above, shift, above.shape[::-1], borderMode=cv2.BORDER_REPLICATE), (0, 0), 1.6 * sight.unit)
        colour = paper + np.stack([1.6 * texture - 13.0 * fallen * (1.0 - above), np.zeros_like(below), np.zeros_like(below)], axis=2)
        out += share[k][..., None] * colour
    out[..., 1:] *= 1.12
    return rgb_of(out)


def neon(sight: Sight) -> np.ndarray:
    """Glowing outlines on a dark body, in the subject's own hues."""
    lab = lab_of(sight.picture)
    soft = cv2.GaussianBlur(lab, (0, 0), 1.1 * sight.unit)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=0.125)
    edge = np.sqrt((gx**2 + gy**2).sum(axis=2)) * sight.unit
    rim = cv2.GaussianBlur(sight.alpha, (0, 0), 1.6 * sight.unit)
    edge = np.clip(edge / 9.0, 0.0, 1.0) * np.clip(4.0 * (rim - 0.55), 0.0, 1.0) + np.clip(1.0 - np.abs(rim - 0.72) / 0.2, 0.0, 1.0)
    glow = 0.75 * np.clip(edge, 0, 1) + 0.55 * cv2.GaussianBlur(edge, (0, 0), 3.0 * sight.unit) + 0.25 * cv2.GaussianBlur(edge, (0, 0), 9.0 * sight.unit)
    hue = np.arctan2(soft[..., 2], soft[..., 1])
    weight = np.clip(np.hypot(soft[..., 1], soft[..., 2]) / 15.0, 0.0, 1.0)
    a, b = weight * np.cos(hue) + (1 - weight) * -0.35, weight * np.sin(hue) + (1 - weight) * -0.9
    light = np.clip(6.0 + 0.1 * soft[..., 0] + 78.0 * glow, 0.0, 97.0)
    strength = 72.0 * np.clip(glow, 0.0, 1.0) * np.clip((104.0 - light) / 40.0, 0.1, 1.0)
    return rgb_of(np.stack([light, strength * a, strength * b], axis=2))


def negative(sight: Sight) -> np.ndarray:
    """Every value the other way round."""
    return 255 - sight.picture


def mosaic(sight: Sight) -> np.ndarray:
    """Squares of one colour each, a fourteenth of the subject's longer side: features cannot be read. Only the subject's own pixels count."""
    rows, columns = np.flatnonzero((sight.alpha > 0.5).any(axis=1)), np.flatnonzero((sight.alpha > 0.5).any(axis=0))
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 if rows.size else 16
    side = max(4, round(float(2.0 ** (np.round(2 * np.log2(longest / 14.0)) / 2))))  # in steps, so that squares do not breathe
    height, width = sight.alpha.shape
    oy, ox = (-sight.at[1]) % side, (-sight.at[0]) % side
    padded = cv2.copyMakeBorder(np.dstack([sight.picture * sight.alpha[..., None], sight.alpha]), oy, -(height + oy) % side, ox, -(width + ox) % side, cv2.BORDER_CONSTANT)
    small = cv2.resize(padded, (padded.shape[1] // side, padded.shape[0] // side), interpolation=cv2.INTER_AREA)
    colours = small[..., :3] / np.maximum(small[..., 3:], 1e-3)
    large = np.repeat(np.repeat(colours, side, axis=0), side, axis=1)[oy : oy + height, ox : ox + width]
    return np.clip(np.rint(large), 0, 255).astype(np.uint8)


def blurred(sight: Sight) -> np.ndarray:
    """Out of all focus: features cannot be read. Only the subject's own pixels count."""
    rows, columns = np.flatnonzero((sight.alpha > 0.5).any(axis=1)), np.flatnonzero((sight.alpha > 0.5).any(axis=0))
    longest = max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1 if rows.size else 16
    sigma = max(4.0, longest / 14.0)
    factor = max(1.0, sigma / 4.0)
    stacked = np.dstack([sight.picture * sight.alpha[..., None], sight.alpha])
    size = max(1, round(stacked.shape[1] / factor)), max(1, round(stacked.shape[0] / factor))
    small = cv2.GaussianBlur(cv2.resize(stacked, size, interpolation=cv2.INTER_AREA), (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE)
    small = cv2.resize(small, stacked.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(np.rint(small[..., :3] / np.maximum(small[..., 3:], 1e-3)), 0, 255).astype(np.uint8)


def lightened(amount: float) -> Style:
    """Brighter (above 0) or darker (below), by a curve of lightness that keeps black and white."""

    def style(sight: Sight) -> np.ndarray:
        lab = lab_of(sight.picture)
        lab[..., 0] = 100.0 * (np.clip(lab[..., 0], 0.0, 100.0) / 100.0) ** (2.0**-amount)
        return rgb_of(lab)

    return style


def vivid(factor: float) -> Style:
    """Stronger or paler colours."""

    def style(sight: Sight) -> np.ndarray:
        lab = lab_of(sight.picture)
        lab[..., 1:] *= factor
        return rgb_of(lab)

    return style


def _paper(shape: tuple[int, ...], at: tuple[int, int]) -> np.ndarray:
    """(h, w) float32 grain of paper that moves with the subject."""
    slope, mottle = grain((slice(0, shape[0]), slice(0, shape[1])), (-at[1], -at[0]))
    return 0.8 * slope + 0.4 * mottle


def _strokes(shape: tuple[int, ...], at: tuple[int, int], unit: float) -> np.ndarray:
    """(h, w) float32 0..1: slanted strokes that move with the subject."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    along = (x - at[0] + 0.8 * (y - at[1])) / (2.6 * unit)
    return 0.5 + 0.5 * np.sin(along + 0.5 * _paper(shape, at))
