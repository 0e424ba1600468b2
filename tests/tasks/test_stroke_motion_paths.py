"""When and where: strokes over time, and which moments a frame shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.tasks.stroke_motion.paths import FADE, Path, Timeline, brush, camera_matrix, dabs
from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.vision.warping import affine


def path(easing: str = "drawn", points: list[tuple[float, float, float]] | None = None) -> Path:
    return Path.of(Stroke(points=points or [(0.1, 0.5, 0.0), (0.3, 0.5, 0.8), (0.9, 0.5, 1.0)], easing=easing), 200, 100)  # type: ignore[arg-type]


@pytest.mark.parametrize("easing", ["drawn", "even", "ease", "ease-in", "ease-out"])
def test_every_timing_begins_and_ends_with_the_stroke(easing: str) -> None:
    p = path(easing)
    assert np.allclose(p.at(0.0), [19.5, 49.5]) and np.allclose(p.at(1.0), [179.5, 49.5])
    xs = [p.at(t)[0] for t in np.linspace(0, 1, 30)]
    assert (np.diff(xs) >= -1e-9).all()


def test_timings_differ_as_named() -> None:
    assert abs(path("drawn").at(0.8)[0] - 59.5) < 1e-6  # slow first, as drawn
    assert abs(path("even").at(0.5)[0] - 99.5) < 1e-6
    assert path("ease-in").at(0.25)[0] < path("even").at(0.25)[0] < path("ease-out").at(0.25)[0]


def test_before_the_start_the_path_is_mirrored() -> None:
    p = path("even")
    assert np.allclose(p.at(-0.2) - p.start, p.start - p.at(0.2))


def test_repeated_times_and_points_are_harmless() -> None:
    jump = path(points=[(0.1, 0.1, 0.0), (0.5, 0.5, 0.0), (0.5, 0.5, 0.0), (0.9, 0.9, 0.0)])
    assert np.isfinite(jump.at(0.0)).all() and np.allclose(jump.at(1.0), [179.5, 89.5])
    dot = path("even", [(0.5, 0.5, 0.0), (0.5, 0.5, 1.0)])
    assert dot.reach == 0 and np.isfinite(dot.at(0.3)).all()


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["none", "loop", "boomerang"]), st.integers(2, 300), st.floats(0, 1))
def test_weights_sum_to_one_and_phases_stay_in_range(loop: str, frames: int, where: float) -> None:
    line = Timeline(frames, loop)
    shown = line.phases(where * (frames - 1))
    assert abs(sum(w for _, w in shown) - 1.0) < 1e-9
    assert all(line.first_phase - 1e-9 <= phase <= 1.0 for phase, _ in shown)


def test_loops_close() -> None:
    line = Timeline(100, "loop")
    (a, wa), (b, wb) = line.phases(99.999)
    assert wb > 0.999 and abs(b) < 1e-3  # the last moment is the first one
    assert line.phases(0) == [(0.0, 1.0)] and line.phases(99 * (1 - FADE) - 1)[0][1] == 1.0
    there_and_back = Timeline(48, "boomerang")
    assert there_and_back.phases(24)[0][0] == pytest.approx(1.0)
    assert there_and_back.phases(47)[0][0] == pytest.approx(there_and_back.phases(1)[0][0])


def test_the_brush_is_round_and_never_empty() -> None:
    mask = brush((60, 80), np.array([[40.0, 30.0]]), 9.0)
    assert abs(mask.sum() - np.pi * 81) < 20 and mask[30, 40] and not mask[30, 51]
    assert brush((60, 80), np.array([[-50.0, -50.0]]), 3.0).sum() == 1
    line = brush((60, 80), np.array([[10.0, 30.0], [70.0, 30.0]]), 2.0)
    assert line[30, 10:71].all() and not line[34].any()


def test_camera_numbers_mean_what_they_say() -> None:
    middle = np.array([99.5, 49.5])
    assert np.allclose(affine(camera_matrix(Camera(pan_x=0.25), 1.0, (200, 100)), middle + [50, 0]), middle)  # looks to the right
    assert np.allclose(affine(camera_matrix(Camera(pan_y=0.2), 1.0, (200, 100)), middle + [0, 20]), middle)
    zoomed = affine(camera_matrix(Camera(zoom=2.0), 1.0, (200, 100)), middle + [10, 5])
    assert np.allclose(zoomed, middle + [20, 10])
    turned = affine(camera_matrix(Camera(roll=45), 1.0, (200, 100)), middle + [10, 0])
    assert turned[1] > middle[1]  # clockwise: what is right goes down
    assert np.allclose(camera_matrix(Camera(zoom=2.0, pan_x=0.1), 0.0, (200, 100)), np.eye(3))
    held = camera_matrix(Camera(zoom=2.0), 1.0, (200, 100), np.array([20.0, 20.0]))
    assert np.allclose(affine(held, np.array([20.0, 20.0])), [20, 20])


def test_separate_dabs_of_a_brush_leave_a_gap_between_them() -> None:
    left, right = ((0.1, 0.5, 0.0), (0.2, 0.5, 0.0)), ((0.8, 0.5, 0.001), (0.9, 0.5, 0.001))
    assert dabs(left + right) == [left, right]
    even = ((0.1, 0.5, 0.0), (0.5, 0.5, 0.5), (0.9, 0.5, 1.0))
    assert dabs(even) == [even], "points with times of their own are one stroke"
