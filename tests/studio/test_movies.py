"""A film as the page opens it: a saved project that is dropped, its files kept, and what the storyboard says of scenes that are made."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.movie.plan import Plan
from engine.movie.project import save_project
from engine.parts import place
from engine.settings import Settings
from engine.task import get_task, parse_request
from engine.tasks.movie.opening import BROUGHT
from engine.tasks.movie.request import SHORTEST_FILM, MovieRequest
from engine.tasks.movie.scenes import part_of
from studio.movies import StoryField
from studio.service import Studio
from tests.movie.reels import film, numbered, write


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    running = Studio(settings)
    yield running
    running.helper.stop()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("clips") / "a.mp4", numbered(4))


def opened(studio: Studio, path: Path) -> dict[str, Any]:
    found = studio.read_file(path)
    assert found is not None and found[0] == "movie"
    parse_request(get_task("movie"), dict(found[1]))
    return found[1]


def test_a_dropped_project_shows_its_clips_and_keeps_them(studio: Studio, clip: Path, tmp_path: Path) -> None:
    plan = film([{"seconds": 1.0}, {"seconds": 0.5, "source": {"kind": "picture", "image": str(clip)}}, {"seconds": 0.5}])
    path = save_project(tmp_path / "film.zip", plan, {"s0": clip})
    fields = opened(studio, path)
    assert (fields["scenes"], fields["shape"], fields["seconds"]) == (3, plan.shape, max(plan.seconds, SHORTEST_FILM))
    first, second, third = (scene["source"] for scene in fields["plan"]["scenes"])
    assert first["kind"] == "file" and Path(first["file"]).parent == studio.store.inputs and Path(first["file"]).read_bytes() == clip.read_bytes()
    assert second["kind"] == "picture" and Path(second["image"]).parent == studio.store.inputs and third["kind"] == "text"
    assert BROUGHT in fields["plan"]["notes"] and not list(studio.store.staging.glob(".project-*")), "nothing is left of the unpacking"


def test_a_brought_clip_stands_for_its_card_as_it_was(studio: Studio, clip: Path, tmp_path: Path) -> None:
    plan = film([{"seconds": 1.0}, {"seconds": 1.0, "source": {"kind": "file", "file": str(clip)}}])
    document = opened(studio, save_project(tmp_path / "film.zip", plan, {"s0": clip}))["plan"]

    def made(change: dict[str, Any], number: int = 0) -> str:
        scenes = [{**scene, **(change if index == number else {})} for index, scene in enumerate(document["scenes"])]
        again = Plan.model_validate({**document, "scenes": scenes})
        return "model" if part_of(MovieRequest(plan=again), again, again.scenes[number]) is not None else "file"

    # Nothing, or what does not change its pictures, leaves the clip; another prompt, camera or seed makes the scene anew.
    assert [made(change) for change in ({}, {"line": "Ahoy"}, {"seconds": 2.0}, {"transition": "wipe"})] == ["file"] * 4
    assert [made(change) for change in ({"prompt": "a dog in the forest"}, {"camera": "zoom in"}, {"seed": 5})] == ["model"] * 3
    assert made({"prompt": "a dog in the forest"}, 1) == "file", "a file that the user chose stays"
    # Saved and opened again it is still so.
    kept = Plan.model_validate(document)
    twice = opened(studio, save_project(tmp_path / "twice.zip", kept, {}))["plan"]["scenes"][0]["source"]
    assert twice["kind"] == "file" and twice["made_as"] == document["scenes"][0]["source"]["made_as"] != ""


def test_a_project_whose_scene_lies_on_the_shelf_stays_as_it_was_written(studio: Studio, clip: Path, tmp_path: Path) -> None:
    plan = film([{"seconds": 1.0}])
    part = part_of(MovieRequest(plan=plan), plan, plan.scenes[0])
    assert part is not None
    folder = place(studio.settings, part.key)
    folder.mkdir(parents=True)
    path = save_project(tmp_path / "film.zip", plan, {"s0": clip})
    assert opened(studio, path)["plan"]["scenes"][0]["source"]["kind"] == "file", "an empty folder is no clip"
    (folder / "run.json").write_text("{}")
    fields = opened(studio, path)
    assert fields["plan"]["scenes"][0]["source"]["kind"] == "text" and BROUGHT not in fields["plan"]["notes"]
    assert Plan.model_validate(fields["plan"]).scenes == plan.scenes


@pytest.mark.parametrize("result", [None, {"clip": None}, {"clip": "result.mp4"}])
def test_only_a_result_with_a_clip_is_sent_as_a_scene(studio: Studio, result: dict[str, Any] | None) -> None:
    run = studio.store.runs.submit("text-to-video", 1, {"prompt": "a boat", "seconds": 2.0})
    studio.store.runs.claim()
    studio.store.finish(run.id, "done", result=result)
    folder = studio.store.results / run.id
    folder.mkdir(parents=True)
    (folder / "run.json").write_text("{}")
    if not (result or {}).get("clip"):
        with pytest.raises(InvalidInput, match="no clip"):
            StoryField().sent(run.id, studio)
        return
    sent = StoryField().sent(run.id, studio)["add"]
    assert (sent["id"], sent["words"], sent["seconds"]) == (run.id, "a boat", 2.0)
    (folder / "run.json").unlink()
    with pytest.raises(InvalidInput, match="no clip"):
        StoryField().sent(run.id, studio)
