"""The run store: the queue's order, each state, and two processes at one queue."""

from __future__ import annotations

import threading

import pytest

from engine.errors import InvalidInput, LimitExceeded, StudioError
from engine.runs import RunStore
from engine.store import Store


def submit(store: Store, number: int, **options: object) -> str:
    return store.runs.submit("toy", 1, {"frames": number}, **options).id  # type: ignore[arg-type]


def test_ids_are_random_and_128_bits(store: Store) -> None:
    ids = {submit(store, number) for number in range(1, 30)}
    assert len(ids) == 29
    assert all(len(run_id) == 32 and int(run_id, 16) >= 0 for run_id in ids)


def test_runs_are_claimed_in_order_and_once(store: Store) -> None:
    ids = [submit(store, number) for number in range(1, 7)]
    claimed: list[str] = []
    lock = threading.Lock()

    def work() -> None:
        other = RunStore(store.runs.path)
        while (run := other.claim()) is not None:
            with lock:
                claimed.append(run.id)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(ids)
    assert len(claimed) == len(set(claimed))


def test_moving_changes_the_order(store: Store) -> None:
    a, b, c = (submit(store, number) for number in (1, 2, 3))
    store.runs.move(c, -2)
    assert [run.id for run in store.runs.queue()] == [c, a, b]
    store.runs.move(c, 99)
    assert [run.id for run in store.runs.queue()] == [a, b, c]


def test_a_double_click_is_one_run(store: Store) -> None:
    assert submit(store, 5, owner="me") == submit(store, 5, owner="me")
    assert submit(store, 5, owner="other") != submit(store, 5, owner="me")


def test_the_queue_is_bounded(store: Store) -> None:
    for number in range(1, 4):
        submit(store, number, limits=(3, 3))
    with pytest.raises(LimitExceeded, match="full"):
        submit(store, 9, limits=(3, 3))


def test_cancel_before_and_during(store: Store) -> None:
    waiting, working = submit(store, 1), submit(store, 2)
    store.runs.move(working, -1)
    assert store.runs.claim().id == working  # type: ignore[union-attr]
    store.runs.cancel(waiting)
    store.runs.cancel(working)
    assert store.runs.get(waiting).state == "cancelled"
    assert store.runs.get(working).state == "running" and store.runs.stop_requested(working)
    assert store.runs.finish(working, "cancelled")
    assert not store.runs.finish(working, "done"), "a run ends once"
    store.runs.cancel(working)
    assert store.runs.get(working).state == "cancelled"


def test_requeue_keeps_id_and_seed(store: Store) -> None:
    run_id = submit(store, 1)
    seed = store.runs.get(run_id).seed
    store.runs.claim()
    store.runs.finish(run_id, "interrupted")
    assert store.runs.requeue(run_id)
    again = store.runs.get(run_id)
    assert (again.state, again.seed, again.stop) == ("queued", seed, False)
    assert not store.runs.requeue(run_id)


def test_events_are_ordered_and_only_the_newest_progress_stays(store: Store) -> None:
    run_id = submit(store, 1)
    for number in range(50):
        store.runs.append(run_id, "progress", {"stage": "work", "done": number, "total": 50})
    store.runs.append(run_id, "note", {"text": "ä <b> 🎬", "level": "info"})
    events = store.runs.events(run_id)
    assert [event["seq"] for event in events] == sorted(event["seq"] for event in events)
    assert [event["done"] for event in events if event["event"] == "progress"] == [49]
    assert store.runs.latest(run_id)["note"]["text"] == "ä <b> 🎬"


def test_a_waiting_run_can_be_edited_a_working_one_not(store: Store) -> None:
    run_id = submit(store, 1)
    assert store.runs.replace_request(run_id, {"frames": 9, "seed": 4}, 9.0)
    assert (store.runs.get(run_id).request["frames"], store.runs.get(run_id).seed) == (9, 4)
    store.runs.claim()
    assert not store.runs.replace_request(run_id, {"frames": 2}, 2.0)


def test_the_rate_is_learnt(store: Store) -> None:
    assert store.runs.seconds_per_work("toy") is None
    run_id = submit(store, 10, work=10.0)
    store.runs.claim()
    store.runs.finish(run_id, "done", result={"clip": None})
    rate = store.runs.seconds_per_work("toy")
    assert rate is not None and 0 <= rate < 1


def test_unknown_run(store: Store) -> None:
    with pytest.raises(InvalidInput):
        store.runs.get("0" * 32)


def test_errors_travel_through_the_store(store: Store) -> None:
    run_id = submit(store, 1)
    store.runs.claim()
    store.runs.finish(run_id, "failed", error=LimitExceeded("the disk is full", fix="free space"))
    error = StudioError.from_dict(store.runs.get(run_id).error or {})
    assert isinstance(error, LimitExceeded) and error.line == "the disk is full: free space"
