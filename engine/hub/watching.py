"""One call of a pipeline, watched: it works in a thread and tells after each step; Stop ends it there, with what it has as a picture.

Nothing of the pipeline's own work is changed, so its frames are the bits that it would give by itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from inspect import signature
from typing import Any, TypeVar

from engine.hub.path import clean, levels

STOCHASTIC = ("CogVideoXDPMScheduler", "LCMScheduler")
"""Schedulers that add fresh noise at each step: two neighbours do not point to the clean latents, but their step tells these too."""


T = TypeVar("T")

BEAT = 1.0
"""Seconds between signs of life of a call that is asked to stop: a step may take a minute, and so may decoding."""


def awaited(work: Callable[[], T], stop: Callable[[], bool]) -> Generator[None, None, T]:
    """Do one piece of work in a thread and return what it returns; yields every second after Stop was asked for. Raises what the work raises."""
    with ThreadPoolExecutor(1, "pipeline") as thread:
        future = thread.submit(work)
        while wait([future], BEAT).not_done:
            if stop():
                yield None
        return future.result()


class Halted(Exception):
    """Ends the call of a pipeline that cannot be interrupted; `latents` are what it had."""

    def __init__(self, latents: Any) -> None:
        super().__init__("stopped")
        self.latents = latents


@dataclass(frozen=True)
class Step:
    """After a step: how many are done, of how many, and the latents before and after it in the pipeline's own layout.

    at: which step of its pass it was, 1 for the first. told: the clean latents, where the scheduler tells them itself.
    """

    done: int
    total: int
    before: Any
    after: Any
    way: list[tuple[float, float]] = field(repr=False)
    at: int = 0
    told: Any = None

    @property
    def points(self) -> bool:
        """There are clean latents to be had."""
        return self.done == self.total or self.told is not None or (self.before is not None and len(self.way) > self.at)

    @property
    def x0(self) -> Any:
        """The clean latents that the step points to; None at the first step of a pass, whose beginning is not told."""
        if self.done == self.total:
            return self.after
        if self.told is not None:
            return self.told
        if not self.points:
            return None
        return clean(self.before, self.after, self.way[self.at - 1], self.way[self.at])


class Watched:
    """A call to be made. After `steps` has ended: `result` is the pipeline's own, None when it was halted; then `latents` are what to decode.

    stop: asked after each step. total: how many steps there will be. passes: how often the call runs through its steps, as for a clip longer than the model sees at
    once; `passed`: the latents of those that have ended. skipped: steps of the scheduler that the call leaves out at its beginning. `stopped`: it ended before its last step; `noisy`: the latents that the next step would have taken.
    """

    def __init__(self, pipeline: Any, arguments: dict[str, Any], *, total: int, passes: int = 1, skipped: int = 0, stop: Callable[[], bool] = lambda: False) -> None:
        self.pipeline, self.arguments, self.total, self.passes, self.skipped, self.stop = pipeline, arguments, total, passes, skipped, stop
        self.passed: list[Any] = []
        self.stopped = False
        self.result: Any = None
        self.latents: Any = None
        self.noisy: Any = None
        self.done = self._at = 0
        self._clean: Any = None
        self._told: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()

    def steps(self) -> Iterator[Step | None]:
        """Run the call; yields after each step, and None every second while it still works on after Stop. Raises what the pipeline raises."""
        thread = threading.Thread(target=self._call, name="pipeline", daemon=True)
        thread.start()
        try:
            while True:
                try:
                    told = self._told.get(timeout=BEAT)
                except queue.Empty:
                    if self.stop():
                        yield None
                    continue
                if told is None:
                    return
                if isinstance(told, BaseException):
                    raise told
                yield told
        finally:
            self._abandoned.set()
            thread.join()

    def _call(self) -> None:
        end: BaseException | None = None
        try:
            with self._watching() as more:
                self.result = self.pipeline(**self.arguments, **more)
        except Halted as halt:
            self.latents = halt.latents
        except BaseException as error:  # the caller's thread raises it again
            end = error
        self._told.put(end)

    @contextmanager
    def _watching(self) -> Iterator[dict[str, Any]]:
        """What the call is given so that it tells its steps. A pipeline without a callback is watched at its scheduler."""
        called = "callback_on_step_end" in signature(self.pipeline.__call__).parameters
        more = {"callback_on_step_end": self._callback, "callback_on_step_end_tensor_inputs": ["latents"]} if called else {}
        scheduler = self.pipeline.scheduler
        if called and type(scheduler).__name__ not in STOCHASTIC:
            yield more
            return
        step = scheduler.step

        # Pipelines look at what a step takes before they hand it their generator.
        @wraps(step)
        def watched(*given: Any, **named: Any) -> Any:
            found = step(*given, **named)
            if called:
                self._clean = found[1]
                return found
            other = self._after(found[0] if isinstance(found, tuple) else found.prev_sample, self._at)
            if other is None:
                return found
            return (other, *found[1:]) if isinstance(found, tuple) else type(found)(prev_sample=other)

        scheduler.step = watched
        try:
            yield more
        finally:
            del scheduler.step

    def _callback(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        other = self._after(tensors["latents"], index)
        return {} if other is None else {"latents": other}

    def _after(self, latents: Any, index: int) -> Any:
        """Tell a step; returns other latents to go on with when it is the last one because of Stop. index: of the step in its pass, from 0."""
        # A copy: some pipelines work on in the same memory.
        before, self.latents, self.noisy = self.latents, latents.clone(), latents
        if index == 0:
            if before is not None:
                self.passed.append(before)
            before = None
            self.total = self.passes * int(getattr(self.pipeline, "num_timesteps", None) or self.total)
        self.done += 1
        self._at = index + 1
        step = Step(self.done, self.total, before, self.latents, levels(self.pipeline.scheduler)[self.skipped :], self._at, self._clean)
        self._told.put(step)
        if self.done >= self.total or not (self._abandoned.is_set() or self.stop()):
            return None
        self.stopped = True
        seen = step.x0
        picture = latents if seen is None else seen.to(latents.dtype)
        # What a pipeline with more passes makes of the others after an interruption is noise.
        if self._abandoned.is_set() or self.passes > 1 or not hasattr(type(self.pipeline), "interrupt"):
            raise Halted(None if index == 0 and self.passed else picture)
        self.pipeline._interrupt = True
        self.latents = picture
        return picture
