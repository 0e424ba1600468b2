"""The picture model's food: latents of rendered pictures with their captions, where the subjects are, and the same pictures small for the judge.

A shard holds (scenes, frames, 4, h, w) float16 latents, (scenes, frames, h, w) uint8 shares of each cell that a subject covers (255: all of it) and
(scenes, frames, 128, 128, 3) uint8 pictures, squeezed where they are not square. It belongs to one encoder: the folder's name has the first digits of the weights' hash, so another VAE never meets the wrong latents.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file

from engine.training.data import Example, Recipe, examples
from engine.training.home import training_dir
from engine.training.vae import CHANNELS, FACTOR, Vae, to_tensor

ENDS = ("f16", "cover", "small", "jsonl")
"""The files of a shard; the last one is renamed into place last."""

SMALL = 128
"""Side of the small pictures, in pixels."""


def fingerprint(vae_folder: Path) -> str:
    """The first eight hex digits of the hash of a VAE's encoder. Its decoder may go on learning: latents stay what they are."""
    weights = load_file(vae_folder / "diffusion_pytorch_model.safetensors")
    digest = hashlib.sha256()
    for name in sorted(weights):
        if name.startswith("encoder."):
            digest.update(name.encode() + weights[name].numpy().tobytes())
    return digest.hexdigest()[:8]


class LatentCache:
    """Shards of one recipe and one VAE. `make` adds one; `records`, `latents`, `cover` and `small` read what is there."""

    def __init__(self, recipe: Recipe, vae: Vae, mark: str, folder: Path | None = None) -> None:
        self.recipe, self.vae = recipe, vae
        base = folder or training_dir() / "cache"
        self.folder = base / f"latents-{mark}-{recipe.name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        width, height = recipe.sides
        self.shape = (recipe.scenes, recipe.frames, CHANNELS, height // FACTOR, width // FACTOR)

    def ready(self) -> list[int]:
        """The numbers of the complete shards, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.jsonl"))

    @torch.no_grad()
    def make(self, shard: int) -> None:
        """Encode one shard and put it in place; one that is there stays as it is."""
        place = self.folder / f"{shard:05d}"
        if place.with_suffix(".jsonl").exists():
            return
        aside = {end: place.with_suffix(f".{os.getpid()}.{end}.part") for end in ENDS}
        with aside["f16"].open("wb") as latents, aside["cover"].open("wb") as cover, aside["small"].open("wb") as small, aside["jsonl"].open("w", encoding="utf-8") as lines:
            for one in examples(self.recipe, shard):
                latents.write(self.vae.encode(to_tensor(one.frames).to(self.vae.dtype)).latents.half().contiguous().numpy().tobytes())
                cover.write(np.stack([cv2.resize(np.uint8(255) * part, self.shape[:-3:-1], interpolation=cv2.INTER_AREA) for part in one.cover]).tobytes())
                small.write(np.stack([cv2.resize(part, (SMALL, SMALL), interpolation=cv2.INTER_AREA) for part in one.frames]).tobytes())
                lines.write(json.dumps(_record(one), ensure_ascii=False) + "\n")
        for end in ENDS:
            aside[end].replace(place.with_suffix("." + end))

    def latents(self, shard: int) -> np.ndarray:
        """(scenes, frames, 4, h, w) float16, mapped from disk."""
        return np.memmap(self.folder / f"{shard:05d}.f16", np.float16, "r", shape=self.shape)

    def cover(self, shard: int) -> np.ndarray:
        """(scenes, frames, h, w) uint8, mapped from disk: how much of each cell a subject covers, 255 for all of it."""
        return np.memmap(self.folder / f"{shard:05d}.cover", np.uint8, "r", shape=(*self.shape[:2], *self.shape[3:]))

    def small(self, shard: int) -> np.ndarray:
        """(scenes, frames, 128, 128, 3) uint8 sRGB, mapped from disk."""
        return np.memmap(self.folder / f"{shard:05d}.small", np.uint8, "r", shape=(*self.shape[:2], SMALL, SMALL, 3))

    def records(self, shard: int) -> list[dict[str, Any]]:
        """For each scene of the shard: `spec` (JSON form), `times`, `captions`."""
        return [json.loads(line) for line in (self.folder / f"{shard:05d}.jsonl").read_text(encoding="utf-8").splitlines()]


def _record(one: Example) -> dict[str, Any]:
    return {"spec": one.spec.model_dump(mode="json"), "times": one.times, "captions": one.captions}
