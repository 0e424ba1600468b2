"""Kill -9 of the worker, of the page, and of both, in the middle of a run: nothing finished is lost, nothing half-done is seen, the next run works."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gradio_client import Client, handle_file

from engine.media.images import write_image
from engine.media.video import open_video
from engine.settings import Settings
from studio.serving import uploads_folder
from tests.conftest import Served

pytestmark = pytest.mark.faults

STROKE = {"points": [[0.3, 0.5, 0.0], [0.6, 0.5, 1.0]], "radius": 0.06}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One data folder for all these tests, as a user's survives every fall; its studio is started again by who needs it."""
    one = Served(tmp_path_factory.mktemp("killed") / "data")
    yield one
    one.close()


@pytest.fixture
def studio(running: Served) -> Served:
    """A studio that answers, with nothing left to do, whatever an earlier test left."""
    if running.process.poll() is not None:
        running.start()
    assert list((running.data / "staging").iterdir()) == []
    return running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    pixels = rng.integers(60, 90, (240, 320, 3), dtype=np.uint8)
    y, x = np.mgrid[:240, :320]
    pixels[(x - 96) ** 2 + (y - 120) ** 2 < 36**2] = (230, 80, 40)
    return write_image(tmp_path / "disc.png", pixels)


def submit(studio: Served, picture: Path, **fields: Any) -> str:
    client = Client(studio.url, verbose=False)
    request = {"image": "file:0", "strokes": [STROKE], "seconds": 1, "fps": 12, **fields}
    run: str = client.predict("stroke-motion", request, [handle_file(str(picture))], api_name="/submit")["run"]
    return run


def status(studio: Served, run: str) -> dict[str, Any]:
    found: dict[str, Any] = Client(studio.url, verbose=False).predict(run, api_name="/status")
    return found


def wait(studio: Served, run: str, ready: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
    client = Client(studio.url, verbose=False)
    deadline = time.monotonic() + seconds
    while not ready(found := client.predict(run, api_name="/status")):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def finished(state: dict[str, Any]) -> bool:
    return not state["active"]


def working(state: dict[str, Any]) -> bool:
    return state["state"] == "running" and state["share"] > 0.02


def whole(studio: Served) -> int:
    """Every visible media file decodes to its end; returns how many there are. Staging is empty, the database is sound."""
    clips = list((studio.data / "results").rglob("*.mp4"))
    for clip in clips:
        with open_video(clip, Settings()) as reader:
            assert sum(1 for _ in reader) > 0
        assert (clip.parent / "run.json").exists()
    with sqlite3.connect(studio.data / "kinora.db") as db:
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    return len(clips)


LONG: dict[str, Any] = {"seconds": 20, "fps": 60}


def test_the_worker_dies(studio: Served, picture: Path) -> None:
    before = whole(studio)
    done = submit(studio, picture, seed=1)
    assert wait(studio, done, finished)["state"] == "done"
    run, waiting = submit(studio, picture, **LONG, seed=2), submit(studio, picture, seed=3)
    wait(studio, run, working)
    os.kill(studio.children()["worker"], signal.SIGKILL)
    failed = wait(studio, run, finished)
    assert failed["state"] == "failed" and "killed" in failed["error"] and "run it again" in failed["error"]
    assert wait(studio, waiting, finished)["state"] == "done", "the next one in the queue goes on"
    assert whole(studio) == before + 2 and list((studio.data / "staging").iterdir()) == []


@pytest.mark.parametrize("both", [False, True], ids=["page", "page and worker"])
def test_the_page_dies(studio: Served, picture: Path, both: bool) -> None:
    before = whole(studio)
    done = submit(studio, picture, seed=1)
    assert wait(studio, done, finished)["state"] == "done"
    run, waiting = submit(studio, picture, **LONG, seed=2), submit(studio, picture, seed=3)
    wait(studio, run, working)
    children = studio.children()
    if both:
        os.kill(children["worker"], signal.SIGKILL)
    studio.kill()
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}/cmdline").exists() and Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children.values()):
        assert time.monotonic() < deadline, "worker and helper end with the page"
        time.sleep(0.1)
    assert whole(studio) == before + 1
    studio.start()
    after = status(studio, run)
    # Killed together, the page may have seen its worker die before it died itself.
    assert after["state"] in (("interrupted", "failed") if both else ("interrupted",))
    assert status(studio, done)["state"] == "done"
    assert wait(studio, waiting, finished)["state"] == "done", "what waited goes on after the restart"
    assert whole(studio) == before + 2 and list((studio.data / "staging").iterdir()) == []


def test_the_end_of_another_studio_takes_no_uploads(studio: Served, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    other = Served(tmp_path / "elsewhere" / "data")
    try:
        uploads = [Client(one.url, verbose=False).predict("stroke-motion", {"image": "file:0", "strokes": [STROKE], "seconds": 1, "fps": 12}, [handle_file(str(picture))], api_name="/submit") for one in (studio, other)]
    finally:
        other.close()
    assert wait(studio, uploads[0]["run"], finished)["state"] == "done"
    kept = list(uploads_folder(studio.data.resolve()).rglob("disc.png"))
    assert len(kept) == 1 and not list(uploads_folder(other.data.resolve()).rglob("disc.png")), "the same picture, in a folder for each"


def test_a_second_server_on_the_same_folder_is_refused(studio: Served) -> None:
    import subprocess
    import sys

    from tests.conftest import ROOT

    second = subprocess.run([sys.executable, "app.py", "--port", "0", "--data-dir", str(studio.data)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2 and "another Kinora" in second.stderr and len(second.stderr.strip().splitlines()) == 1


def test_stop_acts_at_once_and_the_next_run_starts(studio: Served, picture: Path) -> None:
    before = whole(studio)
    run = submit(studio, picture, **LONG, seed=2)
    wait(studio, run, working)
    Client(studio.url, verbose=False).predict(run, api_name="/cancel")
    stopped = wait(studio, run, finished, 10)
    assert stopped["state"] == "cancelled" and stopped["result"]["partial"]
    assert wait(studio, submit(studio, picture, seed=3), finished)["state"] == "done"
    assert whole(studio) == before + 2
