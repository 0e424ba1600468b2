"""Models stay resident: leases, exact bytes, a budget, least-recently-used eviction, one load in flight per key.

The pool knows bytes, not pipelines. It never moves weights itself: a loader returns whatever the task wants to hold.
"""

from __future__ import annotations

import gc
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any, Self

from engine.errors import OutOfMemory, StudioError
from engine.settings import Settings

Loader = Callable[[Callable[[float], None]], Any]
"""Called with a progress function (0..1); returns the loaded model."""


@dataclass
class _Entry:
    key: str
    expected: int
    model: Any = None
    size: int = 0
    users: int = 0
    used: float = field(default_factory=time.monotonic)
    loads: int = 0
    seconds: float = 0.0
    progress: float = 0.0
    ready: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None


class ModelPool:
    """Resident models within `budget` bytes. `on_event(kind, key, data)` hears load, loaded, evict."""

    def __init__(self, budget: int, on_event: Callable[[str, str, dict[str, Any]], None] | None = None) -> None:
        self.budget = budget
        self._entries: dict[str, _Entry] = {}
        self._lock = threading.Condition()
        self._history: deque[dict[str, Any]] = deque(maxlen=50)
        self._on_event = on_event or (lambda kind, key, data: None)

    @classmethod
    def for_machine(cls, settings: Settings) -> Self:
        """A pool with the settings' budget, or half of the machine's memory."""
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(settings.model_memory_mib * 2**20 if settings.model_memory_mib else total // 2)

    @contextmanager
    def lease(self, key: str, loader: Loader, *, expected: int) -> Iterator[Any]:
        """The model of `key`, loaded by `loader` on first use, and not evicted inside the block.

        `expected` is its size in bytes before it is loaded (a card's figure); the exact size is measured after. Raises `OutOfMemory` when the
        budget cannot hold it beside the models in use, before anything is loaded. Two threads that ask for one key share one load.
        """
        entry, mine = self._enter(key, expected)
        try:
            if mine:
                self._load(entry, loader)
            else:
                entry.ready.wait()
                if entry.error is not None:
                    raise StudioError(f"model {key} could not be loaded", why=str(entry.error), fix="see the engine room") from entry.error
            yield entry.model
        finally:
            with self._lock:
                entry.users -= 1
                entry.used = time.monotonic()
                self._lock.notify_all()

    def forked(self) -> None:
        """Call first in a forked child: a thread of the parent may have held the lock at that moment, and will never give this copy back."""
        self._lock = threading.Condition()

    def evict(self, key: str) -> bool:
        """Drop one model that nobody uses; False when it is in use or not resident."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is None or entry.users or not entry.ready.is_set():
                return False
            self._drop(entry)
        gc.collect()
        return True

    def evict_all(self) -> int:
        """Drop every model that nobody uses; returns the bytes that came back."""
        with self._lock:
            before = self._used()
            for entry in [e for e in self._entries.values() if not e.users and e.ready.is_set()]:
                self._drop(entry)
            freed = before - self._used()
        gc.collect()
        return freed

    def stats(self) -> dict[str, Any]:
        """Budget and use in bytes, the resident models in eviction order, and the last load and evict events."""
        with self._lock:
            models = [
                {"key": e.key, "bytes": e.size or e.expected, "users": e.users, "idle": round(time.monotonic() - e.used, 1), "load_seconds": round(e.seconds, 3), "progress": e.progress, "ready": e.ready.is_set()}
                for e in sorted(self._entries.values(), key=lambda e: (e.users > 0, e.used))
            ]  # fmt: skip
            return {"budget": self.budget, "used": self._used(), "models": models, "history": list(self._history)}

    def _enter(self, key: str, expected: int) -> tuple[_Entry, bool]:
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                entry.users += 1
                return entry, False
            self._make_room(expected, key)
            entry = _Entry(key, expected, users=1)
            self._entries[key] = entry
            return entry, True

    def _load(self, entry: _Entry, loader: Loader) -> None:
        began = time.monotonic()
        self._tell("load", entry.key, {"expected": entry.expected})

        def progress(share: float) -> None:
            entry.progress = share

        try:
            entry.model = loader(progress)
            entry.size = model_bytes(entry.model)
        except BaseException as error:
            with self._lock:
                entry.error = error
                self._entries.pop(entry.key, None)
                entry.ready.set()
            raise
        entry.seconds, entry.progress = time.monotonic() - began, 1.0
        with self._lock:
            entry.ready.set()
            self._tell("loaded", entry.key, {"bytes": entry.size, "seconds": round(entry.seconds, 3)})
            # The card's figure may have been too small: make good for it now.
            self._make_room(0, entry.key, strict=False)

    def _make_room(self, needed: int, key: str, *, strict: bool = True) -> None:
        idle = sorted((e for e in self._entries.values() if not e.users and e.ready.is_set()), key=lambda e: e.used)
        fixed = self._used() - sum(e.size for e in idle)
        if strict and fixed + needed > self.budget:
            raise OutOfMemory(
                f"model {key} needs {needed / 2**20:.0f} MiB, {max(0, self.budget - fixed) / 2**20:.0f} MiB of the budget are free",
                fix="wait for the other run, choose a smaller model, or raise --model-memory-mib",
            )
        for entry in idle:
            if self._used() + needed <= self.budget:
                break
            self._drop(entry)

    def _drop(self, entry: _Entry) -> None:
        self._entries.pop(entry.key, None)
        entry.model = None
        self._tell("evict", entry.key, {"bytes": entry.size})

    def _used(self) -> int:
        return sum(e.size or e.expected for e in self._entries.values())

    def _tell(self, kind: str, key: str, data: dict[str, Any]) -> None:
        self._history.append({"time": time.time(), "event": kind, "key": key, **data})
        self._on_event(kind, key, data)


def model_bytes(model: Any) -> int:
    """Exact bytes of a model: torch parameters and buffers (tied weights once), numpy arrays, or its own `nbytes`; containers and dataclasses are summed."""
    seen: set[int] = set()
    return _bytes(model, seen)


def _bytes(model: Any, seen: set[int]) -> int:
    if id(model) in seen:
        return 0
    seen.add(id(model))
    if isinstance(model, dict):
        return sum(_bytes(value, seen) for value in model.values())
    if isinstance(model, (list, tuple)):
        return sum(_bytes(value, seen) for value in model)
    if hasattr(model, "parameters") and hasattr(model, "buffers"):
        return sum(_storage(tensor, seen) for tensor in [*model.parameters(), *model.buffers()])
    if hasattr(model, "untyped_storage"):
        return _storage(model, seen)
    components = getattr(model, "components", None)  # a diffusers pipeline
    if isinstance(components, dict):
        return _bytes(components, seen)
    if is_dataclass(model):
        return _bytes([getattr(model, part.name) for part in fields(model)], seen)
    size = getattr(model, "nbytes", 0)
    return int(size) if isinstance(size, int) else 0


def _storage(tensor: Any, seen: set[int]) -> int:
    if type(tensor).__name__ != "Parameter" and hasattr(tensor, "__tensor_flatten__"):
        # A quantised tensor is made of others, and says of itself what it would take as a whole one.
        return sum(_storage(getattr(tensor, name), seen) for name in tensor.__tensor_flatten__()[0])
    storage = tensor.untyped_storage()
    if storage.data_ptr() in seen:
        return 0
    seen.add(storage.data_ptr())
    scales = getattr(getattr(tensor, "quant_state", None), "absmax", None)  # of a 4-bit tensor
    return int(storage.nbytes()) + (_storage(scales, seen) if scales is not None else 0)
