"""Every kind of noise is white in each frame, as alike between frames as was asked for, and exact by its seed."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.displacement import pulled, translations
from engine.diffusion.noise import carried, chained, mixed, reshuffled, slerp, white
from engine.errors import InvalidInput
from tests.diffusion import toy

SHAPE = (2, 5, 4, 32, 32)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def alike(a: torch.Tensor, b: torch.Tensor) -> float:
    return float((a * b).mean())


def is_white(noise: torch.Tensor) -> bool:
    side = alike(noise[..., 1:], noise[..., :-1])
    return abs(float(noise.std()) - 1) < 0.03 and abs(float(noise.mean())) < 0.03 and abs(side) < 0.03


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_frames_share_what_was_asked_for(share):
    found = mixed(SHAPE, share, seeded())
    assert all(is_white(found[:, f]) for f in range(5))
    assert alike(found[:, 0], found[:, 4]) == pytest.approx(share, abs=0.03) and abs(alike(found[0], found[1])) < 0.03
    chain = chained(SHAPE, share, seeded())
    assert all(is_white(chain[:, f]) for f in range(5))
    assert alike(chain[:, 0], chain[:, 1]) == pytest.approx(share**0.5, abs=0.03) and alike(chain[:, 0], chain[:, 3]) == pytest.approx(share**1.5, abs=0.03)
    with pytest.raises(InvalidInput):
        mixed(SHAPE, 1.5, seeded())


def test_seeds_are_exact():
    for draw in (lambda g: white(SHAPE, g), lambda g: mixed(SHAPE, 0.3, g), lambda g: chained(SHAPE, 0.3, g)):
        assert torch.equal(draw(seeded(3)), draw(seeded(3))) and not torch.equal(draw(seeded(3)), draw(seeded(4)))


def test_the_great_arc_keeps_the_length_and_ends_at_the_ends():
    a, b = toy.noise(2, 4, 16, 16), toy.noise(2, 4, 16, 16, seed=1)
    assert torch.equal(slerp(a, b, 0), a) and torch.equal(slerp(a, b, 1), b)
    assert float(slerp(a, b, 0.5).std()) == pytest.approx(1, abs=0.05)  # a straight line: 0.71
    quarter = slerp(a, b, 0.25).flatten(1)
    angle = torch.cosine_similarity(quarter, a.flatten(1)).arccos() / torch.cosine_similarity(b.flatten(1), a.flatten(1)).arccos()
    assert angle.tolist() == pytest.approx([0.25, 0.25], abs=0.02)
    assert torch.allclose(slerp(a, a, 0.5), a, atol=1e-5) and slerp(a, -a, 0.5).isfinite().all()


def test_carried_noise_follows_the_motion_and_stays_white():
    first = toy.noise(1, 1, 4, 32, 32)
    moved = carried(first, translations(4, (2.0, 1.0), (32, 32)), seeded())
    assert torch.equal(moved[:, 0], first[:, 0]) and torch.equal(moved[:, 3, :, 3:, 6:], first[:, 0, :, :-3, :-6])
    bare = torch.zeros(4, 32, 32)
    bare[3, 10] = 1
    other = carried(first, translations(4, (2.0, 1.0), (32, 32)), seeded(), bare)
    assert (other != moved)[0, 3, 0].any(1).nonzero().flatten().tolist() == [10] and is_white(other[:, 3])
    x = torch.arange(32.0) - 15.5
    growing = torch.stack([0.5 * x.expand(32, 32), 0.5 * x[:, None].expand(32, 32)])[None]
    grown = carried(first, growing, seeded())
    assert is_white(grown)
    assert abs(alike(pulled(first, growing)[..., 1:], pulled(first, growing)[..., :-1])) > 0.2  # cells repeated
    assert torch.isin(grown, first).float().mean() > 0.2  # a quarter of the cells is still there; fresh noise: none
    assert torch.equal(carried(first, growing, seeded(1)), carried(first, growing, seeded(1)))


def test_long_noise_holds_the_same_frames_in_every_window_in_another_order():
    window = toy.noise(1, 8, 4, 4, 4)
    found = reshuffled(window, 30, 3, seeded())
    assert found.shape == (1, 30, 4, 4, 4) and torch.equal(found[:, :8], window)
    order = [next(k for k in range(8) if torch.equal(frame, window[0, k])) for frame in found[0]]
    # The next 3 are those of 8 frames earlier, in another order.
    assert all(sorted(order[start : start + 3]) == sorted(order[start - 8 : start - 5]) for start in range(8, 28, 3))
    assert order[8:16] != order[:8] and torch.equal(found, reshuffled(window, 30, 3, seeded()))
    assert torch.equal(reshuffled(window, 5, 3, seeded()), window[:, :5])
    with pytest.raises(InvalidInput, match="stride"):
        reshuffled(window, 30, 9, seeded())
