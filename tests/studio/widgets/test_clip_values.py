"""What the widgets of a clip take from a browser and give to one: the round trip of good values, and what becomes of odd ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from engine.media.images import write_image
from studio.widgets.picture_track import PictureTrack
from studio.widgets.shape import ShapePicker
from studio.widgets.timed_prompts import TimedPrompts
from studio.widgets.value_grid import ValueGrid

FIELDS = [{"name": name, "label": name, "kind": kind, "choices": [], "hint": ""} for name, kind in (("steps", "int"), ("guidance", "float"), ("interpolate", "bool"), ("prompt", "str"))]


def round_trip(widget: Any, value: dict[str, Any]) -> Any:
    return widget.preprocess(json.loads(json.dumps(widget.postprocess(value))))


def test_a_shape_comes_back_and_nothing_is_the_start() -> None:
    shape = ShapePicker(start=(768, 432), low=64, high=1920)
    assert round_trip(shape, {"width": 257, "height": 400}) == {"width": 257, "height": 400}
    assert round_trip(shape, {"width": None, "height": None}) == {"width": 768, "height": 432}
    assert shape.preprocess("odd") == {}


def test_rows_without_words_are_dropped_and_the_rest_ordered() -> None:
    editor = TimedPrompts(most=16, longest=2000)
    rows = [{"at": 3, "prompt": "b"}, {"at": 1, "prompt": "  "}, {"at": 2.5, "prompt": "a, 🎬"}, "odd"]
    assert editor.preprocess({"prompts": rows}) == {"prompts": [{"at": 2.5, "prompt": "a, 🎬"}, {"at": 3, "prompt": "b"}]}
    assert editor.preprocess({"prompts": [{"at": None, "prompt": "b"}]}) == {"prompts": [{"at": None, "prompt": "b"}]}, "the request's check names the missing time"
    assert round_trip(editor, {"prompts": [{"at": 1.0, "prompt": "a"}]}) == {"prompts": [{"at": 1.0, "prompt": "a"}]}
    assert round_trip(editor, {"prompts": None}) == {"prompts": []}


def test_values_of_a_grid_are_typed_by_their_field() -> None:
    editor = ValueGrid(fields=FIELDS, most=5)
    raw = {"x_field": "steps", "x_values": " 6, 12,, many", "y_field": "interpolate", "y_values": "on, off"}
    assert editor.preprocess({"grid": raw}) == {"grid": {"x_field": "steps", "x_values": [6, 12, "many"], "y_field": "interpolate", "y_values": [True, False]}}
    down = {"x_field": "", "x_values": "", "y_field": "guidance", "y_values": "1;2.5"}
    assert editor.preprocess({"grid": down}) == {"grid": {"x_field": "guidance", "x_values": [1.0, 2.5], "y_field": "", "y_values": []}}, "one axis is a row"
    grid = {"x_field": "prompt", "x_values": ["a cat, a dog", "a fish"], "y_field": "guidance", "y_values": [1.5, 3.0]}
    assert round_trip(editor, {"grid": grid}) == {"grid": grid}, "values with commas are kept apart by semicolons"
    for empty in (None, {}, {"x_field": "", "y_field": "", "x_values": "3"}, "odd"):
        assert editor.preprocess({"grid": empty}) == {"grid": None}


def test_pictures_come_back_and_a_path_of_this_machine_is_refused(tmp_path: Path) -> None:
    track = PictureTrack(most=16)
    track.GRADIO_CACHE = str(tmp_path / "cache")
    picture = str(write_image(tmp_path / "a 🎬.png", np.full((8, 8, 3), 90, np.uint8)))
    back = round_trip(track, {"first_image": picture, "last_image": None, "images": [{"at": 1.5, "image": picture}, {"at": 2, "image": str(tmp_path / "gone.png")}]})
    assert set(back) == {"first_image", "images"} and back["images"][0]["at"] == 1.5 and len(back["images"]) == 1
    assert Path(back["first_image"]).read_bytes() == Path(picture).read_bytes()
    for path in ("/etc/passwd", picture, None, 3):
        with pytest.raises(gr.Error, match="picture"):
            track.preprocess({"images": [{"at": 1, "image": {"path": path}}]})
