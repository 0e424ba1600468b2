"""How a clip is cut up for a large editor: which frames it sees together, what of them it already knows, and the box of the picture that it sees. Geometry alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log

import cv2
import numpy as np

from engine.catalog.drawing import Drawing
from engine.tasks.text_to_video.shapes import sized

Box = tuple[slice, slice]
"""Rows and columns of a frame."""

OVERLAP = 6
"""Frames that a piece takes over from the one before. Editors of Wan read the mask of every fourth frame, beginning with the second: with six, the first two frames of the latents are known."""

GAP = 1.0
"""Seconds: a subject that is gone for longer ends a piece, and begins another one when it is back."""

AROUND = 1.5
"""Sides of the box beside those of what is drawn anew: the model must see what it is to fit in with."""

SHAPE = 2.0
"""The longer side of a box beside its shorter one, at most, where the picture allows: editors were taught ordinary shapes."""

ENLARGED = 3.0
"""Times that a small box is enlarged at most."""


@dataclass(frozen=True)
class Piece:
    """Frames that are drawn in one call. frames: indices in the clip, rising, the last one repeated where the shot is too short; known: how many of the first ones
    the piece before has drawn. since, until: the frames of the clip that it shows, between its own ones too."""

    frames: tuple[int, ...]
    known: int
    since: int
    until: int

    def where(self, index: int) -> float:
        """The place of a frame of the clip among `frames`, between two of them where it was left out."""
        own = np.unique(self.frames)
        return float(np.interp(index, own, np.arange(len(own))))


def stride_of(fps: float, taught: float) -> int:
    """Every how many frames of the clip one is drawn, so that the model sees about the rate that it was taught."""
    return min(range(1, max(2, ceil(2 * fps / taught)) + 1), key=lambda step: abs(log(fps / step / taught)))


def whole(count: int, drawing: Drawing) -> int:
    """The least count of frames that the model draws, from `count` on."""
    return drawing.first + max(1, ceil((count - drawing.first) / drawing.every)) * drawing.every


def spans(seen: Callable[[int], bool], shots: Sequence[tuple[int, int]], gap: int) -> Iterator[tuple[int, int, int]]:
    """(first, last, last frame of its shot) for each stretch of a shot in which something is to be drawn; stretches less than `gap` frames apart are one."""
    for first, last in shots:
        runs: list[list[int]] = []
        for frame in (frame for frame in range(first, last + 1) if seen(frame)):
            if runs and frame - runs[-1][1] <= gap:
                runs[-1][1] = frame
            else:
                runs.append([frame, frame])
        yield from ((begin, end, last) for begin, end in runs)


def pieces_of(seen: Callable[[int], bool], shots: Sequence[tuple[int, int]], fps: float, drawing: Drawing, *, most: int | None = None, overlap: int = OVERLAP) -> list[Piece]:
    """The pieces of a clip, in order. None crosses a cut. seen: whether anything is to be drawn on a frame; most: frames of a piece, by the card's rules unless given."""
    most, stride = most or drawing.most, stride_of(fps, drawing.fps)
    overlap = min(overlap, most - drawing.every)
    found = []
    for first, last, end in spans(seen, shots, round(GAP * fps)):
        count = ceil((last - first) / stride) + 1
        number = 1 if count <= most else ceil((count - overlap) / (most - overlap))
        length = whole(ceil((count - overlap) / number) + overlap if number > 1 else count, drawing)
        start = 0
        while True:
            ends = start + length >= count
            taken = range(start, start + (whole(count - start, drawing) if ends else length))
            frames = tuple(min(first + place * stride, end) for place in taken)
            since = first if start == 0 else frames[overlap - 1] + 1
            found.append(Piece(frames, overlap if start else 0, since, last if ends else frames[-1]))
            if ends:
                break
            start += length - overlap
    return found


def box_of(union: np.ndarray) -> Box:
    """The box of what is drawn anew on any frame of a piece (H, W) bool, with room around, in the picture and of an ordinary shape where it can be."""
    height, width = union.shape
    ends = []
    for axis in (1, 0):
        lines = np.flatnonzero(union.any(axis=axis))
        ends.append((float(lines[0]), float(lines[-1] + 1)))
    sides = [AROUND * (end - begin) for begin, end in ends]
    sides = [max(side, other / SHAPE, 16.0) for side, other in zip(sides, sides[::-1], strict=True)]
    found = []
    for (begin, end), side, limit in zip(ends, sides, (height, width), strict=True):
        taken = min(limit, ceil(side))
        start = int(min(max(round((begin + end - taken) / 2), 0), limit - taken))
        found.append(slice(start, start + taken))
    return found[0], found[1]


def size_of(box: Box, drawing: Drawing) -> tuple[int, int]:
    """(width, height) in which the model draws a box: its own area, or a smaller one for a box of few pixels."""
    high, wide = (side.stop - side.start for side in box)
    area = min(drawing.width * drawing.height, ENLARGED**2 * wide * high)
    return sized(area**0.5, wide / high, drawing.multiple)


def seen_in(picture: np.ndarray, box: Box, size: tuple[int, int]) -> np.ndarray:
    """A box of a picture (H, W, 3) uint8 at the size (width, height) of the model."""
    part = np.ascontiguousarray(picture[box])
    if part.shape[1::-1] == size:
        return part
    return cv2.resize(part, size, interpolation=cv2.INTER_AREA if size[0] < part.shape[1] else cv2.INTER_CUBIC)


def hidden_in(mask: np.ndarray, box: Box, size: tuple[int, int]) -> np.ndarray:
    """(h, w) bool: a box of a mask at the size of the model; what is hidden in part is hidden."""
    return cv2.resize(mask[box].astype(np.float32), size, interpolation=cv2.INTER_AREA if size[0] < mask[box].shape[1] else cv2.INTER_LINEAR) > 0.02
