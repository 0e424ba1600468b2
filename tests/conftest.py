"""What all tests share: a store in a temporary folder, a tiny task, and a served studio."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.settings import Settings
from engine.store import Store
from tests import slow

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves out."""
    listed = slow.names()
    for item in items:
        if slow.function_of(item.nodeid) in listed:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(autouse=True, scope="module")
def _few_to_look_through() -> Iterator[None]:
    """What is there by now (torch alone makes half a million objects) is not looked through at each collection of a worker's later tests."""
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a data folder of their own."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def store(settings: Settings) -> Store:
    """An empty store."""
    return Store(settings)


@pytest.fixture(scope="session")
def whisper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny Whisper that writes down the words of `tests.experts.tiny_whisper`; taught once, in seconds."""
    from tests.experts.tiny_whisper import taught

    return taught(tmp_path_factory.mktemp("whisper") / "model")


class Served:
    """A studio in a process of its own, as a user starts it."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data, self.options, self.port = data, options, "0"
        self.start()

    def start(self) -> None:
        """Start it (again) on the same data folder and wait for its address."""
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.log = self.data.parent / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "app.py", "--port", self.port, "--data-dir", str(self.data), *self.options],
                cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + 90
        while "Kinora is at " not in (text := self.log.read_text()):
            assert self.process.poll() is None and time.monotonic() < deadline, text
            time.sleep(0.1)
        self.url = text.split("Kinora is at ")[1].split()[0]
        self.port = self.url.rsplit(":", 1)[1]  # the same address again after a restart

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of an address."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def children(self) -> dict[str, int]:
        """Process ids of the worker and the helper."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    parent = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
                    command = (folder / "cmdline").read_bytes().split(b"\0")
                except (OSError, IndexError):
                    continue
                if parent == self.process.pid:
                    for name in ("worker", "helper"):
                        if f"engine.{name}".encode() in command:
                            found[name] = int(folder.name)
        return found

    def kill(self) -> None:
        """SIGKILL the page's process alone."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def close(self) -> None:
        """End it as Ctrl-C does."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(10)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One studio for the tests of a module."""
    studio = Served(tmp_path_factory.mktemp("served") / "data")
    yield studio
    studio.close()
