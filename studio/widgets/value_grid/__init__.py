"""A grid over one or two fields: which fields, and which values of each. Value in Python: `{"grid": {x_field, x_values, y_field, y_values} or None}`.

In the browser the values of an axis are one text, separated by commas (by semicolons where a value holds commas).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from studio.widgets.base import Widget, read_parts

FOLDER = Path(__file__).parent


class ValueGrid(Widget):
    """An editor of two axes. fields: what may vary, each `{"name", "label", "kind": int | float | bool | str | choice, "hint", "choices"}`."""

    def __init__(self, *, fields: Sequence[Mapping[str, Any]], most: int, **options: Any) -> None:
        self.kinds = {str(field["name"]): str(field["kind"]) for field in fields}
        super().__init__(
            value={"grid": None},
            html_template='<div class="vg kin-field"></div>',
            css_template=read_parts(FOLDER, ("style.css",)),
            js_on_load=read_parts(FOLDER, ("main.js",)),
            apply_default_css=False,
            fields=[dict(field) for field in fields],
            most=most,
            **options,
        )

    def preprocess(self, payload: Any) -> dict[str, Any]:  # type: ignore[override]
        """The grid as the request takes it; None while no field is chosen. Texts that are no number stay texts: the request's check names them."""
        raw = payload.get("grid") if isinstance(payload, Mapping) else None
        if not isinstance(raw, Mapping) or not (raw.get("x_field") or raw.get("y_field")):
            return {"grid": None}
        axes = [(str(raw.get(f"{axis}_field") or ""), str(raw.get(f"{axis}_values") or "")) for axis in "xy"]
        if not axes[0][0]:
            axes.reverse()
        (x, across), (y, down) = axes
        return {"grid": {"x_field": x, "x_values": self.values(x, across), "y_field": y, "y_values": self.values(y, down)}}

    def postprocess(self, value: Any) -> dict[str, Any]:  # type: ignore[override]
        """The axes as texts."""
        grid = value.get("grid") if isinstance(value, Mapping) else None
        if not grid:
            return {"grid": None}
        shown = dict(grid if isinstance(grid, Mapping) else grid.model_dump())
        for axis in ("x_values", "y_values"):
            texts = [{True: "on", False: "off"}[v] if isinstance(v, bool) else f"{v:g}" if isinstance(v, float) else str(v) for v in shown.get(axis) or ()]
            shown[axis] = ("; " if any("," in text for text in texts) else ", ").join(texts)
        return {"grid": shown}

    def values(self, field: str, text: str) -> list[Any]:
        """The values in a text, as numbers, booleans or texts by the field's kind."""
        parts = [part.strip() for part in text.replace("\n", ";").split(";" if ";" in text or "\n" in text else ",")]
        return [typed(part, self.kinds.get(field, "str")) for part in parts if part]


def typed(text: str, kind: str) -> Any:
    """A text as the value of a field of that kind; as it is where it cannot be."""
    if kind == "bool":
        return {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}.get(text.lower(), text)
    try:
        return int(text) if kind == "int" else float(text) if kind == "float" else text
    except ValueError:
        return text
