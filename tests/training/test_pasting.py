"""Things pasted into other pictures: the labels and the map say what is then to be seen."""

from __future__ import annotations

import numpy as np
import torch

from engine.training.pasting import NOTHING, UNKNOWN, pasted, places
from engine.world.spec import KINDS

GREY, RED = 0.0, 0.9


def world(count: int = 40) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Grey pictures; every even one has a bright square in the middle, which is thing 3 in colour 7; the odd ones are empty."""
    pictures, covers, things = torch.full((count, 3, 64, 64), GREY), torch.zeros(count, 8, 8), torch.full((count, len(KINDS)), -1)
    pictures[::2, 0, 24:40, 24:40] = RED
    covers[::2, 3:5, 3:5] = 1
    things[::2, 3] = 7
    return pictures, covers, things


def test_places_are_known_only_where_the_cover_is_and_only_of_one_thing():
    things = torch.full((4, len(KINDS)), -1)
    things[:2, 3], things[1, 5] = 7, 2
    covers = torch.tensor([[0.0, 0.2, 0.9]])[None].repeat(4, 1, 1)
    covers[3] = -1
    assert places(covers, things)[:, 0].tolist() == [[NOTHING, UNKNOWN, 3], [NOTHING, UNKNOWN, UNKNOWN], [NOTHING, UNKNOWN, UNKNOWN], [UNKNOWN] * 3]


def test_a_pasted_thing_is_seen_labelled_and_mapped_and_elsewhere_nothing_changes():
    pictures, covers, things = world()
    out, labels, found = pasted(pictures, covers, things, np.random.default_rng(0), 1.0)
    got = [k for k in range(1, 40, 2) if labels[k, 3] == 7]
    assert len(got) > 12  # nothing pasted: 0
    places_seen = set()
    for k in got:
        bright = out[k, 0] > 0.6
        assert 100 < int(bright.sum()) < 700 and (found[k][bright] == 3).float().mean() > 0.75
        assert (out[k][:, found[k] == NOTHING] == GREY).all()
        places_seen.add(tuple(torch.nonzero(bright).float().mean(0).round().int().tolist()))
    assert len(places_seen) > 8, "each at its own place"
    assert torch.equal(out[::2], pictures[::2]) and (labels[::2] == things[::2]).all()  # a second one of the same kind is not pasted
    assert (things[1::2] == -1).all() and (pictures[1::2] == GREY).all(), "what was given stays as it was"


def test_pictures_of_unknown_cover_neither_give_nor_take():
    pictures, covers, things = world()
    covers[:] = -1
    out, labels, found = pasted(pictures, covers, things, np.random.default_rng(0), 1.0)
    assert torch.equal(out, pictures) and torch.equal(labels, things) and (found == UNKNOWN).all()


def test_a_thing_is_not_hidden_by_what_is_pasted_over_it():
    pictures, covers, things = world()
    things[1::2, 5], covers[1::2, 3:5, 3:5] = 1, 1  # the odd ones have a thing of another kind, dark, at the same place
    _, labels, found = pasted(pictures, covers, things, np.random.default_rng(0), 1.0)
    got = [k for k in range(1, 40, 2) if labels[k, 3] == 7]
    assert 0 < len(got) < 18 and all(int((found[k] == 5).sum()) > 100 for k in got)
