"""The command line without a browser: run a task, print the schemas, fetch and verify models. Light until a task really runs."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engine.cli_models import COMMANDS as MODEL_COMMANDS
from engine.cli_models import add_model_commands
from engine.errors import InvalidInput, LimitExceeded, StudioError, UnreadableMedia
from engine.runs import is_run_id
from engine.settings import Settings
from engine.slots import put, slots
from engine.task import Request, Task, all_tasks, get_task, parse_request

DONE, FAILED, INVALID, CANCELLED = 0, 1, 2, 130

INVALID_KINDS = (InvalidInput, UnreadableMedia, LimitExceeded)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of the command line; without a command it is `serve`."""
    common = argparse.ArgumentParser(add_help=False)
    group = common.add_argument_group("settings", "each is also read from the environment variable KINORA_<NAME>")
    for name, field in Settings.model_fields.items():
        if field.exclude:
            continue  # a secret: every user of the machine can read the command lines of others
        flag = "--" + name.replace("_", "-")
        if field.annotation is bool:
            group.add_argument(flag, dest=name, action=argparse.BooleanOptionalAction, default=argparse.SUPPRESS, help=field.description)
        else:
            group.add_argument(flag, dest=name, default=argparse.SUPPRESS, metavar="X", help=f"{field.description} Default: {field.get_default(call_default_factory=True)}.")
    parser = argparse.ArgumentParser(prog="app.py", description=__doc__, parents=[common])
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("serve", parents=[common], help="serve the studio (the default)")
    run = commands.add_parser("run", parents=[common], help="run the task of a JSON file")
    run.add_argument("file", metavar="FILE.json", type=Path, help='{"task": "stroke-motion", ...fields}; media paths are relative to the file')
    run.add_argument("--out", metavar="DIR", type=Path, required=True, help="folder of the result; a folder that holds something gets a new one inside")
    commands.add_parser("tasks", parents=[common], help="print every task with the JSON schema of its request")
    add_model_commands(commands, common)
    return parser.parse_args(arguments)


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings that the command line and the environment ask for."""
    return Settings.load(**{name: getattr(options, name, None) for name in Settings.model_fields})


def say(event: str, **data: Any) -> None:
    """One event as one JSON line on standard output."""
    print(json.dumps({"event": event, **data}), flush=True)


def complain(error: StudioError) -> None:
    """One line on standard error."""
    print(error.line, file=sys.stderr, flush=True)


def run_file(options: argparse.Namespace) -> int:
    """`app.py run`: exit code 0 done, 1 failed, 2 invalid request, 130 stopped by Ctrl-C with what is finished kept."""
    try:
        settings = settings_of(options)
        task, request = load_request(options.file)
        from engine.execution import check_media

        check_media(request, settings)
    except StudioError as error:
        complain(error)
        return INVALID
    from engine.execution import perform
    from engine.residency import ModelPool
    from engine.runs import new_id

    run_id = new_id()
    seed = getattr(request, "seed", None)
    seed = int.from_bytes(os.urandom(4), "big") if seed is None else int(seed)
    stops: list[int] = []

    def stop(signum: int, frame: object) -> None:
        stops.append(signum)
        if len(stops) > 1:
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    with place_for(options.out, task.id, run_id) as (staging, destination):
        outcome = perform(
            task, request, run_id=run_id, seed=seed, settings=settings, staging=staging, destination=destination,
            emit=lambda kind, data: say(kind, **data), cancelled=lambda: bool(stops), pool=ModelPool.for_machine(settings),
            results=lambda earlier: result_folder(options.out, settings, earlier),
        )  # fmt: skip
    if outcome.error is not None:
        complain(outcome.error)
        say("failed", error=outcome.error.to_dict())
        return INVALID if isinstance(outcome.error, INVALID_KINDS) and outcome.error.field else FAILED
    files: dict[str, Any] = {}
    if outcome.result is not None:
        clip = outcome.result["clip"]
        files = {"dir": str(destination), "video": str(destination / clip) if clip else None, "meters": outcome.result["meters"]}
    say("cancelled" if outcome.state == "cancelled" else "result", **files)
    return CANCELLED if outcome.state == "cancelled" else DONE


def load_request(file: Path) -> tuple[Task[Any], Request]:
    """The task and the validated request of a JSON file; media fields become absolute, relative to the file's folder."""
    try:
        fields = json.loads(file.read_text(encoding="utf-8"), parse_constant=float)
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read", why=error.strerror or "", fix="give the path of a JSON file") from error
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{file} is not JSON", why=str(error)[:120], fix='write {"task": ..., ...fields}') from error
    if not isinstance(fields, dict) or not isinstance(fields.get("task"), str):
        raise InvalidInput("task is missing", fix='write {"task": "stroke-motion", ...fields}', field="task")
    task = get_task(fields.pop("task"))
    here = file.resolve().parent
    fields = task.request_type.spelled_out(fields)
    fields = put(fields, {slot.name: str((here / slot.value).resolve()) for slot in slots(task.request_type, fields) if isinstance(slot.value, str)})
    return task, parse_request(task, fields)


def result_folder(out: Path, settings: Settings, run_id: str) -> Path | None:
    """Where an earlier result lies: in the data folder, in the folder of this call's `--out`, or beside it."""
    if not is_run_id(run_id):
        return None
    near = [folder for place in (out.resolve(), out.resolve().parent) if place.is_dir() for folder in (place, *place.iterdir())]
    for folder in (settings.data_dir / "results" / run_id, *near):
        with contextlib.suppress(OSError, ValueError):
            if json.loads((folder / "run.json").read_text(encoding="utf-8")).get("id") == run_id:
                return folder
    return None


@contextlib.contextmanager
def place_for(out: Path, task_id: str, run_id: str) -> Iterator[tuple[Path, Path]]:
    """A hidden staging folder beside the destination (so that the last rename is atomic) and the destination itself.

    Leftovers of earlier calls that were killed are recognised by their free lock and removed.
    """
    out = out.resolve()
    try:
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
        if out.is_file():
            raise InvalidInput(f"--out {out} is a file", fix="give a folder")
        destination = out / f"{task_id}-{run_id[:8]}" if taken else out
        parent = destination.parent
        parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInput(f"--out {out} cannot be written", why=error.strerror or "", fix="give another folder") from error
    for old in parent.glob(".kinora-*.lock"):
        with open(old, "w") as handle, contextlib.suppress(OSError):
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(old.with_suffix(""), ignore_errors=True)
            old.unlink(missing_ok=True)
    staging = parent / f".kinora-{run_id}"
    with open(parent / f".kinora-{run_id}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield staging, destination
        finally:
            shutil.rmtree(staging, ignore_errors=True)
            Path(lock.name).unlink(missing_ok=True)


def print_tasks(options: argparse.Namespace) -> int:
    """`app.py tasks`: one JSON object, task id to title, version and schema."""
    print(json.dumps({i: {"title": t.title, "version": t.version, "schema": t.request_type.model_json_schema()} for i, t in all_tasks().items()}, indent=1))
    return DONE


COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {"run": run_file, "tasks": print_tasks, **MODEL_COMMANDS}
