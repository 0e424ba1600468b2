"""The run store: the queue's order, each state, and two processes at one queue."""

from __future__ import annotations

import random
import threading

import pytest

from engine.errors import InvalidInput, LimitExceeded, StudioError
from engine.runs import PartRow, RunStore
from engine.settings import Settings
from engine.store import Store
from engine.turns import Served, in_turn


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


@pytest.fixture
def visited(settings: Settings) -> Store:
    """The store of a studio that several visitors share."""
    return Store(settings.model_copy(update={"shared": True}))


def worked(store: Store) -> list[str]:
    """Work the whole queue as one worker does; the ids in the order in which they were taken."""
    taken = []
    while (run := store.runs.claim()) is not None:
        taken.append(run.id)
        store.runs.finish(run.id, "done", result={"clip": None})
    return taken


def test_forty_runs_of_one_visitor_do_not_starve_another(visited: Store) -> None:
    many = [submit(visited, number, owner="many") for number in range(1, 41)]
    one = submit(visited, 1, owner="one")
    two = [submit(visited, number, owner="two") for number in (1, 2)]
    assert [run.id for run in visited.runs.queue()] == (taken := worked(visited)), "the page shows the places that come true"
    assert taken[:5] == [many[0], one, two[0], many[1], two[1]], "in the order of arrival the one would be 41st"
    assert [run for run in taken if run in many] == many, "a visitor's own runs stay in order"


def test_who_comes_back_waits_behind_those_who_waited(visited: Store) -> None:
    first = [submit(visited, number, owner="a") for number in (1, 2)]
    assert visited.runs.claim().id == first[0]  # type: ignore[union-attr]
    late = submit(visited, 1, owner="b")
    assert visited.runs.claim().id == late, "another worker is free: the one with nothing working comes first"  # type: ignore[union-attr]
    visited.runs.finish(late, "done")
    again = submit(visited, 2, owner="b")
    visited.runs.finish(first[0], "done")
    assert worked(visited) == [first[1], again], "b had the last turn"


def test_a_film_takes_a_turn_for_each_of_its_scenes(visited: Store) -> None:
    scenes = [PartRow("toy", 1, {"frames": number, "seed": 1}, f"{number}" * 64, f"Scene {number}", 1.0) for number in (1, 2, 3)]
    film = submit(visited, 1, owner="film", parts=scenes)
    others = [submit(visited, number, owner="other") for number in (1, 2)]
    places = [run.id for run in visited.runs.queue()]
    taken = worked(visited)
    assert [run for run in taken if run in (film, *others)] == [*others, film] == places
    assert taken.index(others[0]) == 1 and taken[-1] == film


def test_on_ones_own_machine_the_order_is_that_of_the_list(store: Store) -> None:
    ids = [submit(store, number, owner=owner) for number, owner in enumerate("aaab", 1)]
    store.runs.move(ids[3], -1)
    assert [run.id for run in store.runs.queue()] == worked(store) == [ids[0], ids[1], ids[3], ids[2]]


def test_a_visitor_moves_only_among_own_runs(visited: Store) -> None:
    other, a, b = submit(visited, 1, owner="other"), submit(visited, 1, owner="me"), submit(visited, 2, owner="me")
    visited.runs.move(b, -99)
    assert worked(visited) == [other, b, a]


@pytest.mark.parametrize("seed", range(5))
def test_turns_are_even(seed: int) -> None:
    rng = random.Random(seed)
    waiting = [(str(number), rng.choice("aaaaabbc")) for number in range(60)]
    served = {"a": Served(working=1, last=50.0), "b": Served(last=99.0)}
    order = in_turn(waiting, served)
    owner = dict(waiting)
    left = {name: sum(one == name for one in owner.values()) for name in "abc"}
    had = {"a": 1, "b": 0, "c": 0}
    for run in order:
        name = owner[run]
        assert all(had[name] <= had[other] for other in left if left[other]), "nobody is a turn ahead of somebody who waits"
        had[name] += 1
        left[name] -= 1
    assert sorted(order) == sorted(owner)


def test_of_runs_that_suit_the_first_is_taken(store: Store) -> None:
    ids = [submit(store, number) for number in (1, 2, 3)]
    assert store.runs.claim(lambda run: run.request["frames"] > 1).id == ids[1]  # type: ignore[union-attr]
    assert store.runs.claim(lambda run: False) is None
    assert store.runs.claim().id == ids[0]  # type: ignore[union-attr]


def test_a_run_that_is_tried_again_keeps_its_place(store: Store) -> None:
    first, second = submit(store, 1), submit(store, 2)
    store.runs.claim()
    assert store.runs.retry(first) and not store.runs.retry(second)
    assert store.runs.claim().id == first  # type: ignore[union-attr]
    store.runs.cancel(first)
    assert not store.runs.retry(first), "who was told to stop is not tried again"


def test_callers_without_a_browser_are_one_visitor_with_its_limit(visited: Store) -> None:
    for number in (1, 2):
        submit(visited, number, limits=(10, 2))
    with pytest.raises(LimitExceeded, match="full"):
        submit(visited, 3, limits=(10, 2))
    submit(visited, 3, owner="ann", limits=(10, 2))
