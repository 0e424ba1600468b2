"""Text2Video-Zero moves what it draws by the field, and all frames look at the first."""

from __future__ import annotations

from itertools import islice

import pytest
import torch

from engine.diffusion.displacement import pulled, translations, turned_round
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, denoise, finish
from engine.diffusion.zero import Turn, fused, held_to, moved, moved_apart, paper_step, smoothed, text_to_video_zero, together
from engine.training import image
from tests.diffusion import toy

LEVELS = Levels.of(image.scheduler(), 10)
NOISE = toy.noise(1, 1, 4, 8, 8)
FIELD = translations(4, (1.0, 0.0), (8, 8))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_papers_moments():
    assert Turn.of(Levels.of(image.scheduler(), 50)) == Turn(6, 3)  # timesteps 879 and 939
    assert Turn.of(Levels.of(image.scheduler(), 4)) == Turn(1, 1) and Turn.of(LEVELS, 0.5) == Turn(5, 1)
    assert Turn.of(Levels.of(image.scheduler(), 1)) == Turn(0, 0) and Turn.of(Levels.of(image.scheduler(), 2)) == Turn(1, 1)
    single = list(text_to_video_zero(toy.parts().unet, Levels.of(image.scheduler(), 1), NOISE, toy.states(), FIELD, seeded()))
    assert [step.latents.shape[1] for step in single] == [4]
    assert paper_step((64, 64)) == (1.5, 1.5)


def test_latents_move_and_are_noised_to_the_level_that_the_model_is_told():
    turn, wide, first = Turn(6, 3), toy.noise(1, 1, 4, 64, 64, seed=1), toy.noise(1, 1, 4, 64, 64, seed=2)
    start = moved(wide, first, translations(3, (2.0, 1.0), (64, 64)), LEVELS, turn, seeded())
    kept = (LEVELS.alphas[3] / LEVELS.alphas[6]) ** 0.5
    assert torch.equal(start[:, 0], first[:, 0]) and float(start[:, 1:].std()) == pytest.approx(1, abs=0.02)
    follows = (start[:, 2, :, 2:, 4:] * wide[:, 0, :, :-2, :-4]).mean()
    assert float(follows) == pytest.approx(kept, abs=0.03)  # not moved: 0
    still = moved(wide, first, translations(3, (2.0, 1.0), (64, 64)), LEVELS, Turn(6, 6), seeded())
    assert torch.equal(still[:, 2, :, 2:, 4:], wide[:, 0, :, :-2, :-4])


def test_clean_latents_and_noise_move_each_in_its_own_way():
    clean, noise = toy.noise(1, 1, 4, 32, 32, seed=2), toy.noise(1, 1, 4, 32, 32, seed=3)
    fine, bare = turned_round(translations(3, (0.5, 0.0), (32, 32)))
    step = 5
    start = moved_apart(clean, noise, fine, LEVELS, step, seeded(), bare)
    ready = pulled(clean, fine)
    assert torch.equal(moved_apart(ready, noise, fine, LEVELS, step, seeded(), bare), start)  # frames that are moved already
    assert torch.allclose(start[:, 0], LEVELS.noised(clean, noise, step)[:, 0], atol=1e-6)
    kept = LEVELS.alphas[step]
    dust = (start[:, 1, ..., 1:] - kept**0.5 * (clean[:, 0, ..., 1:] + clean[:, 0, ..., :-1]) / 2) / (1 - kept) ** 0.5
    assert float(dust.std()) == pytest.approx(1, abs=0.05)  # both moved together by halves of a cell: 0.71
    assert torch.allclose(start[:, 2, ..., 1:], LEVELS.noised(clean, noise, step)[:, 0, ..., :-1], atol=1e-5)


def test_the_whole_method_moves_the_drawn_frame_and_repeats():
    unet, turn = toy.parts().unet, Turn(3, 2)
    how = {"negative": toy.states(seed=6), "guidance": Guidance(2.0)}
    steps = list(text_to_video_zero(unet, LEVELS, NOISE, toy.states(), FIELD, seeded(), turn=turn, **how))
    assert [(step.step, step.latents.shape[1]) for step in steps] == [*((k, 1) for k in (1, 2, 3)), *((k, 4) for k in range(3, 11))]
    drawn = finish(denoise(unet, LEVELS, NOISE, toy.states(), stop_at=3, **how))
    assert torch.equal(steps[2].latents, drawn)
    # Everything after the move is the joint walk from the moved latents.
    start = moved(drawn, steps[1].latents, FIELD, LEVELS, turn, seeded())
    again = finish(together(unet, LEVELS, start, toy.states(), start_at=2, **how))
    assert torch.equal(again, steps[-1].latents)
    rest = list(together(unet, LEVELS, steps[5].latents, toy.states(), start_at=steps[5].step, **how))
    assert torch.equal(rest[-1].latents, steps[-1].latents)
    picture = finish(denoise(unet, LEVELS, NOISE, toy.states(), **how))
    assert (picture[:, 0] - again[:, 0]).abs().max() < 1e-3  # the first frame is the picture that the noise gives
    alone = finish(denoise(unet, LEVELS, start, toy.states(), start_at=2, **how))
    assert (alone[:, 0] - again[:, 0]).abs().max() < 1e-3 and (alone[:, 1:] - again[:, 1:]).abs().max() > 0.05  # only the first looks at itself alone


def test_a_paused_joint_walk_leaves_the_model_as_it_was():
    unet = toy.parts().unet
    before = dict(unet.attn_processors)
    walk = together(unet, LEVELS, NOISE.expand(-1, 2, -1, -1, -1), toy.states(), start_at=8)
    assert len(list(islice(walk, 1))) == 1
    assert all(unet.attn_processors[name] is own for name, own in before.items())


def test_the_background_is_taken_from_the_moved_first_frame():
    latents = toy.noise(1, 4, 4, 8, 8)
    things = torch.zeros(4, 8, 8)
    things[:, :, :2] = 1
    found = smoothed(latents, FIELD, things, 0.4)
    # Things end at column 1, grown at 3, and the first frame's have moved to column 6 by frame 3.
    assert torch.equal(found[:, 3, ..., :7], latents[:, 3, ..., :7])
    assert torch.allclose(found[:, 3, ..., 7], 0.4 * latents[:, 3, ..., 7] + 0.6 * latents[:, 0, ..., 4])
    assert torch.equal(smoothed(latents, FIELD, torch.ones(4, 8, 8)), latents) and torch.equal(smoothed(latents, FIELD, things, 1.0), latents)


def test_frames_are_held_to_the_moved_first_one_where_it_shows_them():
    unet, start = toy.parts().unet, toy.noise(1, 4, 4, 8, 8)
    bare = torch.zeros(4, 8, 8)
    bare[:, :, :2] = 1

    def miss(**how) -> tuple[float, float]:
        """Distance of the last frame from the moved first one: where it is shown, and where it is not."""
        found = finish(together(unet, LEVELS, start, toy.states(), start_at=0, **how))
        away = (found[:, 3, ..., 3:] - found[:, 0, ..., :-3]).abs().mean(), (found[:, 3, ..., :2] - found[:, 0, ..., :2]).abs().mean()
        return float(away[0]), float(away[1])

    loose, held, longer = miss(), miss(hooks=fused(FIELD, bare, until=0.8)), miss(hooks=fused(FIELD, bare, until=1.0))
    assert longer[0] < 1e-5 and held[0] < 0.8 * loose[0] and longer[1] > 0.3 * loose[1]
    assert miss(hooks=fused(FIELD, bare, until=0.0)) == loose == miss(hooks=fused(FIELD, bare, strength=0.0))
    assert miss(hooks=fused(FIELD))[0] < loose[0]
    target = toy.noise(1, 4, 4, 8, 8, seed=9)
    given = finish(together(unet, LEVELS, start, toy.states(), start_at=0, hooks=held_to(target, bare, until=1.0)))
    assert torch.allclose(given[:, 1:, ..., 2:], target[:, 1:, ..., 2:], atol=1e-5) and not torch.allclose(given[:, 0], target[:, 0], atol=0.1)
    assert (given - target)[:, 1:, ..., :2].abs().mean() > 0.3


def test_the_first_frame_can_be_held_too():
    unet, target = toy.parts().unet, toy.noise(1, 4, 4, 8, 8, seed=9)
    given = finish(together(unet, LEVELS, toy.noise(1, 4, 4, 8, 8), toy.states(), start_at=0, hooks=held_to(target, until=1.0, first_too=True)))
    assert torch.allclose(given, target, atol=1e-5)  # left free: it misses by more than 0.1
