"""What a task is: a frozen request, a generator of events, and the registry of all tasks.

Importing this module, or the request of any task, loads neither torch nor OpenCV: the page's process lives here too.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import InvalidInput, StudioError

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext
    from engine.parts import RunPart
    from engine.settings import Settings


def media_field(kind: str, description: str, **extra: Any) -> Any:
    """A field that names a file of `kind` (image, video, audio). The command line resolves it against the request file."""
    return Field(description=description, json_schema_extra={"media": kind}, **extra)


class Part(BaseModel):
    """A frozen piece of a request."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Request(Part):
    """The whole of what a user asked for. Each field says its range, unit, default and help once.

    Form, command line, HTTP schema, saved metadata and documentation all derive from the fields.
    `json_schema_extra` may hold `unit`, `media`, `step`, and `run` for a field that names an earlier run.
    """

    @classmethod
    def spelled_out(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Raw fields with short forms written out, so that files named in them are found before the request is made."""
        return fields

    @classmethod
    def media_fields(cls) -> dict[str, str]:
        """Field name -> media kind, for the request's own fields that name files. Those inside its parts: `engine.slots`."""
        found = {}
        for name, info in cls.model_fields.items():
            extra = info.json_schema_extra
            if isinstance(extra, dict) and "media" in extra:
                found[name] = str(extra["media"])
        return found


@dataclass(frozen=True)
class Stage:
    """A named part of the work begins; `label` is what the user reads."""

    name: str
    label: str


@dataclass(frozen=True)
class Progress:
    """`done` of `total` units of `stage` are finished."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True)
class Preview:
    """A small looped look at the result so far. frames: (F, H, W, 3) uint8 sRGB; fps: frames a second."""

    frames: np.ndarray
    fps: float = 12.0


@dataclass(frozen=True)
class Note:
    """One sentence that the user should know, not an error. level: info or warning."""

    text: str
    level: str = "info"


@dataclass(frozen=True)
class Meter:
    """A measured figure of a result. `baseline` is the same figure for a named do-nothing result."""

    name: str
    label: str
    value: float
    unit: str = ""
    baseline: float | None = None
    baseline_label: str = ""
    good_below: float | None = None
    help: str = ""


@dataclass(frozen=True)
class Result:
    """The end: `clip` and `artifacts` are files inside the run's folder; `partial` when the user stopped early.

    `variants`: artifacts that are clips in their own right -> the request fields in which they differ; "" is the clip itself. Each carries its own settings inside.
    """

    clip: Path | None
    artifacts: dict[str, Path] = field(default_factory=dict)
    meters: tuple[Meter, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    partial: bool = False
    variants: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Forecast:
    """Told before Run. line: one line for the user; memory_mib: a better figure than the task's own, where this installation's settings and folders tell; able: False when the
    run would be refused, and the line says why."""

    line: str = ""
    memory_mib: float | None = None
    able: bool = True


Event = Stage | Progress | Preview | Note | Result

R = TypeVar("R", bound=Request)


class Task(ABC, Generic[R]):
    """A recipe that turns a request into a result."""

    id: ClassVar[str]
    version: ClassVar[int]
    title: ClassVar[str]
    request_type: type[R]
    default_rate: ClassVar[float] = 0.1
    """Seconds per unit of `work` on a machine that has not run this task yet."""
    pace: ClassVar[tuple[str, ...]] = ()
    """Fields of the request whose values each have a pace of their own: seconds per unit of work are learnt apart."""

    def check(self, request: R) -> None:
        """Refuse, before anything is queued, what the fields alone cannot. Cheap: no decoding, no heavy import."""

    def parts(self, request: R) -> tuple[RunPart, ...]:
        """Runs of other tasks whose results this request needs, as far as its fields tell: they are queued before it. Cheap, like `check`."""
        return ()

    def work(self, request: R) -> float:
        """Units of work of a request, for the time estimate; proportional to the seconds that it takes."""
        return 1.0

    def memory_mib(self, request: R) -> float:
        """Rough peak memory of the request beside the resident models, for the preflight line."""
        return 200.0

    def forecast(self, request: R, settings: Settings) -> Forecast:
        """What else should be known before Run, such as where a large model will lie. Cheap, like `check`."""
        return Forecast()

    def weights(self, request: R, settings: Settings) -> tuple[Path, ...]:
        """Files of large weights that the run will read, as far as they are here; they are read ahead while another run works. Cheap, like `check`."""
        return ()

    def disk_mib(self, request: R) -> float:
        """Rough size of the result's folder."""
        return 10.0

    def fit(self, request: R, memory_mib: float) -> R:
        """The nearest request that fits into so much memory; the same one when nothing can be made smaller."""
        return request

    @abstractmethod
    def run(self, request: R, run: RunContext) -> Iterator[Event]:
        """Do it. Yields events; calls `run.checkpoint()` between any two steps; heavy imports go inside."""


TASK_MODULES = {
    "stroke-motion": "engine.tasks.stroke_motion",
    "text-to-video": "engine.tasks.text_to_video",
    "talking-head": "engine.tasks.talking_head",
    "music-video": "engine.tasks.music_video",
    "beat-grid": "engine.tasks.beat_grid",
    "subject-mask": "engine.tasks.subject_mask",
    "subject-swap": "engine.tasks.subject_swap",
    "movie": "engine.tasks.movie",
    "movie-plan": "engine.tasks.movie_plan",
}
"""Task id -> module with a `TASK`. A new task is one line here and one module."""


def get_task(task_id: str) -> Task[Any]:
    """The task of that id; an unknown one raises `InvalidInput` with the known ids."""
    module = TASK_MODULES.get(task_id)
    if module is None:
        raise InvalidInput(f"task {task_id!r} is unknown", fix=f"use one of: {', '.join(TASK_MODULES)}", field="task")
    return cast("Task[Any]", import_module(module).TASK)


def all_tasks() -> dict[str, Task[Any]]:
    """Every task by id."""
    return {task_id: get_task(task_id) for task_id in TASK_MODULES}


def parse_request(task: Task[R], fields: dict[str, Any]) -> R:
    """The request that `fields` describe, validated and checked.

    Raises `InvalidInput` (or another `StudioError` of the task's own check) naming the first wrong field, what was given and what is allowed.
    """
    try:
        request = task.request_type.model_validate(fields)
    except ValidationError as error:
        raise _as_invalid_input(error) from error
    task.check(request)
    return request


def _as_invalid_input(error: ValidationError) -> StudioError:
    first = error.errors(include_url=False)[0]
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"]).lstrip(".")
    more = error.error_count() - 1
    tail = f" (and {more} more)" if more else ""
    match first["type"]:
        case "missing":
            return InvalidInput(f"{where} is missing", fix=f"give {where}{tail}", field=where)
        case "extra_forbidden":
            return InvalidInput(f"{where} is not a field of this task", fix=f"remove it{tail}", field=where)
    given = repr(first.get("input"))
    given = given if len(given) <= 60 else given[:57] + "..."
    allowed = first["msg"].removeprefix("Value error, ")
    allowed = allowed[:1].lower() + allowed[1:]
    return InvalidInput(f"{where or 'request'}={given} is not allowed", fix=allowed + tail, field=where or None)
