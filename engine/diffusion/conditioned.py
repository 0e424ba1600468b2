"""Given frames as further input channels: the conditions of a frame-conditioned model (block B15), and how a UNet is widened for them.

Channels of such a model, for latents of C: the noisy latents (C), the given latents and zeros elsewhere (C), 1 where given (1), noise power of the given ones (1).
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import torch

from engine.diffusion.loop import NEGATIVE, TEXT, Call, Guidance, Hooks, Known, whole_states

FREE = "free"
"""The branch of guidance that sees no given frames."""


def channels(latents: int) -> int:
    """Input channels of a model conditioned so, for latents of so many."""
    return 2 * latents + 2


def widened(unet: Any, count: int) -> Any:
    """A copy of a stock UNet with `count` input channels in all. The new weights are zero: it draws as before until it has learnt to look at them."""
    if count < unet.config.in_channels:
        raise ValueError(f"a model of {unet.config.in_channels} channels cannot be widened to {count}")
    made = type(unet).from_config({**unet.config, "in_channels": count})
    state = dict(unet.state_dict())
    weight = state["conv_in.weight"]
    state["conv_in.weight"] = torch.cat([weight, weight.new_zeros(len(weight), count - weight.shape[1], *weight.shape[2:])], 1)
    made.load_state_dict(state)
    return made.to(unet.device, unet.dtype).train(unet.training)


def conditions(latents: torch.Tensor, mask: torch.Tensor, power: torch.Tensor | float) -> torch.Tensor:
    """The channels beside the noisy latents, (B, F, C + 2, h, w).

    latents: (B, F, C, h, w) the given ones, already noisy; mask: broadcasts to them, 1 where given; power: of that noise, 0..1, broadcasts likewise.
    """
    given = mask.to(latents).expand(*latents.shape[:2], 1, *latents.shape[3:])
    level = torch.as_tensor(power, dtype=latents.dtype, device=latents.device).expand_as(given)
    return torch.cat([latents * given, given, level * given], 2)


def by_channel(known: Known, shape: torch.Size, *, kept: float = 1.0, noise: torch.Tensor | None = None, scale: float = 1.0, states: torch.Tensor | None = None) -> Hooks:
    """Hooks that show a widened model what is known of latents of `shape` (B, F, C, h, w).

    kept: signal power to which the given latents are noised, with `noise` or their own, and which the model is told: faults of frames that it made
    itself are then not believed and do not add up (LVDM, He et al. 2022; 0.97 is about their level 100). scale: guidance on the given frames, as theirs;
    other than 1 it evaluates `states` once more without them.
    """
    dust = known.noise if noise is None else noise
    shown = (sqrt(kept) * known.latents + sqrt(1 - kept) * dust).expand(shape)
    extra = conditions(shown, known.mask.expand(shape)[:, :, :1], 1 - kept)

    def model_input(call: Call) -> torch.Tensor:
        rows = call.each(extra).unflatten(0, (len(call.branches), -1))
        seen = torch.stack([torch.zeros_like(row) if name == FREE else row for name, row in zip(call.branches, rows, strict=True)])
        return torch.cat([call.latents, seen.flatten(0, 1).to(call.latents)], 2)

    if scale == 1:
        return Hooks(model_input=model_input)
    if states is None:
        raise ValueError("guidance on the given frames needs the text's states")
    return Hooks(model_input=model_input, branches={FREE: whole_states(states, known.latents.expand(shape))})


def with_frames(guidance: Guidance, scale: float) -> Any:
    """A `guide` hook: classifier-free guidance on the text, and with `scale` on the given frames beside it."""

    def guide(outputs: dict[str, torch.Tensor], call: Call) -> torch.Tensor:
        texts = {name: outputs[name] for name in (TEXT, NEGATIVE) if name in outputs}
        return guidance(texts) + (scale - 1) * (outputs[TEXT] - outputs[FREE])

    return guide
