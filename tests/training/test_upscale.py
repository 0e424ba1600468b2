"""The upscaler's training: what it is shown, that it learns, and that it goes on exactly."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.metrics.pocket_judge import Trunk
from engine.training import upscale
from engine.training.data import Cache, Recipe
from engine.training.home import Log, read_log
from engine.vision.upscale import Upscaler, load
from tests.training import toy


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> upscale.Pairs:
    cache = Cache(Recipe(scenes=6, frames=2, size=64), tmp_path_factory.mktemp("raw"))
    cache.make(0)
    return upscale.pairs(cache, 1, toy.small_vae().eval())


def training() -> upscale.Training:
    torch.manual_seed(0)
    return upscale.Training(Upscaler(16, 1), kind=torch.float32)


def test_inputs_show_the_same_place_as_their_truths_however_turned(pairs):
    plain = upscale.Pairs(pairs.high, pairs.low, None)
    inputs, truths = plain.draw(np.random.default_rng(0), 24, 16)
    small = truths.reshape(24, 16, 2, 16, 2, 3).mean((2, 4))
    assert np.abs(small - inputs).mean() < 4  # truths of other places: about 60
    assert np.abs(small - inputs[:, :, ::-1]).mean() > 10


def test_most_of_the_inputs_come_through_the_vae(pairs):
    assert pairs.soft is not None
    rng, soft = np.random.default_rng(1), np.zeros_like(pairs.low)
    inputs, _ = upscale.Pairs(pairs.high, pairs.low, soft).draw(rng, 200, 16)
    assert 0.55 < np.mean([one.max() == 0 for one in inputs]) < 0.75


def test_it_learns_and_resumes_exactly(tmp_path, pairs):
    one = training()
    inputs, truths = pairs.draw(one.rng, 8, 24)
    losses = [one.step(inputs, truths) for _ in range(80)]
    assert losses[-1] < 0.96 * losses[0]  # no learning: ratio 1.00
    one.save(tmp_path / "c.safetensors")
    two = training()
    two.load(tmp_path / "c.safetensors")
    batches = [pairs.draw(t.rng, 4, 24) for t in (one, two)]
    assert one.step(*batches[0]) == two.step(*batches[1])
    assert all(torch.equal(a, b) for a, b in zip(one.optimiser.tensors().values(), two.optimiser.tensors().values(), strict=True))


def test_the_report_measures_beside_bicubic_and_exports_what_loads(tmp_path, pairs):
    one = training()
    one.step(*pairs.draw(one.rng, 4, 24))
    upscale._report(one, tmp_path, Log(tmp_path), [0.5], pairs)
    found = read_log(tmp_path)[-1]["psnr_and_bicubic"]
    assert set(found) == {"clean", "vae", "astronaut", "coffee", "chelsea"} and found["clean"][1] > found["vae"][1] + 3
    drawn = [model.enlarge(pairs.low[:1]) for model in (one.averaged(), load(tmp_path / "export", dtype=torch.float32))]
    assert np.abs(drawn[0].astype(int) - drawn[1]).max() <= 1  # float16 weights


def test_what_is_seen_is_compared_at_the_towers_own_size(pairs):
    torch.manual_seed(0)
    seen = upscale.Seen(Trunk(8))
    truths = torch.from_numpy(pairs.high[:4]).permute(0, 3, 1, 2) / 255
    finer = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(32, 32) * 0.01
    assert float(seen(truths, truths)) == 0
    assert float(seen(truths + finer, truths)) < 1e-3  # averaged away before it is looked at
    drawn = truths.roll(1, 0).requires_grad_()
    apart = seen(drawn, truths)
    apart.backward()
    assert float(apart) > 0.1 and drawn.grad is not None and float(drawn.grad.abs().sum()) > 0  # a comparison that looks at nothing: 0
    model = Upscaler(16, 1)
    inputs = torch.from_numpy(pairs.low[:4]).permute(0, 3, 1, 2) / 255
    assert float(upscale.loss_of(model, inputs, truths, seen)) > float(upscale.loss_of(model, inputs, truths)) * 1.01  # left out: ratio 1.00
