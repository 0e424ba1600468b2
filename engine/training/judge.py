"""`pocket-judge`: what is in a picture of the world, learnt from true renders only. `python -m engine.training.judge`.

It never sees a generated picture while it learns, so a model cannot please it except by drawing what the world would. Its renders are softened and
noised at random: what is asked is what a picture shows, not how sharp it is.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from safetensors.torch import save_file
from torch import nn

from engine.metrics.pocket_judge import CONFIG, FIELDS, SIDE, WEIGHTS, Judge, labels_of, load, small_pictures, verdicts
from engine.training import vae
from engine.training.data import Cache, Recipe
from engine.training.home import Log, Stop, be_modest, load_checkpoint, only_one, save_checkpoint, training_dir
from engine.training.latents import SMALL, LatentCache
from engine.training.optim import Optimiser
from engine.training.upscale import softened
from engine.training.vae import rate_at, swap
from engine.world.spec import SceneSpec

NAME = "pocket-judge"
SHIPPED = Path(__file__).resolve().parents[2] / "assets/models" / NAME
CROP = 112
"""Side of the training crops in pixels; whole pictures of 128 are judged."""


def loss_of(model: nn.Module, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """pictures: (B, 3, h, w) in [-1, 1]; labels: (B, 3 + 25) as from `labels_of`."""
    out = model(pictures)
    there = labels[:, len(FIELDS) :]
    loss = sum((F.cross_entropy(out[name].float(), labels[:, k]) for k, name in enumerate(FIELDS)), torch.zeros(()))
    loss = loss + 10 * F.binary_cross_entropy_with_logits(out["things"].float(), (there != -1).float())
    one = there >= 0
    return loss + F.cross_entropy(out["colours"].float()[one], there[one]) if one.any() else loss


def augmented(pictures: torch.Tensor, rng: np.random.Generator, side: int = CROP, *, mirror: bool = True) -> torch.Tensor:
    """(B, 3, 128, 128) in [-1, 1] -> (B, 3, side, side): a part of each, at a scale common to all; mirrored (or not at all), softened and noised in a share of them.

    A generated picture is softer than a render: what is asked is what it shows, not how sharp it is.
    """
    whole = int(rng.integers(96, SIDE + 1))
    corners = rng.integers(SIDE - whole + 1, size=(len(pictures), 2))
    parts = torch.stack([one[:, y : y + whole, x : x + whole] for one, (y, x) in zip(pictures, corners, strict=True)])
    parts = F.interpolate(parts, (side, side), mode="bilinear", antialias=True)
    soft = F.avg_pool2d(F.pad(parts, (1, 1, 1, 1), mode="replicate"), 3, 1)
    softer = F.interpolate(F.avg_pool2d(parts, 2), scale_factor=2, mode="bilinear")
    kinds = torch.from_numpy(rng.choice(3, size=len(parts), p=[0.6, 0.25, 0.15]))[:, None, None, None]
    parts = torch.where(kinds == 1, soft, torch.where(kinds == 2, softer, parts))
    if mirror:
        parts = torch.where(torch.from_numpy(rng.random(len(parts)) < 0.5)[:, None, None, None], parts.flip(3), parts)
    grain = torch.from_numpy(rng.standard_normal(parts.shape, dtype=np.float32)) * torch.from_numpy(rng.uniform(0, 0.06, (len(parts), 1, 1, 1)).astype(np.float32))
    return parts + grain


class Training:
    """The judge and all that a checkpoint must hold."""

    def __init__(self, model: Judge, seed: int = 0) -> None:
        self.model, self.seconds = model, 0.0
        self.optimiser = Optimiser(model.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("scene", "things", "colours"))
        self.rng = np.random.default_rng([seed, 5])
        self.model.bfloat16().to(memory_format=torch.channels_last)

    def step(self, pictures: np.ndarray, labels: np.ndarray, scale: float = 1.0) -> float:
        """One step on (B, H, W, 3) uint8 pictures, cropped and worn at random; the loss."""
        part = augmented(small_pictures(pictures), self.rng)
        self.optimiser.zero()
        loss = loss_of(self.model, part.bfloat16().contiguous(memory_format=torch.channels_last), torch.from_numpy(labels))
        loss.backward()
        self.optimiser.step(scale)
        return float(loss.detach())

    def save(self, path: Path) -> None:
        """Write all of it; `load` continues bit for bit."""
        save_checkpoint(path, self.optimiser.tensors(), {"steps": self.optimiser.steps, "seconds": self.seconds, "rng": self.rng.bit_generator.state})

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises `ModelUnavailable` when it cannot be read."""
        tensors, state = load_checkpoint(path)
        self.optimiser.load(tensors, state["steps"])
        self.rng.bit_generator.state, self.seconds = state["rng"], state["seconds"]

    def averaged(self) -> Judge:
        """The judge with the averaged weights, float32, for use."""
        fresh = Judge(**self.model.config)
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.eval()


def load_judge() -> Judge:
    """The judge as last trained here, or as it ships. Raises `ModelUnavailable` when there is none."""
    trained = training_dir() / NAME / "export"
    return load(trained if trained.exists() else SHIPPED)


def renders(recipe: Recipe, shards: int, stop: Stop | None = None) -> tuple[np.ndarray, list[dict[str, Any]]]:
    """Pictures (scenes, frames, H, W, 3) uint8 of the first shards, and for each scene its `spec` and `captions`.

    A shard that the picture model has drawn already is taken from its cache: the same recipe and number give the same pictures there.
    """
    cache, pictures, records = Cache(recipe), [], []
    drawn = [LatentCache(recipe, None, folder.name.split("-")[1], cache.folder.parent) for folder in sorted(cache.folder.parent.glob(f"latents-*-{recipe.name}"))]
    for shard in range(shards):
        if stop:
            break
        other = next((one for one in drawn if shard in one.ready()), None) if recipe.size == SMALL else None
        if other is None:
            cache.make(shard)
        pictures.append(np.array(cache.frames(shard) if other is None else other.small(shard)))
        records += (cache if other is None else other).records(shard)
    return np.concatenate(pictures), records


HELD_OUT = Recipe(split="held-out", scenes=192, frames=1, mirrored=False)
"""What is judged: one picture of each of so many scenes."""


def specs_of(records: Sequence[dict[str, Any]], frames: int) -> list[SceneSpec]:
    """The spec of each picture, in order."""
    return [SceneSpec.model_validate(record["spec"]) for record in records for _ in range(frames)]


def export(model: Judge, place: Path) -> None:
    """Write float16 safetensors and the config, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file({name: t.half().contiguous() for name, t in model.state_dict().items()}, aside / WEIGHTS)
    (aside / CONFIG).write_text(json.dumps(model.config) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.judge", description="Train the judge on true renders; resumes by itself.")
    parser.add_argument("--minutes", type=float, default=20, help="minutes of processor time in all, earlier sessions included")
    parser.add_argument("--shards", type=int, default=60, help="shards of 256 pictures to learn from; one is 13 MB")
    parser.add_argument("--batch", type=int, default=64)
    chosen = parser.parse_args()
    be_modest()
    cv2.setNumThreads(1)
    folder = training_dir() / NAME
    with only_one(folder):
        stop, log, recipe = Stop(), Log(folder), Recipe()
        test, soft = renders(HELD_OUT, 1), None
        if (trained := training_dir() / vae.NAME / "export").exists():
            autoencoder: Any = AutoencoderTiny.from_pretrained(trained, torch_dtype=torch.bfloat16).eval()
            soft = softened(autoencoder, test[0][:, 0], torch.Generator().manual_seed(0), (0, 0))
        torch.manual_seed(0)
        training = Training(Judge())
        if (folder / "checkpoint.safetensors").exists():
            training.load(folder / "checkpoint.safetensors")
        scenes, records = renders(recipe, chosen.shards, stop)
        pictures = scenes.reshape(-1, SIDE, SIDE, 3)
        labels = np.array([labels_of(spec) for spec in specs_of(records, recipe.frames)])
        marked, began = training.seconds, time.process_time()
        losses: list[float] = []
        while not stop and training.seconds < 60 * chosen.minutes:
            picks = training.rng.integers(len(pictures), size=chosen.batch)
            losses.append(training.step(pictures[picks], labels[picks], rate_at(training.seconds / 60 / chosen.minutes)))
            spent = time.process_time()
            training.seconds, began = training.seconds + spent - began, spent
            if training.seconds - marked > 60:
                report(training, folder, log, losses, test, soft, len(pictures))
                marked, losses, began = training.seconds, [], time.process_time()
        report(training, folder, log, losses, test, soft, len(pictures))
    return 0


def report(training: Training, folder: Path, log: Log, losses: list[float], test: tuple[np.ndarray, list[dict[str, Any]]], soft: np.ndarray | None, count: int) -> None:
    """Checkpoint, export, and what the averaged judge says of held-out renders, of renders of other scenes, and of `soft`, the same ones after the pocket VAE."""
    training.save(folder / "checkpoint.safetensors")
    model, truth, wanted = training.averaged(), test[0][:, 0], specs_of(test[1], 1)
    shown = {"held_out": truth, "other_scenes": np.roll(truth, 1, 0)}
    if soft is not None:
        shown["vae"] = soft
    found = {name: {k: round(v, 4) for k, v in verdicts(model, pictures, wanted).items()} for name, pictures in shown.items()}
    log.write(steps=training.optimiser.steps, minutes=training.seconds / 60, pictures=count, loss=float(np.mean(losses)) if losses else None, **found)
    export(model, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
