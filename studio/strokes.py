"""The stroke canvas as a part of a form: it edits `image` and `strokes`, and its live preview comes from the helper process."""

from __future__ import annotations

import base64
from typing import Any, Literal

from gradio.components import Component

from studio.service import Studio
from studio.widgets.stroke_canvas import StrokeCanvas


class StrokeField:
    """Edits the picture and its strokes."""

    fields = ("image", "strokes")
    follows = ("camera", "loop", "parallax", "seconds")
    place: Literal["main"] = "main"

    def build(self, studio: Studio) -> Component:
        """The canvas, with previews from this studio's helper."""

        def preview(data: dict[str, Any]) -> dict[str, Any]:
            settings = {name: value for name, value in data["settings"].items() if name in self.follows}
            value, blobs = studio.helper.call("stroke-preview", image=str(data["image"]), strokes=data["strokes"], **settings)
            return pack(value, blobs, data["strokes"])

        return StrokeCanvas({"image": None, "strokes": []}, on_preview=preview, elem_id="stroke-canvas")


def pack(value: dict[str, Any], blobs: list[bytes], strokes: list[dict[str, Any]]) -> dict[str, Any]:
    """The helper's answer as the canvas wants it: pictures as data URLs, one mask a stroke (None for pins)."""
    if not value["count"]:
        return value
    masks = iter(blobs[2:])
    return {
        **value,
        "frames": data_url("image/jpeg", blobs[0]),
        "flow": data_url("image/png", blobs[1]),
        "masks": [data_url("image/png", next(masks)) if stroke.get("kind", "move") == "move" else None for stroke in strokes],
    }


def data_url(kind: str, data: bytes) -> str:
    """Bytes of a media `kind` as an address that a page can show."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"
