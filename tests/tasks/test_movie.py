"""The movie task end to end on small films: lengths to the frame, what is made again and what is not, sound levels, files that open again, and faults in plain words."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput, StudioError
from engine.execution import perform
from engine.media.audio import read_audio
from engine.media.probe import probe
from engine.media.video import open_video
from engine.movie.timing import timeline
from engine.runs import new_id
from engine.settings import Settings
from engine.sound.mixing.loudness import measured
from engine.task import Note, Result, parse_request
from engine.tasks.movie import TASK
from engine.tasks.movie.request import MovieRequest
from engine.tasks.movie.soundtrack import _Desk, music

MODELS = Settings.load().data_dir / "models"
SMALL: dict[str, Any] = {"side": 192, "video_model": "diorama", "seed": 3, "match_colours": 0.0}


def a_plan(**more: Any) -> dict[str, Any]:
    """Three short scenes: a cut, a cross-fade and a fade, with wind, a bell and music."""
    scenes: list[dict[str, Any]] = [
        {"id": "one", "heading": "The sea", "prompt": "a small red boat on the sea at day", "seconds": 1.5, "ambience": ["waves"], "music": {"mood": "calm"}},
        {"id": "two", "heading": "The storm", "prompt": "a small red boat on the sea in the rain at night", "seconds": 1.25, "transition": "cross-fade", "blend": 0.4, "effects": [{"what": "a bell", "at": 0.2}], "music": {"mood": "calm"}},
        {"id": "three", "heading": "Home", "prompt": "a small red boat on a river at sunset", "seconds": 1.5, "transition": "fade through black", "blend": 0.4, "music": {"mood": "happy"}},
    ]  # fmt: skip
    return {"title": "The Boat", "hero": {"phrase": "a small red boat"}, "title_seconds": 0.75, "scenes": scenes, "seed": 5, **more}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A data folder of its own, which knows the models that are here."""
    data = tmp_path_factory.mktemp("movie") / "data"
    data.mkdir()
    if MODELS.is_dir():
        (data / "models").symlink_to(MODELS)
    return Settings(data_dir=data)


def make(settings: Settings, folder: Path, **fields: Any) -> Path:
    """Run the task; the result's folder."""
    request = parse_request(TASK, {**SMALL, "voice": "none", **fields})
    outcome = perform(TASK, request, run_id=new_id(), seed=3, settings=settings, staging=folder / "staging", destination=folder / "result", emit=lambda kind, data: None)
    if outcome.error is not None:
        raise outcome.error
    assert outcome.state == "done"
    return folder / "result"


def on_the_shelf(settings: Settings) -> dict[str, str]:
    """Every clip of a scene that is kept, with its hash."""
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (settings.data_dir / "cache" / "parts").glob("*/result.mp4")}


@pytest.fixture(scope="module")
def film(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(settings, tmp_path_factory.mktemp("film"), plan=a_plan())


def frames_of(path: Path) -> list[np.ndarray]:
    with open_video(path, Settings()) as reader:
        return [frame.copy() for frame in reader]


def test_the_film_is_as_long_as_its_plan_and_sound_ends_with_it(film: Path) -> None:
    clock = timeline(MovieRequest.model_validate({"plan": a_plan()}).plan)  # type: ignore[arg-type]
    facts = probe(film / "result.mp4", Settings())
    assert facts.frame_count == clock.frames == round((0.75 + 1.5 + 1.25 + 1.5) * 24)
    samples, rate = read_audio(film / "result.mp4", Settings())
    assert abs(len(samples) / rate - clock.frames / 24) <= 1 / 24
    assert np.abs(samples).max() > 0.05, "it is not silent"


def test_loudness_is_as_asked(film: Path) -> None:
    samples, rate = read_audio(film / "result.mp4", Settings())
    assert abs(measured(samples, rate) + 16.0) <= 1.0
    assert np.abs(samples).max() <= 10 ** (-1 / 20)


def test_the_project_opens_to_the_same_film(film: Path, settings: Settings, tmp_path: Path) -> None:
    document = json.loads((film / "run.json").read_text())
    again = make(Settings(data_dir=tmp_path / "elsewhere"), tmp_path, project=str(film / "project.zip"), music="none", hand_over=False)
    assert json.loads((again / "plan.json").read_text()) == json.loads((film / "plan.json").read_text()) == document["result"]["details"]["plan"]
    one, other = frames_of(film / "result.mp4"), frames_of(again / "result.mp4")
    assert len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))
    assert not list((tmp_path / "elsewhere" / "cache" / "parts").glob("*/result.mp4")), "its clips came with it"


def test_editors_read_the_hand_over(film: Path, tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    with zipfile.ZipFile(film / "hand-over.zip") as archive:
        archive.extractall(tmp_path)
    cut = otio.adapters.read_from_file(str(tmp_path / "hand-over" / "film.otio"))
    assert cut.duration().to_frames() == probe(film / "result.mp4", Settings()).frame_count
    media = [clip.media_reference.target_url for clip in cut.find_clips()]
    assert media and all((tmp_path / "hand-over" / path).is_file() for path in media)


def test_one_prompt_makes_one_scene_and_a_move_makes_none(settings: Settings, film: Path, tmp_path: Path) -> None:
    before = on_the_shelf(settings)
    scenes = a_plan()["scenes"]
    make(settings, tmp_path / "moved", plan=a_plan(scenes=[scenes[2], scenes[0], scenes[1]]), hand_over=False, music="none")
    assert on_the_shelf(settings) == before, "moving cards renders nothing"
    scenes[1]["prompt"] = "a small red boat on the sea in the fog at dawn"
    make(settings, tmp_path / "changed", plan=a_plan(scenes=scenes), hand_over=False, music="none")
    after = on_the_shelf(settings)
    assert len(set(after) - set(before)) == 1 and {key: after[key] for key in before} == before, "all other files are the same to the byte"


def test_a_film_of_all_kinds_of_sources(settings: Settings, film: Path, tmp_path: Path) -> None:
    assets = Path(__file__).resolve().parents[2] / "assets" / "examples"
    scenes = a_plan()["scenes"]
    scenes[0]["source"] = {"kind": "file", "file": str(assets / "street.mp4"), "start": 0.5}
    scenes[1]["source"] = {"kind": "picture", "image": str(assets / "boat.jpg")}
    scenes[1]["camera"] = "zoom in"
    run = new_id()
    folder = settings.data_dir / "results" / run
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(film)
    scenes[2]["source"] = {"kind": "library", "run": run}
    request = parse_request(TASK, {**SMALL, "voice": "none", "hand_over": False, "plan": a_plan(scenes=scenes)})
    run_dir = tmp_path / "run"
    run_dir.mkdir()
    context = RunContext("x", run_dir, settings, 3, results=lambda name: folder if name == run else None)
    result = list(TASK.run(request, context))[-1]
    assert isinstance(result, Result) and result.clip is not None
    frames = frames_of(result.clip)
    assert len(frames) == 120
    middle = [float(np.abs(frames[at].astype(int) - frames[at + 6].astype(int)).mean()) for at in (30, 66, 100)]
    assert all(change > 0.2 for change in middle), "each of them moves"
    assert any(one["bus"] == "clip" for one in result.details["heard"]), "the library clip's own sound is heard"


def test_no_music_of_ones_own_is_told(settings: Settings) -> None:
    request = MovieRequest.model_validate({"plan": a_plan(), "music": "own"})
    assert request.plan is not None
    desk = _Desk(request, request.plan, timeline(request.plan), {}, RunContext("x", settings.data_dir, settings, 3))
    notes = [event.text for event in music(desk) if isinstance(event, Note)]
    assert len(notes) == 1 and "no music of your own" in notes[0] and "sounds/music" in notes[0] and len(desk.cues) == 2
    library = _Desk(request.model_copy(update={"music": "library"}), request.plan, timeline(request.plan), {}, RunContext("x", settings.data_dir, settings, 3))
    assert not list(music(library))


def test_an_animatic_shows_a_face_by_its_picture_and_is_drawn_once(settings: Settings, tmp_path: Path) -> None:
    face = Path(__file__).resolve().parents[2] / "assets" / "examples" / "boat.jpg"
    scenes = a_plan(seed=41)["scenes"]
    scenes[1] |= {"source": {"kind": "head", "image": str(face)}, "line": "Ahoy."}
    for name, order in (("first", scenes), ("moved", [scenes[2], scenes[0], scenes[1]])):
        made = make(settings, tmp_path / name, plan=a_plan(scenes=order, seed=41), until="animatic")
        drawn = {path.parent.name for path in (settings.data_dir / "cache" / "parts").glob("sketch-*/result.mp4")}
        if name == "first":
            before = drawn
        facts = probe(made / "result.mp4", Settings())
        assert facts.frame_count == 60 and abs(facts.audio_duration - 5.0) < 1 / 12
    assert drawn == before, "moving a card draws nothing"


def test_an_animatic_is_small_and_leaves_the_scenes_alone(settings: Settings, tmp_path: Path) -> None:
    made = make(settings, tmp_path, plan=a_plan(), until="animatic", video_model="pocket")
    facts = probe(made / "result.mp4", Settings())
    assert (facts.width, facts.frame_count) == (320, 60)
    assert json.loads((made / "run.json").read_text())["result"]["details"]["animatic"] is True


def test_scenes_alone_with_takes(settings: Settings, tmp_path: Path) -> None:
    scenes = a_plan()["scenes"]
    scenes[0]["takes"] = 2
    before = set(on_the_shelf(settings))
    made = make(settings, tmp_path, plan=a_plan(scenes=scenes), until="scenes", only=["one"])
    told = json.loads((made / "run.json").read_text())["result"]["details"]["scenes"]
    assert [(one["id"], one["take"]) for one in told] == [("one", 1), ("one", 2)]
    assert len(set(on_the_shelf(settings)) - before) <= 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"idea": ""}, "idea"),
        ({"idea": "x" * 10_000}, "2000"),
        ({"idea": "a boat", "scenes": 0}, "scenes"),
        ({"idea": "a boat", "scenes": 100}, "40"),
        ({"plan": a_plan(scenes=[{"id": "a", "prompt": "a boat", "seconds": 0.1}])}, "seconds"),
        ({"plan": a_plan(scenes=[{"id": "a", "prompt": "a boat"}, {"id": "b", "prompt": " \u200b "}])}, "Scene 2 has no prompt"),
        ({"plan": a_plan(scenes=[{"id": "a"}])}, "Scene 1 has no prompt"),
        ({"plan": a_plan(scenes=[{"id": "a", "prompt": "a boat", "source": {"kind": "library"}}])}, "needs run"),
        ({"plan": a_plan(scenes=[{"id": "a", "prompt": "a boat", "source": {"kind": "file", "file": "http://x/y.mp4", "url": "z"}}])}, "url"),
        ({"plan": a_plan(), "only": ["nowhere"]}, "nowhere"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(StudioError) as error:
        parse_request(TASK, {**SMALL, **fields})
    assert said in error.value.line and "\n" not in error.value.line


def test_a_clip_that_is_gone_is_named_before_anything_is_made(settings: Settings, tmp_path: Path) -> None:
    before = set(on_the_shelf(settings))
    scenes = a_plan(seed=77)["scenes"]
    scenes[2]["source"] = {"kind": "library", "run": "0" * 32}
    with pytest.raises(InvalidInput, match="scene 3.*library"):
        make(settings, tmp_path, plan=a_plan(scenes=scenes, seed=77))
    assert set(on_the_shelf(settings)) == before


def test_a_stopped_film_keeps_its_scenes(settings: Settings, tmp_path: Path) -> None:
    before = set(on_the_shelf(settings))
    request = parse_request(TASK, {**SMALL, "voice": "none", "plan": a_plan(seed=99)})
    folder = tmp_path / "run"
    folder.mkdir()
    stages: list[str] = []

    def events() -> Iterator[Any]:
        yield from TASK.run(request, RunContext("x", folder, settings, 3, cancelled=lambda: "Scene 2 of 3" in stages))

    with pytest.raises(Cancelled):
        for event in events():
            stages.append(getattr(event, "label", ""))
    assert len(set(on_the_shelf(settings)) - before) == 1
