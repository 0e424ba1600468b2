"""Posters and previews show the clip, small and in its own time."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.media.thumbs import encode_preview, make_thumbs
from engine.media.writer import ClipWriter
from tests.media import corpus


def durations(picture: Image.Image) -> list[int]:
    found = []
    for index in range(picture.n_frames):  # type: ignore[attr-defined]
        picture.seek(index)
        picture.load()
        found.append(picture.info["duration"])
    return found


def test_preview_plays_the_frames_in_time() -> None:
    frames = np.stack(corpus.grey_levels(10))
    with Image.open(io.BytesIO(encode_preview(frames, 12.0))) as picture:
        assert picture.format == "WEBP" and picture.n_frames == 10 and picture.info["loop"] == 0  # type: ignore[attr-defined]
        # Rounding each of ten 83.3 ms alone would lose 3 ms a turn.
        assert sum(durations(picture)) == round(1000 * 10 / 12)
        levels = []
        for index in range(10):
            picture.seek(index)
            levels.append(float(np.asarray(picture.convert("RGB")).mean()))
    assert np.abs(np.array(levels) - [corpus.level_of(i, 10) for i in range(10)]).max() <= 4


def test_a_still_preview_and_wrong_arrays() -> None:
    assert encode_preview(np.zeros((1, 9, 7, 3), np.uint8), 5.0)[8:12] == b"WEBP"
    for frames, fps in ((np.zeros((0, 4, 4, 3), np.uint8), 5.0), (np.zeros((1, 4, 4, 3)), 5.0), (np.zeros((1, 4, 4, 3), np.uint8), 0.0)):
        with pytest.raises(ValueError, match="preview"):
            encode_preview(frames, fps)


def test_thumbs_of_a_clip(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "a.mp4", fps=24) as out:
        for frame in corpus.grey_levels(60, 540, 960):
            out.write(frame)
    poster, preview = make_thumbs(out.path, tmp_path / "poster.jpg", tmp_path / "hover.webp")
    with Image.open(poster) as picture:
        assert picture.size == (640, 360)
        assert abs(float(np.asarray(picture).mean()) - corpus.level_of(20, 60)) <= 3
    with Image.open(preview) as picture:
        # WebP gives two frames that are nearly alike to one longer one.
        assert picture.size == (320, 180) and 12 <= picture.n_frames <= 24  # type: ignore[attr-defined]
        assert abs(sum(durations(picture)) - 2500) <= 24
        last = float(np.asarray(picture.convert("RGB")).mean())
    # A preview of the first frames only would end at level 93.
    assert abs(last - corpus.level_of(59, 60)) <= 4
    assert {p.name for p in tmp_path.iterdir()} == {"a.mp4", "poster.jpg", "hover.webp"}


def test_a_clip_of_one_frame(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "a.mp4", fps=24) as out:
        out.write(corpus.quadrants())
    poster, preview = make_thumbs(out.path, tmp_path / "p.jpg", tmp_path / "p.webp")
    assert poster.stat().st_size > 100 and preview.stat().st_size > 20
