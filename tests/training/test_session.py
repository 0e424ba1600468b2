"""The walk that every training takes: minutes, rates, reports, stop, and checkpoints of before."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.training.home import save_checkpoint
from engine.training.optim import Optimiser
from engine.training.session import Learner, rate_at, train


def learner() -> Learner:
    torch.manual_seed(0)
    return Learner(Optimiser(nn.Linear(2, 1).named_parameters()), np.random.default_rng(3))


def test_it_steps_until_the_minutes_are_over_and_reports_the_mean_loss():
    one, shares, told = learner(), [], []

    def step(done: float) -> float:
        shares.append(done)
        sum(k * k for k in range(20_000))  # some processor time
        return float(len(shares))

    train(one, 0.005, step, told.append, stop=False, every=0.1)  # type: ignore[arg-type]
    assert one.seconds >= 0.3 and shares[0] == 0 and 0.9 < shares[-1] < 1 and shares == sorted(shares)
    assert len(told) >= 3 and told[0] == sum(range(1, int(2 * told[0]))) / (2 * told[0] - 1)  # the mean of the first few losses, 1, 2, ...
    before = one.seconds
    train(one, 0.005, step, told.append, stop=False)  # type: ignore[arg-type]
    assert told[-1] is None and one.seconds == before, "nothing is left to train: only a report"


def test_a_stop_ends_it_at_once_with_a_report():
    one, told = learner(), []
    train(one, 5, lambda done: 1.0, told.append, stop=True)  # type: ignore[arg-type]
    assert told == [None] and one.seconds == 0


def test_learning_goes_down_a_loss_and_counts(tmp_path):
    model = nn.Linear(2, 1)
    one = Learner(Optimiser(model.named_parameters(), adam_rate=0.05), np.random.default_rng(3))
    losses = [one.learn((model(torch.ones(1, 2)) - 3).pow(2).mean(), 4) for _ in range(40)]
    assert losses[-1] < losses[0] / 2 and one.samples == 160  # without a step the loss stays
    one.save(tmp_path / "now.safetensors")
    other = learner()
    other.resume(tmp_path / "now.safetensors")
    other.resume(tmp_path / "none.safetensors")
    assert other.samples == 160 and other.rng.random() == one.rng.random() and torch.equal(torch.rand(1, generator=other.noise), torch.rand(1, generator=one.noise))


@pytest.mark.parametrize(("state", "samples"), [({"pictures": 7}, 7), ({}, 0)])
def test_checkpoints_of_before_are_read(tmp_path, state, samples):
    one = learner()
    save_checkpoint(tmp_path / "old.safetensors", one.optimiser.tensors(), {"steps": 2, "seconds": 5.0, "rng": one.rng.bit_generator.state, **state})
    one.load(tmp_path / "old.safetensors")
    assert (one.samples, one.seconds, one.optimiser.steps) == (samples, 5.0, 2)


def test_the_rate_rises_rests_and_falls():
    assert rate_at(0) == pytest.approx(0.05) and rate_at(0.3) == 1 and rate_at(0.8) == pytest.approx(0.5) and rate_at(1) == pytest.approx(0.02)
