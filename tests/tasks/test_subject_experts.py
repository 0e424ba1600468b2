"""The fetched experts inside the chain of the subject tools, on tiny random models from disk: who was asked, what is kept, what is followed again, what is said."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.experts import available, grounding, sam, sam2
from engine.experts import caption as captions
from engine.experts.leasing import Models
from engine.media.writer import ClipWriter
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Result
from engine.tasks.subject_swap import expert, quick, shelf
from engine.tasks.subject_swap.following import Key, Track
from engine.tasks.subject_swap.masking import Followed, follow
from engine.tasks.subject_swap.recipe import mask_only
from engine.tasks.subject_swap.request import Edit, Marks, SubjectMaskRequest
from engine.tasks.subject_swap.source import Known, Source
from tests.experts import tiny

COUNT, SIZE = 8, (96, 64)
BOX = {"box": (0.3, 0.3, 0.7, 0.8)}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder with all experts."""
    models = tmp_path_factory.mktemp("data") / "models"
    tiny.grounding_dino(models / "grounding-dino-tiny")
    tiny.sam(models / "sam-vit-base", seed=5)
    tiny.sam2(models / "sam2-hiera-tiny")
    tiny.blip(models / "blip-base")
    return Settings(data_dir=models.parent)


@pytest.fixture(scope="module")
def pool() -> ModelPool:
    return ModelPool(2**30)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A red square goes over a still ground."""
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    ground = tiny.picture(1, SIZE[1], SIZE[0])
    with ClipWriter(path, fps=8.0, crf=10) as writer:
        for k in range(COUNT):
            frame = ground.copy()
            frame[20:46, 30 + 2 * k : 56 + 2 * k] = (230, 30, 20)
            writer.write(frame)
    return path


@pytest.fixture(autouse=True, scope="module")
def brief() -> Iterator[None]:
    """Captions of few words, of two frames."""
    patch = pytest.MonkeyPatch()
    patch.setattr(captions, "LOOKED_AT", 2)
    patch.setattr(captions, "MOST_WORDS", 3)
    yield
    patch.undo()


@pytest.fixture
def work(home: Settings, pool: ModelPool, video: Path, tmp_path: Path) -> Callable[..., tuple[Followed, list[Any]]]:
    """Follow by fields of a request; gives what was followed (closed) and the events."""

    def one(settings: Settings = home, **fields: Any) -> tuple[Followed, list[Any]]:
        request = SubjectMaskRequest.model_validate({"video": video, "method": "experts", **fields})
        events, steps = [], follow(request, RunContext("0" * 32, tmp_path, settings, seed=0, pool=pool))
        while True:
            try:
                events.append(next(steps))
            except StopIteration as end:
                end.value.close()
                return end.value, events

    return one


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each time an expert is asked, its name."""
    names: list[str] = []

    def listen(owner: type, method: str, name: str) -> None:
        real = getattr(owner, method)
        monkeypatch.setattr(owner, method, lambda *given, **more: (names.append(name), real(*given, **more))[1])

    listen(grounding.StockFinder, "find", "find")
    listen(sam.StockCutter, "cut", "cut")
    listen(captions.Describer, "describe", "describe")
    listen(sam2.Follower, "_run", "follow")
    return names


def sentences(events: list[Any]) -> str:
    return " ".join(event.text for event in events if isinstance(event, Note))


def test_the_chain_runs_end_to_end(home: Settings, pool: ModelPool, video: Path, tmp_path: Path, asked: list[str]) -> None:
    request = SubjectMaskRequest.model_validate({"video": video, "method": "experts", "subjects": [BOX]})
    result = [event for event in mask_only(request, RunContext("0" * 32, tmp_path, home, seed=0, pool=pool)) if isinstance(event, Result)][-1]
    assert result.details["provider"] == "experts: Grounding DINO + SAM + SAM 2" and result.details["followed_anew"] == COUNT - 1
    assert result.artifacts["mask"].is_file() and result.details["subjects"][0]["seen_frames"] >= 1
    assert asked.count("cut") == 1 and asked.count("follow") >= COUNT and "find" not in asked and "describe" not in asked
    assert all(one["users"] == 0 for one in pool.stats()["models"]), "the models are given back"
    assert {one["bytes"] > 0 for one in pool.stats()["models"]} == {True}
    del asked[:]
    list(mask_only(request, RunContext("0" * 32, tmp_path, home, seed=0, pool=pool)))
    assert not asked, "all of it is kept"


def test_words_are_found_by_boxes_and_nothing_said_by_what_the_clip_shows(work: Any, asked: list[str]) -> None:
    _, events = work(subjects=[{"words": "a red car"}])
    assert asked[:2] == ["find", "cut"] and "Taken as" in sentences(events)
    del asked[:]
    _, events = work(subjects=[{**BOX, "frame": 99}])
    assert "frame 99 lies beyond the range" in sentences(events)
    del asked[:]
    _, events = work()
    assert asked[:3] == ["describe", "find", "cut"] and "The clip shows" in sentences(events)


def test_nobody_found_says_what_the_clip_shows(work: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(grounding.StockFinder, "find", lambda self, image, words: looked.append(words) or [])
    monkeypatch.setattr(captions.Describer, "say", lambda self, image: "a dog on a beach")
    with pytest.raises(InvalidInput, match="nobody in the video fits 'the green boat'") as told:
        work(subjects=[{"words": "the green boat"}])
    assert "a dog on a beach" in str(told.value) and told.value.field == "subjects.0.words" and len(looked) > 3, "other frames were looked at"


def test_auto_needs_models_and_a_card_and_what_is_missing_is_told(work: Any, home: Settings, tmp_path: Path, asked: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput, match=r"156 MB, Apache-2.0.*fetch grounding-dino-tiny sam-vit-base sam2-hiera-tiny") as told:
        work(Settings(data_dir=tmp_path / "empty"), subjects=[BOX])
    assert told.value.field == "method"
    assert work(subjects=[BOX], method="auto")[0].provider == "embedded" and not asked
    request = SubjectMaskRequest.model_validate({"video": "x.mp4"})
    monkeypatch.setattr("engine.hardware.device_of", lambda name: __import__("torch").device("cuda"))
    run = RunContext("0" * 32, tmp_path, home, seed=0)
    by = expert.chosen(request, run)
    assert by is not None and run.device == "cuda" and expert.chosen(request.model_copy(update={"method": "embedded"}), run) is None


def test_what_each_method_found_is_kept_apart(work: Any, home: Settings, asked: list[str]) -> None:
    experts, _ = work(subjects=[BOX])
    embedded, _ = work(subjects=[BOX], method="embedded")
    folders = [{run.folder for run, _ in one.tracks[0].wanted()} for one in (experts, embedded)]
    assert not folders[0] & folders[1] and experts.name != embedded.name
    assert not np.array_equal(experts.tracks[0].keys[0].mask, embedded.tracks[0].keys[0].mask)
    weights = home.data_dir / "models/sam2-hiera-tiny/model.safetensors"
    before = weights.stat()
    there = available(home)
    name = expert.Experts(home, there).name
    os.utime(weights, (before.st_atime, before.st_mtime + 5))
    assert expert.Experts(home, there).name != name, "other weights, other results"
    os.utime(weights, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert expert.Experts(home, there).name == name == experts.by.name


def test_a_correction_is_followed_to_its_neighbours_alone(work: Any) -> None:
    work(subjects=[BOX])
    edits = {3: {"points": [(0.5, 0.5)]}}
    assert work(subjects=[{**BOX, "keyframes": edits}])[0].anew == COUNT - 1 - 3 + 2, "on from 3 to the end, back from 3 to the first key"
    edits[6] = {"box": (0.4, 0.3, 0.9, 0.8)}
    assert work(subjects=[{**BOX, "keyframes": edits}])[0].anew == 1 + 2, "frame 7, and back from 6 to 3"
    assert work(subjects=[{**BOX, "keyframes": edits}])[0].anew == 0


def test_a_process_without_models_knows_what_was_followed(work: Any, home: Settings, video: Path, asked: list[str]) -> None:
    subject = {**BOX, "keyframes": {4: {"points": [(0.6, 0.5)]}}}
    followed, _ = work(subjects=[subject])
    del asked[:]
    args = {"video": str(video), "subjects": [subject], "method": "experts"}
    value, _ = quick.subject_tracks(args, home)
    assert value["followed"] and value["subjects"][0]["keys"] == [0, 4] and value["subjects"][0]["stale"] == []
    assert value["subjects"][0]["confidence"] == pytest.approx(np.round(followed.told[0].confidence, 3), abs=2e-3)
    shown, _ = quick.subject_frame({**args, "frame": 2}, home)
    assert shown["subjects"][0]["source"] == "followed"
    fresh, _ = quick.subject_cut({**args, "subjects": [{"box": (0.2, 0.2, 0.8, 0.9)}]}, home)
    assert fresh["area"] > 0, "marks that no expert saw yet are cut by the embedded method"
    value, _ = quick.subject_tracks({**args, "subjects": [{"box": (0.2, 0.2, 0.8, 0.9)}]}, home)
    assert not value["followed"] and not asked
    quick._open.popitem()[1].close()


def test_another_shot_is_searched_by_words_and_gone_stays_gone(home: Settings, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two shots are told of the same clip; the finder sees the subject from frame 4 on."""
    looked: list[int] = []
    request = SubjectMaskRequest.model_validate({"video": video})
    run = RunContext("0" * 32, video.parent, home, seed=0)
    by = expert.Experts(home, available(home), Models(available(home), "cpu", run))
    mask = np.zeros((SIZE[1], SIZE[0]), bool)
    mask[20:46, 30:56] = True
    with Source(request, home) as source:
        known = Known(COUNT, 8.0, ((0, 3), (4, 7)), np.stack([np.eye(3)] * COUNT), np.ones(COUNT, bool))
        source.proxy.count = COUNT

        def states(key: Key, first: Key | None = None) -> list[str]:
            del looked[:]
            stepper = by.start(source, known, key, 1, first)
            return [stepper.step(frame).state for frame in range(key.frame + 1, COUNT)]

        monkeypatch.setattr(by, "find", lambda image, words: looked.append(1) or (mask, 0.9, words))
        assert states(Key(0, mask, words="red square"))[3] == "there" and len(looked) == 1
        assert states(Key(0, mask))[3:] == ["hidden"] * 4 and not looked, "without words it is lost"
        nothing = np.zeros_like(mask)
        assert states(Key(1, nothing, words="red square"))[:2] == ["hidden"] * 2 and len(looked) == 1, "said to be gone in its own shot"
        monkeypatch.setattr(by, "find", lambda image, words: looked.append(1))
        assert states(Key(0, mask, words="red square"))[3:] == ["hidden"] * 4 and len(looked) == 1, "not on every frame"
        began: list[Any] = []
        real = sam2.Follower.mark
        monkeypatch.setattr(sam2.Follower, "mark", lambda self, frame, **marks: (began.append((frame, marks["mask"].any())), real(self, frame, **marks))[1])
        states(Key(2, nothing), Key(0, mask))
        assert began == [(0, True), (2, False)], "what it looked like is remembered"
        track = Track(source, known, [Key(0, mask), Key(2, nothing)], by)
        names = {run_.folder for run_, _ in track.wanted()}
        other = Track(source, known, [Key(0, ~mask), Key(2, mask)], by)
        assert not names & {run_.folder for run_, _ in other.wanted()}
        track.close()
        other.close()
        by.close()


class _Cutter:
    """Notes what it is told, and takes the box or everything."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def cut(self, image: np.ndarray, points: Any = (), avoid: Any = (), box: Any = None) -> tuple[np.ndarray, float]:
        self.told.append((list(points), list(avoid), box))
        return np.ones(image.shape[:2], bool), 0.8


def test_marks_reach_sam_and_brushes_hold_to_the_pixel(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    cutter = _Cutter()
    there = available(home)
    models = Models(there, "cpu", RunContext("0" * 32, home.data_dir, home, seed=0))
    monkeypatch.setattr(models, "lease", lambda role: nullcontext(cutter))
    by = expert.Experts(home, there, models)
    image = tiny.picture()
    before = np.zeros(image.shape[:2], bool)
    before[12:24, 16:32] = True
    around = (0.25, 0.25, 0.5, 0.5)
    by._cut(image, Marks(points=((0.3, 0.3),), avoid=((0.9, 0.9),)))
    by._cut(image, Edit(points=((0.55, 0.3),)), before)
    by._cut(image, Edit(points=((0.9, 0.9),)), before)
    by._cut(image, Edit(avoid=((0.3, 0.3),)), before)
    assert cutter.told == [([(0.3, 0.3)], [(0.9, 0.9)], None), ([(0.55, 0.3)], [], (0.25, 0.25, 0.55, 0.5)), ([(0.9, 0.9)], [], None), ([], [(0.3, 0.3)], around)]
    stroke = {"points": ((0.3, 0.3), (0.4, 0.3)), "radius": 0.05}
    exact, _ = by._cut(image, Edit.model_validate({"erase": [{**stroke, "exact": True}]}), before)
    assert len(cutter.told) == 4 and 0 < exact.sum() < before.sum() and not (exact & ~before).any()
    rough, _ = by._cut(image, Edit.model_validate({"erase": [stroke]}), before)
    assert len(cutter.told[4][1]) == 2 and not rough[15, 20] and rough[40, 60]
    assert not by._cut(image, Edit(avoid=((0.3, 0.3),)))[0].any() and len(cutter.told) == 5, "nothing to take away from"
    assert shelf.shelf(home).is_dir()
