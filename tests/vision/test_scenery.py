"""What stands behind a moving subject, told from the rest of its shot, against a scene that is known exactly."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np

from engine.media.frames import Held
from engine.tasks.subject_swap.request import Marks
from engine.vision.camera import GlobalMotion
from engine.vision.tracking.cutting import cut
from engine.vision.tracking.follower import Follower
from engine.vision.tracking.scenery import Scenery, moved_out, scenery

SIZE, COUNT = (200, 120), 24


@cache
def scene(pan: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Frames (T, H, W, 3), masks (T, H, W) and backgrounds (T, H, W, 3) of a walker with a light head and a dark coat before a mottled wall; pan: pixels a frame."""
    rng = np.random.default_rng(4)
    wide = cv2.resize(rng.integers(60, 190, (20, 60, 3), dtype=np.uint8), (SIZE[0] + pan * COUNT, SIZE[1]), interpolation=cv2.INTER_CUBIC)
    frames, masks, grounds = [], [], []
    for k in range(COUNT):
        ground = np.ascontiguousarray(wide[:, k * pan : k * pan + SIZE[0]])
        frame, mask = ground.copy(), np.zeros(SIZE[::-1], np.uint8)
        x = 30 + 6 * k - (pan * k) // 2
        for middle, radii, colour in (((x, 35), (9, 9), (235, 205, 180)), ((x, 64), (13, 22), (40, 30, 35))):
            cv2.ellipse(frame, middle, radii, 0, 0, 360, colour, -1)
            cv2.ellipse(mask, middle, radii, 0, 0, 360, 1, -1)
        frames.append(frame)
        masks.append(mask > 0)
        grounds.append(ground)
    return np.stack(frames), np.stack(masks), np.stack(grounds)


def motion(pan: int) -> Callable[[int], GlobalMotion]:
    return lambda _: GlobalMotion(np.array([[1.0, 0, -pan], [0, 1, 0], [0, 0, 1]]), 1.0, True, "similarity")


def told(pan: int, at: int = 4) -> Scenery:
    frames, masks, _ = scene(pan)
    out = scenery(Held(frames), at, (0, COUNT - 1), motion(pan), avoid=masks[at])
    assert out is not None
    return out


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    return float((one & other).sum() / (one | other).sum())


def test_the_scenery_is_what_the_subject_hides() -> None:
    for pan in (0, 2):
        frames, masks, grounds = scene(pan)
        behind = told(pan)
        hidden = masks[4] & behind.known
        miss = np.abs(behind.picture[hidden].astype(float) - grounds[4][hidden]).mean()
        assert hidden.sum() > 0.8 * masks[4].sum() and miss < 4.0, miss
        assert np.abs(frames[4][hidden].astype(float) - grounds[4][hidden]).mean() > 50.0  # the frame itself


def test_a_rough_mask_becomes_what_moves() -> None:
    frames, masks, _ = scene()
    rough = np.zeros_like(masks[4])
    ys, xs = np.nonzero(masks[4])
    rough[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1] = True
    found = moved_out(frames[4], told(0), rough, rough)
    assert found is not None
    assert overlap(found, masks[4]) > 0.93, overlap(found, masks[4])
    assert overlap(rough, masks[4]) < 0.75  # the box itself


def test_who_stands_still_is_not_told_by_its_scenery() -> None:
    frames, masks, _ = scene()
    still = np.repeat(frames[4:5], COUNT, axis=0)
    behind = scenery(Held(still), 4, (0, COUNT - 1), motion(0))
    assert behind is not None
    assert moved_out(frames[4], behind, masks[4], masks[4]) is None


def test_too_few_frames_tell_nothing() -> None:
    frames, _, _ = scene()
    assert scenery(Held(frames[:3]), 0, (0, 2), motion(0)) is None


def test_a_box_on_a_scene_that_is_told_takes_the_head_along() -> None:
    frames, masks, _ = scene()
    ys, xs = np.nonzero(masks[4])
    box = ((xs.min() - 3) / SIZE[0], (ys.min() - 3) / SIZE[1], (xs.max() + 4) / SIZE[0], (ys.max() + 4) / SIZE[1])
    found = cut(frames[4], Marks(box=box), behind=lambda _: told(0))
    assert overlap(found.mask, masks[4]) > 0.9 and found.mask[35, 30 + 24]


def test_a_shadow_is_the_scenery_and_a_coat_is_not() -> None:
    frames, masks, grounds = scene()
    behind = told(0)
    shaded = grounds[4].astype(np.float32)
    shaded[95:115, 20:180] *= 0.75
    assert behind.shaded(shaded.astype(np.uint8))[98:112, 24:176].mean() > 0.8
    assert behind.shaded(frames[4])[masks[4]].mean() < 0.3


def test_what_is_told_of_the_ground_leaves_the_mask_of_who_walks_on() -> None:
    """The key's mask holds a piece of wall; a follower that knows the scenery drops it at once."""
    frames, masks, _ = scene()
    wrong = masks[4].copy()
    wrong[50:80, 70:90] = True
    ends = []
    for behind in (told(0), None):
        following = Follower(frames[4], wrong, None, behind)
        for k in range(5, 9):
            step = following.step(frames[k], GlobalMotion(np.eye(3), 1.0, True, "similarity"))
        ends.append(overlap(step.mask, masks[8]))
    assert ends[0] > 0.85 and ends[0] > ends[1] + 0.03, ends  # without the scenery the wall goes along
