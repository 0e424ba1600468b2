"""Frames between two frames of the world are nearer to the true ones than a cross-fade is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.vision.interpolation import Between, Passing, spread
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec


def clip(motion: str, camera: str = "still") -> np.ndarray:
    spec = SceneSpec(place="desert", camera=camera, seed=4, subjects=(SubjectSpec(kind="car", colour="red", size="large", motion=motion, speed="normal"),))  # type: ignore[arg-type]
    world = MovingDiorama(spec, 192)
    return np.stack([world.frame(0.8 + k / 16) for k in range(5)])


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(((a.astype(float) - b) ** 2).mean())


@pytest.mark.parametrize(("motion", "camera"), [("left", "still"), ("still", "pan right"), ("bounce", "still")])
def test_the_middle_is_nearer_to_the_truth_than_a_cross_fade(motion, camera):
    frames = clip(motion, camera)
    pair = Between(frames[0], frames[4])
    for k in (1, 2, 3):
        fade = np.rint(frames[0] * (1 - k / 4) + frames[4] * (k / 4.0))
        assert error(pair.at(k / 4), frames[k]) < 0.5 * error(fade, frames[k])  # a cross-fade: 1.0


def test_the_ends_are_the_frames_themselves_and_equal_frames_stay_equal():
    frames = clip("left")
    pair = Between(frames[0], frames[4])
    assert (pair.at(0.0) == frames[0]).all() and (pair.at(1.0) == frames[4]).all()
    assert np.abs(Between(frames[0], frames[0]).at(0.5).astype(int) - frames[0]).max() <= 1


def test_a_cut_stays_a_cut():
    frames = np.stack([np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)])
    assert {int(frame.mean()) for frame in spread(frames, 9)} == {0, 255}  # smoothed over: greys


def test_spread_keeps_what_is_given_and_its_count():
    frames = clip("left")
    more = spread(frames, 17)
    assert len(more) == 17 and all((more[4 * k] == frames[k]).all() for k in range(5))
    assert (spread(frames[:1], 3) == frames[0]).all()


def test_motion_explains_a_shift_and_not_another_light() -> None:
    rng = np.random.default_rng(3)
    cloth = cv2.GaussianBlur(rng.integers(0, 255, (96, 110, 3), dtype=np.uint8), (0, 0), 2.0)
    one, shifted = cloth[:, :100], cloth[:, 6:106]
    assert Between(np.ascontiguousarray(one), np.ascontiguousarray(shifted)).explained > 0.7
    dusk = (one * np.array([1.0, 0.6, 0.4])).astype(np.uint8)
    assert Between(np.ascontiguousarray(one), dusk).explained < 0.4, "taken for motion, it would be torn"
    assert Between(np.ascontiguousarray(one), np.ascontiguousarray(one)).explained == 1.0


def test_between_frames_a_passing_picture_is_what_lies_between_its_neighbours():
    frames = np.stack([np.full((16, 16, 3), level, np.uint8) for level in (0, 20, 60)])
    passing = Passing(frames)
    assert [int(passing.at(where).mean()) for where in (-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 9.0)] == [0, 0, 10, 20, 40, 60, 60]
    assert np.array_equal(Passing(frames[:1]).at(3.0), frames[0])
