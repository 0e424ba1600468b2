"""The picture model's food: latents of rendered pictures with their captions, and the same pictures small for the judge.

A shard holds (scenes, frames, 12, 16, 16) float16 latents and (scenes, frames, 128, 128, 3) uint8 pictures. It belongs to one encoder: the folder's name
has the first digits of the weights' hash, so another VAE never meets the wrong latents. Shards of raw pictures on disk are used; others are drawn and not kept.
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

from engine.training.data import Cache, Example, Recipe, examples
from engine.training.home import training_dir
from engine.training.vae import CHANNELS, FACTOR, Vae, to_tensor

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
    """Shards of one recipe and one VAE. `make` adds one; `records`, `latents` and `small` read what is there."""

    def __init__(self, recipe: Recipe, vae: Vae, mark: str, folder: Path | None = None) -> None:
        self.recipe, self.vae = recipe, vae
        base = folder or training_dir() / "cache"
        self.raw = Cache(recipe, base)
        self.folder = base / f"latents-{mark}-{recipe.name}"
        self.folder.mkdir(parents=True, exist_ok=True)
        side = recipe.size // FACTOR
        self.shape = (recipe.scenes, recipe.frames, CHANNELS, side, side)

    def ready(self) -> list[int]:
        """The numbers of the complete shards, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.jsonl"))

    def _scenes(self, shard: int) -> list[tuple[np.ndarray, dict[str, Any]]]:
        if shard in self.raw.ready():
            return list(zip(self.raw.frames(shard), self.raw.records(shard), strict=True))
        return [(one.frames, _record(one)) for one in examples(self.recipe, shard)]

    @torch.no_grad()
    def make(self, shard: int) -> None:
        """Encode one shard and put it in place; one that is there stays as it is."""
        place = self.folder / f"{shard:05d}"
        if place.with_suffix(".jsonl").exists():
            return
        aside = {end: place.with_suffix(f".{os.getpid()}.{end}.part") for end in ("f16", "small", "jsonl")}
        with aside["f16"].open("wb") as latents, aside["small"].open("wb") as small, aside["jsonl"].open("w", encoding="utf-8") as lines:
            for frames, record in self._scenes(shard):
                latents.write(self.vae.encode(to_tensor(frames).to(self.vae.dtype)).latents.half().contiguous().numpy().tobytes())
                small.write(np.stack([cv2.resize(one, (SMALL, SMALL), interpolation=cv2.INTER_AREA) for one in frames]).tobytes())
                lines.write(json.dumps(record, ensure_ascii=False) + "\n")
        for end in ("f16", "small", "jsonl"):
            aside[end].replace(place.with_suffix("." + end))

    def latents(self, shard: int) -> np.ndarray:
        """(scenes, frames, 12, h, w) float16, mapped from disk."""
        return np.memmap(self.folder / f"{shard:05d}.f16", np.float16, "r", shape=self.shape)

    def small(self, shard: int) -> np.ndarray:
        """(scenes, frames, 128, 128, 3) uint8 sRGB, mapped from disk."""
        return np.memmap(self.folder / f"{shard:05d}.small", np.uint8, "r", shape=(*self.shape[:2], SMALL, SMALL, 3))

    def records(self, shard: int) -> list[dict[str, Any]]:
        """For each scene of the shard: `spec` (JSON form), `times`, `captions`."""
        return [json.loads(line) for line in (self.folder / f"{shard:05d}.jsonl").read_text(encoding="utf-8").splitlines()]


def _record(one: Example) -> dict[str, Any]:
    return {"spec": one.spec.model_dump(mode="json"), "times": one.times, "captions": one.captions}
