"""How runs execute: `InlineExecutor` in this process, `WorkerExecutor` (the default) in one watched worker process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from engine.errors import ProcessDied
from engine.runs import Run
from engine.settings import python
from engine.store import Store

STOP_GRACE, STOP_LONGEST = 6.0, 600.0
"""Seconds without a sign of life after Stop, and seconds after Stop in any case, when a run that reaches no checkpoint is ended together with its worker."""

ROOT = Path(__file__).resolve().parent.parent


class Executor(Protocol):
    """What the page needs of an executor."""

    def prepare(self) -> None:
        """What must happen before the page is served, if anything."""

    def start(self) -> None:
        """Begin to take runs."""

    def wake(self, run_id: str | None = None) -> None:
        """A run was queued, by the call that is being answered when `run_id` names it: look now."""

    def free(self) -> None:
        """Drop every model that nobody uses."""

    def stats(self) -> dict[str, Any]:
        """What the worker reports about itself."""

    def stop(self) -> None:
        """End; working runs become interrupted."""


class InlineExecutor:
    """Works each run to its end inside `wake`, in the calling process: for tests, and to look for faults."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._worker: Any = None

    def prepare(self) -> None:
        pass

    def start(self) -> None:
        from engine.worker import Worker

        self._worker = Worker(self.store)

    def wake(self, run_id: str | None = None) -> None:
        from engine.worker import tidy

        with self._lock:
            while (run := self.store.runs.claim()) is not None:
                outcome = self._worker.work(run)
                self.store.finish(run.id, outcome.state, error=outcome.error, result=outcome.result)
                tidy()

    def free(self) -> None:
        self._worker.pool.evict_all()

    def stats(self) -> dict[str, Any]:
        return {"pid": os.getpid(), "pool": self._worker.pool.stats(), "memory": []}

    def stop(self) -> None:
        self._worker = None


class WorkerExecutor:
    """One worker process. A thread watches it: when it dies, its run fails with the reason and a new worker starts.

    mine: which of the working runs are the worker's; another executor may work others beside it.
    """

    def __init__(self, store: Store, mine: Callable[[Run], bool] = lambda run: True) -> None:
        self.store, self.mine = store, mine
        self.restarts = 0
        self._process: subprocess.Popen[str] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None
        self._stop_seen: dict[str, float] = {}

    def prepare(self) -> None:
        pass

    def start(self) -> None:
        self._watcher = threading.Thread(target=self._watch, name="worker-watch", daemon=True)
        self._watcher.start()

    def wake(self, run_id: str | None = None) -> None:
        self._tell("wake")

    def free(self) -> None:
        self._tell("free")

    def stats(self) -> dict[str, Any]:
        try:
            stats: dict[str, Any] = json.loads((self.store.root / "worker.json").read_text())
        except (OSError, ValueError):
            stats = {}
        process = self._process
        stats["alive"] = process is not None and process.poll() is None
        stats["restarts"] = self.restarts
        return stats

    def stop(self) -> None:
        self._stopping.set()
        process = self._process
        if process is not None:
            process.kill()
            process.wait(5)
        for run in self.store.runs.running():
            self.store.settle_run(run, "interrupted")

    def _tell(self, word: str) -> None:
        process = self._process
        if process is not None and process.stdin is not None:
            try:
                process.stdin.write(word + "\n")
                process.stdin.flush()
            except (OSError, ValueError):
                return  # it died this instant; the watcher starts another, which looks at the queue by itself

    def _spawn(self) -> subprocess.Popen[str]:
        with open_log(self.store.logs / "worker.log") as log:
            return subprocess.Popen(
                [python(), "-m", "engine.worker", self.store.settings.model_dump_json()],
                cwd=ROOT, env=child_environment(), stdin=subprocess.PIPE, stdout=log, stderr=log, text=True, start_new_session=True,
            )  # fmt: skip

    def _watch(self) -> None:
        pause = 0.2
        while not self._stopping.is_set():
            born = time.monotonic()
            self._process = self._spawn()
            while self._process.poll() is None and not self._stopping.is_set():
                self._end_stuck_runs()
                self._stopping.wait(0.2)
            if self._stopping.is_set():
                return
            self._bury(self._process)
            self.restarts += 1
            # A worker that dies at once is not started in a tight loop.
            pause = min(pause * 2, 10.0) if time.monotonic() - born < 5 else 0.2
            self._stopping.wait(pause)

    def _bury(self, process: subprocess.Popen[str]) -> None:
        error = ProcessDied("the worker ended in the middle of this run", why=_reason(process.returncode), fix="run it again; a new worker has started")
        for run in filter(self.mine, self.store.runs.running()):
            self.store.settle_run(run, "cancelled" if run.stop else "failed", None if run.stop else error)

    def _end_stuck_runs(self) -> None:
        running = {run.id: run for run in self.store.runs.running() if run.stop and self.mine(run)}
        now = time.monotonic()
        self._stop_seen = {run_id: self._stop_seen.get(run_id, now) for run_id in running}
        if any(stuck(self.store, run_id, now - seen) for run_id, seen in self._stop_seen.items()) and self._process is not None:
            self._process.kill()


def stuck(store: Store, run_id: str, waited: float) -> bool:
    """True for a run that was asked to stop `waited` seconds ago and neither ends nor shows signs of life."""
    if waited <= STOP_GRACE:
        return False
    last = max((float(event["time"]) for event in store.runs.latest(run_id).values()), default=0.0)
    return waited > STOP_LONGEST or time.time() - last > STOP_GRACE


def executor_for(store: Store) -> Executor:
    """The executor that the settings ask for. Raises `InvalidInput` when it cannot be had."""
    match store.settings.executor:
        case "ray":
            from engine.ray_executor import RayExecutor

            return RayExecutor(store)
        case "inline":
            from engine.spaces import zero_gpu

            if not zero_gpu():
                return InlineExecutor(store)
            from engine.zero_executor import ZeroGpuExecutor

            return ZeroGpuExecutor(store)
    return WorkerExecutor(store)


def child_environment() -> dict[str, str]:
    """The environment of worker and helper. The many small solves of stroke motion only lose by BLAS threads that wait for each other."""
    return {"OPENBLAS_NUM_THREADS": "1", **os.environ, "PYTHONPATH": str(ROOT)}


def open_log(path: Path, limit: int = 4 * 2**20) -> IO[str]:
    """A log file to append to; beyond `limit` bytes it starts anew and the old one is kept as `.1`."""
    if path.exists() and path.stat().st_size > limit:
        os.replace(path, path.with_suffix(path.suffix + ".1"))
    return open(path, "a", encoding="utf-8")


def _reason(code: int | None) -> str:
    if code is None:
        return "unknown reason"
    if code == -signal.SIGKILL:
        return "it was killed, most likely because the machine ran out of memory"
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"
