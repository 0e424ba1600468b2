"""Rain and snow over a picture that something else drew."""

import numpy as np
import pytest

from engine.world.spec import SceneSpec
from engine.world.weather import Falling

GREY = np.full((96, 128, 3), 90, np.uint8)


@pytest.mark.parametrize("weather", ["rain", "snow"])
def test_it_falls(weather):
    falling = Falling(SceneSpec(weather=weather, seed=3), (128, 96))
    one, other = falling.over(GREY, 0.0), falling.over(GREY, 0.25)
    assert one.shape == GREY.shape and one.dtype == np.uint8
    share = (np.abs(one.astype(int) - GREY) > 8).any(2).mean()
    assert 0.005 < share < 0.5, "something is laid, and most of the picture is still seen"
    assert np.abs(one.astype(int) - other).mean() > 0.5, "and it moves; standing still: 0"
    assert np.array_equal(one, Falling(SceneSpec(weather=weather, seed=3), (128, 96)).over(GREY, 0.0))


@pytest.mark.parametrize("weather", ["clear", "cloudy", "fog"])
def test_nothing_falls_in_other_weather(weather):
    assert np.array_equal(Falling(SceneSpec(weather=weather), (128, 96)).over(GREY, 0.5), GREY)
