"""The pocket text encoder: a small `CLIPTextModel` and its `CLIPTokenizer`, both stock classes. `python -m engine.training.text`.

It is trained before the picture model, on text alone: three slots and the scene must be read back from the states of its tokens by one layer of
attention, the very thing that a UNet's cross-attention does later. Sentences are made on the fly and never end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from engine.training.data import STREAMS
from engine.training.home import Log, swap
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.training.wording import plain, short, synonyms, typed
from engine.world.captions import captions
from engine.world.spec import CAMERAS, COLOURS, KINDS, MOTIONS, PLACES, SIZES, SPEEDS, TIMES, WEATHERS, SceneSpec, sample_spec

NAME = "pocket-text"
LENGTH, WIDTH, LAYERS = 64, 256, 4
START, END = "<|startoftext|>", "<|endoftext|>"
SCENE = {"time": TIMES, "weather": WEATHERS, "place": PLACES, "camera": CAMERAS}
SUBJECT = {"kind": ("none", *KINDS), "colour": COLOURS, "size": SIZES, "motion": MOTIONS, "speed": SPEEDS, "looks": ("left", "right")}


def words_of_the_world() -> list[str]:
    """Every word of the training sentences and of the everyday synonyms, lower case, sorted. Held-out wordings are not looked at."""
    found: set[str] = set()
    rng = np.random.default_rng(0)
    for _ in range(4000):
        spec = sample_spec(rng, count=2)
        for text in captions(spec, rng, 2):
            found.update(plain(text))
    for phrases in synonyms().values():
        for phrase in phrases:
            found.update(plain(phrase))
    return sorted(found)


def build_tokenizer(words: Sequence[str] | None = None) -> CLIPTokenizer:
    """Byte-pair encoding in which each of the words is one token, and any other text falls into pieces, at worst single bytes."""
    words = words_of_the_world() if words is None else sorted(words)
    trainer = trainers.BpeTrainer(vocab_size=20_000, show_progress=False, end_of_word_suffix="</w>", initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    maker = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    maker.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    maker.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(r"\s+"), "removed"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    maker.train_from_iterator(words, trainer)
    model = json.loads(maker.to_str())["model"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    vocabulary = {piece: k for k, piece in enumerate(dict.fromkeys([*alphabet, *(c + "</w>" for c in alphabet), *pieces, START, END]))}
    merges: Any = [tuple(pair) for pair in model["merges"]]
    return CLIPTokenizer(vocab=vocabulary, merges=merges, bos_token=START, eos_token=END, unk_token=END, pad_token=END, model_max_length=LENGTH)


def build_encoder(tokenizer: CLIPTokenizer, width: int = WIDTH, layers: int = LAYERS) -> CLIPTextModel:
    """A fresh encoder for that vocabulary; states (B, 64, width)."""
    return CLIPTextModel(CLIPTextConfig(
        vocab_size=len(tokenizer), hidden_size=width, intermediate_size=4 * width, projection_dim=width, num_hidden_layers=layers, num_attention_heads=width // 32,
        max_position_embeddings=LENGTH, bos_token_id=tokenizer.bos_token_id, eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    ))  # fmt: skip


def tokens(tokenizer: CLIPTokenizer, texts: Sequence[str]) -> torch.Tensor:
    """(B, 64) token ids, cut and padded as every Stable Diffusion pipeline does."""
    return tokenizer(list(texts), padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt").input_ids


def labels_of(spec: SceneSpec, said: set[str] | None = None) -> list[int]:
    """What a sentence says: scene fields, then three slots of subject fields; -100 where a slot is empty (but its kind is `none`) or a field is not said."""
    found = [choices.index(getattr(spec, name)) for name, choices in SCENE.items()]
    for slot in range(3):
        one = spec.subjects[slot] if slot < len(spec.subjects) else None
        found += [(choices.index(getattr(one, name)) if one else 0 if name == "kind" else -100) for name, choices in SUBJECT.items()]
    names = [*SCENE, *(name for _ in range(3) for name in SUBJECT)]
    return [label if said is None or name in said else -100 for name, label in zip(names, found, strict=True)]


class Reader(nn.Module):
    """Reads the labels back from token states by one layer of attention: (B, tokens, width) -> for each label (B, classes)."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(4, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, width // 64, batch_first=True)
        self.scene = nn.Linear(width, sum(map(len, SCENE.values())))
        self.subject = nn.Linear(width, sum(map(len, SUBJECT.values())))

    def forward(self, states: torch.Tensor) -> list[torch.Tensor]:
        """Scene fields in the order of `SCENE`, then for each slot those of `SUBJECT`."""
        read = self.attention(self.queries.expand(len(states), -1, -1).to(states.dtype), states, states, need_weights=False)[0]
        out = list(self.scene(read[:, 0]).split([len(v) for v in SCENE.values()], 1))
        for slot in range(3):
            out += self.subject(read[:, 1 + slot]).split([len(v) for v in SUBJECT.values()], 1)
        return out


def sentences(rng: np.random.Generator, count: int, *, kind: str = "train") -> tuple[list[str], torch.Tensor]:
    """So many sentences and their labels (B, 22).

    kind: `train`, `typed` in all its looseness; `short`, prompts in usual words and patterns never used in training; `held-out`, captions in
    patterns and synonyms never used in training.
    """
    texts, labels = [], []
    for _ in range(count):
        spec = sample_spec(rng, wild=bool(rng.random() < 0.3))
        said: set[str] | None = None
        if kind == "train":
            text, said = typed(spec, rng)
        elif kind == "short":
            text, said = short(spec, rng, held_out=True)
        else:
            text = captions(spec, rng, 1, held_out=True)[0]
        texts.append(text)
        labels.append(labels_of(spec, said))
    return texts, torch.tensor(labels)


class Training(Learner):
    """The encoder with its reader."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: CLIPTextModel, seed: int = 0) -> None:
        self.tokenizer, self.encoder = tokenizer, encoder
        self.reader = Reader(encoder.config.hidden_size)
        self.model = nn.ModuleDict({"encoder": encoder, "reader": self.reader})
        optimiser = Optimiser(self.model.named_parameters(), muon_rate=1e-3, adam_rate=1e-3, average=0.998, adam_only=("embedding", "queries", "scene", "subject"))
        super().__init__(optimiser, np.random.default_rng([STREAMS["train"], seed, 7]), seed)
        self.model.bfloat16()

    def step(self, count: int, scale: float = 1.0) -> float:
        """One step on so many fresh sentences; the mean cross-entropy over labels."""
        texts, labels = sentences(self.rng, count)
        ids = tokens(self.tokenizer, texts)
        # The tail of paddings is the same token again and again: a few of them are enough to learn what they should hold.
        longest = int((ids != self.tokenizer.eos_token_id).sum(1).max()) + 4
        states = self.encoder(ids[:, :longest])[0]
        loss = torch.stack([F.cross_entropy(out.float(), labels[:, k], ignore_index=-100) for k, out in enumerate(self.reader(states)) if (labels[:, k] >= 0).any()]).mean()
        return self.learn(loss, count, scale)

    def averaged(self) -> Any:
        """Encoder and reader with the averaged weights, float32, for use."""
        fresh = nn.ModuleDict({"encoder": CLIPTextModel(self.encoder.config), "reader": Reader(self.encoder.config.hidden_size)})
        fresh.load_state_dict(self.optimiser.averages, strict=False)
        return fresh.eval()


class WordLearner(Learner):
    """A model that learns beside the words of a frozen text encoder, which it holds in the kind of number that training computes in."""

    def __init__(self, tokenizer: CLIPTokenizer, encoder: Any, optimiser: Optimiser, rng: np.random.Generator, seed: int = 0) -> None:
        super().__init__(optimiser, rng, seed)
        self.tokenizer, self.encoder = tokenizer, encoder.eval().requires_grad_(False)

    @torch.no_grad()
    def states(self, texts: list[str]) -> torch.Tensor:
        """(B, 64, width) states of the texts."""
        return self.encoder(tokens(self.tokenizer, texts))[0]


@torch.no_grad()
def read_back(model: Any, tokenizer: CLIPTokenizer, texts: Sequence[str], labels: torch.Tensor) -> dict[str, float]:
    """Share of labels read rightly, by field: scene fields, and subject fields over the slots that are filled. Fields that no text says are left out."""
    outs = model["reader"](model["encoder"](tokens(tokenizer, texts))[0])
    names = [*SCENE, *(name for _ in range(3) for name in SUBJECT)]
    hits: dict[str, list[torch.Tensor]] = {}
    for k, name in enumerate(names):
        filled = labels[:, k] >= 0
        hits.setdefault(name, []).append((outs[k].argmax(1) == labels[:, k])[filled].float())
    return {name: float(found.mean()) for name, parts in hits.items() if len(found := torch.cat(parts))}


def report(training: Training, folder: Path, log: Log, loss: float | None) -> None:
    """Checkpoint, figures on unseen scenes in three kinds of wording, and the export."""
    training.save(folder / CHECKPOINT)
    model = training.averaged()
    rng = np.random.default_rng([STREAMS["held-out"], 7])
    figures = {kind: {k: round(v, 3) for k, v in read_back(model, training.tokenizer, *sentences(rng, 128, kind=kind)).items()} for kind in ("train", "short", "held-out")}
    log.write(steps=training.optimiser.steps, minutes=training.seconds / 60, loss=loss, **figures)
    model["encoder"].save_pretrained(folder / "export.part")
    training.tokenizer.save_pretrained(folder / "export.part" / "tokenizer")
    swap(folder / "export.part", folder / "export")


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    chosen = arguments("text", "Train the pocket text encoder", minutes=20, batch=64).parse_args()
    with session(NAME) as (folder, stop, log):
        torch.manual_seed(0)
        # The vocabulary of an earlier session stays: words that the world learnt since then fall into pieces.
        saved = folder / "export" / "tokenizer"
        tokenizer = CLIPTokenizer.from_pretrained(saved) if saved.exists() else build_tokenizer()
        training = Training(tokenizer, build_encoder(tokenizer))
        training.resume(folder / CHECKPOINT)
        train(training, chosen.minutes, lambda done: training.step(chosen.batch, rate_at(done)), lambda loss: report(training, folder, log, loss), stop=stop)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
