"""Experts: fetched models that find things by words, cut them out, follow them, describe them, tell how near they are and where a person's joints are, and hear what is said. What is on this machine, and what to fetch. Light: no torch."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from engine.catalog.card import Card
from engine.catalog.experts import (
    BLIP,
    CLIP,
    DEPTH,
    FILM,
    FILM_FILE,
    GROUNDING_DINO,
    SAM,
    SAM2_SMALL,
    SAM2_TINY,
    SWIN2SR,
    VITPOSE,
    WHISPER_SMALL,
    WHISPER_TINY,
    WHISPER_TURBO,
)
from engine.catalog.fetch import ModelFiles
from engine.errors import InvalidInput
from engine.settings import Settings

Role = Literal["find", "cut", "follow", "describe", "depth", "pose", "judge", "enlarge", "between", "hear"]
Kind = Literal["grounding-dino", "groundingdino-py", "sam", "segment-anything", "sam2_video", "blip", "depth_anything", "vitpose", "clip", "swin2sr", "film", "whisper"]

CARDS_OF: dict[Role, tuple[Card, ...]] = {"find": (GROUNDING_DINO,), "cut": (SAM,), "follow": (SAM2_TINY, SAM2_SMALL), "describe": (BLIP,), "depth": (DEPTH,), "pose": (VITPOSE,), "judge": (CLIP,), "enlarge": (SWIN2SR,), "between": (FILM,), "hear": (WHISPER_TURBO, WHISPER_SMALL, WHISPER_TINY)}
"""Which cards serve a role: the first that is here is used, and the first of all is proposed by `missing`."""

ROLE_OF: dict[Kind, Role] = {
    "grounding-dino": "find", "groundingdino-py": "find", "sam": "cut", "segment-anything": "cut", "sam2_video": "follow", "blip": "describe", "depth_anything": "depth",
    "vitpose": "pose", "clip": "judge", "swin2sr": "enlarge", "film": "between", "whisper": "hear",
}  # fmt: skip
NEEDED: tuple[Role, ...] = ("find", "cut", "follow")
"""Without these the method `experts` cannot work; a description or a depth is a help alone."""


@dataclass(frozen=True)
class Expert:
    """A model that lies on this machine. card: what is told of it; a folder of the user's own has the card of its role."""

    role: Role
    kind: Kind
    folder: Path
    card: Card


def available(settings: Settings) -> dict[Role, Expert]:
    """The experts that are here, one a role: what was fetched first, then the user's Hugging Face cache and the folders of the setting `model_folders`."""
    found: dict[Role, Expert] = {}
    files = ModelFiles.of(settings)
    lying = {place: card for cards in CARDS_OF.values() for card in cards if (place := files.find(card)) is not None}
    for folder in (*lying, *_folders(settings)):
        kind = kind_of(folder)
        if kind is not None:
            role = ROLE_OF[kind]
            card = lying.get(folder) or next((card for card in CARDS_OF[role] if card.id == folder.name), CARDS_OF[role][0])
            found.setdefault(role, Expert(role, kind, folder, card))
    return found


def able(settings: Settings) -> bool:
    """True when the method `experts` can work: what `auto` asks."""
    return set(NEEDED) <= set(available(settings))


def expert(settings: Settings, role: Role) -> Expert:
    """The expert of a role. Raises `InvalidInput` that says what to fetch, how large it is and under which licence."""
    there = available(settings)
    if role not in there:
        raise missing((role,))
    return there[role]


def require(settings: Settings) -> dict[Role, Expert]:
    """All that the method `experts` needs (and the description when it is here). Raises `InvalidInput` that names all that is missing at once."""
    there = available(settings)
    lacking = tuple(role for role in NEEDED if role not in there)
    if lacking:
        raise missing(lacking)
    return there


def missing(roles: tuple[Role, ...]) -> InvalidInput:
    """The error for roles that nobody fills."""
    cards = [CARDS_OF[role][0] for role in roles]
    told = "; ".join(f"{card.title}: {card.bytes / 1e6:.0f} MB, {card.licence}" for card in cards)
    return InvalidInput(
        "method=experts needs models that are not on this machine", why=told, field="method",
        fix=f"fetch them by `python app.py fetch {' '.join(card.id for card in cards)}`, or choose the method embedded",
    )  # fmt: skip


def kind_of(folder: Path) -> Kind | None:
    """What a folder holds, by its own settings and the files beside them; None for anything else."""
    if (folder / FILM_FILE).is_file():  # it has no settings
        return "film"
    if not any(folder.glob("*.safetensors")):
        return None
    try:
        told: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    name = told.get("model_type") if isinstance(told, dict) else None
    return next((kind for kind in ROLE_OF if kind == name), None)


def _folders(settings: Settings) -> list[Path]:
    own = settings.data_dir / "models"
    proposed = [own / card.id for cards in CARDS_OF.values() for card in cards]
    more = [Path(one).expanduser() for one in settings.model_folders.split(os.pathsep) if one.strip()]
    shelves = [own, *more]
    return [*proposed, *(folder for shelf in shelves if shelf.is_dir() for folder in [shelf, *sorted(shelf.iterdir())] if folder.is_dir() and folder not in proposed)]
