"""Pictures: every mode, depth, turn and profile comes out as the exact upright sRGB it stands for; bad files get one clear line."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from engine.errors import InvalidInput, LimitExceeded, UnreadableMedia
from engine.media.images import read_image, write_image
from engine.media.probe import probe
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()


def save(path: Path, picture: Image.Image, **options: object) -> Path:
    picture.save(path, **options)  # type: ignore[arg-type]
    return path


def test_png_is_exact_and_probed(tmp_path: Path) -> None:
    truth = np.random.default_rng(1).integers(0, 256, (37, 53, 3), np.uint8)
    path = write_image(tmp_path / "a.png", truth)
    assert np.array_equal(read_image(path, SETTINGS), truth)
    facts = probe(path, SETTINGS)
    assert (facts.kind, facts.width, facts.height, facts.alpha, facts.frame_count) == ("image", 53, 37, False, 1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(tmp_path: Path, orientation: int) -> None:
    stored = Image.fromarray(corpus.quadrants(20, 34))
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", stored, exif=exif)
    with Image.open(path) as picture:
        upright = np.asarray(ImageOps.exif_transpose(picture))
    got = read_image(path, SETTINGS)
    # Ignoring the tag gives another shape (5-8) or another order of the four colours (2-4).
    assert np.array_equal(got, upright)
    facts = probe(path, SETTINGS)
    assert (facts.height, facts.width) == got.shape[:2]


def test_broken_exif_is_ignored(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(corpus.quadrants()).save(buffer, "JPEG", quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\x12\x01" * 40)
    path = tmp_path / "a.jpg"
    path.write_bytes(buffer.getvalue())
    assert read_image(path, SETTINGS).shape == (48, 80, 3)


def test_sixteen_bits_become_eight(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, 256).astype(np.uint16)[None].repeat(4, 0)
    grey, colour = tmp_path / "grey.png", tmp_path / "colour.png"
    grey.write_bytes(corpus.png_bytes(values.astype(">u2").view(np.uint8), 16, 0))
    colour.write_bytes(corpus.png_bytes(np.repeat(values, 3, 1).astype(">u2").view(np.uint8), 16, 2))
    truth = np.rint(values / 257).astype(int)[..., None].repeat(3, 2)
    # Clipping instead of scaling would be off by up to 254 levels.
    assert np.abs(read_image(grey, SETTINGS) - truth).max() <= 1
    assert np.abs(read_image(colour, SETTINGS) - truth).max() <= 1
    assert probe(grey, SETTINGS).bit_depth == 16


def test_palette_grey_alpha_bilevel_and_float(tmp_path: Path) -> None:
    truth = corpus.quadrants()
    palette = save(tmp_path / "p.png", Image.fromarray(truth).quantize(4))
    assert np.abs(read_image(palette, SETTINGS).astype(int) - truth).max() <= 2
    grey_alpha = save(tmp_path / "la.png", Image.merge("LA", [Image.new("L", (8, 6), 100), Image.new("L", (8, 6), 51)]))
    assert read_image(grey_alpha, SETTINGS, alpha="keep")[0, 0].tolist() == [100, 100, 100, 51]
    bilevel = save(tmp_path / "b.png", Image.fromarray(np.eye(16, dtype=bool)))
    assert np.array_equal(read_image(bilevel, SETTINGS)[..., 1], np.eye(16, dtype=np.uint8) * 255)
    fractions = np.array([[0.0, 0.5, 1.0, np.nan]], np.float32)
    assert read_image(save(tmp_path / "f.tiff", Image.fromarray(fractions)), SETTINGS)[0, :, 0].tolist() == [0, 128, 255, 0]


def test_transparency_is_kept_or_laid_over_white(tmp_path: Path) -> None:
    truth = np.dstack([corpus.quadrants(), np.full((48, 80), 128, np.uint8)])
    path = write_image(tmp_path / "a.png", truth)
    assert np.array_equal(read_image(path, SETTINGS, alpha="keep"), truth)
    over_white = truth[..., :3] * (128 / 255) + 255 * (127 / 255)
    # Merely dropping the channel is off by 112 levels.
    assert np.abs(read_image(path, SETTINGS) - over_white).max() <= 1
    clear = Image.fromarray(corpus.quadrants()).quantize(4)
    hole = int(np.asarray(clear)[0, 0])
    keyed = save(tmp_path / "k.png", clear, transparency=hole)
    assert read_image(keyed, SETTINGS, alpha="keep")[0, 0, 3] == 0
    assert probe(keyed, SETTINGS).alpha


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.new("CMYK", (16, 16), (0, 255, 255, 0)), quality=95)
    assert np.abs(read_image(path, SETTINGS)[8, 8].astype(int) - (255, 0, 0)).max() <= 3


def test_colour_profile_is_applied(tmp_path: Path) -> None:
    path = save(tmp_path / "a.png", Image.new("RGB", (8, 8), (128, 128, 128)), icc_profile=corpus.icc_profile(1.0))
    # Linear 0.502 is 188 in sRGB. Ignoring the profile gives 128.
    assert np.abs(read_image(path, SETTINGS)[4, 4].astype(int) - 188).max() <= 1
    broken = save(tmp_path / "b.png", Image.new("RGB", (8, 8), (128, 128, 128)), icc_profile=b"nonsense" * 40)
    assert read_image(broken, SETTINGS)[4, 4].tolist() == [128, 128, 128]


@pytest.mark.parametrize("ending", ["gif", "webp", "png", "avif"])
def test_animated_picture_gives_its_first_frame(tmp_path: Path, ending: str) -> None:
    frames = [Image.fromarray(f) for f in corpus.grey_levels(5)]
    path = save(tmp_path / f"a.{ending}", frames[0], save_all=True, append_images=frames[1:], duration=100)
    assert abs(int(read_image(path, SETTINGS)[9, 9, 0]) - corpus.level_of(0, 5)) <= 2
    assert probe(path, SETTINGS).frame_count == 5


@pytest.mark.parametrize("ending", ["jpg", "webp", "avif", "bmp", "tiff"])
def test_other_formats_are_read(tmp_path: Path, ending: str) -> None:
    path = save(
        tmp_path / f"a.{ending}", Image.fromarray(corpus.quadrants()), **({"quality": 95} if ending in ("jpg", "webp", "avif") else {})
    )
    assert np.abs(read_image(path, SETTINGS)[10, 10].astype(int) - corpus.RED).max() <= 6


def test_max_side_shrinks_and_never_enlarges(tmp_path: Path) -> None:
    path = write_image(tmp_path / "a.png", corpus.quadrants(100, 200))
    small = read_image(path, SETTINGS, max_side=50)
    assert small.shape == (25, 50, 3)
    assert small[3, 3].tolist() == list(corpus.RED) and small[-3, -3].tolist() == list(corpus.WHITE)
    assert read_image(path, SETTINGS, max_side=1000).shape == (100, 200, 3)
    with pytest.raises(InvalidInput, match="max_side=0"):
        read_image(path, SETTINGS, max_side=0)


def test_absurd_header_is_refused_with_its_numbers(tmp_path: Path) -> None:
    path = tmp_path / "huge.png"
    path.write_bytes(corpus.png_bytes(np.zeros((4, 12), np.uint8), 8, 2, size=(20000, 20000)))
    with pytest.raises(LimitExceeded, match=r"20000x20000, 400 megapixels; at most 100"):
        read_image(path, SETTINGS)
    with pytest.raises(LimitExceeded, match="3 MiB, over the limit of 1 MiB"):
        big = tmp_path / "big.png"
        big.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * (3 << 20))
        read_image(big, Settings(max_image_mib=1))


def test_unreadable_files_get_one_clear_line(tmp_path: Path) -> None:
    text, empty, cut, folder, pipe = (tmp_path / n for n in ("text.png", "empty.png", "cut.png", "folder.png", "pipe.png"))
    text.write_text("hello, this is not a picture\n" * 20)
    empty.touch()
    folder.mkdir()
    os.mkfifo(pipe)
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    whole = write_image(tmp_path / "whole.png", noise).read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    heic = tmp_path / "phone.heic"
    heic.write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 64)
    expected = {
        text: "it is text",
        empty: r"empty \(0 bytes\)",
        cut: "damaged or cut off",
        folder: "is not a file",
        pipe: "is not a file",
        heic: "HEIC",
    }
    for path, message in expected.items():
        with pytest.raises(UnreadableMedia, match=message) as caught:
            read_image(path, SETTINGS)
        assert path.name in caught.value.line and "\n" not in caught.value.line and caught.value.fix
    for missing in (tmp_path / "missing.png", "nul\0byte.png"):
        with pytest.raises(UnreadableMedia, match="cannot be opened"):
            read_image(missing, SETTINGS)


def test_a_clip_or_a_sound_is_not_a_picture(tmp_path: Path) -> None:
    wav = corpus.make_wav(tmp_path / "a.png", corpus.sine(0.1, 8000), 8000)
    with pytest.raises(UnreadableMedia, match=r"a\.png is not a picture \(it is WAV\)"):
        read_image(wav, SETTINGS)


@pytest.mark.parametrize("name", ['😀 "quote\'s" %s{}.png', "-rf.png", "кино фон.png", "a\nb.png", "concat:a|b.png", "%d.png"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    path = write_image(tmp_path / name, corpus.quadrants(1, 1))
    assert read_image(path, SETTINGS).shape == (1, 1, 3)
    path.write_bytes(b"")
    with pytest.raises(UnreadableMedia) as caught:
        read_image(path, SETTINGS)
    assert "\n" not in caught.value.line


def test_bit_flips_never_hang_or_escape(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    path = tmp_path / "a.jpg"
    buffer = io.BytesIO()
    Image.fromarray(rng.integers(0, 256, (64, 64, 3), np.uint8)).save(buffer, "JPEG")
    for _ in range(8):
        data = bytearray(buffer.getvalue())
        for at in rng.integers(2, len(data), 6):
            data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(data)
        with contextlib.suppress(UnreadableMedia, LimitExceeded):
            assert read_image(path, SETTINGS).dtype == np.uint8


def test_write_image_is_whole_or_nothing(tmp_path: Path) -> None:
    target = tmp_path / "a.jpg"
    write_image(target, corpus.quadrants())
    before = target.read_bytes()
    with pytest.raises(ValueError, match="uint8"):
        write_image(target, np.zeros((4, 4), np.float32))
    with pytest.raises(InvalidInput, match=r"\.gif"):
        write_image(tmp_path / "a.gif", corpus.quadrants())
    with pytest.raises(FileNotFoundError):
        write_image(tmp_path / "no" / "a.png", corpus.quadrants())
    assert target.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["a.jpg"]
