"""Pictures and sentences of the world in one space: does a clip show what its prompt says, and which of the words does it not show? Inference only.

A small image tower beside the frozen pocket text encoder (CLIP, Radford et al., 2021); `engine.training.clip` trains it. A word is judged by swapping it:
the sentence as it is against the same sentence with another colour, thing, place, time, weather or size in its place.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from engine.errors import InvalidInput, ModelUnavailable
from engine.metrics.pocket_judge import Trunk, small_pictures
from engine.world import words as w
from engine.world.reading import Span, spec_from_text
from engine.world.spec import COLOURS, KINDS, PLACES, SIZES, TIMES, WEATHERS

FEATURES = 128
WEIGHTS, CONFIG = "model.safetensors", "config.json"
CHUNK = 32
"""Pictures or sentences that a tower takes at once."""

CHOICES: dict[str, tuple[str, ...]] = {"kind": KINDS, "colour": COLOURS, "time": TIMES, "place": PLACES, "weather": WEATHERS, "size": SIZES}
"""What a picture can show of a sentence; motions, directions and the camera are not in it."""

USUAL: dict[str, dict[str, str]] = {
    "kind": {value: w.NOUNS[value][0][0] for value in KINDS},
    "colour": {value: w.COLOUR_WORDS[value][0][0] for value in COLOURS},
    "time": {value: w.TIME_WORDS[value][0] for value in TIMES},
    "place": {value: w.PLACE_WORDS[value][0] for value in PLACES},
    "weather": {value: w.WEATHER_WORDS[value][0] for value in WEATHERS},
    "size": {"small": "small", "large": "large"},
}
"""The plainest word for each value: what is put in a sentence's place."""

WEATHER_FORMS: tuple[dict[str, str], ...] = (
    {"clear": "clear", "cloudy": "cloudy", "rain": "rainy", "snow": "snowy", "fog": "foggy"},
    {"clear": "sunshine", "cloudy": "clouds", "rain": "rain", "snow": "snow", "fog": "fog"},
)
"""Weather as it is said of a day, and as it is named."""


class Word(NamedTuple):
    """Characters [start, end) of a prompt and how well pictures show them: 0 (something else is shown) to 1; chance is the score of a guess."""

    start: int
    end: int
    score: float
    chance: float


class Pooled(nn.Module):
    """Four learned queries read (B, places, width) by attention: (B, 4 * width)."""

    def __init__(self, width: int, queries: int = 4) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.randn(queries, width) * 0.02)
        self.attention = nn.MultiheadAttention(width, max(1, width // 64), batch_first=True)

    def forward(self, states: torch.Tensor, left_out: torch.Tensor | None = None) -> torch.Tensor:
        """What the queries read, side by side. left_out: (B, places) bool, places that are not looked at."""
        asked = self.queries.expand(len(states), -1, -1).to(states.dtype)
        return self.attention(asked, states, states, key_padding_mask=left_out, need_weights=False)[0].flatten(1)


class Towers(nn.Module):
    """Image tower and the projection of text states, both to unit vectors of `FEATURES` numbers. `scale` multiplies their product."""

    def __init__(self, width: int = 32, text_width: int = 256) -> None:
        super().__init__()
        self.config = {"width": width, "text_width": text_width}
        self.trunk = Trunk(width)
        self.seen = Pooled(6 * width)
        self.picture = nn.Sequential(nn.Linear(36 * width, 256), nn.GELU(), nn.Linear(256, FEATURES))
        self.read = Pooled(text_width)
        self.sentence = nn.Sequential(nn.Linear(5 * text_width, 256), nn.GELU(), nn.Linear(256, FEATURES))
        self.scale = nn.Parameter(torch.tensor(2.66))  # log of 1 / 0.07

    def pictures(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, 3, 128, 128) in [-1, 1] -> (B, FEATURES)."""
        seen = self.trunk(pictures)
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3)), self.seen(seen.flatten(2).transpose(1, 2))], 1)
        return F.normalize(self.picture(pooled).float(), dim=1)

    def sentences(self, states: torch.Tensor, ends: torch.Tensor) -> torch.Tensor:
        """states: (B, tokens, text_width) of the frozen encoder; ends: (B,) index of each end token -> (B, FEATURES). What comes after the end is not read."""
        after = torch.arange(states.shape[1]) > ends[:, None]
        return F.normalize(self.sentence(torch.cat([states[torch.arange(len(states)), ends], self.read(states, after)], 1)).float(), dim=1)


class PocketClip:
    """The towers with the text encoder that they were trained beside. Frames: (T, H, W, 3) uint8 sRGB of any size."""

    def __init__(self, towers: Towers, tokenizer: CLIPTokenizer, encoder: Any) -> None:
        self.towers, self.tokenizer, self.encoder = towers, tokenizer, encoder

    @torch.no_grad()
    def image_features(self, frames: np.ndarray) -> torch.Tensor:
        """(T, 128) float32, unit length. Raises `InvalidInput` for another shape or kind of array."""
        if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape:
            raise InvalidInput(f"frames of shape {frames.shape} and type {frames.dtype} cannot be judged", fix="give (T, H, W, 3) uint8")
        return torch.cat([self.towers.pictures(small_pictures(frames[k : k + CHUNK])) for k in range(0, len(frames), CHUNK)])

    @torch.no_grad()
    def text_features(self, texts: Sequence[str]) -> torch.Tensor:
        """(B, 128) float32, unit length; what is longer than the encoder reads is cut."""
        return torch.cat([self.towers.sentences(*text_states(self.tokenizer, self.encoder, texts[k : k + CHUNK])) for k in range(0, len(texts), CHUNK)])

    def prompt_consistency(self, frames: np.ndarray, prompt: str) -> float:
        """Mean over frames of the cosine between picture and prompt, -1 to 1."""
        return float((self.image_features(frames) @ self.text_features([prompt])[0]).mean())

    def words(self, frames: np.ndarray, prompt: str) -> list[Word]:
        """For each word of the prompt that a picture can show, how well these frames show it, in the order of the prompt.

        The score is the share of the word's own meaning in a softmax over the prompt with that word swapped for each of its alternatives (12 colours, 25 things, ...),
        with the temperature that the towers were trained with.
        """
        seen = F.normalize(self.image_features(frames).mean(0), dim=0)
        out = []
        for span, name, value in shown(prompt):
            options = alternatives(name, span.text)
            texts = [prompt[: span.start] + word + prompt[span.end :] for word in options.values()]
            shares = (self.text_features(texts) @ seen * self.towers.scale.exp()).softmax(0)
            out.append(Word(span.start, span.end, float(shares[list(options).index(value)]), 1 / len(options)))
        return out


def shown(prompt: str) -> list[tuple[Span, str, str]]:
    """The understood words of a prompt that a picture can show, in order: where, which of `CHOICES`, and the value that they mean."""
    found = []
    for span in sorted(spec_from_text(prompt).understood):
        name = next((name for name, values in CHOICES.items() if span.meaning in values and span.meaning in USUAL[name]), None)
        if name is not None:
            found.append((span, name, span.meaning))
    return found


def alternatives(name: str, said: str) -> dict[str, str]:
    """Every value of that name and the word to say it with, in the form of the word that was said ("rainy" goes with "snowy", "rain" with "snow")."""
    if name == "weather":
        return WEATHER_FORMS[0] if said.lower().endswith("y") or said.lower() in ("clear", "overcast") else WEATHER_FORMS[1]
    return USUAL[name]


def text_states(tokenizer: CLIPTokenizer, encoder: Any, texts: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """States (B, tokens, width) float32 of the frozen encoder, no longer than the longest text needs, and the index of each text's end token (B,).

    Texts of like length are encoded together; what stands after a text's end is nought.
    """
    ids = tokenizer(list(texts), padding="max_length", max_length=tokenizer.model_max_length, truncation=True, return_tensors="pt").input_ids
    ends = (ids == tokenizer.eos_token_id).int().argmax(1)
    states = torch.zeros(len(ids), int(ends.max()) + 1, encoder.config.hidden_size)
    for part in ends.argsort(stable=True).split(CHUNK):
        # The encoder reads from left to right: what comes after the end changes nothing before it.
        longest = int(ends[part].max()) + 1
        states[part, :longest] = encoder(ids[part, :longest])[0].float()
    return states, ends


def fingerprint(encoder: Any) -> str:
    """The first sixteen hex digits of the hash of a text encoder's weights in half precision: the same for every copy of it."""
    digest = hashlib.sha256()
    for name, tensor in sorted(encoder.state_dict().items()):
        if tensor.is_floating_point():
            digest.update(name.encode() + tensor.half().numpy().tobytes())
    return digest.hexdigest()[:16]


def load(folder: Path | str, words: Path | str) -> PocketClip:
    """The towers of `folder` with the text encoder of `words`, a diffusers folder (its `text_encoder` and `tokenizer` are read), float32, frozen.

    Raises `ModelUnavailable` when either cannot be read, or the towers were trained beside another encoder.
    """
    folder, words = Path(folder), Path(words)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        towers = Towers(int(config["width"]), int(config["text_width"]))
        towers.load_state_dict(load_file(folder / WEIGHTS))
        encoder: Any = CLIPTextModel.from_pretrained(words / "text_encoder", local_files_only=True, use_safetensors=True, dtype=torch.float32)
        tokenizer = CLIPTokenizer.from_pretrained(words / "tokenizer", local_files_only=True)
    except Exception as error:  # safetensors, json, torch and transformers each raise their own kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"{folder.name} beside {words.name} cannot be read", why=f"{type(error).__name__}: {str(error)[:120]}", fix="restore the folder") from error
    if fingerprint(encoder) != config["text_encoder"]:
        raise ModelUnavailable(f"{folder.name} was trained beside another text encoder than that of {words.name}", fix="train it again: python -m engine.training.clip")
    return PocketClip(towers.eval().requires_grad_(False), tokenizer, encoder.eval().requires_grad_(False))
