"""Long clips: given frames stay, joins hold, pieces come in any order, memory does not grow with length."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.levels import Levels
from engine.diffusion.long import by_pieces, co_denoised
from engine.diffusion.loop import Guidance, denoise, finish
from engine.diffusion.schedules import PLANS, Piece, key_frames
from engine.diffusion.windows import Windows
from engine.errors import InvalidInput
from engine.training import image
from tests.diffusion import toy

LEVELS = Levels.of(image.scheduler(), 2)
LONG = toy.noise(1, 20, 4, 8, 8)


class Agreeing:
    """A clip model that pulls the frames that it sees to their common mean, and counts how many it saw at most."""

    def __init__(self) -> None:
        self.most = 0

    def __call__(self, latents: torch.Tensor, timestep: int, states: torch.Tensor) -> torch.Tensor:
        self.most = max(self.most, len(latents[0]))
        return 0.2 * latents + 0.8 * latents.mean(1, keepdim=True) + states.mean((2, 3))[:, :, None, None, None]


CLEAN = Levels(LEVELS.timesteps, LEVELS.alphas, "sample")


def text() -> torch.Tensor:
    return torch.zeros(6, toy.WIDTH)


def seams(clip: torch.Tensor, joins: list[int]) -> float:
    change = (clip[:, 1:] - clip[:, :-1]).abs().mean((0, 2, 3, 4))
    inside = [k for k in range(len(change)) if k + 1 not in joins]
    return float(change[[k - 1 for k in joins]].mean() / change[inside].mean())


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_makes_a_whole_clip_and_keeps_what_is_given(name):
    first, model = toy.noise(4, 8, 8, seed=9), Agreeing()
    steps = list(by_pieces(model, CLEAN, LONG, text(), PLANS[name](20, 6, given=[0]), 6, given={0: first}, negative=text(), guidance=Guidance(2.0)))
    assert steps[-1].made == tuple(range(20)) and steps[-1].done == steps[-1].total == len(steps) and model.most <= 6
    assert torch.equal(steps[-1].clip[0, 0], first) and bool((steps[-1].clip.abs().amax((0, 2, 3, 4)) > 0).all())
    for early, late in zip(steps, steps[1:], strict=False):  # what is made is not made again
        assert torch.equal(early.clip[:, list(early.made)], late.clip[:, list(early.made)])


def test_joins_hold_where_pieces_see_each_other():
    def clip(overlap: int) -> torch.Tensor:
        return list(by_pieces(Agreeing(), CLEAN, LONG[:, :18], text(), PLANS["extend"](18, 6, overlap=overlap), 6))[-1].clip

    alone, seen = clip(0), clip(2)
    merged = list(co_denoised(Agreeing(), CLEAN, LONG[:, :18], text(), Windows(6, 3)))[-1].clip
    assert seams(alone, [6, 12]) > 3  # independent clips
    assert seams(seen, [6, 10, 14]) < 0.85 * seams(alone, [6, 12]) and seams(merged, [3, 6, 9, 12]) < 1.4


def test_pieces_of_one_level_come_in_any_order_and_a_stopped_run_goes_on():
    plan, noise, states = list(key_frames(12, 6)), LONG[:, :12], toy.states(12)
    mixed = [plan[0], *reversed(plan[1:])]
    whole = list(by_pieces(toy.parts().unet, LEVELS, noise, states, plan, 6))
    other = list(by_pieces(toy.parts().unet, LEVELS, noise, states, mixed, 6))[-1].clip
    assert torch.equal(whole[-1].clip, other)
    stopped = whole[5]  # three pieces of two steps are whole
    rest = list(by_pieces(toy.parts().unet, LEVELS, noise, states, plan, 6, clip=stopped.clip, pieces_done=3))
    assert torch.equal(rest[-1].clip, whole[-1].clip) and rest[0].done == 7
    assert not torch.equal(stopped.clip, whole[-1].clip)
    with pytest.raises(InvalidInput, match="not there yet"):
        next(by_pieces(toy.parts().unet, LEVELS, noise, states, [Piece((3,), (4,))], 6))


def test_texts_by_frame_reach_the_frames_of_each_piece():
    each = toy.states(20)
    plan = [Piece((), (0, 5, 10)), Piece((5, 10), (6, 7, 8, 9)), *(Piece((), (f,)) for f in (1, 2, 3, 4, *range(11, 20)))]
    found = list(by_pieces(toy.parts().unet, LEVELS, LONG, each, plan, 6))[-1].clip
    alone = finish(denoise(toy.parts().unet, LEVELS, LONG, each))
    assert (found - alone).abs().max() < 1e-3  # a picture model draws each frame for itself: another text would show
    assert (finish(denoise(toy.parts().unet, LEVELS, LONG, each.flip(0))) - alone).abs().max() > 0.05


def test_let_go_below_a_level_the_seen_frames_help_but_do_not_bind():
    levels = Levels.of(image.scheduler(), 4)
    plan = [Piece((), (0, 1, 2)), Piece((0, 1), (2,))]
    given = {0: toy.noise(4, 8, 8, seed=9), 1: toy.noise(4, 8, 8, seed=9)}

    def run(let_go: int) -> tuple[torch.Tensor, torch.Tensor]:
        last = list(by_pieces(Agreeing(), Levels(levels.timesteps, levels.alphas, "sample"), LONG[:, :3], text(), plan[1:], 3, given=given, let_go=let_go))[-1]
        return last.clip, last.x0

    bound, free = run(0), run(600)
    assert torch.equal(bound[0][:, 0], free[0][:, 0])  # in the clip they stay
    assert torch.equal(bound[1][0, 0], given[0]) and not torch.equal(free[1][0, 0], given[0])
    assert (bound[0][:, 2] - free[0][:, 2]).abs().max() > 1e-3


def test_co_denoising_keeps_given_frames_and_resumes():
    noise, given = LONG[:, :8], {0: toy.noise(4, 8, 8, seed=9), 7: toy.noise(4, 8, 8, seed=10)}
    steps = list(co_denoised(toy.parts().unet, LEVELS, noise, toy.states(), Windows(4, 2), given=given))
    assert torch.equal(steps[-1].clip[0, 0], given[0]) and torch.equal(steps[-1].clip[0, 7], given[7])
    assert steps[0].made == () and steps[-1].made == tuple(range(8))
    plain = list(co_denoised(toy.parts().unet, LEVELS, noise, toy.states(), Windows(4, 2)))
    rest = list(co_denoised(toy.parts().unet, LEVELS, plain[0].clip, toy.states(), Windows(4, 2), start_at=1))
    assert torch.equal(rest[-1].clip, plain[-1].clip) and len(rest) == 1
    assert not torch.equal(steps[-1].clip[0, 0], plain[-1].clip[0, 0])
