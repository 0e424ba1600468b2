"""Where a card's model lies: in a folder of its own, as one part beside the folder that lends it the others, or, of a second stage, as one net alone. Light: no torch."""

from __future__ import annotations

from pathlib import Path

from engine.catalog import get_card
from engine.catalog.card import Card
from engine.catalog.drawing import Upscaling
from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import chosen
from engine.hub.components import Alone, Joined, Place, Swapped
from engine.settings import Settings

UPSAMPLER = "latent_upsampler"
"""The name that the net of a second stage has in its folder."""


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


def alone(rules: Upscaling, folder: Path) -> Alone:
    """The place of the net of a second stage. folder: of its card."""
    return Alone(folder, UPSAMPLER, rules.library)
