"""The encoder in numpy says what the stock one in torch says, on its real weights where they are here and on small random ones everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine import sentences
from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MINILM
from engine.errors import ModelUnavailable
from engine.settings import Settings

TEXTS = ["rain drumming on a roof", "a ship blows its horn", "A ship blows its horn!", "", "kleines rotes Boot, café, 雨", "wind " * 400]
REAL = Settings.load()
with_weights = pytest.mark.skipif(not sentences.ready(REAL), reason="needs `app.py fetch minilm`")

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "rain", "wind", "horn", "ship", "a", "##s", "the", "on"]


def small(folder: Path) -> Path:
    """A BERT of random weights in MiniLM's shape with a dictionary of twelve words, as the library itself saves it."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(vocab_size=len(WORDS), hidden_size=384, num_hidden_layers=6, num_attention_heads=12, intermediate_size=1536, initializer_range=0.1)
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    made = Tokenizer(models.WordPiece({word: k for k, word in enumerate(WORDS)}, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    made.save(str(folder / "tokenizer.json"))
    return folder


def stock(folder: Path, texts: list[str]) -> np.ndarray:
    """What transformers and torch make of the texts."""
    import torch
    from tokenizers import Tokenizer
    from transformers import BertModel

    model = BertModel.from_pretrained(folder, add_pooling_layer=False).eval()
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    rows = []
    for text in texts:
        ids = tokenizer.encode(text).ids
        ids = ids if len(ids) <= sentences.MOST_TOKENS else [*ids[: sentences.MOST_TOKENS - 1], ids[-1]]
        with torch.no_grad():
            rows.append(torch.nn.functional.normalize(model(torch.tensor([ids])).last_hidden_state.mean(1)[0], dim=0).numpy())
    return np.stack(rows)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small(tmp_path_factory.mktemp("encoder"))


def test_small_random_weights_as_the_stock_library_runs_them(folder: Path) -> None:
    got, wanted = sentences.Encoder(folder)(TEXTS), stock(folder, TEXTS)
    assert got.dtype == np.float32 and got.shape == (len(TEXTS), sentences.WIDTH)
    # Two random texts differ by about 1e-1 there.
    assert np.abs(got - wanted).max() < 2e-5
    assert np.abs(got[0] - got[1]).max() > 1e-2


def test_a_text_alone_or_among_others_is_the_same(folder: Path) -> None:
    encoder = sentences.Encoder(folder)
    together = encoder(TEXTS[:5] * 30)
    assert np.allclose(together[1], encoder([TEXTS[1]])[0], atol=1e-5) and np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-5)


def test_texts_that_are_no_texts(folder: Path) -> None:
    odd = sentences.Encoder(folder)(["\ud800", "\0", "rain " * 100_000, "🎬" * 50])
    assert np.isfinite(odd).all() and sentences.Encoder(folder)([]).shape == (0, 384)


def test_without_files_or_with_broken_ones(tmp_path: Path) -> None:
    bare = Settings(data_dir=tmp_path)
    assert not sentences.ready(bare)
    with pytest.raises(ModelUnavailable, match="fetch minilm"):
        sentences.encode(["rain"], bare)
    (tmp_path / "tokenizer.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"\xff" * 64)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        sentences.Encoder(tmp_path)


@with_weights
def test_the_real_weights_as_the_stock_library_runs_them() -> None:
    place = ModelFiles(REAL.data_dir / "models", REAL).path(MINILM)
    got = sentences.encode(TEXTS, REAL)
    assert np.abs(got - stock(place, TEXTS)).max() < 1e-5
    cosines = got @ got.T
    # Upper case and the exclamation mark change little; rain and a ship's horn have little in common.
    assert cosines[1, 2] > 0.9 > 0.4 > cosines[0, 1]
    assert np.array_equal(sentences.encode([TEXTS[1]], REAL)[0], got[1])


def test_no_torch_is_loaded(folder: Path) -> None:
    code = f"import sys, json; from pathlib import Path; from engine import sentences; sentences.Encoder(Path({str(folder)!r}))(['rain']); print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "gradio", "cv2"} & set(json.loads(done.stdout))
