"""A loss on what the model takes for clean falls when it steers, and given frames pull at the rest."""

from __future__ import annotations

import torch

from engine.diffusion.guidance import reconstruction, steered
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Hooks, Known, Moment, denoise, finish
from engine.diffusion.windows import Windows
from engine.training import image
from tests.diffusion import toy

LEVELS = Levels.of(image.scheduler(), 6)
START = toy.noise(1, 3, 4, 8, 8)
HOW = {"negative": toy.states(seed=6), "guidance": Guidance(2.0)}


def test_each_step_goes_downhill_and_the_result_obeys():
    wanted, heard = torch.full((4, 8, 8), 0.5), []

    def loss(x0: torch.Tensor, moment: Moment) -> torch.Tensor:
        heard.append(float(x0.detach().sub(wanted).pow(2).sum()))
        return (x0 - wanted).pow(2).sum()

    def after(moment: Moment, x0: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        heard.append(float(x0.sub(wanted).pow(2).sum()))
        assert torch.allclose(LEVELS.noised(x0, noise, moment.step), moment.latents.detach(), atol=1e-4)
        return x0, noise

    steer = finish(denoise(toy.parts().unet, LEVELS, START, toy.states(), hooks=steered(loss, 0.2, Hooks(on_x0=after)), **HOW))
    plain = finish(denoise(toy.parts().unet, LEVELS, START, toy.states(), **HOW))
    assert len(heard) == 12 and all(later <= earlier for earlier, later in zip(heard[::2], heard[1::2], strict=True))
    assert (steer - wanted).pow(2).sum() < 0.8 * (plain - wanted).pow(2).sum()
    still = finish(denoise(toy.parts().unet, LEVELS, START, toy.states(), hooks=steered(lambda x0, moment: (x0 * 0).sum(), 1.0), **HOW))
    assert (still - plain).abs().max() < 1e-3 and not steer.requires_grad


def linked(latents: torch.Tensor, timestep: int, states: torch.Tensor) -> torch.Tensor:
    """A clip model whose frames depend on each other: clean frames are what the frames' mean says."""
    return (0.5 * latents + 0.5 * latents.mean(1, keepdim=True)) * (1 - timestep / 1000)


def test_given_frames_pull_at_the_others():
    own = Levels(LEVELS.timesteps, LEVELS.alphas, "sample")
    given = Known(torch.full((1, 3, 4, 8, 8), 1.0), torch.tensor([1.0, 0.0, 0.0]).view(3, 1, 1, 1), toy.noise(1, 3, 4, 8, 8, seed=4))

    def miss(weight: float | None) -> float:
        hooks = Hooks() if weight is None else reconstruction(given, weight)
        found = finish(denoise(linked, own, START, toy.states(), known=given, hooks=hooks))
        assert torch.equal(found[:, 0], given.latents[:, 0])
        return float((found[:, 1:] - 1).pow(2).mean())

    assert miss(2.0) < 0.9 * miss(None) and abs(miss(0.0) - miss(None)) < 1e-3


def test_gradients_pass_through_windows():
    slopes = []

    def loss(x0: torch.Tensor, moment: Moment) -> torch.Tensor:
        slopes.append(1)
        return x0[:, 2].pow(2).sum()

    windows = Hooks(windows=Windows(2, 1))
    found = finish(denoise(toy.parts().unet, LEVELS, START, toy.states(), hooks=steered(loss, 0.2, windows), start_at=3, stop_at=4))
    plain = finish(denoise(toy.parts().unet, LEVELS, START, toy.states(), hooks=windows, start_at=3, stop_at=4))
    assert slopes and (found - plain)[:, 2].abs().max() > 1e-4 and (found - plain)[:, 0].abs().max() < 1e-5
