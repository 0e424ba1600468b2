"""What the voice track takes from a browser and gives to one, and how its spans move: pushed to neighbours, snapped, undone."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.tasks.talking_head.request import TalkingHeadRequest
from studio.heads import VoiceField
from studio.tab import FieldWidget
from studio.widgets.base import read_parts
from studio.widgets.voice_track import FOLDER, LONGEST_TEXT, MOST_SPANS, SCRIPTS, VoiceTrack, read_expressions, read_saying

SMILE = {"start": 0.5, "end": 1.5, "kind": "smile", "strength": 0.8}


@pytest.fixture
def track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> VoiceTrack:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return VoiceTrack(on_look=lambda question: {"asked": question}, voices=lambda: [("joe", "Joe")])


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    path.write_bytes(b"RIFF")
    return path


def call(track: VoiceTrack, name: str, data: Any) -> dict[str, Any]:
    """A server function, as the page calls it."""
    answer = getattr(track, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def test_a_value_goes_to_the_browser_and_back(track: VoiceTrack, sound: Path) -> None:
    given_value = {"audio": sound, "text": None, "voice": "joe", "speed": 1.5, "expressions": [SMILE], "auto_laughter": False}
    shown = track.postprocess(given_value)
    kept = Path(shown["audio"]["path"])
    assert kept.is_relative_to(track.GRADIO_CACHE) and kept.read_bytes() == b"RIFF"
    back = track.preprocess(json.loads(json.dumps(shown)))
    assert back == {"audio": str(kept.resolve()), "text": "", "voice": "joe", "speed": 1.5, "expressions": [SMILE], "auto_laughter": False}
    request = TalkingHeadRequest.model_validate(back)
    assert request.expressions[0].kind == "smile" and request.auto_laughter is False


def test_nothing_yet_gets_the_requests_defaults(track: VoiceTrack, tmp_path: Path) -> None:
    for nothing in (None, "", {}, {"audio": None, "text": None, "speed": None, "auto_laughter": None}):
        value = track.preprocess(nothing)
        assert value == {"audio": None, "text": "", "voice": "auto", "speed": 1.0, "auto_laughter": True, "expressions": []}
        assert track.postprocess(nothing) == value
    assert track.postprocess({"audio": tmp_path / "lost.wav"})["note"] == "lost.wav is gone: load it again."


def test_files_outside_the_studios_store_are_refused(track: VoiceTrack, sound: Path) -> None:
    for path in ("/etc/passwd", str(sound), "http://example.com/a.wav", "", None, 7):
        with pytest.raises(gr.Error):
            track.preprocess({"audio": {"path": path}})
        assert "error" in call(track, "listen", {"audio": {"path": path}})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), lambda one: st.lists(one, max_size=4) | st.dictionaries(st.sampled_from(["start", "end", "kind", "text", "x"]), one, max_size=4)))
@settings(max_examples=80, deadline=None)
def test_anything_is_read_or_refused_in_words(anything: Any) -> None:
    for read, name in ((read_expressions, "expressions"), (lambda raw: read_saying({"text": raw, "voice": raw}), "text"), (lambda raw: read_saying({"speed": raw}), "speed")):
        try:
            value = read(anything)
        except InvalidInput as error:
            assert error.field == name
        else:
            assert value is not None and json.dumps(value)


def test_wrong_spans_are_named() -> None:
    for wrong in ({**SMILE, "end": 0.2}, {**SMILE, "kind": "grin"}, {**SMILE, "strength": 9}, {**SMILE, "start": -1}):
        with pytest.raises(InvalidInput, match=r"expressions\[1\]"):
            read_expressions([SMILE, wrong])
    with pytest.raises(InvalidInput):
        read_expressions([SMILE] * (MOST_SPANS + 1))


def test_the_studio_is_asked_with_checked_values(track: VoiceTrack, sound: Path) -> None:
    shown = track.postprocess({"audio": sound})
    assert Path(call(track, "listen", {"audio": shown["audio"]})["asked"]["audio"]).name == "voice.wav"
    assert call(track, "listen", {"text": "Hello", "voice": "joe", "speed": 0.5})["asked"] == {"audio": None, "text": "Hello", "voice": "joe", "speed": 0.5}
    assert "there is no voice yet" in call(track, "listen", {"text": " "})["error"]
    assert str(LONGEST_TEXT) in call(track, "listen", {"text": "a" * (LONGEST_TEXT + 1)})["error"]
    assert call(track, "voices", {}) == {"voices": [["joe", "Joe"]]}


def test_the_scripts_are_there_and_load_nothing(track: VoiceTrack) -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == {Path(name).name for name in SCRIPTS if name.startswith("voice_track")}
    text = (track.js_on_load or "") + track.css_template
    assert "http://" not in text and "https://" not in text and "innerHTML" not in text


def test_it_is_a_field_of_the_request() -> None:
    field: FieldWidget = VoiceField()
    assert set(field.fields) <= set(TalkingHeadRequest.model_fields) and field.place == "main"


STEPS = st.lists(st.tuples(st.sampled_from(["add", "move", "start", "end", "weaken", "remove", "undo", "redo", "fit"]), st.integers(0, 4), st.floats(-1, 12, allow_nan=False)), max_size=25)


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node to run the script without a browser")
@given(st.lists(STEPS, min_size=20, max_size=20))
@settings(max_examples=4, deadline=None)
def test_spans_never_overlap_and_undo_brings_each_state_back(walks: list[list[tuple[str, int, float]]]) -> None:
    """Random edits by the page's own script; each state must be what the request takes, and going all the way back must be empty again."""
    code = read_parts(FOLDER.parent, ("shared/history.js", "shared/timeline.js", "voice_track/spans.js")) + """
      const out = [];
      for (const walk of JSON.parse(require("fs").readFileSync(0, "utf8"))) {
        const spans = new Spans(), states = [];
        spans.load([], 10);
        for (const [what, index, at] of walk) {
          const span = spans.list[index % Math.max(1, spans.list.length)];
          if (what === "add") spans.add(Math.max(0, at), "laugh");
          else if (what === "undo" || what === "redo") spans[what]();
          else if (!span) continue;
          else if (what === "move") spans.move(span, at);
          else if (what === "weaken") spans.weaken(span, at / 6);
          else if (what === "remove") spans.remove(span);
          else if (what !== "fit") spans.stretch(span, what, at);
          states.push(spans.plain());
        }
        while (spans.undo()) ;
        out.push({ states, rest: spans.plain() });
      }
      console.log(JSON.stringify(out));"""
    answer = subprocess.run(["node", "-e", "globalThis.window = {};" + code], input=json.dumps(walks), capture_output=True, text=True, timeout=60, check=True)
    for walk in json.loads(answer.stdout):
        assert walk["rest"] == []
        for state in walk["states"]:
            request = TalkingHeadRequest.model_validate({"expressions": state})
            assert all(span.end <= 10 and span.end - span.start > 0.099 for span in request.expressions)
