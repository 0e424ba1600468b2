"""The worker process: takes runs in order, keeps models resident between them, and ends when the page that started it ends.

Started by `engine.executors.WorkerExecutor` as `python -m engine.worker SETTINGS_JSON`. Commands come on standard input, one word a line.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine.ahead import next_weights, read_ahead
from engine.context import Drive, straight
from engine.execution import Emit, Outcome, named, perform
from engine.parts import find, place
from engine.residency import ModelPool
from engine.runs import Run, RunStore
from engine.settings import Settings
from engine.spaces import wants_card, zero_gpu
from engine.store import Folders, Store
from engine.task import get_task

STOP_POLL = 0.03
"""Seconds between looks at the stop flag: well below the 300 ms in which Stop must act, and cheap."""

STATS_EVERY = 2.0


def work_on(run: Run, folders: Folders, pool: ModelPool, *, emit: Emit, cancelled: Callable[[], bool], drive: Drive = straight) -> Outcome:
    """Perform one claimed run: its events go to `emit`, its result to its folder or, for a part, to the shelf. Never raises for the run's own faults."""
    settings = folders.settings
    try:
        task = get_task(run.task)
        request = task.request_type.model_validate(run.request)
        folders.check_disk(task.disk_mib(request))
        if run.part and find(settings, run.part) is not None:
            return Outcome("done")
    except Exception as error:
        return Outcome("failed", error=named(error, settings))
    outcome = perform(
        task,
        request,
        run_id=run.id,
        seed=run.seed,
        settings=settings,
        staging=folders.staging / run.id,
        destination=place(settings, run.part) if run.part else folders.results / run.id,
        keep_partial=not run.part,
        emit=emit,
        cancelled=cancelled,
        pool=pool,
        names=run.names,
        results=folders.result_folder,
        drive=drive,
    )
    if outcome.error is not None and outcome.error.kind == "out-of-memory":
        pool.evict_all()
    return outcome


def stop_of(run: Run, runs: RunStore) -> Callable[[], bool]:
    """Whether the user pressed Stop on a run, asked of the database every STOP_POLL seconds at most."""
    last = [0.0, False]

    def stop_requested() -> bool:
        now = time.monotonic()
        if not last[1] and now - last[0] >= STOP_POLL:
            last[0], last[1] = now, runs.stop_requested(run.id)
        return bool(last[1])

    return stop_requested


def on_processor(run: Run) -> bool:
    """On ZeroGPU the page's process works the runs that want a card; this one the rest."""
    return not wants_card(run.task, run.request)


class Worker:
    """One worker on one data folder."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pool = ModelPool.for_machine(store.settings)
        self.memory: deque[tuple[float, float]] = deque(maxlen=300)
        self._wake = threading.Event()
        self._current: str | None = None

    def serve(self) -> None:
        """Work until the page ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        threading.Thread(target=self._report, daemon=True).start()
        warm_up()
        suits = on_processor if zero_gpu() else None
        while True:
            run = self.store.runs.next(self._wake, suits)
            if run is None:
                continue
            self._current = run.id
            outcome = self.work(run)
            self._current = None
            self.store.finish(run.id, outcome.state, error=outcome.error, result=outcome.result)  # type: ignore[arg-type]
            self.store.refill()
            tidy()

    def work(self, run: Run) -> Outcome:
        """Perform one claimed run."""
        runs = self.store.runs
        threading.Thread(target=self._ahead, name="ahead", daemon=True).start()
        return work_on(run, self.store, self.pool, emit=lambda kind, data: runs.append(run.id, kind, data), cancelled=stop_of(run, runs))

    def _ahead(self) -> None:
        """Read the next run's weights while this one works."""
        try:
            read_ahead(next_weights(self.store.runs, self.store.settings))
        except OSError:
            return  # a help alone: the run reads them itself

    def _listen(self) -> None:
        for line in sys.stdin:
            if line.strip() == "free":
                self.pool.evict_all()
                self._write_stats()
            self._wake.set()
        os._exit(0)  # the page is gone: nobody would see what this process still does

    def _report(self) -> None:
        while True:
            self._write_stats()
            time.sleep(STATS_EVERY)

    def _write_stats(self) -> None:
        self.memory.append((round(time.time(), 1), resident_mib()))
        stats: dict[str, Any] = {
            "pid": os.getpid(),
            "time": time.time(),
            "run": self._current,
            "memory_mib": self.memory[-1][1],
            "memory": list(self.memory),
            "torch": "torch" in sys.modules,
            "pool": self.pool.stats(),
        }
        temporary = self.store.root / f".worker.{threading.get_ident()}.json"
        try:
            temporary.write_text(json.dumps(stats))
            os.replace(temporary, self.store.root / "worker.json")
        except OSError:
            return  # a full disk must not end the worker; the engine room shows old figures meanwhile


def resident_mib(pid: int | str = "self") -> float:
    """Resident memory of a process in MiB; 0 where the system does not tell."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 1)


def tidy() -> None:
    """After a run's end was told: cycles may hold frames and weights. It takes half a second beside torch's own objects, for which nobody waits then."""
    gc.collect()


def warm_up() -> None:
    """Load what every run needs, so that the first one is as quick as the second."""
    import av  # noqa: F401
    import cv2  # noqa: F401
    import numpy  # noqa: F401


def main() -> None:
    """Entry of the process."""
    settings = Settings.model_validate_json(sys.argv[1])
    Worker(Store(settings)).serve()


if __name__ == "__main__":
    main()
