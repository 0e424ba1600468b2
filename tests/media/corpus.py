"""Media made by code, with known truths: what the tests of reading and writing use instead of files from somewhere."""

from __future__ import annotations

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 180, 40), (40, 50, 210), (230, 230, 230)


def quadrants(height: int = 48, width: int = 80) -> np.ndarray:
    """(H, W, 3): red, green / blue, white. No two of its eight turns are alike, whatever its size."""
    picture = np.empty((height, width, 3), np.uint8)
    h, w = height // 2, width // 2
    picture[:h, :w], picture[:h, w:], picture[h:, :w], picture[h:, w:] = RED, GREEN, BLUE, WHITE
    return picture


def grey_levels(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Flat frames whose grey says their number: frame i has level 16 + i * 200 / count."""
    return [np.full((height, width, 3), level_of(i, count), np.uint8) for i in range(count)]


def level_of(index: int, count: int) -> int:
    """The grey of frame `index` of `grey_levels(count)`."""
    return round(16 + index * 200 / count)


def make_clip(
    path: Path,
    frames: list[np.ndarray],
    *,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    source_format: str = "rgb24",
    fps: Fraction | int = 24,
    times: list[float] | None = None,
    tags: tuple[int, int, int, int] = (1, 1, 1, 1),
    options: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    sound: np.ndarray | None = None,
    sound_rate: int = 48000,
) -> Path:
    """Encode frames. times: seconds of each frame (variable rate). tags: matrix, primaries, transfer, range, as H.273 numbers."""
    matrix, primaries, transfer, colour_range = tags
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=fps, options=options if options is not None else {"crf": "4", "preset": "veryfast"})
        height, width = frames[0].shape[:2]
        stream.width, stream.height, stream.pix_fmt = width, height, pix_fmt
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = matrix, primaries, transfer, colour_range
        if aspect is not None:
            context.sample_aspect_ratio = aspect
        unit = Fraction(1, 1000) if times else 1 / Fraction(fps)
        context.time_base = unit
        voice = container.add_stream("aac", rate=sound_rate, layout="mono") if sound is not None else None
        for index, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(picture, format=source_format)
            if frame.format.name != pix_fmt:
                swscale = {1: 1, 5: 5, 6: 5, 9: 9}.get(matrix, 5)
                frame = frame.reformat(format=pix_fmt, dst_colorspace=swscale, src_color_range=2, dst_color_range=colour_range)
            frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc = matrix, colour_range, primaries, transfer
            frame.pts, frame.time_base = (round(times[index] * 1000) if times else index), unit
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if voice is not None and sound is not None:
            block = av.AudioFrame.from_ndarray(sound[None].astype(np.float32), format="fltp", layout="mono")
            block.sample_rate, block.pts = sound_rate, 0
            container.mux(voice.encode(block))
            container.mux(voice.encode(None))
    return path


def make_planes(
    path: Path, planes: list[np.ndarray], *, pix_fmt: str, tags: tuple[int, int, int, int], count: int = 3, codec: str = "ffv1"
) -> Path:
    """A lossless clip of given sample values: one (H, W) array for each plane."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24)
        stream.height, stream.width = planes[0].shape
        stream.pix_fmt = pix_fmt
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = tags
        for index in range(count):
            frame = av.VideoFrame(stream.width, stream.height, pix_fmt)
            frame.colorspace, frame.color_primaries, frame.color_trc, frame.color_range = tags
            for plane, values in zip(frame.planes, planes, strict=True):
                rows = np.zeros((plane.height, plane.line_size // values.itemsize), values.dtype)
                rows[:, : values.shape[1]] = values
                plane.update(rows.tobytes())
            frame.pts = index
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def with_matrix(source: Path, target: Path, a: int, b: int, c: int, d: int) -> Path:
    """A copy of an MP4 whose first track has the display matrix [a b; c d] (14496-12, 8.3.2)."""
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 4 + 4 + 20 + 16
    data[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    target.write_bytes(data)
    return target


def png_bytes(rows: np.ndarray, depth: int, colour_type: int, *, size: tuple[int, int] | None = None, extra: bytes = b"") -> bytes:
    """A PNG from raw row bytes (H, N) uint8. `size` (width, height) may lie in the header; `extra` are chunks before the pixels."""
    height, samples = rows.shape
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour_type]
    width = samples * 8 // (depth * channels)
    header = struct.pack(">IIBBBBB", *(size or (width, height)), depth, colour_type, 0, 0, 0)
    packed = zlib.compress(np.hstack([np.zeros((height, 1), np.uint8), rows]).tobytes())
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + extra + png_chunk(b"IDAT", packed) + png_chunk(b"IEND", b"")


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def icc_profile(gamma: float) -> bytes:
    """A minimal ICC v2 display profile: sRGB's primaries (D50) with a plain gamma."""

    def fixed(value: float) -> bytes:
        return struct.pack(">i", round(value * 65536))

    def xyz(x: float, y: float, z: float) -> bytes:
        return b"XYZ \0\0\0\0" + fixed(x) + fixed(y) + fixed(z)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    name = b"test"
    description = b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name + b"\0" + b"\0" * 80
    tags = {
        b"desc": description,
        b"cprt": b"text\0\0\0\0none\0\0\0\0",
        b"wtpt": xyz(0.9642, 1.0, 0.8249),
        b"rXYZ": xyz(0.4360, 0.2225, 0.0139),
        b"gXYZ": xyz(0.3851, 0.7169, 0.0971),
        b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
        b"rTRC": curve,
        b"gTRC": curve,
        b"bTRC": curve,
    }
    table, body = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for kind, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += kind + struct.pack(">II", start + len(body), len(content))
        body += content
    size = start + len(body)
    header = struct.pack(">I4sI4s4s4s", size, b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ") + b"\0" * 12 + b"acsp" + b"\0" * 28
    header += fixed(0.9642) + fixed(1.0) + fixed(0.8249)
    return header.ljust(128, b"\0") + table + body


def make_wav(path: Path, samples: np.ndarray, rate: int) -> Path:
    """A WAV of (N,) or (N, C) samples: float32, int16 or uint8."""
    samples = samples[:, None] if samples.ndim == 1 else samples
    bits, channels = samples.itemsize * 8, samples.shape[1]
    kind = 3 if samples.dtype.kind == "f" else 1
    body = samples.tobytes()
    form = struct.pack("<HHIIHH", kind, channels, rate, rate * channels * bits // 8, channels * bits // 8, bits)
    path.write_bytes(
        b"RIFF"
        + struct.pack("<I", 36 + len(body))
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + form
        + b"data"
        + struct.pack("<I", len(body))
        + body
    )
    return path


def sine(seconds: float, rate: int, hertz: float = 440.0, peak: float = 0.5) -> np.ndarray:
    """(N,) float32."""
    return (peak * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)
