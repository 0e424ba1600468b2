"""An untrained motion model draws each frame as the picture model does, and a trained one can be saved and read."""

from __future__ import annotations

import pytest
import torch
from diffusers import MotionAdapter

from engine.diffusion.animate import load_adapter, motion_unet, zeroed_adapter
from engine.diffusion.attention import cross_frame, layers_of
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, denoise, finish
from engine.errors import InvalidInput, ModelUnavailable
from engine.training import image
from tests.diffusion import toy

START = toy.noise(2, 3, 4, 8, 8)
LEVELS = Levels.of(image.scheduler(), 2)


def drawn(model, **more) -> torch.Tensor:
    return finish(denoise(model, LEVELS, START, toy.states(3), negative=toy.states(seed=6), guidance=Guidance(2.0), **more))


@pytest.mark.parametrize("middle", [True, False])
def test_an_untrained_motion_model_is_the_picture_model(middle):
    unet = toy.parts().unet
    motion = motion_unet(unet, zeroed_adapter(unet, frames=8, middle=middle))
    assert (drawn(motion) - drawn(unet)).abs().max() < 1e-3
    fresh = zeroed_adapter(unet, frames=8, middle=middle)
    for name, weight in fresh.named_parameters():
        if "proj_out" in name:
            torch.nn.init.normal_(weight, std=0.3)
    assert (drawn(motion_unet(unet, fresh)) - drawn(unet)).abs().max() > 0.05  # projections that are not zero


def test_motion_sees_all_frames_of_a_take_and_no_other_take():
    unet = toy.parts().unet
    adapter = toy.shaken(zeroed_adapter(unet, frames=8), 2)
    motion, other = motion_unet(unet, adapter), START.clone()
    other[0, 2] += 1
    with torch.no_grad():
        both = [finish(denoise(motion, LEVELS, given, toy.states(3))) for given in (START, other)]
    change = (both[0] - both[1]).abs().amax((2, 3, 4))
    assert bool((change[0] > 1e-3).all()) and bool((change[1] < 1e-4).all())


def test_motion_modules_keep_their_own_attention():
    motion = motion_unet(toy.parts().unet, zeroed_adapter(toy.parts().unet, frames=8))
    assert any("motion_modules" in name and name.endswith("attn1.processor") for name in motion.attn_processors)
    assert layers_of(motion) and not any("motion_modules" in name for name in layers_of(motion))
    with cross_frame(motion, mode="first"):
        found = drawn(motion)
    with cross_frame(toy.parts().unet, mode="first"):
        wanted = drawn(toy.parts().unet)
    assert (found - wanted).abs().max() < 1e-3 and (found - drawn(motion)).abs().max() > 0.01


def test_adapters_are_saved_read_and_refused(tmp_path):
    unet = toy.parts().unet
    adapter = toy.shaken(zeroed_adapter(unet, frames=8), 2)
    adapter.save_pretrained(tmp_path / "motion")
    loaded = load_adapter(tmp_path / "motion", dtype=torch.float32)
    assert torch.equal(drawn(motion_unet(unet, loaded)), drawn(motion_unet(unet, adapter)))
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_adapter(tmp_path, dtype=torch.float32)
    with pytest.raises(InvalidInput, match="does not fit"):
        motion_unet(unet, MotionAdapter(block_out_channels=(32, 32, 32), motion_norm_num_groups=16, motion_num_attention_heads=1))
    with pytest.raises(InvalidInput, match="7 heads"):
        zeroed_adapter(unet, heads=7)
    state = torch.get_rng_state()
    assert all(torch.equal(a, b) for a, b in zip(zeroed_adapter(unet).parameters(), zeroed_adapter(unet).parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), state)
