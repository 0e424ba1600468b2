"""The writer of sounds: float32 blocks in, a FLAC or WAV file out that appears only when it is whole. Memory does not grow with its length.

Lossless and mono or stereo only; sound inside clips is the business of `engine.media.writer`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from engine.errors import StudioError
from engine.media.disk import as_disk_error, disk_full, sync_folder

FORMATS = (".flac", ".wav")
BITS = (16, 24)
_LAYOUTS = {1: "mono", 2: "stereo"}
_AT_ONCE = 1 << 15
"""Samples that are handed to the encoder at once."""


class SoundWriter:
    """A context manager that writes one sound.

    path: ends in .flac or .wav; an existing file is replaced at the end. rate: Hz; channels: 1 or 2; bits: 24, or 16 with triangular dither (the same noise for
    the same sound). Leaving the `with` block finishes the file; any exception, `Cancelled` too, removes what was written.
    Raises `LimitExceeded` when the disk is full, `StudioError` when the file reads back shorter, `ValueError` for blocks of the wrong shape.
    """

    def __init__(self, path: str | os.PathLike[str], *, rate: int, channels: int = 2, bits: int = 24, metadata: dict[str, str] | None = None) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in FORMATS or channels not in _LAYOUTS or bits not in BITS or not 1000 <= rate <= 384_000:
            raise ValueError(f"a sound is a .flac or .wav of 1 or 2 channels, 16 or 24 bits, 1000 to 384000 Hz, not {self.path.suffix} {channels} {bits} {rate}")
        self.rate, self.channels, self.bits, self.samples = rate, channels, bits, 0
        self._metadata = dict(metadata or {})
        self._noise = np.random.default_rng(0)
        self._temporary = self.path.with_name(f".{secrets.token_hex(8)}.part")
        self._container: OutputContainer | None = None
        self._stream: AudioStream | None = None
        self._closed = False

    def write(self, block: np.ndarray) -> None:
        """Append samples: (n, channels) float, or (n,) when there is one. What is beyond -1..1 is clipped, what is not a number is silence."""
        table = block[:, None] if block.ndim == 1 else block
        if self._closed or table.ndim != 2 or table.shape[1] != self.channels:
            raise ValueError("the sound is already closed" if self._closed else f"a block is (n, {self.channels}), not {block.shape}")
        try:
            if self._container is None:
                self._open()
            for start in range(0, len(table), _AT_ONCE):
                self._encode(table[start : start + _AT_ONCE])
        except BaseException as error:
            self.abort()
            raise as_disk_error(error, self.path) if isinstance(error, OSError) else error from None

    def close(self) -> Path:
        """Finish, check and publish the file. Leaving the `with` block does this."""
        if self._closed:
            return self.path
        try:
            if self._container is None:
                self._open()
            assert self._container is not None and self._stream is not None
            self._container.mux(self._stream.encode(None))
            container, self._container = self._container, None
            container.close()
            with open(self._temporary, "rb") as file:
                os.fsync(file.fileno())
            self._verify()
            os.replace(self._temporary, self.path)
            sync_folder(self.path.parent)
        except BaseException as error:
            self.abort()
            raise as_disk_error(error, self.path) if isinstance(error, OSError) else error from None
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

    def __enter__(self) -> SoundWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        kind = self.path.suffix.lower()[1:]
        # `file:` keeps FFmpeg from reading a protocol into the name.
        self._container = av.open(f"file:{self._temporary}", "w", format=kind)
        self._container.metadata.update(self._metadata)
        codec = "flac" if kind == "flac" else f"pcm_s{self.bits}le"
        stream = self._container.add_stream(codec, rate=self.rate, layout=_LAYOUTS[self.channels])
        assert isinstance(stream, AudioStream)
        # 24 bits travel in the upper part of 32.
        stream.codec_context.format = "s16" if self.bits == 16 else "s32"  # type: ignore[assignment]
        stream.codec_context.time_base = Fraction(1, self.rate)
        self._stream = stream
        # The header is there even when no sample follows.
        self._container.start_encoding()

    def _encode(self, table: np.ndarray) -> None:
        assert self._container is not None and self._stream is not None
        top = 2 ** (self.bits - 1)
        # A sum is finite only when all of it is, and is made in a tenth of the time.
        wide = table.astype(np.float64) if np.isfinite(table.sum()) else np.nan_to_num(table.astype(np.float64), nan=0.0, posinf=1.0, neginf=-1.0)
        wide *= top
        if self.bits == 16:
            dither = self._noise.random(wide.shape) - self._noise.random(wide.shape)
            # Silence stays silence.
            wide += np.where(wide.any(axis=1, keepdims=True), dither, 0.0)
        whole = np.clip(np.rint(wide), -top, top - 1).astype(np.int32)
        data = whole.astype(np.int16) if self.bits == 16 else whole << 8
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(data).reshape(1, -1), format="s16" if self.bits == 16 else "s32", layout=_LAYOUTS[self.channels])
        frame.sample_rate, frame.pts, frame.time_base = self.rate, self.samples, Fraction(1, self.rate)
        self._container.mux(self._stream.encode(frame))
        self.samples += len(table)

    def _verify(self) -> None:
        """All samples are there. A faulty file is never published."""
        with av.open(f"file:{self._temporary}", "r", format=self.path.suffix.lower()[1:]) as check:
            found = sum(packet.duration or 0 for packet in check.demux(check.streams.audio[0])) if self.samples else 0
        if found != self.samples:
            usage = os.statvfs(self.path.parent)
            if usage.f_bavail * usage.f_frsize < 1 << 20:
                raise disk_full(self.path)
            raise StudioError(f"{self.path.name} was not written correctly", why="reading it back gave another length", fix="run again")
