"""The judge: says what is in a picture of the world, and has seen true renders only. `python -m engine.training.judge`.

It measures the picture models: time of day, place and weather; which things are there; and the colour of each. It never sees a
generated picture while it learns, so a model cannot please it except by drawing what the world would.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from engine.training.data import Recipe
from engine.training.home import Log, Stop, be_modest, load_checkpoint, only_one, save_checkpoint, training_dir
from engine.training.image import load_parts
from engine.training.latents import SMALL, LatentCache
from engine.training.optim import Optimiser
from engine.training.vae import rate_at
from engine.world.spec import COLOURS, KINDS, PLACES, TIMES, WEATHERS, SceneSpec

NAME = "pocket-judge"
SIDE = 112
"""Side of the training crops in pixels; whole pictures of 128 are judged."""

FIELDS = {"time": TIMES, "place": PLACES, "weather": WEATHERS}


class Judge(nn.Module):
    """(B, 3, 128, 128) in [-1, 1] -> logits: time, place, weather, things (B, 25), colours of things (B, 25, 12)."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        widths = [width, 2 * width, 4 * width, 6 * width]
        layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.ReLU()]
        for before, after in zip(widths, widths[1:], strict=False):
            layers += [nn.Conv2d(before, after, 3, 2, 1), nn.GroupNorm(8, after), nn.ReLU(), nn.Conv2d(after, after, 3, 1, 1), nn.GroupNorm(8, after), nn.ReLU()]
        self.trunk = nn.Sequential(*layers)
        self.scene = nn.Linear(2 * widths[-1], sum(map(len, FIELDS.values())))
        # Things are found at places of the picture: the strongest place speaks for each, and its colour is read there.
        self.things = nn.Conv2d(widths[-1], len(KINDS), 1)
        self.colours = nn.Conv2d(widths[-1], len(KINDS) * len(COLOURS), 1)

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits by name."""
        seen = self.trunk(pictures)
        pooled = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1)
        out = dict(zip(FIELDS, self.scene(pooled).split([len(v) for v in FIELDS.values()], 1), strict=True))
        things = self.things(seen).flatten(2)  # (B, 25, places)
        share = (things.float() * 2).softmax(2)
        out["things"] = (things.float() * share).sum(2)
        colours = self.colours(seen).flatten(2).unflatten(1, (len(KINDS), len(COLOURS)))  # (B, 25, 12, places)
        out["colours"] = (colours.float() * share[:, :, None]).sum(3)
        return out


def labels_of(spec: SceneSpec) -> list[int]:
    """Indices of time, place and weather, then for each kind of thing the index of its colour; -1 where there is none, -2 for two colours of one kind."""
    colours = [-1] * len(KINDS)
    for one in spec.subjects:
        k = KINDS.index(one.kind)
        colours[k] = COLOURS.index(one.colour) if colours[k] == -1 else -2
    return [choices.index(getattr(spec, name)) for name, choices in FIELDS.items()] + colours


def loss_of(model: nn.Module, pictures: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """pictures: (B, 3, h, w) in [-1, 1]; labels: (B, 3 + 25) as from `labels_of`."""
    out = model(pictures)
    there = labels[:, len(FIELDS) :]
    loss = sum((F.cross_entropy(out[name].float(), labels[:, k]) for k, name in enumerate(FIELDS)), torch.zeros(()))
    loss = loss + 10 * F.binary_cross_entropy_with_logits(out["things"].float(), (there != -1).float())
    one = there >= 0
    return loss + F.cross_entropy(out["colours"].float()[one], there[one]) if one.any() else loss


def small_pictures(pictures: np.ndarray) -> torch.Tensor:
    """(B, H, W, 3) uint8 of any size -> (B, 3, 128, 128) in [-1, 1]."""
    shrunk = np.stack([one if one.shape[0] == SMALL else cv2.resize(one, (SMALL, SMALL), interpolation=cv2.INTER_AREA) for one in pictures])
    return torch.from_numpy(shrunk).permute(0, 3, 1, 2).float().div(127.5).sub(1)


@torch.no_grad()
def verdicts(model: nn.Module, pictures: np.ndarray, specs: Sequence[SceneSpec]) -> dict[str, float]:
    """How often the judge sees what the specs ask for. pictures: (B, H, W, 3) uint8, one for each spec.

    time, place, weather: share of pictures. subject: share of asked kinds that are among the n likeliest, n being how many kinds were asked.
    colour: share of asked things whose likeliest colour is the right one, found or not. subject and colour: both at once.
    """
    out = {name: torch.cat([model(part)[name] for part in small_pictures(pictures).split(32)]) for name in (*FIELDS, "things", "colours")}
    hits: dict[str, list[float]] = {name: [] for name in (*FIELDS, "subject", "colour", "subject and colour")}
    for row, spec in enumerate(specs):
        wanted = labels_of(spec)
        for k, name in enumerate(FIELDS):
            hits[name].append(float(int(out[name][row].argmax()) == wanted[k]))
        asked = [(k, colour) for k, colour in enumerate(wanted[len(FIELDS) :]) if colour != -1]
        likeliest = set(out["things"][row].topk(len(asked)).indices.tolist()) if asked else set()
        for kind, colour in asked:
            hits["subject"].append(float(kind in likeliest))
            if colour >= 0:
                right = float(int(out["colours"][row, kind].argmax()) == colour)
                hits["colour"].append(right)
                hits["subject and colour"].append(right * (kind in likeliest))
    return {name: float(np.mean(found)) if found else float("nan") for name, found in hits.items()}


class Training:
    """The judge and all that a checkpoint must hold."""

    def __init__(self, model: Judge, seed: int = 0) -> None:
        self.model, self.seconds = model, 0.0
        self.optimiser = Optimiser(model.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("scene", "things", "colours"))
        self.rng = np.random.default_rng([seed, 5])
        self.model.bfloat16().to(memory_format=torch.channels_last)

    def step(self, pictures: np.ndarray, labels: np.ndarray, scale: float = 1.0) -> float:
        """One step on (B, 128, 128, 3) uint8 pictures, cropped at random; the loss."""
        y, x = self.rng.integers(SMALL - SIDE + 1, size=2)
        part = small_pictures(pictures)[..., y : y + SIDE, x : x + SIDE]
        if self.rng.random() < 0.3:
            # A generated picture is softer than a render: what is asked is what it shows, not how sharp it is.
            part = F.avg_pool2d(F.pad(part, (1, 1, 1, 1), mode="replicate"), 3, 1)
        if self.rng.random() < 0.5:
            part = part.flip(3)
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
        fresh = Judge()
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.eval()


def load_judge() -> Judge:
    """The judge as last trained. Raises `ModelUnavailable` when there is none."""
    tensors, _ = load_checkpoint(training_dir() / NAME / "checkpoint.safetensors")
    model = Judge()
    model.load_state_dict({name.removeprefix("average."): t for name, t in tensors.items() if name.startswith("average.")})
    return model.eval()


def gathered(cache: LatentCache, shards: Sequence[int]) -> tuple[np.ndarray, list[SceneSpec]]:
    """All small pictures (N, 128, 128, 3) uint8 of the shards, and the spec of each."""
    pictures = np.concatenate([cache.small(shard).reshape(-1, SMALL, SMALL, 3) for shard in shards])
    specs = [SceneSpec.model_validate(record["spec"]) for shard in shards for record in cache.records(shard) for _ in range(cache.recipe.frames)]
    return pictures, specs


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count) on the pictures that the picture model's cache holds."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.judge", description="Train the judge on true renders; resumes by itself.")
    parser.add_argument("--minutes", type=float, default=30, help="minutes of processor time in all, earlier sessions included")
    parser.add_argument("--shards", type=int, default=60, help="most shards of 256 pictures to learn from")
    parser.add_argument("--batch", type=int, default=64)
    chosen = parser.parse_args()
    be_modest()
    cv2.setNumThreads(1)
    folder = training_dir() / NAME
    with only_one(folder):
        stop, log = Stop(), Log(folder)
        autoencoder, _, _, mark = load_parts()
        cache, test = LatentCache(Recipe(), autoencoder, mark), LatentCache(Recipe(split="held-out"), autoencoder, mark)
        test.make(0)
        cache.make(0)
        torch.manual_seed(0)
        training = Training(Judge())
        if (folder / "checkpoint.safetensors").exists():
            training.load(folder / "checkpoint.safetensors")
        pictures, specs = gathered(cache, cache.ready()[: chosen.shards])
        labels = np.array([labels_of(spec) for spec in specs])
        truth, wanted = gathered(test, [0])
        marked, began = time.monotonic(), time.process_time()
        losses: list[float] = []
        while not stop and training.seconds < 60 * chosen.minutes:
            picks = training.rng.integers(len(pictures), size=chosen.batch)
            losses.append(training.step(pictures[picks], labels[picks], rate_at(training.seconds / 60 / chosen.minutes)))
            now, spent = time.monotonic(), time.process_time()
            training.seconds, began = training.seconds + spent - began, spent
            if now - marked > 120:
                _report(training, folder, log, losses, truth, wanted, len(pictures))
                marked, losses, began = time.monotonic(), [], time.process_time()
        _report(training, folder, log, losses, truth, wanted, len(pictures))
    return 0


def _report(training: Training, folder: Path, log: Log, losses: list[float], truth: np.ndarray, wanted: list[SceneSpec], count: int) -> None:
    training.save(folder / "checkpoint.safetensors")
    figures = {name: round(value, 4) for name, value in verdicts(training.averaged(), truth, wanted).items()}
    log.write(steps=training.optimiser.steps, minutes=training.seconds / 60, pictures=count, loss=float(np.mean(losses)) if losses else None, held_out=figures)


if __name__ == "__main__":
    raise SystemExit(main())
