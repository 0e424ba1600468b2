"""The clip model learns with any frames given, goes on exactly after a stop, and draws through the loop."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.diffusion.clip_net import ClipNet, load_clip_net
from engine.diffusion.conditioned import by_channel
from engine.diffusion.levels import Levels
from engine.diffusion.long import known_frames
from engine.diffusion.loop import denoise, finish
from engine.errors import InvalidInput, ModelUnavailable
from engine.training import frames, image
from tests.diffusion.toy import shaken
from tests.training import toy
from tests.training.test_training import equal

SMALL = {"frames": 4, "width": 32, "low": 32, "high_blocks": 1, "low_blocks": 2, "words": 32, "time": 16}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    return toy.clips(tmp_path_factory.mktemp("clips"), 3)


def training() -> frames.Training:
    _, _, tokenizer, encoder = toy.parts()
    torch.manual_seed(2)
    return frames.Training(ClipNet(**SMALL), tokenizer, encoder, kind=torch.float32)


def test_masks_say_what_is_given():
    rng = np.random.default_rng(0)
    found = {kind: frames.mask_of(kind, 16, rng) for kind in frames.GIVEN}
    assert found["first"].nonzero()[0].tolist() == [0] and found["last"].nonzero()[0].tolist() == [15] and found["both"].nonzero()[0].tolist() == [0, 15]
    assert found["every 4th"].nonzero()[0].tolist() == [0, 4, 8, 12, 15] and not found["none"].any() and found["any"].sum() == 1
    assert 2 <= found["start"].sum() <= 8 and found["start"][0] == 1
    assert sum(frames.GIVEN.values()) == pytest.approx(1)


def test_clip_model_learns_and_resumes_exactly(tmp_path, clips):
    one = training()
    fresh = one.held_out(one.averaged(), clips, 6)["first"]
    losses = [one.step(clips, 6) for _ in range(30)]
    assert np.mean(losses[-5:]) < 0.9 * np.mean(losses[:3])  # no learning: ratio 1.0 give or take 0.05
    assert one.held_out(one.averaged(), clips, 6)["first"] < 0.95 * fresh  # no learning: 1.0
    one.save(tmp_path / "c.safetensors")
    two = training()
    two.load(tmp_path / "c.safetensors")
    assert one.step(clips, 6) == two.step(clips, 6) and equal(one.optimiser, two.optimiser)


def test_an_export_is_read_again_and_broken_ones_are_refused(tmp_path):
    net = shaken(ClipNet(**SMALL), 3, 0.3)
    frames.export(net, tmp_path / "export")
    read = load_clip_net(tmp_path / "export", torch.float32)
    given, states = torch.randn(2, 4, 10, 8, 8), torch.randn(2, 64, 32)
    with torch.no_grad():
        one, two = (each(given, torch.tensor([3, 900]), states) for each in (net, read))
    assert (one - two).norm() < 0.05 * one.norm()  # another net: about 1.4
    with pytest.raises(InvalidInput, match="4 frames"):
        read(given[:, :3], torch.tensor([3, 900]), states)
    (tmp_path / "export/config.json").write_text("{")
    with pytest.raises(ModelUnavailable):
        load_clip_net(tmp_path / "export", torch.float32)


def test_what_is_given_and_what_is_said_reach_every_frame():
    net = shaken(ClipNet(**SMALL), 3, 0.3)
    levels, noise, states = Levels.of(image.scheduler(), 3), torch.randn(1, 4, 4, 8, 8), torch.randn(64, 32)

    def drawn(value: float, words: torch.Tensor) -> torch.Tensor:
        known = known_frames({1: torch.full((4, 8, 8), value)}, noise)
        return finish(denoise(net.draw, levels, noise, words, known=known, hooks=by_channel(known, noise.shape, noise=torch.zeros_like(noise))))

    one, other, said = drawn(0.5, states), drawn(-0.5, states), drawn(0.5, states + 1)
    assert torch.equal(one[:, 1], torch.full((1, 4, 8, 8), 0.5))
    rest = [0, 2, 3]
    assert (one - other)[:, rest].abs().amax((0, 2, 3, 4)).min() > 1e-3 and (one - said)[:, rest].abs().amax((0, 2, 3, 4)).min() > 1e-3
