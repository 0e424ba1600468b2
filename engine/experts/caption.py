"""What a clip shows, in words: BLIP (Li et al. 2022). Its caption names the protagonist, whom the other experts then look for (Make-A-Protagonist, Zhao et al. 2023)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from engine.experts import Expert
from engine.experts.loading import picture, stock, stock_processor

LOOKED_AT = 5
"""Frames of a clip that are described, evenly spread: the sentence that most agree with speaks for all."""

MOST_WORDS = 30
MOST_NAMED = 8
"""Words of the first thing that a caption names: a caption that never ends would be too long a text for the finder."""

OPENING = "a video of"
"""The captions go on from these words, so that they begin with what is seen and not with what kind of picture it is."""

FUNCTION = frozenset({"a", "an", "the", "his", "her", "its", "their", "this", "that", "these", "those", "some", "one", "two", "three", "four", "several", "many", "there"})
ENDS = frozenset(
    {
        "is", "are", "was", "on", "in", "at", "with", "by", "near", "of", "to", "and", "from", "under", "over", "behind", "through", "across", "down", "up", "along", "while",
        "who", "which", "that", "has", "have", "next", "into", "for", "against", "during", "as", "around", "above", "below", "beside", "between", "off", "out",
    }
)  # fmt: skip
"""Words that end the first thing that a caption names."""


@dataclass(frozen=True)
class Caption:
    """sentence: what the clip shows; noun: the first thing that it names, with its adjectives; each: the sentence of every frame that was looked at."""

    sentence: str
    noun: str
    each: tuple[str, ...] = ()


class Describer:
    """Describes pictures."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import BlipForConditionalGeneration, BlipProcessor

        self.model: Any = stock(BlipForConditionalGeneration, expert.folder, device)
        self.processor: Any = stock_processor(BlipProcessor, expert.folder)
        self.components = {"model": self.model}

    @torch.no_grad()
    def say(self, image: np.ndarray) -> str:
        """A sentence about a picture (H, W, 3) uint8, the same each time."""
        given = self.processor(images=picture(image), text=OPENING, return_tensors="pt").to(self.model.device)
        told = self.processor.decode(self.model.generate(**given, max_new_tokens=MOST_WORDS, num_beams=3, do_sample=False)[0], skip_special_tokens=True)
        return told.strip().removeprefix(OPENING).strip()

    def describe(self, frames: Sequence[np.ndarray]) -> Caption:
        """What frames of a clip show; of many, `LOOKED_AT` are looked at. Raises `ValueError` without frames."""
        if not frames:
            raise ValueError("no frames to describe")
        chosen = sorted({round(k) for k in np.linspace(0, len(frames) - 1, min(LOOKED_AT, len(frames)))})
        each = tuple(self.say(frames[k]) for k in chosen)
        return agreed(each)


def agreed(sentences: Sequence[str]) -> Caption:
    """The sentence whose words most of the others share, and the noun that most of them begin with."""
    bags = [Counter(sentence.lower().split()) for sentence in sentences]
    shared = [sum(sum((bag & other).values()) / max(1, sum(bag.values())) for other in bags) for bag in bags]
    nouns = Counter(protagonist(sentence) for sentence in sentences)
    best = max(range(len(sentences)), key=lambda k: (nouns[protagonist(sentences[k])], shared[k]))
    return Caption(sentences[best], protagonist(sentences[best]), tuple(sentences))


def protagonist(sentence: str) -> str:
    """The first thing that a caption names: "a man in a red shirt riding a bike" -> "man", "a small red car is parked" -> "small red car"."""
    named: list[str] = []
    for word in sentence.lower().replace(",", " ,").split():
        bare = word.strip(".,;:!?\"'()")
        if bare in FUNCTION and not named:
            continue
        if not bare or bare in FUNCTION or bare in ENDS or (named and bare.endswith("ing")):
            break
        named.append(bare)
    return " ".join(named[:MOST_NAMED])
