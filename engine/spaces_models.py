"""Models that ZeroGPU wants on `cuda` before the page is served: there they are packed once, and each call finds them on its card. Loaded inside a call, they would cost its seconds."""

from __future__ import annotations

import contextlib

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import StudioError
from engine.residency import ModelPool
from engine.settings import Settings


def preload(pool: ModelPool, settings: Settings) -> list[str]:
    """Load every large model of Text to video whose weights are here, as far as the pool's budget goes; returns their ids. One that fails is left to its first run, which tells why.

    What is laid into another model (motion modules) has no weights that could wait alone.
    """
    from engine.tasks.text_to_video.models import LARGE

    files, loaded = ModelFiles.of(settings), []
    for card in LARGE.values():
        if not card.rules.part and files.present(card):
            with contextlib.suppress(StudioError, OSError):
                _fill(card, pool, settings)
                loaded.append(card.id)
    return loaded


def _fill(card: Card, pool: ModelPool, settings: Settings) -> None:
    """Load a card's pipeline as `engine.hub.session.opened` will ask for it, and leave its nets on the device, resident."""
    from engine.hardware import device_of
    from engine.hub.fit import Fit
    from engine.hub.pipeline import dtypes_on, ready
    from engine.hub.placing import place

    device = device_of(settings.device)
    image = not card.rules.text  # the class that begins with a picture, where there is no other
    with ready(ModelFiles.of(settings).path(card), card.rules, card.title, pool, dtypes_on(device, card.rules), image=image) as pipeline:
        place(pipeline, Fit("processor" if device.type == "cpu" else "resident"), device)
