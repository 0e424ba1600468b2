"""The one writer of clips: frames in, a verified H.264 + AAC MP4 out, whole or not at all, with memory that does not grow with the clip."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from engine.errors import Cancelled, InvalidInput, StudioError
from engine.media.aac import AAC_FRAME, SoundTrack
from engine.media.disk import badly_written
from engine.media.output import Output

_BT709 = 1
# Without these swscale's fast path is off by up to two levels and shifts chroma.
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP

# H.264 level 6.2 ends there.
_MAX_SIDE = 16384
_MOST_THREADS = 16


@dataclass(frozen=True)
class Coding:
    """How a clip is encoded. crf, preset: as `ClipWriter` has them. cut_every: the packets can be cut before every so many pictures (`engine.media.joining`); 0: nowhere.
    aac_coder: FFmpeg's search for the sound's steps; fast takes half the time."""

    crf: int = 18
    preset: str = "veryfast"
    cut_every: int = 0
    aac_coder: Literal["twoloop", "fast"] = "twoloop"


class ClipWriter(Output):
    """A context manager that writes one clip.

    path: ends in .mp4, an existing file is replaced at the end. fps: frames a second. crf: 0 (lossless) to 51, lower is better.
    preset: x264's; quicker ones make larger files. coding: both in one, and more.
    audio: (samples float32 (N,) or (N, C) in [-1, 1], rate in Hz); it is cut, or padded with silence, to the pictures' length.
    metadata: MP4 tags (`title`, `comment`, ...).

    Leaving the `with` block finishes the clip. An exception removes what was written - except `engine.errors.Cancelled`: then the frames
    written so far become a playable, shorter clip under the final name (`partial` is True), and the exception goes on.
    Raises `LimitExceeded` when the disk is full, `ValueError` for frames of the wrong shape or type.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        fps: float | Fraction,
        crf: int = 18,
        preset: str = "veryfast",
        coding: Coding | None = None,
        audio: tuple[np.ndarray, int] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        super().__init__(path)
        self.fps = _exact_rate(fps)
        self.frames = 0
        self.partial = False
        self._coding, self._metadata = coding or Coding(crf, preset), dict(metadata or {})
        self._audio = SoundTrack(*audio, coder=self._coding.aac_coder) if audio is not None else None
        self._video: VideoStream | None = None
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()

    @property
    def seconds(self) -> float:
        """Length of what has been written."""
        return float(self.frames / self.fps)

    def write(self, frame: np.ndarray) -> None:
        """Append one picture: (H, W, 3) uint8 sRGB. The first one decides the size; odd sizes gain an edge row or column."""
        if self._closed:
            raise ValueError("the clip is already closed")
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or not all(0 < side <= _MAX_SIDE for side in frame.shape[:2]):
            raise ValueError(f"a frame is (H, W, 3) uint8, at most {_MAX_SIDE} pixels a side, not {frame.shape} {frame.dtype}")
        height, width = frame.shape[:2]
        if self._size is None:
            self._size = (width, height)
            self._guarded(self._open)
        elif self._size != (width, height):
            raise ValueError(f"frame {self.frames} is {width}x{height} but the clip is {self._size[0]}x{self._size[1]}")
        if width % 2 or height % 2:
            frame = np.pad(frame, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        self._guarded(lambda: self._encode(np.ascontiguousarray(frame)))

    def close(self) -> Path:
        """Finish, verify and publish the clip. Leaving the `with` block does this."""
        if not self._closed and not self.frames:
            self.abort()
            raise StudioError(f"{self.path.name} would have no pictures", fix="write at least one frame")
        return super().close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, Cancelled) and self.frames and not self._closed:
            self.partial = True
            self.close()
        else:
            super().__exit__(kind, error, trace)

    def _open(self) -> None:
        assert self._size is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # `file:` keeps FFmpeg from reading a protocol into the name.
        self._container = av.open(f"file:{self._temporary}", "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata.update(self._metadata)
        # x264's macroblock tree gives other bytes from call to call where frames dissolve and the width is no multiple of 128 (its assembly reads memory that
        # nobody wrote). The same frames must give the same file; that is worth 3 % of its size.
        rules, every = "mbtree=0", self._coding.cut_every
        if every:
            rules += f":keyint={every}:min-keyint={every}:scenecut=0:open-gop=0:bframes=0"
        options = {"crf": str(self._coding.crf), "preset": self._coding.preset, "x264-params": rules}
        stream = self._container.add_stream("libx264", rate=self.fps, options=options)
        stream.width, stream.height = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.time_base = 1 / self.fps
        # PyAV's own choice is slices, which compress worse; x264's is 1.5 frame threads a core, each holding a few frames.
        context.thread_type = "FRAME"  # type: ignore[assignment]
        context.thread_count = min(_MOST_THREADS, (3 * (os.cpu_count() or 1) + 1) // 2)
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        self._video = stream
        if self._audio is not None:
            self._audio.attach(self._container)

    def _encode(self, frame: np.ndarray) -> None:
        assert self._container is not None and self._video is not None
        picture = self._reformatter.reformat(
            VideoFrame.from_numpy_buffer(frame, format="rgb24"),
            format="yuv420p",
            dst_colorspace=_BT709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
            interpolation=_EXACT,
        )
        picture.pts, picture.time_base = self.frames, 1 / self.fps
        picture.colorspace, picture.color_range = _BT709, ColorRange.MPEG
        self._container.mux(self._video.encode(picture))
        self.frames += 1
        if self._audio is not None:
            # Sound goes along with the pictures, so that the muxer never has to hold much of either.
            self._container.mux(list(self._audio.packets(until=Fraction(self.frames) / self.fps)))

    def _finish(self) -> None:
        assert self._container is not None and self._video is not None
        self._container.mux(self._video.encode(None))
        if self._audio is not None:
            self._container.mux(list(self._audio.packets(until=Fraction(self.frames) / self.fps, last=True)))

    def _verify(self) -> None:
        """Read the file back: every frame is there, the first one decodes, lengths agree. A faulty file is never published."""
        with av.open(f"file:{self._temporary}", "r", format="mp4") as check:
            video = check.streams.video[0]
            next(check.decode(video))
            check.seek(0)
            counts = {stream.index: 0 for stream in check.streams}
            ends = {stream.index: Fraction(0) for stream in check.streams}
            for packet in check.demux():
                if packet.pts is None or packet.time_base is None:
                    continue
                counts[packet.stream_index] += 1
                end = (packet.pts + (packet.duration or 0)) * packet.time_base
                ends[packet.stream_index] = max(ends[packet.stream_index], end)
            length = Fraction(self.frames) / self.fps
            complete = counts[video.index] == self.frames and abs(ends[video.index] - length) <= 1 / self.fps
            if self._audio is not None:
                sound = check.streams.audio[0] if check.streams.audio else None
                complete = complete and sound is not None and abs(ends[sound.index] - length) <= Fraction(2 * AAC_FRAME, self._audio.rate)
        if not complete:
            raise badly_written(self.path, "reading it back gave other lengths")


def _exact_rate(fps: float | Fraction) -> Fraction:
    """The rate as a fraction: 29.97 is 30000/1001."""
    from engine.media.timing import MAX_RATE, nearest_standard

    if not 0 < fps <= MAX_RATE:
        raise InvalidInput(f"fps={fps} is not allowed", fix=f"give a rate above 0 and at most {MAX_RATE} frames a second")
    return fps if isinstance(fps, Fraction) else nearest_standard(float(fps))


def sweep(folder: Path, *, older_than: float = 3600.0) -> int:
    """Remove what killed writers left in `folder` (hidden `.part` files not touched for `older_than` seconds); how many."""
    removed = 0
    for leftover in folder.glob(".*.part"):
        if time.time() - leftover.stat().st_mtime >= older_than:
            leftover.unlink(missing_ok=True)
            removed += 1
    return removed
