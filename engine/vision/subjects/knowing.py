"""What a proposed thing knows about itself: colours, size, place, motion, shape, and what it may be. Said in a sentence, and compared with words in `words`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

PRIMES: tuple[tuple[str, tuple[tuple[float, float, float], ...]], ...] = (
    ("red", ((48, 66, 45), (38, 58, 38), (55, 60, 30), (46, 50, 28))),
    ("orange", ((66, 42, 66), (72, 30, 62), (62, 48, 58))),
    ("yellow", ((90, -3, 75), (82, 6, 68), (86, 4, 50), (76, 10, 62))),
    ("green", ((50, -48, 42), (68, -38, 38), (36, -30, 26), (60, -30, 22), (80, -36, 45))),
    ("turquoise", ((66, -38, -6), (58, -32, -10), (75, -35, -2), (48, -26, -8), (45, -24, -4))),
    ("blue", ((42, 10, -52), (56, -4, -42), (30, 18, -48), (68, -10, -30), (36, 4, -36))),
    ("purple", ((38, 42, -46), (48, 36, -40), (30, 34, -34), (58, 30, -30))),
    ("pink", ((70, 42, 0), (76, 32, 2), (62, 56, -4), (82, 22, 4), (60, 60, 5))),
    ("brown", ((38, 18, 28), (30, 14, 20), (48, 16, 28), (42, 24, 32))),
    ("white", ((96, 0, 1), (90, 1, 4), (86, 0, 6), (84, 0, 0))),
    ("grey", ((62, 0, 0), (50, 0, -2), (72, 0, 1), (42, 0, 0))),
    ("black", ((10, 0, 0), (18, 1, -1), (22, 0, -4), (5, 0, 0))),
)
"""Names of colours with examples in CIELAB (D65): a pixel takes the name of the nearest one. After the eleven basic terms of Berlin and Kay (1969), and turquoise."""

NAMES = tuple(name for name, _ in PRIMES)

SIZES = ((0.004, "tiny"), (0.02, "small"), (0.08, "medium"), (0.25, "large"), (1.01, "huge"))
"""Shares of the picture below which a thing is called so."""

STILL = 0.006
"""Share of the picture's longer side a second below which a thing stands still."""

GROWS = 0.03
"""Growth a second from which a thing comes towards the camera."""


@dataclass(frozen=True)
class Facts:
    """What is known of one thing.

    colours: (name, share), the larger first; size: tiny to huge, with area as a share of the picture; across: left, middle, right; down: top, middle, bottom; centre: in
    0..1; motion: still, left, right, up, down, towards or away, relative to the ground; speed: shares of the picture's longer side a second; shape: tall, wide,
    round, long or compact; kinds: (word, probability) where something knows; light: mean CIELAB lightness.
    """

    colours: tuple[tuple[str, float], ...]
    size: str
    area: float
    across: str
    down: str
    centre: tuple[float, float]
    motion: str
    speed: float
    shape: str
    kinds: tuple[tuple[str, float], ...] = ()
    light: float = 50.0
    growth: float = 0.0

    @property
    def kind(self) -> str:
        """What it is, as far as anything knows."""
        return self.kinds[0][0] if self.kinds and self.kinds[0][1] >= 0.5 else "thing"

    @property
    def colour(self) -> str:
        """Its main colour, and a second one that covers nearly as much."""
        names = [name for name, share in self.colours if share >= 0.25][:2] or [name for name, _ in self.colours[:1]]
        return " and ".join(names)

    def sentence(self) -> str:
        """Such as: a red car, large, at the left, moving right."""
        what = f"{self.colour} {self.kind}".strip()
        place = {"left": "at the left", "right": "at the right", "middle": "in the middle"}[self.across]
        place += {"top": ", at the top", "bottom": ", at the bottom"}.get(self.down, "") if self.size not in ("large", "huge") else ""
        moving = {"still": "still", "towards": "coming nearer", "away": "going away"}.get(self.motion, f"moving {self.motion}")
        return f"{'an' if what[0] in 'aeiou' else 'a'} {what}, {self.size}, {place}, {moving}"


def facts_of(picture: np.ndarray, mask: np.ndarray, way: tuple[float, float] = (0.0, 0.0), growth: float = 0.0, kinds: Sequence[tuple[str, float]] = ()) -> Facts:
    """The facts of the thing in a mask (h, w) bool of a picture (h, w, 3) uint8. way: its motion a second in shares of the longer side; growth: a second."""
    ys, xs = np.nonzero(mask)
    height, width = mask.shape
    centre = (float((xs.mean() + 0.5) / width), float((ys.mean() + 0.5) / height)) if len(xs) else (0.5, 0.5)
    area = float(mask.mean())
    speed = float(np.hypot(*way))
    if speed >= max(STILL, 0.35 * abs(growth) * area**0.5):
        motion = ("right" if way[0] > 0 else "left") if abs(way[0]) >= abs(way[1]) else ("down" if way[1] > 0 else "up")
    else:
        motion = "towards" if growth > GROWS else "away" if growth < -GROWS else "still"
    colours, light = colours_of(picture, mask)
    return Facts(
        colours, next(name for most, name in SIZES if area < most), area, _third(centre[0], "left", "right"), _third(centre[1], "top", "bottom"), centre,
        motion, speed if motion != "still" else 0.0, _shape(mask), tuple(sorted(kinds, key=lambda one: -one[1])), light, growth,
    )  # fmt: skip


def colours_of(picture: np.ndarray, mask: np.ndarray) -> tuple[tuple[tuple[str, float], ...], float]:
    """Names and shares of the colours in a mask, at least 8 % each and the largest first; and the mean lightness. The rim, where colours mix, is left out."""
    core = cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, round(min(mask.shape) / 240))).astype(bool)
    core = core if core.sum() > 0.4 * mask.sum() else mask
    pixels = picture[core]
    if not len(pixels):
        return (), 50.0
    pixels = pixels[:: max(1, len(pixels) // 4000)]
    lab = cv2.cvtColor((pixels[None] / 255.0).astype(np.float32), cv2.COLOR_RGB2LAB)[0]
    names = name_of(lab)
    shares = np.bincount(names, minlength=len(NAMES)) / len(names)
    # What is vivid catches the eye: a red car with grey windows and black tyres is red.
    chroma = np.linalg.norm(lab[:, 1:], axis=1)
    weight = np.array([(0.7 + np.clip(chroma[names == k].mean() / 40, 0, 1.0)) if shares[k] else 0.0 for k in range(len(NAMES))])
    shares = shares * weight / max(float((shares * weight).sum()), 1e-9)
    order = np.argsort(-shares)
    return tuple((NAMES[k], float(shares[k])) for k in order if shares[k] >= 0.08), float(lab[:, 0].mean())


def name_of(lab: np.ndarray) -> np.ndarray:
    """(N,) indices into `NAMES` of CIELAB colours (N, 3). Lightness counts less than hue and chroma."""
    scale = np.array([0.6, 1.0, 1.0])
    away = [np.min([np.square((lab - np.array(example)) * scale).sum(1) for example in examples], axis=0) for _, examples in PRIMES]
    return np.argmin(np.stack(away), axis=0)


def _third(at: float, low: str, high: str) -> str:
    return low if at < 0.37 else high if at > 0.63 else "middle"


def _shape(mask: np.ndarray) -> str:
    ys, xs = np.nonzero(mask)
    if len(xs) < 12:
        return "compact"
    wide, tall = float(np.ptp(xs) + 1), float(np.ptp(ys) + 1)
    spread = np.linalg.eigvalsh(np.cov(np.stack([xs, ys])))
    if np.sqrt(spread[1] / max(spread[0], 1e-6)) > 3.2:
        return "long"
    if tall > 1.35 * wide:
        return "tall"
    if wide > 1.35 * tall:
        return "wide"
    hull = cv2.convexHull(np.stack([xs, ys], 1).astype(np.int32))
    around = 4 * np.pi * cv2.contourArea(hull) / max(cv2.arcLength(hull, True) ** 2, 1.0)
    return "round" if around > 0.85 and len(xs) > 0.7 * wide * tall * np.pi / 4 else "compact"
