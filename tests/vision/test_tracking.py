"""Cutting a subject out by hand marks, and following it, against the exact masks of the paper-cut world; a mask that stays where it was fails every test."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.tasks.subject_swap.request import Edit, Marks
from engine.vision.camera import global_motion
from engine.vision.tracking.cutting import cut, painted
from engine.vision.tracking.follower import Follower, Step
from tests import subject_clips as clips
from tests.subject_clips import SIZE, Clip, iou


@cache
def followed(name: str, subject: int = 0) -> tuple[Clip, list[Step]]:
    """A clip and its first subject followed from a box on the first frame."""
    clip: Clip = getattr(clips, name)()
    start = cut(clip.frames[0], Marks.model_validate({"box": clip.box(0, subject)})).mask
    follower = Follower(clip.frames[0], start)
    steps = [Step(start, 1.0, "there")]
    for before, now in zip(clip.frames, clip.frames[1:], strict=False):
        steps.append(follower.step(now, global_motion(before, now)))
    return clip, steps


def overlaps(clip: Clip, steps: list[Step], subject: int = 0) -> np.ndarray:
    return np.array([iou(step.mask, true) for step, true in zip(steps, clip.masks[:, subject], strict=True)])


@pytest.mark.parametrize(("name", "least", "unmoved"), [("car", 0.95, 0.5), ("panned", 0.88, 0.5), ("pair", 0.95, 0.6)])
def test_a_subject_is_followed_from_one_box(name: str, least: float, unmoved: float) -> None:
    clip, steps = followed(name)
    found = overlaps(clip, steps)
    assert found.mean() > least and found.min() > 0.85, found.round(2)
    assert np.mean([iou(steps[0].mask, true) for true in clip.masks[:, 0]]) < unmoved  # a no-op tracker
    assert all(step.state == "there" and 0.5 < step.confidence <= 1 for step in steps)


def test_of_two_look_alikes_that_cross_each_keeps_its_own_mask() -> None:
    clip, steps = followed("lookalikes")
    found, swapped = overlaps(clip, steps), overlaps(clip, steps, 1)
    assert found[-8:].mean() > 0.85 and swapped[-8:].mean() < 0.05, (found[-8:], swapped[-8:])
    assert found.mean() > 0.8


def test_what_leaves_is_gone_and_what_returns_is_found_again() -> None:
    clip, steps = followed("returning")
    there = clip.masks[:, 0].reshape(len(clip.masks), -1).sum(1)
    gone = np.flatnonzero(there == 0)
    assert len(gone) > 6
    assert not any(steps[k].mask.any() for k in gone[3:-1]) and all(steps[k].state == "left" for k in gone[3:-1])
    back = next(k for k in range(int(gone[3]), len(steps)) if steps[k].mask.any())
    assert steps[back].back and there[back] > 0 and back - gone[-1] <= 6
    assert overlaps(clip, steps)[-8:].mean() > 0.8


def test_what_was_hidden_is_found_again() -> None:
    clip, steps = followed("hidden")
    found = overlaps(clip, steps)
    seen = clip.masks[:, 0].reshape(len(clip.masks), -1).sum(1)
    behind = np.flatnonzero(seen == 0)
    assert len(behind) >= 2 and found[: behind[0] - 4].min() > 0.85 and found[-4:].min() > 0.85, found.round(2)
    assert not any(steps[k].mask.any() for k in behind[1:])
    assert any(step.back for step in steps[behind[0] :])
    assert not (steps[behind[0] - 3].mask[:, 150:225]).sum() > 0.1 * seen[0]  # the pillar is not taken for it


def test_nothing_is_followed_where_nothing_is() -> None:
    clip = clips.car()
    follower = Follower(clip.plate[0], np.zeros(SIZE[::-1], bool))
    assert not any(follower.step(frame).mask.any() for frame in clip.plate[1:6])


@pytest.mark.parametrize("size", [(16, 16), (20, 64), (64, 17)])
def test_tiny_pictures_are_followed_without_ado(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    ground = rng.integers(90, 110, (*size, 3)).astype(np.uint8)
    mask = np.zeros(size, bool)
    mask[4:12, 4:12] = True
    frames = []
    for shift in range(4):
        frame = ground.copy()
        frame[4:12, 4 + shift : 12 + shift] = (220, 30, 30)
        frames.append(frame)
    follower = Follower(frames[0], mask)
    for frame in frames[1:]:
        step = follower.step(frame)
    assert step.mask.shape == size and iou(step.mask, np.roll(mask, 3, 1)) > 0.6 > iou(mask, np.roll(mask, 3, 1))


@pytest.mark.parametrize("name", ["car", "hidden", "lookalikes", "returning", "panned"])
def test_a_box_is_cut_to_the_thing(name: str) -> None:
    clip: Clip = getattr(clips, name)()
    box = clip.box()
    inside = np.zeros(SIZE[::-1], bool)
    inside[round(box[1] * SIZE[1]) : round(box[3] * SIZE[1]), round(box[0] * SIZE[0]) : round(box[2] * SIZE[0])] = True
    found = cut(clip.frames[0], Marks.model_validate({"box": box}))
    assert iou(found.mask, clip.masks[0, 0]) > max(0.88, 0.3 * iou(inside, clip.masks[0, 0]))
    assert 0 < found.confidence <= 1 and iou(inside, clip.masks[0, 0]) < 0.85  # the bare box


def test_clicks_and_strokes_find_the_thing_under_them() -> None:
    clip = clips.car()
    true = clip.masks[0, 0]
    x0, y0, x1, y1 = clip.box()
    clicks = cut(clip.frames[0], Marks.model_validate({"points": [clip.middle()], "avoid": [[x0 / 2, y0], [(1 + x1) / 2, y1]]}))
    stroke = [[x0 + share * (x1 - x0), clip.middle()[1]] for share in (0.15, 0.5, 0.85)]
    scribbled = cut(clip.frames[0], Marks.model_validate({"scribble": stroke}))
    for found, least in ((clicks, 0.6), (scribbled, 0.5)):
        assert iou(found.mask, true) > least, iou(found.mask, true)
        assert found.mask[int(clip.middle()[1] * SIZE[1]), int(clip.middle()[0] * SIZE[0])]
    painted_only = painted(Marks.model_validate({"scribble": stroke}).scribble, SIZE)
    assert iou(painted_only, true) < 0.3  # the marks alone


def test_corrections_mend_a_mask_where_they_point() -> None:
    clip = clips.car()
    true = clip.masks[0, 0]
    columns = np.flatnonzero(true.any(0))
    half = int(columns.mean())
    lost = true.copy()
    lost[:, half:] = False  # the right half was lost
    x, y = (half + columns[-1]) / 2 / SIZE[0], clip.middle()[1]
    added = cut(clip.frames[0], Edit.model_validate({"points": [[x, y]]}), before=lost).mask
    assert (added & true)[:, half:].sum() > 0.4 * true[:, half:].sum() and iou(added, true) > iou(lost, true) + 0.15
    spilt = true.copy()
    spilt[20:60, 20:80] = True  # a piece of the sky was taken
    taken = cut(clip.frames[0], Edit.model_validate({"avoid": [[50 / SIZE[0], 40 / SIZE[1]]]}), before=spilt).mask
    assert iou(taken, true) > iou(spilt, true) + 0.1


def test_an_exact_brush_paints_to_the_pixel_and_an_eraser_takes_away() -> None:
    clip = clips.car()
    before = clip.masks[0, 0]
    stroke = {"points": [[0.1, 0.2], [0.2, 0.2]], "radius": 0.02, "exact": True}
    area = painted(Edit.model_validate({"scribble": [stroke]}).scribble, SIZE)
    assert (cut(clip.frames[0], Edit.model_validate({"scribble": [stroke]}), before=before).mask == (before | area)).all()
    over = {**stroke, "points": [[clip.box()[0], clip.middle()[1]], clip.middle()]}
    gone = painted(Edit.model_validate({"erase": [over]}).erase, SIZE)
    assert (cut(clip.frames[0], Edit.model_validate({"erase": [over]}), before=before).mask == (before & ~gone)).all() and (before & gone).any()


def test_marks_without_a_mask_that_only_take_away_hold_nothing() -> None:
    clip = clips.car()
    assert not cut(clip.frames[0], Marks.model_validate({"avoid": [[0.5, 0.5]]})).mask.any()
