"""Paper itself: from outlines to anti-aliased masks, from masks to lit and grained sheets, and the shadows that they cast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from scipy import fft

from engine.world.palette import Colour, ramp

OVER = 4
"""Masks are drawn this many times larger and averaged: 17 grey levels at an edge."""

LIGHT = np.array([-0.55, -0.83])
"""Unit vector (x, y) from the picture towards the lamp that lights the paper: the upper left."""

TILE = 1024
"""Side of the repeating grain texture in pixels."""

Box = tuple[slice, slice]
"""Rows and columns of the picture."""


@dataclass(frozen=True)
class Paint:
    """How a sheet is coloured: `colours` blend along `angle` (degrees; 90 is from top to bottom of the piece).

    grain, edge: strength of texture and of the lit rim, 1 is usual. glow: 0 lit by the lamp, 1 shining by itself (no grain shading).
    centre: when given, (x, y) in pixels about which the colours blend outwards over `reach` pixels.
    """

    colours: tuple[Colour, ...]
    angle: float = 90.0
    grain: float = 1.0
    edge: float = 1.0
    glow: float = 0.0
    centre: tuple[float, float] | None = None
    reach: float = 1.0


@dataclass(frozen=True)
class Cut:
    """A cut piece: mask (h, w) float32 coverage in 0..1 on `box` of the picture."""

    mask: np.ndarray
    box: Box


def cut(outlines: Sequence[np.ndarray], size: tuple[int, int], *, holes: Sequence[np.ndarray] = (), margin: int = 6) -> Cut | None:
    """The union of outlines minus the holes. Outlines: (N, 2) in pixels, pixel centres at +0.5; size: (width, height).

    None when nothing of it lies in the picture.
    """
    width, height = size
    points = np.concatenate(outlines)
    low, high = np.floor(points.min(0)).astype(int) - margin, np.ceil(points.max(0)).astype(int) + margin
    left, top, right, bottom = max(low[0], 0), max(low[1], 0), min(high[0], width), min(high[1], height)
    if left >= right or top >= bottom:
        return None
    big = np.zeros(((bottom - top) * OVER, (right - left) * OVER), np.uint8)
    for parts, value in ((outlines, 255), (holes, 0)):
        for part in parts:
            fine = np.round(((part - (left, top)) * OVER - 0.5) * 16).astype(np.int32)
            cv2.fillPoly(big, [fine], value, lineType=cv2.LINE_8, shift=4)
    mask = cv2.resize(big, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    return Cut(mask.astype(np.float32) / 255.0, (slice(top, bottom), slice(left, right)))


def _filtered(rng: np.random.Generator, *, along: float, across: float, angle: float = 0.0) -> np.ndarray:
    """(TILE, TILE) noise of unit deviation, Gaussian in frequency: blurred by `along` and `across` pixels; wraps around."""
    fy, fx = np.meshgrid(fft.fftfreq(TILE), fft.rfftfreq(TILE), indexing="ij")
    a = np.deg2rad(angle)
    u, v = fx * np.cos(a) + fy * np.sin(a), -fx * np.sin(a) + fy * np.cos(a)
    shaped = fft.rfft2(rng.standard_normal((TILE, TILE))) * np.exp(-2 * np.pi**2 * ((along * u) ** 2 + (across * v) ** 2))
    shaped[0, 0] = 0
    field = fft.irfft2(shaped, s=(TILE, TILE))
    return field / field.std()


@lru_cache(maxsize=1)
def _texture() -> tuple[np.ndarray, np.ndarray]:
    """Two repeating (TILE, TILE) float32 fields of unit deviation: the slope of the fibres towards the lamp, and slow mottling."""
    rng = np.random.default_rng(20)
    height = 1.0 * _filtered(rng, along=0.8, across=0.8) + 0.75 * _filtered(rng, along=1.6, across=1.6)
    for angle in (8, 67, 121, 160):
        fibre = _filtered(rng, along=11.0, across=0.9, angle=angle)
        height += 0.9 * np.maximum(fibre - 1.1, 0)
    slope = np.roll(height, (1, 1), (0, 1)) - np.roll(height, (-1, -1), (0, 1))
    slope = -slope / slope.std()
    mottle = 0.8 * _filtered(rng, along=26, across=26) + 0.35 * _filtered(rng, along=6, across=6)
    return np.clip(slope, -3, 3).astype(np.float32), (mottle / mottle.std()).astype(np.float32)


def grain(box: Box, offset: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The two texture fields (slope, mottle) of a sheet at `box`; sheets with different offsets show different parts of it."""
    rows = (np.arange(box[0].start, box[0].stop) + offset[0]) % TILE
    columns = (np.arange(box[1].start, box[1].stop) + offset[1]) % TILE
    slope, mottle = _texture()
    return slope[np.ix_(rows, columns)], mottle[np.ix_(rows, columns)]


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur that goes on as it is beyond the picture's edge."""
    return cv2.GaussianBlur(field, (0, 0), max(sigma, 0.3), borderType=cv2.BORDER_REPLICATE)


def shifted(field: np.ndarray, dx: float, dy: float) -> np.ndarray:
    """(h, w) moved by a part of a pixel or more; beyond the edge it goes on as it is."""
    matrix = np.array([[1, 0, dx], [0, 1, dy]], np.float64)
    return cv2.warpAffine(field, matrix, field.shape[1::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _blend(piece: Cut, paint: Paint) -> np.ndarray:
    """(h, w, 3) of the paint's colours along its angle, over the extent of the piece, or outwards from its centre."""
    rows, columns = piece.box
    if paint.centre is None and paint.angle == 90.0:  # most sheets: one colour a row
        filled = np.flatnonzero((piece.mask > 0.5).any(axis=1))
        low, high = (filled[0], filled[-1]) if filled.size else (0, 1)
        share = (np.arange(rows.stop - rows.start, dtype=np.float32) - low) / max(high - low, 1e-6)
        return np.broadcast_to(ramp(paint.colours, 512)[np.clip(share * 511, 0, 511).astype(np.int32)][:, None], (*piece.mask.shape, 3))
    y, x = np.mgrid[rows.start : rows.stop, columns.start : columns.stop].astype(np.float32) + np.float32(0.5)
    if paint.centre is not None:
        share = np.hypot(x - paint.centre[0], y - paint.centre[1]) / paint.reach
    else:
        a = np.deg2rad(paint.angle)
        run = x * np.cos(a) + y * np.sin(a)
        inside = run[piece.mask > 0.5]
        low, high = (inside.min(), inside.max()) if inside.size else (0.0, 1.0)
        share = (run - low) / max(high - low, 1e-6)
    table = ramp(paint.colours, 512)
    return table[np.clip(share * 511, 0, 511).astype(np.int32)]


def painted(piece: Cut, paint: Paint, offset: tuple[int, int], scale: float) -> np.ndarray:
    """(h, w, 3) float32 in 0..1: the sheet's colour with mottling, fibres lit from the side, and its cut rim.

    offset chooses the part of the texture; scale is pixels per 1/1000 of the picture's shorter side.
    """
    colour = _blend(piece, paint)
    slope, mottle = grain(piece.box, offset)
    lit = 1.0 - 0.85 * paint.glow
    colour = colour * (1 + lit * paint.grain * (0.015 * slope + 0.014 * mottle))[..., None]
    step = LIGHT * scale
    rim = blur(piece.mask, 0.8 * scale)
    bevel = (shifted(rim, *(0.8 * step)) - shifted(rim, *(-0.8 * step))) * 0.75
    roll = blur(piece.mask, 6 * scale)
    bevel = bevel + 0.45 * (shifted(roll, *(4 * step)) - shifted(roll, *(-4 * step)))
    bevel = paint.edge * lit * bevel
    up, down = np.clip(bevel, 0, 1)[..., None], np.clip(-bevel, 0, 1)[..., None]
    colour = colour + 0.42 * up * (1.06 - colour)
    return np.clip(colour * (1 - 0.34 * down), 0, 1).astype(np.float32)


def shadow(piece: Cut, size: tuple[int, int], lift: float, strength: float, halo: float = 0.35) -> Cut | None:
    """What the piece casts on whatever lies behind it, as coverage of the shadow's colour.

    lift: height above the sheet behind, in pixels; strength in 0..1; halo: share of the soft darkness all around it
    (light that the sheet keeps off from every side), the rest falls away from the lamp.
    """
    if lift <= 0 or strength <= 0:
        return None
    reach = int(np.ceil(3.2 * lift)) + 2
    rows, columns = piece.box
    top, bottom = max(rows.start - reach, 0), min(rows.stop + reach, size[1])
    left, right = max(columns.start - reach, 0), min(columns.stop + reach, size[0])
    inner = (rows.start - top, bottom - rows.stop, columns.start - left, right - columns.stop)
    field = cv2.copyMakeBorder(piece.mask, *inner, cv2.BORDER_CONSTANT, value=0)
    away = -LIGHT * lift
    fallen = blur(shifted(field, *away), 0.62 * lift)
    close = blur(shifted(field, *(0.28 * away)), 0.2 * lift)
    around = blur(field, 1.0 * lift)
    dark = (1 - halo) * fallen + halo * around
    together = 1 - (1 - strength * dark) * (1 - 0.55 * strength * close)
    return Cut(together.astype(np.float32), (slice(top, bottom), slice(left, right)))
