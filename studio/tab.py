"""What a tab declares: which task, which controls in front, which browser widgets take which fields. It computes nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

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

    @property
    def place(self) -> Literal["main", "front", "more"]:
        """Where it stands: large on the left, among the tab's `front`, or among those under More."""

    def build(self, studio: Studio) -> Component:
        """The Gradio component; its Python value is a dict of `fields`."""


@dataclass(frozen=True)
class Errand:
    """A run that a widget asks for beside Run. A widget with errands has `errands`: event of its component -> errand.

    change: what the event's data change of the form's fields. task: another task than the tab's; it gets those fields that it has, too.
    """

    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda asked: {}
    task: str | None = None


@dataclass(frozen=True)
class Example:
    """A ready start: `fields` of the request, media fields as file names below `assets/examples`."""

    title: str
    fields: Mapping[str, Any]


@dataclass(frozen=True)
class Tab:
    """A tab of the studio. `front` controls are always visible, the others go under More: first the groups of `more`, each (title, fields), then the rest.

    The order is that of the tuples, then of the request. A widget stands where its first field is named.
    relevant: field -> (another field, its values for which the first one matters); with other values it is not shown. A field that is not named matters always.
    """

    id: str
    title: str
    task: str
    help: str
    front: tuple[str, ...]
    widgets: tuple[FieldWidget, ...] = ()
    examples: tuple[Example, ...] = ()
    hidden: tuple[str, ...] = ()
    more: tuple[tuple[str, tuple[str, ...]], ...] = ()
    relevant: Mapping[str, tuple[str, tuple[Any, ...]]] = field(default_factory=dict)

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task whose runs belong to the tab: its own first, then those of its widgets' errands."""
        asked = [errand.task for widget in self.widgets for errand in errands_of(widget).values() if errand.task]
        return (self.task, *dict.fromkeys(asked))

    @property
    def content(self) -> set[str]:
        """Fields that say what one clip shows rather than how clips are made: they are never kept as the user's defaults."""
        return {field for widget in self.widgets if widget.place != "front" for field in widget.fields}


def errands_of(widget: FieldWidget) -> Mapping[str, Errand]:
    """The runs that a widget may ask for, by the event of its component."""
    errands: Mapping[str, Errand] = getattr(widget, "errands", {})
    return errands


def takes_results(tab: Tab) -> FieldWidget | None:
    """The widget of a tab that takes whole results. Its `sent(run_id, studio)` gives the component's value that adds one to what is there; a `StudioError` says why not."""
    return next((widget for widget in tab.widgets if hasattr(widget, "sent")), None)


def load_examples(name: str) -> tuple[Example, ...]:
    """The examples of `assets/examples/NAME`: a JSON list of `{"title", "fields"}`."""
    entries = json.loads((ASSETS / "examples" / name).read_text(encoding="utf-8"))
    return tuple(Example(entry["title"], entry["fields"]) for entry in entries)
