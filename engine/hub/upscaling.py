"""The second stage of a clip: its latents made twice as wide and high by an upsampler's net, from which the model's own pipeline walks some more steps at that size.

The net is called through the pipeline of diffusers that holds it, as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from engine.catalog.drawing import Upscaling
from engine.catalog.upscalers import doubled
from engine.hub.adapters import Adapter, worn_too
from engine.hub.components import leased
from engine.hub.located import UPSAMPLER, alone
from engine.hub.pipeline import Wish

if TYPE_CHECKING:
    import torch

    from engine.residency import ModelPool


@dataclass(frozen=True)
class Upsampler:
    """A net that is here for a pipeline. stays: it has room on the device beside the others, and is left there."""

    rules: Upscaling
    folder: Path
    net: Any
    pipeline: Any
    device: torch.device
    stays: bool

    def enlarge(self, latents: Any) -> Any:
        """(B, C, F, h, w) latents as the pipeline gives them -> (B, C, F, 2h, 2w)."""
        import diffusers

        try:
            held = getattr(diffusers, self.rules.pipeline)(self.pipeline.vae, self.net.to(self.device))
            return held(latents=latents, adain_factor=self.rules.adain, tone_map_compression_ratio=self.rules.tone_map, output_type="latent").frames
        finally:
            if not self.stays:
                self.net.to("cpu")

    @contextmanager
    def ready(self, adapters: tuple[Adapter, ...]) -> Iterator[None]:
        """The pipeline as it walks the second stage, for the length of a block. adapters: what it wears already."""
        own = self.pipeline.scheduler
        lora = [Adapter("of the second stage", self.folder / self.rules.lora)] if self.rules.lora else []
        with worn_too(self.pipeline, list(adapters), lora):
            if self.rules.scheduler:
                self.pipeline.scheduler = type(own).from_config(own.config, **self.rules.scheduler)
            try:
                yield
            finally:
                self.pipeline.scheduler = own

    def refining(self, wish: Wish, latents: Any, sound: Any) -> Wish:
        """The call that walks the second stage from latents of twice the size of `wish`, with its words, pictures and seed. sound: the latents of the sound, None without."""
        more = {} if sound is None else {"audio_latents": sound}
        return replace(wish, size=doubled(wish.size), steps=self.rules.steps, guidance=self.rules.guidance or wish.guidance, given={**wish.given, **self.rules.fixed, "latents": latents, **more})

    def decoded(self, latents: Any) -> Any:
        """What the pipeline would have returned for latents that it gave, where it can be told by the latents alone (`raw`)."""
        import torch

        with torch.no_grad():
            video = self.pipeline.vae.decode(latents.to(self.pipeline.vae.dtype), None, return_dict=False)[0]
        return SimpleNamespace(frames=self.pipeline.video_processor.postprocess_video(video, output_type="np"), audio=None)


@contextmanager
def lent(rules: Upscaling | None, folder: Path | None, pool: ModelPool | None, dtypes: dict[str, Any]) -> Iterator[Any]:
    """The net of an upsampler's folder, on the processor, for the length of a block; None without a folder. Raises `ModelUnavailable`."""
    if folder is None or rules is None:
        yield None
        return
    with leased(alone(rules, folder), pool, dtypes) as parts:
        yield parts[UPSAMPLER]


def unrefined(wish: Wish, latents: Any) -> Wish:
    """The call that walks no step and decodes latents of the size of `wish` as the pipeline decodes its own."""
    return replace(wish, given={**wish.given, "latents": latents, "denoise_strength": 0.0})
