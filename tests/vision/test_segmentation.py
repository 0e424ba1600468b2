"""The thing under a stroke's start: synthetic truth, and the photographs that the studio is shown with."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.vision.segmentation import Finder, fit_side, shrink_mask
from tests.vision.scenes import ball, overlap, textured


def disc(shape: tuple[int, ...], x: float, y: float, radius: float) -> np.ndarray:
    out = np.zeros(shape[:2], np.uint8)
    cv2.circle(out, (round(x), round(y)), round(radius), 1, -1)
    return out > 0


def test_a_ball_is_found_whole_from_a_small_brush() -> None:
    picture, truth = ball()
    found = Finder(picture).find(disc(truth.shape, 85, 95, 7))
    assert found.found
    assert overlap(found.mask, truth) > 0.93  # the brush alone has 0.06
    assert found.edge > 0.9
    assert found.border == 0.0


def test_a_thin_rod_is_found_to_its_ends_from_a_brush_wider_than_it() -> None:
    truth = np.zeros((240, 320), bool)
    truth[40:200, 156:164] = True
    picture = textured(240, 320, (40, 60, 110), strength=2)
    picture[truth] = textured(240, 320, (210, 200, 180), strength=12)[truth]
    found = Finder(picture).find(disc(truth.shape, 160, 130, 9))
    rows = np.flatnonzero(found.mask.any(axis=1))
    assert found.found and rows[0] < 50 and rows[-1] > 190  # the brush alone spans 121 to 139
    assert overlap(found.mask, truth) > 0.7


def test_open_sky_is_no_thing() -> None:
    picture = textured(200, 300, (60, 90, 160), strength=1, grain=8)
    picture[170:] = textured(30, 300, (60, 50, 40))
    assert not Finder(picture).find(disc((200, 300), 150, 60, 9)).found


def test_what_must_not_belong_stays_out() -> None:
    picture = textured(160, 240, (60, 120, 70), seed=3)
    for x in (80, 150):  # two balls of one colour that touch
        cv2.circle(picture, (x, 80), 36, (200, 60, 50), -1)
    other = disc(picture.shape, 155, 80, 12)
    found = Finder(picture).find(disc(picture.shape, 75, 80, 7), other)
    assert not (found.mask & other).any()
    assert found.mask[80, 60]


def test_a_brushed_area_snaps_to_the_edge_within_its_slack() -> None:
    picture, truth = ball()
    brushed = disc(truth.shape, 84, 92, 30)  # a little off
    snapped = Finder(picture).snap(brushed, 8).mask
    assert overlap(snapped, truth) > 0.95 > overlap(brushed, truth)


def test_the_same_question_has_the_same_answer() -> None:
    picture, truth = ball()
    seed = disc(truth.shape, 85, 95, 7)
    assert (Finder(picture).find(seed).mask == Finder(picture).find(seed).mask).all()


@pytest.mark.parametrize(
    ("name", "at", "area", "box"),
    [  # area as a fraction of the picture; box: x0, y0, x1, y1 that the mask must reach, as fractions
        ("rocket", (0.5, 0.5), (0.012, 0.035), (0.49, 0.33, 0.515, 0.92)),
        ("coffee", (0.34, 0.3), (0.12, 0.18), (0.31, 0.08, 0.66, 0.48)),
        ("chelsea", (0.38, 0.37), (0.015, 0.04), (0.33, 0.33, 0.43, 0.44)),
        ("astronaut", (0.42, 0.3), (0.03, 0.09), (0.36, 0.17, 0.5, 0.33)),  # the face alone, or the head
    ],
)
def test_things_in_photographs(name: str, at: tuple[float, float], area: tuple[float, float], box: tuple[float, ...]) -> None:
    import skimage.data

    photo = np.ascontiguousarray(getattr(skimage.data, name)()[..., :3])
    height, width = photo.shape[:2]
    found = Finder(photo).find(disc(photo.shape, at[0] * width, at[1] * height, 0.03 * max(height, width)))
    assert found.found and area[0] < found.area < area[1]
    rows, columns = np.flatnonzero(found.mask.any(axis=1)) / found.mask.shape[0], np.flatnonzero(found.mask.any(axis=0)) / found.mask.shape[1]
    assert columns[0] <= box[0] and rows[0] <= box[1] and columns[-1] >= box[2] and rows[-1] >= box[3]


def test_small_pictures_and_masks() -> None:
    assert fit_side(np.zeros((10, 4000, 3), np.uint8), 100).shape == (1, 100, 3)
    speck = np.zeros((400, 400), bool)
    speck[7, 9] = True
    assert shrink_mask(speck, (20, 20)).sum() == 1  # never lost
    assert Finder(textured(16, 16, (90, 90, 90))).find(disc((16, 16), 8, 8, 2)).mask.any()
