"""Looking at motion."""

from __future__ import annotations

import numpy as np

from engine.vision.flow import flow_arrows, flow_to_rgb


def test_still_is_white_and_opposite_directions_differ() -> None:
    flow = np.zeros((20, 30, 2), np.float32)
    assert (flow_to_rgb(flow) == 255).all()
    flow[:, :15, 0], flow[:, 15:, 0] = 5, -5
    colours = flow_to_rgb(flow)
    assert np.abs(colours[5, 5].astype(int) - colours[5, 25]).max() > 150


def test_longer_is_stronger() -> None:
    flow = np.zeros((4, 40, 2), np.float32)
    flow[..., 0] = np.linspace(0, 10, 40)
    spread = np.ptp(flow_to_rgb(flow, largest=10).astype(int), axis=2)[0]
    assert (np.diff(spread) >= 0).all() and spread[-1] > 200


def test_arrows_stand_on_what_moves_even_when_it_is_thin() -> None:
    flow = np.zeros((100, 200, 2), np.float32)
    assert flow_arrows(flow) == []
    flow[20:80, 100:104] = (0, -20)
    arrows = flow_arrows(flow)
    assert arrows and all(0.5 <= x <= 0.52 and abs(dy + 0.2) < 1e-3 and dx == 0 for x, _, dx, dy in arrows)
