"""CLAP is loaded by stock classes from a folder as the hub holds it, and its scores are mixed half and half: on small random weights, which know nothing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from engine.catalog.experts import CLAP
from engine.errors import ModelUnavailable
from engine.settings import Settings
from engine.sound.bank import clap, search
from engine.sound.bank import sounds as bank_sounds

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "rain", "wind", "Ġrain", "Ġwind", "a", "r", "i", "n", "w", "d", "Ġ"]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models with a CLAP of a few thousand random weights."""
    import torch
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel, RobertaTokenizerFast

    folder = tmp_path_factory.mktemp("models") / CLAP.id
    folder.mkdir()
    torch.manual_seed(0)
    config = ClapConfig(
        text_config={"vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16, "pad_token_id": 1, "projection_dim": 8},
        audio_config={
            "window_size": 8, "num_mel_bins": 64, "spec_size": 256, "hidden_size": 64, "patch_embeds_hidden_size": 8, "depths": [1, 1, 1, 1], "num_attention_heads": [1, 1, 1, 1],
            "num_hidden_layers": 4, "patch_size": 4, "enable_fusion": True, "projection_dim": 8,
        },
        projection_dim=8,
    )  # fmt: skip
    ClapModel(config).save_pretrained(folder)
    ClapFeatureExtractor(feature_size=64, truncation="fusion", padding="repeatpad").save_pretrained(folder)
    (folder / "vocab.json").write_text(json.dumps({word: k for k, word in enumerate(WORDS)}), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    RobertaTokenizerFast(str(folder / "vocab.json"), str(folder / "merges.txt")).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        if not (folder / name).exists():
            (folder / name).write_text("{}", encoding="utf-8")
    return folder.parent


def test_loaded_heard_and_mixed_half_and_half(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").symlink_to(models)
    there = Settings(data_dir=tmp_path)
    asked = tuple(sound for sound in bank_sounds() if sound.id in {"pop", "click", "knock"})
    monkeypatch.setattr(search, "sounds", lambda: asked)
    scores = clap.scores("rain", asked, there)
    assert scores is not None and scores.shape == (3,) and (scores >= 0).all() and (scores <= 1).all()
    listener = clap.load(models / CLAP.id)
    vectors = [listener.heard(sound, there) for sound in asked]
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-4) for vector in vectors) and np.abs(vectors[0] - vectors[1]).max() > 1e-4
    assert np.allclose(scores, np.clip((np.stack(vectors) @ listener.read("rain") - clap.LOW) / (clap.HIGH - clap.LOW), 0, 1), atol=1e-5)
    # A sound that CLAP is sure of comes before the one that words alone would name.
    alone = search.find("a pop", there)[0]
    monkeypatch.setattr(clap, "scores", lambda *_: np.array([float(sound.id == "knock") for sound in asked]))
    mixed = {sound.id: score for sound, score in search.find("a pop", there)}
    assert alone[0].id == "pop" and mixed["knock"] >= 0.5


def test_a_folder_that_is_no_clap(models: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelUnavailable):
        clap.Listener(tmp_path)
    assert clap.scores("rain", (), Settings(data_dir=tmp_path)) is None
