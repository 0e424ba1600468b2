"""Content goes where the field says, whichever way the field is given."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.displacement import FINE, coarse, pulled, translations, turned_round
from tests.diffusion import toy

PICTURE = toy.noise(1, 1, 4, 10, 12)


def test_whole_cells_move_exactly_and_parts_of_cells_by_their_share():
    field = translations(3, (1.0, -2.0), (10, 12))
    moved = pulled(PICTURE, field)
    assert torch.equal(moved[:, 0], PICTURE[:, 0])
    assert torch.equal(moved[:, 2, :, :-4, 2:], PICTURE[:, 0, :, 4:, :-2])
    assert torch.equal(moved[:, 1, :, :-2, 0], PICTURE[:, 0, :, 2:, 0])  # mirrored at the edge, not zero
    whole, bare = turned_round(field)
    assert torch.allclose(pulled(PICTURE, whole), moved, atol=1e-6)  # what comes in at the edge is mirrored too, not smeared
    assert bare[2].sum() == 10 * 2 + 12 * 4 - 2 * 4
    half, _ = turned_round(translations(2, (0.5, 0.0), (10, 12)))
    wanted = (PICTURE[..., 1:] + PICTURE[..., :-1]) / 2
    assert (pulled(PICTURE, half)[:, 1:, ..., 1:] - wanted).abs().max() < 1e-4  # not moved: about 1
    assert set(pulled(PICTURE, coarse(half)).flatten().tolist()) <= set(PICTURE.flatten().tolist())  # nearest: nothing mixed


def layered() -> torch.Tensor:
    """A 4x4 thing that moves 5 cells right in the second frame, over a ground that moves 1 down."""
    forward = torch.zeros(2, 2, 16, 16)
    forward[1, 1] = 1
    forward[1, :, 6:10, 2:6] = torch.tensor([5.0, 0.0])[:, None, None]
    return forward


def test_a_thing_over_ground_arrives_whole_and_uncovers_what_it_left():
    backward, uncovered = turned_round(layered())
    assert backward.shape == (2, 2, 16 * FINE, 16 * FINE) and not backward[0].any() and not uncovered[0].any()
    cells = coarse(backward)[1]
    assert bool((cells[0, 6:10, 7:11] == 5).all()) and not cells[0, 1:6].any()  # the field taken as it is: 5 in the old place
    assert bool((cells[1, 1:6] == 1).all())
    assert bool((uncovered[1, 7:10, 2:6] == 1).all()) and not uncovered[1, 1:6].any() and bool((uncovered[1, 0] == 1).all())
    picture = torch.zeros(1, 1, 1, 16, 16)
    picture[..., 6:10, 2:6] = 1
    there = pulled(picture, backward)[0, 1, 0]
    assert torch.equal(there[6:10, 7:11], torch.ones(4, 4)) and float(there.sum()) == 16  # carried by the ground's motion: 12 cells more, the thing once again
    hidden, _ = turned_round(layered(), front=1 - layered()[1, 0].clamp(0, 1))
    assert bool((coarse(hidden)[1, 0, 7:10, 7:11] == 0).all())  # a thing behind the ground is not seen


def test_growth_tears_no_holes_and_what_leaves_altogether_is_survived():
    x = torch.arange(16.0) - 7.5
    forward = torch.stack([0.4 * x.expand(16, 16), 0.4 * x[:, None].expand(16, 16)])[None]
    backward, uncovered = turned_round(forward)
    assert not uncovered.any()
    there = coarse(backward)[0, 0, 8]
    assert there.tolist() == pytest.approx((x - x / 1.4).tolist(), abs=0.25)  # the forward field itself: off by up to 0.9
    away, bare = turned_round(translations(2, (40.0, 0.0), (4, 4)))
    assert away.isfinite().all() and bool((bare[1] == 1).all())
