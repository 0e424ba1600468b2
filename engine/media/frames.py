"""A clip whose frames can be read in any order, forwards as fast as one decoder gives them, with memory that does not grow with the clip."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from engine.errors import InvalidInput, StudioError
from engine.media.video import VideoReader, open_video
from engine.settings import Settings

CHUNK = 48
"""Frames that are decoded together when a place is read that no running decoder is about to reach."""

MOST = 128
"""Frames that are held at most, however small: memory must not grow with the clip."""


class Pictures(Protocol):
    """Frames by number: a clip on disk, or pictures that are held."""

    count: int
    fps: float
    width: int
    height: int

    def read(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of frame `index`, 0 <= index < count. The array must not be changed."""


class Held:
    """Frames that lie in memory: (T, H, W, 3) uint8."""

    def __init__(self, frames: np.ndarray, fps: float = 25.0) -> None:
        self.frames, self.fps = frames, fps
        self.count, self.height, self.width = (int(side) for side in frames.shape[:3])

    def read(self, index: int) -> np.ndarray:
        """See `Pictures.read`."""
        picture: np.ndarray = self.frames[index]
        return picture


class Frames:
    """A clip on disk, from `start` to `end` seconds, at most `max_side` px on the longer side, at its own constant rate (see `open_video`).

    The start is moved onto the nearest frame. count: how many frames can be read; a damaged clip promises more than it has, which shows when its end is read (`nearest`).
    note: what was odd, once all was read. Close it, or use it in a `with` block. Raises what `open_video` raises.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Settings, *, start: float = 0.0, end: float | None = None, max_side: int | None = None, budget_mib: float = 256.0) -> None:
        self._path, self._settings, self._start, self._end, self._side = path, settings, start, end, max_side
        self._reader: VideoReader = self._open(0)
        self.rate = self._reader.fps
        onto = float(round(start * self.rate) / self.rate)
        if abs(onto - start) > 1e-6:
            # Half a frame beside the frames' own times, rounding would repeat some and leave out others.
            self._reader.close()
            self._start = onto
            self._reader = self._open(0)
        self._next = 0
        self.fps, self.count = float(self.rate), max(1, self._reader.count)
        self.width, self.height = self._reader.width, self._reader.height
        self.facts, self.note = self._reader.facts, self._reader.note
        self._most = max(4, min(MOST, int(budget_mib * 2**20 / (3 * self.width * self.height))))
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def read(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of frame `index`. Raises `IndexError` beyond `count`, also when the file turns out to be shorter."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        try:
            return self._decoded(index)
        except StudioError:
            self._next = -CHUNK  # this decoder is at its end
            raise

    def nearest(self, index: int) -> tuple[int, np.ndarray]:
        """The frame `index`, or the last one before it that can be read, and its number. Raises `InvalidInput` when there is none."""
        index, step = min(max(index, 0), self.count - 1), 1
        while True:
            try:
                return index, self.read(index)
            except IndexError:
                if index == 0:
                    raise InvalidInput("the video has no pictures in this range", fix="choose another range", field="start") from None
            # `count` is at most the place that failed: a decoder that starts further back tells where the pictures truly end.
            index, step = max(0, min(index, self.count) - step), 2 * step

    def _decoded(self, index: int) -> np.ndarray:
        if not 0 <= index - self._next < CHUNK:
            # A place behind is read with what lies before it: walking backwards decodes each chunk once.
            backwards = (index + 1) in self._kept or (index + 2) in self._kept
            self._reader.close()
            self._next = max(0, index - min(CHUNK, self._most - 1) + 1) if backwards else index
            self._reader = self._open(self._next)
        while self._next <= index:
            picture = next(self._reader, None)
            if picture is None:
                if self._next == 0:
                    raise InvalidInput("the video has no pictures in this range", fix="choose another range", field="start")
                self.count, self.note = min(self.count, self._next), self._reader.note
                raise IndexError(index)
            picture.flags.writeable = False
            self._kept[self._next] = picture
            self._kept.move_to_end(self._next)
            self._next += 1
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return self._kept[index]

    def __iter__(self) -> Iterator[np.ndarray]:
        """All frames in order; afterwards `count` is true."""
        index = 0
        while index < self.count:
            try:
                picture = self.read(index)
            except IndexError:
                return
            yield picture
            index += 1
        self.note = self._reader.note or self.note

    def close(self) -> None:
        """End the decoder. Twice does no harm."""
        self._reader.close()
        self._kept.clear()

    def __enter__(self) -> Frames:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self, index: int) -> VideoReader:
        if index == 0:
            return open_video(self._path, self._settings, start=self._start, end=self._end, max_side=self._side)
        # On the same grid of times as the first decoder's; without an end, which rounding could put before the start.
        return open_video(self._path, self._settings, start=self._start + float(index / self.rate), max_side=self._side, fps=self.rate)
