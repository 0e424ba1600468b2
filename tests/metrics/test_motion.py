"""The meters tell good clips from bad ones, from the frames alone."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.metrics.motion import MotionMeter, Target, track_points
from engine.vision.warping import affine, similarity
from tests.vision.scenes import ball, textured

WIDTH, HEIGHT, FRAMES = 240, 180, 10


def clip(step: tuple[float, float]) -> list[np.ndarray]:
    """The ball moved by `step` pixels a frame over a still ground."""
    picture, mask = ball(HEIGHT, WIDTH)
    ground = textured(HEIGHT, WIDTH, (70, 130, 80), seed=1)
    out = []
    for i in range(FRAMES):
        matrix = np.array([[1.0, 0.0, step[0] * i], [0.0, 1.0, step[1] * i]])
        moved = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        alpha = cv2.warpAffine(mask.astype(np.float32), matrix, (WIDTH, HEIGHT))[..., None]
        out.append(np.rint(alpha * moved + (1 - alpha) * ground).astype(np.uint8))
    return out


def meter(frames: list[np.ndarray], shift: tuple[float, float]) -> MotionMeter:
    _, mask = ball(HEIGHT, WIDTH)
    start = np.array([80.0, 90.0])
    out = MotionMeter([Target(start, track_points(frames[0], mask, start, 24), np.array(shift), len(frames) - 1)], (WIDTH, HEIGHT))
    for frame in frames:
        out.feed(frame)
    return out


@pytest.mark.parametrize("step", [(6.0, 0.0), (-3.0, 2.5), (7.0, -5.0)])
def test_obedience_is_near_zero_and_standing_still_is_one(step: tuple[float, float]) -> None:
    shift = (step[0] * (FRAMES - 1), step[1] * (FRAMES - 1))
    obeyed = meter(clip(step), shift).stroke_error()
    stood = meter(clip((0.0, 0.0)), shift).stroke_error()
    half = meter(clip((step[0] / 2, step[1] / 2)), shift).stroke_error()
    assert obeyed is not None and obeyed < 0.03
    assert stood is not None and abs(stood - 1.0) < 0.03
    assert half is not None and abs(half - 0.5) < 0.05


def test_a_turning_thing_is_followed() -> None:
    picture, mask = ball(HEIGHT, WIDTH, (120, 90), 50)
    frames = []
    for i in range(16):
        matrix = similarity(1.0, 6.0 * i, (120.0, 90.0))
        frames.append(cv2.warpAffine(picture, matrix[:2], (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT_101))
    start = np.array([145.0, 90.0])
    shift = affine(similarity(1.0, 90.0, (120.0, 90.0)), start) - start
    out = MotionMeter([Target(start, track_points(frames[0], mask, np.array([120.0, 90.0]), 45), shift, 15)], (WIDTH, HEIGHT))
    for frame in frames:
        out.feed(frame)
    error = out.stroke_error()
    assert error is not None and error < 0.08  # standing still: 1


def test_drift_and_flicker_are_zero_for_a_still_ground_and_seen_otherwise() -> None:
    ground = textured(HEIGHT, WIDTH, (70, 130, 80), seed=1)
    still, sliding, noisy = MotionMeter([], (WIDTH, HEIGHT)), MotionMeter([], (WIDTH, HEIGHT)), MotionMeter([], (WIDTH, HEIGHT))
    rng = np.random.default_rng(0)
    for i in range(13):
        still.feed(ground)
        sliding.feed(cv2.warpAffine(ground, np.array([[1.0, 0, 1.5 * i], [0, 1.0, 0]]), (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101))
        noise = rng.normal(0, 6, ground.shape[:2])[..., None]
        noisy.feed(np.clip(ground + noise, 0, 255).astype(np.uint8))
    assert still.background_drift() == 0.0 and still.flicker() == 0.0
    drift = sliding.background_drift()
    assert drift is not None and abs(drift - 1.5) < 0.3
    flicker = noisy.flicker()
    assert flicker is not None and 4.5 < flicker < 7.5


def test_the_cameras_own_move_is_no_drift() -> None:
    ground = textured(HEIGHT, WIDTH, (70, 130, 80), seed=1)
    out = MotionMeter([], (WIDTH, HEIGHT))
    for i in range(10):
        matrix = similarity(1.0 + 0.02 * i, 0.0, (120.0, 90.0))
        frame = cv2.warpAffine(ground, matrix[:2], (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC)
        out.feed(frame, None, lambda places, m=matrix: affine(m, places))  # type: ignore[misc]
    drift = out.background_drift()
    assert drift is not None and drift < 0.15  # without the camera known: over 1
    assert out.flicker() is None


def test_flat_places_are_not_tracked() -> None:
    flat = np.full((100, 100, 3), 128, np.uint8)
    assert len(track_points(flat, np.ones((100, 100), bool), np.array([50.0, 50.0]), 20)) == 0
    assert MotionMeter([], (100, 100)).stroke_error() is None
