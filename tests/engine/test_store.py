"""The data folder held to its limits: by age, by size, and never what somebody needs."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import Settings
from engine.store import Store
from studio import service
from studio.service import Studio

DAY = 86400.0


@pytest.fixture
def tight(settings: Settings) -> Store:
    """A store with room for two results of 1 MiB."""
    return Store(settings.model_copy(update={"keep_gib": 2.5 / 1024}))


def made(store: Store, number: int, age: float = 2 * DAY) -> str:
    """A result of 1 MiB whose run ended so many seconds ago; the higher `number`, the later."""
    run = store.runs.submit("toy", 1, {"frames": number})
    claimed = store.runs.claim()
    assert claimed is not None and claimed.id == run.id
    store.finish(run.id, "done", result={})
    folder = store.results / run.id
    folder.mkdir()
    (folder / "result.mp4").write_bytes(bytes(2**20))
    then = time.time() - age + number
    with store.runs._write() as db:
        db.execute("UPDATE runs SET created=?, ended=? WHERE id=?", (then, then, run.id))
    return run.id


def left(store: Store) -> set[str]:
    return {folder.name for folder in (*store.results.iterdir(), *store.trash.iterdir())}


def test_within_the_limits_nothing_goes(store: Store) -> None:
    ids = {made(store, number) for number in range(3)}
    store.remove(min(ids))
    store.sweep()
    assert left(store) == ids


def test_beyond_the_size_the_trash_goes_then_the_oldest(tight: Store) -> None:
    ids = [made(tight, number) for number in range(5)]
    tight.remove(ids[4])
    tight.sweep()
    assert left(tight) == {ids[2], ids[3]}, "the newest lay in the trash"
    assert {run.id for run in tight.runs.select()} == {ids[2], ids[3]}


def test_pinned_named_and_fresh_results_stay(tight: Store) -> None:
    pinned, drafted, plain, fresh = made(tight, 0), made(tight, 1), made(tight, 2), made(tight, 3, age=60.0)
    tight.runs.mark(pinned, pinned=True)
    tight.runs.submit("toy", 1, {"frames": 9, "finish": drafted})
    tight.sweep()
    assert left(tight) == {pinned, drafted, fresh}, "three are more than fit: none of them may go"
    assert plain not in {run.id for run in tight.runs.select()}


def test_the_trash_empties_by_age(store: Store) -> None:
    old, new = made(store, 0), made(store, 1)
    for run_id, days in ((old, 8.0), (new, 6.0)):
        store.remove(run_id)
        store.runs.mark(run_id, trashed=time.time() - days * DAY)
    store.sweep()
    assert left(store) == {new}


def test_inputs_that_no_run_names_go_after_a_day(store: Store, tmp_path: Path) -> None:
    kept = {}
    for name in ("named", "lost", "young", "again"):
        (tmp_path / f"{name}.txt").write_text(name)
        kept[name] = store.keep_input(tmp_path / f"{name}.txt")
        os.utime(kept[name], (time.time() - 2 * DAY,) * 2)
    store.runs.submit("toy", 1, {"image": str(kept["named"])})
    os.utime(kept["young"])
    assert store.keep_input(tmp_path / "again.txt") == kept["again"], "given again, it is wanted again"
    store.sweep()
    assert {path.name for path in store.inputs.iterdir()} == {kept[name].name for name in ("named", "young", "again")}


@pytest.fixture
def kept_house(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """A studio that looks after its limits every tenth of a second; it has begun before there is anything."""
    monkeypatch.setattr(service, "SWEEP_SECONDS", 0.1)
    studio = Studio(settings.model_copy(update={"keep_gib": 2.5 / 1024}))
    studio.start()
    yield studio
    studio.stop()


def test_a_studio_that_is_never_started_anew_keeps_its_limits(kept_house: Studio) -> None:
    store = kept_house.store
    kept_house.executor.stop()  # runs are done by this test
    ids = [made(store, number) for number in range(4)]
    end = time.monotonic() + 20
    while len(left(store)) > 2 and time.monotonic() < end:
        time.sleep(0.05)
    assert left(store) == set(ids[2:])
