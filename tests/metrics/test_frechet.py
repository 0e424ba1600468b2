"""The Fréchet distance against what is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.metrics.frechet import frechet


def test_shift_and_width_of_gaussians():
    rng = np.random.default_rng(0)
    one = rng.normal(size=(20000, 4))
    assert frechet(one, one) < 1e-9
    assert frechet(one, one + [3, 0, 0, 0]) == pytest.approx(9, rel=1e-6)  # the distance of means alone
    assert frechet(one, 2 * rng.normal(size=(20000, 4))) == pytest.approx(4, rel=0.05)  # (2 - 1)^2 in each of four directions
    assert frechet(one, rng.normal(size=(20000, 4))) < 0.01


def test_fewer_rows_than_directions_stay_finite_and_symmetric():
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(6, 40)), rng.normal(size=(9, 40)) + 1
    assert frechet(one, other) == pytest.approx(frechet(other, one), rel=1e-6) and frechet(one, other) > 40


@pytest.mark.parametrize(("one", "other"), [((1, 4), (5, 4)), ((5, 4), (5, 3)), ((5,), (5, 4))])
def test_other_shapes_are_named(one, other):
    with pytest.raises(InvalidInput, match="cannot be compared"):
        frechet(np.zeros(one), np.zeros(other))
