"""DDIM inversion (Song et al. 2021; Mokady et al. 2023): from clean latents to the noise that the sampler turns into them again."""

from __future__ import annotations

from collections.abc import Iterator
from math import acos, cos, sin, sqrt
from typing import Any

import torch

from engine.diffusion.levels import Levels, read
from engine.diffusion.loop import Guidance, Hooks, Moment, Step, branches_of, denoise, denoiser_of, finish, predict
from engine.diffusion.parts import Checkpoint


@torch.no_grad()
def invert(
    model: Any, levels: Levels, latents: torch.Tensor, states: torch.Tensor, *, negative: torch.Tensor | None = None, guidance: Guidance = Guidance(), refine: int = 0,
    hooks: Hooks = Hooks(), checkpoint: Checkpoint = lambda: None,
) -> Iterator[Step]:  # fmt: skip
    """Walk clean latents (B, F, C, H, W) up to noise and tell after each step; `step` counts up, and `levels.steps - step` is where sampling would start.

    The model is asked at the noisier level about the latents of the cleaner one, as diffusers' `DDIMInverseScheduler` does. refine: so many times more it
    is asked about the result itself, until sampling leads back exactly (fixed point, Pan et al. 2023). `before_step`, conditions, branches and windows of the
    hooks take part; `on_x0` and `after_step` have no meaning on the way up. Guidance above 1 makes the way back worse.
    """
    denoiser, branches = denoiser_of(model), branches_of(states, negative, guidance, hooks, latents)
    latents = latents.float()
    for step in reversed(range(levels.steps)):
        before, x0 = latents, latents
        for turn in range(refine + 1):
            moment = Moment(step, levels.timesteps[step], levels, latents)
            if hooks.before_step is not None:
                hooks.before_step(moment)
            output = predict(denoiser, moment, branches, guidance, hooks, checkpoint)
            if turn == 0:
                x0, noise = read(output, latents, levels.alphas[step + 1], levels.prediction)
                latents = levels.noised(x0, noise, step)
            else:
                latents, x0 = _solved(before, output, latents, levels, step)
        yield Step(levels.steps - step, levels.steps, latents, x0)


def round_trip(model: Any, levels: Levels, latents: torch.Tensor, states: torch.Tensor, *, refine: int = 0, hooks: Hooks = Hooks()) -> torch.Tensor:
    """Latents (B, F, C, H, W) inverted and sampled again with the same texts, without guidance: how faithful the inversion is."""
    return finish(denoise(model, levels, finish(invert(model, levels, latents, states, refine=refine, hooks=hooks)), states, hooks=hooks))


def _solved(before: torch.Tensor, output: torch.Tensor, guess: torch.Tensor, levels: Levels, step: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The latents from which one DDIM step leads to `before`, if the model answers about them as it did about `guess`; and what it takes for clean.

    A step is a turn in the plane of signal and noise: x' = cos(d) x - sin(d) v. In this form no level divides by nothing, neither the first nor the last.
    """
    kept, wanted = levels.alphas[step], levels.alphas[step + 1]
    x0, noise = read(output, guess, kept, levels.prediction)
    v = sqrt(kept) * noise - sqrt(1 - kept) * x0
    turn = acos(sqrt(kept)) - acos(min(1.0, sqrt(wanted)))
    latents = (before + sin(turn) * v) / cos(turn)
    return latents, sqrt(kept) * latents - sqrt(1 - kept) * v
