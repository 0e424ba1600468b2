"""Windows leave no frame out, and one window is a plain run."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Hooks, denoise, finish
from engine.diffusion.windows import Windows
from engine.errors import InvalidInput
from engine.training import image
from tests.diffusion import toy

LEVELS = Levels.of(image.scheduler(), 3)


@given(some.integers(1, 300), some.integers(1, 40), some.data(), some.booleans(), some.sampled_from(["triangular", "flat"]))
def test_every_frame_is_in_a_window_with_weight(frames, size, data, loop, weights):
    windows = Windows(size, data.draw(some.integers(1, size)), weights, loop)
    spans = windows.spans(frames)
    assert {frame for span in spans for frame in span} == set(range(frames))
    assert all(len(span) == min(size, frames) == len(set(span)) for span in spans)
    assert all(0 < weight <= 1 for weight in windows.trust(min(size, frames)))
    if not loop:
        assert spans[-1][-1] == frames - 1 and len(set(spans)) == len(spans)


def test_the_tail_is_not_forgotten_and_the_middle_is_trusted_most():
    assert [span[0] for span in Windows(16, 8).spans(37)] == [0, 8, 16, 21]  # (37 - 16) // 8 + 1 windows would end at frame 32
    assert Windows(5, 2).trust(5) == (1 / 3, 2 / 3, 1, 2 / 3, 1 / 3) and Windows(4, 2, "flat").trust(4) == (1.0,) * 4
    assert Windows(4, 2, loop=True).spans(6)[-1] == (4, 5, 0, 1)
    with pytest.raises(InvalidInput, match="leave gaps"):
        Windows(4, 5)


def test_one_window_is_a_plain_run():
    start = toy.noise(1, 6, 4, 8, 8)
    how = {"negative": toy.states(seed=6), "guidance": Guidance(2.0)}
    plain = finish(denoise(toy.parts().unet, LEVELS, start, toy.states(), **how))
    assert torch.equal(finish(denoise(toy.parts().unet, LEVELS, start, toy.states(), hooks=Hooks(windows=Windows(8, 4)), **how)), plain)
    # A model without a view of time is the same through any windows; a merge with wrong weights is not.
    merged = finish(denoise(toy.parts().unet, LEVELS, start, toy.states(6), hooks=Hooks(windows=Windows(3, 2)), **how))
    assert (merged - finish(denoise(toy.parts().unet, LEVELS, start, toy.states(6), **how))).abs().max() < 1e-3


def test_overlapping_outputs_are_averaged_at_each_step():
    def model(latents, timestep, states, **extra):
        """What a window gives depends on where it starts."""
        return latents[:, :1].expand_as(latents)

    start = torch.arange(5.0).view(1, 5, 1, 1, 1)
    levels = Levels((500,), (0.5, 1.0), "sample")
    found = finish(denoise(model, levels, start, toy.states(), hooks=Hooks(windows=Windows(3, 2, "flat"))))
    assert found.flatten().tolist() == pytest.approx([0, 0, 1, 2, 2])  # alone: 0, 0, 0 and 2, 2, 2
    found = finish(denoise(model, levels, start, toy.states(), hooks=Hooks(windows=Windows(3, 1))))
    assert found.flatten().tolist() == pytest.approx([0, 1 / 3, (0.5 * 0 + 1 * 1 + 0.5 * 2) / 2, (1 * 2 + 0.5 * 1) / 1.5, 2])
