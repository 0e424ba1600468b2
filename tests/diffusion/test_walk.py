"""Texts change over time as asked, and are themselves at their moments."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some

from engine.diffusion.walk import shares, travelled
from engine.errors import InvalidInput
from tests.diffusion import toy


@given(some.lists(some.floats(0, 60), min_size=1, max_size=6, unique=True), some.floats(-1, 70), some.sampled_from(["smooth", "linear", "cut"]))
def test_shares_sum_to_one_and_never_jump_but_by_a_cut(times, time, ease):
    found = shares(sorted(times), time, ease)
    assert sum(found) == pytest.approx(1) and min(found) >= 0 and sum(share > 0 for share in found) <= 2
    if ease == "cut":
        assert max(found) == 1


def test_shares_at_known_times():
    assert shares([0, 2], 1) == [0.5, 0.5] and shares([0, 2], 0.5, "linear") == [0.75, 0.25]
    assert shares([0, 2], 0.5) == pytest.approx([0.84375, 0.15625])
    assert shares([0, 2], 1.99, "cut") == [1, 0] and shares([0, 2], 2, "cut") == [0, 1]
    assert shares([1, 2], 0) == [1, 0] and shares([1, 2], 9) == [0, 1]
    with pytest.raises(InvalidInput, match="do not rise"):
        shares([1, 1], 0)


def test_a_walk_stands_at_each_text_at_its_moment():
    own = toy.parts()
    found = travelled(own, [(0, "a red boat"), (1, "the sea"), (3, "night")], 16, 5)
    boat, sea, night = own.text_states(["a red boat", "the sea", "night"])
    assert found.shape == (16, *boat.shape)
    assert torch.equal(found[0], boat) and torch.equal(found[5], sea) and torch.equal(found[15], night)
    assert torch.allclose(found[10], (sea + night) / 2, atol=1e-6)
    jump = (found[1:] - found[:-1]).flatten(1).norm(dim=1)
    assert jump[0] < 0.6 * jump[2]  # a smooth start; linear: alike
    with pytest.raises(InvalidInput):
        travelled(own, [], 4, 5)
