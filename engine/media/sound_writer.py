"""The writer of sounds: float32 blocks in, a FLAC or WAV file out that appears only when it is whole. Memory does not grow with its length.

Lossless and mono or stereo only; sound inside clips is the business of `engine.media.writer`.
"""

from __future__ import annotations

import os
from fractions import Fraction

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from engine.media.disk import badly_written
from engine.media.output import Output

FORMATS = (".flac", ".wav")
BITS = (16, 24)
_LAYOUTS = {1: "mono", 2: "stereo"}
_AT_ONCE = 1 << 15
"""Samples that are handed to the encoder at once."""


class SoundWriter(Output):
    """A context manager that writes one sound.

    path: ends in .flac or .wav; an existing file is replaced at the end. rate: Hz; channels: 1 or 2; bits: 24, or 16 with triangular dither (the same noise for
    the same sound). Leaving the `with` block finishes the file; any exception, `Cancelled` too, removes what was written.
    Raises `LimitExceeded` when the disk is full, `StudioError` when the file reads back shorter, `ValueError` for blocks of the wrong shape.
    """

    def __init__(self, path: str | os.PathLike[str], *, rate: int, channels: int = 2, bits: int = 24, metadata: dict[str, str] | None = None) -> None:
        super().__init__(path)
        if self.path.suffix.lower() not in FORMATS or channels not in _LAYOUTS or bits not in BITS or not 1000 <= rate <= 384_000:
            raise ValueError(f"a sound is a .flac or .wav of 1 or 2 channels, 16 or 24 bits, 1000 to 384000 Hz, not {self.path.suffix} {channels} {bits} {rate}")
        self.rate, self.channels, self.bits, self.samples = rate, channels, bits, 0
        self._metadata = dict(metadata or {})
        self._noise = np.random.default_rng(0)
        self._stream: AudioStream | None = None

    def write(self, block: np.ndarray) -> None:
        """Append samples: (n, channels) float, or (n,) when there is one. What is beyond -1..1 is clipped, what is not a number is silence."""
        table = block[:, None] if block.ndim == 1 else block
        if self._closed or table.ndim != 2 or table.shape[1] != self.channels:
            raise ValueError("the sound is already closed" if self._closed else f"a block is (n, {self.channels}), not {block.shape}")
        self._guarded(lambda: self._append(table))

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

    def _append(self, table: np.ndarray) -> None:
        if self._container is None:
            self._open()
        for start in range(0, len(table), _AT_ONCE):
            self._encode(table[start : start + _AT_ONCE])

    def _finish(self) -> None:
        if self._container is None:
            self._open()
        assert self._container is not None and self._stream is not None
        self._container.mux(self._stream.encode(None))

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
        """All samples are there."""
        with av.open(f"file:{self._temporary}", "r", format=self.path.suffix.lower()[1:]) as check:
            found = sum(packet.duration or 0 for packet in check.demux(check.streams.audio[0])) if self.samples else 0
        if found != self.samples:
            raise badly_written(self.path, "reading it back gave another length")
