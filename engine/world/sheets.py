"""Sheets of paper that are cut once and then only moved: premultiplied RGBA pixels, their paper's cover, and how they are laid over a frame."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import cv2
import numpy as np

from engine.world.palette import Colour, rgb
from engine.world.paper import Cut

Matrix = np.ndarray
"""3x3 affine map of points (x, y, 1), float64."""

REMAP_LIMIT = 32000
"""OpenCV's remap holds source coordinates in 16 bits: larger sheets are refused by `Sheet`, so cut fewer pixels."""


def shift(dx: float, dy: float) -> Matrix:
    """3x3 translation."""
    return np.array([[1.0, 0.0, dx], [0.0, 1.0, dy], [0.0, 0.0, 1.0]])


_TO_INDEX, _FROM_INDEX = shift(-0.5, -0.5), shift(0.5, 0.5)


def stretch(sx: float, sy: float) -> Matrix:
    """3x3 scaling about the origin."""
    return np.array([[sx, 0.0, 0.0], [0.0, sy, 0.0], [0.0, 0.0, 1.0]])


def turn(degrees: float) -> Matrix:
    """3x3 clockwise turn about the origin (x right, y down)."""
    a = np.deg2rad(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0.0], [np.sin(a), np.cos(a), 0.0], [0.0, 0.0, 1.0]])


def about(x: float, y: float, matrix: Matrix) -> Matrix:
    """`matrix` with its fixed point moved from the origin to (x, y)."""
    return shift(x, y) @ matrix @ shift(-x, -y)


def still(_: float) -> Matrix:
    """The move of a sheet that stays where it is."""
    return np.eye(3)


@dataclass(eq=False)
class Sheet:
    """A piece of paper with the shadow that it casts, ready to be moved.

    pixels: (h, w, 4) uint8 RGBA, colours multiplied by alpha; includes the sheet's own shadow and glow.
    cover: (h, w) uint8, the paper alone, 255 where it is whole: what counts for masks, depth and flow.
    rest: 3x3 from sheet pixels (pixel centres at +0.5) to the world; move: world to world at a time in seconds.
    depth: 0 in front to 1 for the sky; parallax: share of the camera's motion that it takes, 1 for the stage.
    thing: index of the subject that it belongs to, -1 for scenery. period: the sheet repeats itself without end after so many world units (x, y).
    """

    name: str
    pixels: np.ndarray
    cover: np.ndarray
    rest: Matrix
    depth: float
    parallax: float
    move: Callable[[float], Matrix] = still
    thing: int = -1
    period: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if max(self.pixels.shape[:2]) > REMAP_LIMIT:
            raise ValueError(f"sheet {self.name} of {self.pixels.shape[:2]} pixels is over {REMAP_LIMIT}: cut it at a lower scale")

    @property
    def fixed(self) -> bool:
        """True when only the camera moves it."""
        return self.move is still

    @cached_property
    def half(self) -> tuple[np.ndarray, np.ndarray]:
        """Pixels and cover at half the size, for a thing far away: a plain bilinear lookup would skip pixels."""
        size = (max(1, self.pixels.shape[1] // 2), max(1, self.pixels.shape[0] // 2))
        return cv2.resize(self.pixels, size, interpolation=cv2.INTER_AREA), cv2.resize(self.cover, size, interpolation=cv2.INTER_AREA)

    @cached_property
    def solid(self) -> bool:
        """False for tracing paper, which shows what lies behind even where it is whole."""
        return bool(self.pixels[..., 3].max() > 247)

    @cached_property
    def casts(self) -> bool:
        """True when some of it is see-through: shadow, glow, tracing paper."""
        return bool((self.pixels[..., 3].astype(np.int16) - self.cover > 12).any())


Window = tuple[slice, slice]
"""Rows and columns of the frame."""


def laid(sheet: Sheet, matrix: Matrix, size: tuple[int, int], *, cover: bool = False) -> tuple[np.ndarray, Window] | None:
    """The sheet as it lies in the frame. matrix: sheet pixels to frame pixels (continuous); size: (width, height).

    Returns its pixels (or only its cover) on a window of the frame; None when nothing of it is there. The array may be a view: do not write into it.
    """
    source = sheet.cover if cover else sheet.pixels
    if sheet.period is not None:
        return _wrapped(sheet, source, matrix, size)
    if abs(float(matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0])) < 0.25:
        matrix = matrix @ stretch(source.shape[1] / sheet.half[0].shape[1], source.shape[0] / sheet.half[0].shape[0])
        source = sheet.half[1] if cover else sheet.half[0]
    h, w = source.shape[:2]
    # Python's numbers: numpy takes ten times as long for a handful of them.
    (a, b, x), (c, d, y) = matrix[:2].tolist()
    xs, ys = (x, a * w + x, b * h + x, a * w + b * h + x), (y, c * w + y, d * h + y, c * w + d * h + y)
    left, right = max(math.floor(min(xs)) - 1, 0), min(math.ceil(max(xs)) + 1, size[0])
    top, bottom = max(math.floor(min(ys)) - 1, 0), min(math.ceil(max(ys)) + 1, size[1])
    if left >= right or top >= bottom:
        return None
    dx, dy = round(x), round(y)
    if max(abs(a - 1), abs(b), abs(c), abs(d - 1)) < 1e-6 and max(abs(x - dx), abs(y - dy)) < 1 / 64:
        left, right, top, bottom = max(dx, 0), min(dx + w, size[0]), max(dy, 0), min(dy + h, size[1])
        if left >= right or top >= bottom:
            return None
        return source[top - dy : bottom - dy, left - dx : right - dx], (slice(top, bottom), slice(left, right))
    local = _by_index(shift(-left, -top) @ matrix)
    return cv2.warpAffine(source, local[:2], (right - left, bottom - top), flags=cv2.INTER_LINEAR), (slice(top, bottom), slice(left, right))


def _by_index(matrix: Matrix) -> Matrix:
    """A map of continuous pixel coordinates (centres at +0.5) as one of pixel indices."""
    return _TO_INDEX @ matrix @ _FROM_INDEX


def _wrapped(sheet: Sheet, source: np.ndarray, matrix: Matrix, size: tuple[int, int]) -> tuple[np.ndarray, Window]:
    """A repeating sheet over the whole frame; its place is taken modulo its period, so that time may run without end."""
    h, w = source.shape[:2]
    corner = np.linalg.inv(matrix) @ np.array([0.0, 0.0, 1.0])
    matrix = matrix @ shift(w * np.floor(corner[0] / w), h * np.floor(corner[1] / h))
    out = cv2.warpAffine(source, _by_index(matrix)[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return out, (slice(0, size[1]), slice(0, size[0]))


def lay_over(frame: np.ndarray, pixels: np.ndarray, window: Window) -> None:
    """Premultiplied `pixels` (h, w, 4) over `frame` (H, W, 4), in place: Porter and Duff 1984, "over"."""
    behind = frame[window]
    veil = np.ascontiguousarray(pixels).view(np.uint32)[..., 0] >> 24
    veil *= np.uint32(0x01010101)
    np.invert(veil, out=veil)
    kept = cv2.multiply(behind, veil.view(np.uint8).reshape(behind.shape), scale=1 / 255)
    cv2.add(kept, np.ascontiguousarray(pixels), dst=kept)
    frame[window] = kept


def pack(
    colour: np.ndarray, cut: Cut, fallen: Cut | None, dark: Colour, *, opacity: float = 1.0
) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """A painted piece over its own shadow as (pixels, cover, (left, top)) on the smallest box that holds both.

    colour: (h, w, 3) float in 0..1 on the cut's box; dark: the shadow's colour.
    """
    boxes = [cut.box] if fallen is None else [cut.box, fallen.box]
    top, left = min(b[0].start for b in boxes), min(b[1].start for b in boxes)
    bottom, right = max(b[0].stop for b in boxes), max(b[1].stop for b in boxes)
    out = np.zeros((bottom - top, right - left, 4), np.float32)
    cover = np.zeros(out.shape[:2], np.float32)
    if fallen is not None:
        rows, columns = _local(fallen.box, top, left)
        out[rows, columns, :3] = fallen.mask[..., None] * rgb(dark).astype(np.float32)
        out[rows, columns, 3] = fallen.mask
    here = _local(cut.box, top, left)
    share = (cut.mask * opacity)[..., None]
    out[here] *= 1 - share
    out[here] += np.concatenate([colour * share, share], axis=2)
    cover[here] = cut.mask
    return _bytes(out), _bytes(cover), (left, top)


def _local(box: Window, top: int, left: int) -> Window:
    return slice(box[0].start - top, box[0].stop - top), slice(box[1].start - left, box[1].stop - left)


def _bytes(values: np.ndarray) -> np.ndarray:
    return cv2.convertScaleAbs(values, alpha=255.0)


@dataclass
class Cache:
    """Cut sheets by what they show: the least recently used go first beyond `budget` bytes. For one thread."""

    budget: int = 96 * 2**20
    held: OrderedDict[Any, tuple[Any, int]] = field(default_factory=OrderedDict)
    used: int = 0

    def get(self, key: Any, make: Callable[[], Any], nbytes: Callable[[Any], int]) -> Any:
        """What is kept under `key`, made by `make` when it is not there."""
        if key in self.held:
            self.held.move_to_end(key)
            return self.held[key][0]
        value = make()
        size = nbytes(value)
        self.held[key] = (value, size)
        self.used += size
        while self.used > self.budget and len(self.held) > 1:
            self.used -= self.held.popitem(last=False)[1][1]
        return value


CACHE = Cache()
