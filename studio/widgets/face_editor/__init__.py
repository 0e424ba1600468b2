"""The face editor: a portrait or a video, the face in it, and the points of it that a hand puts right. This side checks values; the scripts beside it draw.

In the browser the value is `{"portrait": file or None, "video": file or None, "face": int or [x, y], "landmarks": [{"name", "x", "y"}]}`, a file being
`{"path", "url", "orig_name"}`; in Python the same with paths for files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from pydantic import TypeAdapter, ValidationError

from engine.errors import InvalidInput, StudioError
from engine.tasks.talking_head.request import HANDLES, Fraction, Landmark
from studio.widgets.base import Widget, read_parts
from studio.widgets.served import guarded

FOLDER = Path(__file__).parent
SCRIPTS = (
    *(f"shared/{name}.js" for name in ("bound", "newest", "intake", "range")),
    *(f"face_editor/{name}.js" for name in ("points", "stage", "guide", "camera", "trying", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
FILES = ("portrait", "video")
FACE: TypeAdapter[int | tuple[float, float]] = TypeAdapter(int | tuple[Fraction, Fraction])
TRIED = {"mouth": 0.0, "smile": -1.0, "blink": 0.0, "turn": -1.0, "nod": -1.0, "tilt": -1.0}
"""Sliders of "Try the face" and their least value; the greatest is 1, rest is 0."""

Answer = Callable[[dict[str, Any]], Any]


class FaceEditor(Widget):
    """Choose a face and put its points right. `on_look` says where the face is, `on_try` draws it moved; without them the widget only takes pictures.

    Both take `{"portrait": str or None, "video": str or None, "face", "landmarks"}`, checked; `on_try` also each slider of `TRIED`. `on_look` returns
    `{"picture": data URL of the upright picture, "width", "height", "chosen": index or None, "faces": [{"box": [x, y, w, h], "score"}], "points": [[x, y]],
    "lines": [[index of a point]], "handles": {name: [x, y]}, "notes": [sentence]}`, places in fractions of the picture, `handles` empty where there is no face;
    `on_try` returns `{"picture": data URL, "box": [x, y, w, h] which it covers, "ms"}`. A `StudioError` that they raise becomes a sentence under the picture.
    """

    def __init__(self, value: Mapping[str, Any] | None = None, *, on_look: Answer | None = None, on_try: Answer | None = None, **options: Any) -> None:
        functions = []
        if on_look is not None:
            functions.append(guarded("look", lambda data: on_look(self._question(data))))
        if on_try is not None:
            functions.append(guarded("try_face", lambda data: on_try({**self._question(data), **read_sliders(data)})))
        super().__init__(
            value or {},
            html_template='<div class="fe kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked. A wrong value becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The face", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser, files copied to where Gradio serves them; a file that is gone is left out and named in `note`."""
        given = value if isinstance(value, Mapping) else {}
        shown: dict[str, Any] = {"face": read_face(given.get("face")), "landmarks": read_landmarks(given.get("landmarks") or [])}
        for name in FILES:
            path = given.get(name)
            shown[name] = None
            if path is not None and Path(path).is_file():
                shown[name] = FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump()
            elif path is not None:
                shown["note"] = f"{Path(path).name} is gone: load it again."
        return shown

    def _read(self, payload: Any) -> dict[str, Any]:
        given = payload if isinstance(payload, Mapping) else {}
        files: dict[str, str | None] = dict.fromkeys(FILES)
        for name in FILES:
            file = given.get(name)
            if file is not None:
                files[name] = str(self.cached_file(file.get("path") if isinstance(file, Mapping) else None, field=name))
        return {**files, "face": read_face(given.get("face")), "landmarks": read_landmarks(given.get("landmarks") or [])}

    def _question(self, data: dict[str, Any]) -> dict[str, Any]:
        clean = self._read(data)
        if clean["portrait"] is None and clean["video"] is None:
            raise InvalidInput("there is no picture yet", fix="load a portrait or a video", field="portrait")
        return clean

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        file = {"anyOf": [{"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}, {"type": "null"}]}
        mark = {"type": "object", "properties": {"name": {"type": "string", "enum": list(HANDLES)}, "x": {"type": "number"}, "y": {"type": "number"}}}
        face = {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "number"}}]}
        marks = {"type": "array", "items": mark, "maxItems": len(HANDLES)}
        return {"type": "object", "properties": {"portrait": file, "video": file, "face": face, "landmarks": marks}}

    def example_payload(self) -> Any:
        return {"portrait": None, "video": None, "face": 0, "landmarks": [{"name": "chin", "x": 0.5, "y": 0.8}]}

    def example_value(self) -> Any:
        return {"portrait": None, "video": None, "face": 0, "landmarks": []}


def read_face(raw: Any) -> int | list[float]:
    """Which face: a place by size or a point [x, y]; nothing is the largest. Else `InvalidInput`."""
    if raw is None:
        return 0
    try:
        face = FACE.validate_python(raw)
    except ValidationError as error:
        raise InvalidInput("face is neither a number nor a point of the picture", fix="click the face again", field="face") from error
    if isinstance(face, int):
        if not 0 <= face < 1000:
            raise InvalidInput(f"face={face} is not allowed", fix="give 0 for the largest face, 1 for the next", field="face")
        return face
    return list(face)


def read_landmarks(raw: Any) -> list[dict[str, Any]]:
    """Corrections as clean JSON dictionaries, each point once. Else `InvalidInput`, which names the first wrong place."""
    if not isinstance(raw, (list, tuple)) or len(raw) > len(HANDLES):
        raise InvalidInput("landmarks is not a list of at most seven points", fix="reset the points", field="landmarks")
    marks: dict[str, dict[str, Any]] = {}
    for index, item in enumerate(raw):
        try:
            mark = Landmark.model_validate(item)
        except ValidationError as error:
            why = error.errors(include_url=False)[0]["msg"]
            raise InvalidInput(f"landmarks[{index}] is wrong", why=why, fix="reset the points", field="landmarks") from error
        if mark.name in marks:
            raise InvalidInput(f"{mark.name} is given twice", fix="reset the points", field="landmarks")
        marks[mark.name] = mark.model_dump(mode="json")
    return list(marks.values())


def read_sliders(data: Mapping[str, Any]) -> dict[str, float]:
    """The sliders of "Try the face" within their ranges; what is missing rests. A wrong type is a `TypeError` or `ValueError`."""
    given = {name: float(data.get(name, 0.0)) for name in TRIED}
    return {name: min(1.0, max(low, given[name])) if given[name] == given[name] else 0.0 for name, low in TRIED.items()}
