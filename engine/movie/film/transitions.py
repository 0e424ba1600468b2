"""How one scene goes over into the next: a function of both pictures and the share of the way. Each begins with exactly the one before and ends with exactly the one after.

Each is symmetric: going from B to A is going from A to B backwards (a wipe, with the camera's move turned round).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import cv2
import numpy as np

from engine.movie.film.light import frame_of, light_of, mixed
from engine.movie.plan import Camera, Transition

Blend = Callable[[np.ndarray, np.ndarray, float], np.ndarray]
"""(before, after, share of the way 0..1) -> picture; all (H, W, 3) uint8 sRGB of one size."""

SOFT = 0.16
"""Width of a wipe's edge, as a share of its way."""
SAMPLE = 96
"""Pixels of the longer side of the copy on which colours are measured."""
MOST_GAIN = 2.2
"""How far a match on colour may stretch or squeeze the spread of colours: more turns noise into blotches."""
_LEAST_SPREAD = 3.0
"""Lab units that are added to a picture's spread, so that a flat picture has one."""


def blend_of(transition: Transition, camera: Camera = "as written") -> Blend:
    """The function of a transition; camera: the move of the scene that comes, which says where a wipe comes from. A new one for each transition: some remember their colours."""
    match transition:
        case "cut":
            return lambda before, after, share: before if share < 0.5 else after
        case "cross-fade":
            return mixed
        case "fade through black":
            return through_black
        case "wipe":
            return lambda before, after, share: wiped(before, after, share, camera)
        case "match on colour":
            return ColourMatch()


def share_of(number: int, count: int) -> float:
    """The share of the way at frame `number` of `count`: the first frame is still the old picture, the last one already the new."""
    return number / (count - 1) if count > 1 else 0.5


def through_black(before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
    """Light goes to nothing at half of the way, and comes back. Smooth in how it looks, not in light, where the end would be a sudden drop."""
    left = abs(1.0 - 2.0 * share)
    picture = before if share < 0.5 else after
    return picture if left >= 1.0 else frame_of(light_of(picture) * np.float32(_smooth(left) ** 2.2))


def wiped(before: np.ndarray, after: np.ndarray, share: float, camera: Camera) -> np.ndarray:
    """The new picture comes in from the side to which the camera moves (pan, tilt), opens from the middle (zoom in), closes in on it (zoom out), or from the left."""
    if share <= 0.0:
        return before
    if share >= 1.0:
        return after
    where = _way(before.shape[0], before.shape[1], camera)
    # A table of the edge's profile: cheaper than a cubic for each pixel.
    passed = np.clip((share * (1 + SOFT) - where) / SOFT, 0.0, 1.0)
    return mixed(before, after, passed * passed * (3.0 - 2.0 * passed))


@lru_cache(maxsize=8)
def _way(height: int, width: int, camera: Camera) -> np.ndarray:
    """(H, W) float32 in 0..1: when on its way the edge reaches a pixel."""
    x, y = np.meshgrid((np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height)
    out = np.hypot((x - 0.5) * width, (y - 0.5) * height) / (0.5 * np.hypot(width, height))
    found = {"pan right": 1 - x, "tilt up": y, "tilt down": 1 - y, "zoom in": out, "zoom out": 1 - out}.get(camera, x)
    return found.astype(np.float32)


class ColourMatch:
    """A dissolve during which both pictures have the same colours: they go to meet each other while one gives way to the other.

    The colours of each picture are taken as a Gaussian in CIE Lab, and both are moved along the optimal transport between the two (the linear Monge-Kantorovitch map of Pitie and
    Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour transfer", 2007), so that at each share of the way both have the mean and covariance of
    the same point of that path. The Gaussians are measured on the first pair of pictures and held, so that nothing flickers.
    """

    def __init__(self) -> None:
        self._maps: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray] | None = None

    def __call__(self, before: np.ndarray, after: np.ndarray, share: float) -> np.ndarray:
        """See `Blend`."""
        if share <= 0.0:
            return before
        if share >= 1.0:
            return after
        if self._maps is None:
            self._maps = _transport(before, after)
        there, back, first, second = self._maps
        old = _moved(before, there, first, second, share)
        new = _moved(after, back, second, first, 1.0 - share)
        # The change of things is quicker than that of colours, which have begun to meet before it.
        return mixed(old, new, _smooth((share - 0.15) / 0.7))


def _transport(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(3, 3) of the map from the first picture's colours to the second's, its inverse, and both (3,) means, in Lab."""
    (first, a), (second, b) = _gaussian(before), _gaussian(after)
    root = _power(a, 0.5)
    unroot = _power(a, -0.5)
    values, vectors = np.linalg.eigh(unroot @ _power(root @ b @ root, 0.5) @ unroot)
    values = np.clip(values, 1 / MOST_GAIN, MOST_GAIN)
    return (vectors * values) @ vectors.T, (vectors / values) @ vectors.T, first, second


def _gaussian(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scale = min(1.0, SAMPLE / max(frame.shape[:2]))
    small = cv2.resize(frame, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB).reshape(-1, 3).astype(np.float64)
    return lab.mean(0), np.cov(lab.T) + _LEAST_SPREAD**2 * np.eye(3)


def _power(matrix: np.ndarray, exponent: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 1e-9) ** exponent) @ vectors.T


def _moved(frame: np.ndarray, matrix: np.ndarray, own: np.ndarray, other: np.ndarray, share: float) -> np.ndarray:
    """The frame with its colours moved by `share` of the way to the other's."""
    lab = cv2.cvtColor(frame.astype(np.float32) * np.float32(1 / 255.0), cv2.COLOR_RGB2LAB)
    linear = (1 - share) * np.eye(3) + share * matrix
    offset = (1 - share) * own + share * other - linear @ own
    lab = cv2.transform(lab, np.concatenate([linear, offset[:, None]], axis=1).astype(np.float32))
    return cv2.convertScaleAbs(np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0.0, 1.0), alpha=255.0)


def _smooth(share: float) -> float:
    share = min(max(share, 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)
