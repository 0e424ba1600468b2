"""A still as a shot: the scene's camera moves over it (as Ken Burns did), by parts of a pixel, without shimmer."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from engine.movie.film.framing import framed
from engine.movie.plan import Camera

CLOSER = 1.16
"""How much closer a zoom ends than it begins."""
TRAVEL = 0.11
"""Share of the picture's side that a pan or a tilt travels; a picture that is longer than the film's shape gives more."""
PUSH = 1.06
"""The slow push-in of a camera that is not told to do anything, so that a still is alive."""


def moving_picture(picture: np.ndarray, count: int, size: tuple[int, int], camera: Camera = "as written") -> Iterator[np.ndarray]:
    """`count` frames (H, W, 3) uint8 sRGB of `size` (width, height) from a picture (H, W, 3) uint8.

    The copy that is sampled has the film's resolution at the closest view, is made by area averaging, and is softened by what the widest view needs: fine lines neither
    crawl nor sparkle as they move. Samples are Lanczos's, at 1/32 of a pixel.
    """
    width, height = size
    canvas, (long_x, long_y) = _canvas(picture, size, camera)
    for number in range(count):
        share = number / max(count - 1, 1)
        zoom, x, y = _view(camera, _eased(share), share, long_x, long_y)
        # The view: a window of the canvas, 1/zoom of what the film's shape can see of it, with its centre at (x, y).
        scale = canvas.shape[1] / long_x / zoom / width
        left, top = x * canvas.shape[1] - scale * width / 2, y * canvas.shape[0] - scale * height / 2
        matrix = np.array([[scale, 0, left + 0.5 * scale - 0.5], [0, scale, top + 0.5 * scale - 0.5]])
        yield cv2.warpAffine(canvas, matrix, size, flags=cv2.INTER_LANCZOS4 | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def _canvas(picture: np.ndarray, size: tuple[int, int], camera: Camera) -> tuple[np.ndarray, tuple[float, float]]:
    """The working copy, and how many times the film's view it is wide and high (1 or more)."""
    width, height = size
    high, wide = picture.shape[:2]
    shape = (wide / high) / (width / height)
    closest = {"zoom in": CLOSER, "zoom out": CLOSER, "still": 1.0}.get(camera, PUSH if camera in ("as written", "follow") else 1 / (1 - TRAVEL))
    pans, tilts = camera in ("pan left", "pan right"), camera in ("tilt up", "tilt down")
    if (pans and shape > 1) or (tilts and shape < 1):
        # The camera travels along the picture's longer side: as much of it as half a view is kept.
        long_x, long_y = (min(shape, 1.5), 1.0) if pans else (1.0, min(1 / shape, 1.5))
        closest = 1.0
    else:
        long_x = long_y = 1.0
    # Even sides, as everywhere.
    area = (2 * round(width * long_x * closest / 2), 2 * round(height * long_y * closest / 2))
    canvas = framed(picture, area)
    sigma = 0.35 * np.sqrt(max(closest**2 - 1.0, 0.0))
    if sigma > 0.1:
        canvas = cv2.GaussianBlur(canvas, (0, 0), sigma)
    return canvas, (long_x, long_y)


def _view(camera: Camera, eased: float, share: float, long_x: float, long_y: float) -> tuple[float, float, float]:
    """(zoom, x, y) of the view: its centre as shares of the canvas."""
    if camera == "zoom in":
        return CLOSER**eased, 0.5, 0.5
    if camera == "zoom out":
        return CLOSER ** (1 - eased), 0.5, 0.5
    if camera in ("pan left", "pan right", "tilt up", "tilt down"):
        zoom = 1.0 if max(long_x, long_y) > 1.0 else 1 / (1 - TRAVEL)
        across, down = 1 - 1 / (long_x * zoom), 1 - 1 / (long_y * zoom)
        step = eased - 0.5 if camera in ("pan right", "tilt down") else 0.5 - eased
        return zoom, 0.5 + (step * across if camera.startswith("pan") else 0.0), 0.5 + (step * down if camera.startswith("tilt") else 0.0)
    if camera == "still":
        return 1.0, 0.5, 0.5
    return PUSH**share, 0.5, 0.5


def _eased(share: float) -> float:
    """Even speed with soft ends: halfway between straight and smooth."""
    return 0.5 * share + 0.5 * share * share * (3.0 - 2.0 * share)
