"""Experts from folders with tiny random weights of the real classes: loaded, asked, corrected; and what is said when they are missing or broken."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.errors import InvalidInput, ModelUnavailable
from engine.experts import CARDS_OF, able, available, expert, grounding, require, sam, sam2
from engine.experts import caption as captions
from engine.media.frames import Held
from engine.settings import Settings
from tests.experts import tiny

SAVERS = {"grounding-dino-tiny": tiny.grounding_dino, "sam-vit-base": tiny.sam, "sam2-hiera-tiny": tiny.sam2, "blip-base": tiny.blip}


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Settings:
    """A data folder in which all experts lie."""
    root = tmp_path_factory.mktemp("experts")
    for name, save in SAVERS.items():
        save(root / "data/models" / name)
    return Settings(data_dir=root / "data")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """A further shelf: the models of the authors' own packages."""
    import segment_anything

    patch, shelf = pytest.MonkeyPatch(), tmp_path_factory.mktemp("packages")
    tiny.small_swin(patch)
    patch.setitem(segment_anything.sam_model_registry, "tiny", tiny.small_sam)
    tiny.package_dino(shelf / "dino")
    tiny.package_sam(shelf / "sam")
    yield Settings(data_dir=shelf / "data", model_folders=str(shelf))
    patch.undo()


def test_what_is_missing_is_said_with_size_licence_and_command(here, packages, tmp_path):
    nothing = Settings(data_dir=tmp_path)
    assert available(nothing) == {} and not able(nothing)
    with pytest.raises(InvalidInput, match=r"Grounding DINO.*690 MB, Apache-2.0.*app.py fetch grounding-dino-tiny sam-vit-base sam2-hiera-tiny") as told:
        require(nothing)
    assert told.value.field == "method"
    with pytest.raises(InvalidInput, match="BSD-3"):
        expert(nothing, "describe")
    assert {role: one.kind for role, one in require(here).items()} == {"find": "grounding-dino", "cut": "sam", "follow": "sam2_video", "describe": "blip"}
    assert able(here) and all(one.card in CARDS_OF[role] for role, one in available(here).items())
    assert {role: one.kind for role, one in available(packages).items()} == {"find": "groundingdino-py", "cut": "segment-anything"} and not able(packages)


@pytest.mark.parametrize("source", ["here", "packages"])
def test_words_find_boxes(source, request):
    finder = grounding.load(expert(request.getfixturevalue(source), "find"))
    picture = tiny.picture()
    found = finder.find(picture, "a red car. dog", box_from=0.0)
    assert found and [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(0 <= one.box[0] < one.box[2] <= 1 and 0 <= one.box[1] < one.box[3] <= 1 and 0 <= one.score <= 1 for one in found)
    assert not any("[" in one.phrase or "." in one.phrase for one in found)
    others = finder.find(picture, "man", box_from=0.0), finder.find(tiny.picture(5), "a red car. dog", box_from=0.0)
    assert all(one != found for one in others), "words and picture count"
    assert finder.find(picture, "dog", box_from=1.1) == []
    with pytest.raises(InvalidInput, match="words"):
        finder.find(picture, " . ")
    with pytest.raises(InvalidInput, match="uint8"):
        finder.find(picture.astype(np.float32), "dog")


def test_boxes_of_one_thing_are_one():
    boxes = [grounding.Box((0.1, 0.1, 0.5, 0.5), 0.5, "dog"), grounding.Box((0.11, 0.1, 0.5, 0.5), 0.9, "a dog"), grounding.Box((0.6, 0.1, 0.9, 0.5), 0.4, "dog"), grounding.Box((0.3, 0.3, 0.3, 0.5), 1.0, "line")]
    assert [one.score for one in grounding.told(boxes)] == [0.9, 0.4]


def test_the_wrapper_of_bert_hides_what_the_mask_hides():
    from transformers import BertConfig, BertModel

    from engine.experts.dino_compat import Bert

    torch.manual_seed(0)
    bert = Bert(tiny.shaken(BertModel(BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32, vocab_size=20))))
    ids, pairs = torch.tensor([[2, 9, 10, 3]]), torch.eye(4).bool()[None]
    pairs[:, :2, :2] = True
    seen, other = (bert(ids.clone().index_fill_(1, torch.tensor([2]), word), pairs)["last_hidden_state"] for word in (10, 12))
    assert torch.equal(seen[:, :2], other[:, :2]) and not torch.equal(seen[:, 2], other[:, 2])
    whole = bert(ids, torch.ones(1, 4))["last_hidden_state"]
    assert (whole - bert(ids, torch.ones(1, 4, 4).bool())["last_hidden_state"]).abs().max() < 1e-6


@pytest.mark.parametrize("source", ["here", "packages"])
def test_clicks_and_boxes_cut_things_out(source, request, monkeypatch):
    cutter = sam.load(expert(request.getfixturevalue(source), "cut"))
    looked = []
    kind = type(cutter)
    model, name = (cutter.model, "get_image_embeddings") if kind is sam.StockCutter else (cutter.predictor, "set_image")
    real = getattr(model, name)
    monkeypatch.setattr(model, name, lambda *given: looked.append(1) or real(*given), raising=False)
    picture = tiny.picture()
    mask, score = cutter.cut(picture, [(0.5, 0.5)])
    assert mask.shape == (48, 64) and mask.dtype == bool and 0 <= score <= 1
    masks = [cutter.cut(picture, [(0.5, 0.5)], [(0.1, 0.1)], (0.2, 0.2, 0.8, 0.8)), cutter.cut(picture, box=(0.1, 0.5, 0.4, 0.9))]
    assert len(looked) == 1, "a picture is looked at once"
    assert not (np.array_equal(mask, masks[0][0]) and np.array_equal(mask, masks[1][0])), "marks count"
    cutter.cut(tiny.picture(3), [(0.5, 0.5)])
    assert len(looked) == 2
    with pytest.raises(InvalidInput, match="click"):
        cutter.cut(picture, avoid=[(0.1, 0.1)])


@pytest.fixture(scope="module")
def follower_of(here):
    model = sam2.Sam2(expert(here, "follow"))
    return lambda count=14: sam2.Follower(model, Held(np.stack([tiny.picture(k) for k in range(count)])))


def test_a_thing_is_followed_both_ways_with_bounded_memory(follower_of):
    follower = follower_of()
    with pytest.raises(ValueError, match="mark"):
        next(follower.propagate(0, 3))
    with pytest.raises(InvalidInput, match="click"):
        follower.mark(5)
    first = follower.mark(5, points=[(0.5, 0.5)], avoid=[(0.1, 0.1)])
    assert first.frame == 5 and first.mask.shape == (48, 64) and first.mask.dtype == bool and 0 <= first.score <= 1
    on, back = list(follower.propagate(5, 13)), list(follower.propagate(5, 0))
    assert [one.frame for one in on] == list(range(5, 14)) and [one.frame for one in back] == list(range(5, -1, -1))
    assert np.array_equal(on[0].mask, first.mask) and follower.keys == (5,)
    kept = follower._session.output_dict_per_obj[0]["non_cond_frame_outputs"]
    assert len(kept) <= follower._reach + 1 and not any("high_res_masks" in out for out in kept.values())
    assert not follower._session.processed_frames and not follower._session.cache._vision_features


def test_a_correction_is_a_key_frame_and_changes_what_follows(follower_of):
    follower = follower_of()
    mask = np.zeros((48, 64), bool)
    mask[12:32, 16:40] = True
    given = follower.mark(2, mask=mask)
    assert (given.mask & mask).sum() / (given.mask | mask).sum() > 0.85 and given.score > 0.9
    before = {one.frame: one for one in follower.propagate(2, 8)}
    refined = follower.mark(6, points=[(0.8, 0.8)])
    assert follower.keys == (2, 6)
    after = {one.frame: one for one in follower.propagate(6, 8)}
    assert np.array_equal(after[6].mask, refined.mask)
    out = follower._session.output_dict_per_obj[0]
    assert set(out["cond_frame_outputs"]) == {2, 6} and 6 not in out["non_cond_frame_outputs"]
    whole = follower.mark(8, mask=~mask)
    assert whole.mask.mean() > 0.7 and follower.keys == (2, 6, 8) and before[8].frame == 8
    gone = follower.mark(8, mask=np.zeros((48, 64), bool))
    assert not gone.mask.any() and gone.score < 0.1
    with pytest.raises(InvalidInput, match="64x48"):
        follower.mark(3, mask=np.zeros((4, 4), bool))


def test_a_clip_is_described_and_its_protagonist_named(here):
    told = captions.Describer(expert(here, "describe")).describe([tiny.picture(k) for k in range(8)])
    assert len(told.each) == captions.LOOKED_AT and told.sentence in told.each
    with pytest.raises(ValueError):
        captions.Describer(expert(here, "describe")).describe([])
    said = {
        "a man in a red shirt riding a bike": "man", "a small red car is parked on the street": "small red car", "two dogs playing with a ball": "dogs", "the woman, smiling": "woman",
        "": "",
    }
    assert {sentence: captions.protagonist(sentence) for sentence in said} == said
    agreed = captions.agreed(["a dog on a beach", "a cat on a chair", "a dog runs on the beach"])
    assert agreed.noun == "dog" or agreed.sentence.startswith("a dog")


@pytest.mark.parametrize("fault", ["missing", "foreign", "cut", "vocabulary"])
def test_broken_folders_are_refused(fault, packages, tmp_path, monkeypatch):
    folder = tmp_path / "dino"
    source = expert(packages, "find").folder
    import shutil

    shutil.copytree(source, folder)
    weights = folder / "model.safetensors"
    state = load_file(weights)
    if fault == "missing":
        save_file({name: value for name, value in state.items() if name != "feat_map.bias"}, weights)
    elif fault == "foreign":
        save_file({**state, "stranger": torch.zeros(1)}, weights)
    elif fault == "cut":
        weights.write_bytes(weights.read_bytes()[:2000])
    else:
        for path in (folder / "bert").glob("*.json"):
            if path.name != "config.json":
                path.unlink()
        (folder / "bert/vocab.txt").write_text("[UNK]\n[CLS]\n[SEP]", encoding="utf-8")
    with warnings.catch_warnings(), pytest.raises(ModelUnavailable):
        warnings.simplefilter("ignore")
        grounding.load(expert(Settings(data_dir=tmp_path / "data", model_folders=str(folder)), "find"))


def test_pickled_weights_and_other_folders_are_no_experts(tmp_path):
    for name, files in (("pickle", {"config.json": '{"model_type": "sam"}', "pytorch_model.bin": ""}), ("text", {"config.json": "[]", "a.safetensors": ""}), ("other", {"config.json": json.dumps({"model_type": "llama"}), "a.safetensors": ""})):
        (tmp_path / "models" / name).mkdir(parents=True)
        for file, text in files.items():
            (tmp_path / "models" / name / file).write_text(text)
    assert available(Settings(data_dir=tmp_path)) == {}
