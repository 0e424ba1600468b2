"""The noise levels that a sampler walks through, and the exact deterministic update between two of them (DDIM, Song et al. 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

import torch
from diffusers import DDIMScheduler

from engine.errors import InvalidInput


@dataclass(frozen=True)
class Levels:
    """timesteps: (N,) falling; alphas: (N + 1,) cumulative signal power before each step, and after the last; prediction: what the model gives."""

    timesteps: tuple[int, ...]
    alphas: tuple[float, ...]
    prediction: str

    @staticmethod
    def of(scheduler: Any, steps: int) -> Levels:
        """The levels of a `DDIMScheduler` in so many steps, spaced as it says. Raises `InvalidInput` when there is no such number of steps.

        Each step goes to the level where the next one starts. diffusers rounds 1000 / steps down instead, so with trailing spacing and a number
        that does not divide 1000 its levels miss the model's timesteps by one; else both are the same.
        """
        config = scheduler.config
        if not 1 <= steps <= config.num_train_timesteps:
            raise InvalidInput(f"steps={steps} is not possible", fix=f"choose 1 to {config.num_train_timesteps}", field="steps")
        own: Any = DDIMScheduler.from_config(config)
        own.set_timesteps(steps)
        # Leading spacing with an offset runs past the last timestep when every one is used.
        times = tuple(sorted({min(int(t), config.num_train_timesteps - 1) for t in own.timesteps}, reverse=True))
        return Levels(times, (*(float(own.alphas_cumprod[t]) for t in times), float(own.final_alpha_cumprod)), config.prediction_type)

    @property
    def steps(self) -> int:
        """How many there are."""
        return len(self.timesteps)

    def start(self, strength: float) -> int:
        """The step to start at so that this share of the way is walked (SDEdit, Meng et al. 2022): 1 gives 0, all steps; 0 gives `steps`, none."""
        if not 0 <= strength <= 1:
            raise InvalidInput(f"strength={strength:g} is not possible", fix="choose 0 to 1", field="strength")
        return self.steps - round(self.steps * strength)

    def noised(self, clean: torch.Tensor, noise: torch.Tensor, step: int) -> torch.Tensor:
        """Clean latents with noise as they stand before `step` (at `steps`: at the end)."""
        kept = self.alphas[step]
        return sqrt(kept) * clean + sqrt(1 - kept) * noise

    def read(self, output: torch.Tensor, latents: torch.Tensor, step: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The model's output at `step` as (clean latents, noise)."""
        return read(output, latents, self.alphas[step], self.prediction)

    def following(self, clean: torch.Tensor, noise: torch.Tensor, step: int) -> torch.Tensor:
        """Latents after `step`, from what was read at it."""
        return self.noised(clean, noise, step + 1)


def read(output: torch.Tensor, latents: torch.Tensor, kept: float, prediction: str) -> tuple[torch.Tensor, torch.Tensor]:
    """(clean latents, noise) by a model's output for latents of signal power `kept`. prediction: as diffusers' `prediction_type`."""
    signal, spread = sqrt(kept), sqrt(1 - kept)
    match prediction:
        case "v_prediction":
            return signal * latents - spread * output, signal * output + spread * latents
        case "epsilon":
            return (latents - spread * output) / signal, output
        case "sample":
            return output, (latents - signal * output) / spread
    raise InvalidInput(f"a model that predicts {prediction!r} cannot be sampled", fix="epsilon, v_prediction and sample are known")


def diffused(latents: torch.Tensor, noise: torch.Tensor, kept: float, wanted: float) -> torch.Tensor:
    """Latents of signal power `kept` with fresh noise down to the lower power `wanted` (DDPM forward, Ho et al. 2020)."""
    share = wanted / kept
    return sqrt(share) * latents + sqrt(1 - share) * noise
