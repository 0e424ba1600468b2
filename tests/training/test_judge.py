"""The judge learns from renders alone, counts what was asked, and ships as it was measured."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.errors import ModelUnavailable
from engine.metrics import pocket_judge
from engine.training import judge
from engine.training.data import Cache, examples
from engine.training.home import Log, read_log
from engine.training.pasting import NOTHING, UNKNOWN
from engine.world.spec import KINDS, SceneSpec, SubjectSpec
from tests.training import toy


def test_it_learns_and_its_verdicts_count_what_was_asked(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_TRAINING_DIR", str(tmp_path))
    scenes, records = judge.renders(toy.RECIPE, 1)
    pictures, specs = scenes.reshape(-1, 64, 64, 3), judge.specs_of(records, 2)
    labels = np.array([judge.labels_of(spec) for spec in specs])
    covers = judge.covers_of(toy.RECIPE, 1)
    assert covers.shape == (6, 2, 8, 8) and (covers == -1).all()  # the picture model has drawn nothing here
    torch.manual_seed(0)
    training = judge.Training(judge.Judge(8))  # a quarter as wide as the shipped one
    losses = [training.step(pictures, labels, covers.reshape(-1, 8, 8)) for _ in range(20)]
    assert losses[-1] < 0.6 * losses[0]  # no learning: ratio 1.00
    figures = judge.verdicts(training.model.float(), pictures, specs)
    assert figures["time"] > 0.6  # a guess: 0.25
    assert set(figures) == {"time", "place", "weather", "subject", "colour", "subject and colour"}
    judge.report(training, tmp_path, Log(tmp_path), losses, (scenes, records), scenes[:, 0], 12)
    line = read_log(tmp_path)[-1]
    assert line["vae"] == line["held_out"] and line["other_scenes"] != line["held_out"]
    shipped = pocket_judge.load(tmp_path / "export")
    assert judge.verdicts(shipped, scenes[:, 0], judge.specs_of(records, 1)) == pytest.approx(line["held_out"], abs=0.2)


def test_pictures_of_the_picture_models_cache_are_the_same_ones(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_TRAINING_DIR", str(tmp_path))
    recipe = judge.Recipe(scenes=2, frames=1)
    there = judge.LatentCache(recipe, toy.small_vae().eval(), "toy")
    there.make(0)
    pictures, records = judge.renders(recipe, 1)
    assert Cache(recipe).ready() == []
    assert (judge.covers_of(recipe, 1) == np.array(there.cover(0)) / np.float32(255)).all()
    assert (pictures == np.concatenate([one.frames[None] for one in examples(recipe, 0)])).all() and records == there.records(0)


def test_labels_of_two_things_of_one_kind_leave_their_colour_open():
    twins = SceneSpec(subjects=(SubjectSpec(kind="cat", colour="red"), SubjectSpec(kind="cat", colour="blue"), SubjectSpec(kind="dog", colour="red")))
    found = judge.labels_of(twins)[3:]
    assert found[KINDS.index("cat")] == -2 and found[KINDS.index("dog")] == 0 and found.count(-1) == len(KINDS) - 2


def test_known_places_teach_which_thing_is_there_and_that_nothing_is():
    torch.manual_seed(0)
    things, colours, there = torch.zeros(1, 25, 4), torch.zeros(1, 25, 12, 4), torch.full((1, 25), -1)
    there[0, 3] = 7
    found = torch.tensor([[3, NOTHING, UNKNOWN, NOTHING]])
    plain = judge.at_places(things, colours, there, found)
    right = things.clone()
    right[:, :, [1, 3]] = -9
    right[0, 3, 0], colours[0, 3, 7, 0] = 9, 9
    assert judge.at_places(right, colours, there, found) < 0.05 < 5 < plain
    unknown = right.clone()
    unknown[:, :, 2] = 50
    assert judge.at_places(unknown, colours, there, found) == judge.at_places(right, colours, there, found)


def test_a_map_is_cut_and_mirrored_with_its_picture():
    rng, given = np.random.default_rng(0), torch.full((20, 3, 128, 128), -1.0)
    given[:, :, 40:90, 20:60] = 1
    done = [judge.augmented(given, rng, maps=(given[:, 0] > 0).long()) for _ in range(4)]
    parts, cells = (torch.cat(one) for one in zip(*done, strict=True))
    bright = torch.nn.functional.avg_pool2d(parts, 16).mean(1)
    assert cells.shape == (80, 7, 7) and len({tuple(one.flatten().tolist()) for one in cells}) > 3
    assert (bright[cells == 1] > 0).float().mean() > 0.9 and (bright[cells == 0] < 0).float().mean() > 0.9


def test_a_picture_is_cropped_mirrored_softened_and_noised():
    rng, given = np.random.default_rng(0), torch.zeros(40, 3, 128, 128)
    given[..., :64] = torch.rand(40, 3, 128, 64) * 2 - 1
    out = judge.augmented(given, rng)
    assert out.shape == (40, 3, 112, 112)
    left, right = out[..., :40].std((1, 2, 3)), out[..., -40:].std((1, 2, 3))
    assert 8 < int((left < right).sum()) < 32  # never mirrored: 0
    strong = torch.maximum(left, right)
    assert strong.max() > 1.8 * strong.min()  # never softened: 1.2


def test_a_folder_without_a_judge_is_named(tmp_path):
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        pocket_judge.load(tmp_path)
