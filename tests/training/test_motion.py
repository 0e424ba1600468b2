"""The motion adapter learns from true clips, goes on exactly after a stop, and stock diffusers loads what it writes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from diffusers import MotionAdapter, UNetMotionModel
from safetensors.torch import load_file

from engine.diffusion.noise import mixed
from engine.diffusion.packed import SMALLEST, WEIGHTS
from engine.training import motion
from engine.training.clips import Clips, moving, scene
from tests.diffusion.toy import shaken
from tests.training import toy
from tests.training.test_training import equal


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return toy.clips(tmp_path_factory.mktemp("clips"))


def training() -> motion.Training:
    unet, _, tokenizer, encoder = toy.parts()
    return motion.Training(shaken(unet, 1, 0.3), tokenizer, encoder, kind=torch.float32)


def test_clips_are_made_once_mirrored_and_read_again(clips):
    assert len(clips) == 4 and clips.take(np.arange(4)).shape == (4, 4, 4, 8, 8)
    before = (clips.folder / "00000.safetensors").read_bytes()
    again = Clips(clips.vae, "toy", folder=clips.folder.parent, scenes=2, frames=4, side=64)
    again.make(0)
    assert (clips.folder / "00000.safetensors").read_bytes() == before and again.specs == clips.specs
    turned = [one.subjects[0].facing for one in clips.specs]
    assert turned[0] != turned[1] and turned[2] != turned[3]  # without mirrors all four could agree


def test_training_scenes_travel_more_often_than_the_picture_models():
    found = [scene(np.random.default_rng(k)).subjects[0].motion for k in range(200)]
    share = np.mean([one in ("left", "right", "up", "down") for one in found])
    assert share > 0.65 and found.count("up") > 15  # sample_spec alone: about .5
    assert all(scene(np.random.default_rng(k), "held-out").seed >= 2**31 for k in range(20))


def test_moving_is_where_something_moves():
    latents = torch.zeros(1, 4, 4, 8, 8)
    latents[0, 2:, :, 3, 3] = 1
    found = moving(latents)
    assert found.shape == (1, 4, 1, 8, 8) and float(found[0, 1, 0, 3, 3]) == 1 and float(found[0, :, 0, 0, 0].max()) == 0
    assert float(found[0, 0, 0, 3, 3]) == 0  # it rests there until the next frame


def test_frames_share_as_much_noise_as_asked():
    noise = mixed((2, 4, 4, 32, 32), torch.tensor([0.2, 0.8]), torch.Generator().manual_seed(0))
    for row, share in zip(noise, (0.2, 0.8), strict=True):
        assert float((row[0] * row[1]).mean()) == pytest.approx(share, abs=0.05) and float(row.std()) == pytest.approx(1, abs=0.03)


def test_motion_learns_alone_and_resumes_exactly(tmp_path, clips):
    one = training()
    frozen = {name: p.detach().clone() for name, p in one.model.named_parameters() if "motion_modules" not in name}
    start = one.held_out(clips, 4)
    assert start["loss"] == pytest.approx(start["still"], abs=1e-4)  # zero-initialised: the picture model
    for k in range(8):
        one.step(clips, 4, coarse=k % 2 == 0)
    assert one.held_out(clips, 4)["loss"] < 0.99 * start["loss"]  # no learning: ratio 1.00
    assert all(torch.equal(p, frozen[name]) for name, p in one.model.named_parameters() if name in frozen)
    one.save(tmp_path / "c.safetensors")
    two = training()
    two.load(tmp_path / "c.safetensors")
    assert one.step(clips, 2) == two.step(clips, 2) and equal(one.optimiser, two.optimiser)


def test_frames_left_out_keep_their_positions():
    one = training()
    module, whole = one.positions.held[0]
    one.positions.only(slice(1, None, 2))
    assert torch.equal(module.pe[:, 1], whole[:, 3]) and not torch.equal(module.pe[:, 1], whole[:, 1])
    one.positions.only(slice(None))
    assert torch.equal(module.pe, whole)


def test_an_export_is_small_and_stock_diffusers_draws_with_it(tmp_path, clips):
    one = training()
    for _ in range(6):
        one.step(clips, 2)
    true = one.averaged()
    motion.export(one.averaged(), tmp_path / "export")
    stored = load_file(tmp_path / "export" / WEIGHTS)
    large = [tensor for tensor in stored.values() if tensor.numel() >= SMALLEST and tensor.ndim == 2]
    assert len(large) > 5 and all(tensor.element_size() == 1 for tensor in large)  # float16: 2
    found = MotionAdapter.from_pretrained(tmp_path / "export")
    assert all(p.dtype == torch.float32 for p in found.parameters())
    unet, x, states = shaken(toy.parts()[0], 1, 0.3), torch.randn(1, 4, 4, 8, 8), torch.randn(4, 64, 32)
    with torch.no_grad():
        drawn = [UNetMotionModel.from_unet2d(unet, each)(x, 500, states).sample for each in (true, found, motion.adapter(unet))]
    assert (drawn[1] - drawn[0]).norm() < 0.2 * (drawn[2] - drawn[0]).norm()  # an adapter that does nothing: 1
