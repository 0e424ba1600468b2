"""How much of a net's work a step cache leaves out on a tiny copy, and how near its clip stays to the whole one: used by the tests and by `python -m bench.caches`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from engine.catalog.card import Card
from engine.hub.caching import cached
from engine.hub.fields import Level
from engine.hub.names import DENOISERS
from engine.hub.pipeline import dtypes_on, frames_of, ready
from engine.settings import StepCacheMethod
from tests.hub.checks import Bed, by_hand, modes, ruled, wish_for

STEPS = 20


@dataclass(frozen=True)
class Skipped:
    """method: what was used, empty for none. share: of the multiplications in the blocks' linear layers that were done. psnr: of the clip against the whole one, in dB."""

    method: str
    share: float
    psnr: float
    same_after: bool


def measured(bed: Bed, card: Card, level: Level, method: StepCacheMethod = "auto", *, steps: int = STEPS) -> Skipped:
    """A whole call, one with the cache, and a whole one again, which must be the first one's bits."""
    image = modes(card)[0]
    small = ruled(card, image=image)
    drawing, wish = small.drawing, wish_for(small, image=image, steps=steps)
    assert drawing is not None
    with ready(bed.place(card), drawing, card.title, bed.pool, dtypes_on(torch.device("cpu"), drawing), image=image) as pipeline:

        def call() -> tuple[np.ndarray, int]:
            with counted(pipeline) as done:
                frames = frames_of(by_hand(pipeline, small, wish))
            return frames.astype(float), done[0]

        whole, all_of_it = call()
        with cached(pipeline, level, method) as used:
            quick, some = call()
        again, _ = call()
    error = float(((quick - whole) ** 2).mean())
    return Skipped(used, some / all_of_it, 10 * float(np.log10(255**2 / max(error, 1e-10))), bool(np.array_equal(whole, again)))


@contextmanager
def counted(pipeline: object) -> Iterator[list[int]]:
    """The multiplications in the linear layers of the denoisers' blocks, in a list of one."""
    done = [0]

    def add(layer: torch.nn.Linear, given: tuple[torch.Tensor, ...], found: torch.Tensor) -> None:
        done[0] += found.numel() * layer.in_features

    nets = [net for name in DENOISERS if (net := getattr(pipeline, name, None)) is not None]
    layers = [layer for net in nets for name, layer in net.named_modules() if "block" in name and "refiner" not in name and "embed" not in name and isinstance(layer, torch.nn.Linear)]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    try:
        yield done
    finally:
        for hook in hooks:
            hook.remove()
