"""How well a clip shows its words: CLIP (Radford et al. 2021) compares pictures and sentences. The two figures are those of the field (CLIPScore, Hessel et al. 2021, without its factor)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.experts.loading import picture, stock, stock_processor

if TYPE_CHECKING:
    from engine.experts import Expert

LOOKED_AT = 8
"""Frames of a clip that are compared."""

UNRELATED = ("a bowl of soup on a table", "a page of printed text", "a crowd in a stadium", "an empty office", "a dog asleep on a sofa", "a diagram of an engine")
"""What few clips show: the words' own figure means something only beside that of others."""


@dataclass(frozen=True)
class Verdict:
    """Cosines in -1..1, means over the frames: of the frames and the prompt, of the frames and `UNRELATED`, of neighbouring frames (1 for a single one)."""

    prompt: float
    unrelated: float
    steady: float


class Judge:
    """CLIP from a folder."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import CLIPModel, CLIPProcessor

        self.model: Any = stock(CLIPModel, expert.folder, device)
        self.processor: Any = stock_processor(CLIPProcessor, expert.folder)
        self.components = {"model": self.model}

    @torch.no_grad()
    def pictures(self, frames: Sequence[np.ndarray]) -> torch.Tensor:
        """(F, D) of length 1, of frames (H, W, 3) uint8."""
        given = self.processor(images=[picture(one) for one in frames], return_tensors="pt").to(self.model.device)
        return _directions(self.model.get_image_features(**given))

    @torch.no_grad()
    def sentences(self, texts: Sequence[str]) -> torch.Tensor:
        """(N, D) of length 1; what is beyond CLIP's length of text is cut off."""
        given = self.processor(text=list(texts), padding=True, truncation=True, return_tensors="pt").to(self.model.device)
        return _directions(self.model.get_text_features(**given))

    def verdict(self, frames: Sequence[np.ndarray], prompt: str) -> Verdict:
        """Compare a clip with its words. Raises `ValueError` without frames."""
        if not len(frames):
            raise ValueError("no frames to judge")
        chosen = sorted({round(k) for k in np.linspace(0, len(frames) - 1, min(LOOKED_AT, len(frames)))})
        seen, said = self.pictures([frames[k] for k in chosen]), self.sentences([prompt, *UNRELATED])
        alike = (seen @ said.T).mean(0)
        steady = float((seen[1:] * seen[:-1]).sum(1).mean()) if len(chosen) > 1 else 1.0
        return Verdict(float(alike[0]), float(alike[1:].mean()), steady)


def _directions(found: Any) -> torch.Tensor:
    features: torch.Tensor = found if isinstance(found, torch.Tensor) else found.pooler_output
    return torch.nn.functional.normalize(features.float(), dim=-1).cpu()
