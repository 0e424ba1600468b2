"""The one writer of clips: frames in, a verified H.264 + AAC MP4 out, with memory that does not grow with the clip.

The file appears under its name only when it is whole: hidden temporary name in the same folder, encode, fsync, verify, rename, fsync
of the folder. A process killed in the middle leaves a hidden `.*.part` file and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from engine.errors import Cancelled, InvalidInput, StudioError
from engine.media.audio import SoundWindows
from engine.media.disk import as_disk_error, disk_full, sync_folder

_BT709 = 1
# Without these swscale's fast path is off by up to two levels and shifts chroma.
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_AAC_FRAME = 1024
AAC_BITS = 96_000
"""Bits a second and channel of sound in clips."""

# H.264 level 6.2 ends there.
_MAX_SIDE = 16384
_MOST_THREADS = 16


class ClipWriter:
    """A context manager that writes one clip.

    path: ends in .mp4, an existing file is replaced at the end. fps: frames a second. crf: 0 (lossless) to 51, lower is better.
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
        audio: tuple[np.ndarray, int] | None = None,
        metadata: dict[str, str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.fps = _exact_rate(fps)
        self.frames = 0
        self.partial = False
        self._crf, self._preset, self._metadata = crf, preset, dict(metadata or {})
        self._audio = SoundTrack(*audio) if audio is not None else None
        self._temporary = self.path.with_name(f".{secrets.token_hex(8)}.part")
        self._container: OutputContainer | None = None
        self._video: VideoStream | None = None
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()
        self._closed = False

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
        if self._closed:
            return self.path
        if not self.frames:
            self.abort()
            raise StudioError(f"{self.path.name} would have no pictures", fix="write at least one frame")
        try:
            self._guarded(self._finish)
            self._verify()
            os.replace(self._temporary, self.path)
            sync_folder(self.path.parent)
        except BaseException:
            self.abort()
            raise
        self._closed = True
        return self.path

    def abort(self) -> None:
        """Drop everything written. Twice does no harm."""
        self._closed = True
        container, self._container = self._container, None
        if container is not None:
            # The file goes away in any case.
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                container.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        elif issubclass(kind, Cancelled) and self.frames and not self._closed:
            self.partial = True
            self.close()
        else:
            self.abort()

    def _open(self) -> None:
        assert self._size is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # `file:` keeps FFmpeg from reading a protocol into the name.
        self._container = av.open(f"file:{self._temporary}", "w", format="mp4", options={"movflags": "+faststart"})
        self._container.metadata.update(self._metadata)
        # x264's macroblock tree gives other bytes from call to call where frames dissolve and the width is no multiple of 128 (its assembly reads memory that
        # nobody wrote). The same frames must give the same file; that is worth 3 % of its size.
        options = {"crf": str(self._crf), "preset": self._preset, "x264-params": "mbtree=0"}
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
        container, self._container = self._container, None
        container.close()
        fd = os.open(self._temporary, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _guarded(self, step: Any) -> None:
        """Run `step`; on any error the temporary file goes, and a full disk is named as such."""
        try:
            step()
        except OSError as error:
            self.abort()
            raise as_disk_error(error, self.path) from error
        except BaseException:
            self.abort()
            raise

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
                complete = complete and sound is not None and abs(ends[sound.index] - length) <= Fraction(2 * _AAC_FRAME, self._audio.rate)
        if not complete:
            if free_bytes(self.path.parent) < 1 << 20:
                raise disk_full(self.path)
            raise StudioError(f"{self.path.name} was not written correctly", why="reading it back gave other lengths", fix="run again")


class SoundTrack:
    """Samples on their way into AAC, cut or padded to the pictures' length. A `SoundWindows` is read as it is needed, so that memory stays flat."""

    def __init__(self, samples: np.ndarray | SoundWindows, rate: int) -> None:
        if isinstance(samples, np.ndarray):
            samples = np.asarray(samples, dtype=np.float32)
            if samples.ndim == 1:
                samples = samples[:, None]
            if samples.ndim != 2 or not samples.shape[1] or rate <= 0:
                raise ValueError(f"sound is (N,) or (N, C) float32 at a positive rate, not {samples.shape} at {rate}")
            if samples.shape[1] not in _LAYOUTS:
                samples = samples.mean(axis=1, keepdims=True)
        if rate not in _AAC_RATES:
            fix = f"resample it to one of {', '.join(map(str, _AAC_RATES))} Hz"
            raise InvalidInput(f"sound of {rate} Hz cannot be written as AAC", fix=fix)
        self.rate = rate
        self._samples, self._layout, self._sent = samples, _LAYOUTS[samples.shape[1]], 0
        self._stream: AudioStream | None = None

    def attach(self, container: OutputContainer) -> None:
        """Add the AAC stream to a container that has not started yet."""
        self._stream = container.add_stream("aac", rate=self.rate, layout=self._layout)
        self._stream.bit_rate = AAC_BITS * min(self._samples.shape[1], 6)
        self._stream.codec_context.time_base = Fraction(1, self.rate)

    def packets(self, *, until: Fraction, last: bool = False) -> Iterator[Any]:
        """Encoded packets up to `until` seconds; with `last`, all of them, the remainder filled with silence."""
        assert self._stream is not None
        end = round(until * self.rate)
        while self._sent + (_AAC_FRAME if not last else 1) <= end:
            size = min(_AAC_FRAME, end - self._sent)
            block = np.zeros((self._samples.shape[1], size), np.float32)
            part = self._samples[self._sent : self._sent + size]
            block[:, : len(part)] = np.clip(np.nan_to_num(part.T), -1.0, 1.0)
            frame = AudioFrame.from_ndarray(block, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self._sent, Fraction(1, self.rate)
            self._sent += size
            yield from self._stream.encode(frame)
        if last:
            yield from self._stream.encode(None)


def _exact_rate(fps: float | Fraction) -> Fraction:
    """The rate as a fraction: 29.97 is 30000/1001."""
    from engine.media.timing import MAX_RATE, nearest_standard

    if not 0 < fps <= MAX_RATE:
        raise InvalidInput(f"fps={fps} is not allowed", fix=f"give a rate above 0 and at most {MAX_RATE} frames a second")
    return fps if isinstance(fps, Fraction) else nearest_standard(float(fps))


def free_bytes(folder: Path) -> int:
    """Bytes that may still be written on the disk of a folder."""
    usage = os.statvfs(folder)
    return usage.f_bavail * usage.f_frsize


def sweep(folder: Path, *, older_than: float = 3600.0) -> int:
    """Remove what killed writers left in `folder` (hidden `.part` files not touched for `older_than` seconds); how many."""
    removed = 0
    for leftover in folder.glob(".*.part"):
        if time.time() - leftover.stat().st_mtime >= older_than:
            leftover.unlink(missing_ok=True)
            removed += 1
    return removed
