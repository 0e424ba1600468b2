"""The shape of a clip: square, wide, tall, classic, or width and height as numbers. Value: `{"width": int, "height": int}`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class ShapePicker(Widget):
    """Sets `width` and `height` together. low, high: allowed pixels of a side; start: (width, height) where the request's own are not set."""

    def __init__(self, *, start: tuple[int, int], low: int, high: int, **options: Any) -> None:
        self.start = start
        super().__init__(
            value={"width": start[0], "height": start[1]},
            html_template='<div class="sh kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            low=low,
            high=high,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """Width and height as the browser has them; what is missing stays out and gets its default."""
        given = payload if isinstance(payload, Mapping) else {}
        return {name: given[name] for name in ("width", "height") if given.get(name) is not None}

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """For the browser: both sides, where one is not given the start's."""
        given = value if isinstance(value, Mapping) else {}
        return {name: given.get(name) or start for name, start in zip(("width", "height"), self.start, strict=True)}
