"""Parts of a run that are runs of other tasks: scenes of a film. Each is made once and lies on a shelf by what it depends on, for this film and the next.

A part is made ahead by a run of its own in the queue (several workers make several at once), or by the run that needs it, whoever comes first. Because the
shelf is on disk and a part appears by one rename, a film that was stopped, killed or changed makes only what is missing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StudioError
from engine.kept import content, make_room, use
from engine.slots import files_of, put
from engine.task import Event, Note, Preview, Progress, Request, Result, Stage, Task, get_task, parse_request

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.settings import Settings

KEPT_MIB = 4000
"""Room for parts on disk; those not used for longest go first."""


@dataclass(frozen=True)
class RunPart:
    """A run that another run needs: which task, the fields of its request (with the seed: a part is the same each time), and what the user reads about it."""

    task: str
    fields: Mapping[str, Any]
    label: str

    def request(self) -> tuple[Task[Any], Request]:
        """Its task and validated request. Raises `StudioError`."""
        task = get_task(self.task)
        return task, parse_request(task, dict(self.fields))

    @property
    def key(self) -> str:
        """The name of what it gives: a hash of the task, its version, and the request with files by their content. Raises `StudioError`."""
        task, request = self.request()
        fields = put(request.model_dump(mode="json"), {slot.name: content(slot.value) for slot in files_of(request)})
        return hashlib.sha256(json.dumps([task.id, task.version, fields], sort_keys=True).encode()).hexdigest()


def shelf(settings: Settings) -> Path:
    """The folder of all parts."""
    place = settings.data_dir / "cache" / "parts"
    place.mkdir(parents=True, exist_ok=True)
    return place


def place(settings: Settings, key: str) -> Path:
    """Where the part of that key lies, or will."""
    return shelf(settings) / key


def find(settings: Settings, key: str) -> Path | None:
    """The result folder of a part that is there; None otherwise. Asking counts as a use."""
    folder = place(settings, key)
    if not (folder / "run.json").is_file():
        return None
    return use(folder)


def missing(settings: Settings, parts: Iterable[RunPart]) -> list[RunPart]:
    """Those that are not on the shelf, each once."""
    wanted = {part.key: part for part in parts}
    return [part for key, part in wanted.items() if find(settings, key) is None]


def clip_of(folder: Path) -> Path:
    """The clip of a result's folder. Raises `StudioError` when it has none."""
    name = json.loads((folder / "run.json").read_text(encoding="utf-8"))["result"]["clip"]
    if not name or not (folder / name).is_file():
        raise StudioError("this result has no clip", fix="run it again")
    return folder / name


def make(part: RunPart, run: RunContext) -> Iterator[Event | Path]:
    """The events of making a part, the last one its folder on the shelf; only that folder when it is there already.

    Stages carry the part's label. A stopped part is not kept: `Cancelled` goes on. Raises what the part's own task raises.
    """
    from engine.execution import seal, travel_copies

    key = part.key
    folder = find(run.settings, key)
    if folder is None:
        task, request = part.request()
        staging = shelf(run.settings) / f".{secrets.token_hex(8)}"
        own = replace(run, directory=staging, seed=int(part.fields.get("seed") or 0), names={}, timings={})
        staging.mkdir()
        try:
            result = None
            for event in own.drive(task, request, own):
                match event:
                    case Result():
                        result = event
                    case Stage():
                        yield Stage(event.name, f"{part.label}: {event.label}")
                    case Progress() | Preview() | Note():
                        yield event
            if result is None or result.partial:
                run.checkpoint()
                raise StudioError(f"{part.label} could not be made", why="its task ended early", fix="run it again")
            folder = place(run.settings, key)
            try:
                seal(task, request, result, run=own, destination=folder, inputs=travel_copies(request, run.settings))
            except OSError:
                if find(run.settings, key) is None:  # else another run made it meanwhile
                    raise
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    yield folder


def sweep(settings: Settings) -> None:
    """Make room: leftovers of killed runs go, then the parts not used for longest, until the rest fits."""
    make_room(shelf(settings), KEPT_MIB)
