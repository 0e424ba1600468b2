"""Masks as a clip: lossless FFV1 (RFC 9043), one grey level a subject, the source's own size and rate."""

from __future__ import annotations

import os
import zlib
from fractions import Fraction

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange

from engine.media.disk import badly_written
from engine.media.writer import ClipWriter

CHECKED = 24
"""Frames that are decoded and compared, spread over the clip, before it is published; every slice of the others carries its own CRC."""


def levels(count: int) -> np.ndarray:
    """(count + 1,) uint8: the grey level of each label, 0 for nobody, round(255 k / count) for subject k. `levels(n)[labels]` is what `MaskWriter` writes."""
    if not 0 <= count <= 255:
        raise ValueError(f"a mask clip holds 0 to 255 subjects, not {count}")
    return np.array([0, *(int(255 * k / count + 0.5) for k in range(1, count + 1))], np.uint8)


class MaskWriter(ClipWriter):
    """A context manager that writes grey pictures to the bit, in Matroska (.mkv); published only when whole and read back, as with `ClipWriter`.

    Raises `StudioError` when reading back gives other pictures, `LimitExceeded` when the disk is full, `ValueError` for wrong frames.
    """

    def __init__(self, path: str | os.PathLike[str], fps: float | Fraction) -> None:
        super().__init__(path, fps=fps)
        if self.path.suffix.lower() != ".mkv":
            raise ValueError(f"masks are written to a file that ends in .mkv, not {self.path.suffix or 'nothing'}")
        self._sums: list[int] = []

    def write(self, frame: np.ndarray) -> None:
        """Append one picture: (H, W) uint8. The first one decides the size, odd ones included."""
        if self._closed:
            raise ValueError("the clip is already closed")
        if frame.dtype != np.uint8 or frame.ndim != 2 or 0 in frame.shape:
            raise ValueError(f"a mask is (H, W) uint8, not {frame.shape} {frame.dtype}")
        size = frame.shape[1], frame.shape[0]
        if self._size is None:
            self._size = size
            self._guarded(self._open)
        elif self._size != size:
            raise ValueError(f"mask {self.frames} is {size[0]}x{size[1]} but the clip is {self._size[0]}x{self._size[1]}")
        frame = np.ascontiguousarray(frame)
        self._sums.append(zlib.crc32(frame.data))
        self._guarded(lambda: self._encode(frame))

    def _open(self) -> None:
        assert self._size is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._container = av.open(f"file:{self._temporary}", "w", format="matroska")
        # Every frame stands alone (g=1), so that any can be sought.
        stream = self._container.add_stream("ffv1", rate=self.fps, options={"level": "3", "g": "1", "slicecrc": "1", "slices": "4"})
        stream.width, stream.height = self._size
        stream.pix_fmt = "gray"
        stream.codec_context.time_base = 1 / self.fps
        stream.codec_context.color_range = ColorRange.JPEG
        self._video = stream

    def _encode(self, frame: np.ndarray) -> None:
        assert self._container is not None and self._video is not None
        picture = VideoFrame.from_ndarray(frame, format="gray")
        picture.pts, picture.time_base, picture.color_range = self.frames, 1 / self.fps, ColorRange.JPEG
        self._container.mux(self._video.encode(picture))
        self.frames += 1

    def _verify(self) -> None:
        asked = set(np.linspace(0, self.frames - 1, min(CHECKED, self.frames)).round().astype(int).tolist())
        count, same = 0, True
        with av.open(f"file:{self._temporary}", "r", format="matroska") as check:
            for packet in check.demux(check.streams.video[0]):
                if packet.pts is None:
                    continue
                if count in asked:
                    pictures = packet.decode()
                    same = same and len(pictures) == 1 and zlib.crc32(np.ascontiguousarray(pictures[0].to_ndarray()).data) == self._sums[count]
                count += 1
        if count != self.frames or not same:
            raise badly_written(self.path, "reading it back gave other masks")
