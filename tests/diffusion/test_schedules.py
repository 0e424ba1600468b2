"""Every plan makes each frame once from frames that are there, in pieces no larger than allowed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.diffusion.schedules import PLANS, Piece, autoregressive, checked, hierarchy, key_frames, long_range
from engine.errors import InvalidInput


@pytest.mark.parametrize("name", PLANS)
@settings(max_examples=60, deadline=None)
@given(frames=some.integers(9, 400), size=some.integers(3, 24), data=some.data())
def test_every_frame_is_made_once_from_frames_that_are_there(name, frames, size, data):
    known = data.draw(some.sets(some.integers(0, frames - 1), max_size=6))
    done, seen_before = set(known), set(known)
    for piece in PLANS[name](frames, size, given=known):
        assert set(piece.observed) <= seen_before and not set(piece.latent) & done and piece.latent
        assert len(piece.observed) + len(piece.latent) <= size and len(set(piece.frames)) == len(piece.frames)
        assert list(piece.observed) == sorted(piece.observed) and list(piece.latent) == sorted(piece.latent)
        done |= set(piece.latent)
        seen_before |= set(piece.latent)
    assert done == set(range(frames))


@pytest.mark.parametrize("name", PLANS)
def test_all_lengths(name):
    for frames in range(1, 401):
        assert checked(PLANS[name](frames, 8), frames, 8)


def test_extension_goes_on_from_the_last_frames_in_whole_windows():
    plan = list(autoregressive(37, 16, overlap=4))
    assert plan[0] == Piece((), tuple(range(16))) and plan[1] == Piece((12, 13, 14, 15), tuple(range(16, 28)))
    assert plan[-1] == Piece(tuple(range(21, 28)), tuple(range(28, 37)))
    assert next(autoregressive(20, 8, given=[0])) == Piece((0,), tuple(range(1, 8)))


def test_long_range_remembers_the_beginning():
    plan = list(long_range(60, 12, overlap=6))
    assert plan[-1].observed[:3] == (0, 1, 2) and plan[-1].observed[3:] == tuple(range(plan[-1].latent[0] - 3, plan[-1].latent[0]))
    assert list(autoregressive(60, 12, overlap=6))[-1].observed[0] > 40


def test_key_frames_come_first_and_gaps_do_not_see_each_other():
    plan = list(key_frames(50, 8))
    assert plan[0] == Piece((), (0, 7, 14, 21, 28, 35, 42, 49)) and len(plan) == 8
    assert plan[1] == Piece((0, 7), (1, 2, 3, 4, 5, 6))
    level = {f for piece in plan[:1] for f in piece.latent}
    assert all(set(piece.observed) <= level for piece in plan[1:])
    assert 10 in next(key_frames(50, 8, given=[10])).observed


def test_hierarchy_sees_before_and_after():
    plan = list(hierarchy(64, 16))
    coarse = [piece for piece in plan if set(piece.latent) <= {*range(0, 64, 8), 63}]
    fill = plan[len(coarse) :]
    assert len(coarse) == 1 and all(min(p.observed) < min(p.latent) and max(p.observed) > max(p.latent) for p in fill)
    assert all(len(piece.frames) == 16 for piece in fill[2:-2])


def test_what_cannot_be_planned_is_refused():
    with pytest.raises(InvalidInput, match="2 at a time"):
        list(autoregressive(9, 2))
    with pytest.raises(InvalidInput, match="no new frame"):
        list(autoregressive(9, 4, overlap=4))
    with pytest.raises(InvalidInput, match="outside"):
        list(key_frames(9, 4, given=[9]))
    for plan, why in (
        ([Piece((2,), (0,))], "not there yet"), ([Piece((), (0, 1)), Piece((), (1, 2))], "made twice"), ([Piece((), (0, 1))], "never made"),
        ([Piece((), (0, 1, 2))], "1 to 2"), ([Piece((), (0, 9))], "outside"), ([Piece((), (0, 1)), Piece((0,), ())], "0 of them new"),
    ):  # fmt: skip
        with pytest.raises(InvalidInput, match=why):
            checked(plan, 3, 2)
