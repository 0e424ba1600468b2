"""The elastic mesh: rigid where it can be, never folded."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vision.deform import MIN_JACOBIAN, Elastic, cover, follow, largest_share, min_jacobian


def bar() -> np.ndarray:
    mask = np.zeros((80, 200), bool)
    mask[30:50, 20:180] = True
    return mask


def elastic(handles: np.ndarray, holds: np.ndarray, mask: np.ndarray | None = None, loyalty: float = 0.0) -> Elastic:
    mesh = cover(bar() if mask is None else mask)
    return Elastic(mesh, handles, holds, np.ones(len(holds)), np.zeros((len(mesh.vertices), len(handles))), loyalty=loyalty)


def test_the_mesh_covers_its_mask_and_reproduces_places() -> None:
    mask = bar()
    mesh = cover(mask)
    ys, xs = np.nonzero(mask)
    points = np.stack([xs, ys], axis=1).astype(float)
    assert np.abs(mesh.interpolation(points) @ mesh.vertices - points).max() < 1e-9
    assert 20 < mesh.inside.sum() < 29 * 29
    far = mesh.interpolation(np.array([[500.0, 500.0]]))
    assert far.sum() == 1.0


def test_a_bar_turns_about_its_pin_like_a_door() -> None:
    pin = np.array([[20.0, 35.0], [20.0, 45.0], [28.0, 40.0]])
    solver = elastic(np.array([[175.0, 40.0]]), np.concatenate([pin[:1] * 0 + [24.0, 40.0]]))
    angle = np.deg2rad(50)
    target = np.array([24 + 151 * np.cos(angle), 40 + 151 * np.sin(angle)]) - [175.0, 40.0]
    pulls = np.linspace(0, 1, 12)[:, None, None] * target[None, None]
    moved = follow(solver, pulls)[-1]
    middle = solver.mesh.interpolation(np.array([[100.0, 40.0]])) @ moved
    assert np.linalg.norm(middle - [24 + 76 * np.cos(angle), 40 + 76 * np.sin(angle)]) < 12  # left where it was: 64
    assert min_jacobian(solver.mesh, moved) > 0.7


def test_handles_and_holds_are_met() -> None:
    solver = elastic(np.array([[170.0, 40.0]]), np.array([[30.0, 40.0], [30.0, 45.0]]))
    moved = follow(solver, np.array([[[0.0, -15.0]]]))[0]
    places = solver.mesh.interpolation(np.array([[170.0, 40.0], [30.0, 40.0]])) @ moved
    assert np.abs(places - [[170, 25], [30, 40]]).max() < 0.8


def test_too_far_a_pull_is_reduced_until_nothing_folds() -> None:
    solver = elastic(np.array([[100.0, 40.0]]), np.array([[120.0, 35.0], [120.0, 45.0], [80.0, 40.0]]))
    pulls = np.linspace(0, 1, 5)[:, None, None] * np.array([[[30.0, 0.0]]])  # past the pin in front of it
    assert min_jacobian(solver.mesh, follow(solver, pulls)[-1]) < 0  # unlimited: it folds
    share = largest_share(solver, pulls)
    assert 0.05 < share < 0.9
    assert min(min_jacobian(solver.mesh, s) for s in follow(solver, pulls, share=share)) >= MIN_JACOBIAN - 0.05


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(-50, 50), st.floats(-50, 50))
def test_a_rigid_motion_keeps_every_area(angle: float, dx: float, dy: float) -> None:
    mesh = cover(bar())
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    assert abs(min_jacobian(mesh, mesh.vertices @ turn.T + [dx, dy]) - 1.0) < 1e-6
    assert min_jacobian(mesh, mesh.vertices * [-1, 1]) < 0
