"""How one run becomes a result folder: drive the task's events, seal the result, name every fault. Used by each executor."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import shutil
import sys
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine import __version__
from engine.context import Drive, RunContext, straight
from engine.errors import Cancelled, InvalidInput, LimitExceeded, OutOfMemory, StudioError
from engine.settings import Settings
from engine.slots import files_of, put
from engine.store import file_hash
from engine.task import Note, Preview, Progress, Request, Result, Stage, Task

if TYPE_CHECKING:
    from engine.residency import ModelPool

Emit = Callable[[str, dict[str, Any]], None]

PROGRESS_EVERY = 0.1
"""Seconds between recorded progress events of one stage: each costs a commit, and no eye sees more."""

LOSSLESS_LIMIT = 2 * 2**20
"""Bytes up to which a picture travels inside a result as PNG; a larger one as JPEG of quality 95."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended. `state` is done, cancelled or failed; `result` is the summary when a folder exists."""

    state: str
    result: dict[str, Any] | None = None
    error: StudioError | None = None


def perform(
    task: Task[Any],
    request: Request,
    *,
    run_id: str,
    seed: int,
    settings: Settings,
    staging: Path,
    destination: Path,
    emit: Emit,
    cancelled: Callable[[], bool] = lambda: False,
    pool: ModelPool | None = None,
    names: dict[str, str] | None = None,
    results: Callable[[str], Path | None] = lambda run_id: None,
    keep_partial: bool = True,
    drive: Drive = straight,
) -> Outcome:
    """Run `task` and leave its whole result at `destination`, which appears by one rename. Never raises for the task's own faults.

    keep_partial: what a stopped run finished is a result, too.
    """
    run = RunContext(run_id, staging, settings, seed, pool=pool, names=names or {}, cancelled=cancelled, results=results, drive=drive)
    recorder = _Recorder(emit, staging, run.timings)
    staging.mkdir(parents=True, exist_ok=True)
    result: Result | None = None
    # Copies of the inputs are made while the task works: the user waits for the end, and after Stop even more so.
    copies = ThreadPoolExecutor(1, "copies")
    inputs = copies.submit(travel_copies, request, settings)
    try:
        try:
            for event in drive(task, request, run):
                if isinstance(event, Result):
                    result = event
                else:
                    recorder.record(event)
        except Cancelled:
            if result is None:
                return Outcome("cancelled")
        recorder.close_stage()
        if result is not None and result.partial and not keep_partial:
            return Outcome("cancelled")
        if result is None:
            raise StudioError("the task ended without a result", why="a fault in Kinora", fix="report it with the log")
        emit("stage", {"name": "seal", "label": "Saving"})
        summary = seal(task, request, result, run=run, destination=destination, inputs=inputs.result())
        return Outcome("cancelled" if result.partial else "done", result=summary)
    except BaseException as error:
        return Outcome("failed", error=named(error, settings))
    finally:
        copies.shutdown(cancel_futures=True)
        shutil.rmtree(staging, ignore_errors=True)


def named(error: BaseException, settings: Settings) -> StudioError:
    """Any fault as a `StudioError`: memory and disk by name, the unforeseen with its traceback in the log only."""
    if isinstance(error, StudioError):
        return error
    if isinstance(error, MemoryError) or type(error).__name__ in ("OutOfMemoryError", "AcceleratorError"):
        return OutOfMemory("the machine ran out of memory", fix="choose a smaller size or a shorter clip; everything was freed, the next run is fine")
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LimitExceeded("the disk is full", fix="free some space and run again; nothing finished is lost")
    traceback.print_exception(error, file=sys.stderr)
    fault = traceback.extract_tb(error.__traceback__)[-1]
    return StudioError(
        "an unexpected fault stopped this run",
        why=f"{type(error).__name__} in {Path(fault.filename).name}",
        fix=f"try again; if it stays, report it with {settings.data_dir.name}/logs/worker.log",
    )


def seal(task: Task[Any], request: Request, result: Result, *, run: RunContext, destination: Path, inputs: dict[str, bytes]) -> dict[str, Any]:
    """Write run.json and thumbnails beside the clip, stamp the clip with the same JSON, and move the folder into place. Returns the summary."""
    from engine.media.disk import sync_folder
    from engine.media.provenance import stamp
    from engine.media.thumbs import make_thumbs

    folder = run.directory
    if result.clip is not None:
        poster, hover = make_thumbs(result.clip, folder / "poster.jpg", folder / "hover.webp")
        result.artifacts.update(poster=poster, hover=hover)
    document = describe(task, request, result, run=run)
    if result.clip is not None:
        for name, path in {"": result.clip, **{name: result.artifacts[name] for name in result.variants if name}}.items():
            own = {**document["request"], **result.variants.get(name, {})}
            stamp(path, {**document, "request": own, "seed": own.get("seed", run.seed)}, inputs)
    (folder / "preview.webp").unlink(missing_ok=True)
    with open(folder / "run.json", "w", encoding="utf-8") as stream:
        json.dump(document, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    destination.parent.mkdir(parents=True, exist_ok=True)
    os.rename(folder, destination)
    sync_folder(destination.parent)
    summary: dict[str, Any] = document["result"]
    return summary


def describe(task: Task[Any], request: Request, result: Result, *, run: RunContext) -> dict[str, Any]:
    """The document of a result: what was asked, what made it, what was measured. Inputs by name and hash, never by this machine's paths."""
    fields = request.model_dump(mode="json")
    fields["seed"] = run.seed
    given = files_of(request)
    names = {slot.name: run.names.get(slot.name, slot.value.name) for slot in given}
    fields = put(fields, names)
    inputs = {slot.name: {"name": names[slot.name], "sha256": file_hash(slot.value), "bytes": slot.value.stat().st_size} for slot in given}
    return {
        "kinora": 1,
        "id": run.id,
        "task": task.id,
        "task_version": task.version,
        "request": fields,
        "seed": run.seed,
        "inputs": inputs,
        "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "device": run.device,
        "versions": versions(),
        "timings": {name: round(seconds, 3) for name, seconds in run.timings.items()},
        "partial": result.partial,
        "result": {
            "clip": result.clip.name if result.clip else None,
            "artifacts": {name: path.name for name, path in result.artifacts.items()},
            "meters": [asdict(meter) for meter in result.meters],
            "details": result.details,
            "timings": {name: round(seconds, 3) for name, seconds in run.timings.items()},
            "partial": result.partial,
        },
    }


def travel_copies(request: Request, settings: Settings) -> dict[str, bytes]:
    """The pictures that a result was made from, by their place in the request and ending, as they travel inside it. One that cannot be read is the task's to report."""
    files: dict[str, bytes] = {}
    for slot in files_of(request):
        if slot.kind == "image":
            with contextlib.suppress(StudioError):
                ending, data = travel_copy(slot.value, settings)
                files[slot.name + ending] = data
    return files


def travel_copy(path: Path, settings: Settings) -> tuple[str, bytes]:
    """A picture as it travels inside a result: its pixels only. A photo's own metadata may say where and by whom it was taken."""
    import cv2

    from engine.media.images import read_image

    pixels = read_image(path, settings, max_side=2048, alpha="keep")
    channels = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    turned = cv2.cvtColor(pixels, channels)
    lossless = cv2.imencode(".png", turned)[1].tobytes()
    if len(lossless) <= LOSSLESS_LIMIT or pixels.shape[2] == 4:
        return ".png", lossless
    return ".jpg", cv2.imencode(".jpg", turned, [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def versions() -> dict[str, str]:
    """Kinora's version and those of the packages that make pictures."""
    found = {"kinora": __version__, "python": platform.python_version()}
    for package in ("av", "opencv-python", "numpy", "scipy", "torch", "diffusers", "transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def check_media(request: Request, settings: Settings) -> None:
    """Refuse, before anything is queued, a media field whose file is missing or is not what its field needs. A clip that has sound is a sound."""
    from engine.media.probe import probe

    for slot in files_of(request):
        try:
            facts = probe(slot.value, settings)
        except StudioError as error:
            raise type(error)(f"{slot.name}: {error.what}", why=error.why, fix=error.fix, field=slot.name) from error
        if facts.kind != slot.kind and not (slot.kind == "audio" and facts.has_audio):
            raise InvalidInput(f"{slot.name}: {slot.value.name} holds {facts.kind}, not {slot.kind}", fix=f"choose a file of kind {slot.kind}", field=slot.name)


class _Recorder:
    """Turns a task's events into stored ones, thins progress, writes preview files, and sums the seconds of each stage."""

    def __init__(self, emit: Emit, folder: Path, timings: dict[str, float]) -> None:
        self._emit, self._folder, self._timings = emit, folder, timings
        self._stage: tuple[str, float] | None = None
        self._last_progress = ("", 0.0)

    def record(self, event: Stage | Progress | Preview | Note) -> None:
        match event:
            case Stage(name, label):
                self.close_stage()
                self._stage = (name, time.monotonic())
                self._emit("stage", {"name": name, "label": label})
            case Progress(stage, done, total):
                now = time.monotonic()
                if done >= total or stage != self._last_progress[0] or now - self._last_progress[1] >= PROGRESS_EVERY:
                    self._last_progress = (stage, now)
                    self._emit("progress", {"stage": stage, "done": done, "total": total})
            case Preview(frames, fps):
                from engine.media.thumbs import encode_preview

                temporary = self._folder / ".preview"
                temporary.write_bytes(encode_preview(frames, fps))
                os.replace(temporary, self._folder / "preview.webp")
                self._emit("preview", {"file": "preview.webp", "frames": int(frames.shape[0])})
            case Note(text, level):
                self._emit("note", {"text": text, "level": level})

    def close_stage(self) -> None:
        """Book the seconds of the stage that ends now."""
        if self._stage is not None:
            name, began = self._stage
            self._timings[name] = self._timings.get(name, 0.0) + time.monotonic() - began
            self._stage = None
