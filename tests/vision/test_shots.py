"""Cuts and the camera's motion on clips whose truth is known."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import pairwise

import cv2
import numpy as np
import pytest

from engine.vision.camera import global_motion
from engine.vision.shots import shots_of
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec
from tests.vision.scenes import textured

SIZE = (240, 136)


@cache
def shot(place: str, time: str, frames: int = 10, camera: str = "still", weather: str = "clear") -> np.ndarray:
    spec = SceneSpec(place=place, time=time, camera=camera, weather=weather, subjects=(SubjectSpec(kind="car", motion="right", speed="fast"),), seed=4, fps=12)
    return MovingDiorama(spec, SIZE).frames(frames)


def wide() -> np.ndarray:
    """(H, W, 3) a large picture with things of every size, to pan over."""
    rng = np.random.default_rng(0)
    picture = textured(200, 2400, (120, 110, 90), strength=25, grain=5)
    for _ in range(300):
        x, y, r = int(rng.integers(2400)), int(rng.integers(200)), int(rng.integers(6, 40))
        cv2.circle(picture, (x, y), r, tuple(int(v) for v in rng.integers(0, 255, 3)), -1)
    return cv2.GaussianBlur(picture, (0, 0), 1)


def test_cuts_are_found_to_the_frame_and_nothing_else_is():
    parts = [shot("hills", "day"), shot("city", "night", 7), shot("beach", "sunset", 12, "pan left"), shot("hills", "day"), shot("forest", "day", 9, weather="rain")]
    ends = np.cumsum([len(part) for part in parts]).tolist()
    assert shots_of(np.concatenate(parts)) == list(zip([0, *ends[:-1]], [end - 1 for end in ends], strict=True))


def spoiled(kind: str) -> Iterator[np.ndarray]:
    """One shot with something in it that is no cut."""
    plain = shot("city", "day", 24)
    rng = np.random.default_rng(1)
    for index, frame in enumerate(plain):
        if kind == "flash" and index in (6, 7, 14):
            frame = np.clip(frame.astype(int) * 3 + 120, 0, 255).astype(np.uint8)
        if kind == "dark" and 8 <= index < 11:
            frame = (frame * 0.05).astype(np.uint8)
        if kind == "light" and index >= 10:  # somebody switches the light off, and it stays
            frame = (frame * 0.45).astype(np.uint8)
        if kind == "rain":
            frame = np.clip(frame + rng.normal(0, 30, frame.shape), 0, 255).astype(np.uint8)
        if kind == "passes":  # a bus before the lens: 25 % of the width a frame
            frame = frame.copy()
            front = (index - 6) * SIZE[0] // 4
            here = slice(int(np.clip(front - SIZE[0], 0, SIZE[0])), int(np.clip(front, 0, SIZE[0])))
            frame[:, here] = textured(SIZE[1], 2 * SIZE[0], (150, 40, 40), seed=3)[:, here.start + SIZE[0] - front % SIZE[0] :][:, : here.stop - here.start]
        if kind == "dissolve":
            share = np.clip((index - 6) / 12, 0, 1)
            frame = (frame * (1 - share) + shot("forest", "night", 24)[index] * share).astype(np.uint8)
        yield frame


@pytest.mark.parametrize("kind", ["flash", "dark", "light", "rain", "passes", "dissolve"])
def test_what_is_no_cut_is_not_taken_for_one(kind):
    assert shots_of(spoiled(kind)) == [(0, 23)]


@pytest.mark.parametrize("step", [0.05, 0.15, 0.45])
def test_a_pan_is_no_cut_however_fast(step):
    picture, x, frames = wide(), 0.0, []
    for index in range(16):
        part = picture[:, int(x) : int(x) + 360]
        blur = 1 + int(step * 120) // 2 * 2
        frames.append(cv2.blur(part, (blur, 1)) if 4 <= index < 11 else part)
        x += 360 * step if 4 <= index < 10 else 3  # it starts and ends still
    assert shots_of(frames) == [(0, 15)]


def test_clips_of_one_frame_of_nothing_and_of_one_colour():
    assert shots_of([]) == []
    assert shots_of([np.zeros((2, 3, 3), np.uint8)]) == [(0, 0)]
    assert shots_of([np.full((90, 160, 3), v, np.uint8) for v in (80, 81, 80, 80)]) == [(0, 3)]
    assert shots_of([np.full((90, 160, 3), 250 if k < 6 else 20, np.uint8) for k in range(12)]) == [(0, 5), (6, 11)]


def turned(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    return cv2.warpPerspective(picture, matrix, (480, 200), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


MOVES = {
    "shift": np.array([[1, 0, 9.4], [0, 1, -5.7], [0, 0, 1.0]]),
    "zoom": np.array([[1.05, 0, -12], [0, 1.05, -4], [0, 0, 1.0]]),
    "roll": np.array([[0.998, -0.035, 4], [0.035, 0.998, -9], [0, 0, 1.0]]),
    "tilted": np.array([[1.02, 0.01, 3], [0.004, 1.01, 2], [1.5e-4, 2e-5, 1.0]]),
}


@pytest.mark.parametrize("name", MOVES)
def test_the_camera_is_measured_although_a_thing_moves_otherwise(name):
    picture = wide()[:, :480].copy()
    first, second = turned(picture, np.eye(3)), turned(picture, MOVES[name])
    thing = cv2.resize(textured(60, 60, (200, 40, 40), strength=60, seed=9), (130, 130))
    first[30:160, 100:230], second[10:140, 190:320] = thing, thing
    found = global_motion(first, second)
    corners = np.array([[[0, 0], [479, 0], [0, 199], [479, 199]]], np.float64)
    error = np.linalg.norm(cv2.perspectiveTransform(corners, found.matrix) - cv2.perspectiveTransform(corners, MOVES[name]), axis=2)
    assert found.ok and error.max() < (1.0 if name != "tilted" else 2.0)  # identity: 10 to 70 px
    avoid = np.zeros(first.shape[:2], bool)
    avoid[30:160, 100:230] = True
    assert global_motion(first, second, avoid=avoid).inliers > found.inliers


def test_without_support_the_camera_stands_still():
    grey = np.full((120, 160), 90, np.uint8)
    noise = [np.random.default_rng(k).integers(0, 255, (120, 160), dtype=np.uint8) for k in range(2)]
    for pair in ((grey, grey), tuple(noise), (grey[:10, :10], grey[:10, :10])):
        found = global_motion(*pair)
        assert not found.ok and np.array_equal(found.matrix, np.eye(3))


def test_the_camera_of_the_world_is_found_pair_by_pair():
    frames = shot("hills", "day", 8, "zoom in")
    ahead = [global_motion(a, b).matrix[0, 0] for a, b in pairwise(frames)]
    assert all(one > 1.0005 for one in ahead)
    field = global_motion(frames[0], frames[4]).field(SIZE[1], SIZE[0])
    assert field[:, 0, 0].mean() < 0 < field[:, -1, 0].mean()
