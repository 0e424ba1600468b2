"""A clip whose frames can be read in any order, forwards as fast as one decoder gives them, with memory that does not grow with the clip."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from engine.errors import InvalidInput
from engine.media.video import VideoReader, open_video
from engine.settings import Settings

CHUNK = 48
"""Frames that are decoded together when a place is read that no running decoder is about to reach."""


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

    count: how many frames can be read. A damaged clip promises more than it has: `settle` finds out. note: what was odd, once all was read.
    Close it, or use it in a `with` block. Raises what `open_video` raises.
    """

    def __init__(self, path: str | os.PathLike[str], settings: Settings, *, start: float = 0.0, end: float | None = None, max_side: int | None = None, budget_mib: float = 256.0) -> None:
        self._path, self._settings, self._start, self._end, self._side = path, settings, start, end, max_side
        self._reader: VideoReader = self._open(0)
        self._next = 0
        self.rate = self._reader.fps
        self.fps, self.count = float(self.rate), max(1, self._reader.count)
        self.width, self.height = self._reader.width, self._reader.height
        self.facts, self.note = self._reader.facts, self._reader.note
        self._most = max(CHUNK + 2, int(budget_mib * 2**20 / (3 * self.width * self.height)))
        if 3 * self.width * self.height * CHUNK > budget_mib * 2**20:
            self._most = max(4, int(budget_mib * 2**20 / (3 * self.width * self.height)))
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def read(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8 sRGB of frame `index`. Raises `IndexError` beyond `count`, also when the file turns out to be shorter."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        if index in self._kept:
            self._kept.move_to_end(index)
            return self._kept[index]
        if not 0 <= index - self._next < CHUNK:
            # A place behind is read with what lies before it: walking backwards decodes each chunk once.
            backwards = (index + 1) in self._kept or (index + 2) in self._kept
            self._reader.close()
            self._next = max(0, index - min(CHUNK, self._most // 2) + 1) if backwards else index
            self._reader = self._open(self._next)
        while self._next <= index:
            picture = next(self._reader, None)
            if picture is None:
                if self._next == 0:
                    raise InvalidInput("the video has no pictures in this range", fix="choose another range", field="start")
                self.count, self.note = self._next, self._reader.note
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
        # Half a frame late, so that rounding cannot fall on the frame before.
        return open_video(self._path, self._settings, start=self._start + (index + 0.25) / self.fps, end=self._end, max_side=self._side, fps=self.rate)
