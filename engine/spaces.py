"""ZeroGPU Spaces: a graphics card for the length of one call. Each clip or scene that wants a card is one call, with the seconds that it declares; all else never asks for one.

The package `spaces` runs a decorated function in a forked process that has the card and charges the visitor whose event called it. So a task's events are streamed out of
the call as values, and Stop goes in as a file; the database and the sealing of the result stay in the page's process.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import re
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from engine.context import RunContext
from engine.errors import Cancelled, LimitExceeded, ProcessDied, StudioError
from engine.execution import named
from engine.residency import ModelPool
from engine.settings import Settings
from engine.store import Folders
from engine.task import Event, Request, Task, get_task

EMBEDDED: dict[str, dict[str, tuple[str, ...]]] = {
    "text-to-video": {"model": ("diorama", "pocket")},
    "music-video": {"model": ("pocket",)},
    "subject-mask": {"method": ("auto", "embedded")},
    "subject-swap": {"method": ("auto", "embedded"), "drawing": ("auto", "embedded", "pocket")},
}
"""Task -> request field -> its values that need no card. Another value of such a field does; tasks that are not here never do."""

PARTED: dict[str, dict[str, tuple[str, ...]]] = {"movie": {"video_model": ("diorama", "pocket")}}
"""The same for tasks that need no card themselves, but for parts that they may have to make."""

SHORTEST = 15
START = 10.0
"""Seconds that a call declares at least, and those before its work: the process is forked and weights are moved to the card. They do not grow with the work."""

FIRST = 30
CARD_GAIN = 200.0
"""Before a provider's first clip here: at least so many seconds, and the work at a rate so many times the processor's."""

MARGIN = 1.4
"""What is declared beside what is expected: a call that takes longer is aborted, one that declares more is charged for what it used but asks for more quota."""

ABORTED = 1.5
"""A call that was aborted would have taken so many times what it declared, as far as is known: the next one asks for more."""

REMEMBERED = 10
"""Clips of a provider from which its rate is learnt."""

STOP_POLL = 0.1

_pool: ModelPool | None = None
_home = 0
"""The pool of the page's process, which a forked call finds as a copy in its own memory, and that process's id."""


def zero_gpu() -> bool:
    """True on a Space with ZeroGPU hardware."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def choices(task_id: str, fields: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(field, its value, the embedded values) of each choice in a request that wants a card; none: the request runs on the processor."""
    rules = EMBEDDED.get(task_id, {})
    return [(name, str(fields[name]), embedded) for name, embedded in rules.items() if fields.get(name) is not None and fields[name] not in embedded]


def wants_card(task_id: str, fields: dict[str, Any]) -> bool:
    """True when a request, or a part that it may have to make, wants a card."""
    parts = PARTED.get(task_id, {})
    return bool(choices(task_id, fields)) or any(fields.get(name) is not None and fields[name] not in embedded for name, embedded in parts.items())


# ---- seconds


class Rates:
    """Seconds of a card per unit of work beside START, learnt for each provider from its last clips, kept in a small file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def of(self, provider: str) -> float | None:
        """The median of what was learnt; None before the first clip."""
        seen = self._read().get(provider)
        return median(seen) if seen else None

    def learn(self, provider: str, seconds: float, work: float) -> None:
        """A clip of so much work took so many seconds."""
        rate = max(seconds - START, seconds / 10) / max(work, 1e-9)
        with self._lock, contextlib.suppress(OSError):
            known = self._read()
            known[provider] = [*known.get(provider, []), rate][-REMEMBERED:]
            temporary = self.path.with_suffix(".new")
            temporary.write_text(json.dumps(known))
            os.replace(temporary, self.path)

    def _read(self) -> dict[str, list[float]]:
        try:
            return {str(name): [float(rate) for rate in rates] for name, rates in json.loads(self.path.read_text()).items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}


def declared(task: Task[Any], request: Request, rate: float | None, most: int) -> int:
    """Whole seconds of the card that a request declares: its work times the learnt rate with a margin, within SHORTEST and `most`.

    Raises `LimitExceeded` when it is known to need more than `most`: it would be aborted in the middle, after its quota was spent.
    """
    work = task.work(request)
    if rate is None:
        return min(most, max(FIRST, math.ceil(START + work * task.default_rate / CARD_GAIN)))
    expected = START + work * rate
    if expected > most:
        raise LimitExceeded(
            f"this needs about {expected:.0f} s of the graphics card, {most} s are allowed at once", fix=f"make it shorter or smaller, or take fewer steps{offer(task.id, request)}"
        )
    return min(most, max(SHORTEST, math.ceil(expected * MARGIN)))


# ---- faults


def offer(task_id: str, request: Request) -> str:
    """What works without a card, as the end of a sentence."""
    found = choices(task_id, request.model_dump(mode="json"))
    return "".join(f", or choose {name} {' or '.join(one for one in embedded if one != 'auto')}, which needs no graphics card" for name, _, embedded in found[:1])


def explained(error: Exception, task: Task[Any], request: Request, seconds: int, settings: Settings) -> StudioError:
    """What `spaces` raised, as an error that says what to do. Its errors are Gradio's, with a title and a message that may hold markup."""
    message = re.sub(r"<[^>]*>", "", str(getattr(error, "message", error)))
    text = f"{getattr(error, 'title', '')}: {message}".lower()
    found = choices(task.id, request.model_dump(mode="json"))
    field, other = found[0][0] if found else None, offer(task.id, request)
    if "no gpu was available" in text or "queue timeout" in text:
        return LimitExceeded("no graphics card was free", why=message, fix=f"try again in a minute{other}", field=field)
    if "illegal duration" in text or "larger than the maximum" in text:
        return LimitExceeded(f"this asks for {seconds} s of the graphics card, more than is allowed at once", why=message, fix=f"make it shorter or smaller{other}", field=field)
    if "quota" in text or "gpu limit" in text or "runs limit" in text or "credits" in text:
        return LimitExceeded("the quota of the graphics card is used up", why=message, fix=f"sign in to Hugging Face or come back later{other}", field=field)
    if "aborted" in text:
        return ProcessDied("the graphics card was taken away in the middle of this", why=f"{seconds} s were declared", fix=f"make it shorter or smaller and run it again{other}", field=field)
    if "expired" in text:
        return LimitExceeded("this visit is too old to ask for the graphics card", why=message, fix=f"reload the page and run it again{other}", field=field)
    return named(error, settings)


# ---- the call


@dataclass(frozen=True)
class Job:
    """Everything that a call needs, as it crosses to the forked process. `stop`: a file whose appearance is the user's Stop."""

    task: str
    fields: dict[str, Any]
    seconds: int
    run_id: str
    directory: Path
    settings: Settings
    seed: int
    names: dict[str, str]
    device: str
    stop: Path


def seconds_of(job: Job) -> int:
    """What `spaces.GPU` is told of a call."""
    return job.seconds


def on_card(job: Job) -> Iterator[tuple[str, Any]]:
    """The function that `spaces.GPU` decorates: the events of one task as ("event", event), then ("error", dict) or ("cancelled", None), last ("end", {"seconds", "device"}).

    Faults are values: an exception would cross the border as the name of its class alone.
    """
    if _pool is not None and os.getpid() != _home:
        _pool.forked()
    run = RunContext(
        job.run_id, job.directory, job.settings, job.seed, pool=_pool, names=job.names, cancelled=job.stop.exists, results=Folders(job.settings).result_folder, device=job.device
    )
    began = time.monotonic()
    try:
        task = get_task(job.task)
        for event in task.run(task.request_type.model_validate(job.fields), run):
            yield "event", event
    except Cancelled:
        yield "cancelled", None
    except Exception as error:
        yield "error", named(error, job.settings).to_dict()
    yield "end", {"seconds": time.monotonic() - began, "device": run.device}


class Card:
    """The card as the page's process asks for it. Making one imports `spaces`, which must happen before the page is served and before anything touches CUDA."""

    def __init__(self, settings: Settings, pool: ModelPool) -> None:
        global _pool, _home
        # Not installed anywhere but on such a Space.
        import spaces  # type: ignore[import-not-found]

        self.settings = settings
        self.rates = Rates(settings.data_dir / "card-seconds.json")
        _pool, _home = pool, os.getpid()
        self._call: Callable[[Job], Iterator[tuple[str, Any]]] = spaces.GPU(duration=seconds_of)(on_card)

    def drive(self, task: Task[Any], request: Request, run: RunContext) -> Iterator[Event]:
        """The events of a task: from a call that has the card when the request wants one, else from here. Raises what the task raises, or why there is no card."""
        fields = request.model_dump(mode="json")
        wanted = choices(task.id, fields)
        if not wanted:
            yield from task.run(request, run)
            return
        provider = "/".join([task.id, *[value for _, value, _ in wanted]])
        seconds = declared(task, request, self.rates.of(provider), self.settings.gpu_seconds)
        run.checkpoint()
        with _stop_file(run) as stop:
            calls = self._call(Job(task.id, fields, seconds, run.id, run.directory, self.settings, run.seed, dict(run.names), run.device, stop))
            try:
                for kind, value in calls:
                    match kind:
                        case "event":
                            yield value
                        case "error":
                            raise StudioError.from_dict(value)
                        case "cancelled":
                            raise Cancelled
                        case "end":
                            run.device = value["device"]
                            self.rates.learn(provider, value["seconds"], task.work(request))
            except (StudioError, Cancelled):
                raise
            except Exception as error:
                fault = explained(error, task, request, seconds, self.settings)
                if isinstance(fault, ProcessDied):
                    self.rates.learn(provider, ABORTED * seconds, task.work(request))
                raise fault from error
            finally:
                close = getattr(calls, "close", None)
                if close is not None:
                    close()


@contextlib.contextmanager
def _stop_file(run: RunContext) -> Iterator[Path]:
    """A path that comes to exist when the user presses Stop."""
    with tempfile.TemporaryDirectory(prefix="kinora-stop-") as folder:
        path, ended = Path(folder) / "stop", threading.Event()

        def watch() -> None:
            while not ended.wait(STOP_POLL):
                if run.cancelled():
                    path.touch()
                    return

        watcher = threading.Thread(target=watch, name="stop-watch", daemon=True)
        watcher.start()
        try:
            yield path
        finally:
            ended.set()
            watcher.join()
