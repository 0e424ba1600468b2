"""The page's side of the helper process: one call at a time, with a time limit; a helper that dies or hangs is replaced."""

from __future__ import annotations

import json
import subprocess
import threading
from typing import Any

from engine.errors import LimitExceeded, ProcessDied, StudioError
from engine.executors import ROOT, child_environment, open_log
from engine.helper import read_message, write_message
from engine.settings import python
from engine.store import Store


class Helper:
    """A second process for answers within a second. Calls from several threads wait for each other.

    kind: which calls it knows (`engine.helper`); idle: seconds without a call after which it ends, None never.
    """

    def __init__(self, store: Store, kind: str = "quick", *, idle: float | None = None) -> None:
        self.store, self.kind, self.idle = store, kind, idle
        self._rest: threading.Timer | None = None
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process ahead of the first call, so that it does not wait for imports."""
        with self._lock:
            self._alive()

    def call(self, name: str, seconds: float | None = None, **args: Any) -> tuple[Any, list[bytes]]:
        """The value and blobs of a quick call. Raises the call's `StudioError`, `LimitExceeded` when it takes too long, `ProcessDied` when it crashes."""
        limit = seconds or self.store.settings.helper_seconds
        with self._lock:
            self._awake()
            process = self._alive()
            expired = threading.Event()

            def expire() -> None:
                expired.set()
                process.kill()

            timer = threading.Timer(limit, expire)
            timer.daemon = True
            timer.start()
            try:
                assert process.stdin is not None and process.stdout is not None
                write_message(process.stdin, {"call": name, "args": args}, [])  # type: ignore[arg-type]
                message = read_message(process.stdout)  # type: ignore[arg-type]
            except (OSError, json.JSONDecodeError):
                message = None
            finally:
                timer.cancel()
            if message is None:
                self.stop()
            else:
                self._doze()
        if message is None:
            if expired.is_set():
                raise LimitExceeded(f"no answer within {limit:.0f} s", fix="try a smaller picture")
            raise ProcessDied("the quick look failed on this input", why="its process ended", fix="try again or use another file")
        head, blobs = message
        if head.get("error"):
            raise StudioError.from_dict(head["error"])  # type: ignore[arg-type]
        return head["value"], blobs

    def stop(self) -> None:
        """End the process."""
        self._awake()
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(5)

    def _awake(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _doze(self) -> None:
        """End the process by and by, unless another call comes."""
        if self.idle is None:
            return

        def end() -> None:
            with self._lock:
                if self._rest is timer:
                    self.stop()

        timer = self._rest = threading.Timer(self.idle, end)
        timer.daemon = True
        timer.start()

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            with open_log(self.store.logs / ("helper.log" if self.kind == "quick" else f"{self.kind}.log")) as log:
                self._process = subprocess.Popen(
                    [python(), "-m", "engine.helper", self.store.settings.model_dump_json(), self.kind],
                    cwd=ROOT, env=child_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, start_new_session=True,
                )  # fmt: skip
        return self._process
