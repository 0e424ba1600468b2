"""A film is killed in the middle of its scenes, page, worker and all: after the restart it goes on by itself, and what was made is not made again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client

from engine.media.probe import probe
from engine.settings import Settings
from tests.conftest import Served

pytestmark = pytest.mark.faults


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Served]:
    running = Served(tmp_path / "data")
    yield running
    running.close()


def parts(studio: Served) -> dict[Path, int]:
    """The clips of scenes on the shelf, with the time at which each was made."""
    return {path: path.stat().st_mtime_ns for path in (studio.data / "cache" / "parts").glob("*/result.mp4") if not path.parent.name.startswith(".")}


def test_a_film_goes_on_where_it_was_killed(studio: Served) -> None:
    scenes = [{"id": f"s{n}", "prompt": f"a small {colour} boat on the sea", "seconds": 4.0} for n, colour in enumerate(("red", "blue", "green", "yellow"))]
    plan = {"title": "Boats", "hero": {"phrase": "a small boat"}, "title_seconds": 0, "scenes": scenes}
    fields = {"plan": plan, "side": 256, "video_model": "diorama", "voice": "none", "music": "none", "hand_over": False, "seed": 1}
    run = Client(studio.url, verbose=False).predict("movie", fields, [], api_name="/submit")["run"]
    deadline = time.monotonic() + 60
    while not parts(studio):
        assert time.monotonic() < deadline, "no scene was made"
        time.sleep(0.05)
    children = studio.children()
    os.kill(children["worker"], signal.SIGKILL)
    studio.kill()
    before = parts(studio)
    assert 1 <= len(before) < 4
    studio.start()
    client = Client(studio.url, verbose=False)
    deadline = time.monotonic() + 90
    while (state := client.predict(run, api_name="/status"))["active"]:
        assert time.monotonic() < deadline, state
        time.sleep(0.2)
    assert state["state"] == "done", state["error"]
    after = parts(studio)
    assert len(after) == 4 and before.items() <= after.items(), "what was made is not made again"
    assert probe(studio.data / "results" / run / "result.mp4", Settings()).frame_count == 16 * 24
