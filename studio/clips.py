"""The widgets of clips as parts of a form: shape, prompts over time, pictures, backgrounds, and the grid, each filled from the request's own fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from gradio.components import Component
from pydantic.fields import FieldInfo

from engine.task import Request
from studio.form import label_of, range_of
from studio.service import Studio
from studio.widgets.background_choice import BackgroundChoice
from studio.widgets.other_speakers import OtherSpeakers
from studio.widgets.picture_track import PictureTrack
from studio.widgets.shape import ShapePicker
from studio.widgets.timed_prompts import TimedPrompts
from studio.widgets.value_grid import ValueGrid


@dataclass(frozen=True)
class PartField:
    """A widget that edits `fields` and asks the studio nothing."""

    fields: tuple[str, ...]
    place: Literal["main", "front", "more"]
    make: Callable[[], Component]
    follows: tuple[str, ...] = ()

    def build(self, studio: Studio) -> Component:
        """The widget."""
        return self.make()


def shape_field(kind: type[Request], elem_id: str) -> PartField:
    """`width` and `height` of a request, together."""
    width, height = kind.model_fields["width"], kind.model_fields["height"]
    low, high = range_of(width)
    return PartField(("width", "height"), "front", lambda: ShapePicker(start=(width.default, height.default), low=low, high=high, elem_id=elem_id))


def prompts_field(kind: type[Request], elem_id: str) -> PartField:
    """`prompts` of a request: `[{"at", "prompt"}]`."""
    longest = _most(get_args(kind.model_fields["prompts"].annotation)[0].model_fields["prompt"])
    return PartField(("prompts",), "more", lambda: TimedPrompts(most=_most(kind.model_fields["prompts"]), longest=longest, elem_id=elem_id))


def pictures_field(kind: type[Request], elem_id: str) -> PartField:
    """`first_image`, `last_image` and `images` of a request."""
    return PartField(("first_image", "last_image", "images"), "more", lambda: PictureTrack(most=_most(kind.model_fields["images"]), elem_id=elem_id))


def speakers_field(kind: type[Request], elem_id: str) -> PartField:
    """`speakers` of a request: other faces that speak."""
    return PartField(("speakers",), "more", lambda: OtherSpeakers(most=_most(kind.model_fields["speakers"]), elem_id=elem_id))


def background_field(elem_id: str) -> PartField:
    """`background` of a request: what stands behind a subject instead."""
    return PartField(("background",), "front", lambda: BackgroundChoice(elem_id=elem_id))


def grid_field(kind: type[Request], scalars: dict[str, str], elem_id: str) -> PartField:
    """`grid` of a request over `scalars`: field -> int, float, bool, str or choice."""
    part = next(one for one in get_args(kind.model_fields["grid"].annotation) if one is not type(None))
    fields = [described(name, kind.model_fields[name], what) for name, what in scalars.items()]
    return PartField(("grid",), "more", lambda: ValueGrid(fields=fields, most=_most(part.model_fields["x_values"]), elem_id=elem_id))


def described(name: str, info: FieldInfo, kind: str) -> dict[str, Any]:
    """A field as the grid's editor shows it."""
    low, high = range_of(info)
    choices = [str(choice) for choice in get_args(info.annotation)] if kind == "choice" else ["on", "off"] if kind == "bool" else []
    hint = f"{low:g} to {high:g}, separated by commas" if low is not None and high is not None else "separated by commas" if kind != "str" else "separated by semicolons"
    return {"name": name, "label": label_of(name, info), "kind": kind, "choices": choices, "hint": hint}


def _most(info: FieldInfo) -> int:
    return int(next(m.max_length for m in info.metadata if hasattr(m, "max_length")))
