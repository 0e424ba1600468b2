"""What is behind the lips: teeth, tongue and the dark, painted in linear light in the light of the face, for mouths that the picture shows closed."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from engine.media.srgb import from_light, to_light
from engine.vision.faces import topology

UNIT = 350
"""Pixels of a painted texture for the width between the outer eye corners."""

HALF, RISE, TALL = 0.36, 0.16, 0.60
"""A texture spans -HALF..HALF to the sides and, TALL in all, from RISE above its own line, in the same widths."""

TEETH_UPPER = (0.058, 0.047, 0.050, 0.042, 0.040)
TEETH_LOWER = (0.036, 0.038, 0.044, 0.042, 0.042)
"""Widths of the teeth from the middle outwards, as a row of teeth looks from the front."""

SHOWN = 0.036
"""How far the upper teeth reach below the line where the lips meet."""

TOOTH = np.array([0.98, 0.90, 0.76])
TONGUE = np.array([0.50, 0.19, 0.17])
DARK = np.array([0.040, 0.014, 0.013])
"""Linear-light colours, as shares of white in the face's light."""


def to_linear(colours: np.ndarray) -> np.ndarray:
    """sRGB 0..255 to linear light 0..1, float32."""
    return to_light(np.asarray(colours, np.float32) / 255).astype(np.float32)


def to_srgb(light: np.ndarray) -> np.ndarray:
    """Linear light 0..1 to sRGB 0..255, float32."""
    return (255 * from_light(np.clip(light, 0.0, 1.0))).astype(np.float32)


def light_of(image: np.ndarray, flat: np.ndarray) -> np.ndarray:
    """(3,) linear light that white would have in this face's light: from the whites of the eyes and the skin, whichever is sound. flat: (468, 2) mesh in pixels."""
    found = []
    for hole in ("eye_left", "eye_right"):
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillPoly(mask, [np.round(flat[list(topology.HOLES[hole])]).astype(np.int32)], 1)
        inside = to_linear(image[mask > 0])
        if len(inside) >= 12:
            found.append(np.quantile(inside, 0.80, axis=0))
    cheeks = np.zeros(image.shape[:2], np.uint8)
    for ring in ((50, 205, 36, 101), (280, 425, 266, 330)):
        cv2.fillConvexPoly(cheeks, np.round(flat[list(ring)]).astype(np.int32), 1)
    skin = np.median(to_linear(image[cheeks > 0]), axis=0) if cheeks.any() else np.full(3, 0.35, np.float32)
    whites = np.max(found, axis=0) if found else skin
    level = float(np.clip(max(whites.mean(), 1.15 * skin.mean()), 0.10, 0.95))
    # Part of the tint is the skin's own, or that of vessels in the eyes: only some of it is the light's.
    tint = np.clip((whites / max(float(whites.mean()), 1e-4)) ** 0.5, 0.82, 1.20)
    return np.asarray(level * tint / tint.mean(), np.float32)


@cache
def upper_teeth() -> np.ndarray:
    """(h, w, 4) float32 linear colours times alpha, and alpha; the row's lower edge lies `SHOWN` below the texture's line at its middle."""
    return _row(TEETH_UPPER, length=0.13, upper=True)


@cache
def lower_teeth() -> np.ndarray:
    """As `upper_teeth`; the row's upper edge lies on the texture's line at its middle."""
    return _row(TEETH_LOWER, length=0.09, upper=False)


@cache
def tongue() -> np.ndarray:
    """(h, w, 4): the tongue's back as it lies behind the lower teeth."""
    x, y = _grid()
    body = np.clip(1.25 - np.sqrt((x / 0.20) ** 2 + ((y - 0.13) / 0.12) ** 2), 0, 1) ** 0.5
    groove = 1 - 0.20 * np.exp(-((x / 0.02) ** 2)) * np.clip(1 - y / 0.15, 0, 1)
    shade = np.clip(0.45 + 2.6 * y, 0.30, 1.0) * groove
    return np.concatenate([TONGUE * (shade * body)[..., None], body[..., None]], axis=2).astype(np.float32)


def _grid() -> tuple[np.ndarray, np.ndarray]:
    ys, xs = np.mgrid[: int(TALL * UNIT), : int(2 * HALF * UNIT)]
    return (xs + 0.5) / UNIT - HALF, (ys + 0.5) / UNIT - RISE


def _row(widths: tuple[float, ...], *, length: float, upper: bool) -> np.ndarray:
    """A row of teeth. Upper ones hang down from the texture's line (edge at SHOWN), lower ones stand below it."""
    x, y = _grid()
    away = np.abs(x)
    edges = np.concatenate([[0.0], np.cumsum(widths)])
    index = np.clip(np.searchsorted(edges, away, side="right") - 1, 0, len(widths) - 1)
    middle, half = (edges[index] + edges[index + 1]) / 2, np.asarray(widths)[index] / 2
    inside = (away - middle) / half
    # Canines reach further, side incisors less; the row bends away to the sides.
    reach = np.array([0.0, -0.008, 0.002, -0.012, -0.020])[index] if upper else np.array([0.0, 0.001, 0.002, -0.004, -0.010])[index]
    bend = 0.45 * away**2
    corner = 0.010 * np.abs(inside) ** 4
    if upper:
        edge = SHOWN + reach - bend - corner
        body = np.minimum((edge - y), y + length)
    else:
        edge = -reach + bend * 0.6 + corner
        body = np.minimum(y - edge, edge + length - y)
    alpha = np.clip(body / 0.006, 0, 1) * np.clip((edges[-1] - away) / 0.01, 0, 1)
    gap = 1 - 0.42 * np.clip((np.abs(inside) - 0.86) / 0.14, 0, 1) ** 1.5
    round_ = 1 - 0.22 * np.abs(inside) ** 3
    turned = np.clip(1 - (away / (edges[-1] * 1.05)) ** 2, 0.03, 1) ** 0.8
    rim = 0.80 + 0.20 * np.clip(body / 0.02, 0, 1)
    shade = gap * round_ * turned * rim * (1.0 if upper else 0.62)
    return np.concatenate([TOOTH * (shade * alpha)[..., None], alpha[..., None]], axis=2).astype(np.float32)


def paint(shape: tuple[int, int], hole: np.ndarray, head: np.ndarray, jaw: float, light: np.ndarray, own: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """(h, w, 3) float32 linear light: the inside of a mouth.

    hole: (h, w) 0..1 what of it shows; head: (2, 3) from texture units (x, y below the lips' line, in eye widths) to pixels; jaw: how far the lower
    jaw has dropped in eye widths; light: (3,) of `light_of`; own: the picture's own teeth as (linear colours (h, w, 3), cover (h, w)), laid over the painted upper row.
    """
    height, width = shape
    out = np.broadcast_to(DARK.astype(np.float32), (height, width, 3)).copy()
    tongue_at, teeth_at = max(0.0, jaw) * 0.62 - 0.02, max(0.0, jaw) * 0.97 + 0.012
    layers = [(tongue(), tongue_at), (lower_teeth(), teeth_at)]
    if own is None:
        layers.append((upper_teeth(), 0.0))
    for texture, down in layers:
        texture_to_units = np.array([[1 / UNIT, 0, -HALF], [0, 1 / UNIT, down - RISE], [0, 0, 1]])
        drawn = _warped(texture, (np.vstack([head, [0, 0, 1]]) @ texture_to_units)[:2], (width, height))
        out = out * (1 - drawn[..., 3:]) + drawn[..., :3]
    # Lips shade what is behind them: dark under the upper one and in the corners, open towards the middle.
    depth = cv2.distanceTransform((hole > 0.3).astype(np.uint8), cv2.DIST_L2, 5)
    scale = float(np.hypot(head[0, 0], head[1, 0]))
    shade = 0.50 + 0.50 * np.clip(depth / (0.05 * scale), 0, 1) ** 0.8
    above = np.cumsum(hole > 0.3, axis=0) / scale
    shade *= 0.72 + 0.28 * np.clip(above / 0.055, 0, 1)
    out = out * shade[..., None] * light
    if own is not None:
        colours, cover = own
        out = out * (1 - cover[..., None]) + colours * cover[..., None]
    return out.astype(np.float32)


def _warped(texture: np.ndarray, matrix: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The texture by an affine map; strong shrinking first averages."""
    shrink = 1.0 / max(float(np.hypot(matrix[0, 0], matrix[1, 0])), 1e-6)
    if shrink > 1.5:
        small = cv2.resize(texture, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        matrix = matrix.copy()
        matrix[:, 0] *= texture.shape[1] / small.shape[1]
        matrix[:, 1] *= texture.shape[0] / small.shape[0]
        texture = small
    return cv2.warpAffine(texture, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
