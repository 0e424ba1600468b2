"""Prompts that take over one after the other: rows of a time and a text. Value: `{"prompts": [{"at": seconds, "prompt": str}]}`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class TimedPrompts(Widget):
    """An editor of rows. most: how many rows; longest: characters of one prompt. Rows without a text are not part of the value."""

    def __init__(self, *, most: int, longest: int, **options: Any) -> None:
        super().__init__(
            value={"prompts": []},
            html_template='<div class="tp kin-field"></div>',
            css_template="",
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            most=most,
            longest=longest,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """The rows that say something, in order of time; a row without a time keeps its place, so that the request's check can name it."""
        rows = payload.get("prompts") if isinstance(payload, Mapping) else None
        kept = [{"at": row.get("at"), "prompt": row["prompt"]} for row in rows or [] if isinstance(row, Mapping) and str(row.get("prompt") or "").strip()]
        if all(isinstance(row["at"], int | float) for row in kept):
            kept.sort(key=lambda row: row["at"])
        return {"prompts": kept}

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """The rows for the browser."""
        rows = value.get("prompts") if isinstance(value, Mapping) else None
        return {"prompts": [dict(row) for row in rows or []]}
