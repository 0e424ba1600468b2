"""Colours of the paper world: parsing, mixing in a perceptual space, and the skies of each time of day. No pixels are drawn here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.media.srgb import from_light, to_light

Colour = str | Sequence[float] | np.ndarray
"""`#rrggbb`, or three numbers in 0..1, sRGB."""

_TO_CONE = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566], [0.0883024619, 0.2817188376, 0.6299787005]]
)
_TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]
)
_FROM_CONE, _FROM_LAB = np.linalg.inv(_TO_CONE), np.linalg.inv(_TO_LAB)


def rgb(colour: Colour) -> np.ndarray:
    """(3,) float64 sRGB in 0..1. A string that is not `#rrggbb` raises `ValueError`."""
    if isinstance(colour, str):
        if len(colour) != 7 or colour[0] != "#":
            raise ValueError(f"colour {colour!r} is not of the form #rrggbb")
        return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0
    return np.asarray(colour, float)


def to_oklab(colour: np.ndarray) -> np.ndarray:
    """(..., 3) sRGB in 0..1 -> Oklab (Ottosson, "A perceptual color space for image processing", 2020)."""
    return np.cbrt(to_light(colour) @ _TO_CONE.T) @ _TO_LAB.T


def from_oklab(lab: np.ndarray) -> np.ndarray:
    """The inverse of `to_oklab`, clipped to sRGB."""
    return from_light(np.clip((lab @ _FROM_LAB.T) ** 3 @ _FROM_CONE.T, 0.0, 1.0))


def mix(first: Colour, second: Colour, share: float) -> np.ndarray:
    """(3,) sRGB: `first` at share 0, `second` at share 1; in Oklab, so that orange to blue does not pass through grey mud."""
    return from_oklab((1 - share) * to_oklab(rgb(first)) + share * to_oklab(rgb(second)))


def lighter(colour: Colour, amount: float) -> np.ndarray:
    """(3,) sRGB with its Oklab lightness raised by `amount` (negative: lowered); hue and chroma stay."""
    return from_oklab(to_oklab(rgb(colour)) + np.array([amount, 0.0, 0.0]))


def ramp(stops: Sequence[Colour], count: int = 256) -> np.ndarray:
    """(count, 3) float32 sRGB through evenly spaced stops."""
    lab = np.array([to_oklab(rgb(stop)) for stop in stops])
    at = np.linspace(0, len(stops) - 1, count)
    return from_oklab(np.stack([np.interp(at, np.arange(len(stops)), lab[:, i]) for i in range(3)], axis=1)).astype(np.float32)


@dataclass(frozen=True)
class Sky:
    """A time of day. `stops` run from the rim of the sky to the light; `shadow` is the colour of every shadow,
    `light` of every glow."""

    stops: tuple[str, ...]
    shadow: str
    light: str


SKIES: dict[str, Sky] = {
    "dawn": Sky(("#5d6ea6", "#8f86b6", "#c795ae", "#eea698", "#f9bf94", "#fdd9a6", "#fff0cb"), "#3a2346", "#fff1c9"),
    "day": Sky(("#3f8fcf", "#62a9dc", "#8bc3e6", "#b3d9ee", "#d7ecf3"), "#1d3350", "#fffbe6"),
    "sunset": Sky(("#3f2d6b", "#74397c", "#b24a78", "#e2695f", "#f6954f", "#fcc05f", "#ffe6a0"), "#2e153a", "#ffe3a1"),
    "dusk": Sky(("#1c2352", "#2c2f6b", "#46407f", "#6d518d", "#9c6691", "#cc8290", "#eda78f"), "#0e0c2c", "#fff0cf"),
    "night": Sky(("#0b1033", "#121a48", "#1c2760", "#2a3578", "#40478c", "#5f5b9c"), "#04051a", "#fff3d2"),
    "snow": Sky(("#243a6b", "#34508a", "#4c6ba3", "#6f8bbb", "#9bb0d2", "#c7d1e4"), "#0f1c41", "#ffd88a"),
    "water": Sky(("#06304f", "#0a4767", "#0f6483", "#1b8399", "#37a5ad", "#6dc6bf", "#b4e6d2"), "#021a30", "#eafff0"),
}
"""By name; "water" is the light from the surface as a reef sees it."""
