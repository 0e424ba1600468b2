"""How cards of hub models are written: short, with their files as patterns and about their sizes. The hub's own revision, sizes and hashes are recorded when one is fetched."""

from __future__ import annotations

from engine.catalog.card import Card, File, HubSource
from engine.catalog.drawing import Drawing


def hub_card(
    id: str, title: str, repo: str, files: dict[str, int], licence: str, memory_mib: int, good_at: str, bad_at: str, *, drawing: Drawing, revision: str = "main", note: str = "", role: str = ""
) -> Card:  # fmt: skip
    """A card of a model that draws. files: name or pattern -> about its bytes; role: empty, by what it begins with."""
    return Card(
        id=id, title=title, role=role or ("first picture" if drawing.picture else "text to clip" if drawing.text else "picture to clip"), family=id.split("-")[0], provider="hub",
        source=HubSource(repo=repo, revision=revision), licence=licence, licence_note=note, files=tuple(File(name=name, bytes=size) for name, size in files.items()),
        memory_mib=memory_mib, good_at=good_at, bad_at=bad_at, drawing=drawing,
    )  # fmt: skip
