"""The model pool on modules of a few floats: exact bytes, leases, eviction order, one load in flight."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest

from engine.errors import OutOfMemory
from engine.residency import ModelPool, model_bytes

KIB = 1024


def block(kib: int) -> np.ndarray:
    return np.zeros(kib * KIB, np.uint8)


def test_the_second_lease_loads_nothing() -> None:
    pool, loads = ModelPool(100 * KIB), []

    def load(progress: Any) -> np.ndarray:
        loads.append(1)
        progress(0.5)
        return block(10)

    for _ in range(3):
        with pool.lease("a", load, expected=10 * KIB) as model:
            assert model.nbytes == 10 * KIB
    assert loads == [1]
    assert pool.stats()["used"] == 10 * KIB


def test_the_least_recently_used_goes_first_and_never_a_leased_one() -> None:
    pool, events = ModelPool(30 * KIB), []
    pool._on_event = lambda kind, key, data: events.append((kind, key))
    for name in "abc":
        with pool.lease(name, lambda progress: block(10), expected=10 * KIB):
            pass
    with pool.lease("a", lambda progress: block(10), expected=10 * KIB), pool.lease("d", lambda progress: block(10), expected=10 * KIB):
        assert ("evict", "b") in events and ("evict", "a") not in events
    assert pool.stats()["used"] <= 30 * KIB


def test_a_model_over_the_budget_is_refused_before_loading() -> None:
    pool = ModelPool(20 * KIB)
    with pool.lease("a", lambda progress: block(15), expected=15 * KIB):
        with pytest.raises(OutOfMemory, match="model b needs"), pool.lease("b", lambda progress: pytest.fail("it was loaded"), expected=10 * KIB):
            pass
    with pool.lease("b", lambda progress: block(10), expected=10 * KIB):
        assert [model["key"] for model in pool.stats()["models"]] == ["b"]


def test_two_threads_share_one_load() -> None:
    pool, loads, got = ModelPool(100 * KIB), [], []

    def load(progress: Any) -> np.ndarray:
        loads.append(1)
        time.sleep(0.1)
        return block(1)

    def use() -> None:
        with pool.lease("a", load, expected=KIB) as model:
            got.append(id(model))

    threads = [threading.Thread(target=use) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert loads == [1] and len(set(got)) == 1 and len(got) == 5


def test_a_failed_load_leaves_nothing_and_the_next_one_works() -> None:
    pool = ModelPool(100 * KIB)

    def broken(progress: Any) -> Any:
        raise OSError("unreadable")

    with pytest.raises(OSError, match="unreadable"), pool.lease("a", broken, expected=KIB):
        pass
    assert pool.stats()["used"] == 0
    with pool.lease("a", lambda progress: block(1), expected=KIB) as model:
        assert model.nbytes == KIB


def test_evict_all_frees_what_nobody_uses() -> None:
    pool = ModelPool(100 * KIB)
    with pool.lease("idle", lambda progress: block(5), expected=KIB):
        pass
    with pool.lease("used", lambda progress: block(7), expected=KIB):
        assert pool.evict_all() == 5 * KIB
        assert not pool.evict("used")
        assert [model["key"] for model in pool.stats()["models"]] == ["used"]


def test_torch_bytes_are_exact_and_tied_weights_count_once() -> None:
    torch = pytest.importorskip("torch")
    first, second = torch.nn.Linear(16, 16, bias=False), torch.nn.Linear(16, 16, bias=False)
    both = torch.nn.ModuleList([first, second])
    assert model_bytes(both) == 2 * 16 * 16 * 4
    second.weight = first.weight
    assert model_bytes({"text": first, "net": both}) == 16 * 16 * 4
