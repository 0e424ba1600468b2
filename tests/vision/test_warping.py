"""Moving and laying layers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.vision.deform import cover
from engine.vision.matting import grown_box
from engine.vision.warping import affine, cut_layer, fit_similarity, is_identity, put, similarity, translation, warp_layer, warp_mesh
from tests.vision.scenes import ball


def test_whole_pixel_shifts_are_exact_and_the_rest_is_untouched() -> None:
    picture, mask = ball()
    layer = cut_layer(picture, mask.astype(np.float32), grown_box(mask, 2))
    frame = np.full_like(picture, 77)
    moved = warp_layer(layer, translation(25, -10), (240, 180))
    assert moved is not None
    put(frame, *moved)
    there = np.roll(mask, (-10, 25), (0, 1))
    assert (frame[there] == np.roll(picture, (-10, 25), (0, 1))[there]).all()  # not moved: 0 of these are right
    assert (frame[~there] == 77).all()


def test_outside_is_none_and_partly_outside_is_cut() -> None:
    picture, mask = ball()
    layer = cut_layer(picture, mask.astype(np.float32), grown_box(mask, 2))
    assert warp_layer(layer, translation(1000, 0), (240, 180)) is None
    moved = warp_layer(layer, translation(-75, 0), (240, 180))
    assert moved is not None and moved[1][1].start == 0


def test_mesh_warp_agrees_with_the_affine_warp() -> None:
    picture, mask = ball()
    layer = cut_layer(picture, mask.astype(np.float32), grown_box(mask, 2))
    mesh = cover(mask)
    for matrix in (translation(0, 0), translation(12.4, -7.3), similarity(1.15, 140.0, (80.0, 90.0))):
        by_mesh = warp_mesh(layer, mesh.vertices, affine(matrix, mesh.vertices), mesh.triangles, (240, 180))
        by_affine = warp_layer(layer, matrix, (240, 180))
        assert by_mesh is not None and by_affine is not None
        a, b = np.zeros((180, 240, 3), np.uint8), np.zeros((180, 240, 3), np.uint8)
        put(a, *by_mesh)
        put(b, *by_affine)
        assert np.abs(a.astype(int) - b).mean() < 0.8  # an unmoved layer differs by 10 or more for the shifts


@settings(max_examples=40, deadline=None)
@given(st.floats(0.4, 2.5), st.floats(-170, 170), st.floats(-80, 80), st.floats(-80, 80))
def test_similarity_is_recovered(scale: float, degrees: float, dx: float, dy: float) -> None:
    truth = translation(dx, dy) @ similarity(scale, degrees, (30.0, 20.0))
    rest = np.array([[0.0, 0.0], [50.0, 3.0], [20.0, 40.0]])
    assert np.abs(fit_similarity(rest, affine(truth, rest)) - truth).max() < 1e-6


def test_one_point_is_a_translation() -> None:
    assert np.allclose(fit_similarity(np.array([[3.0, 4.0]]), np.array([[5.0, 1.0]])), translation(2, -3))
    assert is_identity(np.eye(3)) and not is_identity(translation(0.01, 0))
