"""The colours of a film's scenes drawn together, so that cuts do not jump: one smooth curve of lightness and one shift of colour for each scene, the same for all of its frames.

Lightness goes through a power curve, which leaves black black and white white; colour is shifted less towards both ends, where a tint would show as fog. Both are solved so that
the scene's mean comes the asked share of the way to the film's, in CIE Lab, after clipping to sRGB. Scenes keep their own contrast.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from engine.errors import StudioError
from engine.media.video import open_video
from engine.settings import Settings
from engine.world.palette import rgb

FRAMES = 6
"""Frames of a scene that are looked at."""
SIDE = 96
"""Pixels of the longer side of the copy on which they are looked at."""
PALETTE_SHARE = 0.2
"""How much of the common colour is the palette's; the rest is the median of the scenes."""
MOST_POWER = 3.0
"""The strongest curve of lightness: beyond it the noise of dark scenes is all that is seen."""
_TABLE = 1024


@dataclass(frozen=True)
class Correction:
    """power: lightness 0..1 is raised to it. shift: added to a and b in the middle of the scale, Lab units."""

    power: float = 1.0
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def is_nothing(self) -> bool:
        """Whether it changes nothing that could be seen."""
        return abs(self.power - 1.0) < 1e-3 and max(map(abs, self.shift)) < 0.02

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        lightness = np.linspace(0.0, 1.0, _TABLE)
        weight = _weight(lightness)
        return (100.0 * lightness**self.power).astype(np.float32), (self.shift[0] * weight).astype(np.float32), (self.shift[1] * weight).astype(np.float32)

    def __call__(self, frame: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 sRGB in, the same out; a correction of nothing gives the very same array."""
        return frame if self.is_nothing else cv2.convertScaleAbs(self.applied(frame.astype(np.float32) * np.float32(1 / 255.0)), alpha=255.0)

    def applied(self, picture: np.ndarray) -> np.ndarray:
        """(H, W, 3) float32 sRGB in 0..1, in and out."""
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
        at = np.clip(lab[..., 0] * np.float32((_TABLE - 1) / 100.0) + np.float32(0.5), 0, _TABLE - 1).astype(np.int16)
        curve, green, blue = self._tables
        # Interpolated between the table's steps by the slope there, so that no bands appear.
        rest = lab[..., 0] - at * np.float32(100.0 / (_TABLE - 1))
        lab[..., 0] = curve[at] + rest * _slope(curve)[at]
        lab[..., 1] += green[at]
        lab[..., 2] += blue[at]
        return np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0.0, 1.0)


def sampled(path: str | os.PathLike[str], settings: Settings, *, start: float = 0.0, seconds: float | None = None) -> np.ndarray:
    """(h, w * FRAMES, 3) float32 sRGB in 0..1: a few frames of a scene, small, side by side. Of a clip that cannot be read, one grey pixel."""
    try:
        with open_video(path, settings, start=start, end=start + seconds if seconds else None, max_side=SIDE, fps=None) as reader:
            step = max(1, reader.count // FRAMES)
            frames = [frame for number, frame in enumerate(reader) if number % step == step // 2][:FRAMES]
    except StudioError:
        frames = []
    return np.concatenate(frames or [np.full((1, 1, 3), 128, np.uint8)], axis=1).astype(np.float32) / 255.0


def matched(samples: Mapping[str, np.ndarray], amount: float, palette: Sequence[str] = ()) -> dict[str, Correction]:
    """The correction of each scene (id -> frames as `sampled` gives them) that brings its mean colour `amount` (0..1) of the way to the film's.

    The film's is the median of its scenes' means; its tint goes `PALETTE_SHARE` of the way to the palette's.
    """
    if amount <= 0 or len(samples) < 2:
        return {name: Correction() for name in samples}
    means = {name: _mean(picture) for name, picture in samples.items()}
    common = np.median(list(means.values()), axis=0)
    if palette:
        tint = np.mean([cv2.cvtColor(rgb(colour).astype(np.float32).reshape(1, 1, 3), cv2.COLOR_RGB2LAB)[0, 0, 1:] for colour in palette], axis=0)
        common[1:] += PALETTE_SHARE * (tint - common[1:])
    return {name: _solved(picture, means[name] + amount * (common - means[name])) for name, picture in samples.items()}


def _solved(picture: np.ndarray, wanted: np.ndarray) -> Correction:
    """The correction after which the picture's mean is the wanted one (3,) in Lab, as near as its limits allow."""
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
    weight = max(float(_weight(lab[..., 0] / 100.0).mean()), 0.1)
    aim = wanted.astype(np.float64).copy()
    found = Correction()
    lightness = np.clip(lab[..., 0] / 100.0, 1e-4, 1.0)
    for _ in range(4):
        power = _root(lambda exponent: 100.0 * float((lightness**exponent).mean()), float(np.clip(aim[0], 1.0, 99.0)))
        shift = (aim[1:] - lab[..., 1:].reshape(-1, 2).mean(0)) / weight
        found = Correction(power, (float(shift[0]), float(shift[1])))
        # Clipping to sRGB, and the weight, leave a rest: it is aimed at beyond the mark.
        aim += wanted - _mean(found.applied(picture))
    return found


def _root(mean_at: Callable[[float], float], wanted: float) -> float:
    """The exponent at which the mean lightness is the wanted one; it falls as the exponent grows."""
    low, high = 1 / MOST_POWER, MOST_POWER
    for _ in range(30):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if mean_at(middle) > wanted else (low, middle)
    return (low * high) ** 0.5


def _weight(lightness: np.ndarray) -> np.ndarray:
    """How much of a shift of colour reaches a lightness 0..1: all of it in the middle, a tenth at black and white."""
    rise = np.clip(np.minimum(lightness / 0.3, (1.0 - lightness) / 0.15), 0.0, 1.0)
    return 0.1 + 0.9 * rise * rise * (3.0 - 2.0 * rise)


def _slope(curve: np.ndarray) -> np.ndarray:
    return (np.gradient(curve) * ((_TABLE - 1) / 100.0)).astype(np.float32)


def _mean(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0).astype(np.float64)
