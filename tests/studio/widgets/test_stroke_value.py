"""What the stroke canvas takes from a browser and gives to one: hostile values get one clear line, good ones pass unchanged."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.errors import InvalidInput
from engine.tasks.stroke_motion.request import Stroke
from studio.widgets.stroke_canvas import FOLDER, SCRIPTS, StrokeCanvas, read_strokes

MOVE = {"kind": "move", "radius": 0.05, "points": [[0.1, 0.2, 0.0], [0.5, 0.2, 1.0]]}


@pytest.fixture
def canvas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StrokeCanvas:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    return StrokeCanvas(on_preview=lambda question: {"image": str(question["image"]), "seconds": question["settings"].get("seconds")})


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "mine.png"
    Image.new("RGB", (8, 6), "red").save(path)
    return path


def test_a_picture_of_python_is_copied_to_where_gradio_serves_it(canvas: StrokeCanvas, picture: Path) -> None:
    value = canvas.postprocess({"image": picture, "strokes": [Stroke.model_validate(MOVE)]})
    assert value is not None
    kept = Path(value["image"]["path"])
    assert kept != picture and kept.is_relative_to(canvas.GRADIO_CACHE) and kept.read_bytes() == picture.read_bytes()
    assert value["image"]["orig_name"] == "mine.png"
    back = canvas.preprocess(json.loads(json.dumps(value)))
    assert back["image"] == str(kept.resolve())
    assert back["strokes"][0]["points"] == MOVE["points"] and back["strokes"][0]["easing"] == "drawn"


def test_nothing_yet(canvas: StrokeCanvas) -> None:
    assert canvas.postprocess(None) is None
    for empty in (None, "", {}, {"image": None, "strokes": []}):
        assert canvas.preprocess(empty) == {"image": None, "strokes": []}


def test_paths_outside_the_cache_are_refused(canvas: StrokeCanvas, picture: Path, tmp_path: Path) -> None:
    cache = Path(canvas.GRADIO_CACHE)
    cache.mkdir(exist_ok=True)
    (cache / "link.png").symlink_to(picture)
    hostile = [
        "/etc/passwd", str(picture), f"{cache}/../mine.png", f"{cache}/link.png", "http://example.com/a.png", "file:///etc/passwd",
        str(cache), f"{cache}/missing.png", "", "\0", "a" * 5000, f"{cache}/{'b' * 300}", 7, None, ["x"], {"path": "x"},
    ]  # fmt: skip
    for path in hostile:
        with pytest.raises(gr.Error):
            canvas.preprocess({"image": {"path": path}, "strokes": []})
        answer = canvas.preview({"image": {"path": path}, "strokes": [], "settings": {}})
        assert set(answer) == {"error"} and "\n" not in answer["error"]


def test_the_preview_gets_checked_values(canvas: StrokeCanvas, picture: Path) -> None:
    value = canvas.postprocess({"image": picture, "strokes": [MOVE]})
    assert value is not None
    answer = canvas.preview({**value, "settings": {"seconds": 2}})
    assert answer == {"image": value["image"]["path"], "seconds": 2}
    assert "no picture" in canvas.preview({"image": None, "strokes": []})["error"]
    assert canvas.preview({**value, "settings": "x"})["seconds"] is None


def test_a_preview_may_be_a_coroutine(picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))

    async def answer(question: dict[str, Any]) -> dict[str, Any]:
        raise InvalidInput("this picture is too small", fix="take a larger one")

    canvas = StrokeCanvas(on_preview=answer)
    value = canvas.postprocess({"image": picture, "strokes": []})
    with ThreadPoolExecutor() as pool:  # the browser tests of the same session keep a loop running in this thread
        found = pool.submit(lambda: asyncio.run(canvas.preview(value))).result()
    assert found == {"error": "this picture is too small: take a larger one"}


@pytest.mark.parametrize(
    ("strokes", "place"),
    [
        ([MOVE, {**MOVE, "points": [[0.1, 0.2, 0], [1.5, 0.2, 1]]}], "strokes[1].points[1][0]"),
        ([{**MOVE, "points": [[0.1, float("nan"), 0], [0.5, 0.2, 1]]}], "strokes[0].points[0][1]"),
        ([{**MOVE, "radius": 0}], "strokes[0].radius"),
        ([{**MOVE, "kind": "jump"}], "strokes[0].kind"),
        ([{**MOVE, "more": 1}], "strokes[0].more"),
        ([{**MOVE, "points": [[0.1, 0.2, 0.5], [0.5, 0.2, 0.1]]}], "strokes[0]"),
        ([MOVE] * 65, "65 strokes"),
        ({"a": 1}, "strokes"),
        (["x"], "strokes[0]"),
    ],
)
def test_a_wrong_stroke_is_named(strokes: Any, place: str) -> None:
    with pytest.raises(InvalidInput, match=r".+") as caught:
        read_strokes(strokes)
    assert caught.value.line.startswith(place) and "\n" not in caught.value.line


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["image", "path", "strokes", "kind", "points", "radius", "meta"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
@settings(max_examples=150, deadline=None)
def test_any_json_gives_a_value_or_one_line(payload: Any) -> None:
    canvas = StrokeCanvas()
    try:
        value = canvas.preprocess(payload)
    except gr.Error as error:
        assert error.message and "\n" not in error.message
    else:
        assert set(value) == {"image", "strokes"} and value["image"] is None


def test_the_page_gets_the_scripts_and_the_settings() -> None:
    canvas = StrokeCanvas(settings={"seconds": 3}, elem_id="c")
    config = canvas.get_config()
    assert config["props"]["settings"] == {"seconds": 3}
    json.dumps(config, default=lambda value: pytest.fail(f"{value!r} cannot be sent to the page"))
    assert "{{" not in config["css_template"] and "`" not in config["css_template"] and "${" not in config["css_template"]  # Gradio fills these in
    assert not (FOLDER / "__init__.pyi").exists()
    assert {path.name for path in FOLDER.glob("*.js")} == {Path(name).name for name in SCRIPTS if name.startswith("stroke_canvas")}


def test_no_script_reaches_the_network() -> None:
    for path in [*FOLDER.glob("*.js"), *FOLDER.glob("*.css")]:
        text = path.read_text(encoding="utf-8")
        assert "http://" not in text and "https://" not in text and "@import" not in text and "eval(" not in text, path.name
