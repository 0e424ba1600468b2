"""Talking heads end to end on a real portrait and a voice whose syllables are known; the mouth is measured again by the face mesh in the frames of the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput, LimitExceeded, StudioError
from engine.media.audio import read_audio
from engine.media.images import write_image
from engine.media.probe import probe
from engine.media.video import open_video
from engine.media.writer import ClipWriter
from engine.metrics.lips import LipMeter, correlation, offset
from engine.settings import Settings
from engine.sound.envelope import speech_energy
from engine.sound.phones import Phone
from engine.sound.voices import Speech
from engine.task import Note, Preview, Result, get_task, parse_request
from tests.faces import portrait, portrait_face, syllables, the_finder, with_faces
from tests.waves import write_wave

RATE, FPS = 16000, 25
TIMES = [0.30, 0.62, 0.86, 1.40, 1.66, 2.30]
OTHER = [0.12, 0.45, 1.08, 1.95, 2.12, 2.62]
TASK = get_task("talking-head")


def furnished(folder: Path) -> Path:
    """The folder with the face networks, the portrait, and the voice."""
    with_faces(folder / "data")
    write_image(folder / "face.png", portrait())
    write_wave(folder / "voice.wav", syllables(TIMES, 3.0), RATE)
    return folder


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return furnished(tmp_path)


def made(place: Path, name: str = "out", **fields: object) -> tuple[Result, list[object]]:
    """Run the task; the result and all events."""
    given = {"portrait": place / "face.png", "audio": place / "voice.wav", "seed": 1, **fields}
    request = parse_request(TASK, {key: value for key, value in given.items() if value is not None})
    folder = place / name
    folder.mkdir()
    events = list(TASK.run(request, RunContext(id="x", directory=folder, settings=Settings(data_dir=place / "data"), seed=1, preview_every=0.0)))
    result = events[-1]
    assert isinstance(result, Result)
    return result, events


def pictures(clip: Path, place: Path) -> list[np.ndarray]:
    with open_video(clip, Settings(data_dir=place / "data")) as reader:
        return list(reader)


def lips(frames: list[np.ndarray]) -> np.ndarray:
    meter = LipMeter(the_finder().mesher, portrait_face())
    for frame in frames:
        meter.feed(frame)
    return np.array(meter.openings)


class Head(NamedTuple):
    """A head that was made once for several tests; nobody changes it."""

    place: Path
    result: Result
    events: list[object]
    written: list[np.ndarray]
    """The frames that reached the writer, before encoding."""
    frames: list[np.ndarray]


def head(place: Path, **fields: object) -> Head:
    written: list[np.ndarray] = []
    write = ClipWriter.write
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ClipWriter, "write", lambda self, frame: (written.append(frame.copy()), write(self, frame))[1])
        result, events = made(place, **fields)
    assert result.clip is not None
    return Head(place, result, events, written, pictures(result.clip, place))


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Head:
    """The portrait says the voice and holds its head still."""
    return head(furnished(tmp_path_factory.mktemp("still")), still=True)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Head:
    """The portrait says another voice, nods, turns and blinks."""
    place = furnished(tmp_path_factory.mktemp("other"))
    return head(place, audio=write_wave(place / "other.wav", syllables(OTHER, 3.0), RATE), sway=1.5, blink=2.0)


@pytest.fixture(scope="module")
def openings(still: Head) -> np.ndarray:
    """How far the mouth of `still` is open in each frame, by the face mesh."""
    return lips(still.frames)


def test_the_mouth_follows_its_own_voice_and_no_other(still: Head, openings: np.ndarray) -> None:
    place, result, seen = still.place, still.result, openings
    assert result.clip is not None
    assert len(still.frames) == 3 * FPS
    own = speech_energy(syllables(TIMES, 3.0), RATE, FPS)
    assert correlation(seen, own) > 0.7, "a still picture has 0"
    assert abs(offset(seen, own, FPS)) <= 1 / FPS
    assert correlation(seen, speech_energy(syllables(OTHER, 3.0), RATE, FPS)) < 0.2
    figures = {meter.name: meter for meter in result.meters}
    assert figures["lip_sync"].value == pytest.approx(correlation(seen, own), abs=0.1)
    assert abs(figures["lip_offset"].value) <= 40
    assert any(isinstance(event, Preview) for event in still.events)
    facts = probe(result.clip, Settings(data_dir=place / "data"))
    assert facts.has_audio and abs(facts.duration - 3.0) < 0.05
    heard, rate = read_audio(result.clip, Settings(data_dir=place / "data"), rate=RATE, mono=True)
    assert correlation(speech_energy(heard[: 3 * RATE, 0], rate, FPS)[: len(own)], own) > 0.95


def test_a_silent_voice_keeps_the_mouth_closed(place: Path, openings: np.ndarray) -> None:
    write_wave(place / "silence.wav", np.zeros(RATE, np.float32), RATE)
    quiet, events = made(place, "quiet", audio=place / "silence.wav", still=True)
    assert quiet.clip is not None
    assert np.var(lips(pictures(quiet.clip, place))) < 0.1 * np.var(openings)
    assert any("silent" in event.text for event in events if isinstance(event, Note))
    assert not quiet.meters


def test_what_is_not_the_face_stays_the_same_to_the_bit(still: Head) -> None:
    """Before encoding: the frames that reach the writer."""
    image = portrait()
    changed = np.zeros(image.shape[:2], bool)
    assert len(still.written) == 3 * FPS
    for frame in still.written:
        changed |= (frame != image).any(axis=2)
    face = portrait_face()
    left, top, right, bottom = (int(v) for v in face.box)
    assert changed[top:bottom, left:right].mean() > 0.2
    changed[max(0, top - 40) : bottom + 60, max(0, left - 30) : right + 30] = False
    assert not changed.any()


def test_a_moving_head_stays_by_itself_and_comes_from_its_place(other: Head) -> None:
    frames = other.frames
    assert np.abs(frames[0].astype(int) - portrait())[:120].mean() < 3
    mesher, face, noses = the_finder().mesher, portrait_face(), []
    for frame in frames:
        face = mesher.again(frame, face) or face
        noses.append(face.flat[[33, 133, 362, 263, 168, 6]].mean(axis=0))
    path = np.array(noses) - noses[0]
    assert 1.0 < np.linalg.norm(path, axis=1).max() < 25
    width = np.linalg.norm(portrait_face().flat[263] - portrait_face().flat[33])
    assert np.linalg.norm(np.diff(path, axis=0), axis=1).max() < 0.03 * width, "a head does not jump"


def test_a_new_voice_for_a_video_keeps_head_and_eyes(other: Head) -> None:
    """The video: the portrait, which nods and turns a little while its own mouth moves to another voice."""
    place, source = other.place, other.frames
    result, _ = made(place, "dubbed", portrait=None, video=other.result.clip)
    assert result.clip is not None
    dubbed = pictures(result.clip, place)
    assert len(dubbed) == len(source)
    mesher = the_finder().mesher
    first, second = portrait_face(), portrait_face()
    upper = [33, 133, 362, 263, 168, 6, 70, 300, 159, 145, 386, 374]
    away = []
    openings = []
    from engine.metrics.lips import opening

    for before, after in zip(source, dubbed, strict=True):
        first, second = mesher.again(before, first) or first, mesher.again(after, second) or second
        away.append(np.linalg.norm(first.flat[upper] - second.flat[upper], axis=1).mean())
        openings.append(opening(second))
    assert np.mean(away) < 1.0
    own = speech_energy(syllables(TIMES, 3.0), RATE, FPS)
    assert correlation(np.array(openings), own) > 0.55
    assert correlation(np.array(openings), speech_energy(syllables(OTHER, 3.0), RATE, FPS)) < 0.2, "the video itself follows the other voice"
    eyes = slice(0, int(portrait_face().flat[[159, 386], 1].min()) - 30)
    assert np.abs(np.stack(source)[:, eyes].astype(int) - np.stack(dubbed)[:, eyes]).mean() < 2.5, "outside the mouth only the encoding differs"


def test_a_short_video_plays_backwards_until_the_voice_ends(place: Path) -> None:
    with ClipWriter(place / "short.mp4", fps=FPS) as writer:
        for k in range(20):
            writer.write(np.roll(portrait(), k, axis=1))
    voice = write_wave(place / "short.wav", syllables(TIMES[:3], 1.4), RATE)
    result, events = made(place, portrait=None, video=place / "short.mp4", audio=voice)
    assert result.clip is not None
    frames = pictures(result.clip, place)
    assert len(frames) == 35
    assert any("backwards" in event.text for event in events if isinstance(event, Note))
    top = [frame[:60].astype(int) for frame in frames]
    # Frames 19 and 19 + k show the same picture as 19 - k, mirrored in time; a video that jumped back would not.
    for k in (3, 9, 15):
        assert np.abs(top[19 + k] - top[19 - k]).mean() < 4
        assert np.abs(top[19 + k] - top[19]).mean() > 6


def test_expressions_are_seen_in_the_face(place: Path) -> None:
    spans = [{"start": 0.5, "end": 1.4, "kind": "neutral"}, {"start": 1.6, "end": 2.8, "kind": "laugh"}]
    result, _ = made(place, expressions=spans, still=True)
    assert result.clip is not None
    seen = lips(pictures(result.clip, place))
    voice = speech_energy(syllables(TIMES, 3.0), RATE, FPS)
    assert voice[16:34].max() > 0.5 and seen[16:34].max() < 0.05, "neutral keeps the mouth closed although the voice speaks"
    assert seen[42:68].mean() > 1.5 * seen[16:34].mean()
    assert result.details["expressions"][1]["kind"] == "laugh"
    acting = json.loads((result.artifacts["acting"]).read_text())
    assert len(acting[0]["curves"]["opening"]) == 75


def test_two_faces_take_turns(place: Path) -> None:
    single = np.ascontiguousarray(portrait()[::2, ::2])
    write_image(place / "both.png", np.concatenate([single, single], axis=1))
    width = single.shape[1]
    voice = write_wave(place / "short.wav", syllables(TIMES[:5], 2.0), RATE)
    result, _ = made(place, portrait=place / "both.png", audio=voice, face=[0.25, 0.45], still=True, blink=0, gaze=0, brows=0, speakers=[{"face": [0.75, 0.45], "spans": [[1.2, 2.0]]}])
    assert result.clip is not None
    frames = pictures(result.clip, place)
    first, second = (lips([frame[:, part].repeat(2, 0).repeat(2, 1) for frame in frames]) for part in (slice(0, width), slice(width, None)))
    early, late = slice(5, 28), slice(34, 48)
    assert first[early].max() > 3 * first[late].max()
    assert second[late].max() > 3 * second[early].max()


def test_a_stopped_run_keeps_what_it_has(place: Path) -> None:
    request = parse_request(TASK, {"portrait": place / "face.png", "audio": place / "voice.wav"})
    (place / "stopped").mkdir()
    asked = iter(range(10**6))
    run = RunContext(id="x", directory=place / "stopped", settings=Settings(data_dir=place / "data"), seed=1, cancelled=lambda: next(asked) > 20)
    results = []
    with pytest.raises(Cancelled):
        for event in TASK.run(request, run):
            if isinstance(event, Result):
                results.append(event)
    assert results and results[0].partial and results[0].clip is not None
    assert 3 <= len(pictures(results[0].clip, place)) < 75


def test_the_same_seed_acts_the_same(place: Path) -> None:
    write_wave(place / "short.wav", syllables([0.1, 0.5], 0.8), RATE)
    write_image(place / "face.png", np.ascontiguousarray(portrait()[::2, ::2]))
    one, _ = made(place, "one", audio=place / "short.wav")
    two, _ = made(place, "two", audio=place / "short.wav")
    assert one.artifacts["acting"].read_text() == two.artifacts["acting"].read_text()


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"portrait": None}, "no face"),
        ({"audio": None}, "no voice"),
        ({"text": "hello"}, "a recording and a text"),
        ({"expressions": [{"start": 0, "end": 1}, {"start": 0.5, "end": 2}]}, "overlap"),
        ({"expressions": [{"start": 1, "end": 1}]}, "end after it starts"),
        ({"speakers": [{"face": 1}]}, "voice of its own"),
        ({"landmarks": [{"name": "chin", "x": 0.5, "y": 0.5}, {"name": "chin", "x": 0.5, "y": 0.6}]}, "given twice"),
    ],
)
def test_requests_that_make_no_sense(tmp_path: Path, fields: dict[str, object], says: str) -> None:
    given = {"portrait": tmp_path / "a.png", "audio": tmp_path / "a.wav", **fields}
    with pytest.raises(StudioError, match=says):
        parse_request(TASK, {key: value for key, value in given.items() if value is not None})


def test_bad_input_says_what_to_do(place: Path) -> None:
    write_image(place / "grey.png", np.full((200, 200, 3), 120, np.uint8))
    with pytest.raises(InvalidInput, match="no face was found"):
        made(place, "grey", portrait=place / "grey.png")
    write_image(place / "tiny.png", np.ascontiguousarray(portrait()[::8, ::8]))
    with pytest.raises(InvalidInput, match=r"no face was found|px wide"):
        made(place, "tiny", portrait=place / "tiny.png")
    write_wave(place / "blip.wav", np.zeros(800, np.float32), RATE)
    with pytest.raises(InvalidInput, match="long"):
        made(place, "blip", audio=place / "blip.wav")
    write_wave(place / "hour.wav", np.zeros(8000 * 660, np.float32), 8000)
    with pytest.raises(LimitExceeded, match="minutes"):
        made(place, "hour", audio=place / "hour.wav")


def test_a_drawn_face_speaks_after_four_clicks(place: Path) -> None:
    import cv2

    drawing = np.full((300, 300, 3), 235, np.uint8)
    for x in (110, 190):
        cv2.line(drawing, (x - 6, 114), (x + 6, 126), (30, 30, 30), 2)
        cv2.line(drawing, (x - 6, 126), (x + 6, 114), (30, 30, 30), 2)
    cv2.line(drawing, (110, 200), (190, 200), (150, 40, 40), 3)
    write_image(place / "toon.png", drawing)
    marks = [("eye_left", 110, 120), ("eye_right", 190, 120), ("mouth_left", 110, 200), ("mouth_right", 190, 200)]
    with pytest.raises(InvalidInput, match="click both eyes"):
        made(place, "none", portrait=place / "toon.png")
    result, _ = made(place, "toon", portrait=place / "toon.png", landmarks=[{"name": n, "x": x / 300, "y": y / 300} for n, x, y in marks], audio=write_wave(place / "short.wav", syllables(TIMES[:4], 1.8), RATE), still=True)
    assert result.clip is not None
    frames = np.stack(pictures(result.clip, place)).astype(int)
    change = np.abs(frames[:, 190:235, 115:185] - frames[0, 190:235, 115:185]).mean(axis=(1, 2, 3))
    assert correlation(change, speech_energy(syllables(TIMES[:4], 1.8), RATE, FPS)) > 0.6


def test_the_sign_in_the_corner_and_the_words_in_the_file(place: Path, still: Head) -> None:
    voice = write_wave(place / "short.wav", syllables(TIMES[:1], 0.6), RATE)
    signed, _ = made(place, "signed", audio=voice, still=True, label=True)
    assert still.result.clip is not None and signed.clip is not None
    away = np.abs(still.frames[0].astype(int) - pictures(signed.clip, place)[0])
    assert away[-20:, -90:].mean() > 20 and away[:200].mean() < 1
    assert "AI-generated" in probe(still.result.clip, Settings(data_dir=place / "data")).tags["description"]


def test_a_spoken_text_closes_its_lips_where_it_says_so(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.sound import voices
    from engine.sound.phones import Phone
    from engine.tasks.talking_head.voice import heard, speak_text

    samples = syllables([0.0, 0.16, 0.32, 0.48], 0.7)  # one long vowel: nothing in the sound says that the lips meet
    phones = (Phone("a", 0.0, 0.28), Phone("m", 0.28, 0.40), Phone("a", 0.40, 0.64))
    monkeypatch.setattr(voices, "speak", lambda *given: voices.Speech(samples, RATE, phones, "someone"))
    said, plain = speak_text("ama", "auto", 1.0, Settings(), FPS), heard(samples[:, None], RATE, FPS)
    assert said.title == "someone"
    assert said.mouth.closure[8] > 0.6 > 0.3 > said.mouth.closure[3]
    assert plain.mouth.closure[8] < 0.5
    assert correlation(said.mouth.opening, said.energy) > 0.4


def test_what_a_built_in_voice_says_is_written_when_it_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # A voice that says two sounds a word at known times.
    phones = tuple(Phone(symbol, start + at, start + at + 0.1) for start in TIMES for symbol, at in (("m", 0.0), ("a", 0.1)))
    monkeypatch.setattr("engine.sound.voices.speak", lambda *given: Speech(syllables(TIMES, 3.0), RATE, phones, "toy"))
    given: dict[str, object] = {"audio": None, "text": "Ma ma ma. Pa pa pa!", "fps": 12, "max_side": 192, "still": True}
    result, _ = made(place, captions="burnt", **given)
    lines = result.artifacts["subtitles"].read_text(encoding="utf-8").split("\n")
    assert [line for line in lines if line.endswith((".", "!"))] == ["Ma ma ma.", "Pa pa pa!"]
    starts = [float(line[6:8]) + float(line[9:12]) / 1000 for line in lines if "-->" in line]
    assert starts == pytest.approx([TIMES[0], TIMES[3]], abs=0.01)
    plain, _ = made(place, "plain", captions="off", **given)
    assert "subtitles" not in plain.artifacts
    apart = [np.abs(one.astype(int) - other).max(axis=2) > 60 for one, other in zip(pictures(result.clip, place), pictures(plain.clip, place), strict=True)]
    seen = [(found[round(0.7 * len(found)) :].mean(), found[: round(0.6 * len(found))].mean()) for found in apart]
    assert max(low for low, _ in seen[:3]) < 0.002 < 0.006 < seen[round(12 * TIMES[1])][0]
    assert max(high for _, high in seen) < 0.002, "the face itself is left alone"
