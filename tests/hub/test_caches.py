"""Step caches on the tiny copies of all families: work is left out, the clip stays near, and nothing of the cache is left behind."""

from __future__ import annotations

import pytest

from engine.catalog.video import CARDS
from engine.hub.caching import METHODS
from tests.hub.checks import Bed
from tests.hub.skipped import measured

FIRST = {card.family: card for card in reversed(CARDS)}
WITHOUT = ("sana", "animatediff", "svd")
METHOD = {"mochi": "first-block", "cogvideox": "first-block", "ltx": "first-block", "wan": "first-block", "skyreels": "taylorseer", "hunyuan": "taylorseer"}


@pytest.fixture(scope="module")
def bed(tmp_path_factory):
    return Bed(tmp_path_factory.mktemp("caches"))


@pytest.mark.parametrize("family", [name for name in FIRST if name not in WITHOUT])
def test_work_is_left_out_and_the_clip_stays_near(bed, family):
    found = measured(bed, FIRST[family], "fast")
    assert found.method == METHOD[family]
    assert found.share < 0.97
    assert 25 < found.psnr < 100  # of another seed: 6 to 10; the same bits: 148
    assert found.same_after


@pytest.mark.parametrize("family", WITHOUT)
def test_a_family_without_a_step_cache_is_told(bed, family):
    found = measured(bed, FIRST[family], "fast", steps=4)
    assert (found.method, found.share, found.same_after) == ("", 1.0, True)


@pytest.mark.parametrize("method", METHODS)
def test_safe_leaves_out_less_than_fast_and_a_method_can_be_named(bed, method):
    safe, fast = (measured(bed, FIRST["cogvideox"], level, method) for level in ("safe", "fast"))
    assert safe.method == fast.method == method
    assert 1.0 >= safe.share > fast.share
    assert safe.psnr > fast.psnr - 2
    assert safe.same_after and fast.same_after


def test_models_of_four_steps_are_left_whole_by_taylorseer(bed):
    assert measured(bed, FIRST["cogvideox"], "fast", "taylorseer", steps=4).share == 1.0
