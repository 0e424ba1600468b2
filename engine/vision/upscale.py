"""Twice as wide and high: a small convolutional net that adds to a bicubic enlargement what it leaves out. Inference only; `engine.training.upscale` trains it.

The net works at half of the input's resolution (pixel-unshuffle) and puts four times that out at the end (sub-pixel convolution, Shi et al., 2016), with plain
residual blocks between (EDSR, Lim et al., 2017). It was taught on paper-cut scenes, sharp ones and those that came out of the pocket VAE: it also repairs these.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import nn

from engine.errors import InvalidInput, ModelUnavailable
from engine.hardware import number_for_cpu

FACTOR = 2
WEIGHTS, CONFIG = "model.safetensors", "config.json"
CHUNK_PIXELS = 8 * 128 * 128
"""Input pixels that the net takes at once: more is no faster, and memory grows with it (about 0.6 kB a pixel)."""


class Upscaler(nn.Module):
    """(B, 3, H, W) in [0, 1] -> (B, 3, 2H, 2W), not clipped. H and W are even. A fresh one is the bicubic enlargement exactly."""

    def __init__(self, width: int = 64, blocks: int = 6) -> None:
        super().__init__()
        self.config = {"width": width, "blocks": blocks}
        self.entry = nn.Conv2d(3 * FACTOR**2, width, 3, 1, 1)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Conv2d(width, width, 3, 1, 1), nn.ReLU(), nn.Conv2d(width, width, 3, 1, 1)) for _ in range(blocks))
        self.exit = nn.Conv2d(width, 3 * FACTOR**4, 3, 1, 1)
        # The output and each block begin at nought: nothing is added to the enlargement, and signals keep their size through any number of blocks.
        nn.init.kaiming_normal_(self.entry.weight)
        for layer in (self.exit, *(block[-1] for block in self.blocks)):  # type: ignore[index]
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """The enlargement in float32, whatever kind of number the weights are."""
        seen = self.entry(F.pixel_unshuffle(pictures.to(self.entry.weight.dtype) - 0.5, FACTOR))
        for block in self.blocks:
            seen = seen + block(seen)
        return bicubic(pictures) + F.pixel_shuffle(self.exit(seen), FACTOR**2).float()

    @torch.no_grad()
    def enlarge(self, frames: np.ndarray, checkpoint: Callable[[], None] = lambda: None) -> np.ndarray:
        """(T, H, W, 3) uint8 sRGB -> (T, 2H, 2W, 3) uint8, each frame on its own. Any size; `checkpoint` is called between chunks.

        Raises `InvalidInput` for another shape or kind of array.
        """
        if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or 0 in frames.shape[1:3]:
            raise InvalidInput(f"frames of shape {frames.shape} and type {frames.dtype} cannot be enlarged", fix="give (T, H, W, 3) uint8")
        count, height, width, _ = frames.shape
        out = np.empty((count, FACTOR * height, FACTOR * width, 3), np.uint8)
        each = max(1, CHUNK_PIXELS // (height * width))
        for k in range(0, count, each):
            checkpoint()
            given = torch.from_numpy(np.ascontiguousarray(frames[k : k + each])).permute(0, 3, 1, 2).float() / 255  # (B, 3, H, W), channels last in memory
            even = F.pad(given, (0, width % 2, 0, height % 2), mode="replicate")
            drawn = self(even)[..., : FACTOR * height, : FACTOR * width]
            out[k : k + each] = (drawn.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return out


def bicubic(pictures: torch.Tensor) -> torch.Tensor:
    """(B, 3, H, W) -> (B, 3, 2H, 2W) float32: the plain enlargement that the net starts from."""
    return F.interpolate(pictures.float(), scale_factor=FACTOR, mode="bicubic", align_corners=False)


def load(folder: Path | str, *, dtype: Any = None) -> Upscaler:
    """The upscaler of a folder, frozen, in bfloat16 where the processor multiplies that in hardware unless `dtype` says otherwise.

    Raises `ModelUnavailable` when the folder does not hold one that can be read.
    """
    folder = Path(folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        model = Upscaler(int(config["width"]), int(config["blocks"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except Exception as error:  # safetensors, json and torch each raise their own kinds for a missing, cut or foreign file
        raise ModelUnavailable(f"the upscaler in {folder.name} cannot be read", why=f"{type(error).__name__}: {str(error)[:120]}", fix="restore the folder") from error
    return model.to(number_for_cpu() if dtype is None else dtype).to(memory_format=torch.channels_last).eval().requires_grad_(False)
