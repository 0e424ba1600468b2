"""Frames by number: any order gives what one pass gives, on every odd clip; memory does not grow; damage is told, not invented."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InvalidInput, StudioError, UnreadableMedia
from engine.media import frames as module
from engine.media.frames import Frames, Held
from engine.media.video import VideoReader, open_video
from engine.settings import Settings
from tests.media.corpus import grey_levels, make_clip

COUNT = 100


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("frames")


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return Settings(data_dir=home / "data")


@pytest.fixture(scope="module")
def plain(home: Path) -> Path:
    """100 flat frames whose grey says their number, a key frame every 40."""
    return make_clip(home / "plain.mp4", grey_levels(COUNT), options={"crf": "4", "preset": "veryfast", "g": "40"})


def numbers(pictures: list[np.ndarray], count: int = COUNT) -> list[float]:
    """Which frame each picture is, by its grey."""
    return [(float(p.mean()) - 16) * count / 200 for p in pictures]


def sequential(path: Path, settings: Settings, **options: float) -> list[np.ndarray]:
    with open_video(path, settings, **options) as reader:  # type: ignore[arg-type]
        return list(reader)


def shuffled(count: int, most: int) -> list[int]:
    order = np.random.default_rng(3).permutation(count)[:most]
    return [int(k) for k in order]


def test_any_order_gives_what_one_pass_gives(plain: Path, settings: Settings) -> None:
    true = sequential(plain, settings)
    assert len(true) == COUNT and np.allclose(numbers(true), range(COUNT), atol=0.7)
    with Frames(plain, settings, budget_mib=0.2) as frames:
        assert frames.count == COUNT and frames.rate == 24
        for index in [0, 99, 3, *shuffled(COUNT, 6), *range(80, 88), *range(60, 40, -1)]:
            assert (frames.read(index) == true[index]).all(), index
        with pytest.raises(IndexError):
            frames.read(COUNT)
        with pytest.raises(IndexError):
            frames.read(-1)
        with pytest.raises(ValueError):
            frames.read(5)[:] = 0  # shared with whoever asks next


def test_walking_backwards_decodes_each_chunk_once(plain: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    with Frames(plain, settings) as frames:
        opened: list[int] = []
        own = frames._open

        def counted(index: int) -> VideoReader:
            opened.append(index)
            return own(index)

        monkeypatch.setattr(frames, "_open", counted)
        true = sequential(plain, settings)
        assert all((frames.read(k) == true[k]).all() for k in range(COUNT - 1, -1, -1))
        assert len(opened) <= 6, opened


def test_memory_is_bounded_by_frames_and_by_bytes(plain: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 60)
    with Frames(plain, settings) as frames:
        assert sum(1 for _ in frames) == COUNT
        assert len(frames._kept) == 60
    with Frames(plain, settings, budget_mib=0.1) as frames:
        size = frames.read(0).nbytes
        assert sum(1 for _ in frames) == COUNT
        assert len(frames._kept) * size <= 0.1 * 2**20
        assert frames.read(3)[0, 0, 0] == frames.read(3)[5, 5, 1]


@pytest.mark.parametrize(("start", "end"), [(0.1, None), (1.0 / 48, 3.0), (0.5, 0.52), (2.02, 4.03), (4.1, None), (0.0, 1.0 / 48)])
def test_a_range_is_on_the_frames_own_times_in_any_order(plain: Path, settings: Settings, start: float, end: float | None) -> None:
    with Frames(plain, settings, start=start, end=end) as frames:
        first = round(start * 24)
        assert frames.count == max(1, round(((end if end is not None else COUNT / 24) - round(start * 24) / 24) * 24 - 1e-9))
        order = shuffled(frames.count, 3) + [frames.count - 1, 0]
        assert np.allclose(numbers([frames.read(k) for k in order]), [first + k for k in order], atol=0.7)


def test_a_range_beyond_the_end_is_its_last_frame_or_an_error(plain: Path, settings: Settings) -> None:
    try:
        with Frames(plain, settings, start=60.0) as frames:
            assert frames.count == 1 and frames.read(0).shape == (48, 64, 3)
    except StudioError as error:
        assert error.fix


@pytest.mark.parametrize("name", ["plain.mkv", "plain.webm"])
def test_times_in_milliseconds_lose_and_repeat_nothing(home: Path, settings: Settings, name: str) -> None:
    codec = {"codec": "libvpx-vp9", "options": {"crf": "4", "cpu-used": "8", "deadline": "realtime"}} if name.endswith("webm") else {}
    path = make_clip(home / name, grey_levels(90), fps=Fraction(30000, 1001), **codec)  # type: ignore[arg-type]
    with Frames(path, settings, start=0.117) as frames:
        order = [*range(12), *shuffled(80, 4)]
        assert np.allclose(numbers([frames.read(k) for k in order], 90), [round(0.117 * 30000 / 1001) + k for k in order], atol=0.7)


@pytest.fixture(scope="module")
def uneven(home: Path) -> Path:
    """A variable rate: 30 frames a second, then 10, then still for a second, then 30 again."""
    gaps = [1 / 30] * 20 + [0.1] * 10 + [1.0] + [1 / 30] * 19
    times = np.concatenate([[0], np.cumsum(gaps)]).round(3).tolist()
    return make_clip(home / "uneven.mp4", grey_levels(len(times)), times=times)


def test_a_variable_rate_is_the_same_in_any_order(uneven: Path, settings: Settings) -> None:
    true = sequential(uneven, settings)
    with Frames(uneven, settings) as frames:
        assert frames.count == len(true) and frames.facts.variable_rate
        assert len({p.tobytes() for p in true}) == 51  # no picture is lost
        for index in shuffled(len(true), 8):
            assert (frames.read(index) == true[index]).all(), index


@pytest.fixture(scope="module")
def cut_off(home: Path, plain: Path) -> Path:
    """A file that promises 100 frames and ends early."""
    path = make_clip(home / "whole.mkv", [f + np.random.default_rng(1).integers(0, 20, f.shape, np.uint8) for f in grey_levels(COUNT)], options={"crf": "10", "preset": "veryfast", "g": "12"})
    data = path.read_bytes()
    (home / "cut.mkv").write_bytes(data[: int(len(data) * 0.6)])
    return home / "cut.mkv"


@pytest.mark.parametrize("first", [99, 80, 0])
def test_a_damaged_tail_is_found_out_from_wherever_one_starts(cut_off: Path, settings: Settings, first: int) -> None:
    true = sequential(cut_off, settings)
    assert 30 < len(true) < 80
    with Frames(cut_off, settings) as frames:
        at, picture = frames.nearest(first)
        assert at == min(first, len(true) - 1) and (picture == true[at]).all()
        assert frames.nearest(10_000)[0] == len(true) - 1
        assert sum(1 for _ in frames) == len(true) == frames.count
        assert frames.note


def test_a_dead_decoder_is_replaced_at_the_next_reading(plain: Path, settings: Settings) -> None:
    with Frames(plain, settings) as frames:
        frames.read(2)
        frames._reader._decoder._process.kill()
        with pytest.raises(StudioError):
            for index in range(3, COUNT):
                frames.read(index)
        assert np.allclose(numbers([frames.read(90), frames.read(50)]), [90, 50], atol=0.7)


def test_what_is_no_clip_is_told(home: Path, settings: Settings) -> None:
    (home / "empty.mp4").touch()
    (home / "text.mp4").write_text("not a clip at all" * 20)
    for name in ("empty.mp4", "text.mp4", "missing.mp4"):
        with pytest.raises(UnreadableMedia) as caught:
            Frames(home / name, settings)
        assert caught.value.fix
    with pytest.raises(InvalidInput):
        Frames(home / "plain.mp4", settings, start=2.0, end=1.0)


def test_held_frames_are_read_as_those_of_a_file() -> None:
    held = Held(np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3), 12.0)
    assert (held.count, held.height, held.width, held.fps) == (4, 2, 3, 12.0) and held.read(2)[0, 0, 0] == 36
