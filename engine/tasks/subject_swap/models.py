"""Who can draw a new subject: the values of a request's `drawing`, their names, and which of them are cards of large editors. Light: data alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.catalog.card import Card
from engine.catalog.experts import SD_INPAINTING, SDXL_INPAINTING, VITPOSE
from engine.catalog.video.animate import CARDS as ANIMATE
from engine.catalog.video.vace import CARDS as VACE

OWN = {"auto": "Auto", "embedded": "Cut out and moved", "pocket": "Pocket diffusion model", "diffusion": "Stable Diffusion inpainting", "diffusion-xl": "Stable Diffusion XL inpainting"}
"""What works without a card of its own, or with one of which a folder of the user's can take the place."""



@dataclass(frozen=True)
class Inpainting:
    """An inpainting model of pictures. together: frames that are drawn at once; xl: it is of the family of Stable Diffusion XL."""

    card: Card
    together: int
    xl: bool = False


INPAINTERS = {"diffusion": Inpainting(SD_INPAINTING, together=8), "diffusion-xl": Inpainting(SDXL_INPAINTING, together=4, xl=True)}
"""By their value of `drawing`. A card of 8 GB holds eight frames at 512 pixels; half as many at 1024, each of which has four times the places."""

EDITORS: dict[str, Card] = {card.id: card for card in (*VACE, *ANIMATE)}
"""Cards of large editors, by their value of `drawing`."""

ACTIONS: dict[str, tuple[str, ...]] = {**{card.id: ("replace", "remove", "background") for card in VACE}, **{card.id: ("replace",) for card in ANIMATE}}
"""What each editor can do."""

BESIDE: dict[str, tuple[Card, ...]] = {card.id: (VITPOSE,) for card in ANIMATE}
"""Experts that an editor needs besides its own model."""

OF_EDITORS = ("steps", "guidance", "step_cache", "loras")
"""Fields of a request that editors alone obey."""

TITLES = {**OWN, **{name: f"{card.title} · {card.bytes / 1e9:.0f} GB" for name, card in EDITORS.items()}}

if TYPE_CHECKING:
    Drawer = str
else:
    Drawer = Literal[tuple(TITLES)]
