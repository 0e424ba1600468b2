"""One picture of what lies behind the subject over a stretch of frames, in the pixels of an anchor frame, and how a frame takes from it.

Every place holds the mean of the frames that show it, without those far from their median (a leg that the mask missed, a passer-by). Full-size pixels are
resampled twice at most, once from their frame and once into another, and not at all when the camera stands still. What is resampled is first made larger
(cubic) and then read linearly: as good as cubic reading, in half its time or, where it is read often, a sixth; four channels are read faster than three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling.depth import Grid
from engine.vision.filling.motion import NO_MAP, Motion, as_map
from engine.vision.filling.proxy import Box
from engine.vision.inpainting import diffuse, fill
from engine.vision.matting import grown_box

UNKNOWN, INVENTED, SEEN = 0, 1, 2
"""What a place of the canvas is worth."""
LEVEL = 127
"""From one of them to the next when it is resampled with the colours."""
_READ = np.rint(np.arange(256) / LEVEL).astype(np.uint8)
FINE_UP_TO = 4_000_000
"""Pixels of a picture up to which it is made twice as large to be read."""
FINER_UP_TO = 1_000_000
"""Pixels of a canvas up to which it is made three times as large: every frame reads from it, and linear reading at twice the size would cost 0.2 dB."""
TAPS = 3
"""Pixels about a part of a picture that its enlargement depends on."""
SEAM, JOINS = 3, 18.0
"""Radius in pixels, at the border of what is carried over, of what is compared on both sides; levels of difference above which it is not carried over."""
THIN = 7.0
"""Half the width, in pixels, up to which an unseen gap is closed smoothly instead of by patches."""
PATCH_SIDE = 88
"""Longer side of the picture on which patches for the never seen are searched."""


@dataclass(frozen=True)
class Scale:
    """From proxy pixels to full ones: X = (x + 0.5) * sx - 0.5."""

    sx: float
    sy: float

    @property
    def up(self) -> np.ndarray:
        """(3, 3) from proxy pixels to full pixels."""
        return np.array([[self.sx, 0, 0.5 * self.sx - 0.5], [0, self.sy, 0.5 * self.sy - 0.5], [0, 0, 1.0]])

    def full(self, h: np.ndarray) -> np.ndarray:
        """A homography between proxies as one between full frames."""
        return self.up @ h @ np.linalg.inv(self.up)


def _shift(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0, x], [0, 1.0, y], [0, 0, 1.0]])


def crop(picture: np.ndarray, box: Box) -> np.ndarray:
    """The box of a picture, which may reach beyond it (zeros there)."""
    height, width = picture.shape[:2]
    left, top, right, bottom = box
    inner = picture[max(top, 0) : max(min(bottom, height), 0), max(left, 0) : max(min(right, width), 0)]
    if inner.shape[0] == bottom - top and inner.shape[1] == right - left:
        return inner
    out = np.zeros((bottom - top, right - left, *picture.shape[2:]), picture.dtype)
    if inner.size:
        out[max(-top, 0) :, max(-left, 0) :][: inner.shape[0], : inner.shape[1]] = inner
    return out


@dataclass
class Canvas:
    """The picture behind. colours: (h, w, 3) uint8; state: (h, w) uint8 of UNKNOWN, INVENTED, SEEN; box: its place in the anchor's full pixels.

    depth: (gh, gw) float32 on `grid` (proxy pixels), or None where depth does not matter. grain: standard deviation in grey levels of the frames' noise
    that averaging took away.
    """

    box: Box
    scale: Scale
    grid: Grid
    depth: np.ndarray | None
    colours: np.ndarray
    state: np.ndarray
    grain: float = 0.0
    middle: float = 0.0
    """The depth of half of its places; set from `depth`."""
    _fine: tuple[int, np.ndarray] | None = None
    """See `settle`."""

    def __post_init__(self) -> None:
        if self.depth is not None:
            self.middle = float(np.median(self.depth))

    def bring(self, picture: np.ndarray, worth: np.ndarray, motion: Motion, size: tuple[int, int]) -> np.ndarray:
        """A frame (H, W, 3) uint8 and what it is worth (H, W) uint8 in the pixels of the canvas: (h, w, 4) uint8, zero beyond the frame. size: (width, height) of a proxy."""
        if motion.still(size):
            return _joined(crop(picture, self.box), crop(worth, self.box))
        z = motion.places(self.grid.places(), 0.0 if self.depth is None else self.depth)
        x, y = z.real, z.imag
        height, width = worth.shape
        sx, sy = self.scale.sx, self.scale.sy
        left, right = max(0, int((x.min() + 0.5) * sx) - TAPS), min(width, int((x.max() + 0.5) * sx) + TAPS)
        top, bottom = max(0, int((y.min() + 0.5) * sy) - TAPS), min(height, int((y.max() + 0.5) * sy) + TAPS)
        if left >= right or top >= bottom:
            return np.zeros((*self.state.shape, 4), np.uint8)
        part = _joined(picture[top:bottom, left:right], worth[top:bottom, left:right])
        times = 2 if part.shape[0] * part.shape[1] < FINE_UP_TO else 1
        places = self._full_places(z, self.grid, self.box, (left, top), times)
        return cv2.remap(_enlarged(part, times), places, NO_MAP, cv2.INTER_LINEAR if times > 1 else cv2.INTER_CUBIC)

    def take(self, box: Box, motion: Motion, size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """What a frame shows behind its subject in a box of its pixels: (h, w, 3) uint8, and (h, w) uint8 what it is worth."""
        if motion.still(size):
            here = (box[0] - self.box[0], box[1] - self.box[1], box[2] - self.box[0], box[3] - self.box[1])
            return crop(self.colours, here), crop(self.state, here)
        times, joined = self._fine or self.settle()
        places = self._full_places(*self._back(box, motion), box, self.box[:2], times)
        taken = cv2.remap(joined, places, NO_MAP, cv2.INTER_LINEAR if times > 1 else cv2.INTER_CUBIC, borderMode=cv2.BORDER_CONSTANT)
        return cv2.cvtColor(taken, cv2.COLOR_RGBA2RGB), cv2.LUT(cv2.extractChannel(taken, 3), _READ)

    def settle(self) -> tuple[int, np.ndarray]:
        """Ready to be taken from by frames that move: how many times larger it is read, and its colours and state, as levels, at that size, (h, w, 4)."""
        times = 3 if self.state.size < FINER_UP_TO else 2 if self.state.size < FINE_UP_TO else 1
        self._fine = times, _enlarged(_joined(self.colours, self.state * np.uint8(LEVEL)), times)
        return self._fine

    def _full_places(self, z: np.ndarray, grid: Grid, box: Box, origin: tuple[int, ...], times: int) -> np.ndarray:
        """Proxy places known on a grid as places of a full picture from an origin on that was enlarged, for every pixel of a box: (h, w, 2) float32, a map of `cv2.remap`."""
        sx, sy = times * self.scale.sx, times * self.scale.sy
        move = np.complex64(complex(0.5 * sx - 0.5 - times * origin[0], 0.5 * sy - 0.5 - times * origin[1]))
        if sx == sy:
            full = z * np.float32(sx) + move
        else:
            full = z.real * np.float32(sx) + z.imag * np.complex64(1j * sy) + move
        return self._widened(as_map(full), grid, box)

    def _back(self, box: Box, motion: Motion) -> tuple[np.ndarray, Grid]:
        """Proxy places of the anchor, complex, that a frame's box comes from, on a grid of proxy pixels about it, by fixed-point iteration over the depths."""
        grid = grid_of(box, self.scale)
        places = grid.places()
        z = motion.origins(places, self.middle)
        if motion.bend is not None and self.depth is not None:
            corner = np.complex64(complex(self.grid.left, self.grid.top))
            for _ in range(2):
                depth = cv2.remap(self.depth, as_map(z - corner), NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                z = motion.origins(places, depth)
        return z, grid

    def _widened(self, values: np.ndarray, grid: Grid, box: Box) -> np.ndarray:
        """Values on a grid of proxy pixels for every full pixel of a box."""
        if self.scale.sx == self.scale.sy and self.scale.sx == (whole := int(self.scale.sx)):
            wide = cv2.resize(values, None, fx=whole, fy=whole, interpolation=cv2.INTER_LINEAR)
            x, y = box[0] - whole * grid.left, box[1] - whole * grid.top
            if x >= 0 and y >= 0 and x + box[2] - box[0] <= wide.shape[1] and y + box[3] - box[1] <= wide.shape[0]:
                return wide[y : y + box[3] - box[1], x : x + box[2] - box[0]]
        sx, sy = 1 / self.scale.sx, 1 / self.scale.sy
        matrix = np.array([[sx, 0, (box[0] + 0.5) * sx - 0.5 - grid.left], [0, sy, (box[1] + 0.5) * sy - 0.5 - grid.top]])
        return cv2.warpAffine(values, matrix, (box[2] - box[0], box[3] - box[1]), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


def _joined(colours: np.ndarray, fourth: np.ndarray) -> np.ndarray:
    """(h, w, 4) uint8 of (h, w, 3) and (h, w)."""
    return cv2.insertChannel(fourth, cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA), 3)


def _enlarged(picture: np.ndarray, times: int) -> np.ndarray:
    return picture if times == 1 else cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)


def grid_of(box: Box, scale: Scale) -> Grid:
    """The proxy pixels about a box of full pixels."""
    left, top = int(np.floor((box[0] + 0.5) / scale.sx - 0.5)), int(np.floor((box[1] + 0.5) / scale.sy - 0.5))
    right, bottom = int(np.ceil((box[2] + 0.5) / scale.sx)) + 1, int(np.ceil((box[3] + 0.5) / scale.sy)) + 1
    return Grid(left, top, right - left, bottom - top)


def invent(canvas: Canvas, needed: np.ndarray, checkpoint: Callable[[], None]) -> None:
    """Give the needed places that no frame shows a texture from around: smooth where the gap is thin, by patches elsewhere."""
    gap = needed & (canvas.state == UNKNOWN)
    if not gap.any():
        return
    known = canvas.state != UNKNOWN
    if not known.any():
        canvas.colours[gap] = 127
    else:
        _, label = cv2.connectedComponents(gap.view(np.uint8), connectivity=8)
        wide = np.zeros(label.max() + 1, bool)
        wide[label[cv2.distanceTransform(gap.view(np.uint8), cv2.DIST_L2, 3) > THIN]] = True
        wide[0] = False
        thin, thick = gap & ~wide[label], wide[label]
        if thin.any():
            box = grown_box(thin, 16)
            canvas.colours[box][thin[box]] = np.rint(diffuse(canvas.colours[box].astype(np.float32), ~known[box])[thin[box]]).astype(np.uint8)
        if thick.any():
            canvas.colours[thick] = fill(canvas.colours, thick, avoid=~known & ~thick, work_side=PATCH_SIDE, rounds=1, checkpoint=checkpoint)[thick]
    canvas.state[gap] = INVENTED


def joining(canvas: Canvas, gap: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The pieces of a gap (h, w) bool into which colours (h, w, 3) uint8 may be laid: those that run on, across the piece's border, into what frames show beside it."""
    here, known = gap.astype(np.float32), ((canvas.state == SEEN) & ~gap).astype(np.float32)
    count, label = cv2.connectedComponents(gap.view(np.uint8), connectivity=8)
    window = (2 * SEAM + 1, 2 * SEAM + 1)
    inner, outer = cv2.blur(here, window), cv2.blur(known, window)
    border = gap & (inner > 0.2) & (outer > 0.2)
    off = np.zeros(gap.shape, np.float32)
    for k in range(3):
        one = cv2.blur(colours[..., k] * here, window) / np.maximum(inner, 1e-3)
        other = cv2.blur(canvas.colours[..., k] * known, window) / np.maximum(outer, 1e-3)
        off = np.maximum(off, np.abs(one - other))
    total = np.bincount(label[border], np.minimum(off[border], 60), minlength=count)
    apart = total / np.maximum(np.bincount(label[border], minlength=count), 1)
    joins = apart < JOINS
    joins[0] = False
    return gap & joins[label]


def shown(canvas_grid: Grid, depth: np.ndarray | None, hole: np.ndarray, motion: Motion) -> np.ndarray:
    """(gh, gw) bool: places of the grid that a frame with its motion shows. hole: its proxy's, (h, w) uint8."""
    where = as_map(motion.places(canvas_grid.places(), 0.0 if depth is None else depth))
    return cv2.remap(1 - hole, where, NO_MAP, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT).view(bool)
