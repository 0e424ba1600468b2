"""Sparse motion to dense motion."""

from __future__ import annotations

import numpy as np

from engine.vision.completion import Completion, complete_flow
from tests.vision.scenes import textured


def two_halves() -> np.ndarray:
    picture = textured(120, 160, (60, 120, 70), strength=4)
    picture[:, 80:] = textured(120, 80, (200, 60, 50), strength=4)
    return picture


def test_motion_fills_its_side_of_an_edge_and_stops_there() -> None:
    ring = 10 * np.array([(np.cos(a), np.sin(a)) for a in np.linspace(0, 6, 9)])  # a stroke is a disc, not a point
    points = np.concatenate([ring + [40, 60], ring + [120, 60]])
    flow = complete_flow(two_halves(), points, np.repeat([[8.0, -4.0], [0.0, 0.0]], 9, axis=0))
    assert flow.shape == (120, 160, 2) and flow.dtype == np.float32
    assert np.abs(flow[20:100, 10:70] - [8, -4]).max() < 2.2  # no completion: 8 nearly everywhere
    assert np.abs(flow[20:100, 90:150]).max() < 2.2


def test_points_are_met() -> None:
    rng = np.random.default_rng(0)
    points = np.array([[20.0, 20], [140, 30], [40, 100], [120, 90]])
    vectors = rng.uniform(-5, 5, (4, 2))
    flow = complete_flow(textured(120, 160, (90, 90, 90), strength=1), points, vectors)
    got = np.array([flow[int(y), int(x)] for x, y in points])
    assert np.abs(got - vectors).max() < 1.0  # zero flow: up to 5


def test_a_weightless_point_says_nothing_and_no_points_give_zero() -> None:
    picture = two_halves()
    flow = complete_flow(picture, np.array([[30.0, 60.0]]), np.array([[9.0, 0.0]]), np.array([0.0]))
    assert np.abs(flow).max() < 1e-3
    assert not complete_flow(picture, np.zeros((0, 2)), np.zeros((0, 2))).any()


def test_one_solve_serves_all_values() -> None:
    completion = Completion(two_halves(), np.array([[30.0, 60.0], [130.0, 60.0]]), np.array([100.0, 100.0]))
    shares = completion.small(np.eye(2))
    both = completion.small(np.array([[3.0], [5.0]]))
    assert np.allclose(3 * shares[..., 0] + 5 * shares[..., 1], both[..., 0], atol=1e-3)
    assert shares.min() > -0.03 and shares.sum(axis=2).max() < 1.03
