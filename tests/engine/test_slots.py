"""Files that a request names at any depth are found, replaced and never invented."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import Field

from engine.slots import files_of, get, put, slots
from engine.task import Part, Request, media_field


class Leaf(Part):
    at: float = 0.0
    image: Path = media_field("image", "A picture.")


class Branch(Part):
    sound: Path | None = media_field("audio", "A sound.", default=None)
    leaves: tuple[Leaf, ...] = ()


class Tree(Request):
    cover: Path | None = media_field("image", "The cover.", default=None)
    branch: Branch = Branch()
    other: Branch | None = None
    leaves: tuple[Leaf, ...] = Field(())


FIELDS: dict[str, Any] = {
    "cover": "c.png", "branch": {"sound": "s.wav", "leaves": [{"image": "a.png"}, {"at": 1.0, "image": "b.png"}]}, "other": {"leaves": [{"image": "d.png"}]}, "leaves": [{"image": "e.png"}],
}  # fmt: skip
NAMES = {
    "cover": ("image", "c.png"), "branch.sound": ("audio", "s.wav"), "branch.leaves.0.image": ("image", "a.png"), "branch.leaves.1.image": ("image", "b.png"),
    "other.leaves.0.image": ("image", "d.png"), "leaves.0.image": ("image", "e.png"),
}  # fmt: skip


def test_every_file_is_found_in_raw_fields_and_in_the_request() -> None:
    assert {slot.name: (slot.kind, slot.value) for slot in slots(Tree, FIELDS)} == NAMES
    assert {slot.name: (slot.kind, slot.value) for slot in files_of(Tree.model_validate(FIELDS))} == {name: (kind, Path(path)) for name, (kind, path) in NAMES.items()}
    assert files_of(Tree()) == []


def test_put_changes_a_copy_at_the_named_places_only() -> None:
    changed = put(FIELDS, {name: f"/kept/{path}" for name, (_, path) in NAMES.items()})
    assert {slot.name: slot.value for slot in slots(Tree, changed)} == {name: f"/kept/{path}" for name, (_, path) in NAMES.items()}
    assert FIELDS["leaves"][0]["image"] == "e.png" and get(changed, "branch.leaves.1.at") == 1.0
    assert put(FIELDS, {"leaves.7.image": "x", "nothing.0.image": "x"}) == FIELDS


@pytest.mark.parametrize("wrong", [{"leaves": "text"}, {"leaves": [3, None, {"at": 1}]}, {"branch": []}, {"leaves": {"0": {"image": "x"}}}, {"other": {"leaves": [[]]}}])
def test_raw_fields_of_a_wrong_shape_are_passed_over(wrong: dict[str, Any]) -> None:
    assert slots(Tree, wrong) == []
