"""Parts of runs: made once, before the run that needs them, and taken from the shelf ever after."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from engine import task as tasks
from engine.context import RunContext
from engine.errors import Cancelled, StudioError
from engine.executors import InlineExecutor
from engine.parts import RunPart, clip_of, find, make, missing
from engine.runs import Run, RunStore
from engine.settings import Settings
from engine.store import Store
from engine.task import Event, Request, Result, Task
from studio.service import Studio


class PairRequest(Request):
    """Two toys as parts."""

    seeds: tuple[int, ...] = Field((1, 2), description="Seeds of the toys.")
    fail: str = Field("", description="How the second one fails.")
    seed: int | None = None


class Pair(Task[PairRequest]):
    """A run that only gathers its parts."""

    id, version, title = "pair", 1, "Pair"
    request_type = PairRequest

    def parts(self, request: PairRequest) -> tuple[RunPart, ...]:
        return tuple(RunPart("toy", {"seed": seed, "frames": 2, "fail": request.fail if index else ""}, f"Toy {index + 1}") for index, seed in enumerate(request.seeds))

    def run(self, request: PairRequest, run: RunContext) -> Iterator[Event]:
        made = []
        for part in self.parts(request):
            for event in make(part, run):
                if isinstance(event, Path):
                    made.append(clip_of(event).read_bytes())
                else:
                    yield event
        yield Result(None, details={"sizes": [len(clip) for clip in made]})


TASK = Pair()


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASK_MODULES, "toy", "tests.engine.toy")
    monkeypatch.setitem(tasks.TASK_MODULES, "pair", __name__)
    assert sys.modules[__name__].TASK is TASK


@pytest.fixture
def studio(settings: Settings) -> Iterator[Studio]:
    running = Studio(settings)  # its executor is not started: tests claim runs themselves, or start one that works at once
    yield running
    running.helper.stop()


def works(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Start the executor; the list names the tasks in the order in which they are worked."""
    studio.executor = InlineExecutor(studio.store)
    studio.executor.start()
    worker: Any = studio.executor._worker
    order: list[str] = []
    inner = worker.work

    def work(run: Run) -> Any:
        order.append(run.label or run.task)
        return inner(run)

    monkeypatch.setattr(worker, "work", work)
    return order


def test_parts_are_made_before_their_run_and_only_once(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    order = works(studio, monkeypatch)
    first = studio.submit("pair", {"seeds": [1, 2]})
    assert order == ["Toy 1", "Toy 2", "pair"] and studio.status(first.id)["state"] == "done"
    clips = {path: path.read_bytes() for path in (studio.settings.data_dir / "cache" / "parts").rglob("result.mp4")}
    assert len(clips) == 2
    order.clear()
    studio.submit("pair", {"seeds": [2, 3, 1]})
    assert order == ["Toy 2", "pair"], "the two old ones lie on the shelf, moved or not"
    assert all(path.read_bytes() == before for path, before in clips.items())
    assert [run["task"] for run in studio.results("")] == ["pair", "pair"], "parts are no results of their own"


def test_a_run_waits_for_its_parts_and_makes_what_failed_itself(store: Store, studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    run = studio.submit("pair", {"seeds": [1, 2], "fail": "memory"})
    parts = studio.store.runs.parts(run.id)
    assert [part.label for part in parts] == ["Toy 1", "Toy 2"] and [one["id"] for one in studio.queue("")] == [run.id]
    one, other = studio.store.runs.claim(), studio.store.runs.claim()
    assert one and other and [one.id, other.id] == [part.id for part in parts], "two workers work two parts at once"
    assert studio.store.runs.claim() is None, "the run waits for both"
    shown = studio.status(run.id)
    assert shown["state"] == "running" and "Toy 1" in shown["stage"]
    studio.store.runs.finish(one.id, "interrupted")
    studio.store.runs.finish(other.id, "failed")
    order = works(studio, monkeypatch)
    studio.executor.wake()
    assert order == ["pair"]
    ended = studio.status(run.id)
    assert ended["state"] == "failed" and "out of memory" in ended["error"], "what is wrong with a part is what is wrong with the run"
    assert len(missing(studio.settings, TASK.parts(PairRequest(seeds=(1, 2), fail="memory")))) == 1, "the part that could be made is kept"


def test_stopping_a_run_stops_its_parts(studio: Studio) -> None:
    run = studio.submit("pair", {"seeds": [1, 2]})
    working = studio.store.runs.claim()
    assert working is not None
    studio.cancel(run.id)
    assert [part.state for part in studio.store.runs.parts(run.id)] == ["running", "cancelled"] and studio.store.runs.stop_requested(working.id)
    assert studio.status(run.id)["state"] == "cancelled"
    studio.store.runs.finish(working.id, "cancelled")
    studio.again(run.id)
    assert [part.state for part in studio.store.runs.parts(run.id)] == ["queued", "queued"]


def test_a_stopped_part_is_not_kept(settings: Settings, tmp_path: Path) -> None:
    Store(settings)
    part = RunPart("toy", {"seed": 5, "frames": 50}, "Toy")
    calls = iter(range(1000))
    run = RunContext("x", tmp_path / "run", settings, 0, cancelled=lambda: next(calls) > 10)
    with pytest.raises((Cancelled, StudioError)):
        list(make(part, run))
    assert find(settings, part.key) is None and not list((settings.data_dir / "cache" / "parts").iterdir())
    assert isinstance(list(make(part, RunContext("x", tmp_path / "run", settings, 0)))[-1], Path) and find(settings, part.key) is not None


def test_old_databases_gain_the_columns(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    RunStore(path)
    with sqlite3.connect(path) as db:
        db.execute("DROP INDEX runs_by_parent")
        for column in ("parent", "part", "label"):
            db.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    store = RunStore(path)
    assert store.submit("toy", 1, {"frames": 1}).parent == ""
