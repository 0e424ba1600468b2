"""From any pixel format, matrix, range and transfer to 8-bit sRGB, frame by frame. Runs in the decoder's child process.

Ordinary video goes through swscale with the right matrix and range. High dynamic range and wide gamut go through a 3-D table
(64 nodes a side, tetrahedral interpolation, 16 bits) that is computed once per clip: curve, tone map, gamut and encoding in one step.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from engine.media.srgb import from_light, to_light

# AVColorPrimaries, AVColorTransferCharacteristic, AVColorSpace, AVColorRange: numbers of ITU-T H.273.
BT2020_PRIMARIES, P3_PRIMARIES = 9, (11, 12)
PQ, HLG = 16, 18
_FULL_RANGE, _LIMITED_RANGE = 2, 1
# H.273 matrix -> swscale's number of the same matrix.
_MATRICES = {1: 1, 4: 4, 5: 5, 6: 5, 7: 7, 9: 9, 10: 9}
_EXACT = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT

SDR_WHITE = 203.0
"""Nits of diffuse white in HDR (ITU-R BT.2408-7, section 2.2): it becomes the white of the screen."""
_HLG_PEAK = 1000.0
_NODES_LEVEL = 8

# Linear RGB to CIE XYZ (D65), from the primaries in BT.2020, SMPTE EG 432-1 and BT.709.
_TO_XYZ = {
    "bt2020": np.array([[0.6369580, 0.1446169, 0.1688810], [0.2627002, 0.6779981, 0.0593017], [0.0, 0.0280727, 1.0609851]]),
    "p3": np.array([[0.4865709, 0.2656677, 0.1982173], [0.2289746, 0.6917385, 0.0792869], [0.0, 0.0451134, 1.0439444]]),
    "bt709": np.array([[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]),
}


@dataclass(frozen=True)
class ColourTags:
    """What a frame says of its colours. hdr: "", "pq" or "hlg"; gamut: bt709, p3 or bt2020; peak: nits of the brightest highlight."""

    hdr: str
    gamut: str
    peak: float

    @property
    def needs_table(self) -> bool:
        """True when swscale alone would give wrong colours."""
        return bool(self.hdr) or self.gamut != "bt709"


def read_tags(frame: VideoFrame) -> ColourTags:
    """The tags of a decoded frame."""
    hdr = {PQ: "pq", HLG: "hlg"}.get(int(frame.color_trc), "")
    primaries = int(frame.color_primaries)
    gamut = "p3" if primaries in P3_PRIMARIES else "bt2020" if primaries == BT2020_PRIMARIES or hdr else "bt709"
    return ColourTags(hdr, gamut, _peak(frame) if hdr == "pq" else _HLG_PEAK)


def side_data(frame: VideoFrame, kind: Type) -> bytes:
    """The frame's side data of that kind; empty when it has none."""
    for side in cast("Any", frame.side_data):
        if side.type == kind:
            return bytes(side)
    return b""


def _peak(frame: VideoFrame) -> float:
    """Nits: MaxCLL, else the mastering display's, else 1000."""
    peak = 0.0
    with contextlib.suppress(struct.error, ZeroDivisionError):
        top, bottom = struct.unpack_from("=ii", side_data(frame, Type.MASTERING_DISPLAY_METADATA), 72)
        peak = top / bottom
    with contextlib.suppress(struct.error):
        peak = float(struct.unpack_from("=I", side_data(frame, Type.CONTENT_LIGHT_LEVEL))[0]) or peak
    return float(np.clip(peak, SDR_WHITE, 10_000.0)) if peak else 1000.0


class ToSrgb:
    """Converts the frames of one clip to (height, width, 3 or 4) uint8 sRGB at a fixed size (before any turn)."""

    def __init__(self, first: VideoFrame, width: int, height: int, *, alpha: bool) -> None:
        self._width, self._height, self._alpha = width, height, alpha
        tags = read_tags(first)
        self._table = _Table(tags, width, height) if tags.needs_table and not alpha else None
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """The converted frame. Frames may differ in size and pixel format from the first one."""
        if self._table is not None:
            return self._table(self._reformat(frame, "rgb48le")).to_ndarray(format="rgb24")
        # Planar: with exact chroma swscale is three times as quick there, and numpy interleaves quicker than swscale.
        return self._reformat(frame, "rgba" if self._alpha else "gbrp").to_ndarray()

    def _reformat(self, frame: VideoFrame, target: str) -> VideoFrame:
        name = frame.format.name
        full = int(frame.color_range) == _FULL_RANGE or name.startswith("yuvj")
        matrix = _MATRICES.get(int(frame.colorspace))
        if matrix is None:
            # Untagged: what players assume, HD is BT.709 and anything smaller is BT.601.
            matrix = 1 if frame.height > 576 or frame.width > 1024 else 5
        return self._reformatter.reformat(
            frame,
            width=self._width,
            height=self._height,
            format=target,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=_FULL_RANGE if full or _is_rgb(frame) else _LIMITED_RANGE,
            dst_color_range=_FULL_RANGE,
            interpolation=_EXACT,
        )


def _is_rgb(frame: VideoFrame) -> bool:
    return frame.format.is_rgb or frame.format.name.startswith(("gbr", "pal8", "mono"))


class _Table:
    """The 3-D table as a filter graph: FFmpeg's haldclut, fed with our table as its second picture."""

    def __init__(self, tags: ColourTags, width: int, height: int) -> None:
        side = _NODES_LEVEL**3
        self._graph = Graph()
        self._input = self._graph.add("buffer", f"video_size={width}x{height}:pix_fmt=rgb48le:time_base=1/1000")
        clut = self._graph.add("buffer", f"video_size={side}x{side}:pix_fmt=rgb48le:time_base=1/1000")
        look_up = self._graph.add("haldclut", "interp=tetrahedral:clut=first")
        self._output = self._graph.add("buffersink")
        self._input.link_to(look_up, 0, 0)
        clut.link_to(look_up, 0, 1)
        look_up.link_to(self._output)
        self._graph.configure()
        picture = VideoFrame.from_ndarray(table(tags), format="rgb48le")
        picture.pts, picture.time_base = 0, Fraction(1, 1000)
        clut.push(picture)
        clut.push(None)
        self._count = 0

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        frame.pts, frame.time_base = self._count, Fraction(1, 1000)
        self._count += 1
        self._input.push(frame)
        while True:
            # The graph asks once more for the table's end before it answers.
            with contextlib.suppress(av.BlockingIOError):
                return self._output.pull()  # type: ignore[return-value]


def table(tags: ColourTags) -> np.ndarray:
    """(512, 512, 3) uint16: the Hald picture of the whole conversion, red fastest, 64 nodes a channel."""
    nodes = np.linspace(0.0, 1.0, _NODES_LEVEL**2)
    blue, green, red = np.meshgrid(nodes, nodes, nodes, indexing="ij")
    encoded = np.stack([red, green, blue], -1).reshape(_NODES_LEVEL**3, _NODES_LEVEL**3, 3)
    return np.rint(to_srgb(encoded, tags) * 65535.0).astype(np.uint16)


def to_srgb(encoded: np.ndarray, tags: ColourTags) -> np.ndarray:
    """(..., 3) sRGB in 0..1 from encoded RGB in 0..1 of the given transfer and primaries."""
    if tags.hdr == "pq":
        light = pq_to_nits(encoded)
    elif tags.hdr == "hlg":
        light = _hlg_to_nits(encoded)
    else:
        # Standard range, wide gamut: the code values are display values, as everywhere in 8-bit video.
        light = to_light(encoded)
    light = _into_gamut(light @ (np.linalg.inv(_TO_XYZ["bt709"]) @ _TO_XYZ[tags.gamut]).T)
    return from_light(np.clip(_tone_mapped(light, tags.peak) if tags.hdr else light, 0.0, 1.0))


def pq_to_nits(encoded: np.ndarray) -> np.ndarray:
    """Display light in nits (0..10000) of a PQ signal in 0..1. SMPTE ST 2084, eq. 4.1."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = np.clip(encoded, 0.0, 1.0) ** (1 / m2)
    return 10_000.0 * (np.maximum(power - c1, 0.0) / (c2 - c3 * power)) ** (1 / m1)


def nits_to_pq(nits: np.ndarray) -> np.ndarray:
    """PQ signal in 0..1 of display light in nits. SMPTE ST 2084, eq. 5.2."""
    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
    power = (np.maximum(nits, 0.0) / 10_000.0) ** m1
    return ((c1 + c2 * power) / (1 + c3 * power)) ** m2


def _hlg_to_nits(encoded: np.ndarray) -> np.ndarray:
    """Display light on a 1000-nit screen. ITU-R BT.2100-2, table 5: inverse OETF, then the OOTF with gamma 1.2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(encoded <= 0.5, encoded**2 / 3.0, (np.exp((encoded - c) / a) + b) / 12.0)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return _HLG_PEAK * luminance[..., None] ** 0.2 * scene


def _tone_mapped(nits: np.ndarray, peak: float) -> np.ndarray:
    """Light relative to screen white. ITU-R BT.2390-8, section 5.4.1 (EETF), on max(R, G, B) so that no channel clips and hue stays.

    Below the knee (about 90 nits for a 1000-nit source) light is unchanged; above it a Hermite spline ends at screen white.
    """
    brightest = np.minimum(nits.max(-1), peak)
    top = float(nits_to_pq(np.array(peak)))
    target = float(nits_to_pq(np.array(SDR_WHITE))) / top
    knee = 1.5 * target - 0.5
    signal = nits_to_pq(brightest) / top
    if target < 1.0:
        t = np.clip((signal - knee) / (1.0 - knee), 0.0, 1.0)
        spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * target
        signal = np.where(signal > knee, spline, signal)
    mapped = pq_to_nits(signal * top)
    return nits * (mapped / np.maximum(nits.max(-1), 1e-9))[..., None] / SDR_WHITE


def _into_gamut(light: np.ndarray) -> np.ndarray:
    """Colours that BT.709 cannot show have a negative channel: they move towards the grey of their own luminance until none is left."""
    grey = np.maximum(light @ _TO_XYZ["bt709"][1], 0.0)[..., None]
    low = light.min(-1, keepdims=True)
    return grey + (light - grey) * np.where(low < 0, grey / np.maximum(grey - low, 1e-12), 1.0)
