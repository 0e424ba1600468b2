"""Other faces of a picture that speak too: rows of a face, and either a recording of its own or parts of the main voice.

Value in Python: `{"speakers": [{"face": int or [x, y], "audio": path or None, "spans": [[start, end]]}]}`; in the browser a recording is `{"path", "url", "name"}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.data_classes import FileData

from engine.errors import InvalidInput, StudioError
from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class OtherSpeakers(Widget):
    """An editor of rows. most: how many."""

    def __init__(self, *, most: int, **options: Any) -> None:
        super().__init__(
            value={"speakers": []},
            html_template='<div class="os kin-field"></div>',
            css_template="",
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            most=most,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """The rows that say who speaks what; a recording that this studio does not keep becomes a `gr.Error`."""
        rows = payload.get("speakers") if isinstance(payload, Mapping) else None
        try:
            return {"speakers": [self._row(row) for row in rows or [] if isinstance(row, Mapping) and (row.get("audio") or row.get("spans"))]}
        except StudioError as error:
            raise gr.Error(error.line, print_exception=False) from error

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser; a recording that is gone is left out."""
        rows = value.get("speakers") if isinstance(value, Mapping) else None
        return {"speakers": [{"face": row.get("face", 1), "audio": self._shown(row.get("audio")), "spans": [list(span) for span in row.get("spans") or []]} for row in rows or []]}

    def _row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        audio, face = row.get("audio"), row.get("face")
        if not isinstance(face, int | list) or isinstance(face, bool):
            raise InvalidInput("a speaker has no face", fix="give the number of the face: 1 is the largest", field="speakers")
        path = str(self.cached_file(audio.get("path"), field="speakers")) if isinstance(audio, Mapping) else None
        return {"face": face, "audio": path, "spans": [] if path else row.get("spans") or []}

    def _shown(self, path: Any) -> dict[str, Any] | None:
        if path is None or not Path(path).is_file():
            return None
        return FileData(path=str(self.move_resource_to_block_cache(str(path))), orig_name=Path(path).name).model_dump()
