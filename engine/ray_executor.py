"""`RayExecutor`: runs on the actors of a Ray cluster (Moritz et al., 2018), of this machine or of several that share the data folder.

One actor is one process with one resident model pool: a graphics card each where the cluster has any, else a processor core. Scenes of a film are runs of their own, so
several actors make them at once. A run whose actor dies is tried once more; if that one dies too, it fails with the reason.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import LimitExceeded, ProcessDied, StudioError
from engine.execution import named
from engine.executors import ROOT, stuck
from engine.parts import find
from engine.ray_actor import RunActor
from engine.ray_cluster import actors_for, check, join
from engine.routing import Load, Router
from engine.runs import Run
from engine.store import Store

LOOK_EVERY = 0.1
"""Seconds between looks at the queue and at Stop: well below the 300 ms in which Stop must act."""

STATS_EVERY = 2.0

LONGEST_PAUSE = 10.0
"""Seconds until an actor that died at once is started again, at most."""


@dataclass
class _Slot:
    """A place for an actor. `run` is what it works on; `load` what it holds; `ready` a pending answer until it is known to live."""

    number: int
    actor: Any = None
    born: float = 0.0
    pause: float = 0.0
    again_at: float = 0.0
    ready: Any = None
    who: dict[str, Any] = field(default_factory=dict)
    run: Run | None = None
    stopped_at: float | None = None
    load: Load = field(default_factory=Load)
    asked: Any = None
    stats: dict[str, Any] = field(default_factory=dict)

    @property
    def free(self) -> bool:
        """True when it may take a run."""
        return bool(self.who) and self.run is None


class RayExecutor:
    """The `Executor` on Ray. Raises `InvalidInput` when Ray is not installed."""

    def __init__(self, store: Store) -> None:
        check()
        self.store = store
        self.restarts = 0
        self.router = Router()
        self._slots: list[_Slot] = []
        self._lock = threading.RLock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._tried: set[str] = set()
        self._memory: deque[tuple[float, float]] = deque(maxlen=300)
        self._dispatcher: threading.Thread | None = None
        self._share = 1
        self._owns = True

    # ---- what the page needs

    def prepare(self) -> None:
        pass

    def start(self) -> None:
        """Join or start the cluster, start the actors, and begin to take runs. Raises `InvalidInput` when the cluster cannot be reached."""
        settings = self.store.settings
        self._owns, graphics, processors, machines = join(settings)
        count = actors_for(settings, graphics, processors)
        self._share = -(-count // machines)
        threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // self._share))
        import ray

        remote: Any = ray.remote  # its stubs do not know concurrency groups
        self._make = remote(concurrency_groups={"control": 2})(RunActor).options(
            num_cpus=1 if settings.ray_address else 0, num_gpus=1 if graphics else 0,
            runtime_env={"env_vars": {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": threads}},
        )  # fmt: skip
        self._slots = [_Slot(number) for number in range(count)]
        self._dispatcher = threading.Thread(target=self._serve, name="ray-dispatch", daemon=True)
        self._dispatcher.start()

    def wake(self, run_id: str | None = None) -> None:
        self._wake.set()

    def free(self) -> None:
        for slot in self._slots:
            if slot.who:
                self._control(slot, "free")

    def stats(self) -> dict[str, Any]:
        """The actors together, in the worker's words; `actors` tells of each."""
        with self._lock:
            slots = [slot for slot in self._slots if slot.who]
            pools = [(slot, slot.stats["pool"]) for slot in slots if slot.stats.get("pool")]
            models = [{**model, "key": f"{model['key']} (actor {slot.number + 1})"} for slot, pool in pools for model in pool["models"]]
            history = sorted((event for _, pool in pools for event in pool["history"]), key=lambda event: event["time"])[-50:]
            return {
                "pid": ", ".join(str(slot.who["pid"]) for slot in slots) or None, "time": time.time(), "alive": bool(slots), "restarts": self.restarts,
                "run": next((slot.run.id for slot in slots if slot.run), None), "memory_mib": round(sum(slot.stats.get("memory_mib", 0.0) for slot in slots), 1), "memory": list(self._memory),
                "torch": any(slot.stats.get("torch") for slot in slots),
                "pool": {"budget": sum(pool["budget"] for _, pool in pools), "used": sum(pool["used"] for _, pool in pools), "models": models, "history": history},
                "actors": [{**slot.who, "number": slot.number + 1, "busy": slot.run is not None, "runs": slot.load.runs, "models": sorted(slot.load.models)} for slot in slots],
            }  # fmt: skip

    def stop(self) -> None:
        import ray

        self._stopping.set()
        self._wake.set()
        if self._dispatcher is not None:
            self._dispatcher.join(5)
        for slot in self._slots:
            self._end(slot, surely=True)
        for run in self.store.runs.running():
            self.store.settle_run(run, "interrupted")
        if self._owns:
            ray.shutdown()

    # ---- handing out

    def _serve(self) -> None:
        seen = 0.0
        while not self._stopping.is_set():
            with self._lock:
                for slot in self._slots:
                    self._tend(slot)
                self._pass_on_stops()
                self._hand_out()
                if time.monotonic() - seen > STATS_EVERY:
                    seen = time.monotonic()
                    self._look()
            self._wake.wait(LOOK_EVERY)
            self._wake.clear()

    def _tend(self, slot: _Slot) -> None:
        """Start an actor that is missing, and learn whether one that was started lives."""
        import ray

        if slot.actor is None:
            if time.monotonic() >= slot.again_at:
                slot.born = time.monotonic()
                slot.actor = self._make.remote(self.store.settings.model_dump_json(), self._share)
                slot.ready = self._control(slot, "ready")
        elif slot.ready is not None and ray.wait([slot.ready], timeout=0)[0]:
            try:
                slot.who, slot.ready = ray.get(slot.ready), None
            except ray.exceptions.RayError:
                self._replace(slot)

    def _hand_out(self) -> None:
        while free := [slot for slot in self._slots if slot.free]:
            try:
                run = self.store.runs.claim()
            except LimitExceeded:
                return  # a full disk: what waits goes on waiting
            if run is None:
                return
            slot = free[self.router.choose(run, [slot.load for slot in free])]
            slot.run, slot.stopped_at = run, None
            threading.Thread(target=self._follow, args=(slot, run, slot.actor), name=f"ray-run-{run.id[:8]}", daemon=True).start()

    def _pass_on_stops(self) -> None:
        """Tell actors of Stop; one whose run reaches no checkpoint is ended together with it."""
        if not any(slot.run for slot in self._slots):
            return
        asked = {run.id for run in self.store.runs.running() if run.stop}
        now = time.monotonic()
        for slot in self._slots:
            if slot.run is None or slot.run.id not in asked:
                continue
            if slot.stopped_at is None:
                slot.stopped_at = now
                self._control(slot, "stop", slot.run.id)
            elif stuck(self.store, slot.run.id, now - slot.stopped_at):
                self._end(slot, surely=True)

    def _look(self) -> None:
        """Collect the last figures and ask for new ones."""
        import ray

        for slot in self._slots:
            if slot.asked is not None and ray.wait([slot.asked], timeout=0)[0]:
                try:
                    slot.stats, slot.asked = ray.get(slot.asked), None
                    slot.load.models = {model["key"]: model["bytes"] for model in slot.stats["pool"]["models"] if model["ready"]}
                except ray.exceptions.RayError:
                    slot.asked = None
                    if slot.run is None:  # it died with nothing to do; with a run, who follows that sees it
                        self._replace(slot)
            if slot.asked is None and slot.who:
                slot.asked = self._control(slot, "stats")
        self._memory.append((round(time.time(), 1), sum(slot.stats.get("memory_mib", 0.0) for slot in self._slots)))

    # ---- one run

    def _follow(self, slot: _Slot, run: Run, actor: Any) -> None:
        """Write down a run's events as its actor streams them, and its end."""
        import ray

        dead: Exception | None = None
        told: dict[str, Any] = {"state": "failed", "error": ProcessDied("this run ended without a word", fix="run it again").to_dict(), "result": None}
        try:
            for answer in actor.work.options(num_returns="streaming").remote(asdict(run)):
                kind, data = ray.get(answer)
                if kind == "outcome":
                    told = data
                else:
                    with contextlib.suppress(LimitExceeded):  # a full disk: the run meets it itself
                        self.store.runs.append(run.id, kind, data)
        except ray.exceptions.RayActorError as error:
            dead = error
        except Exception as error:
            told["error"] = named(error, self.store.settings).to_dict()
        if self._stopping.is_set():
            return
        if dead is None:
            error = StudioError.from_dict(told["error"]) if told["error"] else None
            self.store.finish(run.id, told["state"], error=error, result=told["result"])
            self.store.refill()
            self._tried.discard(run.id)
        else:
            self._bury(slot, run, dead)
        with self._lock:
            if dead is not None:
                self._replace(slot)
            elif "leased" in told:
                slot.load = Load(told["holds"], slot.load.runs + 1)
                self.router.learn(run, told["leased"])
            slot.run = None
        self._wake.set()

    def _bury(self, slot: _Slot, run: Run, error: Exception) -> None:
        """The actor of a run is gone: the run is tried once more, then it fails with the reason."""
        whole = self.store.result_folder(run.id) is not None or (run.part and find(self.store.settings, run.part) is not None)
        if run.id not in self._tried and not whole:
            shutil.rmtree(self.store.staging / run.id, ignore_errors=True)
            if self.store.runs.retry(run.id):
                self._tried.add(run.id)
                self.store.runs.append(run.id, "note", {"text": f"The process that worked on this ended ({_reason(error)}). It is made again.", "level": "warning"})
                return
        self._tried.discard(run.id)
        if run.part and whole:
            self.store.finish(run.id, "done")
            return
        stopped = self.store.runs.get(run.id).stop
        host = slot.who.get("host", "its machine")
        fault = ProcessDied("the process that worked on this run ended, and so did a second one", why=f"{_reason(error)}; the last was on {host}", fix="choose a smaller size or a shorter clip, or run it again")
        self.store.settle_run(run, "cancelled" if stopped else "failed", None if stopped else fault)

    # ---- actors

    def _control(self, slot: _Slot, name: str, *values: Any) -> Any:
        """Call an actor beside its run; returns the pending answer."""
        return getattr(slot.actor, name).options(concurrency_group="control").remote(*values)

    def _replace(self, slot: _Slot) -> None:
        """Forget an actor that is gone. One that died at once is not started in a tight loop."""
        self._end(slot)
        slot.pause = min(max(slot.pause * 2, 0.2), LONGEST_PAUSE) if time.monotonic() - slot.born < 5 else 0.0
        slot.again_at = time.monotonic() + slot.pause
        slot.actor = slot.ready = slot.asked = None
        slot.who, slot.stats, slot.load = {}, {}, Load()
        self.restarts += 1

    def _end(self, slot: _Slot, *, surely: bool = False) -> None:
        """End an actor. surely: it lives, but may not answer; Ray only asks it, so on this machine its process is killed, too."""
        import ray

        if slot.actor is not None:
            with contextlib.suppress(Exception):
                ray.kill(slot.actor)
        if surely and slot.who.get("host") == platform.node():
            with contextlib.suppress(OSError):
                os.kill(slot.who["pid"], signal.SIGKILL)


def _reason(error: Exception) -> str:
    """Why an actor died, in words. Ray tells it in a long text."""
    text = str(error).lower()
    if "node" in text and ("died" in text or "dead" in text) and "worker exit type" not in text:
        return "its machine left the cluster"
    if "exit code" in text and "system_error" not in text:
        return "it ended by itself"
    return "it was killed or crashed, most likely because the machine ran out of memory"
