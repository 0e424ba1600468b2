"""Captions of recordings, end to end: a tiny Whisper that was taught five words hears the voice of a talking head, and they stand in its files and its picture."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled
from engine.experts.hearing import Hearer
from engine.media.images import write_image
from engine.movie.film.captions import Cue
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Progress, Result, get_task, parse_request
from engine.tasks.talking_head.captions import captioned
from engine.tasks.talking_head.request import TalkingHeadRequest
from engine.tasks.talking_head.voice import heard
from tests.experts.tiny_whisper import RATE, said
from tests.faces import portrait, with_faces
from tests.waves import write_wave

TASK = get_task("talking-head")
SAID = [("moon", 0.4), ("tree", 1.3), ("star", 2.7)]


@pytest.fixture
def place(tmp_path: Path, whisper: Path) -> Path:
    """A portrait, a recording, and a data folder with the face networks and Whisper."""
    with_faces(tmp_path / "data")
    (tmp_path / "data/models/whisper-tiny").symlink_to(whisper)
    write_image(tmp_path / "face.png", portrait())
    write_wave(tmp_path / "voice.wav", said(SAID, 3.3), RATE)
    return tmp_path


def events_of(place: Path, run: RunContext | None = None, **fields: object) -> list[object]:
    given = {"portrait": place / "face.png", "audio": place / "voice.wav", "seed": 1, "fps": 12, "max_side": 96, "still": True, **fields}
    return list(TASK.run(parse_request(TASK, given), run or context(place)))


def context(place: Path, room: int = 2**30, **options: object) -> RunContext:
    folder = place / f"out-{sum(1 for _ in place.iterdir())}"
    folder.mkdir()
    return RunContext("x", folder, Settings(data_dir=place / "data", device="cpu"), 1, pool=ModelPool(room), **options)  # type: ignore[arg-type]


def asked(samples: np.ndarray, run: RunContext, **fields: object) -> tuple[list[object], tuple[list[Cue], dict[str, object]]]:
    """The events and the answer of the captions alone, for a recording."""
    request = TalkingHeadRequest.model_validate({"portrait": "face.png", "audio": "voice.wav", **fields})
    steps, events = captioned(request, [heard(samples[:, None], RATE, 12.0)], len(samples) / RATE, run), list[object]()
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return events, end.value


def notes(events: list[object]) -> list[str]:
    return [event.text for event in events if isinstance(event, Note)]


def cues(result: object) -> list[tuple[float, str]]:
    """Start in seconds and text of each cue of the .srt file."""
    assert isinstance(result, Result)
    found = re.findall(r"(\d+):(\d+):(\d+),(\d+) --> .*\n(.+)\n", result.artifacts["subtitles"].read_text(encoding="utf-8"))
    return [(3600 * int(hours) + 60 * int(minutes) + int(seconds) + int(parts) / 1000, text) for hours, minutes, seconds, parts, text in found]


def test_an_uploaded_recording_gets_its_words_as_files_and_in_the_picture(place: Path) -> None:
    *events, result = events_of(place, captions="burnt")
    assert [text for _, text in cues(result)] == ["moon tree star"]
    assert cues(result)[0][0] == pytest.approx(SAID[0][1], abs=0.35)
    assert isinstance(result, Result) and result.details["heard_by"] == "whisper-tiny" and result.details["languages"] == ["en"]
    web = result.artifacts["web_subtitles"].read_text(encoding="utf-8")
    assert web.startswith("WEBVTT\n\n00:00:00.") and "moon tree" in web and result.artifacts["web_subtitles"].name == "captions.vtt"
    progress = [(event.done, event.total) for event in events if isinstance(event, Progress) and event.stage == "hearing"]
    assert progress == [(1, 2), (2, 2)] and not any("captions" in text for text in notes(events))


def test_every_speaker_with_a_recording_is_heard(place: Path) -> None:
    write_wave(place / "other.wav", said([("cat", 0.6), ("bird", 1.5)], 2.3, seed=4), RATE)
    *_, result = events_of(place, speakers=[{"face": [0.5, 0.4], "audio": place / "other.wav"}, {"face": 0, "spans": [[0.0, 1.0]]}])
    assert [text for _, text in cues(result)] == ["moon tree star", "cat bird"]


def test_without_whisper_a_note_says_what_to_fetch_and_the_clip_is_made(place: Path) -> None:
    (place / "data/models/whisper-tiny").unlink()
    assert asked(said(SAID, 3.3), context(place)) == ([], ([], {})), "files come by themselves where they can: nobody asked for them"
    *events, result = events_of(place, captions="burnt")
    assert isinstance(result, Result) and result.clip is not None and result.clip.is_file() and "subtitles" not in result.artifacts
    (told,) = notes(events)
    assert "no captions" in told and "engine room" in told and "whisper-small" in told and "1.0 GB, Apache-2.0" in told


@pytest.mark.parametrize("trouble", ["no room", "cut short"])
def test_a_whisper_that_fails_is_told_and_nothing_else(place: Path, whisper: Path, trouble: str) -> None:
    folder = place / "data/models/whisper-tiny"
    if trouble == "cut short":
        folder.unlink()
        folder.mkdir()
        for file in whisper.iterdir():
            (folder / file.name).write_bytes(file.read_bytes()[: -500 if file.suffix == ".safetensors" else None])
    events, found = asked(said(SAID, 3.3), context(place, room=1000 if trouble == "no room" else 2**30))
    assert found == ([], {}) and len(notes(events)) == 1 and "was not heard" in notes(events)[0]


def test_a_recording_without_words_says_so(place: Path) -> None:
    events, (found, _) = asked(0.05 * np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32), context(place))
    assert not found and len(notes(events)) == 1 and "no words were heard" in notes(events)[0]
    events, (found, told) = asked(said(SAID, 3.3), context(place), captions="off")
    assert (events, found, told) == ([], [], {})


def test_the_hearing_stops_within_a_step_and_gives_its_model_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop is pressed while the first window is written down: no second one begins."""
    windows: list[int] = []
    encoded = Hearer._encoded
    monkeypatch.setattr(Hearer, "_encoded", lambda self, part: (windows.append(len(part)), encoded(self, part))[1])
    run = context(place, cancelled=lambda: bool(windows))
    with pytest.raises(Cancelled):
        asked(said(SAID, 3.3), run)
    assert len(windows) == 1 and run.pool is not None
    assert [model["users"] for model in run.pool.stats()["models"]] == [0]
