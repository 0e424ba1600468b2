"""Where a request names files, at any depth: in its own fields, in a part, in a list of parts. One walk for everything that touches them."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin

from engine.task import Part, Request

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Slot:
    """A place of a request that names a file of `kind`; `value` is what stands there: a path, or whatever a form or a stranger wrote."""

    where: Where
    kind: str
    value: Any

    @property
    def name(self) -> str:
        """The place in words: `image`, or `images.0.image` inside a list."""
        return ".".join(str(step) for step in self.where)


def slots(kind: type[Part], fields: Mapping[str, Any]) -> list[Slot]:
    """The filled places of raw `fields` that need not be valid: what is not of the expected shape is passed over."""
    return list(_walk(kind, fields, ()))


def files_of(request: Request) -> list[Slot]:
    """The files of a validated request; each value is a `Path`."""
    return slots(type(request), request.model_dump())


def put(fields: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of `fields` with other values at some places (`Slot.name` -> value). A place that is not there is left out."""
    changed: dict[str, Any] = copy.deepcopy(dict(fields))
    for name, value in values.items():
        steps = name.split(".")
        inside: Any = changed
        for step in steps[:-1]:
            inside = _step(inside, step)
        if isinstance(inside, dict):
            inside[steps[-1]] = value
    return changed


def get(fields: Mapping[str, Any], name: str) -> Any:
    """What stands at a place; None when it is not there."""
    inside: Any = fields
    for step in name.split("."):
        inside = _step(inside, step)
    return inside


def _step(inside: Any, step: str) -> Any:
    if isinstance(inside, Mapping):
        return inside.get(step)
    if isinstance(inside, list | tuple) and step.isdigit() and int(step) < len(inside):
        return inside[int(step)]
    return None


def _walk(kind: type[Part], fields: Any, where: Where) -> Iterator[Slot]:
    if not isinstance(fields, Mapping):
        return
    for name, info in kind.model_fields.items():
        value, extra = fields.get(name), info.json_schema_extra
        if value is None:
            continue
        if isinstance(extra, dict) and "media" in extra:
            yield Slot((*where, name), str(extra["media"]), value)
            continue
        part, many = _part(info.annotation)
        if part is not None and many and isinstance(value, list | tuple):
            for index, item in enumerate(value):
                yield from _walk(part, item, (*where, name, index))
        elif part is not None and not many:
            yield from _walk(part, value, (*where, name))


def _part(annotation: Any) -> tuple[type[Part] | None, bool]:
    """The part that a field holds, and whether it holds many of them. `None` beside it is passed over."""
    origin, args = get_origin(annotation), get_args(annotation)
    if origin in (Union, types.UnionType):
        return next((found for found in map(_part, args) if found[0] is not None), (None, False))
    if origin in (tuple, list):
        return _first(args), True
    return _first((annotation,)), False


def _first(kinds: Iterable[Any]) -> type[Part] | None:
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Part)), None)
