"""Large models of the user's own, in diffusers layout below the search folders: which card's rules they follow, by their pipeline's class and the size of their weights. Light."""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import log
from pathlib import Path

from engine.catalog.card import Card
from engine.catalog.folders import shelves, weight_bytes
from engine.catalog.video import CARDS
from engine.settings import Settings


@dataclass(frozen=True)
class OwnModel:
    """A folder and the card by whose rules it is called, under the folder's own name."""

    name: str
    card: Card
    folder: Path


def own_models(settings: Settings) -> dict[str, OwnModel]:
    """Name -> model, of every folder below the shelves whose pipeline a card knows; of two with one name the first shelf's counts."""
    out: dict[str, OwnModel] = {}
    for shelf in shelves(settings):
        for folder in [shelf, *sorted(shelf.iterdir())] if shelf.is_dir() else []:
            card = card_like(folder)
            if card is not None:
                out.setdefault(folder.name, OwnModel(folder.name, card.model_copy(update={"title": folder.name}), folder))
    return out


def card_like(folder: Path) -> Card | None:
    """The card whose rules a folder's pipeline follows: of the same class, and of those the nearest in size. None for a folder that no card knows."""
    try:
        document = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        kind = str(document["_class_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    alike = [card for card in CARDS if card.drawing is not None and not card.drawing.part and kind in (card.drawing.text, card.drawing.image)]
    size = max(1, weight_bytes(folder))
    return min(alike, key=lambda card: abs(log(card.bytes / size)), default=None)
