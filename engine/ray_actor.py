"""What runs inside a Ray actor: one process with one resident model pool that works runs and streams their events. Ray itself is not imported here.

The actor never opens the database: SQLite's write-ahead log does not work over a network file system. Events, models and ends travel by Ray to the page's process, which
alone writes them down; files (staging, results, inputs, parts, models) lie in the data folder, which every machine of a cluster must reach by the same path.
"""

from __future__ import annotations

import os
import platform
import queue
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from engine.execution import Outcome, named
from engine.executors import open_log
from engine.hardware import describe
from engine.residency import Loader, ModelPool
from engine.runs import Run
from engine.settings import Settings
from engine.store import Folders
from engine.worker import resident_mib, tidy, warm_up, work_on


class NotingPool(ModelPool):
    """A pool that notes which models were leased, so that the next such run goes where they are."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.leased: set[str] = set()

    @contextmanager
    def lease(self, key: str, loader: Loader, *, expected: int) -> Iterator[Any]:
        self.leased.add(key)
        with super().lease(key, loader, expected=expected) as model:
            yield model

    def holds(self) -> dict[str, int]:
        """Resident models by key, with their bytes."""
        return {model["key"]: model["bytes"] for model in self.stats()["models"] if model["ready"]}


class RunActor:
    """One actor. `work` runs on its own thread; `stop`, `free` and `stats` answer meanwhile."""

    def __init__(self, settings: str, share: int) -> None:
        """settings: `Settings` as JSON; share: actors on one machine, which divide the memory for models among them."""
        self.settings = Settings.model_validate_json(settings)
        self.folders = Folders(self.settings)
        self.pool = NotingPool.for_machine(self.settings)
        if not self.settings.model_memory_mib:
            self.pool.budget //= share
        self.run: str | None = None
        self._stopped: set[str] = set()

    def ready(self) -> dict[str, Any]:
        """Load what every run needs; who and where this process is."""
        # The log that an error message names: Ray would keep what is printed in files of its own.
        sys.stderr = open_log(self.folders.logs / "worker.log")
        warm_up()
        return {"pid": os.getpid(), "host": platform.node(), "graphics": describe()["graphics"]}

    def work(self, row: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Perform one claimed run. Yields its events as (kind, data); the last one is ("outcome", {"state", "error", "result", "leased", "holds"})."""
        run = Run(**row)
        events: queue.SimpleQueue[tuple[str, dict[str, Any]]] = queue.SimpleQueue()
        self.pool.leased.clear()

        def perform() -> None:
            try:
                outcome = work_on(run, self.folders, self.pool, emit=lambda kind, data: events.put((kind, data)), cancelled=lambda: run.id in self._stopped)
            except BaseException as error:
                outcome = Outcome("failed", error=named(error, self.settings))
            error = outcome.error.to_dict() if outcome.error else None
            told = {"state": outcome.state, "error": error, "result": outcome.result, "leased": sorted(self.pool.leased), "holds": self.pool.holds()}
            events.put(("outcome", told))
            tidy()

        self.run = run.id
        threading.Thread(target=perform, name="run", daemon=True).start()
        try:
            while True:
                event = events.get()
                yield event
                if event[0] == "outcome":
                    return
        finally:
            self.run = None
            self._stopped.discard(run.id)

    def stop(self, run_id: str) -> None:
        """The run ends at its next checkpoint."""
        self._stopped.add(run_id)

    def free(self) -> None:
        """Drop every model that nobody uses."""
        self.pool.evict_all()

    def stats(self) -> dict[str, Any]:
        """What the engine room shows of this process."""
        return {"pid": os.getpid(), "run": self.run, "memory_mib": resident_mib(), "torch": "torch" in sys.modules, "pool": self.pool.stats()}
