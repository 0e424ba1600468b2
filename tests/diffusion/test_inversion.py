"""Inversion is that of diffusers, and with refinement it leads back."""

from __future__ import annotations

import pytest
import torch
from diffusers import DDIMInverseScheduler, DDIMScheduler

from engine.diffusion.inversion import invert, round_trip
from engine.diffusion.levels import Levels
from engine.diffusion.loop import denoise, finish
from engine.training import image
from tests.diffusion import toy

CLEAN = toy.noise(1, 2, 4, 8, 8) * 0.7


@pytest.mark.parametrize("prediction", ["v_prediction", "epsilon"])
@pytest.mark.parametrize(("spacing", "one"), [("trailing", True), ("leading", False)])
def test_it_equals_diffusers(prediction, spacing, one):
    settings = {"beta_schedule": "scaled_linear", "prediction_type": prediction, "timestep_spacing": spacing, "clip_sample": False, "set_alpha_to_one": one}
    stock = DDIMInverseScheduler(**settings)
    stock.set_timesteps(10)
    unet, states = toy.parts().unet, toy.states()
    wanted = CLEAN[0]
    for timestep in stock.timesteps:
        wanted = stock.step(unet(wanted, timestep, states.expand(2, -1, -1)).sample, timestep, wanted).prev_sample
    steps = list(invert(unet, Levels.of(DDIMScheduler(**settings), 10), CLEAN, states))
    assert (steps[-1].latents[0] - wanted).abs().max() < 1e-4 * wanted.abs().max()
    assert [step.step for step in steps] == list(range(1, 11))


def test_the_way_back_is_near_with_many_steps_and_exact_with_refinement():
    unet = toy.shaken(image.build((32, 32), (1, 1), toy.WIDTH, side=8), 3, 0.4)

    def miss(steps: int, refine: int = 0) -> float:
        return float((round_trip(unet, Levels.of(image.scheduler(), steps), CLEAN, toy.states(), refine=refine) - CLEAN).std() / CLEAN.std())

    few, many, refined = miss(5), miss(20), miss(5, 6)
    assert many < 0.6 * few and refined < 0.05 * few


def test_inversion_finds_the_noise_that_the_sampler_began_with():
    unet = toy.shaken(image.build((32, 32), (1, 1), toy.WIDTH, side=8), 3, 0.4)
    levels, start = Levels.of(image.scheduler(), 5), toy.noise(1, 2, 4, 8, 8, seed=8)
    drawn = finish(denoise(unet, levels, start, toy.states()))
    found = finish(invert(unet, levels, drawn, toy.states(), refine=6))
    assert torch.cosine_similarity(found.flatten(), start.flatten(), 0) > 0.999  # the drawn latents themselves: far less
    assert torch.cosine_similarity(drawn.flatten(), start.flatten(), 0) < 0.95
