"""A request model -> Gradio controls. Label, range, unit, default and help all come from the field; nothing is said twice."""

from __future__ import annotations

import json
import types
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import gradio as gr
from gradio.components import Component
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from engine.task import Request
from studio.service import Studio
from studio.tab import FieldWidget, Tab


class Form:
    """The controls of one request. `build` must be called inside a Blocks context; values travel as one flat list in the order of `controls`."""

    def __init__(self, request_type: type[Request], tab: Tab, studio: Studio) -> None:
        self.request_type, self.tab, self.studio = request_type, tab, studio
        self.controls: dict[str, Component] = {}
        self.widgets: dict[str, FieldWidget] = {}

    def build_widgets(self) -> None:
        """The browser widgets of the tab, each under the name of its first field."""
        for widget in self.tab.widgets:
            if widget.place == "main":
                self._build_widget(widget)

    def build_front(self) -> None:
        """The controls that are always visible."""
        for name in self.tab.front:
            self._build(name)

    def build_more(self) -> None:
        """Every other control: the tab's groups under their titles, then the rest."""
        for title, names in self.tab.more:
            gr.Markdown(f"#### {title}", elem_classes="kin-group")
            with gr.Row(elem_classes="kin-fields"):
                for name in names:
                    self._build(name, min_width=210)
        for name in self.request_type.model_fields:
            if name not in (*self.tab.hidden, *self._in_front()):
                self._build(name)

    def fields_of(self, control: str) -> tuple[str, ...]:
        """The request's fields that a control of that name edits."""
        return self.widgets[control].fields if control in self.widgets else (control.split(".")[0],)

    def control_of(self, field: str) -> str:
        """The name of the control that edits a field of the request."""
        return next(key for key in self.controls if field in self.fields_of(key))

    @property
    def components(self) -> list[Component]:
        """All components, in order."""
        return list(self.controls.values())

    def collect(self, values: Sequence[Any]) -> dict[str, Any]:
        """The request's fields from the components' values; empty ones are left to their defaults."""
        fields: dict[str, Any] = {}
        for (name, _), value in zip(self.controls.items(), values, strict=True):
            if name in self.widgets:
                fields.update({field: (value or {}).get(field) for field in self.widgets[name].fields})
            elif "." in name:
                outer, inner = name.split(".")
                if value is not None:
                    fields.setdefault(outer, {})[inner] = value
            else:
                fields[name] = value
        return {name: value for name, value in fields.items() if value is not None and value != ""}

    def spread(self, fields: dict[str, Any]) -> list[Any]:
        """The components' values for `fields`; what is not in it gets the request's default."""
        values: list[Any] = []
        for name in self.controls:
            if name in self.widgets:
                covered: Any = {field: fields.get(field) for field in self.widgets[name].fields}
                values.append(covered)
            elif "." in name:
                outer, inner = name.split(".")
                default = getattr(self.request_type.model_fields[outer].default, inner)
                given = fields.get(outer)
                values.append((given or {}).get(inner, default) if not isinstance(given, BaseModel) else getattr(given, inner))
            else:
                info = self.request_type.model_fields[name]
                values.append(fields.get(name, None if info.is_required() else info.default))
        return values

    def _in_front(self) -> set[str]:
        widgets = {field for widget in self.tab.widgets if set(widget.fields) & set(self.tab.front) for field in widget.fields}
        return widgets | set(self.tab.front)

    def _build_widget(self, widget: FieldWidget) -> None:
        name = "+".join(widget.fields)
        self.widgets[name] = widget
        self.controls[name] = widget.build(self.studio)

    def _build(self, name: str, **options: Any) -> None:
        """The control or widget of a field, unless it is there already."""
        if any(name in self.fields_of(key) for key in self.controls):
            return
        widget = next((widget for widget in self.tab.widgets if name in widget.fields), None)
        if widget is not None:
            self._build_widget(widget)
            return
        info = self.request_type.model_fields[name]
        part = _part(info.annotation)
        if part is None:
            self.controls[name] = control(name, info, elem_id=self._id(name), **options)
            return
        with gr.Accordion(label_of(name, info), open=False):
            gr.Markdown(info.description or "")
            with gr.Row():
                for inner, inner_info in part.model_fields.items():
                    self.controls[f"{name}.{inner}"] = control(inner, inner_info, elem_id=self._id(f"{name}-{inner}"), min_width=150)

    def _id(self, name: str) -> str:
        return f"{self.tab.id}-{name}".replace("_", "-")


def label_of(name: str, info: FieldInfo) -> str:
    """The label of a field: its title or name, with the unit."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    unit = f" ({extra['unit']})" if "unit" in extra else ""
    return (info.title or name.replace("_", " ").capitalize()) + unit


def control(name: str, info: FieldInfo, *, elem_id: str, **options: Any) -> Component:
    """The Gradio component that fits a field's type and range."""
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    common: dict[str, Any] = {"label": label_of(name, info), "elem_id": elem_id, **options}
    default = None if info.is_required() else info.default
    media = extra.get("media")
    if media:
        kinds = {"image": gr.Image, "video": gr.Video, "audio": gr.Audio}
        return kinds[str(media)](type="filepath", **common) if media != "video" else gr.Video(**common)
    common |= {"value": default, "info": info.description}
    kind, optional = _plain(info.annotation)
    low, high = range_of(info)
    if get_origin(kind) is Literal:
        told = extra.get("titles")
        titles: dict[Any, Any] = told if isinstance(told, dict) else {}
        choices = [(str(titles.get(choice) or str(choice).replace("-", " ").capitalize()), choice) for choice in get_args(kind)]
        return gr.Radio(choices, **common) if len(choices) <= 3 else gr.Dropdown(choices, **common)
    if kind is bool:
        return gr.Checkbox(**common)
    if kind in (int, float):
        step = float(str(extra.get("step", 1 if kind is int else 0.01)))
        if optional or low is None or high is None:
            # No minimum and maximum here: Gradio would answer an empty number with its own error. The request's own check speaks.
            return gr.Number(precision=0 if kind is int else None, **common)
        return gr.Slider(low, high, step=step, **common)
    if kind is str:
        return gr.Textbox(lines=3 if "prompt" in name else 1, max_length=None, **common)
    raise TypeError(f"no control for field {name} of type {info.annotation}: give its tab a widget")


def _plain(annotation: Any) -> tuple[Any, bool]:
    """The type without `None`, and whether `None` was allowed. Several lists of words are one."""
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        if all(get_origin(kind) is Literal for kind in kinds):
            kinds[0] = Literal[tuple(word for kind in kinds for word in get_args(kind))]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _part(annotation: Any) -> type[BaseModel] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def range_of(info: FieldInfo) -> tuple[Any, Any]:
    """Lowest and highest allowed value; None where there is no limit."""
    low = next((m.ge for m in info.metadata if hasattr(m, "ge")), next((m.gt for m in info.metadata if hasattr(m, "gt")), None))
    high = next((m.le for m in info.metadata if hasattr(m, "le")), next((m.lt for m in info.metadata if hasattr(m, "lt")), None))
    return low, high


def example_fields(tab: Tab, index: int, folder: Path) -> dict[str, Any]:
    """The fields of an example with its files' full paths."""
    fields = json.loads(json.dumps(dict(tab.examples[index].fields)))
    for name, value in fields.items():
        if isinstance(value, str) and (folder / value).is_file():
            fields[name] = str(folder / value)
    return dict(fields)
