"""Model cards as data: what a model is for, where its weights are, licence, size, limits. One file per family."""

from __future__ import annotations

from engine.catalog.card import Card, File, PackageSource
from engine.catalog.experts import CARDS as _EXPERTS
from engine.catalog.language import CARDS as _LANGUAGE
from engine.catalog.music import CARDS as _MUSIC
from engine.catalog.packaged import CARDS as _PACKAGED
from engine.catalog.pictures import CARDS as _PICTURES
from engine.catalog.pocket import CARDS as _POCKET
from engine.catalog.previews import CARDS as _PREVIEWS
from engine.catalog.upscalers import CARDS as _UPSCALERS
from engine.catalog.video import CARDS as _VIDEO
from engine.errors import ModelUnavailable

CARDS: dict[str, Card] = {card.id: card for card in (*_POCKET, *_PACKAGED, *_MUSIC, *_EXPERTS, *_LANGUAGE, *_VIDEO, *_PICTURES, *_PREVIEWS, *_UPSCALERS)}


def get_card(card_id: str) -> Card:
    """The card of that id; an unknown one raises `ModelUnavailable` with the known ids."""
    if card_id not in CARDS:
        raise ModelUnavailable(f"model {card_id!r} is unknown", fix=f"use one of: {', '.join(CARDS)}")
    return CARDS[card_id]


__all__ = ["CARDS", "Card", "File", "PackageSource", "get_card"]
