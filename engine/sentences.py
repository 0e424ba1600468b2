"""Sentences as vectors whose angles say how near their meanings are: MiniLM (Wang et al., 2020; the weights all-MiniLM-L6-v2) in numpy, without torch.

The net is a BERT (Devlin et al., 2019) of six layers; a sentence is the mean over its tokens, of length one (Reimers & Gurevych, 2019). Light: numpy alone until
something is encoded.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import MINILM
from engine.errors import ModelUnavailable
from engine.settings import Settings

WIDTH = 384
"""Numbers of a vector."""

LAYERS, HEADS = 6, 12
EPSILON = 1e-12

MOST_TOKENS = 256
"""The encoder was trained on so many at most; what comes after is not heard."""

MOST_CHARACTERS = 8000
"""More of a text is never read: a token has some four, and cutting first keeps a text of megabytes cheap."""

AT_ONCE = 2048
"""Tokens that go through the net together: 12 MB in its widest layer."""

REMEMBERED = 8192
"""Texts whose vectors stay in memory: 12 MB."""

_memory: OrderedDict[tuple[Path, str], np.ndarray] = OrderedDict()
_lock = Lock()


def ready(settings: Settings) -> bool:
    """True when the encoder's files are on this machine."""
    return ModelFiles.of(settings).present(MINILM)


def encode(texts: Sequence[str], settings: Settings) -> np.ndarray:
    """(N, 384) float32 unit vectors, one a text; their products are cosines: 1 the same meaning, about 0 nothing in common.

    A text has the same vector whatever stands beside it. Vectors are remembered by text. Raises `ModelUnavailable` when the encoder is not there.
    """
    folder = ModelFiles.of(settings).path(MINILM)
    with _lock:
        known = {text: _memory[folder, text] for text in dict.fromkeys(texts) if (folder, text) in _memory}
    new = [text for text in dict.fromkeys(texts) if text not in known]
    if new:
        known.update(zip(new, load(folder)(new), strict=True))
    with _lock:
        for text in dict.fromkeys(texts):
            _memory[folder, text] = known[text]
            _memory.move_to_end((folder, text))
        while len(_memory) > REMEMBERED:
            _memory.popitem(last=False)
    return np.stack([known[text] for text in texts]) if texts else np.zeros((0, WIDTH), np.float32)


@lru_cache(maxsize=2)
def load(folder: Path) -> Encoder:
    """The encoder of a folder, kept in memory (90 MB). Raises `ModelUnavailable` when its files cannot be read."""
    return Encoder(folder)


class Encoder:
    """The net and its tokenizer."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        try:
            self.weights = load_file(folder / "model.safetensors")
            self.tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # both libraries have kinds of their own for a broken file
            raise ModelUnavailable("the sentence encoder cannot be read", why=str(error)[:200], fix=f"remove it and fetch it again: python app.py fetch {MINILM.id}") from error
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(MOST_TOKENS)

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        """(N, 384) float32 unit vectors of texts."""
        # Halves of surrogate pairs, which JSON can carry, have no UTF-8 form.
        clean = [text[:MOST_CHARACTERS].encode("utf-8", "replace").decode() for text in texts]
        tokens = [np.array(one.ids) for one in self.tokenizer.encode_batch(clean)]
        out = np.empty((len(texts), WIDTH), np.float32)
        group: list[int] = []
        # Texts of about one length together: their attention is one product.
        for k in sorted(range(len(texts)), key=lambda k: len(tokens[k])):
            if group and (len(tokens[k]) != len(tokens[group[0]]) or (len(group) + 1) * len(tokens[k]) > AT_ONCE):
                out[group] = self._vectors(np.stack([tokens[i] for i in group]))
                group = []
            group.append(k)
        if group:
            out[group] = self._vectors(np.stack([tokens[i] for i in group]))
        return out

    def _vectors(self, tokens: np.ndarray) -> np.ndarray:
        """tokens: (B, T) -> (B, 384)."""
        words, places, kinds = (self.weights[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type"))
        seen = self._norm("embeddings", words[tokens] + places[: tokens.shape[1]] + kinds[0])  # (B, T, 384)
        for layer in range(LAYERS):
            name = f"encoder.layer.{layer}"
            seen = self._norm(f"{name}.attention.output", seen + self._linear(f"{name}.attention.output.dense", self._attended(f"{name}.attention.self", seen)))
            seen = self._norm(f"{name}.output", seen + self._linear(f"{name}.output.dense", _gelu(self._linear(f"{name}.intermediate.dense", seen))))
        mean = seen.mean(axis=1)
        return mean / np.maximum(np.linalg.norm(mean, axis=1, keepdims=True), 1e-9)

    def _attended(self, name: str, seen: np.ndarray) -> np.ndarray:
        batch, count, width = seen.shape
        shape = (batch, count, HEADS, width // HEADS)
        query, key, value = (self._linear(f"{name}.{part}", seen).reshape(shape).transpose(0, 2, 1, 3) for part in ("query", "key", "value"))  # (B, heads, T, head_dim)
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // HEADS))
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        mixed = scores / scores.sum(axis=-1, keepdims=True) @ value
        return mixed.transpose(0, 2, 1, 3).reshape(seen.shape)

    def _linear(self, name: str, seen: np.ndarray) -> np.ndarray:
        weight = self.weights[f"{name}.weight"]
        return (seen.reshape(-1, seen.shape[-1]) @ weight.T + self.weights[f"{name}.bias"]).reshape(*seen.shape[:-1], len(weight))

    def _norm(self, name: str, seen: np.ndarray) -> np.ndarray:
        centred = seen - seen.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + EPSILON)
        return centred / spread * self.weights[f"{name}.LayerNorm.weight"] + self.weights[f"{name}.LayerNorm.bias"]


def _gelu(x: np.ndarray) -> np.ndarray:
    from scipy.special import erf

    return np.float32(0.5) * x * (1 + erf(x * np.float32(np.sqrt(0.5))))
