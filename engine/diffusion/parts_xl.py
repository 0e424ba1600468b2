"""Stable Diffusion XL (Podell et al., 2023) in the loop: two text encoders, and a net that is told the sizes of the picture beside the words.

What the net takes beside the tokens' states, the pooled state of the text, travels as one more token at their end, so that the loop, its branches and its masks need know nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import torch
import torch.nn.functional as F

from engine.diffusion.loop import Denoiser, denoiser_of
from engine.diffusion.parts import KNOWN, Parts, default_dtype, ids_of, read_parts, scheduler_of

KNOWN_XL = {**KNOWN, "text_encoder_2": ("CLIPTextModelWithProjection",), "tokenizer_2": KNOWN["tokenizer"]}


@dataclass(frozen=True, kw_only=True)
class PartsXL(Parts):
    """A model of the XL family. `text_states` gives (B, tokens + 1, width): the last token holds the pooled state, filled up with zeros.

    An empty text is zeros, as the family was taught.
    """

    text_encoder_2: Any
    tokenizer_2: Any
    at_once: ClassVar[int] = 1

    @property
    def pooled(self) -> int:
        """Numbers of the pooled state."""
        return self.text_encoder_2.config.projection_dim

    def _states_of(self, text: str) -> torch.Tensor:
        told = []
        for tokenizer, encoder in ((self.tokenizer, self.text_encoder), (self.tokenizer_2, self.text_encoder_2)):
            found = encoder(ids_of(tokenizer, text).to(encoder.device), output_hidden_states=True)
            told.append(found.hidden_states[-2][0].float().cpu())
        states = torch.cat(told, 1)
        pooled = F.pad(found[0].float().cpu(), (0, states.shape[1] - self.pooled))
        return torch.cat([states, pooled]) if text else torch.zeros(len(states) + 1, states.shape[1])


def load_parts_xl(folder: Path | str, *, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> PartsXL:
    """As `engine.diffusion.parts.load_parts`, for a folder of the XL family. Its VAE stays float32: in half-size numbers it overflows to black."""
    folder, device = Path(folder), torch.device(device)
    return PartsXL(**read_parts(folder, KNOWN_XL, default_dtype(device) if dtype is None else dtype, device, exact=("vae",)), scheduler=scheduler_of(folder))


def denoiser_with(parts: Parts) -> Denoiser:
    """The net of a model as the loop calls it, told what its family wants to know: of XL the pooled text, and that the picture was neither enlarged nor cut."""
    plain = denoiser_of(parts.unet)
    if not isinstance(parts, PartsXL):
        return plain
    pooled, factor = parts.pooled, parts.factor

    def call(latents: torch.Tensor, timestep: int, states: torch.Tensor, **extra: Any) -> torch.Tensor:
        height, width = (side * factor for side in latents.shape[-2:])
        sizes = torch.tensor([height, width, 0, 0, height, width], device=parts.device, dtype=parts.dtype).expand(latents.shape[0] * latents.shape[1], 6)
        text = states[:, :, -1, :pooled].flatten(0, 1).to(parts.device, parts.dtype)
        return plain(latents, timestep, states[:, :, :-1], added_cond_kwargs={"text_embeds": text, "time_ids": sizes}, **extra)

    return call
