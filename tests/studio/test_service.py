"""What the page can do, without a browser: submit, preflight, restore, trash, dropped files, privacy when shared."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InvalidInput, StudioError
from engine.execution import perform
from engine.media.images import write_image
from engine.settings import Settings
from engine.task import get_task
from studio.service import Studio

STROKE = {"points": [[0.3, 0.5, 0.0], [0.6, 0.5, 1.0]], "radius": 0.06}


@pytest.fixture
def studio(settings: Settings) -> Any:
    running = Studio(settings)
    yield running
    running.helper.stop()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    pixels = rng.integers(60, 90, (120, 160, 3), dtype=np.uint8)
    y, x = np.mgrid[:120, :160]
    pixels[(x - 48) ** 2 + (y - 60) ** 2 < 18**2] = (230, 80, 40)
    return write_image(tmp_path / "disc 🎬.png", pixels)


def fields(picture: Path, **more: Any) -> dict[str, Any]:
    return {"image": str(picture), "strokes": [STROKE], "seconds": 0.5, "fps": 12, **more}


def work(studio: Studio, run_id: str) -> None:
    """Do the next run in this process, as the worker would."""
    run = studio.store.runs.claim()
    assert run is not None and run.id == run_id
    task = get_task(run.task)
    outcome = perform(
        task, task.request_type.model_validate(run.request), run_id=run.id, seed=run.seed, settings=studio.settings, staging=studio.store.staging / run.id,
        destination=studio.store.results / run.id, emit=lambda kind, data: studio.store.runs.append(run.id, kind, data), names=run.names,
        results=studio.store.result_folder,
    )  # fmt: skip
    studio.store.runs.finish(run.id, outcome.state, error=outcome.error, result=outcome.result)  # type: ignore[arg-type]


def test_from_submit_to_library_to_trash_and_back(studio: Studio, picture: Path) -> None:
    run = studio.submit("stroke-motion", fields(picture), "me")
    picture.unlink()  # the upload may be cleaned away; the run keeps its own copy
    assert studio.status(run.id)["state"] == "queued"
    work(studio, run.id)
    status = studio.status(run.id)
    assert status["request"]["image"] == "disc 🎬.png", "the user's own name is shown, the kept copy has another"
    assert json.loads((studio.store.results / run.id / "run.json").read_text())["inputs"]["image"]["name"] == "disc 🎬.png"
    assert status["state"] == "done" and status["result"]["meters"] and str(studio.settings.data_dir) not in json.dumps(status)
    assert [entry["id"] for entry in studio.results("anybody")] == [run.id], "on one's own machine all results are seen"
    assert studio.result_file(run.id, "result.mp4") is not None
    again = studio.submit("stroke-motion", {**studio.restore_fields(run.id)[1], "seed": 9}, "me")
    assert studio.status(again.id)["request"]["image"] == "disc 🎬.png"
    studio.cancel(again.id)
    studio.store.remove(run.id)
    assert studio.results("me") == [] and [entry["id"] for entry in studio.results("me", trashed=True)] == [run.id]
    studio.store.restore(run.id)
    assert [entry["id"] for entry in studio.results("me")] == [run.id] and studio.result_file(run.id, "result.mp4") is not None


def test_a_result_file_gives_its_settings_and_picture_back(studio: Studio, picture: Path, tmp_path: Path) -> None:
    run = studio.submit("stroke-motion", fields(picture, camera={"zoom": 1.2}, loop="boomerang"))
    work(studio, run.id)
    copy = tmp_path / "renamed by a friend.mp4"
    copy.write_bytes((studio.store.results / run.id / "result.mp4").read_bytes())
    found = studio.read_file(copy)
    assert found is not None
    task, restored = found
    original = studio.store.runs.get(run.id).request
    assert task == "stroke-motion" and restored["seed"] == run.seed
    assert {name: restored[name] for name in ("strokes", "camera", "loop", "image")} == {name: original[name] for name in ("strokes", "camera", "loop", "image")}
    for kept in studio.store.inputs.iterdir():  # as on another machine, where the picture was never loaded
        kept.unlink()
    again = studio.read_file(copy)
    assert again is not None and Path(again[1]["image"]).is_file(), "the picture travels inside the file"


def test_a_file_of_somebody_else_is_taken_as_a_picture_or_refused(studio: Studio, picture: Path, tmp_path: Path) -> None:
    assert studio.read_file(picture) is None
    task, field, kept = studio.adopt(picture)
    assert (task, field) == ("stroke-motion", "image") and kept.is_file()
    (tmp_path / "lie.mp4").write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with pytest.raises(StudioError):
        studio.adopt(tmp_path / "lie.mp4")


@pytest.mark.parametrize(("change", "word"), [({"image": None}, "image is missing"), ({"strokes": []}, "nothing would move"), ({"fps": 999}, "fps=999")])
def test_a_wrong_form_is_refused_before_anything_is_queued(studio: Studio, picture: Path, change: dict[str, Any], word: str) -> None:
    with pytest.raises(StudioError, match=word):
        studio.submit("stroke-motion", fields(picture, **change))
    assert studio.store.runs.queue() == []
    assert word in studio.preflight("stroke-motion", fields(picture, **change))["line"]


def test_pictures_in_a_list_are_kept_named_and_given_back(studio: Studio, picture: Path, tmp_path: Path) -> None:
    asked = {"prompt": "a boat", "seconds": 0.5, "fps": 4, "width": 64, "height": 64, "images": [{"at": 0.1, "image": str(picture)}, {"at": 0.3, "image": str(picture)}]}
    run = studio.submit("text-to-video", asked)
    assert [Path(still["image"]).parent for still in run.request["images"]] == [studio.store.inputs] * 2
    assert [still["image"] for still in studio.status(run.id)["request"]["images"]] == ["disc 🎬.png"] * 2
    work(studio, run.id)
    copy = tmp_path / "sent.mp4"
    copy.write_bytes((studio.store.results / run.id / "result.mp4").read_bytes())
    for kept in studio.store.inputs.iterdir():
        kept.unlink()
    found = studio.read_file(copy)
    assert found is not None and [still["at"] for still in found[1]["images"]] == [0.1, 0.3]
    assert all(Path(still["image"]).parent == studio.store.inputs and Path(still["image"]).is_file() for still in found[1]["images"])
    (tmp_path / "lie.png").write_text("not a picture")
    with pytest.raises(StudioError) as caught:
        studio.submit("text-to-video", {**asked, "images": [{"at": 0.1, "image": str(tmp_path / "lie.png")}]})
    assert caught.value.field == "images.0.image"


def test_a_take_of_a_draft_is_finished_with_its_own_seed(studio: Studio) -> None:
    run = studio.submit("text-to-video", {"prompt": "a boat", "seconds": 0.5, "fps": 4, "width": 128, "height": 128, "takes": 2, "draft": True, "seed": 5})
    work(studio, run.id)
    finishing = studio.finish_take(run.id, 2)
    assert {name: finishing.request[name] for name in ("seed", "takes", "draft", "continue_run", "continue_take")} == {
        "seed": 6, "takes": 1, "draft": False, "continue_run": run.id, "continue_take": 2,
    }  # fmt: skip
    work(studio, finishing.id)
    assert studio.status(finishing.id)["state"] == "done" and studio.result_file(finishing.id, "result.mp4") is not None
    for wrong, take in ((run.id, 3), (finishing.id, 1)):
        with pytest.raises(InvalidInput, match="not a draft"):
            studio.finish_take(wrong, take)
    studio.store.remove(run.id)
    with pytest.raises(InvalidInput, match="not here any more"):
        studio.submit("text-to-video", {"prompt": "a boat", "continue_run": run.id})


def test_preflight_learns(studio: Studio, picture: Path) -> None:
    before = studio.preflight("stroke-motion", fields(picture))
    assert not before["learnt"] and before["seconds"] > 0 and before["fits"]
    run = studio.submit("stroke-motion", fields(picture))
    work(studio, run.id)
    assert studio.preflight("stroke-motion", fields(picture))["learnt"]


def test_visitors_of_a_shared_studio_see_only_their_own(settings: Settings, picture: Path) -> None:
    studio = Studio(settings.model_copy(update={"shared": True}))
    mine = studio.submit("stroke-motion", fields(picture), "me")
    other = studio.submit("stroke-motion", fields(picture, seed=5), "other")
    assert [run["id"] for run in studio.queue("me")] == [mine.id]
    assert [run["id"] for run in studio.queue("other")] == [other.id]
    studio.helper.stop()
    with pytest.raises(InvalidInput):
        studio.room.fetch("minilm")


def test_the_preview_answers_and_a_hung_helper_is_replaced(studio: Studio, picture: Path) -> None:
    value, blobs = studio.helper.call("stroke-preview", image=str(picture), strokes=[STROKE])
    assert value["count"] >= 8 and len(blobs) == 3 and value["arrows"]
    with pytest.raises(StudioError, match="no answer within"):
        studio.helper.call("stroke-preview", seconds=0.001, image=str(picture), strokes=[STROKE, {**STROKE, "radius": 0.1}])
    assert studio.helper.call("probe", path=str(picture))[0]["width"] == 160


def test_a_remote_request_names_only_uploaded_files_at_any_depth() -> None:
    from studio.endpoints import _only_given_files

    asked = {"prompt": "a boat", "images": [{"at": 1, "image": "/tmp/up.png"}]}
    _only_given_files("text-to-video", asked, [{"path": "/tmp/up.png"}])
    for fields in ({**asked, "images": [{"at": 1, "image": "/etc/passwd"}]}, {**asked, "first_image": "/etc/passwd"}):
        with pytest.raises(InvalidInput, match="not an uploaded file"):
            _only_given_files("text-to-video", fields, [{"path": "/tmp/up.png"}])
