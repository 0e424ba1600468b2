"""Latents of moving clips for the motion models: scenes of two seconds, rendered, encoded frame by frame, kept as shards on disk.

A shard is `00012.safetensors` with (clips, 16, 4, h, w) float16 latents; every second clip is the mirror image of the one before it. Specs are made again from the
seeds. It belongs to one encoder, as `engine.training.latents` has it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from engine.training.data import HALF, STREAMS, Split, mirrored
from engine.training.home import training_dir
from engine.training.vae import to_tensor
from engine.training.wording import everyday
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import AIR, KINDS, SceneSpec, sample_spec

FRAMES = 16
"""Frames of a clip, eight a second."""

SCENES = 32
"""Scenes that are drawn for a shard; it holds twice as many clips."""

DROPPED = 0.1
"""Share of captions that are emptied, for guidance."""


def scene(rng: np.random.Generator, split: Split = "train") -> SceneSpec:
    """A random scene in which more happens than in the picture model's: two in three have a first thing that travels, four in five only one thing."""
    kind = str(rng.choice(KINDS))
    fixed: dict[str, Any] = {"count": int(rng.choice([1, 2, 3], p=[0.8, 0.15, 0.05])), "kind": kind}
    if rng.random() < 0.67:
        # Things of the air go anywhere; up and down are rare for others, yet must be known.
        fixed["motion"] = str(rng.choice(["left", "right", "up", "down"], p=[0.25] * 4 if kind in AIR else [0.36, 0.36, 0.14, 0.14]))
    if rng.random() < 0.3:
        fixed["camera"] = "still"
    spec = sample_spec(rng, **fixed)
    return spec.model_copy(update={"seed": int(rng.integers(HALF)) + (HALF if split == "held-out" else 0)})


class Clips:
    """Shards of one split and one VAE, all of those that are there in memory: 32 kB a clip of 128 px."""

    def __init__(self, vae: Any, mark: str, split: Split = "train", folder: Path | None = None, *, scenes: int = SCENES, frames: int = FRAMES, side: int = 128) -> None:
        self.vae, self.split, self.scenes, self.frames, self.side = vae, split, scenes, frames, side
        self.folder = (folder or training_dir() / "cache") / f"clips-{mark}-{split}-{frames}x{side}"
        self.folder.mkdir(parents=True, exist_ok=True)
        self.known: list[int] = []
        self.latents: list[torch.Tensor] = []
        self.specs: list[SceneSpec] = []
        self.refresh()

    def __len__(self) -> int:
        return len(self.specs)

    def told(self, shard: int) -> Iterator[SceneSpec]:
        """The scenes of a shard in order. Cheap: nothing is drawn here."""
        for number in range(self.scenes):
            yield scene(np.random.default_rng([STREAMS[self.split] + 2, shard, number]), self.split)

    @torch.no_grad()
    def make(self, shard: int) -> None:
        """Draw one shard, put it in place and take it in; one that is there stays as it is."""
        place = self.folder / f"{shard:05d}.safetensors"
        if not place.exists():
            found = []
            for spec in self.told(shard):
                clip = MovingDiorama(spec, self.side).frames(self.frames)
                found += [self.vae.encode(to_tensor(np.ascontiguousarray(seen)).to(self.vae.dtype)).latents.half().contiguous() for seen in (clip, clip[:, :, ::-1])]
            aside = place.with_suffix(f".{os.getpid()}.part")
            save_file({"latents": torch.stack(found).contiguous()}, aside)
            aside.replace(place)
        self.refresh()

    def refresh(self) -> None:
        """Take in shards that appeared, in the order of their numbers."""
        for shard in sorted(int(path.stem) for path in self.folder.glob("[0-9]*.safetensors")):
            if shard not in self.known:
                self.known.append(shard)
                self.latents.append(load_file(self.folder / f"{shard:05d}.safetensors")["latents"])
                self.specs += [seen for spec in self.told(shard) for seen in (spec, mirrored(spec))]

    def take(self, picks: np.ndarray) -> torch.Tensor:
        """The clips of these numbers, (B, F, 4, h, w) float32."""
        each = len(self.latents[0])
        return torch.stack([self.latents[k // each][k % each] for k in picks]).float()

    def judged(self, count: int) -> tuple[torch.Tensor, list[str]]:
        """So many clips spread over all, (B, F, 4, h, w) float32, and a held-out wording of each: always the same."""
        rng, picks = np.random.default_rng(9), np.arange(0, len(self), max(1, len(self) // count))[:count]
        return self.take(picks), [captions(self.specs[k], rng, 1, held_out=True)[0] for k in picks]

    def grow(self, most: int) -> None:
        """Make one more shard, unless there are so many."""
        if len(self.known) < most:
            self.make(max(self.known) + 1)

    def draw(self, rng: np.random.Generator, count: int) -> tuple[torch.Tensor, list[str]]:
        """Random clips (count, F, 4, h, w) float32 and a wording of each that says all of it; a tenth say nothing."""
        picks = rng.integers(len(self), size=count)
        texts = ["" if rng.random() < DROPPED else everyday(captions(self.specs[k], rng, 1)[0], rng) for k in picks]
        return self.take(picks), texts


FIRST_SHARDS, TEST_SCENES = 8, 64
"""Shards that are there before the first step, and held-out scenes."""


def opened(vae: Any, mark: str) -> tuple[Clips, Clips]:
    """Clips to learn from, enough to begin with, and held-out ones. vae: the encoder that `mark` names."""
    learn, test = Clips(vae, mark), Clips(vae, mark, "held-out", scenes=TEST_SCENES)
    test.make(0)
    for shard in range(FIRST_SHARDS):
        learn.make(shard)
    return learn, test


def moving(latents: torch.Tensor) -> torch.Tensor:
    """Where clips (B, F, C, h, w) change from frame to frame, (B, F, 1, h, w): 0 where nothing moves to 1 where all does, relative to each clip's liveliest places."""
    step = (latents[:, 1:] - latents[:, :-1]).abs().mean(2, keepdim=True)
    change = torch.maximum(torch.cat([step[:, :1], step], 1), torch.cat([step, step[:, -1:]], 1))
    top = change.flatten(1).quantile(0.95, 1).view(-1, 1, 1, 1, 1).clamp_min(0.05)
    return (change / top).clamp(max=1)
