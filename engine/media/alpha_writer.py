"""Clips with transparency: ProRes 4444 in QuickTime for editors, VP9 with alpha in WebM for the web."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation

from engine.media.disk import badly_written
from engine.media.writer import ClipWriter

AlphaCodec = Literal["prores", "vp9"]

SUFFIXES: dict[AlphaCodec, str] = {"prores": ".mov", "vp9": ".webm"}
"""The ending of the file that each kind is written to."""

ALPHA_ERROR: dict[AlphaCodec, float] = {"prores": 0.6, "vp9": 4.0}
"""Largest mean difference, in levels of 255, between the alpha that was written and the one that is read back: ProRes keeps alpha as it is, VP9 is lossy."""

_BT709 = 1
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP


class AlphaWriter(ClipWriter):
    """A context manager that writes one clip of pictures with straight alpha; it appears under its name only when whole, as with `ClipWriter`.

    path: ends in .mov (prores) or .webm (vp9). Before the clip is published its number of frames is counted and the alpha of the first frame that is
    neither all clear nor all solid is read back and compared. Raises `StudioError` when they differ, `LimitExceeded` when the disk is full, `ValueError` for wrong frames.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | Fraction, codec: AlphaCodec = "prores") -> None:
        super().__init__(path, fps=fps)
        if self.path.suffix.lower() != SUFFIXES[codec]:
            raise ValueError(f"{codec} is written to a file that ends in {SUFFIXES[codec]}, not {self.path.suffix or 'nothing'}")
        self.codec: AlphaCodec = codec
        self._sample: tuple[int, np.ndarray] | None = None

    def write(self, frame: np.ndarray) -> None:
        """Append one picture: (H, W, 4) uint8 sRGB with straight alpha. The first one decides the size, odd ones included."""
        if self._closed:
            raise ValueError("the clip is already closed")
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 4 or 0 in frame.shape:
            raise ValueError(f"a picture with alpha is (H, W, 4) uint8, not {frame.shape} {frame.dtype}")
        size = frame.shape[1], frame.shape[0]
        if self._size is None:
            self._size = size
            self._guarded(self._open)
        elif self._size != size:
            raise ValueError(f"frame {self.frames} is {size[0]}x{size[1]} but the clip is {self._size[0]}x{self._size[1]}")
        if self._sample is None or self._sample[1].min() == self._sample[1].max():
            self._sample = self.frames, frame[..., 3].copy()
        self._guarded(lambda: self._encode(np.ascontiguousarray(frame)))

    def _open(self) -> None:
        assert self._size is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(f"file:{self._temporary}", "w", format="mov" if self.codec == "prores" else "webm")
        if self.codec == "prores":
            stream = self._container.add_stream("prores_ks", rate=self.fps, options={"profile": "4444", "alpha_bits": "16", "vendor": "apl0"})
            stream.pix_fmt = "yuva444p10le"
        else:
            # Alternate reference frames cannot carry alpha in FFmpeg's encoder.
            options = {"crf": "22", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1", "auto-alt-ref": "0"}
            stream = self._container.add_stream("libvpx-vp9", rate=self.fps, options=options)
            stream.pix_fmt = "yuva420p"
            stream.metadata["alpha_mode"] = "1"
        stream.width, stream.height = self._size
        context = stream.codec_context
        context.time_base = 1 / self.fps
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        self._video = stream

    def _encode(self, frame: np.ndarray) -> None:
        assert self._container is not None and self._video is not None
        picture = self._reformatter.reformat(
            VideoFrame.from_ndarray(frame, format="rgba"), format=self._video.pix_fmt, dst_colorspace=_BT709,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG, interpolation=_EXACT,
        )  # fmt: skip
        picture.pts, picture.time_base = self.frames, 1 / self.fps
        picture.colorspace, picture.color_range = _BT709, ColorRange.MPEG
        self._container.mux(self._video.encode(picture))
        self.frames += 1

    def _verify(self) -> None:
        assert self._sample is not None
        place, wanted = self._sample
        read: np.ndarray | None = None
        with av.open(f"file:{self._temporary}", "r", format="mov" if self.codec == "prores" else "webm") as check:
            stream = check.streams.video[0]
            # FFmpeg's own VP9 decoder drops alpha; libvpx gives it.
            decoder = av.CodecContext.create("libvpx-vp9" if self.codec == "vp9" else "prores", "r")
            decoder.extradata = stream.codec_context.extradata
            count = decoded = 0
            for packet in check.demux(stream):
                count += packet.pts is not None
                if read is not None:
                    continue
                for picture in decoder.decode(packet if packet.size else None):
                    if decoded == place:
                        read = alpha_of(picture)
                    decoded += 1
        error = np.inf if read is None or read.shape != wanted.shape else float(np.abs(read.astype(np.int16) - wanted).mean())
        if count != self.frames or error > ALPHA_ERROR[self.codec]:
            raise badly_written(self.path, "its transparency reads back differently", fix="run again, or choose the other kind of export")


def alpha_of(picture: VideoFrame) -> np.ndarray:
    """(H, W) uint8 alpha of a decoded frame; 255 everywhere when its format has none."""
    if not any(component.is_alpha for component in picture.format.components):
        return np.full((picture.height, picture.width), 255, np.uint8)
    plane = picture.planes[3]
    bits = picture.format.components[3].bits
    kind = np.dtype("<u2") if bits > 8 else np.dtype(np.uint8)
    rows = np.frombuffer(memoryview(plane), kind).reshape(picture.height, plane.line_size // kind.itemsize)[:, : picture.width]
    return np.rint(rows.astype(np.float32) * (255.0 / (2**bits - 1))).astype(np.uint8) if bits > 8 else rows.copy()
