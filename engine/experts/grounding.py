"""Finding things by words: Grounding DINO (Liu et al. 2023), by transformers or by groundingdino-py, behind one interface."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from engine.errors import InvalidInput
from engine.experts import Expert
from engine.experts.loading import picture, stock, stock_processor

BOX_FROM, TEXT_FROM = 0.25, 0.25
"""Scores from which a box counts, and from which a word of the text belongs to it: the authors' own demonstration uses 0.3 and 0.25."""

SAME = 0.7
"""Overlap (intersection over union) from which two boxes are one thing; the better one stays."""


@dataclass(frozen=True)
class Box:
    """A thing that was found. box: x0, y0, x1, y1 in 0..1 of the picture; score: 0..1; phrase: the words of the text that it answers."""

    box: tuple[float, float, float, float]
    score: float
    phrase: str


class Finder(Protocol):
    """Finds things by words."""

    def find(self, image: np.ndarray, words: str) -> list[Box]:
        """Boxes, the surest first, in a picture (H, W, 3) uint8. words: phrases, several of them with full stops between. Nothing found: an empty list."""


def load(expert: Expert, device: torch.device | str = "cpu") -> Finder:
    """The finder of a folder. Raises `ModelUnavailable` when it cannot be read."""
    if expert.kind == "groundingdino-py":
        from engine.experts.dino_compat import PackageFinder

        return PackageFinder(expert.folder, device)
    return StockFinder(expert.folder, device)


class StockFinder:
    """Grounding DINO as transformers has it."""

    def __init__(self, folder: Path, device: torch.device | str = "cpu") -> None:
        from transformers import AutoProcessor, GroundingDinoForObjectDetection

        self.model: Any = stock(GroundingDinoForObjectDetection, folder, device)
        self.processor: Any = stock_processor(AutoProcessor, folder)
        self.components = {"model": self.model}

    @torch.no_grad()
    def find(self, image: np.ndarray, words: str, *, box_from: float = BOX_FROM, text_from: float = TEXT_FROM) -> list[Box]:
        """See `Finder.find`."""
        given = self.processor(images=picture(image), text=asked(words), return_tensors="pt").to(self.model.device)
        found = self.processor.post_process_grounded_object_detection(self.model(**given), given.input_ids, threshold=box_from, text_threshold=text_from)[0]
        phrases = found["text_labels"]
        return told([Box(ordered(box), float(score), plain(str(phrase))) for box, score, phrase in zip(found["boxes"].tolist(), found["scores"], phrases, strict=True)])


def asked(words: str) -> str:
    """Words in the form that the model was trained with: small letters, each phrase ended by a full stop. Raises `InvalidInput` when nothing is said."""
    parts = [part.strip() for part in words.lower().replace(";", ".").split(".") if part.strip()]
    if not parts:
        raise InvalidInput("no words say what to find", fix="name the thing, such as: the red car", field="subjects")
    return " ".join(f"{part}." for part in parts)


def plain(phrase: str) -> str:
    """Words without the marks that a tokenizer puts around them: "a red car. [SEP]" -> "a red car"."""
    for mark in ("[CLS]", "[SEP]", "[PAD]", "."):
        phrase = phrase.replace(mark, " ")
    return " ".join(phrase.split())


def told(boxes: list[Box]) -> list[Box]:
    """Boxes with an area, the surest first, those of one thing as one."""
    kept: list[Box] = []
    for one in sorted(boxes, key=lambda box: -box.score):
        x0, y0, x1, y1 = one.box
        if x1 > x0 and y1 > y0 and all(overlap(one.box, other.box) < SAME for other in kept):
            kept.append(one)
    return kept


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes."""
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, wide) * max(0.0, high)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / max(sum(areas) - shared, 1e-12)


def ordered(box: list[float]) -> tuple[float, float, float, float]:
    """The sides of a box within the picture, 0..1."""
    x0, y0, x1, y1 = (min(1.0, max(0.0, float(side))) for side in box)
    return x0, y0, x1, y1
