"""Large models of the user's own below the search folders, in diffusers layout or as a single file beside such a folder: which card's rules they follow. Light.

A folder is known by its pipeline's class and the size of its weights. A single file holds one net, as other studios keep them: it stands for the net of a model that is here and has
as many weights, which lends it everything else.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import log, prod
from pathlib import Path

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import shelves, weight_bytes
from engine.catalog.video import CARDS
from engine.catalog.weights import inspect
from engine.errors import ModelUnavailable
from engine.hub.components import Place, Swapped, components_of, numbers
from engine.settings import Settings

NET = "transformer"
INNER = "model.diffusion_model."
"""Before the names of the net's weights in files that hold a VAE, too."""

ALIKE = 0.02
"""Share by which the count of weights of a file and of the net that it stands for may differ."""


@dataclass(frozen=True)
class OwnModel:
    """A model and the card by whose rules it is called, under its folder's or file's own name."""

    name: str
    card: Card
    place: Place


def own_models(settings: Settings) -> dict[str, OwnModel]:
    """Name -> model, of every folder and file below the shelves that a card's rules fit; of two with one name the first shelf's counts."""
    out: dict[str, OwnModel] = {}
    for shelf in shelves(settings):
        for folder in [shelf, *sorted(shelf.iterdir())] if shelf.is_dir() else []:
            card = card_like(folder)
            if card is not None:
                out.setdefault(folder.name, OwnModel(folder.name, card.model_copy(update={"title": folder.name}), folder))
    files = [file for shelf in shelves(settings) if shelf.is_dir() for file in sorted(shelf.glob("*.safetensors"))]
    bases = _bases(settings, out) if files else []
    for file in files:
        kin = _kin(file, bases)
        if kin is not None:
            card, folder = kin
            out.setdefault(file.stem, OwnModel(file.stem, card.model_copy(update={"title": file.stem}), Swapped(folder, NET, file)))
    return out


def card_like(folder: Path) -> Card | None:
    """The card whose rules a folder's pipeline follows: of the same class and with the same marks, and of those the nearest in size. None for a folder that no card knows."""
    try:
        document = json.loads((folder / "model_index.json").read_text(encoding="utf-8"))
        kind = str(document["_class_name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    alike = [card for card in CARDS if not card.rules.part and not card.rules.driven and kind in (card.rules.text, card.rules.image)]
    marks = {card.id: _marked(folder, card) for card in alike}
    alike = [card for card in alike if marks[card.id] == max(marks.values()) >= 0]
    size = max(1, weight_bytes(folder))
    return min(alike, key=lambda card: abs(log(card.bytes / size)), default=None)


def _marked(folder: Path, card: Card) -> int:
    """How many marks of a card the net of a folder has; -1 when it lacks one."""
    marks = card.rules.marks
    if not marks:
        return 0
    try:
        net = json.loads((folder / NET / "config.json").read_text(encoding="utf-8"))
        return len(marks) if all(net.get(name) == value for name, value in marks.items()) else -1
    except (OSError, ValueError, AttributeError):
        return -1


def _bases(settings: Settings, own: dict[str, OwnModel]) -> list[tuple[Card, Path, int]]:
    """(card, folder, weights of its net) of every large model that is here."""
    files = ModelFiles.of(settings)
    there = [(one.card, one.place) for one in own.values() if isinstance(one.place, Path)]
    there += [(card, files.path(card)) for card in CARDS if not card.rules.part and not card.rules.driven and files.present(card)]
    found = []
    for card, folder in there:
        net = next((part for part in components_of(folder) if part.name == NET), None)
        if net is not None:
            found.append((card, folder, numbers(net.weights)))
    return found


def _kin(file: Path, bases: list[tuple[Card, Path, int]]) -> tuple[Card, Path] | None:
    """The model whose net a file can stand for: the one with the nearest count of weights."""
    try:
        header = inspect(file)
    except ModelUnavailable:
        return None
    inner = {name: told for name, told in header.items() if name.startswith(INNER)} or header
    count = sum(prod(shape) for _, shape in inner.values())
    card, folder, weights = min(bases, key=lambda base: abs(base[2] - count), default=(None, file, 0))
    return (card, folder) if card is not None and abs(weights - count) <= ALIKE * weights else None
