"""By which way a clip of a large model comes to twice its size: its latents in a second stage, where the model has an upsampler that is here, or else its pictures. Light."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.catalog.card import Card
from engine.catalog.experts import SWIN2SR
from engine.catalog.fetch import ModelFiles
from engine.catalog.upscalers import upscaler_for
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    from engine.settings import Settings


def wanted(request: TextToVideoRequest) -> bool:
    """The clip is to have twice the width and height. A draft is not enlarged."""
    return request.upscale == "2x" and not request.draft


def upsampler(request: TextToVideoRequest, card: Card, settings: Settings) -> Path | None:
    """Where the net lies that doubles the latents of a clip; None when that is not wanted, the model has none, or it is not here. Raises `ModelUnavailable` for unsound files."""
    net, files = upscaler_for(card.rules), ModelFiles.of(settings)
    return files.path(net) if wanted(request) and net is not None and files.present(net) else None


def told(request: TextToVideoRequest, card: Card, *, enlarger: bool) -> str:
    """A note for the user about a clip whose latents are not doubled; empty when there is nothing to say. enlarger: what enlarges pictures is here."""
    if request.upscale != "2x":
        return ""
    if request.draft:
        return "The clip keeps its size: a draft is not enlarged."
    own = upscaler_for(card.rules)
    if enlarger:
        return "" if own is None else f"Pictures are enlarged one by one. {card.title} can draw the clip at twice its size itself: {_brings(own)}."
    return f"The clip keeps its size: what enlarges it is not here. {' or '.join(map(_brings, [one for one in (own, SWIN2SR) if one is not None]))}."


def _brings(card: Card) -> str:
    return f"`python app.py fetch {card.id}` brings {card.title} ({card.bytes / 1e6:.0f} MB, {card.licence})"
