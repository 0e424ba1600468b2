"""The second stage of a clip: its latents made twice as wide and high by an upsampler's net, from which the model's own pipeline walks its last steps again at that size.

The net is called through the pipeline of diffusers that holds it, as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.drawing import Upscaling
from engine.errors import ModelUnavailable
from engine.hub.components import leased
from engine.hub.needs import UPSAMPLER, doubled
from engine.hub.pipeline import Wish

if TYPE_CHECKING:
    from engine.residency import ModelPool

@contextmanager
def lent(folder: Path | None, pool: ModelPool | None, dtypes: dict[str, Any]) -> Iterator[Any]:
    """The net of an upsampler's folder, on the processor, for the length of a block; None without a folder. Raises `ModelUnavailable`."""
    if folder is None:
        yield None
        return
    with leased(folder, pool, dtypes, wanted=frozenset({UPSAMPLER})) as parts:
        if UPSAMPLER not in parts:
            raise ModelUnavailable(f"{folder.name} has no {UPSAMPLER}", why="its model_index.json does not name it", fix="remove it in the engine room and fetch it again")
        yield parts[UPSAMPLER]


def enlarge(net: Any, pipeline: Any, rules: Upscaling, latents: Any, device: Any, *, stays: bool) -> Any:
    """(B, C, F, h, w) latents as the loop of `pipeline` holds them -> (B, C, F, 2h, 2w). stays: the net has room on the device beside the others and is left there."""
    import diffusers

    try:
        held = getattr(diffusers, rules.pipeline)(pipeline.vae, net.to(device))
        return held(latents=latents, adain_factor=rules.adain, tone_map_compression_ratio=rules.tone_map, output_type="latent").frames
    finally:
        if not stays:
            net.to("cpu")


def refining(wish: Wish, rules: Upscaling, latents: Any) -> Wish:
    """The call that walks the second stage from latents of twice the size of `wish`, with its words, pictures and seed."""
    listed = {"timesteps": list(rules.timesteps)} if rules.timesteps else {}
    return replace(wish, size=doubled(wish.size), steps=rules.steps, given={**wish.given, "latents": latents, "denoise_strength": rules.strength, **listed})


def unrefined(wish: Wish, latents: Any) -> Wish:
    """The call that walks no step and decodes latents of the size of `wish` as the pipeline decodes its own."""
    return replace(wish, given={**wish.given, "latents": latents, "denoise_strength": 0.0})
