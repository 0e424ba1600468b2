"""What a tab declares: which task, which controls in front, which browser widgets take which fields. It computes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gradio.components import Component

if TYPE_CHECKING:
    from studio.service import Studio

ASSETS = Path(__file__).resolve().parent.parent / "assets"


class FieldWidget(Protocol):
    """A browser widget that edits several fields of a request at once."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The request fields that the widget's value holds, under the same names."""

    @property
    def follows(self) -> tuple[str, ...]:
        """Other fields whose change the widget wants to know (its live preview depends on them)."""

    def build(self, studio: Studio) -> Component:
        """The Gradio component; its Python value is a dict of `fields`."""


@dataclass(frozen=True)
class Example:
    """A ready start: `fields` of the request, media fields as file names below `assets/examples`."""

    title: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Tab:
    """A tab of the studio. `front` controls are always visible, the others go under More; the order is that of the tuple, then of the request."""

    id: str
    title: str
    task: str
    help: str
    front: tuple[str, ...]
    widgets: tuple[FieldWidget, ...] = ()
    examples: tuple[Example, ...] = ()
    hidden: tuple[str, ...] = ()


def load_examples(name: str) -> tuple[Example, ...]:
    """The examples of `assets/examples/NAME`: a JSON list of `{"title", "fields"}`."""
    entries = json.loads((ASSETS / "examples" / name).read_text(encoding="utf-8"))
    return tuple(Example(entry["title"], entry["fields"]) for entry in entries)
