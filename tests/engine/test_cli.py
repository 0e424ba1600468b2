"""The command line's contract: events as JSON lines, exit codes, one line on stderr for a wrong request, Ctrl-C keeps what is finished."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.media.images import write_image
from engine.media.provenance import read_stamp
from engine.settings import Settings
from tests.conftest import ROOT

STROKE = {"points": [[0.3, 0.5, 0.0], [0.6, 0.5, 1.0]], "radius": 0.06}


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "app.py", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture: a bright disc on a textured ground."""
    rng = np.random.default_rng(1)
    picture = rng.integers(60, 90, (120, 160, 3), dtype=np.uint8)
    y, x = np.mgrid[:120, :160]
    picture[(x - 48) ** 2 + (y - 60) ** 2 < 18**2] = (230, 80, 40)
    write_image(tmp_path / "disc.png", picture)
    return tmp_path


def request(folder: Path, **fields: Any) -> str:
    path = folder / "request.json"
    path.write_text(json.dumps({"task": "stroke-motion", "image": "disc.png", "strokes": [STROKE], "seconds": 0.5, "fps": 12, "seed": 3, **fields}))
    return str(path)


def test_a_run_prints_events_and_leaves_a_stamped_clip(folder: Path) -> None:
    done = run("run", request(folder), "--out", str(folder / "out"), "--data-dir", str(folder / "data"))
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert events[0]["event"] == "stage"
    last = events[-1]
    assert last["event"] == "result" and last["dir"] == str(folder / "out") and last["video"] == str(folder / "out" / "result.mp4")
    document = json.loads((folder / "out" / "run.json").read_text())
    stamp = read_stamp(Path(last["video"]), Settings())
    assert stamp is not None and stamp.document == document and document["seed"] == 3
    assert document["request"]["image"] == "disc.png" and str(folder) not in json.dumps(document), "no path of this machine is published"
    assert [path.name for path in folder.glob(".kinora*")] == []
    again = run("run", request(folder), "--out", str(folder / "out"), "--data-dir", str(folder / "data"))
    second = json.loads(again.stdout.splitlines()[-1])
    assert Path(second["dir"]).parent == folder / "out" and Path(last["video"]).exists(), "an earlier result is never overwritten"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"fps": 1000}, ["fps=1000", "60"]),
        ({"strokes": [{"points": [[0, 0], [1.2, 1]]}]}, ["strokes[0].points[1][0]=1.2", "less than or equal to 1"]),
        ({"strokes": [{"points": [[0, float("nan")], [1, 1]]}]}, ["strokes[0].points[0][1]=nan", "finite"]),
        ({"strokes": []}, ["nothing would move", "draw a stroke"]),
        ({"image": "absent.png"}, ["image", "absent.png"]),
        ({"image": None}, ["image"]),
        ({"loops": 3}, ["loops", "not a field"]),
        ({"task": "make-coffee"}, ["make-coffee", "stroke-motion"]),
        ({"strokes": [{"points": [[0.1, 0.1, 0.9], [0.2, 0.2, 0.1]]}]}, ["strokes[0]", "must not fall"]),
        ({"strokes": [{**STROKE, "radius": 12}]}, ["radius=12", "0.5"]),
    ],
)
def test_a_wrong_request_is_one_line_and_exit_2(folder: Path, fields: dict[str, Any], words: list[str]) -> None:
    done = run("run", request(folder, **fields), "--out", str(folder / "out"), "--data-dir", str(folder / "data"))
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1 and "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr
    assert not (folder / "out").exists()


def bad_image(folder: Path, name: str) -> str:
    path = folder / name
    if name.startswith("text"):
        path.write_text("this is not a picture\n" * 30)
    elif name.startswith("empty"):
        path.write_bytes(b"")
    elif name.startswith("one"):
        write_image(path, np.zeros((1, 1, 3), np.uint8))
    else:  # a PNG whose header claims 20000 x 20000
        head = b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4, "big") + b"IHDR" + (20000).to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
        import zlib

        path.write_bytes(head + zlib.crc32(head[12:]).to_bytes(4, "big") + b"\x00\x00\x00\x00IEND\xaeB`\x82")
    return name


@pytest.mark.parametrize(("name", "word"), [("text.png", "text.png"), ("empty.png", "empty"), ("one 🎬 'quoted'.png", "1"), ("huge.png", "20000")])
def test_bad_pictures_get_one_clear_line(folder: Path, name: str, word: str) -> None:
    done = run("run", request(folder, image=bad_image(folder, name)), "--out", str(folder / "out"), "--data-dir", str(folder / "data"))
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1 and word in done.stderr and "Traceback" not in done.stderr
    assert not (folder / "out").exists()


def test_not_json_and_no_file(folder: Path) -> None:
    (folder / "x.json").write_text("{")
    assert run("run", str(folder / "x.json"), "--out", str(folder / "o")).returncode == 2
    assert run("run", str(folder / "none.json"), "--out", str(folder / "o")).returncode == 2


def test_ctrl_c_keeps_what_is_finished(folder: Path) -> None:
    command = [sys.executable, "app.py", "run", request(folder, seconds=20, fps=60), "--out", str(folder / "out"), "--data-dir", str(folder / "data")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(json.loads(line))
        if seen[-1]["event"] == "progress" and seen[-1]["done"] > 20:
            os.kill(process.pid, signal.SIGINT)
            break
    stopped = time.monotonic()
    rest = [json.loads(line) for line in process.stdout]
    assert process.wait(30) == 130
    last = rest[-1]
    assert last["event"] == "cancelled" and Path(last["video"]).exists(), (last, time.monotonic() - stopped)
    assert json.loads((Path(last["dir"]) / "run.json").read_text())["partial"] is True


def test_kill_9_leaves_nothing_visible_and_the_next_run_sweeps(folder: Path) -> None:
    command = [sys.executable, "app.py", "run", request(folder, seconds=20, fps=60), "--out", str(folder / "out"), "--data-dir", str(folder / "data")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    next(line for line in process.stdout if json.loads(line)["event"] == "progress")
    process.kill()
    process.wait(10)
    assert not (folder / "out").exists() and list(folder.glob(".kinora*"))
    done = run("run", request(folder), "--out", str(folder / "out"), "--data-dir", str(folder / "data"))
    assert done.returncode == 0 and list(folder.glob(".kinora*")) == []


def test_tasks_print_their_schemas() -> None:
    found = json.loads(run("tasks").stdout)
    fields = found["stroke-motion"]["schema"]["properties"]
    assert {"image", "strokes", "camera", "seconds", "fps", "loop", "method", "seed", "max_side"} <= set(fields)
    assert all(field.get("description") for field in fields.values()), "every field explains itself"
