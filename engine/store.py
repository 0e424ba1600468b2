"""The data folder: where runs, results, inputs, trash and models lie, and how it is put right after a crash."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from engine.errors import InvalidInput, LimitExceeded, StudioError
from engine.media.disk import files_below
from engine.runs import Run, RunStore, State, is_run_id
from engine.settings import Settings

_LOCKS: list[IO[str]] = []

RESERVE_BYTES = 2**20
"""Room for the database to write down the end of a run when the disk is full."""

FRESH_SECONDS = 3600.0
"""So young a result is not swept away."""


class Folders:
    """The folders of one installation. All that a process needs which works runs but keeps no list of them.

    `staging/ID` is written by a working run; `results/ID` appears by one rename when it is whole; `inputs/HASH.ext` keeps what users gave.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.root = settings.data_dir
        self.staging, self.results, self.trash = self.root / "staging", self.root / "results", self.root / "trash"
        self.inputs, self.models, self.logs = self.root / "inputs", self.root / "models", self.root / "logs"

    def result_folder(self, run_id: str) -> Path | None:
        """The folder of a whole result that is not in the trash; None when there is none."""
        folder = self.results / run_id
        return folder if is_run_id(run_id) and (folder / "run.json").is_file() else None

    def check_disk(self, needed_mib: float) -> None:
        """Raise `LimitExceeded` when the disk has no room for `needed_mib` besides the reserve."""
        free = shutil.disk_usage(self.root).free / 2**20
        if free < needed_mib + self.settings.min_free_mib:
            raise LimitExceeded(
                f"the disk has {free:.0f} MiB free, this needs about {needed_mib:.0f}", fix=f"free some space: {self.settings.min_free_mib} MiB always stay free"
            )


class Store(Folders):
    """The folders, and the runs in them."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        try:
            for folder in (self.staging, self.results, self.trash, self.inputs, self.models, self.logs):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise LimitExceeded(f"the data folder {self.root} cannot be written", why=error.strerror or "", fix="choose another with --data-dir") from error
        self.runs = RunStore(self.root / "kinora.db", fair=settings.shared)
        self.reserve = self.root / "reserve"
        self.refill()

    def finish(self, run_id: str, state: State, *, error: StudioError | None = None, result: dict[str, Any] | None = None) -> None:
        """End a run even on a full disk: a reserve kept for this is given up, and then the end is written as soon as it can be."""
        while True:
            try:
                self.runs.finish(run_id, state, error=error, result=result)
                return
            except LimitExceeded:
                if self.reserve.exists():
                    self.reserve.unlink()
                else:
                    time.sleep(1.0)

    def refill(self) -> None:
        """Lay the reserve aside again, once there is room."""
        if not self.reserve.exists() and shutil.disk_usage(self.root).free > 4 * RESERVE_BYTES:
            with contextlib.suppress(OSError):
                self.reserve.write_bytes(os.urandom(RESERVE_BYTES))

    def own(self) -> None:
        """Become the one server of this folder; a second one raises `InvalidInput`."""
        lock = open(self.root / "server.lock", "w")  # noqa: SIM115 (held open as long as the process lives)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise InvalidInput(f"another Kinora already serves {self.root}", fix="use that one, or give another --data-dir") from error
        _LOCKS.append(lock)

    def settle(self) -> list[Run]:
        """After a start: runs that were working are done (if their result is whole) or interrupted; leftovers go. Returns the interrupted."""
        interrupted = [run for run in self.runs.running() if not self.settle_run(run, "interrupted")]
        for folder in self.staging.iterdir():
            shutil.rmtree(folder, ignore_errors=True)
        self.sweep()
        return interrupted

    def settle_run(self, run: Run, state: State, error: StudioError | None = None) -> bool:
        """End a run whose worker is gone: by its result if that is whole (True), else as `state`, with its staging removed (False)."""
        summary = self.results / run.id / "run.json"
        if summary.exists():
            document = json.loads(summary.read_text())
            self.finish(run.id, "cancelled" if document["partial"] else "done", result=document["result"])
            return True
        shutil.rmtree(self.staging / run.id, ignore_errors=True)
        self.finish(run.id, state, error=error)
        return False

    def keep_input(self, path: Path) -> Path:
        """Copy a user's file into `inputs/` under its content's hash; the same content is kept once. Returns the kept file."""
        if path.parent == self.inputs and path.is_file():
            return path
        try:
            return self._keep(file_hash(path), path.suffix, lambda temporary: shutil.copyfile(path, temporary))
        except FileNotFoundError as error:
            raise InvalidInput("the given file is gone", fix="load it again") from error

    def keep_bytes(self, data: bytes, suffix: str) -> Path:
        """The same for bytes that came inside another file."""
        return self._keep(hashlib.sha256(data).hexdigest(), suffix, lambda temporary: temporary.write_bytes(data))

    def _keep(self, digest: str, suffix: str, write: Callable[[Path], object]) -> Path:
        suffix = suffix.lower() if suffix.lstrip(".").isalnum() and len(suffix) <= 6 else ".bin"
        kept = self.inputs / (digest + suffix)
        temporary = self.inputs / f".{kept.name}.{secrets.token_hex(4)}"
        try:
            if kept.exists():
                os.utime(kept)  # a sweep must not take it for left over before its run is queued
            else:
                write(temporary)
                os.replace(temporary, kept)
        except FileNotFoundError:
            raise
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise LimitExceeded("the input could not be kept", why=error.strerror or "disk", fix="free some disk space") from error
        return kept

    def remove(self, run_id: str) -> None:
        """Move a run and its result to the trash, from where `restore` brings it back for `trash_days`."""
        run = self.runs.get(run_id)
        if run.active:
            raise InvalidInput("a working run cannot be deleted", fix="stop it first")
        if (self.results / run_id).exists():
            os.replace(self.results / run_id, self.trash / run_id)
        self.runs.mark(run_id, trashed=time.time())

    def restore(self, run_id: str) -> None:
        """Bring a run back from the trash."""
        if (self.trash / run_id).exists():
            os.replace(self.trash / run_id, self.results / run_id)
        self.runs.mark(run_id, restore=True)

    def sweep(self) -> None:
        """Empty what lay in the trash too long, then inputs that no run needs; beyond `keep_gib`, trash and the oldest unpinned results go.

        Those stay that runs in the queue name (a draft to finish, a clip of a film), and those that are younger than an hour: somebody may look at them.
        """
        old = time.time() - self.settings.trash_days * 86400
        for run in self.runs.select(trashed=True, limit=100_000):
            if run.trashed is not None and run.trashed < old:
                self._forget(run.id)
        self._sweep_inputs()
        limit = self.settings.keep_gib * 2**30
        sizes = {folder.name: folder_bytes(folder) for parent in (self.results, self.trash) for folder in parent.iterdir()}
        used = sum(sizes.values())
        if used <= limit:
            return
        named = json.dumps([run.request for run in self.runs.queue()])
        trashed = sorted(self.runs.select(trashed=True, limit=100_000), key=lambda run: run.trashed or 0.0)
        kept = [run for run in self.runs.select(limit=100_000) if not run.pinned and not run.active and run.id not in named and time.time() - (run.ended or run.created) > FRESH_SECONDS]
        for run in [*trashed, *sorted(kept, key=lambda run: run.created)]:
            if used <= limit:
                break
            used -= sizes.get(run.id, 0)
            self._forget(run.id)

    def _sweep_inputs(self) -> None:
        """Inputs older than a day that no run names any more; a younger one may be on a page that has not pressed Run yet."""
        named = json.dumps([run.request for trashed in (False, True) for run in self.runs.select(trashed=trashed, limit=1_000_000)])
        for path in self.inputs.iterdir():
            if path.name not in named and time.time() - path.stat().st_mtime > 86400:
                path.unlink(missing_ok=True)

    def _forget(self, run_id: str) -> None:
        shutil.rmtree(self.trash / run_id, ignore_errors=True)
        shutil.rmtree(self.results / run_id, ignore_errors=True)
        self.runs.forget(run_id)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below `folder`."""
    return sum(facts.st_size for _, facts in files_below(folder))
