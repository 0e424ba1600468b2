"""What a running task may ask of the engine: its folder, its randomness, whether to stop, and where frames go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import Cancelled, InvalidInput
from engine.settings import Settings

if TYPE_CHECKING:
    import numpy as np

    from engine.media.writer import ClipWriter
    from engine.residency import ModelPool
    from engine.task import Event, Request, Task


Drive = Callable[["Task[Any]", "Request", "RunContext"], "Iterator[Event]"]
"""How the events of a task are had, for `RunContext.drive`."""


def straight(task: Task[Any], request: Request, run: RunContext) -> Iterator[Event]:
    """The events of a task, worked in this very process."""
    return task.run(request, run)


@dataclass
class RunContext:
    """Handed to `Task.run`. `directory` is the run's own staging folder: whatever lies in it when the run ends is kept.

    `names`: media field -> what the user calls that file, where it differs from the file's own name.
    `device`: what the run's models compute on; a recipe that chooses another says so, and the result's document tells it.
    `results`: run id -> the folder of that earlier run's result, None when there is none.
    `drive`: how the events of a task, this run's own or a part's, are had; see `engine.spaces` for another way.
    """

    id: str
    directory: Path
    settings: Settings
    seed: int
    pool: ModelPool | None = None
    names: dict[str, str] = field(default_factory=dict)
    cancelled: Callable[[], bool] = lambda: False
    results: Callable[[str], Path | None] = lambda run_id: None
    drive: Drive = straight
    preview_every: float = 1.0
    device: str = "cpu"
    timings: dict[str, float] = field(default_factory=dict)
    _last_preview: float = field(default=0.0, repr=False)

    def checkpoint(self) -> None:
        """Call between any two steps. Raises `Cancelled` when the user pressed Stop; costs microseconds otherwise."""
        if self.cancelled():
            raise Cancelled

    def wants_preview(self) -> bool:
        """True when the last preview is old enough that another one is worth its time."""
        now = time.monotonic()
        if now - self._last_preview < self.preview_every:
            return False
        self._last_preview = now
        return True

    def earlier(self, run_id: str, name: str) -> Path:
        """A file of an earlier run's result, to be read only. Raises `InvalidInput` when the run or that file is gone."""
        folder = self.results(run_id)
        if folder is None:
            raise InvalidInput("the run to go on from is not here any more", why="it was deleted, or is of another machine", fix="start it anew", field="continue_run")
        path = folder / name
        if "/" in name or "\\" in name or name.startswith(".") or not path.is_file():
            raise InvalidInput(f"the run to go on from has no file {name[:80]}", fix="start it anew", field="continue_run")
        return path

    @cached_property
    def rng(self) -> np.random.Generator:
        """Randomness that depends on the seed alone."""
        import numpy as np

        return np.random.default_rng(self.seed)

    def clip_writer(self, *, fps: float, name: str = "result.mp4", **options: Any) -> ClipWriter:
        """The studio's writer on a file of this run; see `engine.media.writer.ClipWriter` for the options."""
        from engine.media.writer import ClipWriter

        return ClipWriter(self.directory / name, fps=fps, **options)
