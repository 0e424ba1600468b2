"""What the subject editor and the background choice take from a browser and give to one: hostile values get one clear line, good ones pass unchanged."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.tasks.subject_swap.request import MAX_SUBJECTS, Background, SubjectMaskRequest, SubjectSwapRequest
from studio.clips import background_field
from studio.subjects import SubjectField
from studio.tab import FieldWidget
from studio.widgets.background_choice import BackgroundChoice, read_choice
from studio.widgets.subject_editor import FOLDER, SCRIPTS, SubjectEditor, number, read_range, read_subjects
from tabs.subject_swap import TAB

CAR: dict[str, Any] = {"name": "Red car", "points": [[0.4, 0.6]], "keyframes": {"12": {"avoid": [[0.1, 0.2]]}, "30": {"gone": True}}, "hidden": [[3, 5]]}
ANYTHING = st.recursive(st.none() | st.booleans() | st.floats() | st.text() | st.integers(), lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=6), one, max_size=4))


@pytest.fixture
def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SubjectEditor:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))

    def answer(question: dict[str, Any]) -> dict[str, Any]:
        return {"asked": question}

    return SubjectEditor(on_look=answer, on_frame=answer, on_cut=answer, on_tracks=answer)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "street.mp4"
    path.write_bytes(b"any bytes: nothing here is decoded")
    return path


def call(editor: SubjectEditor, name: str, data: Any) -> dict[str, Any]:
    """A server function, as the page calls it."""
    answer = getattr(editor, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def test_a_value_goes_to_the_browser_and_back(editor: SubjectEditor, clip: Path) -> None:
    shown = editor.postprocess({"video": clip, "start": 1, "end": 4.5, "subjects": [CAR, {"words": "the dog", "frame": 7}]})
    kept = Path(shown["video"]["path"])
    assert kept != clip and kept.is_relative_to(editor.GRADIO_CACHE) and shown["video"]["orig_name"] == "street.mp4"
    back = editor.preprocess(json.loads(json.dumps(shown)))
    assert back == {"video": str(kept.resolve()), "start": 1.0, "end": 4.5, "subjects": [CAR, {"words": "the dog", "frame": 7}]}
    request = SubjectMaskRequest.model_validate(back)
    assert request.subjects[0].keyframes[30].gone and request.subjects[0].hidden == ((3, 5),) and request.subjects[1].frame == 7


def test_a_restored_request_shows_the_same(editor: SubjectEditor, clip: Path) -> None:
    request = SubjectMaskRequest.model_validate({"video": clip, "subjects": [{"scribble": [[0.1, 0.1], [0.2, 0.2]]}, CAR]})
    shown = editor.postprocess(request.model_dump(mode="json"))
    assert shown["subjects"] == [{"scribble": [{"points": [[0.1, 0.1], [0.2, 0.2]]}]}, CAR], "what is default is left out"
    assert SubjectMaskRequest.model_validate({**editor.preprocess(shown), "video": clip}) == request


def test_nothing_yet_and_a_file_that_is_gone(editor: SubjectEditor, tmp_path: Path) -> None:
    empty: dict[str, Any] = {"video": None, "start": 0.0, "end": None, "subjects": []}
    for nothing in (None, "", {}, {"video": None, "subjects": None, "end": None}):
        assert editor.preprocess(nothing) == empty and editor.postprocess(nothing) == empty
    gone = editor.postprocess({"video": tmp_path / "lost.mp4", "subjects": [CAR]})
    assert gone["video"] is None and gone["note"] == "lost.mp4 is gone: load it again." and gone["subjects"] == [CAR]


def test_files_outside_the_studios_store_are_refused(editor: SubjectEditor, clip: Path) -> None:
    cache = Path(editor.GRADIO_CACHE)
    cache.mkdir(exist_ok=True)
    (cache / "link.mp4").symlink_to(clip)
    for path in ("/etc/passwd", str(clip), f"{cache}/../street.mp4", f"{cache}/link.mp4", "http://example.com/a.mp4", "", None, 7, ["x"]):
        with pytest.raises(gr.Error):
            editor.preprocess({"video": {"path": path}})
        for name in ("look", "tracks"):
            assert "error" in call(editor, name, {"video": {"path": path}})


@given(ANYTHING)
@settings(max_examples=80, deadline=None)
def test_any_subjects_range_and_background_are_read_or_refused_in_words(anything: Any) -> None:
    for read, name in ((read_subjects, "subjects"), (lambda one: read_range(one, one), "start"), (read_choice, "background")):
        try:
            value = read(anything)
        except InvalidInput as error:
            assert error.field == name
        else:
            if name == "subjects":
                SubjectMaskRequest.model_validate({"video": "a.mp4", "subjects": value})
            elif name == "background":
                Background.model_validate(value)


def test_wrong_subjects_are_named() -> None:
    for wrong, word in (
        ({"points": [[0.5, 1.2]]}, "points"),
        ({"box": [0.1, 0.1, 0.1, 0.5]}, "no area"),
        ({"keyframes": {"-3": {"gone": True}}}, "keyframes"),
        ({"hidden": [[5, 3]]}, "hidden range"),
        ({"nose": 1}, "nose"),
        (None, ""),
    ):
        with pytest.raises(InvalidInput) as caught:
            read_subjects([CAR, wrong])
        assert "subject 2" in caught.value.line and word in caught.value.line
    with pytest.raises(InvalidInput):
        read_subjects([CAR] * (MAX_SUBJECTS + 1))
    for start, end in ((-1, None), (float("nan"), None), (0, float("inf")), ("soon", None)):
        with pytest.raises(InvalidInput):
            read_range(start, end)
    assert read_range(None, 0) == (0.0, None)


def test_the_studio_is_asked_with_checked_values(editor: SubjectEditor, clip: Path) -> None:
    shown = editor.postprocess({"video": clip, "start": 0.5, "subjects": [CAR]})
    asked = call(editor, "cut", {**shown, "index": 0, "frame": 12, "id": 3, "print": "x"})["asked"]
    assert asked == {**editor.preprocess(shown), "settings": {}, "index": 0, "frame": 12}, "nothing else of what a browser sends goes on"
    assert call(editor, "frame", {**shown, "frame": 4})["asked"]["frame"] == 4
    for wrong in (-1, 1.5, True, "4", None, 10**9):
        assert "error" in call(editor, "frame", {**shown, "frame": wrong})
    assert "there is no video yet" in call(editor, "look", {})["error"]
    with pytest.raises(KeyError):
        number({}, "frame")


def test_the_followed_film_gets_an_address_and_a_lost_one_none(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    for film, there in ((clip, True), (tmp_path / "lost.mp4", False), (None, False)):
        editor = SubjectEditor(on_tracks=lambda question, film=film: {"followed": True, "clip": film and str(film)})  # type: ignore[misc]
        answer = call(editor, "tracks", editor.postprocess({"video": clip}))
        assert (answer["clip"] is not None) is there
        if there:
            assert Path(answer["clip"]["path"]).is_relative_to(editor.GRADIO_CACHE)


def test_a_background_goes_to_the_browser_and_back(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    choice = BackgroundChoice()
    shown = choice.postprocess({"background": {"kind": "clip", "clip": clip}})
    back = choice.preprocess(json.loads(json.dumps(shown)))["background"]
    assert Background.model_validate(back).chosen == "clip" and Path(back["clip"]).is_relative_to(choice.GRADIO_CACHE)
    assert choice.preprocess(choice.postprocess({"background": Background(words="a beach")})) == {"background": {"words": "a beach"}}
    assert choice.postprocess({"background": {"image": tmp_path / "lost.png"}}) == {"background": {"image": None}}
    assert choice.preprocess(None) == {"background": {}} == choice.postprocess({"background": None})
    for file in ({"path": "/etc/passwd"}, "x", {"path": str(clip)}):
        with pytest.raises(gr.Error):
            choice.preprocess({"background": {"image": file}})


def test_the_scripts_are_there_and_load_nothing(editor: SubjectEditor) -> None:
    assert {path.name for path in FOLDER.glob("*.js")} == {Path(name).name for name in SCRIPTS if name.startswith("subject_editor")}
    for widget in (editor, BackgroundChoice()):
        text = (widget.js_on_load or "") + widget.css_template
        assert "http://" not in text and "https://" not in text and "innerHTML" not in text


def test_the_tab_edits_fields_that_there_are() -> None:
    field: FieldWidget = SubjectField()
    assert set(field.fields) <= set(SubjectMaskRequest.model_fields) and field.place == "main"
    assert background_field("x").fields == ("background",)
    named = {*TAB.front, *(name for _, names in TAB.more for name in names), *TAB.relevant, *(ruler for ruler, _ in TAB.relevant.values())}
    assert named <= set(SubjectSwapRequest.model_fields) and TAB.tasks == ("subject-swap", "subject-mask")
    example = dict(TAB.examples[0].fields)
    assert SubjectSwapRequest.model_validate(example).action == "remove"
