"""What the face editor takes from a browser and gives to one: hostile values get one clear line, good ones pass unchanged."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InvalidInput
from engine.tasks.talking_head.request import HANDLES, TalkingHeadRequest
from studio.heads import FaceField
from studio.tab import FieldWidget
from studio.widgets.face_editor import SCRIPTS, TRIED, FaceEditor, read_face, read_landmarks, read_sliders

CHIN = {"name": "chin", "x": 0.4, "y": 0.9}


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FaceEditor:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return FaceEditor(on_look=lambda question: {"asked": question}, on_try=lambda question: {"asked": question})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "me.png"
    Image.new("RGB", (8, 6), "red").save(path)
    return path


def call(editor: FaceEditor, name: str, data: Any) -> dict[str, Any]:
    """A server function, as the page calls it."""
    answer = getattr(editor, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def test_a_value_goes_to_the_browser_and_back(editor: FaceEditor, picture: Path) -> None:
    shown = editor.postprocess({"portrait": picture, "video": None, "face": (0.25, 0.5), "landmarks": [CHIN]})
    kept = Path(shown["portrait"]["path"])
    assert kept != picture and kept.is_relative_to(editor.GRADIO_CACHE) and kept.read_bytes() == picture.read_bytes()
    back = editor.preprocess(json.loads(json.dumps(shown)))
    assert back == {"portrait": str(kept.resolve()), "video": None, "face": [0.25, 0.5], "landmarks": [CHIN]}
    request = TalkingHeadRequest.model_validate({name: value for name, value in back.items() if value is not None})
    assert request.face == (0.25, 0.5) and request.landmarks[0].name == "chin"


def test_nothing_yet_and_a_file_that_is_gone(editor: FaceEditor, tmp_path: Path) -> None:
    empty: dict[str, Any] = {"portrait": None, "video": None, "face": 0, "landmarks": []}
    for nothing in (None, "", {}, {"portrait": None, "face": None, "landmarks": None}):
        assert editor.preprocess(nothing) == empty and editor.postprocess(nothing) == empty
    gone = editor.postprocess({"video": tmp_path / "lost.mp4"})
    assert gone["video"] is None and gone["note"] == "lost.mp4 is gone: load it again."


def test_files_outside_the_studios_store_are_refused(editor: FaceEditor, picture: Path) -> None:
    cache = Path(editor.GRADIO_CACHE)
    cache.mkdir(exist_ok=True)
    (cache / "link.png").symlink_to(picture)
    for path in ("/etc/passwd", str(picture), f"{cache}/../me.png", f"{cache}/link.png", "http://example.com/a.png", "", None, 7, ["x"]):
        for name in ("portrait", "video"):
            with pytest.raises(gr.Error):
                editor.preprocess({name: {"path": path}})
            assert "error" in call(editor, "look", {name: {"path": path}})
    with pytest.raises(gr.Error):
        editor.preprocess({"portrait": "no file"})


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=6), one, max_size=4)))
@settings(max_examples=80, deadline=None)
def test_any_face_and_points_are_read_or_refused_in_words(anything: Any) -> None:
    for read, name in ((read_face, "face"), (read_landmarks, "landmarks")):
        try:
            value = read(anything)
        except InvalidInput as error:
            assert error.field == name
        else:
            TalkingHeadRequest.model_validate({"face": value} if name == "face" else {"landmarks": value})


def test_wrong_faces_and_points_are_named() -> None:
    assert read_face(3) == 3 and read_face([0, 1]) == [0.0, 1.0]
    for face in (-1, 10**9, [0.5], [0.5, 1.2], [0.1, 0.2, 0.3], "left", float("nan")):
        with pytest.raises(InvalidInput):
            read_face(face)
    for marks in ([{**CHIN, "x": 1.2}], [{**CHIN, "name": "nose"}], [CHIN, CHIN], [CHIN] * (len(HANDLES) + 1), "chin", [None]):
        with pytest.raises(InvalidInput):
            read_landmarks(marks)


def test_the_studio_is_asked_with_checked_values(editor: FaceEditor, picture: Path) -> None:
    shown = editor.postprocess({"portrait": picture, "landmarks": [CHIN]})
    asked = call(editor, "look", shown)["asked"]
    assert Path(asked["portrait"]).name == "me.png" and asked["landmarks"] == [CHIN] and asked["face"] == 0
    tried = call(editor, "try_face", {**shown, "mouth": 7, "smile": -7, "blink": float("nan"), "turn": 0.5})["asked"]
    assert [tried[name] for name in TRIED] == [1.0, -1.0, 0.0, 0.5, 0.0, 0.0]
    assert "there is no picture yet" in call(editor, "look", {})["error"]
    assert "error" in call(editor, "try_face", {**shown, "mouth": "wide"})
    assert read_sliders({}) == dict.fromkeys(TRIED, 0.0)


def test_without_answers_it_only_takes_pictures(editor: FaceEditor) -> None:
    page = FaceEditor()
    assert not {"look", "try_face"} & set(vars(page)) and {"look", "try_face"} <= set(vars(editor))


def test_the_scripts_are_there_and_load_nothing(editor: FaceEditor) -> None:
    folder = Path(__file__).resolve().parents[3] / "studio" / "widgets"
    assert {path.name for path in (folder / "face_editor").glob("*.js")} == {Path(name).name for name in SCRIPTS if name.startswith("face_editor")}
    text = (editor.js_on_load or "") + editor.css_template
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "") and "https://" not in text and "innerHTML" not in text


def test_it_is_a_field_of_the_request() -> None:
    field: FieldWidget = FaceField()
    assert set(field.fields) <= set(TalkingHeadRequest.model_fields) and field.place == "main"
