"""Soft outlines and the colours behind them."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision.matting import grown_box, guided_filter, own_colours, soft_matte
from tests.vision.scenes import ball, overlap


def test_guided_filter_keeps_a_constant_and_follows_an_edge() -> None:
    guide = np.zeros((40, 40, 3), np.float32)
    guide[:, 20:] = 1.0
    assert np.allclose(guided_filter(guide, np.full((40, 40), 0.3, np.float32), 5, 1e-3), 0.3, atol=1e-4)
    ragged = guide[..., 0].copy()
    ragged[:, 18:20] = 0.7
    fitted = guided_filter(guide, ragged, 6, 1e-4)
    assert fitted[20, 22] - fitted[20, 17] > 0.6
    assert abs(fitted[20, 19] - fitted[20, 10]) < 0.3  # before: 0.7


def test_matte_is_hard_but_for_a_band() -> None:
    picture, truth = ball()
    rough = cv2.resize(truth.astype(np.uint8), (120, 90), interpolation=cv2.INTER_NEAREST) > 0
    alpha = soft_matte(picture, rough)
    assert alpha.min() == 0.0 and alpha.max() == 1.0
    assert overlap(alpha > 0.5, truth) > 0.96
    far = cv2.dilate(truth.astype(np.uint8), np.ones((17, 17))) == 0
    assert (alpha[far] == 0).all() and (alpha[cv2.erode(truth.astype(np.uint8), np.ones((17, 17))) > 0] == 1).all()


def test_own_colours_hold_no_old_background() -> None:
    truth = np.zeros((120, 120), np.float32)
    cv2.circle(truth, (60, 60), 30, 1.0, -1)
    alpha = cv2.GaussianBlur(truth, (0, 0), 2.0)
    red, green = np.array([200.0, 40, 40]), np.array([40.0, 200, 40])
    picture = (alpha[..., None] * red + (1 - alpha[..., None]) * green).astype(np.uint8)
    rim = (alpha > 0.1) & (alpha < 0.6)
    assert np.abs(own_colours(picture, alpha)[rim] - red).mean() < 18
    assert np.abs(picture[rim] - red).mean() > 50  # the picture itself


def test_grown_box_stays_inside() -> None:
    mask = np.zeros((20, 30), bool)
    mask[2, 28] = True
    assert grown_box(mask, 5) == (slice(0, 8), slice(23, 30))
    assert grown_box(np.zeros((20, 30), bool), 5) == (slice(0, 20), slice(0, 30))
