"""Clips of ours without a decoder process: the same pixels and packets as through the cage, and where they can be cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import UnreadableMedia
from engine.media.own_clip import OwnClip
from engine.media.packets import open_packets
from engine.media.video import open_video
from engine.media.writer import ClipWriter, Coding
from engine.settings import Settings

SETTINGS = Settings()


def write(path: Path, coding: Coding, count: int = 20) -> Path:
    rng = np.random.default_rng(1)
    field = rng.integers(0, 255, (60, 120, 3), np.uint8)
    with ClipWriter(path, fps=12, coding=coding) as out:
        for number in range(count):
            out.write(np.ascontiguousarray(field[:54, number : number + 96]))
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("own")
    return {"cut": write(folder / "cut.mp4", Coding(cut_every=6)), "plain": write(folder / "plain.mp4", Coding())}


@pytest.mark.parametrize("name", ["cut", "plain"])
def test_pixels_and_packets_are_those_of_the_cage(clips: dict[str, Path], name: str) -> None:
    with OwnClip(clips[name]) as own, open_video(clips[name], SETTINGS) as caged:
        assert (own.count, own.fps, own.width, own.height) == (20, caged.fps, caged.width, caged.height)
        frames, wanted = list(own), list(caged)
    assert len(frames) == 20 and all(np.array_equal(a, b) for a, b in zip(frames, wanted, strict=True))
    with open_packets(clips[name], SETTINGS, ours=True) as mine, open_packets(clips[name], SETTINGS) as theirs:
        assert (mine.parameters, mine.times, mine.opens) == (theirs.parameters, theirs.times, theirs.opens)
        assert list(mine) == list(theirs)
        assert theirs.cuts == frozenset()


def test_frames_are_passed_over_and_made_smaller(clips: dict[str, Path]) -> None:
    with OwnClip(clips["plain"]) as own:
        whole = list(own)
    with OwnClip(clips["plain"]) as own:
        for _ in range(7):
            own.skip()
        assert np.array_equal(next(own), whole[7])
    with OwnClip(clips["plain"], max_side=48) as own:
        assert next(own).shape == (27, 48, 3)


def test_a_clip_says_where_it_can_be_cut(clips: dict[str, Path]) -> None:
    with open_packets(clips["cut"], SETTINGS, ours=True) as cut, open_packets(clips["plain"], SETTINGS, ours=True) as plain:
        assert cut.cuts == {6, 12, 18} and plain.cuts == frozenset()


def test_what_is_gone_or_damaged_is_told(tmp_path: Path, clips: dict[str, Path]) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(clips["cut"].read_bytes()[:300])
    for path in (broken, tmp_path / "gone.mp4"):
        with pytest.raises(UnreadableMedia, match=path.name):
            OwnClip(path)
        with pytest.raises(UnreadableMedia, match=path.name):
            open_packets(path, SETTINGS, ours=True)
