"""`ZeroGpuExecutor`: on a ZeroGPU Space, runs that want a card work in the page's process, which alone may ask for it; all others in the worker process, as everywhere."""

from __future__ import annotations

import threading
from collections import OrderedDict
from contextvars import Context, copy_context
from typing import Any

from engine.errors import InvalidInput, StudioError
from engine.execution import Outcome
from engine.executors import WorkerExecutor
from engine.residency import ModelPool
from engine.runs import Run
from engine.spaces import Card, wants_card
from engine.spaces_models import preload
from engine.store import Store
from engine.worker import on_processor, stop_of, tidy, work_on

AT_ONCE = 2
"""Runs that may wait for a card, or hold one, at the same time: one visitor's wait must not be everybody's."""

MOST_VISITS = 500
"""Submitting calls that are remembered."""


class ZeroGpuExecutor:
    """The `Executor` of ZeroGPU. The quota is that of the visitor whose event submitted the run: that event's context goes with the run and all its parts."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.pool = ModelPool.for_machine(store.settings)
        self._rest = WorkerExecutor(store, mine=on_processor)
        self._card: Card | None = None
        self._visits: OrderedDict[str, Context] = OrderedDict()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()

    def prepare(self) -> None:
        """Import `spaces`, declare the function that needs a card, and put models on it. Raises `InvalidInput` when the package is missing."""
        try:
            self._card = Card(self.store.settings, self.pool)
        except ImportError as error:
            raise InvalidInput("ZeroGPU needs the package spaces", why=str(error), fix="pip install spaces, or choose --executor worker") from error
        preload(self.pool, self.store.settings)

    def start(self) -> None:
        self._rest.start()
        for number in range(AT_ONCE):
            threading.Thread(target=self._serve, name=f"card-{number + 1}", daemon=True).start()

    def wake(self, run_id: str | None = None) -> None:
        if run_id is not None:
            with self._lock:
                self._visits[run_id] = copy_context()
                while len(self._visits) > MOST_VISITS:
                    self._visits.popitem(last=False)
        self._rest.wake()
        self._wake.set()

    def free(self) -> None:
        """The worker's models go; those on the card stay packed."""
        self._rest.free()

    def stats(self) -> dict[str, Any]:
        return {**self._rest.stats(), "card": self.pool.stats()}

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        self._rest.stop()

    def _serve(self) -> None:
        while not self._stopping.is_set():
            run = self.store.runs.next(self._wake, lambda run: wants_card(run.task, run.request))
            if run is None:
                continue
            with self._lock:
                visit = self._visits.get(run.parent or run.id, Context())
            outcome = visit.copy().run(self._work, run)
            if not self._stopping.is_set():
                self.store.finish(run.id, outcome.state, error=outcome.error, result=outcome.result)  # type: ignore[arg-type]
                self.store.refill()
                tidy()

    def _work(self, run: Run) -> Outcome:
        runs, card = self.store.runs, self._card
        if card is None:
            return Outcome("failed", error=StudioError("the card was not prepared", why="a fault in Kinora", fix="report it"))
        return work_on(
            run, self.store, self.pool, emit=lambda kind, data: runs.append(run.id, kind, data), cancelled=stop_of(run, runs), drive=card.drive
        )
