"""Pictures that a clip passes through: its first, its last, and any at given moments.

Value in Python: `{"first_image": path or None, "last_image": path or None, "images": [{"at": seconds, "image": path}]}`;
in the browser a picture is `{"path", "url", "name"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from engine.errors import StudioError
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class PictureTrack(Widget):
    """An editor of pictures on the clip's time. most: how many pictures between the ends."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(
            value={"first_image": None, "last_image": None, "images": []},
            html_template='<div class="pt kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            most=most,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """Paths of pictures that this studio keeps; another path becomes a `gr.Error`. Rows without a picture are left out."""
        given = payload if isinstance(payload, Mapping) else {}
        rows = [row for row in given.get("images") or [] if isinstance(row, Mapping) and isinstance(row.get("image"), Mapping)]
        try:
            ends = {name: self._path(given[name], name) for name in ("first_image", "last_image") if isinstance(given.get(name), Mapping)}
            return {**ends, "images": [{"at": row.get("at"), "image": self._path(row["image"], "images")} for row in rows]}
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser; a picture that is gone is left out."""
        given = value if isinstance(value, Mapping) else {}
        rows = [{"at": row["at"], "image": self._shown(row["image"])} for row in given.get("images") or []]
        return {**{name: self._shown(given.get(name)) for name in ("first_image", "last_image")}, "images": [row for row in rows if row["image"]]}

    def _path(self, picture: Any, field: str) -> str:
        return str(self.cached_file(picture.get("path"), field=field))

    def _shown(self, path: Any) -> dict[str, Any] | None:
        if path is None or not Path(path).is_file():
            return None
        return FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump()
