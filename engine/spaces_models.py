"""Models that ZeroGPU wants on `cuda` before the page is served: there they are packed once, and each call finds them on its card. Loaded inside a call, they would cost its seconds."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import StudioError
from engine.residency import ModelPool
from engine.settings import Settings


@dataclass(frozen=True)
class Preload:
    """A model to be loaded ahead. here: whether its weights are on this machine; fill: lease from the pool what tasks will lease, and move it to the card."""

    name: str
    here: Callable[[Settings], bool]
    fill: Callable[[ModelPool, Settings], None]


PRELOADS: list[Preload] = []
"""What is loaded besides the large models of the catalogue. A provider adds its own when it is imported."""


def preload(pool: ModelPool, settings: Settings) -> list[str]:
    """Load every model whose weights are here, as far as the pool's budget goes; returns their names. One that fails is left to its first run, which tells why."""
    loaded = []
    for model in [*PRELOADS, *_large()]:
        if model.here(settings):
            with contextlib.suppress(StudioError, OSError):
                model.fill(pool, settings)
                loaded.append(model.name)
    return loaded


def _large() -> list[Preload]:
    """The large models of Text to video that lie in folders of their own; what is laid into another model has no weights that could wait alone."""
    from engine.tasks.text_to_video.models import LARGE

    def entry(card: Card) -> Preload:
        return Preload(card.id, lambda settings: ModelFiles.of(settings).present(card), lambda pool, settings: _fill(card, pool, settings))

    return [entry(card) for card in LARGE.values() if not card.rules.part]


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
