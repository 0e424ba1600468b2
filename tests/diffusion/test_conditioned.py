"""A widened model draws as before, and is shown exactly what is given, as noisy as it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from engine.diffusion.conditioned import by_channel, channels, widened, with_frames
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Hooks, Known, denoise, finish
from engine.diffusion.windows import Windows
from engine.training import image
from tests.diffusion import toy

LEVELS = Levels.of(image.scheduler(), 2)
START = toy.noise(1, 4, 4, 8, 8)
KNOWN = Known(toy.noise(1, 4, 4, 8, 8, seed=3), torch.tensor([1.0, 0.0, 0.0, 1.0]).view(4, 1, 1, 1), toy.noise(1, 4, 4, 8, 8, seed=4))


def test_new_channels_change_nothing_until_they_are_learnt():
    wide = widened(toy.parts().unet, channels(4))
    assert wide.config.in_channels == 10
    found = finish(denoise(wide, LEVELS, START, toy.states(), hooks=by_channel(KNOWN, START.shape)))
    assert (found - finish(denoise(toy.parts().unet, LEVELS, START, toy.states()))).abs().max() < 1e-3
    with torch.no_grad():
        wide.conv_in.weight[:, 4:] = 0.1
    assert (finish(denoise(wide, LEVELS, START, toy.states(), hooks=by_channel(KNOWN, START.shape))) - found).abs().max() > 0.01
    with pytest.raises(ValueError, match="cannot be widened"):
        widened(wide, 4)


def test_what_is_given_is_shown_and_nothing_else():
    heard = []

    def model(latents, timestep, states):
        heard.append(latents)
        return latents[:, :, :4]

    two = START.repeat(2, 1, 1, 1, 1)
    list(denoise(model, LEVELS, two, toy.states(), hooks=by_channel(KNOWN, two.shape), stop_at=1))
    shown, mask, level = heard[0].split([4, 4, 1, 1], 2)[1:]
    assert torch.equal(shown[1, 0], KNOWN.latents[0, 0]) and torch.equal(shown[0, 3], KNOWN.latents[0, 3]) and not shown[:, 1:3].any()
    assert mask[0, :, 0, 0, 0].tolist() == [1, 0, 0, 1] and not level.any()
    list(denoise(model, LEVELS, START, toy.states(), hooks=by_channel(KNOWN, START.shape, kept=0.75), stop_at=1))
    assert torch.allclose(heard[1][0, 0, 4:8], 0.75**0.5 * KNOWN.latents[0, 0] + 0.5 * KNOWN.noise[0, 0]) and heard[1][0, :, 9, 0, 0].tolist() == [0.25, 0, 0, 0.25]
    hooks = by_channel(KNOWN, START.shape)
    list(denoise(model, LEVELS, START, toy.states(), hooks=Hooks(model_input=hooks.model_input, windows=Windows(2, 1)), stop_at=1))
    assert [part[0, :, 8, 0, 0].tolist() for part in heard[2:]] == [[1, 0], [0, 0], [0, 1]]


def test_guidance_on_the_given_frames_goes_away_from_what_is_drawn_without_them():
    def model(latents, timestep, states):
        return latents[:, :, 4:8] + states.mean((1, 2, 3)).view(-1, 1, 1, 1, 1)

    hooks = replace(by_channel(KNOWN, START.shape, scale=3.0, states=toy.states()), guide=with_frames(Guidance(2.0), 3.0))
    levels = Levels((500,), (0.5, 1.0), "sample")
    found = finish(denoise(model, levels, START, toy.states(), negative=toy.states(seed=6), guidance=Guidance(2.0), hooks=hooks))
    text, against = toy.states().mean(), toy.states(seed=6).mean()
    assert torch.allclose(found[0, 0], 3 * KNOWN.latents[0, 0] + 2 * text - against, atol=1e-5)  # without: once the given latents
    assert torch.allclose(found[0, 1], (2 * text - against).expand(4, 8, 8), atol=1e-5)
    with pytest.raises(ValueError, match="states"):
        by_channel(KNOWN, START.shape, scale=3.0)
