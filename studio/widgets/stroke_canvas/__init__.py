"""The stroke canvas: load a photo, draw strokes on it, see it move. This side checks values; the scripts beside it draw.

The value in the browser is `{"image": {"path", "url", "name"} | null, "strokes": [Stroke as JSON], "version": int}`;
in Python it is `{"image": Path-like | None, "strokes": [...]}`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData
from gradio.events import EventListener
from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError, UnreadableMedia
from engine.tasks.stroke_motion.request import Stroke, StrokeMotionRequest
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent
SCRIPTS = (
    "stroke_canvas/geometry.js", "shared/view.js",
    *(f"stroke_canvas/{name}.js" for name in ("strokes_json", "store", "icons", "paint", "overlays", "preview", "pointer", "keyboard", "picture", "list", "words", "panel", "main")),
)  # fmt: skip
"""Joined in this order into one function body: `main.js` starts the widget from the parts before it."""
MAX_STROKES = next(m.max_length for m in StrokeMotionRequest.model_fields["strokes"].metadata if hasattr(m, "max_length"))

Preview = Callable[[dict[str, Any]], Any]


class StrokeCanvas(Widget):
    """Draw on a photo. `on_preview` answers each change with a small looped strip; without it the widget still draws.

    `on_preview` takes `{"image": Path, "strokes": [dict], "settings": dict}`, all checked, and returns (or is a coroutine that returns)
    `{"frames": data URL of one grid of frames, "count", "cols", "width", "height", "fps", "flow": data URL, "arrows": [[x, y, dx, dy]],
    "masks": [data URL with alpha or None, one per stroke], "notes": [str], "ms": float}`; x, y, dx, dy are fractions of width and height.
    A `StudioError` that it raises becomes a sentence under the canvas.
    `settings` reaches `on_preview` as it is; a change of it (`gr.update(settings={...})`) asks for a new preview.
    """

    image_loaded: Any = EventListener("image_loaded").listener

    def __init__(
        self,
        value: Mapping[str, Any] | Callable[[], Any] | None = None,
        *,
        on_preview: Preview | None = None,
        settings: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        self.settings = dict(settings or {})
        functions = [self._checked(on_preview)] if on_preview else None
        super().__init__(
            value,
            html_template='<div class="sc"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER.parent, SCRIPTS),
            apply_default_css=False,
            server_functions=functions,
            settings=self.settings,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """What the browser sent, checked: `{"image": str | None, "strokes": [dict]}`. A wrong value becomes a `gr.Error`."""
        try:
            return self._read(payload)
        except StudioError as error:
            raise gr.Error(error.line, title="The canvas", print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any] | None:  # type: ignore[override]
        """`{"image": path or None, "strokes": [dict or Stroke]}` for the browser; the picture is copied to where Gradio serves it."""
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise InvalidInput("the canvas takes {image, strokes}", why=f"got {type(value).__name__}")
        image = value.get("image")
        shown = None
        if image is not None:
            if not Path(image).is_file():
                raise gr.Error(UnreadableMedia(f"the picture {Path(image).name} is gone", fix="load it again").line, print_exception=False)
            kept = self.move_resource_to_block_cache(str(image))
            shown = FileData(path=str(kept), orig_name=Path(image).name).model_dump()
        return {"image": shown, "strokes": read_strokes(value.get("strokes") or []), "version": 0}

    def _read(self, payload: Any) -> dict[str, Any]:
        if payload in (None, ""):
            return {"image": None, "strokes": []}
        if not isinstance(payload, Mapping):
            raise InvalidInput("the canvas sent something else than a drawing", fix="reload the page")
        image = payload.get("image")
        if image is not None and not isinstance(image, Mapping):
            raise InvalidInput("the picture is not a file", fix="load the picture again", field="image")
        path = None if image is None else str(self.cached_file(image.get("path"), field="image"))
        return {"image": path, "strokes": read_strokes(payload.get("strokes") or [])}

    def _checked(self, answer: Preview) -> Preview:
        """`answer` behind a check of what the browser sends: server functions get the raw payload, not `preprocess`'s value."""

        def read(data: Any) -> dict[str, Any]:
            clean = self._read(data)
            if clean["image"] is None:
                raise InvalidInput("there is no picture yet", fix="load a photo", field="image")
            settings = data.get("settings")
            return {"image": Path(clean["image"]), "strokes": clean["strokes"], "settings": dict(settings) if isinstance(settings, Mapping) else {}}

        if inspect.iscoroutinefunction(answer):

            async def preview(data: Any) -> Any:
                try:
                    return await answer(read(data))
                except StudioError as error:
                    return {"error": error.line}

            return preview

        def preview_now(data: Any) -> Any:
            try:
                return answer(read(data))
            except StudioError as error:
                return {"error": error.line}

        preview_now.__name__ = "preview"
        return preview_now

    def api_info(self) -> dict[str, Any]:
        """The value's JSON schema, for API and MCP clients: plain types only, which is all that Gradio's clients can read."""
        points = {"type": "array", "items": {"type": "array", "items": {"type": "number"}}}
        types: dict[str, dict[str, Any]] = {"radius": {"type": "number"}, "points": points, "area": points}
        stroke = {
            "type": "object",
            "properties": {name: {**types.get(name, {"type": "string"}), "description": info.description or ""} for name, info in Stroke.model_fields.items()},
        }
        image = {
            "type": "object",
            "properties": {"path": {"type": "string"}, "url": {"type": "string"}, "name": {"type": "string"}},
            "required": ["path"],
        }
        return {
            "type": "object",
            "properties": {
                "image": {"anyOf": [image, {"type": "null"}]},
                "strokes": {"type": "array", "items": stroke, "maxItems": MAX_STROKES},
                "version": {"type": "integer"},
            },
        }

    def example_payload(self) -> Any:
        return {"image": None, "strokes": [{"kind": "move", "radius": 0.03, "points": [[0.3, 0.5, 0.0], [0.6, 0.5, 1.0]]}], "version": 0}

    def example_value(self) -> Any:
        return {"image": None, "strokes": []}


def read_strokes(raw: Any) -> list[dict[str, Any]]:
    """Strokes as clean JSON dictionaries from whatever came. `InvalidInput` names the first wrong place."""
    if not isinstance(raw, (list, tuple)):
        raise InvalidInput("strokes is not a list", field="strokes")
    if len(raw) > MAX_STROKES:
        raise InvalidInput(f"{len(raw)} strokes are too many", fix=f"use at most {MAX_STROKES}", field="strokes")
    strokes = []
    for index, item in enumerate(raw):
        try:
            stroke = Stroke.model_validate(item)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = f"strokes[{index}]" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in first["loc"])
            raise InvalidInput(f"{where} is wrong", why=first["msg"].removeprefix("Value error, "), field=where) from error
        strokes.append(stroke.model_dump(mode="json"))
    return strokes
