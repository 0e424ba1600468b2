"""Takes, grids and drafts over a toy provider: what is asked is made, in order, each clip with its own settings, and Stop keeps what is finished."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import load_request, result_folder
from engine.errors import StudioError
from engine.execution import Outcome, perform
from engine.executors import InlineExecutor
from engine.media.images import write_image
from engine.media.provenance import read_stamp
from engine.media.video import open_video
from engine.runs import new_id
from engine.settings import Settings
from engine.store import Store
from engine.task import Meter, get_task, parse_request
from engine.tasks.text_to_video import takes as layer
from engine.tasks.text_to_video.checks import scalar_fields
from engine.tasks.text_to_video.request import TextToVideoRequest
from tests.tasks import toy_provider

TASK = get_task("text-to-video")
Events = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    """`pocket` is the toy."""
    monkeypatch.setitem(layer.PROVIDERS, "pocket", toy_provider.__name__)


def make(folder: Path, *, stop_after: int | None = None, **fields: Any) -> tuple[Outcome, Events, dict[str, Any]]:
    """Outcome, events and document of a run of seed 7 with the toy."""
    events: Events = []
    looks = [0]

    def cancelled() -> bool:
        looks[0] += 1
        return stop_after is not None and looks[0] > stop_after

    request = parse_request(TASK, {"prompt": "a cat", "model": "pocket", **fields})
    outcome = perform(
        TASK, request, run_id="c" * 32, seed=fields.get("seed", 7), settings=Settings(), staging=folder / "staging", destination=folder / "out",
        emit=lambda kind, data: events.append((kind, data)), cancelled=cancelled,
    )  # fmt: skip
    path = folder / "out" / "run.json"
    return outcome, events, json.loads(path.read_text()) if path.exists() else {}


def level(clip: Path) -> tuple[int, int]:
    """Grey level and number of frames."""
    with open_video(clip, Settings()) as reader:
        frames = np.stack(list(reader))
    return round(float(frames.mean())), len(frames)


def test_one_take_looks_like_any_result(tmp_path: Path) -> None:
    outcome, events, document = make(tmp_path)
    assert outcome.state == "done" and document["result"]["clip"] == "result.mp4" and document["result"]["meters"][0]["name"] == "level"
    assert [data["label"] for kind, data in events if kind == "stage"] == ["Painting", "Saving"], "no count where there is one take"
    assert len(document["result"]["details"]["takes"]) == 1 and document["result"]["details"]["level"] == document["result"]["details"]["takes"][0]["details"]["level"]


def test_takes_count_the_seed_up_and_are_what_those_seeds_give_alone(tmp_path: Path) -> None:
    outcome, events, document = make(tmp_path, takes=3)
    takes = document["result"]["details"]["takes"]
    assert outcome.state == "done" and [take["seed"] for take in takes] == [7, 8, 9] and [take["clip"] for take in takes] == ["result.mp4", "take-2.mp4", "take-3.mp4"]
    assert [data["label"] for kind, data in events if kind == "stage"][:3] == ["Painting (take 1 of 3)", "Painting (take 2 of 3)", "Painting (take 3 of 3)"]
    assert sum(data["text"] == "grey is all there is" for kind, data in events if kind == "note") == 1, "what each take says is told once"
    assert len({level(tmp_path / "out" / take["clip"])[0] for take in takes}) == 3, "one seed for all gives 1"
    _, _, alone = make(tmp_path / "alone", seed=9)
    assert alone["result"]["details"]["level"] == takes[2]["details"]["level"]
    stamp = read_stamp(tmp_path / "out" / "take-3.mp4", Settings())
    assert stamp is not None and stamp.document["seed"] == 9 and stamp.document["request"]["takes"] == 1, "a take carries its own settings"


def test_takes_are_ranked_by_how_much_better_their_words_fit_than_unrelated_ones(tmp_path: Path) -> None:
    request = TextToVideoRequest(prompt="a cat", takes=4)
    cells = layer.cells(request, 7)
    figures = [(0.30, 0.20), (0.28, 0.10), None, (0.29, 0.20)]
    made = [
        (cell, layer.Made(tmp_path / f"{cell.stem}.mp4", cell.seed, () if told is None else (Meter(layer.FIT, "", told[0], baseline=told[1]),)))
        for cell, told in zip(cells, figures, strict=True)
    ]  # fmt: skip
    result = layer.result_of(request, made)
    assert [take["rank"] for take in result.details["takes"]] == [2, 1, None, 3]
    assert [take["seed"] for take in result.details["takes"]] == [7, 8, 9, 10] and result.clip == tmp_path / "result.mp4"
    assert layer.ranks(made[:1]) == [None] and layer.ranks(made[1:3]) == [None, None]
    other = [(replace(cell, request=cell.request.model_copy(update={"prompt": f"a cat {index}"})), take) for index, (cell, take) in enumerate(made)]
    assert layer.ranks(other) == [None] * 4


def test_the_seed_wraps_around(tmp_path: Path) -> None:
    _, _, document = make(tmp_path, takes=2, seed=2**32 - 1)
    assert [take["seed"] for take in document["result"]["details"]["takes"]] == [2**32 - 1, 0]


def test_a_grid_goes_row_by_row_with_one_seed(tmp_path: Path) -> None:
    _, events, document = make(tmp_path, grid={"x_field": "steps", "x_values": [6, 12], "y_field": "guidance", "y_values": [1, 2.5]})
    takes = document["result"]["details"]["takes"]
    assert [take["label"] for take in takes] == ["steps 6 · guidance 1", "steps 12 · guidance 1", "steps 6 · guidance 2.5", "steps 12 · guidance 2.5"]
    levels = [take["details"]["level"] for take in takes]
    assert {take["seed"] for take in takes} == {7} and levels[1] - levels[0] == levels[3] - levels[2] == 6 and levels[0] == levels[2]
    assert document["result"]["details"]["grid"]["x_values"] == [6, 12]
    assert [data["text"] for kind, data in events if kind == "note"].count("The model pocket leaves out what you set for: guidance.") == 1
    stamp = read_stamp(tmp_path / "out" / "take-4.mp4", Settings())
    assert stamp is not None and (stamp.document["request"]["steps"], stamp.document["request"]["guidance"], stamp.document["request"]["grid"]) == (12, 2.5, None)


def test_a_grid_over_seeds_has_those_seeds(tmp_path: Path) -> None:
    _, _, document = make(tmp_path, grid={"x_field": "seed", "x_values": [3, 4]})
    assert [take["seed"] for take in document["result"]["details"]["takes"]] == [3, 4]


@pytest.mark.parametrize(("looks", "clips", "frames"), [(8, 2, 2), (6, 1, 4), (3, 1, 2)])
def test_stop_keeps_the_finished_takes_and_the_begun_one(tmp_path: Path, looks: int, clips: int, frames: int) -> None:
    outcome, _, document = make(tmp_path, takes=3, stop_after=looks)
    takes = document["result"]["details"]["takes"]
    assert outcome.state == "cancelled" and document["partial"] and len(takes) == clips
    assert takes[-1]["partial"] == (frames < 4) and level(tmp_path / "out" / takes[-1]["clip"])[1] == frames


def test_stop_before_the_first_frame_leaves_nothing(tmp_path: Path) -> None:
    outcome, _, document = make(tmp_path, takes=2, stop_after=0)
    assert outcome.state == "cancelled" and outcome.result is None and not document


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"takes": 9}, "takes=9"),
        ({"steps": 0}, "steps=0"),
        ({"steps": 1000}, "steps=1000"),
        ({"grid": {"x_field": "spoons", "x_values": [1]}}, "cannot vary 'spoons': choose one of"),
        ({"grid": {"x_field": "images", "x_values": [1]}}, "cannot vary 'images'"),
        ({"grid": {"x_field": "takes", "x_values": [1]}}, "cannot vary 'takes'"),
        ({"grid": {"x_field": "steps", "x_values": [6, 0]}}, "grid: steps=0 is not allowed: input should be greater"),
        ({"grid": {"x_field": "steps", "x_values": ["many"]}}, "grid: steps=many"),
        ({"grid": {"x_field": "loop", "x_values": ["twice"]}}, "grid: loop=twice"),
        ({"grid": {"x_field": "steps", "x_values": [6, 6.0]}}, "value of steps twice"),
        ({"grid": {"x_field": "steps", "x_values": [1, 2, 3, 4, 5, 6]}}, "at most 5"),
        ({"grid": {"x_field": "steps", "x_values": []}}, "at least 1"),
        ({"grid": {"x_field": "steps", "x_values": [6], "y_field": "steps", "y_values": [7]}}, "varies steps twice"),
        ({"grid": {"x_field": "steps", "x_values": [6], "y_field": "guidance"}}, "second field has no values"),
        ({"grid": {"x_field": "steps", "x_values": [6]}, "takes": 2}, "takes=2 with a grid"),
        ({"grid": {"x_field": "seconds", "x_values": [1, 5]}, "prompts": [{"at": 2, "prompt": "b"}]}, "the clip ends at 1 s"),
        ({"prompts": [{"at": 2, "prompt": " "}]}, "prompt='' is not allowed"),
        ({"images": [{"at": 9, "image": "a.png"}]}, "a picture stands at 9 s"),
        ({"continue_run": "../../etc"}, "not the id of a run"),
        ({"continue_run": "a" * 32, "takes": 2}, "makes one clip"),
        ({"negative_prompt": "x" * 10_000}, "2000 characters"),
    ],
)
def test_wrong_requests_are_one_clear_line(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(StudioError, match=words) as caught:
        parse_request(TASK, {"prompt": "a cat", "seconds": 4, **fields})
    assert "\n" not in caught.value.line


def test_a_model_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(layer.PROVIDERS, "pocket", "tests.tasks.absent_provider")
    with pytest.raises(StudioError, match="choose diorama"):
        parse_request(TASK, {"prompt": "a cat", "model": "pocket"})


def test_all_simple_fields_can_be_varied_and_no_other() -> None:
    kinds = scalar_fields()
    assert {"steps": "int", "guidance": "float", "interpolate": "bool", "prompt": "str", "loop": "choice", "seed": "int"}.items() <= kinds.items()
    assert not {"takes", "grid", "prompts", "images", "first_image", "continue_run", "draft"} & set(kinds)


def test_work_counts_every_clip() -> None:
    one = TASK.work(TextToVideoRequest(prompt="a"))
    assert TASK.work(TextToVideoRequest(prompt="a", takes=3)) == pytest.approx(3 * one)
    grid = TextToVideoRequest.model_validate({"prompt": "a", "grid": {"x_field": "width", "x_values": [768, 384]}})
    assert one < TASK.work(grid) < 2 * one and TASK.memory_mib(grid) == TASK.memory_mib(TextToVideoRequest(prompt="a"))
    assert TASK.work(TextToVideoRequest(prompt="a", draft=True)) < one < TASK.work(TextToVideoRequest(prompt="a", upscale="2x"))


def test_a_draft_is_finished_from_what_it_left(store: Store) -> None:
    """Through the store and an executor, as the page does it."""
    executor = InlineExecutor(store)
    executor.start()

    def work(**fields: Any) -> Any:
        request = parse_request(TASK, {"prompt": "a cat", "model": "pocket", **fields})
        run = store.runs.submit(TASK.id, 1, request.model_dump(mode="json"))
        executor.wake()
        return store.runs.get(run.id)

    draft = work(draft=True, takes=2, seed=5)
    second = draft.result["details"]["takes"][1]
    assert second["draft"] and (store.results / draft.id / second["draft_file"]).is_file()
    # Another seed and other steps on purpose: the level must come from the draft's file, not be painted anew.
    done = work(continue_run=draft.id, continue_take=2, seed=99, steps=50)
    assert done.state == "done" and level(store.results / done.id / "result.mp4") == (second["details"]["level"], 8)
    for fields, words in (({"continue_take": 3}, "has 2 takes"), ({"continue_run": done.id}, "not a draft")):
        wrong = work(**{"continue_run": draft.id, **fields})
        assert wrong.state == "failed" and words in wrong.error["what"], wrong.error
    store.remove(draft.id)
    gone = work(continue_run=draft.id)
    assert gone.state == "failed" and "not here any more" in gone.error["what"] and gone.error["field"] == "continue_run"


def test_the_command_line_finds_results_beside_its_own(tmp_path: Path) -> None:
    run_id, settings = new_id(), Settings(data_dir=tmp_path / "data")
    for place in (tmp_path / "out" / f"text-to-video-{run_id[:8]}", tmp_path / "other"):
        place.mkdir(parents=True)
        (place / "run.json").write_text(json.dumps({"id": run_id if place.name != "other" else new_id()}))
    assert result_folder(tmp_path / "out", settings, run_id) == tmp_path / "out" / f"text-to-video-{run_id[:8]}"
    assert result_folder(tmp_path / "next", settings, new_id()) is None and result_folder(tmp_path / "out", settings, "../out") is None


def test_pictures_in_a_list_travel_and_are_named(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for name, grey in (("one.png", 40), ("two.png", 200)):
        write_image(tmp_path / "in" / name, np.full((24, 32, 3), grey, np.uint8))
    file = tmp_path / "in" / "request.json"
    file.write_text(json.dumps({"task": "text-to-video", "prompt": "a cat", "model": "pocket", "images": [{"at": 1, "image": "one.png"}, {"at": 2, "image": "two.png"}]}))
    _, request = load_request(file)
    assert isinstance(request, TextToVideoRequest)
    assert [still.image for still in request.images] == [tmp_path / "in" / "one.png", tmp_path / "in" / "two.png"], "relative to the file"
    _, _, document = make(tmp_path, images=request.model_dump()["images"])
    assert [still["image"] for still in document["request"]["images"]] == ["one.png", "two.png"] and str(tmp_path) not in json.dumps(document)
    assert set(document["inputs"]) == {"images.0.image", "images.1.image"}
    stamp = read_stamp(tmp_path / "out" / "result.mp4", Settings())
    assert stamp is not None and set(stamp.files) == {"images.0.image.png", "images.1.image.png"} and stamp.files["images.0.image.png"] != stamp.files["images.1.image.png"]


@pytest.mark.parametrize("values", [[toy_provider.FAILS, 5], [5, toy_provider.FAILS]])
def test_a_cell_that_fails_is_told_and_the_others_are_made(tmp_path: Path, values: list[int]) -> None:
    outcome, events, document = make(tmp_path, grid={"x_field": "steps", "x_values": values})
    assert outcome.state == "done"
    assert any("steps 66 could not be made: grey ran out" in data.get("text", "") for _, data in events)
    (take,) = document["result"]["details"]["takes"]
    assert take["changes"] == {"steps": 5}
    stamp = read_stamp(tmp_path / "out" / take["clip"], Settings())
    if values[0] == toy_provider.FAILS:  # the clip is the second cell's, and carries its settings
        assert stamp is not None and stamp.document["request"]["steps"] == 5 and stamp.document["request"]["grid"] is None
    else:
        assert stamp is not None and stamp.document["request"]["grid"] is not None


def test_when_every_take_fails_the_run_fails_with_the_reason(tmp_path: Path) -> None:
    outcome, _, document = make(tmp_path, takes=2, steps=toy_provider.FAILS)
    assert outcome.state == "failed" and not document
