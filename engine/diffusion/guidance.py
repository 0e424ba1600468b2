"""Gradient guidance: losses on what the model takes for clean steer the sampling (block B16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import sqrt

import torch

from engine.diffusion.loop import Hooks, Known, Moment

Loss = Callable[[torch.Tensor, Moment], torch.Tensor]
"""`(x0 (B, F, C, H, W), moment) -> scalar`, to be made small. Takes are independent: sum over them, do not average."""


def steered(loss: Loss, weight: float, hooks: Hooks = Hooks(), *, only: torch.Tensor | None = None) -> Hooks:
    """`hooks` with a gradient step at each step: x0 becomes x0 - weight * sqrt(alpha) / 2 * gradient of the loss at the noisy latents.

    That is reconstruction guidance of VDM (Ho et al. 2022, eq. 8) with any loss. only: mask of what may move, broadcast to the latents. The noise is
    read again from the moved x0, so that the two still make up the latents. Costs a backward pass through the model.
    """

    def on_x0(moment: Moment, x0: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        (slope,) = torch.autograd.grad(loss(x0, moment), moment.latents)
        step = weight * sqrt(moment.alpha) / 2 * slope
        moved = (x0 - (step if only is None else step * only)).detach()
        noise = (moment.latents.detach() - sqrt(moment.alpha) * moved) / sqrt(1 - moment.alpha)
        return hooks.on_x0(moment, moved, noise) if hooks.on_x0 is not None else (moved, noise)

    return replace(hooks, on_x0=on_x0, with_gradients=True)


def reconstruction(known: Known, weight: float = 2.0, hooks: Hooks = Hooks()) -> Hooks:
    """What is given of a clip pulls at the rest: the rest moves so that the model's idea of the given part comes nearer to it (Ho et al. 2022).

    To be used with `known` itself in the loop. weight 0 is plain replacement, which joins badly; above 1 as in the paper.
    """

    def loss(x0: torch.Tensor, moment: Moment) -> torch.Tensor:
        return ((x0 - known.latents.to(x0)) * known.mask.to(x0)).pow(2).sum()

    return steered(loss, weight, hooks, only=1 - known.mask)
