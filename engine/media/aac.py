"""The sound of clips: samples on their way into AAC, beside the pictures."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer

from engine.errors import InvalidInput

AAC_BITS = 96_000
"""Bits a second and channel of sound in clips."""
AAC_FRAME = 1024
"""Samples that are encoded together."""
_AAC_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000)
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}


class Windows(Protocol):
    """A sound that is read as it is needed, so that memory stays flat: shape is (samples, channels), a slice from number to number gives (n, C) float32, fewer at the end."""

    @property
    def shape(self) -> tuple[int, int]: ...

    def __getitem__(self, part: slice) -> np.ndarray: ...


class SoundTrack:
    """Samples on their way into AAC, cut or padded to the pictures' length. coder: FFmpeg's `aac_coder`."""

    def __init__(self, samples: np.ndarray | Windows, rate: int, *, coder: str = "twoloop") -> None:
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
        self._samples, self._layout, self._sent, self._coder = samples, _LAYOUTS[samples.shape[1]], 0, coder
        self._stream: AudioStream | None = None

    def attach(self, container: OutputContainer) -> None:
        """Add the AAC stream to a container that has not started yet."""
        self._stream = container.add_stream("aac", rate=self.rate, layout=self._layout, options={"aac_coder": self._coder})
        self._stream.bit_rate = AAC_BITS * min(self._samples.shape[1], 6)
        self._stream.codec_context.time_base = Fraction(1, self.rate)

    def packets(self, *, until: Fraction, last: bool = False) -> Iterator[Any]:
        """Encoded packets up to `until` seconds; with `last`, all of them, the remainder filled with silence."""
        assert self._stream is not None
        end = round(until * self.rate)
        while self._sent + (AAC_FRAME if not last else 1) <= end:
            size = min(AAC_FRAME, end - self._sent)
            block = np.zeros((self._samples.shape[1], size), np.float32)
            part = self._samples[self._sent : self._sent + size]
            block[:, : len(part)] = np.clip(np.nan_to_num(part.T), -1.0, 1.0)
            frame = AudioFrame.from_ndarray(block, format="fltp", layout=self._layout)
            frame.sample_rate, frame.pts, frame.time_base = self.rate, self._sent, Fraction(1, self.rate)
            self._sent += size
            yield from self._stream.encode(frame)
        if last:
            yield from self._stream.encode(None)
