"""Who can draw a clip: the values of a request's `model` and `picture_model`, their names, and which provider serves them. Light: data alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from engine.catalog.pictures import CARDS as PICTURE_CARDS
from engine.catalog.video import CARDS

OWN_MODELS = {"diorama": "Diorama, drawn exactly", "pocket": "Pocket diffusion model", "local": "A model of your own"}
"""What works here without a fetch, and what the user has."""

LARGE = {card.id: card for card in CARDS if not card.rules.driven}
"""Cards of large models, by their value of `model`; those that need a clip of somebody who moves are for Subject swap."""

TITLES = {**OWN_MODELS, **{name: f"{card.title} · {card.bytes / 1e9:.0f} GB" for name, card in LARGE.items()}}

PICTURES = {card.id: card for card in PICTURE_CARDS}
"""Cards of models that draw the first picture of a clip, by their value of `picture_model`."""

PICTURE_TITLES = {"none": "None", **{name: f"{card.title} · {card.bytes / 1e9:.0f} GB" for name, card in PICTURES.items()}}

if TYPE_CHECKING:
    Model = str
    PictureModel = str
else:
    Model = Literal[tuple(TITLES)]
    PictureModel = Literal[tuple(PICTURE_TITLES)]


def draws_anything(model: str) -> bool:
    """True for models that know more than the paper-cut world."""
    return model not in ("", "diorama", "pocket")
