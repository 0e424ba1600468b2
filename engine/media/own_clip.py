"""Reading clips that `ClipWriter` made on this machine, in this process. Not for files of unknown origin: those go through the cage (`engine.media.video`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType

import av
import numpy as np
from av.video.frame import VideoFrame

from engine.errors import UnreadableMedia
from engine.media.colour import ToSrgb
from engine.media.probe import Facts


class OwnClip:
    """As `engine.media.video.VideoReader`, without a decoder process: an iterable of (H, W, 3) uint8 sRGB, the same pixels. Iterate once; close it, or use `with`.

    max_side: at most so many pixels on the longer side. Raises `UnreadableMedia` when the file is missing or damaged.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_side: int | None = None) -> None:
        self._name = os.path.basename(os.fspath(path))
        try:
            # `file:` keeps FFmpeg from reading a protocol into the name.
            self._container = av.open(f"file:{os.fspath(path)}", "r", format="mp4")
            stream = self._container.streams.video[0]
        except (av.FFmpegError, OSError, IndexError, ValueError) as error:
            raise self._unreadable("it is missing or damaged") from error
        self.fps, self.count = Fraction(stream.average_rate or 24), int(stream.frames)
        self.width, self.height = stream.codec_context.width, stream.codec_context.height
        duration = float(self.count / self.fps)
        self.facts = Facts("video", "MP4/MOV", width=self.width, height=self.height, duration=duration, fps=float(self.fps), frame_count=self.count)
        if max_side and max(self.width, self.height) > max_side:
            scale = max_side / max(self.width, self.height)
            self.width, self.height = max(1, round(self.width * scale)), max(1, round(self.height * scale))
        self._frames: Iterator[VideoFrame] = self._container.decode(stream)
        self._convert: ToSrgb | None = None

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        """The next frame."""
        frame = self._decoded()
        if frame is None:
            raise StopIteration
        if self._convert is None:
            self._convert = ToSrgb(frame, self.width, self.height, alpha=False)
        return self._convert(frame)

    def skip(self) -> None:
        """Pass over a frame: it is decoded, since others need it, but not converted. After the last one nothing happens."""
        self._decoded()

    def close(self) -> None:
        """Let the file go. Twice does no harm."""
        self._container.close()

    def __enter__(self) -> OwnClip:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _decoded(self) -> VideoFrame | None:
        try:
            return next(self._frames, None)
        except (av.FFmpegError, OSError) as error:
            raise self._unreadable("it is damaged") from error

    def _unreadable(self, why: str) -> UnreadableMedia:
        return UnreadableMedia(f"{self._name} cannot be read", why=why, fix="make it again")
