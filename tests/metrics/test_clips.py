"""The figures of made clips are what they were made to be."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.metrics.clips import adjacent_change, changes, direction, drift, frame_consistency, seam_ratio, sharpness, slope
from tests.vision.scenes import ball, textured

GROUND = textured(96, 128, (70, 130, 80), seed=1)


def levels(*values: float) -> np.ndarray:
    """Flat grey frames."""
    return np.stack([np.full((20, 20, 3), value, np.uint8) for value in values])


def moved(dx: float, dy: float, *, camera: float = 0.0, count: int = 6) -> np.ndarray:
    """A ball that goes (dx, dy) a frame over a ground that goes `camera` to the right."""
    picture, mask = ball(96, 128, (56, 48), 18)
    frames = []
    for k in range(count):
        way = np.array([[1.0, 0, dx * (k - 2.5)], [0, 1.0, dy * (k - 2.5)]])
        behind = cv2.warpAffine(GROUND, np.array([[1.0, 0, camera * k], [0, 1.0, 0]]), (128, 96), borderMode=cv2.BORDER_REFLECT_101)
        alpha = cv2.warpAffine(mask.astype(np.float32), way, (128, 96))[..., None]
        frames.append((alpha * cv2.warpAffine(picture, way, (128, 96)) + (1 - alpha) * behind).astype(np.uint8))
    return np.stack(frames)


def test_consistency_is_the_mean_cosine_of_neighbours_and_change_their_difference():
    angles = np.radians([0, 60, 60, 150])
    clip = levels(10, 20, 20, 50)
    found = frame_consistency(clip, lambda frames: np.stack([np.cos(angles), np.sin(angles)], 1) * [[1.0], [7], [2], [3]])
    assert found == pytest.approx((0.5 + 1 + 0) / 3)
    assert changes(clip).tolist() == [10, 0, 30] and adjacent_change(clip) == pytest.approx(40 / 3)
    frozen = levels(9, 9, 9)
    assert frame_consistency(frozen, lambda frames: frames.reshape(len(frames), -1)) == pytest.approx(1) and adjacent_change(frozen) == 0


def test_seams_are_seen_where_they_are():
    clip = levels(0, 2, 4, 10, 12, 14, 20, 22)
    assert seam_ratio(clip, [3, 6]) == pytest.approx(3) and seam_ratio(clip, [2]) == pytest.approx(2 / (20 / 6))
    assert seam_ratio(levels(0, 2, 4, 6), [2]) == 1
    assert seam_ratio(clip, []) is None and seam_ratio(clip, range(1, 8)) is None and seam_ratio(levels(1, 1, 9), [2]) is None
    with pytest.raises(InvalidInput, match="1 to 7"):
        seam_ratio(clip, [8])


def test_drift_of_colour_and_sharpness_is_the_line_that_was_laid():
    ramp = np.stack([np.full((8, 8, 3), (100 + 2 * k, 50, 200 - k), np.uint8) for k in range(20)])
    assert drift(ramp).colour == pytest.approx((200, 0, -100)) and drift(ramp).sharpness == 0
    stripes = np.zeros((11, 40, 40, 3), np.uint8)
    for k in range(11):
        stripes[k, :, ::2] = 200 - 10 * k  # contrast falls from 200 to 100, 150 on average
    assert drift(stripes).sharpness == pytest.approx(-10 / 150 * 100, abs=0.01)
    assert sharpness(stripes[0]) == pytest.approx(200) and drift(stripes[:1].repeat(5, 0)).sharpness == 0
    blurred = np.stack([cv2.GaussianBlur(GROUND, (0, 0), 0.5 + 0.1 * k) for k in range(8)])
    assert drift(blurred).sharpness < -1 and abs(drift(np.stack([GROUND] * 8)).sharpness) < 1e-9
    assert slope([1, 3, 5]) == 2 and slope([1, 0, 1]) == 0
    with pytest.raises(InvalidInput):
        slope([1])


@pytest.mark.parametrize(("dx", "dy", "degrees"), [(3, 0, 0), (-3, 0, 180), (0, 2, 90), (2, -2, -45)])
def test_the_direction_of_what_moves(dx, dy, degrees):
    found = direction(moved(dx, dy))
    assert found is not None and abs((found.degrees - degrees + 180) % 360 - 180) < 12
    assert found.speed == pytest.approx(np.hypot(dx, dy), rel=0.25)
    assert direction(moved(0, 0)) is None  # a still clip


def test_a_camera_that_follows_does_not_hide_the_way():
    clip = moved(0, 0, camera=-3)
    seen, beside = direction(clip), direction(clip, beside_ground=True)
    assert seen is not None and seen.dx < -2 and beside is not None and beside.dx > 2


def test_other_arrays_are_refused():
    for wrong in (np.zeros((4, 8, 8)), np.zeros((4, 8, 8, 3)), np.zeros((1, 8, 8, 3), np.uint8), np.zeros((3, 0, 8, 3), np.uint8)):
        with pytest.raises(InvalidInput, match="cannot be measured"):
            changes(wrong)
    with pytest.raises(InvalidInput, match="16 or more"):
        direction(np.zeros((3, 8, 8, 3), np.uint8))
