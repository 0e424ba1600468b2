"""The first three steps of the subject tools, through the task as the studio runs it: who is meant, followed, written; nothing made twice; and everything odd that users bring."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from engine.errors import InvalidInput, StudioError, UnreadableMedia
from engine.execution import Outcome, named, perform
from engine.media.mask_writer import levels
from engine.media.video import open_video
from engine.settings import Settings
from engine.task import Note, Result, parse_request
from engine.tasks.subject_mask import TASK
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.request import SubjectMaskRequest
from tests import subject_clips as clips
from tests.media.corpus import make_clip, with_matrix
from tests.subject_clips import FPS, SIZE, iou

Box = list[float]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("subject-mask")


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return Settings(data_dir=home / "data")


@pytest.fixture(scope="module")
def car(home: Path) -> Path:
    return clips.car().write(home / "car.mp4")


@pytest.fixture(scope="module")
def pair(home: Path) -> Path:
    return clips.pair().write(home / "pair.mp4")


_runs = iter(range(10_000))


class Ran:
    """One run: outcome, notes, and the result's folder. sealed: through `perform`, as the studio does it; otherwise the task alone, which is quicker."""

    def __init__(self, video: Path, settings: Settings, cancelled: Callable[[], bool] = lambda: False, *, sealed: bool = False, **fields: Any) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.folder = settings.data_dir / f"result-{next(_runs)}"
        request = parse_request(TASK, {"video": str(video), "method": "embedded", **fields})
        if not sealed:
            self.outcome = self._alone(request, settings)
            return
        self.outcome = perform(
            TASK, request, run_id="r", seed=0, settings=settings, staging=settings.data_dir / "staging" / self.folder.name, destination=self.folder,
            emit=lambda kind, data: self.events.append((kind, data)), cancelled=cancelled,
        )  # fmt: skip

    def _alone(self, request: SubjectMaskRequest, settings: Settings) -> Outcome:
        result: dict[str, Any] | None = None
        try:
            for event in TASK.run(request, clips.context(self.folder, settings)):
                if isinstance(event, Result):
                    result = {"details": event.details, "artifacts": event.artifacts, "partial": event.partial}
                elif isinstance(event, Note):
                    self.events.append(("note", {"text": event.text}))
        except BaseException as error:
            return Outcome("failed", error=named(error, settings))
        return Outcome("done", result=result)

    @property
    def error(self) -> StudioError:
        assert self.outcome.error is not None, self.outcome
        return self.outcome.error

    @property
    def result(self) -> dict[str, Any]:
        assert self.outcome.result is not None, self.outcome.error and self.outcome.error.line
        return self.outcome.result

    @property
    def details(self) -> dict[str, Any]:
        details: dict[str, Any] = self.result["details"]
        return details

    @property
    def notes(self) -> str:
        return " ".join(data["text"] for kind, data in self.events if kind == "note")

    @property
    def tracks(self) -> dict[str, Any]:
        self.result  # noqa: B018 (says why there is none)
        tracks: dict[str, Any] = json.loads((self.folder / "tracks.json").read_text())
        return tracks

    def masks(self, settings: Settings) -> list[np.ndarray]:
        """(H, W) uint8 grey levels of mask.mkv, read as any player does."""
        self.result  # noqa: B018
        with av.open(str(self.folder / "mask.mkv")) as container:
            return [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]


BOX: dict[str, Any] = {"box": clips.car().box()}


@pytest.fixture(scope="module")
def first(car: Path, settings: Settings) -> Ran:
    return Ran(car, settings, sealed=True, subjects=[BOX])


def test_the_result_holds_masks_tracks_and_a_clip(first: Ran, settings: Settings) -> None:
    clip = clips.car()
    masks = first.masks(settings)
    assert len(masks) == 18 and masks[0].shape == SIZE[::-1] and {int(v) for mask in masks for v in np.unique(mask)} == {0, 255}
    assert np.mean([iou(mask > 0, true) for mask, true in zip(masks, clip.masks[:, 0], strict=True)]) > 0.94
    with av.open(str(first.folder / "mask.mkv")) as container:
        assert container.streams.video[0].codec_context.name == "ffv1" and container.streams.video[0].average_rate == 12
    told = first.tracks
    assert (told["width"], told["height"], told["fps"], told["frames"]) == (*SIZE, 12.0, 18) and told["shots"] == [[0, 17]]
    (one,) = told["subjects"]
    assert one["level"] == 255 and len(one["frames"]) == 18 and one["keys"] == [0]
    for k, frame in enumerate(one["frames"]):
        true = clips.car().box(k)
        assert frame["frame"] == k and frame["present"] and 0.5 < frame["confidence"] <= 1
        assert np.abs(np.array(frame["box"]) - true).max() < 0.03
        assert frame["area"] == pytest.approx(clip.masks[k, 0].mean(), rel=0.1)
        assert frame["box"][0] < frame["centre"][0] < frame["box"][2] and frame["box"][1] < frame["centre"][1] < frame["box"][3]
    assert {"result.mp4", "mask.mkv", "tracks.json", "run.json"} <= {path.name for path in first.folder.iterdir()}
    with open_video(first.folder / "result.mp4", settings) as reader:
        assert reader.fps == 12 and len(list(reader)) == 18
    assert first.result["artifacts"]["mask"] == "mask.mkv" and first.details["provider"] == "embedded"
    assert [data["done"] for kind, data in first.events if kind == "progress" and data["stage"] == "looking"][-1] == 18


def test_what_was_followed_once_is_never_followed_again(first: Ran, car: Path, settings: Settings) -> None:
    assert first.details["followed_anew"] == 17
    lately: list[dict[str, Any]] = [{"mask": {"grow": 3, "feather": 2, "holes": False}, "seed": 9}, {"subjects": [{**BOX, "name": "Herbie", "hidden": [[2, 4]]}]}]
    for late in lately:
        again = Ran(car, settings, **{"subjects": [BOX], **late})
        assert again.details["followed_anew"] == 0, late
    with_ball = Ran(car, settings, subjects=[BOX, {"box": [0.02, 0.02, 0.2, 0.2]}])
    assert with_ball.details["followed_anew"] == 17  # the second one only


def test_a_correction_follows_again_only_to_the_neighbouring_keys(first: Ran, car: Path, settings: Settings) -> None:
    clip = clips.car()
    at6: dict[str, Any] = {**BOX, "keyframes": {6: {"points": [clip.middle(6)]}}}
    once = Ran(car, settings, subjects=[at6])
    # Onwards from 6 to the end, backwards from 6 to 1: what was followed from 0 stays.
    assert once.details["followed_anew"] == 11 + 5 and once.details["subjects"][0]["keys"] == [0, 6]
    twice = Ran(car, settings, subjects=[{**at6, "keyframes": {**at6["keyframes"], 12: {"points": [clip.middle(12)]}}}])
    assert twice.details["followed_anew"] == 5 + 5  # 13..17 and 11..7
    back = Ran(car, settings, subjects=[at6])
    assert back.details["followed_anew"] == 0  # and taking it back costs nothing
    assert np.mean([iou(mask > 0, true) for mask, true in zip(twice.masks(settings), clip.masks[:, 0], strict=True)]) > 0.94


def test_gone_is_gone_until_it_is_shown_again_and_hidden_ranges_are_empty(car: Path, settings: Settings) -> None:
    clip = clips.car()
    gone = Ran(car, settings, subjects=[{**BOX, "keyframes": {4: {"gone": True}, 5: {"gone": True}, 6: {"box": clip.box(6)}}, "hidden": [[10, 11], [17, 400]]}])
    frames = gone.tracks["subjects"][0]["frames"]
    assert [frame["frame"] for frame in frames if not frame["present"]] == [4, 5, 10, 11, 17]
    assert all(frames[k]["box"] is None and frames[k]["centre"] is None and frames[k]["area"] == 0 for k in (4, 10))
    masks = gone.masks(settings)
    assert all((masks[k] > 0).any() == (k not in (4, 5, 10, 11, 17)) for k in range(18)) and iou(masks[6] > 0, clip.masks[6, 0]) > 0.85
    kinds = [(event["frame"], event["kind"]) for event in gone.tracks["subjects"][0]["events"]]
    assert kinds[0][0] == 4 and kinds[1][0] == 6


def test_several_subjects_have_levels_of_their_own(pair: Path, settings: Settings) -> None:
    clip = clips.pair()
    both = Ran(pair, settings, subjects=[{"box": clip.box(0, 0), "name": "A"}, {"box": clip.box(0, 1), "name": "B"}])
    grey = levels(2)
    masks = both.masks(settings)
    for index in (0, 1):
        assert np.mean([iou(mask == grey[index + 1], true[index]) for mask, true in zip(masks, clip.masks, strict=True)]) > 0.85
    assert [one["level"] for one in both.tracks["subjects"]] == grey[1:].tolist() and [one["name"] for one in both.tracks["subjects"]] == ["A", "B"]
    assert len({one["colour"] for one in both.tracks["subjects"]}) == 2


def test_two_subjects_on_the_same_thing_are_told(first: Ran, car: Path, settings: Settings) -> None:
    same = Ran(car, settings, subjects=[BOX, {**BOX, "name": "Twin"}])
    assert "one and the same" in same.notes and same.details["followed_anew"] == 0
    assert all(len(np.unique(mask)) == 2 for mask in same.masks(settings))


def test_words_find_one_and_what_is_seen_instead_is_said(pair: Path, settings: Settings) -> None:
    clip = clips.pair()
    found = Ran(pair, settings, subjects=[{"words": "the red ball"}])
    assert np.mean([iou(mask > 0, true[0]) for mask, true in zip(found.masks(settings), clip.masks, strict=True)]) > 0.7
    nobody = Ran(pair, settings, subjects=[{"words": "the green horse"}]).error
    assert isinstance(nobody, InvalidInput) and "green horse" in nobody.what and ("ball" in nobody.why or "red" in nobody.why) and nobody.fix and nobody.field == "subjects.0.words"


def test_who_comes_only_later_is_found_there(home: Path, settings: Settings) -> None:
    clip = clips.pair()
    late = clips.Clip(np.concatenate([clip.plate[:10], clip.frames]), clip.masks, clip.plate)
    ran = Ran(late.write(home / "late.mp4"), settings, subjects=[{"words": "the red ball"}])
    assert "found on frame" in ran.notes
    masks = ran.masks(settings)
    assert np.mean([iou(mask > 0, true[0]) for mask, true in zip(masks[10:], clip.masks, strict=True)]) > 0.7


def test_nobody_named_is_whoever_stands_out(car: Path, settings: Settings) -> None:
    ran = Ran(car, settings)
    assert "Taken by itself" in ran.notes and np.mean([iou(mask > 0, true) for mask, true in zip(ran.masks(settings), clips.car().masks[:, 0], strict=True)]) > 0.65


def test_a_plain_picture_has_nobody(home: Path, settings: Settings) -> None:
    plain = make_clip(home / "plain.mp4", [np.full((96, 160, 3), 120, np.uint8)] * 5)
    error = Ran(plain, settings).error
    assert isinstance(error, InvalidInput) and "stands out" in error.what and "click" in error.fix


def test_a_mask_over_everything_is_refused(car: Path, settings: Settings) -> None:
    everything = [{"points": [[0.0, 0.5], [1.0, 0.5]], "radius": 0.5, "exact": True}]
    error = Ran(car, settings, subjects=[{"scribble": everything}]).error
    assert isinstance(error, InvalidInput) and "whole picture" in error.what and error.fix and error.field == "subjects.0"
    later = Ran(car, settings, subjects=[{**BOX, "keyframes": {17: {"scribble": everything}}}])
    assert (later.masks(settings)[17] > 0).mean() > 0.9  # a correction may: it came close


def test_frames_beyond_the_range_are_told(first: Ran, car: Path, settings: Settings) -> None:
    ran = Ran(car, settings, subjects=[{**BOX, "keyframes": {500: {"points": [[0.5, 0.5]]}}}])
    assert "frame 500 lies beyond" in ran.notes and ran.details["followed_anew"] == 0
    last = Ran(car, settings, subjects=[{"box": clips.car().box(17), "frame": 4000}])
    assert "frame 4000 lies beyond" in last.notes and last.details["subjects"][0]["keys"] == [17]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"start": 2.0, "end": 1.0}, "end after it starts"),
        ({"subjects": [{"words": f"thing {k}"} for k in range(24)]}, "at most 8"),
        ({"subjects": [{"box": [0.5, 0.5, 0.5, 0.9]}]}, "no area"),
        ({"subjects": [{"points": [[1.5, 0.5]]}]}, "less than or equal to 1"),
        ({"subjects": [{"hidden": [[5, 2]]}]}, "hidden range"),
        ({"subjects": [{"keyframes": {"-3": {}}}]}, "greater than or equal to 0"),
        ({"max_side": 8}, "64"),
    ],
)
def test_requests_that_make_no_sense_are_refused(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_request(TASK, {"video": str(tmp_path / "a.mp4"), **fields})
    assert said in caught.value.line, caught.value.line


def square(size: tuple[int, int], count: int, side: int | None = None) -> tuple[list[np.ndarray], Box]:
    """A red square that moves to the right over a grained ground, and its box on the first frame. size: (width, height)."""
    width, height = size
    side = side or min(size) // 3
    rng = np.random.default_rng(1)
    ground = np.repeat(np.repeat(rng.integers(60, 160, (height // 4 + 1, width // 4 + 1, 3)).astype(np.uint8), 4, 0), 4, 1)[:height, :width]
    frames = []
    for k in range(count):
        frame = ground.copy()
        x, y = width // 6 + k * max(1, width // 80), height // 3
        frame[y : y + side, x : x + side] = (215, 25, 25)
        frames.append(frame)
    x, y = width // 6, height // 3
    return frames, [x / width, y / height, (x + side) / width, (y + side) / height]


def follows(ran: Ran, settings: Settings, size: tuple[int, int], least: float = 0.75) -> None:
    """The square is followed in a mask clip of the source's size."""
    masks = ran.masks(settings)
    assert masks[0].shape == size[::-1]
    frames, _ = square(size, len(masks))
    for mask, frame in zip(masks, frames, strict=True):
        assert iou(mask > 0, (frame == (215, 25, 25)).all(2)) > least


def test_one_frame_is_a_clip(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 1)
    ran = Ran(make_clip(home / "one.mp4", frames), settings, subjects=[{"box": box}])
    follows(ran, settings, (160, 96))
    assert ran.details["followed_anew"] == 0 and len(ran.tracks["subjects"][0]["frames"]) == 1


def test_sixteen_pixels_are_enough(home: Path, settings: Settings) -> None:
    frames, box = square((16, 16), 4, 6)
    ran = Ran(make_clip(home / "tiny.mkv", frames, codec="ffv1", pix_fmt="bgr0", tags=(0, 1, 1, 2)), settings, subjects=[{"box": box}])
    assert len(ran.masks(settings)) == 4
    nobody = Ran(home / "tiny.mkv", settings).error
    assert isinstance(nobody, InvalidInput)


def test_a_phone_held_upright(home: Path, settings: Settings) -> None:
    frames, box = square((96, 160), 6)
    lying = [np.ascontiguousarray(np.rot90(frame)) for frame in frames]
    ran = Ran(with_matrix(make_clip(home / "lying.mp4", lying), home / "upright.mp4", 0, 1, -1, 0), settings, subjects=[{"box": box}])
    follows(ran, settings, (96, 160))


def test_ten_bits(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 6)
    ran = Ran(make_clip(home / "ten.mp4", frames, codec="libx265", pix_fmt="yuv420p10le", options={"crf": "10", "preset": "ultrafast", "x265-params": "log-level=error"}), settings, subjects=[{"box": box}])
    follows(ran, settings, (160, 96))


def test_a_rate_that_varies(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 9)
    times = [0.0, 0.04, 0.08, 0.12, 0.24, 0.28, 0.32, 0.52, 0.56]
    ran = Ran(make_clip(home / "uneven.mp4", frames, times=times), settings, subjects=[{"box": box}])
    with open_video(home / "uneven.mp4", settings) as reader:
        assert len(ran.masks(settings)) == len(list(reader)) == ran.details["frames"] >= 14
    assert iou(ran.masks(settings)[-1] > 0, (frames[-1] == (215, 25, 25)).all(2)) > 0.75


def test_a_gif(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 6)
    ran = Ran(make_clip(home / "some.gif", frames, codec="gif", pix_fmt="rgb8", fps=10, options={}), settings, subjects=[{"box": box}])
    follows(ran, settings, (160, 96), 0.6)


def test_four_k_is_worked_small_and_written_large(home: Path, settings: Settings) -> None:
    frames, box = square((3840, 2160), 2)
    video = make_clip(home / "large.mp4", frames, options={"crf": "20", "preset": "ultrafast"})
    ran = Ran(video, settings, subjects=[{"box": box}], max_side=3840)
    masks = ran.masks(settings)
    assert masks[0].shape == (2160, 3840) and ran.details["worked_at"] == [640, 360]
    assert iou(masks[1] > 0, (frames[1] == (215, 25, 25)).all(2)) > 0.95


def test_a_damaged_tail_ends_the_masks_and_is_told(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 30)
    whole = make_clip(home / "whole.mkv", frames, options={"crf": "18", "preset": "veryfast", "g": "6"})
    (home / "cut.mkv").write_bytes(whole.read_bytes()[: int(0.6 * whole.stat().st_size)])
    ran = Ran(home / "cut.mkv", settings, subjects=[{"box": box, "frame": 0}])
    masks = ran.masks(settings)
    assert 6 <= len(masks) < 30 and ran.details["frames"] == len(masks) == len(ran.tracks["subjects"][0]["frames"]) and ran.notes
    assert all((mask > 0).any() for mask in masks)
    again = Ran(home / "cut.mkv", settings, subjects=[{"box": box, "frame": 29}])
    assert "beyond the range" in again.notes


def test_a_range_beyond_the_end(car: Path, settings: Settings) -> None:
    over = Ran(car, settings, subjects=[BOX], start=0.0, end=99.0)
    assert over.details["frames"] == 18
    try:
        beyond = Ran(car, settings, subjects=[BOX], start=50.0)
        assert beyond.outcome.state == "done" or beyond.error.fix
    except StudioError as error:
        assert error.fix


@pytest.mark.parametrize("content", [b"", b"no video at all, just words " * 9, b"\x00" * 400])
def test_what_is_no_video_is_said(home: Path, settings: Settings, content: bytes) -> None:
    path = home / "odd.mp4"
    path.write_bytes(content)
    error = Ran(path, settings, subjects=[BOX]).error
    assert isinstance(error, UnreadableMedia) and error.fix


def test_a_picture_is_a_clip_of_one_frame(home: Path, settings: Settings) -> None:
    from engine.media.images import write_image

    frames, box = square((160, 96), 1)
    write_image(home / "picture.png", frames[0])
    ran = Ran(home / "picture.png", settings, subjects=[{"box": box}])
    assert ran.outcome.state == "done" and ran.details["frames"] == 1


def test_stopping_keeps_what_is_whole(car: Path, settings: Settings) -> None:
    frames = 0

    def stop() -> bool:
        nonlocal frames
        frames += bool(list((settings.data_dir / "staging").glob("*/.*.part")))
        return frames > 8

    ran = Ran(car, settings, stop, sealed=True, subjects=[BOX])
    assert ran.outcome.state == "cancelled" and ran.result["partial"]
    count = len(ran.masks(settings))
    assert 3 <= count < 18
    with open_video(ran.folder / "result.mp4", settings) as reader:
        assert len(list(reader)) == count
    early = Ran(car, settings, lambda: True, sealed=True, subjects=[BOX])
    assert early.outcome.state == "cancelled" and early.outcome.result is None and not early.folder.exists()


def test_stopping_while_following_loses_little(home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.tasks.subject_swap.following.SAVED", 4)
    frames, box = square((160, 96), 12)
    video = make_clip(home / "stopped.mp4", frames)
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        return calls > 12 + 1 + 9  # looked through, found, nine frames followed

    assert Ran(video, settings, stop, sealed=True, subjects=[{"box": box}]).outcome.state == "cancelled"
    again = Ran(video, settings, subjects=[{"box": box}])
    follows(again, settings, (160, 96))


def stages(settings: Settings) -> list[Path]:
    return [path for path in shelf.shelf(settings).iterdir() if path.is_dir()]


@pytest.fixture(scope="module")
def undamaged(home: Path) -> tuple[Path, Settings, Ran]:
    """A clip whose stages lie in a folder of their own."""
    mine = Settings(data_dir=home / "undamaged")
    frames, box = square((160, 96), 6)
    video = make_clip(home / "damaged.mp4", frames)
    return video, mine, Ran(video, mine, subjects=[{"box": box}])


@pytest.mark.parametrize("damage", ["truncated", "garbage", "wrong json", "gone"])
def test_damaged_stages_are_made_anew(undamaged: tuple[Path, Settings, Ran], home: Path, damage: str) -> None:
    video, sound, fine = undamaged
    mine = Settings(data_dir=home / f"damage {damage}")
    shutil.copytree(sound.data_dir / "cache", mine.data_dir / "cache")
    _, box = square((160, 96), 6)
    for path in [path for stage in stages(mine) for path in stage.iterdir()]:
        data = path.read_bytes()
        match damage:
            case "truncated":
                path.write_bytes(data[: len(data) // 2])
            case "garbage":
                path.write_bytes(np.random.default_rng(0).bytes(len(data)))
            case "wrong json":
                if path.suffix == ".json":
                    path.write_text(json.dumps(dict.fromkeys(json.loads(data), 7)))
            case "gone":
                if path.name != "stage.json":
                    path.unlink()
    again = Ran(video, mine, subjects=[{"box": box}])
    assert again.outcome.state == "done" and again.details["followed_anew"] == 5
    assert all((a == b).all() for a, b in zip(fine.masks(mine), again.masks(mine), strict=True))


def test_another_file_under_the_same_name_is_another_video(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 5)
    path = make_clip(home / "same.mp4", frames)
    Ran(path, settings, subjects=[{"box": box}])
    make_clip(path, [np.ascontiguousarray(frame[:, ::-1]) for frame in frames])
    turned = Ran(path, settings, subjects=[{"box": [1 - box[2], box[1], 1 - box[0], box[3]]}])
    assert turned.details["followed_anew"] == 4
    assert iou(turned.masks(settings)[4] > 0, (frames[4][:, ::-1] == (215, 25, 25)).all(2)) > 0.75


def test_a_cut_between_shots_is_not_followed_over(home: Path, settings: Settings) -> None:
    clip, other = clips.car(), clips.lookalikes()
    cut = clips.Clip(np.concatenate([clip.frames, other.frames[:12]]), clip.masks, clip.plate)
    ran = Ran(cut.write(home / "cuts.mp4"), settings, subjects=[BOX])
    assert ran.tracks["shots"] == [[0, 17], [18, 29]] and "2 shots" in ran.notes
    present = [frame["present"] for frame in ran.tracks["subjects"][0]["frames"]]
    assert all(present[:18]) and not present[18] and ran.tracks["subjects"][0]["events"][0]["kind"] == "cut"
    assert not any(frame["area"] > 0.5 * clip.masks[0, 0].mean() for frame in ran.tracks["subjects"][0]["frames"][18:])


def test_the_rate_of_film_is_kept(home: Path, settings: Settings) -> None:
    frames, box = square((160, 96), 5)
    ran = Ran(make_clip(home / "film.mp4", frames, fps=Fraction(24000, 1001)), settings, subjects=[{"box": box}])
    with av.open(str(ran.folder / "mask.mkv")) as container:
        assert container.streams.video[0].average_rate == Fraction(24000, 1001)
    assert ran.tracks["fps"] == pytest.approx(24000 / 1001) and FPS == 12
