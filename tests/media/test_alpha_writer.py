"""Clips with transparency and mask clips: what is read back is what was written."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import Cancelled, StudioError
from engine.media.alpha_writer import SUFFIXES, AlphaCodec, AlphaWriter, alpha_of
from engine.media.mask_writer import MaskWriter, levels
from engine.media.probe import probe
from engine.media.video import open_video
from engine.settings import Settings


def pictures(count: int, width: int, height: int) -> np.ndarray:
    """(T, H, W, 4) uint8: a soft disc that moves over clear ground, with a gradient as its colour."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    out = np.zeros((count, height, width, 4), np.uint8)
    out[..., 0], out[..., 1], out[..., 2] = np.clip(x * 2, 0, 255), np.clip(y * 2, 0, 255), 90
    for k in range(count):
        out[k, ..., 3] = np.clip(255 * (20 - np.hypot(x - 25 - 3 * k, y - height / 2)) / 8, 0, 255)
    return out


def read_back(path: Path, codec: AlphaCodec) -> tuple[np.ndarray, np.ndarray]:
    """(T, H, W) alpha and (T, H, W, 3) colours of a clip."""
    alphas, colours = [], []
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9" if codec == "vp9" else "prores", "r")
        decoder.extradata = stream.codec_context.extradata
        for packet in container.demux(stream):
            for picture in decoder.decode(packet if packet.size else None):
                alphas.append(alpha_of(picture))
                colours.append(picture.to_ndarray(format="rgb24"))
    return np.stack(alphas), np.stack(colours)


@pytest.mark.parametrize(("codec", "size"), [("prores", (96, 64)), ("prores", (97, 65)), ("vp9", (96, 64)), ("vp9", (97, 65))])
def test_alpha_and_colours_come_back(tmp_path: Path, codec: AlphaCodec, size: tuple[int, int]) -> None:
    clip, path = pictures(6, *size), tmp_path / f"cut{SUFFIXES[codec]}"
    with AlphaWriter(path, Fraction(30000, 1001), codec) as writer:
        for picture in clip:
            writer.write(picture)
    alpha, colours = read_back(path, codec)
    assert alpha.shape == clip.shape[:3]
    error = np.abs(alpha.astype(int) - clip[..., 3])
    assert error.max() <= 1 if codec == "prores" else error.mean() < 2.0
    solid = clip[..., 3] == 255
    assert np.abs(colours[solid].astype(int) - clip[..., :3][solid]).mean() < 4.0
    with av.open(str(path)) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
        assert codec == "prores" or container.streams.video[0].metadata.get("alpha_mode", container.streams.video[0].metadata.get("ALPHA_MODE")) == "1"
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_a_lost_alpha_is_never_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = AlphaWriter._encode

    def solid(self: AlphaWriter, frame: np.ndarray) -> None:
        frame = frame.copy()
        frame[..., 3] = 255
        encode(self, frame)

    monkeypatch.setattr(AlphaWriter, "_encode", solid)
    with pytest.raises(StudioError, match="transparency"), AlphaWriter(tmp_path / "cut.mov", 25, "prores") as writer:
        writer.write(pictures(1, 64, 48)[0])
    assert not list(tmp_path.iterdir())


def test_a_stopped_export_keeps_what_is_finished(tmp_path: Path) -> None:
    with pytest.raises(Cancelled), AlphaWriter(tmp_path / "cut.webm", 25, "vp9") as writer:
        for picture in pictures(3, 64, 48):
            writer.write(picture)
        raise Cancelled
    assert writer.partial and len(read_back(tmp_path / "cut.webm", "vp9")[0]) == 3


def test_masks_come_back_to_the_bit_at_any_size_and_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, (9, 51, 77)).astype(np.uint8)
    path = tmp_path / "mask.mkv"
    with MaskWriter(path, Fraction(24000, 1001)) as writer:
        for one in labels:
            writer.write(levels(3)[one])
    assert levels(3).tolist() == [0, 85, 170, 255] and levels(1).tolist() == [0, 255] and levels(2).tolist() == [0, 128, 255]
    settings = Settings(data_dir=tmp_path)
    facts = probe(path, settings)
    assert (facts.width, facts.height) == (77, 51)
    with open_video(path, settings) as reader:
        assert reader.fps == Fraction(24000, 1001)
        read = np.stack([frame.copy() for frame in reader])
    assert np.array_equal(read, np.repeat(levels(3)[labels][..., None], 3, axis=3))


def test_wrong_frames_and_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"\.webm"):
        AlphaWriter(tmp_path / "a.mov", 25, "vp9")
    with pytest.raises(ValueError, match=r"\.mkv"):
        MaskWriter(tmp_path / "a.mp4", 25)
    with pytest.raises(ValueError, match="uint8"), MaskWriter(tmp_path / "a.mkv", 25) as masks:
        masks.write(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ValueError, match="8x8"), AlphaWriter(tmp_path / "a.mov", 25) as clip:
        clip.write(np.zeros((8, 8, 4), np.uint8))
        clip.write(np.zeros((9, 8, 4), np.uint8))
    assert not list(tmp_path.iterdir())
