"""Which words count, how they are swapped, and that scores follow the picture: with towers that were made to know two colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.errors import InvalidInput, ModelUnavailable
from engine.metrics import pocket_clip
from engine.metrics.pocket_clip import CHOICES, PocketClip, Towers
from tests.training import toy

PROMPT = "A small red balloon drifts left in the hills at night in rainy weather"


@pytest.fixture(scope="module")
def model() -> PocketClip:
    _, _, tokenizer, encoder = toy.parts()
    torch.manual_seed(2)
    return PocketClip(Towers(8, 32).eval(), tokenizer, encoder.eval())


def frames(colour: tuple[int, int, int], count: int = 2) -> np.ndarray:
    return np.broadcast_to(np.array(colour, np.uint8), (count, 64, 64, 3)).copy()


def test_the_words_that_a_picture_can_show_are_found_in_order():
    found = [(span.text, name, value) for span, name, value in pocket_clip.shown(PROMPT)]
    assert found == [("small", "size", "small"), ("red", "colour", "red"), ("balloon", "kind", "balloon"), ("hills", "place", "hills"), ("night", "time", "night"), ("rainy", "weather", "rain")]
    assert pocket_clip.shown("zzyx, moving to the left quickly") == []


def test_alternatives_are_all_values_of_the_same_kind_in_the_form_that_was_said():
    assert pocket_clip.alternatives("weather", "rainy")["snow"] == "snowy" and pocket_clip.alternatives("weather", "rain")["snow"] == "snow"
    for name, values in CHOICES.items():
        options = pocket_clip.alternatives(name, "x")
        assert set(options) <= set(values) and len(set(options.values())) == len(options) >= 2


def test_features_are_unit_vectors_and_a_text_alone_is_as_in_company(model):
    texts = ["a red boat", "", "the hills at night " * 30]
    together = model.text_features(texts)
    assert together.shape == (3, pocket_clip.FEATURES) and torch.allclose(together.norm(dim=1), torch.ones(3), atol=1e-5)
    alone = torch.cat([model.text_features([one]) for one in texts])
    assert (together - alone).norm(dim=1).max() < 1e-3
    assert (together[0] - together[1]).norm() > 1e-2
    assert model.image_features(frames((200, 0, 0))).shape == (2, pocket_clip.FEATURES)


def test_consistency_is_the_mean_cosine(model):
    # Flat pictures would not do: the tower's norms divide by their spread, which is nearly nought, and enlarge what processors round differently.
    both = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    both[1] //= 4
    each = [model.prompt_consistency(both[k : k + 1], "a red boat") for k in range(2)]
    apart = abs(each[0] - each[1])
    assert model.prompt_consistency(both, "a red boat") == pytest.approx(np.mean(each), abs=0.1 * apart) and apart > 0.01  # one of them alone: off by 0.5 * apart


def test_a_word_scores_by_what_the_frames_show(model, monkeypatch):
    axes = {"red": 0, "blue": 1}

    def told(texts: list[str]) -> torch.Tensor:
        out = torch.zeros(len(texts), pocket_clip.FEATURES)
        for row, text in enumerate(texts):
            out[row, next((axis for word, axis in axes.items() if word in text.split()), 2)] = 1
        return out

    def looked(pictures: np.ndarray) -> torch.Tensor:
        out = torch.zeros(len(pictures), pocket_clip.FEATURES)
        out[torch.arange(len(pictures)), torch.tensor([0 if one[0, 0, 0] > 100 else 1 for one in pictures])] = 1
        return out

    monkeypatch.setattr(model, "text_features", told)
    monkeypatch.setattr(model, "image_features", looked)
    prompt = "a red car at night"
    scores = {name: {prompt[one.start : one.end]: one.score for one in model.words(frames(colour), prompt)} for name, colour in (("red", (200, 0, 0)), ("blue", (0, 0, 200)))}
    assert set(scores["red"]) == {"red", "car", "night"}
    assert scores["red"]["red"] > 0.9 and scores["blue"]["red"] < 0.01  # a guess: 0.08
    assert scores["red"]["car"] == pytest.approx(1 / 25) and scores["red"]["night"] == pytest.approx(1 / 4)  # these features say nothing of them
    assert all(one.chance == pytest.approx(1 / {"red": 12, "car": 25, "night": 4}[prompt[one.start : one.end]]) for one in model.words(frames((200, 0, 0)), prompt))


def test_other_arrays_folders_and_encoders_are_named(model, tmp_path):
    with pytest.raises(InvalidInput, match="cannot be judged"):
        model.image_features(np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        pocket_clip.load(tmp_path, tmp_path)
