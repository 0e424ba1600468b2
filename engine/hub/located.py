"""Where a card's model lies: in a folder of its own, or as one part beside the folder that lends it the others. Light: no torch."""

from __future__ import annotations

from engine.catalog import get_card
from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import chosen
from engine.hub.components import Joined, Place, Swapped
from engine.settings import Settings


def located(card: Card, settings: Settings, checkpoint: str = "") -> Place:
    """The place of a card's model. checkpoint: the user's own folder that lends its parts, where the card has one part and no lender.

    Raises `ModelUnavailable` for what is not here, the lender's files too.
    """
    drawing, files = card.rules, ModelFiles.of(settings)
    folder = files.path(card)
    if drawing.lender:
        return Swapped(files.path(get_card(drawing.lender)), drawing.part, folder / card.files[0].name)
    return Joined(chosen(settings, "checkpoint", checkpoint).folder, drawing.part, folder) if drawing.part else folder


def fetched_with(card: Card) -> tuple[Card, ...]:
    """The cards that must be here for a card to draw: itself and, where it has one, its lender."""
    lender = card.rules.lender
    return (card, get_card(lender)) if lender else (card,)
