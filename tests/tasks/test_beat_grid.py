"""The task beat-grid from a request to its result folder: a song, a clip with a song, corrections, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.errors import InvalidInput, StudioError
from engine.execution import check_media, perform
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.task import get_task, parse_request
from tests.sound.songs import song
from tests.waves import write_wave

TASK = get_task("beat-grid")


def made(tmp_path: Path, name: str, **fields: object) -> tuple[dict, dict]:
    """(grid.json, the result's summary) of a request, through the same steps as any run."""
    settings = Settings(data_dir=tmp_path / "data")
    request = parse_request(TASK, fields)
    check_media(request, settings)
    place = tmp_path / name
    outcome = perform(TASK, request, run_id=name, seed=0, settings=settings, staging=tmp_path / f"{name}.part", destination=place, emit=lambda *_: None)
    assert outcome.state == "done" and outcome.result is not None and outcome.error is None
    assert (place / "run.json").is_file() and outcome.result["clip"] is None
    return json.loads((place / "grid.json").read_text()), outcome.result


def test_grid_of_a_song_and_of_it_put_right(tmp_path: Path) -> None:
    one = song("rock", 122, 8)
    path = write_wave(tmp_path / "song.wav", one.samples, one.rate)
    grid, summary = made(tmp_path, "plain", audio=str(path))
    assert abs(grid["tempo"] / 122 - 1) < 0.005 and grid["meter"] == 4 and summary["details"]["beats"] == len(grid["beats"])
    beats = np.array(grid["beats"])
    assert abs(len(beats) - len(one.beats)) <= 1 and np.median(np.abs(beats[:, None] - one.beats).min(axis=1)) < 0.008
    assert set(grid["downbeats"]) <= set(grid["beats"]) and grid["sections"][0]["start"] == 0
    assert set(grid["bands"]) == {"percussive", "bass", "voice", "level"} and grid["rate"] == 100
    assert all(len(band) == round(grid["seconds"] * 100 + 0.5) and 0 <= min(band) < max(band) <= 1 for band in grid["bands"].values())
    half, _ = made(tmp_path, "half", audio=str(path), grid={"factor": 0.5, "nudge": 0.01})
    assert abs(half["tempo"] / 61 - 1) < 0.005 and np.abs(np.array(half["beats"])[:, None] - beats - 0.01).min(axis=1).max() < 1e-3


def test_a_clip_with_sound_is_a_song_and_one_without_is_none(tmp_path: Path) -> None:
    one = song("house", 124, 8, rate=44_100)
    frames = np.zeros((round(len(one.samples) / one.rate * 8), 64, 64, 3), np.uint8)
    for name, audio in (("loud", (one.samples, one.rate)), ("mute", None)):
        with ClipWriter(tmp_path / f"{name}.mp4", fps=8, audio=audio) as writer:
            for frame in frames:
                writer.write(frame)
    grid, _ = made(tmp_path, "clip", audio=str(tmp_path / "loud.mp4"))
    assert abs(grid["tempo"] / 124 - 1) < 0.005 and np.median(np.abs(np.array(grid["beats"])[:, None] - one.beats).min(axis=1)) < 0.008
    with pytest.raises(InvalidInput, match="audio: mute.mp4 holds video, not audio"):
        check_media(parse_request(TASK, {"audio": str(tmp_path / "mute.mp4")}), Settings(data_dir=tmp_path))


def test_silence_is_no_fault_and_text_is_no_song(tmp_path: Path) -> None:
    grid, summary = made(tmp_path, "still", audio=str(write_wave(tmp_path / "still.wav", np.zeros(24_000), 8000)))
    assert grid["beats"] == [] and grid["tempo"] == 0 and summary["details"]["confidence"] == 0 and not any(grid["bands"]["level"])
    (tmp_path / "words.mp3").write_text("no sound")
    with pytest.raises(StudioError, match="audio: words.mp3"):
        check_media(parse_request(TASK, {"audio": str(tmp_path / "words.mp3")}), Settings(data_dir=tmp_path))
