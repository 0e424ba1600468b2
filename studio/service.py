"""What the page, the HTTP endpoints and the MCP tools can do: submit, watch, stop, fetch, keep. No Gradio here."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from pathlib import Path
from typing import Any

from engine.catalog import CARDS
from engine.catalog.fetch import ModelFiles
from engine.errors import InvalidInput, StudioError
from engine.executors import Executor, executor_for
from engine.hardware import describe as hardware
from engine.hardware import memory_mib
from engine.parts import missing, place
from engine.quick import Helper
from engine.runs import PartRow, Run
from engine.settings import Settings
from engine.slots import files_of, get, put, slots
from engine.store import Store
from engine.task import Request, Task, all_tasks, get_task, parse_request
from studio.models import ModelRoom

STALLED_SECONDS = 30.0
"""Without any event for this long, the page says so."""

OPENING_SECONDS = 120.0
"""How long a project may take to be unpacked."""
PART_KEY, PLAIN_NAME = re.compile(r"[0-9a-f]{64}"), re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[A-Za-z0-9]{1,5}")

MOST_FILES = 64
"""Files that the settings inside a dropped video may name; no request takes more."""

SWEEP_SECONDS = 600.0
"""How often trash and results are held to their limits."""


class Studio:
    """One running installation. Run ids are secrets: whoever knows one may see and stop that run; lists are filtered by owner when shared."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = Store(settings)
        self.store.own()
        self.interrupted = [run.id for run in self.store.settle()]
        self.helper = Helper(self.store)
        self.painter = Helper(self.store, "painter", idle=settings.painter_idle_seconds)
        self.executor: Executor = executor_for(self.store)
        self.models = ModelFiles(self.store.models, settings)
        self.room = ModelRoom(self.models, self.store)
        self._ends = threading.Event()

    def start(self) -> None:
        """Start the worker and the helper; the page is served already."""
        self.executor.start()
        self.helper.start()
        threading.Thread(target=self._keep_house, name="house", daemon=True).start()
        if os.environ.get("SPACE_ID"):  # nobody types a command on a Space: what the tabs need is brought while the page is served already
            threading.Thread(target=self.fetch_needed, name="fetch", daemon=True).start()

    def fetch_needed(self) -> None:
        """Bring the embedded models that tabs cannot work without; what fails is told by the tab that misses it."""
        for card in CARDS.values():
            if card.provider == "embedded" and card.tabs:
                with contextlib.suppress(StudioError, OSError):
                    self.models.fetch(card)

    def _keep_house(self) -> None:
        """Keep trash and results within their limits for as long as the studio runs: one on a server is not started anew for months."""
        while not self._ends.wait(SWEEP_SECONDS):
            with contextlib.suppress(StudioError, OSError):
                self.store.sweep()
                self.models.trash.empty(self.settings.trash_days)

    def stop(self) -> None:
        """End both; a working run becomes interrupted, a fetch is paused."""
        self._ends.set()
        self.room.stop()
        self.executor.stop()
        self.helper.stop()
        self.painter.stop()

    # ---- runs

    def request(self, task_id: str, fields: dict[str, Any], *, keep: bool) -> tuple[Task[Any], Request]:
        """The validated request of a form or an API call. With `keep`, files move into the store, are probed, and paths become the store's."""
        task = get_task(task_id)
        fields = dict(fields)
        for name in task.request_type.media_fields():
            if fields.get(name) is None and task.request_type.model_fields[name].is_required():
                raise InvalidInput(f"{name} is missing", fix="load a file or pick an example", field=name)
        if keep:
            kept = {}
            for slot in slots(task.request_type, fields):
                path = Path(str(slot.value))
                self._check_kind(slot.name, slot.kind, path)
                kept[slot.name] = str(self.store.keep_input(path))
            fields = put(fields, kept)
        request = parse_request(task, fields)
        for name, info in task.request_type.model_fields.items():
            run_id = getattr(request, name)
            if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("run") and run_id and self.store.result_folder(run_id) is None:
                raise InvalidInput(f"{name}: this run is not here any more", why="it was deleted, or is of another machine", fix="leave it empty, or start anew", field=name)
        return task, request

    def submit(self, task_id: str, fields: dict[str, Any], owner: str = "") -> Run:
        """Queue a run. Raises a `StudioError` with one clear line when the request cannot be used."""
        task, request = self.request(task_id, fields, keep=True)
        self.store.check_disk(task.disk_mib(request))
        limits = (self.settings.max_queue, self.settings.max_queue_per_visitor if self.settings.shared else self.settings.max_queue)
        run = self.store.runs.submit(
            task.id, task.version, request.model_dump(mode="json"), owner=owner, work=task.work(request), limits=limits, names=self.names_of(request, fields, owner), parts=self._parts(task, request),
        )
        self.executor.wake(run.id)
        return run

    def _parts(self, task: Task[Any], request: Request) -> list[PartRow]:
        """The parts of a request that are not on the shelf, ready to be queued. What is wrong with one is told by the run itself, which makes what is missing."""
        try:
            return [PartRow(own.id, own.version, asked.model_dump(mode="json"), part.key, part.label, own.work(asked)) for part in missing(self.settings, task.parts(request)) for own, asked in [part.request()]]
        except (StudioError, OSError):
            return []

    def edit(self, run_id: str, fields: dict[str, Any]) -> bool:
        """New settings for a waiting run; False when it has begun."""
        run = self.store.runs.get(run_id)
        task, request = self.request(run.task, fields, keep=True)
        return self.store.runs.replace_request(run_id, request.model_dump(mode="json"), task.work(request), self.names_of(request, fields, run.owner), self._parts(task, request))

    def names_of(self, request: Request, fields: dict[str, Any], owner: str) -> dict[str, str]:
        """What the user calls the files of a form. A file that came back from an earlier run of theirs keeps the name that it had there."""
        earlier = self.store.runs.select(owner=self.visible(owner), limit=200)
        known = {get(run.request, name): run.names[name] for run in reversed(earlier) for name in run.names}
        names = {}
        for slot in files_of(request):
            own = Path(str(get(fields, slot.name) or slot.value)).name
            names[slot.name] = known.get(str(slot.value), own) if own == slot.value.name else own
        return names

    def again(self, run_id: str, owner: str = "") -> Run:
        """Run again: an interrupted, failed or cancelled run under its own id, a finished one as a new run with the same seed."""
        old = self.store.runs.get(run_id)
        task = get_task(old.task)
        if not old.active and old.state != "done" and self.store.runs.requeue(run_id, self._parts(task, task.request_type.model_validate(old.request))):
            self.executor.wake(run_id)
            return self.store.runs.get(run_id)
        if old.active:
            return old
        return self.submit(old.task, {**old.request, "seed": old.seed}, owner)

    def finish_take(self, run_id: str, take: int, owner: str = "") -> Run:
        """Finish a draft: the take's own request (its seed, its values of a grid) without `draft`, going on from what the draft left."""
        old = self.store.runs.get(run_id)
        takes = ((old.result or {}).get("details") or {}).get("takes") or []
        if not 1 <= take <= len(takes) or not takes[take - 1].get("draft"):
            raise InvalidInput("this take is not a draft that can be finished", fix="run it again as a draft")
        chosen = takes[take - 1]
        own = {"takes": 1, "grid": None, "draft": False, "seed": chosen["seed"], "continue_run": run_id, "continue_take": take}
        return self.submit(old.task, {**old.request, **chosen.get("changes", {}), **own}, owner)

    def cancel(self, run_id: str) -> None:
        """Stop a run; harmless for an ended one."""
        self.store.runs.cancel(run_id)

    def stop_and_tell(self, run_id: str) -> dict[str, Any]:
        """Stop a run and say in which state it is now."""
        self.cancel(run_id)
        return {"run": run_id, "state": self.store.runs.get(run_id).state}

    def preflight(self, task_id: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Before Run: `{"seconds", "memory_mib", "disk_mib", "learnt", "waiting", "fits", "forecast", "able"}`; or `{"error": ...}`."""
        try:
            task, request = self.request(task_id, fields, keep=False)
        except StudioError as error:
            return {"error": error.to_dict(), "line": error.line}
        fields = request.model_dump(mode="json")
        ahead = sum(self._seconds(row.task, row.work, row.request) for row in self._parts(task, request))
        forecast, free = task.forecast(request, self.settings), memory_mib("MemAvailable")
        memory = forecast.memory_mib if forecast.memory_mib is not None else task.memory_mib(request)
        return {
            "seconds": ahead + self._seconds(task_id, task.work(request), fields),
            "learnt": self._rate(task_id, fields) is not None,
            "forecast": forecast.line,
            "able": forecast.able,
            "memory_mib": memory,
            "disk_mib": task.disk_mib(request),
            "waiting": len(self.store.runs.queue()),
            "fits": free is None or memory < free,
            "free_mib": free,
        }

    def status(self, run_id: str) -> dict[str, Any]:
        """Everything that a run panel shows of a run, as JSON."""
        run = self.store.runs.get(run_id)
        if run.state == "queued" and (parts := self.store.runs.parts(run_id)):
            return self._in_parts(run, parts)
        return self._status(run)

    def _in_parts(self, run: Run, parts: list[Run]) -> dict[str, Any]:
        """The status of a run whose parts are being made: what its working part shows, and how far all of them are."""
        status = self._status(run)
        busy = [part for part in parts if part.state == "running"]
        working = busy[0] if busy else None
        waiting = [part for part in parts if part.state == "queued"]
        if working is None and len(waiting) in (0, len(parts)):
            return status
        ended = len(parts) - len(waiting) - len(busy)
        live = self._status(working) if working is not None else None
        whole = sum(part.work for part in parts) or 1.0
        done = sum(part.work for part in parts if not part.active) + sum(self._status(part)["share"] * part.work for part in busy)
        later = sum(self._seconds(part.task, part.work, part.request) for part in waiting) / max(1, len(busy)) + self._seconds(run.task, run.work, run.request)
        began = min((part.started for part in parts if part.started), default=time.time())
        return {
            **status, "state": "running", "stage": f"{working.label if working else waiting[0].label} ({min(ended + 1, len(parts))} of {len(parts)})", "share": done / whole,
            "count": [ended, len(parts)], "elapsed": round(time.time() - began, 2), "remaining": round(later + (live["remaining"] or 0.0 if live else 0.0), 1), "place": 0,
            "preview": live["preview"] if live else None, "part": {"key": working.part, "share": live["share"]} if working and live else None,
        }  # fmt: skip

    def _status(self, run: Run) -> dict[str, Any]:
        """The status of a run by its own events."""
        run_id = run.id
        latest = self.store.runs.latest(run_id)
        stage, progress, preview = latest.get("stage"), latest.get("progress"), latest.get("preview")
        share = 0.0
        if progress and stage and progress["stage"] == stage["name"] and progress["total"]:
            share = progress["done"] / progress["total"]
        now = run.ended or time.time()
        elapsed = now - run.started if run.started else 0.0
        state = "stopping" if run.state == "running" and run.stop else run.state
        status: dict[str, Any] = {
            "id": run.id,
            "task": run.task,
            "title": get_task(run.task).title,
            "state": state,
            "active": run.active,
            "stage": stage["label"] if stage else None,
            "share": share,
            "count": [progress["done"], progress["total"]] if progress and share else None,
            "elapsed": round(elapsed, 2),
            "remaining": self._remaining(run, elapsed, share) if run.active else None,
            "place": self._place(run) if run.state == "queued" else 0,
            "preview": f"{run.id}/preview.webp?v={preview['seq']}" if preview and run.active else None,
            "notes": [event for event in self.store.runs.events(run_id) if event["event"] == "note"],
            "error": StudioError.from_dict(run.error).line if run.error else None,
            "field": run.error.get("field") if run.error else None,
            "seed": run.seed,
            "request": put(_display(run.request), run.names),
            "result": run.result,
            "created": run.created,
        }
        if run.active and latest:
            quiet = time.time() - max(event["time"] for event in latest.values())
            if run.state == "running" and quiet > STALLED_SECONDS:
                status["stalled"] = round(quiet)
        return status

    def _rate(self, task_id: str, fields: dict[str, Any]) -> float | None:
        """Seconds per unit of work, as learnt from runs of the same pace."""
        return self.store.runs.seconds_per_work(task_id, {name: fields[name] for name in get_task(task_id).pace if name in fields})

    def _seconds(self, task_id: str, work: float, fields: dict[str, Any]) -> float:
        """What so much work of a task takes here, as learnt; as the task guesses before its first run."""
        rate = self._rate(task_id, fields)
        return work * (rate if rate is not None else get_task(task_id).default_rate)

    def _remaining(self, run: Run, elapsed: float, share: float) -> float | None:
        guess = self._seconds(run.task, run.work, run.request) - elapsed
        # The learnt total knows all stages; the share of the present stage corrects it when this run is slower.
        if share > 0.3:
            guess = max(guess, elapsed * (1 - share))
        return round(max(guess, 0.5), 1)

    def _place(self, run: Run) -> int:
        queue = [waiting.id for waiting in self.store.runs.queue() if waiting.state == "queued"]
        return queue.index(run.id) + 1 if run.id in queue else 0

    # ---- lists

    def visible(self, owner: str) -> str | None:
        """The owner filter of lists: everybody's on one's own machine, only one's own when shared."""
        return owner if self.settings.shared else None

    def queue(self, owner: str) -> list[dict[str, Any]]:
        """Working and waiting runs in order, and those that a dead machine interrupted."""
        who = self.visible(owner)
        runs = [run for run in self.store.runs.queue() if who is None or run.owner == who]
        runs += self.store.runs.select(owner=who, states=("interrupted",), limit=20)
        return [{**self._brief(run), **self._live(run)} for run in runs]

    def results(self, owner: str, *, trashed: bool = False) -> list[dict[str, Any]]:
        """Results, newest first."""
        runs = self.store.runs.select(owner=self.visible(owner), states=("done", "cancelled"), trashed=trashed)
        return [self._brief(run) for run in runs if run.result]

    def _brief(self, run: Run) -> dict[str, Any]:
        return {
            "id": run.id, "task": run.task, "title": get_task(run.task).title, "state": run.state, "created": run.created, "seed": run.seed,
            "seconds": round((run.ended or 0) - (run.started or 0), 1) if run.started and run.ended else None,
            "request": put(_display(run.request), run.names), "result": run.result, "pinned": run.pinned, "error": StudioError.from_dict(run.error).line if run.error else None,
        }  # fmt: skip

    def _live(self, run: Run) -> dict[str, Any]:
        status = self.status(run.id) if run.active else {"state": run.state}
        if status["state"] not in ("running", "stopping"):
            return {}
        return {key: status[key] for key in ("stage", "share", "remaining", "state", "preview")}

    # ---- engine room

    def free(self) -> None:
        """Drop every model that nobody uses: for the owner of a machine, as visitors' runs would have to load them again."""
        if self.settings.shared:
            raise InvalidInput("memory is freed by the owner of this studio", fix="run Kinora on your machine")
        self.executor.free()

    def engine(self) -> dict[str, Any]:
        """Worker, memory, models and disk for the engine room."""
        worker = self.executor.stats()
        return {"worker": {**worker, "run": bool(worker.get("run"))}, "free_mib": memory_mib("MemAvailable"), "machine": hardware(), **self.room.look()}

    # ---- files

    def result_file(self, run_id: str, name: str) -> Path | None:
        """A file of a result, or the live preview of a working run; None when there is no such thing."""
        if not (run_id.isalnum() and len(run_id) == 32) or "/" in name or "\\" in name or name.startswith("."):
            return None
        for folder in (self.store.results, self.store.trash):
            path = folder / run_id / name
            if path.is_file():
                return path
        preview = self.store.staging / run_id / name
        return preview if name == "preview.webp" and preview.is_file() else None

    def voices(self) -> list[tuple[str, str]]:
        """(id, title) of the voices that this machine has."""
        return [(voice["id"], voice["title"]) for voice in self.helper.call("voice-list")[0]]

    def part_file(self, key: str, name: str) -> Path | None:
        """A file of a part on the shelf, such as a scene's clip; None when there is no such thing."""
        if not PART_KEY.fullmatch(key) or not PLAIN_NAME.fullmatch(name):
            return None
        path = place(self.settings, key) / name
        return path if path.is_file() and not path.is_symlink() else None

    def restore_fields(self, run_id: str) -> tuple[str, dict[str, Any]]:
        """Task and fields of a run, ready for its tab's form."""
        run = self.store.runs.get(run_id)
        return run.task, {**run.request, "seed": run.seed}

    def read_file(self, path: Path) -> tuple[str, dict[str, Any]] | None:
        """Task and fields inside a Kinora MP4 or a saved project that somebody dropped, its inputs kept in the store; None when it is not Kinora's."""
        if self.helper.call("probe", path=str(path))[0]["kind"] == "project":
            opened, _ = self.helper.call("movie-open", OPENING_SECONDS, path=str(path))
            return "movie", dict(opened)
        value, blobs = self.helper.call("read-stamp", path=str(path))
        if value is None:
            return None
        document = value["document"]
        task_id, fields = str(document.get("task")), dict(document.get("request") or {})
        task = get_task(task_id)
        embedded = dict(zip(value["files"], blobs, strict=True))
        named = slots(task.request_type, fields)
        if len(named) > MOST_FILES:
            raise InvalidInput(f"the settings in {path.name} name {len(named)} files", fix="use another file")
        found = {slot.name: self._input_of(document, slot.name, embedded) for slot in named}
        fields = put(fields, found)
        for slot in reversed(named):
            if found[slot.name] is None and len(slot.where) > 1 and isinstance(slot.where[-2], int):
                get(fields, ".".join(map(str, slot.where[:-2]))).pop(slot.where[-2])  # a row of a list is nothing without its file
        if document.get("seed") is not None:
            fields["seed"] = document["seed"]
        return task_id, {name: given for name, given in fields.items() if name in task.request_type.model_fields}

    def adopt(self, path: Path) -> tuple[str, str, Path]:
        """A dropped file that is not Kinora's: the first task and field that take its kind, and where it is kept."""
        facts, _ = self.helper.call("probe", path=str(path))
        for task_id, task in all_tasks().items():
            for field, kind in task.request_type.media_fields().items():
                if kind == facts["kind"]:
                    return task_id, field, self.store.keep_input(path)
        raise InvalidInput(f"no tab takes {facts['kind']} yet", fix="drop a picture, or a video that Kinora made")

    def clip_as_input(self, run_id: str, task_id: str) -> tuple[str, Path]:
        """A result as another task's input: the clip where one is taken, its first picture otherwise."""
        result = self.store.runs.get(run_id).result or {}
        clip = self.result_file(run_id, result.get("clip") or "-")
        kinds = {kind: field for field, kind in reversed(get_task(task_id).request_type.media_fields().items())}  # the first field of a kind takes it
        if clip is not None and "video" in kinds:
            return kinds["video"], self.store.keep_input(clip)
        if clip is not None and "image" in kinds:
            _, blobs = self.helper.call("first-frame", path=str(clip))
            return kinds["image"], self.store.keep_bytes(blobs[0], ".png")
        raise InvalidInput("this tab takes nothing that the result holds", fix="choose another tab")

    def _input_of(self, document: dict[str, Any], field: str, embedded: dict[str, bytes]) -> str | None:
        facts = (document.get("inputs") or {}).get(field) or {}
        for path in self.store.inputs.glob(f"{facts.get('sha256', '-')}.*") if str(facts.get("sha256", "-")).isalnum() else ():
            return str(path)
        for name, data in embedded.items():
            if Path(name).stem == field:
                return str(self.store.keep_bytes(data, Path(name).suffix))
        return None

    def _check_kind(self, field: str, kind: str, path: Path) -> None:
        try:
            facts, _ = self.helper.call("probe", path=str(path))
        except StudioError as error:
            raise type(error)(error.what, why=error.why, fix=error.fix, field=field) from error
        lends_sound = kind == "audio" and facts["kind"] == "video" and facts["has_audio"]
        if facts["kind"] != kind and not lends_sound:
            raise InvalidInput(f"{field}: this file holds {facts['kind']}, not {kind}", fix=f"choose a file of kind {kind}", field=field)


def _display(request: Any) -> Any:
    """A request without this machine's paths, at any depth."""
    if isinstance(request, dict):
        return {name: _display(value) for name, value in request.items()}
    if isinstance(request, list):
        return [_display(value) for value in request]
    return os.path.basename(request) if isinstance(request, str) and request.startswith("/") else request
