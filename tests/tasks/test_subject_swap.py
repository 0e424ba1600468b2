"""The whole subject swap as the studio runs it: what the result holds, what is made once, what stays to the bit, and the quick calls of the page on the same clips."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput, LimitExceeded, StudioError, UnreadableMedia
from engine.execution import Outcome, named, perform
from engine.media.video import open_video
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.task import Note, Result, parse_request
from engine.tasks.subject_swap import TASK
from engine.tasks.subject_swap.quick import subject_cut, subject_frame, subject_look, subject_tracks
from engine.tasks.subject_swap.recipe import hole_of
from engine.vision.filling.plate import fill_clip
from tests import subject_clips as clips
from tests.kept import KeptRun
from tests.media.corpus import sine
from tests.subject_clips import SIZE, iou

COUNT = 18
BOX: dict[str, Any] = {"box": clips.car().box()}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("subject-swap")


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return Settings(data_dir=home / "data")


@pytest.fixture(scope="module")
def car(home: Path) -> Path:
    """A car with a sound of 440 Hz."""
    return clips.car().write(home / "car.mp4", audio=(sine(1.5, 48_000), 48_000))


@pytest.fixture
def filled(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one whenever a plate is filled."""
    calls: list[int] = []
    own = fill_clip

    def counted(*args: Any, **options: Any) -> Any:
        calls.append(1)
        return own(*args, **options)

    monkeypatch.setattr("engine.tasks.subject_swap.recipe.fill_clip", counted)
    return calls


_runs = iter(range(10_000))


def swapped(video: Path, settings: Settings, **fields: Any) -> tuple[dict[str, list[np.ndarray]], Result, str]:
    """Frames by file, the result and the notes of one run, without encoding."""
    folder = settings.data_dir / f"run-{next(_runs)}"
    folder.mkdir(parents=True)
    run = KeptRun(id="test", directory=folder, settings=settings, seed=0)
    events = list(TASK.run(parse_request(TASK, {"video": str(video), "method": "embedded", **fields}), run))
    assert isinstance(events[-1], Result)
    return {name: one.kept for name, one in run.kept.items()}, events[-1], " ".join(event.text for event in events if isinstance(event, Note))  # type: ignore[attr-defined]


def sealed(video: Path, settings: Settings, cancelled: Callable[[], bool] = lambda: False, **fields: Any) -> tuple[Outcome, Path]:
    """The outcome and the folder of a run, as the studio runs it."""
    folder = settings.data_dir / f"sealed-{next(_runs)}"
    request = parse_request(TASK, {"video": str(video), "method": "embedded", **fields})
    return perform(TASK, request, run_id="r", seed=0, settings=settings, staging=settings.data_dir / "staging" / folder.name, destination=folder, emit=lambda *_: None, cancelled=cancelled), folder


def loudness(path: Path) -> float:
    with av.open(str(path)) as container:
        if not container.streams.audio:
            return 0.0
        return float(np.sqrt(np.mean(np.concatenate([frame.to_ndarray().ravel() for frame in container.decode(audio=0)]) ** 2)))


def test_the_result_holds_everything_and_keeps_its_sound(car: Path, settings: Settings) -> None:
    outcome, folder = sealed(car, settings, subjects=[BOX])
    assert outcome.state == "done", outcome.error and outcome.error.line
    assert {"result.mp4", "before.mp4", "mask.mkv", "tracks.json", "run.json"} <= {path.name for path in folder.iterdir()}
    frames = {}
    for name in ("result.mp4", "before.mp4"):
        with open_video(folder / name, settings) as reader:
            frames[name] = list(reader)
            assert reader.fps == 12 and (reader.width, reader.height) == SIZE
    clip = clips.car()
    inside = clip.masks[9, 0]
    assert len(frames["result.mp4"]) == len(frames["before.mp4"]) == COUNT
    missed, unchanged = (np.abs(frames[name][9].astype(int) - clip.plate[9])[inside].mean() for name in ("result.mp4", "before.mp4"))
    assert missed < 0.25 * unchanged, (missed, unchanged)
    assert loudness(folder / "result.mp4") == pytest.approx(loudness(car), rel=0.05) and loudness(car) > 0.3
    document = json.loads((folder / "run.json").read_text())
    assert document["result"]["details"]["frames"] == COUNT and {"result", "plate", "masks"} <= document["timings"].keys()


def test_outside_the_grown_mask_nothing_is_touched_and_late_settings_make_nothing_early_anew(car: Path, settings: Settings, filled: list[int]) -> None:
    frames, result, _ = swapped(car, settings, subjects=[BOX])
    assert result.details["followed_anew"] == 0 and not filled  # the run before did all that
    out, before = np.stack(frames["result.mp4"]), np.stack(frames["before.mp4"])
    with av.open(str(result.artifacts["mask"])) as container:
        masks = [frame.to_ndarray(format="gray") > 0 for frame in container.decode(video=0)]
    outside = ~np.stack([hole_of(mask) for mask in masks])
    assert (out[outside] == before[outside]).all() and outside.mean() > 0.8
    assert (out != before).any(3)[~outside].mean() > 0.5
    with open_video(car, settings) as reader:
        assert (before == np.stack(list(reader))).all()
    for late in (
        {"action": "restyle", "prompt": "blue", "seed": 4}, {"action": "background", "background": "blur", "keep_sound": False},
    ):  # fmt: skip
        made, again, _ = swapped(car, settings, subjects=[BOX], **late)
        assert again.details["followed_anew"] == 0 and not filled and len(made["result.mp4"]) == COUNT, late
        if late.get("action") == "restyle":
            assert (np.stack(made["result.mp4"])[outside] == before[outside]).all()


def test_another_mask_fills_anew_and_follows_nothing(car: Path, settings: Settings, filled: list[int]) -> None:
    frames, result, _ = swapped(car, settings, subjects=[BOX], mask={"grow": 4, "feather": 6})
    assert result.details["followed_anew"] == 0 and filled == [1]
    with av.open(str(result.artifacts["mask"])) as container:
        masks = [frame.to_ndarray(format="gray") > 0 for frame in container.decode(video=0)]
    outside = ~np.stack([hole_of(mask, 6.0) for mask in masks])
    assert (np.stack(frames["result.mp4"])[outside] == np.stack(frames["before.mp4"])[outside]).all()
    wider = np.mean([mask.sum() for mask in masks]) / clips.car().masks[:, 0].sum((1, 2)).mean()
    assert 1.15 < wider < 1.8


def test_damaged_patches_are_filled_anew(car: Path, settings: Settings, filled: list[int]) -> None:
    fine, _, _ = swapped(car, settings, subjects=[BOX])
    filled.clear()
    for path in (settings.data_dir / "cache" / "subjects").glob("plate-*/*.bin"):
        path.write_bytes(path.read_bytes()[:-9])
    again, _, _ = swapped(car, settings, subjects=[BOX])
    assert filled == [1] and all((a == b).all() for a, b in zip(fine["result.mp4"], again["result.mp4"], strict=True))


def test_stopping_keeps_a_clip_with_its_masks_and_sound(car: Path, settings: Settings) -> None:
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += any((settings.data_dir / "staging").glob("*/.*.part"))
        return calls > 9

    outcome, folder = sealed(car, settings, stop, subjects=[BOX])
    assert outcome.state == "cancelled" and outcome.result is not None and outcome.result["partial"]
    counts = []
    for name in ("result.mp4", "before.mp4", "mask.mkv"):
        with av.open(str(folder / name)) as container:
            counts.append(sum(1 for _ in container.decode(video=0)))
    assert len(set(counts)) == 1 and 3 <= counts[0] < COUNT and loudness(folder / "result.mp4") > 0.3


def test_a_subject_that_fills_the_picture_is_filled_with_something(home: Path, settings: Settings) -> None:
    clip = clips.car()
    short = clips.Clip(clip.frames[:4], clip.masks, clip.plate).write(home / "short.mp4")
    everything = {"scribble": [{"points": [[0.0, 0.5], [1.0, 0.5]], "radius": 0.5, "exact": True}]}
    frames, result, _ = swapped(short, settings, subjects=[{**BOX, "keyframes": {2: everything}}])
    assert len(frames["result.mp4"]) == 4 and result.details["frames"] == 4


def test_no_sound_and_one_frame(home: Path, settings: Settings) -> None:
    clip = clips.car()
    one = clips.Clip(clip.frames[:1], clip.masks, clip.plate).write(home / "one.mp4")
    outcome, folder = sealed(one, settings, subjects=[BOX])
    assert outcome.state == "done" and loudness(folder / "result.mp4") == 0.0
    with av.open(str(folder / "result.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 1 and not container.streams.audio
    assert "steps, step cache" in swapped(one, settings, subjects=[BOX], steps=9, step_cache="fast")[2], "what only large editors know is not left out in silence"


def test_what_is_missing_is_said_before_anything_runs(car: Path) -> None:
    for fields, field in (({"action": "replace"}, "reference"), ({"action": "restyle"}, "prompt"), ({"action": "both", "prompt": "  "}, "reference")):
        with pytest.raises(InvalidInput) as caught:
            parse_request(TASK, {"video": str(car), "subjects": [BOX], **fields})
        assert caught.value.field == field and caught.value.fix


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_is_said_and_the_page_goes_on_without_its_shelf(car: Path, small_disk: Path) -> None:
    mine = Settings(data_dir=small_disk / "data")
    (mine.data_dir / "cache" / "subjects").mkdir(parents=True)
    filler = small_disk / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"0" * 4096)
        except OSError as error:
            assert error.errno == errno.ENOSPC
    value, blobs = subject_cut({"video": str(car), "subjects": [BOX]}, mine)
    assert value["area"] > 0.01 and blobs
    try:
        list(TASK.run(parse_request(TASK, {"video": str(car), "subjects": [BOX], "method": "embedded"}), RunContext("r", small_disk, mine, 0)))
        raise AssertionError("nothing was said")
    except (OSError, StudioError) as error:
        told = named(error, mine)
    assert isinstance(told, LimitExceeded) and "disk" in told.what
    filler.unlink()
    assert subject_cut({"video": str(car), "subjects": [BOX]}, mine)[0]["area"] == value["area"]


# The quick calls.


def mask_of(blob: bytes) -> np.ndarray:
    return np.asarray(cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_GRAYSCALE))


@pytest.fixture(scope="module")
def looked(car: Path, settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    return subject_look({"video": str(car)}, settings)


def test_a_look_says_what_is_there_and_shows_it(looked: tuple[dict[str, Any], list[bytes]]) -> None:
    value, blobs = looked
    assert (value["width"], value["height"], value["fps"], value["frames"]) == (*SIZE, 12.0, COUNT) and value["seconds"] == pytest.approx(1.5)
    assert len(blobs) == 1 + len(value["proposals"]) and "car" in value["proposals"][0]["sentence"]
    assert iou(mask_of(blobs[1]) > 0, clips.car().masks[0, 0]) > 0.6
    assert mask_of(blobs[0]).shape == SIZE[::-1]


def test_marks_are_cut_at_once_and_frames_show_what_was_followed(car: Path, home: Path) -> None:
    mine = Settings(data_dir=home / "quick")
    clip = clips.car()
    args = {"video": str(car), "subjects": [BOX], "method": "embedded"}
    value, (blob,) = subject_cut({**args, "index": 0, "frame": 0}, mine)
    assert iou(mask_of(blob) > 0, clip.masks[0, 0]) > 0.9 and np.abs(np.array(value["box"]) - clip.box()).max() < 0.03 and value["confidence"] > 0.3
    assert subject_tracks(args, mine)[0] == {"followed": False, "frames": COUNT, "fps": 12.0, "shots": [], "subjects": []}
    assert subject_frame({**args, "frame": 12}, mine)[0]["subjects"] == [{"present": False, "confidence": 0.0, "source": "none"}]
    with pytest.raises(Cancelled):
        count = 0

        def stop() -> bool:
            nonlocal count
            count += 1
            return count > COUNT + 2 + 8

        list(TASK.run(parse_request(TASK, args), clips.context(home / "quick-run", mine, cancelled=stop)))
    half = subject_tracks(args, mine)[0]
    assert not half["followed"] and half["subjects"][0]["stale"] and half["shots"] == [[0, COUNT - 1]]
    swapped(car, mine, subjects=[BOX])
    tracks = subject_tracks(args, mine)[0]
    assert tracks["followed"] and tracks["subjects"][0]["stale"] == [] and len(tracks["subjects"][0]["confidence"]) == COUNT and min(tracks["subjects"][0]["confidence"]) > 0.5
    value, (_, labels) = subject_frame({**args, "frame": 12}, mine)
    assert value["subjects"][0]["source"] == "followed" and iou(mask_of(labels) == 1, clip.masks[12, 0]) > 0.9
    # A correction is cut at once from what was followed; what lies around it waits for being followed.
    edit = {**BOX, "keyframes": {"9": {"points": [clip.middle(9)]}}, "hidden": [[3, 4]]}
    value, (blob,) = subject_cut({**args, "subjects": [edit], "frame": 9}, mine)
    assert iou(mask_of(blob) > 0, clip.masks[9, 0]) > 0.9
    stale = subject_tracks({**args, "subjects": [edit]}, mine)[0]["subjects"][0]
    assert stale["stale"] == [[1, COUNT - 1]] or stale["stale"] == [[1, 8], [10, COUNT - 1]]
    assert stale["keys"] == [0, 9] and stale["confidence"][3] == stale["confidence"][4] == -1
    assert not subject_frame({**args, "subjects": [edit], "frame": 3}, mine)[0]["subjects"][0]["present"]


def test_a_replaced_file_is_looked_at_anew(home: Path, settings: Settings) -> None:
    path = home / "replaced.mp4"
    for level, count in ((60, 3), (200, 5)):
        with ClipWriter(path, fps=10) as writer:
            for _ in range(count):
                writer.write(np.full((64, 96, 3), level, np.uint8))
        value, (picture, _) = subject_frame({"video": str(path), "frame": 1}, settings)
        assert abs(int(mask_of(picture).mean()) - level) < 4
        assert subject_look({"video": str(path)}, settings)[0]["frames"] == count


def test_frames_beyond_the_end_are_the_last_one(car: Path, settings: Settings) -> None:
    assert subject_frame({"video": str(car), "frame": 999}, settings)[0]["frame"] == COUNT - 1
    assert subject_frame({"video": str(car), "frame": -5}, settings)[0]["frame"] == 0


def test_wrong_questions_get_answers_that_help(car: Path, home: Path, settings: Settings) -> None:
    (home / "words.mp4").write_text("just words " * 40)
    wrong: list[tuple[Any, dict[str, Any], type[StudioError], str]] = [
        (subject_look, {}, InvalidInput, "no video"),
        (subject_look, {"video": str(home / "not there.mp4")}, UnreadableMedia, "cannot be opened"),
        (subject_look, {"video": str(home / "words.mp4")}, UnreadableMedia, "not a picture"),
        (subject_look, {"video": str(car), "start": 3, "end": 2}, InvalidInput, "end after it starts"),
        (subject_look, {"video": str(car), "start": "soon"}, InvalidInput, "start"),
        (subject_cut, {"video": str(car), "subjects": [BOX], "index": 3}, InvalidInput, "no subject 3"),
        (subject_cut, {"video": str(car), "subjects": [BOX], "frame": "the third"}, InvalidInput, "not a number"),
        (subject_cut, {"video": str(car), "subjects": [{"box": [0, 0]}]}, InvalidInput, "box"),
        (subject_cut, {"video": str(car), "subjects": [{"words": "the purple elephant"}]}, InvalidInput, "purple elephant"),
        (subject_tracks, {"video": str(car), "subjects": 7}, InvalidInput, "subjects"),
    ]
    for call, args, kind, said in wrong:
        with pytest.raises(kind) as caught:
            call(args, settings)
        assert said in caught.value.line and caught.value.fix, (args, caught.value.line)
    value, _ = subject_frame({"video": str(car), "subjects": [{"words": "the purple elephant"}, BOX], "frame": 0}, settings)
    assert [one["present"] for one in value["subjects"]] == [False, True]
