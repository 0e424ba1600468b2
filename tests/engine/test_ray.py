"""Runs on Ray: scenes on two actors are the scenes of one, an actor that is killed costs nobody else anything, and where runs are sent."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import pytest

from engine.errors import InvalidInput
from engine.ray_cluster import actors_for
from engine.ray_executor import RayExecutor
from engine.routing import MODEL_FIELDS, Load, Router
from engine.runs import PartRow, Run
from engine.settings import Settings
from engine.store import Store
from engine.task import all_tasks, get_task, parse_request

SCENES = [
    {"id": f"s{n}", "prompt": f"a small {colour} boat on the sea", "seconds": 0.6, "seed": n}
    for n, colour in enumerate(("red", "blue", "green", "yellow", "white", "black"))
]  # fmt: skip
FILM = {
    "plan": {"title": "Boats", "hero": {"phrase": "a small boat"}, "title_seconds": 0, "fps": 12, "scenes": SCENES},
    "side": 192, "video_model": "diorama", "voice": "none", "music": "none", "hand_over": False, "seed": 1, "until": "scenes",
}  # fmt: skip
LONG = {"prompt": "a red boat on the sea", "seconds": 60, "fps": 60, "width": 256, "height": 144, "seed": 1}


def started(folder: Path, actors: int) -> RayExecutor:
    executor = RayExecutor(Store(Settings(data_dir=folder, ray_actors=actors)))
    executor.start()
    return executor


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayExecutor]:
    """Two actors, for all tests of the module: Ray starts once."""
    pytest.importorskip("ray")
    executor = started(tmp_path_factory.mktemp("two") / "data", 2)
    yield executor
    executor.stop()


def submit(executor: RayExecutor, task_id: str, fields: dict[str, Any]) -> str:
    task = get_task(task_id)
    request = parse_request(task, fields)
    parts = [PartRow(own.id, own.version, asked.model_dump(mode="json"), part.key, part.label, 1.0) for part in task.parts(request) for own, asked in [part.request()]]
    run = executor.store.runs.submit(task.id, task.version, request.model_dump(mode="json"), parts=parts)
    executor.wake(run.id)
    return run.id


def until(ready: Callable[[], Any], seconds: float = 200.0) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := ready()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def ended(executor: RayExecutor, run_id: str) -> Run:
    found: Run = until(lambda: None if (run := executor.store.runs.get(run_id)).active else run)
    return found


def working(executor: RayExecutor, run_id: str) -> int:
    """The process of the actor that works on a run, once it has made some of it."""

    def look() -> int | None:
        slot = next((slot for slot in executor._slots if slot.run is not None and slot.run.id == run_id), None)
        return slot.who.get("pid") if slot and "progress" in executor.store.runs.latest(run_id) else None

    pid: int = until(look)
    return pid


def notes(executor: RayExecutor, run_id: str) -> list[str]:
    return [event["text"] for event in executor.store.runs.events(run_id) if event["event"] == "note" and "made again" in event["text"]]


def streams(executor: RayExecutor) -> dict[str, str]:
    """Part -> hash of its encoded pictures, byte for byte. The rest of the file tells when it was made, by which run."""
    found = {}
    for folder in (executor.store.root / "cache" / "parts").iterdir():
        if not folder.name.startswith("."):
            with av.open(str(folder / "result.mp4")) as container:
                found[folder.name] = hashlib.sha256(b"".join(bytes(packet) for packet in container.demux(video=0))).hexdigest()
    return found


def test_six_scenes_on_two_actors_are_those_of_one(two: RayExecutor, tmp_path: Path) -> None:
    film = submit(two, "movie", FILM)
    until(lambda: sum(slot.run is not None for slot in two._slots) == 2)
    assert ended(two, film).state == "done"
    scenes = two.store.runs.parts(film)
    assert [scene.state for scene in scenes] == ["done"] * 6
    assert all("progress" in two.store.runs.latest(scene.id) for scene in scenes), "events are streamed back"
    first, second = sorted(scenes, key=lambda scene: scene.started or 0.0)[:2]
    assert (second.started or 0.0) < (first.ended or 0.0), "two are made at once"
    one = started(tmp_path / "data", 1)
    try:
        alone = submit(one, "movie", FILM)
        assert ended(one, alone).state == "done"
        spans = sorted((scene.started or 0.0, scene.ended or 0.0) for scene in one.store.runs.parts(alone))
        assert all(before[1] <= after[0] for before, after in zip(spans, spans[1:], strict=False)), "one actor makes one at a time"
        assert len(streams(one)) == 6 and len(set(streams(one).values())) == 6
        assert streams(one) == streams(two)
    finally:
        one.stop()


def test_an_actor_that_is_killed_costs_nobody_else_anything(two: RayExecutor) -> None:
    scenes = [{**scene, "seed": 100 + n, "seconds": 4.0} for n, scene in enumerate(SCENES)]
    film = submit(two, "movie", {**FILM, "plan": {**FILM["plan"], "scenes": scenes}})  # type: ignore[dict-item]
    victim = until(lambda: next((slot.run for slot in two._slots if slot.run is not None and slot.run.part), None))
    os.kill(working(two, victim.id), signal.SIGKILL)
    assert ended(two, film).state == "done"
    made = two.store.runs.parts(film)
    assert [scene.state for scene in made] == ["done"] * 6
    assert [scene.id for scene in made if notes(two, scene.id)] == [victim.id], "only the scene that it worked on is made again, once"
    assert len(notes(two, victim.id)) == 1


def test_killed_twice_a_run_fails_with_the_reason_and_the_next_is_well(two: RayExecutor) -> None:
    run = submit(two, "text-to-video", LONG)
    first = working(two, run)
    os.kill(first, signal.SIGKILL)
    until(lambda: notes(two, run))
    until(lambda: two.store.runs.get(run).state == "running")
    second = working(two, run)
    assert second != first
    os.kill(second, signal.SIGKILL)
    failed = ended(two, run)
    assert failed.state == "failed" and failed.error is not None
    assert failed.error["kind"] == "process-died" and "killed" in failed.error["why"] and failed.error["fix"]
    assert not (two.store.staging / run).exists()
    assert ended(two, submit(two, "text-to-video", {**LONG, "seconds": 0.5})).state == "done"
    assert two.stats()["restarts"] >= 2


def test_stop_keeps_what_is_finished(two: RayExecutor) -> None:
    run = submit(two, "text-to-video", {**LONG, "seed": 2})
    working(two, run)
    two.store.runs.cancel(run)
    stopped = ended(two, run)
    assert stopped.state == "cancelled" and stopped.result is not None and stopped.result["partial"]


def test_stop_ends_an_actor_that_does_not_answer(two: RayExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.executors.STOP_GRACE", 0.5)
    run = submit(two, "text-to-video", {**LONG, "seed": 4})
    os.kill(working(two, run), signal.SIGSTOP)
    two.store.runs.cancel(run)
    assert ended(two, run).state == "cancelled" and not notes(two, run)
    assert not (two.store.staging / run).exists()


def test_the_engine_room_sees_the_actors(two: RayExecutor) -> None:
    stats = until(lambda: (found := two.stats())["alive"] and found["memory_mib"] > 50 and len(found["actors"]) == 2 and found)
    assert {actor["pid"] for actor in stats["actors"]} == {int(pid) for pid in stats["pid"].split(", ")}
    assert stats["pool"]["budget"] > 0 and stats["pool"]["models"] == []
    two.free()
    os.kill(stats["actors"][0]["pid"], signal.SIGKILL)
    until(lambda: two.restarts > stats["restarts"] and len(two.stats()["actors"]) == 2)
    run = submit(two, "text-to-video", {**LONG, "seconds": 0.5, "seed": 3})
    assert ended(two, run).state == "done" and not notes(two, run), "an idle actor that died was replaced before a run met it"


def run_of(store: Store, number: int, **request: Any) -> Run:
    return replace(store.runs.submit("toy", 1, {"frames": number}), request={"frames": number, **request})


def test_a_run_goes_where_its_model_is(store: Store) -> None:
    router = Router()
    wan, pocket = run_of(store, 1, model="wan"), run_of(store, 2, model="pocket")
    free = [Load({"wan": 10**9}, runs=5), Load({"pocket": 10**7}, runs=3), Load({}, runs=1)]
    assert router.choose(wan, free) == 2, "nothing is known yet: the least loaded"
    router.learn(wan, ["wan"])
    router.learn(pocket, ["pocket"])
    assert router.choose(run_of(store, 3, model="wan", seed=7, prompt="another"), free) == 0
    assert router.choose(run_of(store, 4, model="pocket"), free) == 1
    assert router.choose(run_of(store, 5, model="wan"), free[1:]) == 1, "its actor is busy: the least loaded"
    assert router.choose(run_of(store, 6, model="none"), [Load({}, runs=2), Load({}, runs=1)]) == 1


def test_the_fields_that_choose_models_are_fields() -> None:
    known = {name for task in all_tasks().values() for name in task.request_type.model_fields}
    assert set(MODEL_FIELDS) <= known


def test_how_many_actors() -> None:
    local, far = Settings(), Settings(ray_address="10.0.0.1:6379")
    assert actors_for(local, 0, 2) <= 2 and actors_for(local, 4, 64) == 4 and actors_for(local.model_copy(update={"ray_actors": 2}), 0, 1) == 2
    assert actors_for(far, 0, 48) == 48 and actors_for(far, 8, 48) == 8
    assert actors_for(far.model_copy(update={"ray_actors": 99}), 8, 48) == 8, "an actor that the cluster cannot place would never come"


def test_without_ray_there_is_one_line(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.ray_cluster.find_spec", lambda name: None)
    with pytest.raises(InvalidInput, match="pip install ray"):
        RayExecutor(store)


def test_a_ray_that_lets_anybody_in_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.ray_cluster.version", lambda name: "2.9.3")
    with pytest.raises(InvalidInput, match="too old"):
        RayExecutor(store)
