"""Toy sizes of the pocket models, and a small cache of real renders, for tests that train for seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from engine.training import image, text, vae
from engine.training.clips import Clips
from engine.training.data import Recipe
from engine.training.latents import LatentCache

RECIPE = Recipe(scenes=6, frames=2, size=64)
WORDS = ["a", "red", "blue", "boat", "balloon", "at", "night", "sea", "the", "hills"]


def small_vae() -> Any:
    """Factor 8, eight channels wide."""
    torch.manual_seed(0)
    return vae.build(8, (0, 0, 1, 1), (1, 1, 0, 0))


def parts() -> tuple[Any, Any, Any, Any]:
    """UNet, VAE, tokenizer, text encoder: random weights."""
    tokenizer = text.build_tokenizer(WORDS)
    torch.manual_seed(1)
    encoder = text.build_encoder(tokenizer, 32, 1)
    return image.build((32, 32), (1, 1), 32, side=8), small_vae(), tokenizer, encoder


def latents(folder: Path) -> LatentCache:
    """One shard of twelve 64x64 pictures as 8x8 latents."""
    cache = LatentCache(RECIPE, small_vae().eval(), "toy", folder)
    cache.make(0)
    return cache


def clips(folder: Path, scenes: int = 2) -> Clips:
    """One shard of twice as many clips of four 64x64 frames."""
    made = Clips(small_vae().eval(), "toy", folder=folder, scenes=scenes, frames=4, side=64)
    made.make(0)
    return made
