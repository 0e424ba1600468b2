"""Reading Kinora's own lossless sounds block by block, from any place. Not for files of unknown origin: those go through the cage (`engine.media.audio`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.frame import AudioFrame

from engine.errors import UnreadableMedia


class SoundReader:
    """A FLAC or WAV that `SoundWriter` wrote. rate: Hz; channels: 1 or 2; length: in samples. Blocks in order are cheap, each jump seeks. Close it, or use `with`.

    Raises `UnreadableMedia` when the file is missing or damaged.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._open()
        self.rate, self.channels = int(self._stream.rate), int(self._stream.channels)
        self.length = int(self._stream.duration or 0)
        self._blocks: Iterator[tuple[int, np.ndarray]] = self._decoded()
        self._at, self._held = 0, np.zeros((0, self.channels), np.float32)

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, channels) float32 from sample `start`; silence before the begin and beyond the end."""
        out = np.zeros((count, self.channels), np.float32)
        first, last = max(start, 0), min(start + count, self.length)
        if first >= last:
            return out
        # Up to a second ahead is decoded through; anything else is sought.
        if not self._at <= first <= self._at + len(self._held) + self.rate:
            self._rewind(first)
            self._at, self._held = first, self._held[:0]
        while first < last:
            begin = first - self._at
            part = self._held[begin : begin + last - first] if begin >= 0 else self._held[:0]
            if len(part):
                out[first - start : first - start + len(part)] = part
                first += len(part)
                continue
            block = next(self._blocks, None)
            if block is None:
                raise UnreadableMedia(f"{self.path.name} cannot be read", why="it ends too early", fix="make it again")
            self._at, self._held = block
        return out

    def close(self) -> None:
        """Let the file go."""
        self._container.close()

    def __enter__(self) -> SoundReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _open(self) -> None:
        try:
            # `file:` keeps FFmpeg from reading a protocol into the name.
            self._container = av.open(f"file:{self.path}", "r", format=self.path.suffix.lower().lstrip("."))
            self._stream = self._container.streams.audio[0]
        except (av.FFmpegError, OSError, IndexError, ValueError) as error:
            raise UnreadableMedia(f"{self.path.name} cannot be read", why="it is missing or damaged", fix="make it again") from error

    def _rewind(self, start: int) -> None:
        """Go on with the frame that holds `start`, or one before it."""
        self.close()
        self._open()
        try:
            if start > self.rate:
                self._container.seek(start, stream=self._stream, backward=True)
        except av.FFmpegError:
            # A FLAC of few frames cannot be sought: it is decoded through.
            self.close()
            self._open()
        self._blocks = self._decoded()

    def _decoded(self) -> Iterator[tuple[int, np.ndarray]]:
        """(first sample, (n, C) float32) of every frame from here."""
        try:
            for frame in self._container.decode(self._stream):
                yield int(frame.pts or 0), self._floats(frame)
        except av.FFmpegError as error:
            raise UnreadableMedia(f"{self.path.name} cannot be read", why="it is damaged", fix="make it again") from error

    def _floats(self, frame: AudioFrame) -> np.ndarray:
        data = frame.to_ndarray()
        scale = np.float32(2.0 ** (1 - 8 * data.itemsize))
        table = data.reshape(-1, self.channels) if len(data) == 1 else data.T
        return np.asarray(table * scale, np.float32)
