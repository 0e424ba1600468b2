"""Where training keeps its files, and how: checkpoints as safetensors, logs as JSON lines, both written so that a kill loses nothing.

Nothing is ever pickled: a checkpoint is tensors by name, and one JSON text in the header of the same file.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.errors import InvalidInput, ModelUnavailable


def training_dir() -> Path:
    """The folder of checkpoints, caches and logs: `KINORA_TRAINING_DIR`, or a place of the user's that outlives the work tree."""
    given = os.environ.get("KINORA_TRAINING_DIR")
    folder = Path(given).expanduser() if given else Path.home() / ".local/share/kinora/training"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def save_checkpoint(path: Path, tensors: Mapping[str, torch.Tensor], state: Mapping[str, Any]) -> None:
    """Write tensors by name and a JSON state into one file, aside and then renamed. Shared or strided tensors are copied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_suffix(f".{os.getpid()}.part")
    save_file({name: t.detach().contiguous().clone() for name, t in tensors.items()}, aside, metadata={"state": json.dumps(state)})
    with aside.open("rb+") as file:
        os.fsync(file.fileno())
    aside.replace(path)


def load_checkpoint(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
    """What `save_checkpoint` wrote. Raises `ModelUnavailable` when there is none or it cannot be read."""
    try:
        with safe_open(path, "pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads((file.metadata() or {})["state"])  # noqa: SIM118
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise ModelUnavailable(f"checkpoint {path.name} cannot be read", why=type(error).__name__, fix="train it first") from error
    except Exception as error:  # safetensors' own error class derives from Exception alone
        raise ModelUnavailable(f"checkpoint {path.name} cannot be read", why=str(error)[:80], fix="delete it and train again") from error


def swap(fresh: Path, place: Path) -> None:
    """Put a folder in the place of another; a reader finds the old one or the new one, whole."""
    old = place.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.replace(old)
    fresh.replace(place)
    shutil.rmtree(old, ignore_errors=True)


class Log:
    """One JSON object a line, in `<model>/log.jsonl` and on the terminal. Every line has the wall time and the seconds trained so far."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "log.jsonl"

    def write(self, **figures: Any) -> None:
        """Append the figures; floats are cut to five digits."""
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **{k: float(f"{v:.5g}") if isinstance(v, float) else v for k, v in figures.items()}}
        text = json.dumps(line)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")
        print(text, flush=True)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """The lines of a model's log; none when it has not been trained. A line cut by a kill is left out."""
    path = folder / "log.jsonl"
    lines: list[dict[str, Any]] = []
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            try:
                lines.append(json.loads(text))
            except ValueError:
                continue
    return lines


class Stop:
    """True once the process was asked to end, or its minutes are over: training then saves and leaves."""

    def __init__(self, minutes: float | None = None) -> None:
        self.asked, self.until = False, None if minutes is None else time.monotonic() + 60 * minutes
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True

    def __bool__(self) -> bool:
        return self.asked or (self.until is not None and time.monotonic() >= self.until)


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; another one that trains the same model raises `InvalidInput`. A dead holder is no holder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pid"
    holder = running(folder)
    if holder is not None:
        raise InvalidInput(f"{folder.name} is being trained by process {holder}", fix="wait for it, or end it; it resumes where it stopped")
    path.write_text(str(os.getpid()))
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def running(folder: Path) -> int | None:
    """The process that trains in this folder, if one does."""
    try:
        pid = int((folder / "pid").read_text())
        os.kill(pid, 0)
    except (OSError, ValueError):
        return None
    command = Path(f"/proc/{pid}/cmdline")
    # A process id comes back after a restart of the machine: it counts only when it is one of ours.
    return pid if not command.exists() or b"engine.training" in command.read_bytes() else None


def be_modest(threads: int = 1) -> None:
    """One thread, lowest priority: training runs beside other work and must not be felt."""
    torch.set_num_threads(threads)
    os.nice(19 - os.nice(0))
    with suppress(OSError):
        # Schedulers that group processes by session weigh the groups first: the nice value alone would not yield to another session.
        Path(f"/proc/{os.getpid()}/autogroup").write_text("19")
