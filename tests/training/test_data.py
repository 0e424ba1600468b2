"""Shards: the same bytes from the same seed, train and held-out apart, nothing half-written."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training.data import HALF, Cache, Recipe, examples, mirrored, specs
from engine.world.captions import HELD_OUT
from tests.training.toy import RECIPE


def test_a_shard_is_the_same_bytes_again_and_another_shard_is_not(tmp_path):
    one, two = Cache(RECIPE, tmp_path / "a"), Cache(RECIPE, tmp_path / "b")
    one.fill(2)
    two.make(1)
    assert (one.frames(1) == two.frames(1)).all() and one.records(1) == two.records(1)
    assert np.abs(one.frames(0).astype(int) - one.frames(1)).mean() > 20  # the same scenes: 0
    assert one.frames(0).shape == (6, 2, 64, 64, 3)


def test_pictures_of_a_scene_differ_in_time_and_captions_say_the_scene(tmp_path):
    cache = Cache(RECIPE, tmp_path)
    cache.make(0)
    moved = [np.abs(pair[0].astype(int) - pair[1]).mean() for pair in cache.frames(0)]
    assert max(moved) > 1  # the same moment twice: 0
    for record in cache.records(0):
        assert len(set(record["captions"])) > 1
        assert record["times"] == sorted(record["times"])


def test_held_out_scenes_and_phrasings_are_never_trained_on():
    test = Recipe(split="held-out")
    assert all(spec.seed >= HALF for spec, _ in specs(test, 0))
    assert all(spec.seed < HALF for spec, _ in specs(Recipe(), 0))
    assert not {spec.model_dump_json() for spec, _ in specs(test, 0)} & {spec.model_dump_json() for spec, _ in specs(Recipe(), 0)}


def test_held_out_captions_use_the_patterns_kept_for_testing(tmp_path):
    cache = Cache(Recipe(split="held-out", scenes=8, frames=1, size=32), tmp_path)
    cache.make(0)
    leads = tuple(pattern.split(" ")[0].strip("{}") for pattern in HELD_OUT if pattern[0] != "{")
    captions = [text for record in cache.records(0) for text in record["captions"]]
    assert sum(text.startswith(leads) for text in captions) > 0.3 * len(captions)  # training patterns: about 2 %


def test_clips_are_neighbouring_frames_at_the_scenes_own_rate(tmp_path):
    cache = Cache(Recipe("clips", scenes=2, frames=3, size=32), tmp_path)
    cache.make(0)
    for record in cache.records(0):
        assert record["times"] == pytest.approx([0, 1 / record["spec"]["fps"], 2 / record["spec"]["fps"]])


def test_a_shard_without_its_second_file_does_not_exist(tmp_path):
    cache = Cache(RECIPE, tmp_path)
    (cache.folder / "00000.u8").write_bytes(b"cut short")
    assert cache.ready() == []
    cache.make(0)
    assert cache.ready() == [0] and cache.frames(0).shape[0] == 6


def test_every_second_scene_is_the_mirror_image_of_the_one_before_and_is_told_as_such(tmp_path):
    recipe = Recipe(scenes=8, frames=1, size=64)
    pairs = list(examples(recipe, 0))
    turned = 0
    for one, other in zip(pairs[::2], pairs[1::2], strict=True):
        assert (one.frames[:, :, ::-1] == other.frames).all() and (one.cover[:, :, ::-1] == other.cover).all()
        assert mirrored(other.spec) == one.spec
        turned += one.spec != other.spec
    assert turned >= 3  # an unchanged spec would call every left-going thing a right-going one: 0
    assert 0 < np.mean([one.cover.mean() for one in pairs]) < 0.4
