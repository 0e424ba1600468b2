"""Clips: upright, square, true to time, true in colour, whatever the container, the tags and the damage."""

from __future__ import annotations

import os
import signal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.errors import InvalidInput, LimitExceeded, UnreadableMedia
from engine.media.probe import probe
from engine.media.video import VideoReader, open_video
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()
BT709, BT601, LIMITED, FULL = 1, 6, 1, 2


def read(path: Path, **options: object) -> tuple[list[np.ndarray], VideoReader]:
    with open_video(path, SETTINGS, **options) as reader:  # type: ignore[arg-type]
        return list(reader), reader


def greys(frames: list[np.ndarray]) -> list[int]:
    return [int(round(float(f[8:-8, 8:-8].mean()))) for f in frames]


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return corpus.make_clip(tmp_path_factory.mktemp("turn") / "a.mp4", [corpus.quadrants(48, 80)] * 3)


@pytest.mark.parametrize(
    ("matrix", "turn"),
    [
        ((1, 0, 0, 1), lambda p: p),
        ((0, 1, -1, 0), lambda p: np.rot90(p, -1)),
        ((-1, 0, 0, -1), lambda p: np.rot90(p, 2)),
        ((0, -1, 1, 0), lambda p: np.rot90(p, 1)),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), lambda p: p.swapaxes(0, 1)),
        ((0, -1, -1, 0), lambda p: np.rot90(p.swapaxes(0, 1), 2)),
    ],
)
def test_display_matrix_turns_the_picture(tmp_path: Path, upright: Path, matrix: tuple[int, int, int, int], turn: object) -> None:
    path = corpus.with_matrix(upright, tmp_path / "turned.mp4", *matrix)
    truth = turn(corpus.quadrants(48, 80))  # type: ignore[operator]
    frames, reader = read(path)
    assert frames[0].shape == truth.shape and (reader.height, reader.width) == truth.shape[:2]
    # Unturned, three of the four quadrants have another colour: a mean error above 60 levels.
    assert np.abs(frames[0].astype(int) - truth).mean() < 4
    facts = probe(path, SETTINGS)
    stored = corpus.quadrants(48, 80)
    stored = np.fliplr(stored) if facts.flipped else stored
    assert np.array_equal(np.rot90(stored, -facts.rotation // 90), truth)


def test_constant_rate_passes_unchanged(tmp_path: Path) -> None:
    frames = corpus.grey_levels(20)
    for name, rate in (
        ("a.mp4", Fraction(24)),
        ("a.mkv", Fraction(30)),
        ("b.mp4", Fraction(30000, 1001)),
        ("a.avi", Fraction(25)),
        ("a.ts", Fraction(25)),
    ):
        path = corpus.make_clip(
            tmp_path / name, frames, fps=rate, codec="libx264" if name != "a.avi" else "mpeg4", options={} if name == "a.avi" else None
        )
        got, reader = read(path)
        assert reader.fps == rate and reader.count == 20 and not reader.facts.variable_rate, name
        assert np.abs(np.array(greys(got)) - [corpus.level_of(i, 20) for i in range(20)]).max() <= 3, name


def test_variable_rate_stays_in_step(tmp_path: Path) -> None:
    # One second at 30 frames a second, then two at 10: frame i must be seen at its own time.
    times = [i / 30 for i in range(30)] + [1 + i / 10 for i in range(20)]
    path = corpus.make_clip(tmp_path / "vfr.mkv", corpus.grey_levels(50), times=times, fps=30)
    facts = probe(path, SETTINGS)
    assert facts.variable_rate and facts.frame_count == 50 and abs(facts.duration - 3.0) < 0.08
    got, reader = read(path)
    assert reader.fps == 30
    shown = [int(np.argmin([abs(g - corpus.level_of(i, 50)) for i in range(50)])) for g in greys(got)]
    late = [k / 30 - times[i] for k, i in enumerate(shown)]
    # Playing the 50 frames at their mean rate puts them up to 0.8 s away from their times.
    assert min(late) >= -1 / 60 - 0.001 and max(late) <= 0.1 + 1 / 60
    slow, _ = read(path, fps=5)
    assert len(slow) == 15
    assert abs(greys(slow)[10] - corpus.level_of(40, 50)) <= 5


def test_rate_start_end_and_size_on_request(tmp_path: Path) -> None:
    path = corpus.make_clip(tmp_path / "a.mp4", corpus.grey_levels(48, 60, 120), options={"crf": "4", "g": "12"})
    part, reader = read(path, start=0.5, end=1.5, max_side=60)
    assert len(part) == 24 and part[0].shape == (30, 60, 3) and reader.duration == 1.0
    assert np.abs(np.array(greys(part)) - [corpus.level_of(i, 48) for i in range(12, 36)]).max() <= 3
    double, _ = read(path, fps=48)
    assert len(double) == 96 and greys(double)[20] == greys(double)[21]
    with pytest.raises(InvalidInput, match="after the start"):
        open_video(path, SETTINGS, start=2, end=1)
    with pytest.raises(InvalidInput, match="fps=0"):
        open_video(path, SETTINGS, fps=0)


@pytest.mark.parametrize(("matrix", "colour_range"), [(BT709, LIMITED), (BT709, FULL), (BT601, LIMITED), (BT601, FULL)])
def test_matrix_and_range_are_followed(tmp_path: Path, matrix: int, colour_range: int) -> None:
    red, green, blue = 0.8, 0.25, 0.4
    kr, kb = (0.2126, 0.0722) if matrix == BT709 else (0.299, 0.114)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    cb, cr = (blue - luma) / (2 - 2 * kb), (red - luma) / (2 - 2 * kr)
    scale = (219, 224, 16) if colour_range == LIMITED else (255, 255, 0)
    values = (scale[2] + scale[0] * luma, 128 + scale[1] * cb, 128 + scale[1] * cr)
    planes = [np.full((32, 32), round(v), np.uint8) for v in values]
    path = corpus.make_planes(tmp_path / "a.mkv", planes, pix_fmt="yuv444p", tags=(matrix, BT709, BT709, colour_range))
    got = read(path)[0][0][16, 16].astype(int)
    # The wrong matrix is off by about 20 levels, the wrong range by about 12.
    assert np.abs(got - np.rint([red * 255, green * 255, blue * 255])).max() <= 2


def test_ten_bits_are_read_as_eight(tmp_path: Path) -> None:
    ramp = np.linspace(64, 940, 64).round().astype(np.uint16)[None].repeat(32, 0)
    half = np.full((32, 64), 512, np.uint16)
    path = corpus.make_planes(tmp_path / "a.mkv", [ramp, half, half], pix_fmt="yuv444p10le", tags=(BT709, BT709, BT709, LIMITED))
    truth = np.rint((ramp[0] - 64.0) / 876 * 255)
    assert np.abs(read(path)[0][0][16, :, 1] - truth).max() <= 1
    facts = probe(path, SETTINGS)
    assert facts.bit_depth == 10 and facts.hdr == ""


def pq_code(nits: float) -> float:
    """ST 2084, written out a second time as the tests' own truth."""
    y = (nits / 10000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375


def srgb(linear: float) -> float:
    return 255 * (12.92 * linear if linear <= 0.0031308 else 1.055 * linear ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("nits", [0.0, 10.0, 80.0])
def test_pq_below_the_knee_keeps_its_light(tmp_path: Path, nits: float) -> None:
    code = round(64 + 876 * pq_code(nits))
    planes = [np.full((32, 32), code, np.uint16)] + [np.full((32, 32), 512, np.uint16)] * 2
    path = corpus.make_planes(tmp_path / "a.mkv", planes, pix_fmt="yuv444p10le", tags=(9, 9, 16, LIMITED))
    assert probe(path, SETTINGS).hdr == "pq"
    got = read(path)[0][0][16, 16].astype(int)
    # Shown without a tone map, 10 nits would be level 77 instead of 62, and 80 nits 124 instead of 166.
    assert np.abs(got - srgb(nits / 203)).max() <= 2


def test_pq_highlights_roll_off_and_white_is_white(tmp_path: Path) -> None:
    codes = (
        np.array([[round(64 + 876 * pq_code(n)) for n in (100, 203, 400, 700, 1000, 4000)]]).repeat(32, 0).repeat(8, 1).astype(np.uint16)
    )
    half = np.full_like(codes, 512)
    path = corpus.make_planes(tmp_path / "a.mkv", [codes, half, half], pix_fmt="yuv444p10le", tags=(9, 9, 16, LIMITED))
    levels = read(path)[0][0][16, 4::8, 1].astype(int)
    assert (np.diff(levels[:4]) > 2).all() and levels[4] >= 254 and levels[5] >= 254
    # BT.2390 puts diffuse white (203 nits) of a 1000-nit clip near 80 % of the screen's light.
    assert abs(levels[1] - srgb(0.80)) <= 4


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_keeps_hues(tmp_path: Path, transfer: int) -> None:
    # A red of BT.709 inside BT.2020, at 50 nits of luminance for PQ: the other two channels must come back dark.
    linear = np.array([0.6274, 0.0691, 0.0164]) * 0.35
    coded = (
        [pq_code(203 * c) for c in linear]
        if transfer == 16
        else [np.sqrt(3 * c) if c <= 1 / 12 else 0.17883277 * np.log(12 * c - 0.28466892) + 0.55991073 for c in linear * 0.5]
    )
    luma = 0.2627 * coded[0] + 0.6780 * coded[1] + 0.0593 * coded[2]
    values = (64 + 876 * luma, 512 + 896 * (coded[2] - luma) / 1.8814, 512 + 896 * (coded[0] - luma) / 1.4746)
    planes = [np.full((32, 32), round(v), np.uint16) for v in values]
    path = corpus.make_planes(tmp_path / "a.mkv", planes, pix_fmt="yuv444p10le", tags=(9, 9, transfer, LIMITED))
    red, green, blue = read(path)[0][0][16, 16].astype(int)
    # Without the change of primaries green would be about a third of red.
    assert red > 100 and green <= 0.16 * red and blue <= 0.16 * red


def test_pixel_formats_and_odd_sizes(tmp_path: Path) -> None:
    truth = corpus.quadrants(33, 51)
    for codec, pix_fmt, name in (
        ("ffv1", "bgr0", "a.mkv"),
        ("libx264", "yuv444p", "b.mp4"),
        ("png", "rgb24", "c.mov"),
        ("mjpeg", "yuvj444p", "d.avi"),
    ):
        path = corpus.make_clip(
            tmp_path / name,
            [truth] * 2,
            codec=codec,
            pix_fmt=pix_fmt,
            options={},
            tags=({"ffv1": 0, "mjpeg": 5}.get(codec, 1), 1, 1, 1 if codec == "libx264" else 2),
        )
        frame = read(path)[0][0]
        assert frame.shape == truth.shape, name
        assert np.abs(frame[5, 5].astype(int) - corpus.RED).max() <= 9 and np.abs(frame[-5, -5].astype(int) - corpus.WHITE).max() <= 9, name


def test_pixels_become_square(tmp_path: Path) -> None:
    path = corpus.make_clip(tmp_path / "a.mp4", [corpus.quadrants(48, 60)] * 2, aspect=Fraction(4, 3))
    frames, reader = read(path)
    assert frames[0].shape == (48, 80, 3) and probe(path, SETTINGS).width == 80


@pytest.mark.parametrize(("name", "codec", "pix_fmt"), [("a.webm", "libvpx-vp9", "yuva420p"), ("a.mov", "prores_ks", "yuva444p10le")])
def test_alpha_is_kept_or_laid_over_white(tmp_path: Path, name: str, codec: str, pix_fmt: str) -> None:
    rgba = np.dstack([corpus.quadrants(64, 64), np.full((64, 64), 255, np.uint8)])
    rgba[:32, :32, 3] = 0
    options = {"crf": "4", "b": "0"} if codec.startswith("libvpx") else {}
    path = corpus.make_clip(tmp_path / name, [rgba] * 3, codec=codec, pix_fmt=pix_fmt, source_format="rgba", options=options)
    kept = read(path, alpha="keep")[0][0]
    assert kept.shape == (64, 64, 4) and kept[8, 8, 3] <= 3 and kept[8, 50, 3] >= 252
    # FFmpeg's own VP9 decoder drops alpha: the corner would be red.
    assert read(path)[0][0][8, 8].min() >= 250


@pytest.mark.parametrize("ending", ["gif", "webp", "png"])
def test_animated_pictures_are_clips(tmp_path: Path, ending: str) -> None:
    frames = [Image.fromarray(f) for f in corpus.grey_levels(5)]
    path = tmp_path / f"a.{ending}"
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=[100, 100, 300, 100, 100], loop=0)
    got, reader = read(path)
    assert reader.fps == 10 and len(got) == 7 and reader.facts.variable_rate
    assert np.abs(np.array(greys(got)) - [corpus.level_of(i, 5) for i in (0, 1, 2, 2, 2, 3, 4)]).max() <= 3


def test_a_clip_that_was_cut_off_yields_what_is_there(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (72, 64, 96, 3), np.uint8)
    whole = corpus.make_clip(tmp_path / "whole.mp4", list(noise), options={"crf": "20", "g": "8", "movflags": "+faststart"})
    # `options` go to the encoder; the index is moved to the front as the studio's writer does.
    with av.open(str(whole)) as source, av.open(str(tmp_path / "front.mp4"), "w", options={"movflags": "+faststart"}) as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                output.mux(packet)
    data = (tmp_path / "front.mp4").read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(data[: len(data) // 2])
    got, reader = read(cut)
    assert 24 <= len(got) <= 42 and "3.0 s" in reader.note and "cut.mp4" in reader.note
    no_index = tmp_path / "no_index.mp4"
    no_index.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(UnreadableMedia, match="index is missing"):
        open_video(no_index, SETTINGS)


def test_bit_flips_never_hang_or_escape(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    noise = list(rng.integers(0, 256, (12, 48, 64, 3), np.uint8))
    data = corpus.make_clip(tmp_path / "a.mp4", noise, options={"crf": "20"}, sound=corpus.sine(0.5, 48000)).read_bytes()
    path = tmp_path / "b.mp4"
    for _ in range(10):
        flipped = bytearray(data)
        for at in rng.integers(8, len(data), 12):
            flipped[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(flipped)
        try:
            frames, reader = read(path)
            assert all(f.shape == (reader.height, reader.width, 3) for f in frames) and len(frames) <= reader.count
        except (UnreadableMedia, LimitExceeded) as error:
            assert "b.mp4" in error.line


def test_limits_on_pixels_and_seconds(tmp_path: Path) -> None:
    path = corpus.make_clip(tmp_path / "a.mp4", corpus.grey_levels(48, 64, 64))
    with pytest.raises(LimitExceeded, match="frames of 64x64"):
        probe(path, Settings(max_frame_pixels=4095))
    with pytest.raises(LimitExceeded, match="2 s long; at most 1 s"):
        open_video(path, Settings(max_video_seconds=1))


def test_a_sound_is_not_a_clip(tmp_path: Path) -> None:
    path = corpus.make_wav(tmp_path / "a.wav", corpus.sine(0.2, 8000), 8000)
    with pytest.raises(UnreadableMedia, match="sound but no pictures"):
        open_video(path, SETTINGS)


def test_leaving_early_ends_the_decoder(tmp_path: Path) -> None:
    path = corpus.make_clip(tmp_path / "a.mp4", [corpus.quadrants(360, 640)] * 48)
    with open_video(path, SETTINGS) as reader:
        pid = reader._decoder.pid
        next(reader)
        os.kill(pid, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(StopIteration):
        next(reader)


def test_a_decoder_that_dies_is_an_error_not_an_end(tmp_path: Path) -> None:
    path = corpus.make_clip(tmp_path / "a.mp4", [corpus.quadrants(360, 640)] * 48)
    with open_video(path, SETTINGS) as reader:
        next(reader)
        os.kill(reader._decoder.pid, signal.SIGSEGV)
        with pytest.raises(UnreadableMedia, match="SIGSEGV"):
            list(reader)
