"""One call of a pipeline, watched: it works in a thread and tells after each step; Stop ends it there, with what it has as a picture.

Nothing of the pipeline's own work is changed, so its frames are the bits that it would give by itself.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

from engine.hub.path import clean, levels


class Halted(Exception):
    """Ends the call of a pipeline that cannot be interrupted; `latents` are what it had."""

    def __init__(self, latents: Any) -> None:
        super().__init__("stopped")
        self.latents = latents


@dataclass(frozen=True)
class Step:
    """After a step: how many are done, of how many, and the latents before and after it in the pipeline's own layout."""

    done: int
    total: int
    before: Any
    after: Any
    way: list[tuple[float, float]] = field(repr=False)

    @property
    def x0(self) -> Any:
        """The clean latents that the step points to; None at the first step, whose beginning is not told."""
        if self.done == self.total:
            return self.after
        if self.before is None or len(self.way) <= self.done:
            return None
        return clean(self.before, self.after, self.way[self.done - 1], self.way[self.done])


class Watched:
    """A call to be made. After `steps` has ended: `result` is the pipeline's own, None when it was halted; then `latents` are what to decode.

    stop: asked after each step. total: how many steps there will be. `stopped`: it ended before its last step; `noisy`: the latents that the next step
    would have taken.
    """

    def __init__(self, pipeline: Any, arguments: dict[str, Any], *, total: int, stop: Callable[[], bool] = lambda: False) -> None:
        self.pipeline, self.arguments, self.total, self.stop = pipeline, arguments, total, stop
        self.stopped = False
        self.result: Any = None
        self.latents: Any = None
        self.noisy: Any = None
        self.done = 0
        self._told: queue.SimpleQueue[Step | BaseException | None] = queue.SimpleQueue()
        self._abandoned = threading.Event()

    def steps(self) -> Iterator[Step]:
        """Run the call; yields after each step. Raises what the pipeline raises."""
        thread = threading.Thread(target=self._call, name="pipeline", daemon=True)
        thread.start()
        try:
            while (told := self._told.get()) is not None:
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
        if "callback_on_step_end" in signature(self.pipeline.__call__).parameters:
            yield {"callback_on_step_end": self._callback, "callback_on_step_end_tensor_inputs": ["latents"]}
            return
        scheduler = self.pipeline.scheduler
        step = scheduler.step

        def watched(*given: Any, **named: Any) -> Any:
            found = step(*given, **named)
            other = self._after(found[0] if isinstance(found, tuple) else found.prev_sample)
            if other is None:
                return found
            return (other, *found[1:]) if isinstance(found, tuple) else type(found)(prev_sample=other)

        scheduler.step = watched
        try:
            yield {}
        finally:
            del scheduler.step

    def _callback(self, pipeline: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        other = self._after(tensors["latents"])
        return {} if other is None else {"latents": other}

    def _after(self, latents: Any) -> Any:
        """Tell a step; returns other latents to go on with when it is the last one because of Stop."""
        before, self.latents, self.noisy = self.latents, latents, latents
        self.done += 1
        step = Step(self.done, self.total, before, latents, levels(self.pipeline.scheduler))
        self._told.put(step)
        if self.done >= self.total or not (self._abandoned.is_set() or self.stop()):
            return None
        self.stopped = True
        seen = step.x0
        picture = latents if seen is None else seen.to(latents.dtype)
        if self._abandoned.is_set() or not hasattr(type(self.pipeline), "interrupt"):
            raise Halted(picture)
        self.pipeline._interrupt = True
        self.latents = picture
        return picture
