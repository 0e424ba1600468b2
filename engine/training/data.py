"""Pictures and clips of the diorama for training: made by seed, kept in shards on disk, never more of them than asked for.

A shard is two files: `00012.u8`, raw frames (scenes, frames, size, size, 3) uint8 sRGB, and `00012.jsonl`, one line for each
scene with its spec, the times of its frames and its captions. The second file is renamed into place last: a shard without it does not exist.
Held-out shards use scene seeds from the upper half of the range, and phrasings that training never sees.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from engine.training.home import Stop, be_modest, training_dir
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, sample_spec
from engine.world.truth import Truth

Split = Literal["train", "held-out"]
HALF = 2**31
"""Scene seeds below are for training, from here on for testing."""

STREAMS: dict[str, int] = {"train": 1, "held-out": 2}
CAPTIONS = 6
"""Wordings kept for each scene; training takes one at random."""


@dataclass(frozen=True)
class Recipe:
    """What a shard holds. stills: frames of a scene at random moments; clips: neighbouring frames at the scene's own rate."""

    kind: Literal["stills", "clips"] = "stills"
    split: Split = "train"
    scenes: int = 64
    frames: int = 4
    size: int | tuple[int, int] = 128
    """Side of square pictures, or (width, height), in pixels."""
    mirrored: bool = True
    """Every second scene is the mirror image of the one before it: cutting the paper costs far more than flipping."""

    @property
    def sides(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return (self.size, self.size) if isinstance(self.size, int) else self.size

    @property
    def shape(self) -> tuple[int, int, int, int, int]:
        """(scenes, frames, height, width, 3) of a shard."""
        width, height = self.sides
        return self.scenes, self.frames, height, width, 3

    @property
    def name(self) -> str:
        """The name of the folder that holds such shards."""
        return f"{self.kind}-{self.split}-{self.frames}x{self.size if isinstance(self.size, int) else '{}x{}'.format(*self.size)}"


@dataclass(frozen=True)
class Example:
    """One scene: frames (T, H, W, 3) uint8 sRGB, their times in seconds, the spec, and captions that all say it.

    cover: (T, H, W) bool, where a subject is seen.
    """

    frames: np.ndarray
    times: list[float]
    spec: SceneSpec
    captions: list[str]
    cover: np.ndarray


OTHER_SIDE = {"left": "right", "right": "left", "pan left": "pan right", "pan right": "pan left"}


def mirrored(spec: SceneSpec) -> SceneSpec:
    """What a scene's mirror image shows: left and right change places in motions, looks and the camera's pan."""
    things = [one.model_copy(update={"motion": OTHER_SIDE.get(one.motion, one.motion), "facing": OTHER_SIDE[one.facing]}) for one in spec.subjects]
    return spec.model_copy(update={"subjects": tuple(things), "camera": OTHER_SIDE.get(spec.camera, spec.camera)})


def specs(recipe: Recipe, shard: int) -> Iterator[tuple[SceneSpec, np.random.Generator]]:
    """The scenes that are drawn for a shard, in order, each with the generator that makes the rest of it. Cheap: nothing is drawn here."""
    for scene in range(0, recipe.scenes, 2 if recipe.mirrored else 1):
        rng = np.random.default_rng([STREAMS[recipe.split], shard, scene])
        # One thing more often than three: what is alone is large and teaches its shape. A tenth is anything anywhere.
        spec = sample_spec(rng, count=int(rng.choice([1, 2, 3], p=[0.7, 0.22, 0.08])), wild=bool(rng.random() < 0.1))
        seed = int(rng.integers(HALF)) + (HALF if recipe.split == "held-out" else 0)
        yield spec.model_copy(update={"seed": seed}), rng


def examples(recipe: Recipe, shard: int) -> Iterator[Example]:
    """The scenes of a shard, drawn. The same recipe and number give the same bytes."""
    for spec, rng in specs(recipe, shard):
        if recipe.kind == "stills":
            times = [float(t) for t in np.sort(rng.uniform(0.1, 0.9, recipe.frames) * spec.seconds)]
        else:
            times = [k / spec.fps for k in range(recipe.frames)]
        diorama = MovingDiorama(spec, recipe.size)
        truth = Truth(diorama)
        frames, cover = np.stack([diorama.frame(t) for t in times]), np.stack([truth.look(t).masks.any(0) for t in times])
        for turn in range(2 if recipe.mirrored else 1):
            if turn:
                spec, frames, cover = mirrored(spec), frames[:, :, ::-1], cover[:, :, ::-1]
            yield Example(frames, times, spec, captions(spec, rng, CAPTIONS, held_out=recipe.split == "held-out"), cover)


class Cache:
    """The shards of one recipe in a folder. `fill` makes those that are missing, at most `most` in all; older bytes never change."""

    def __init__(self, recipe: Recipe, folder: Path | None = None) -> None:
        self.recipe = recipe
        self.folder = (folder or training_dir() / "cache") / recipe.name
        self.folder.mkdir(parents=True, exist_ok=True)

    def ready(self) -> list[int]:
        """The numbers of the shards that are complete, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.jsonl"))

    def make(self, shard: int) -> None:
        """Draw one shard and put it in place; a shard that is there stays as it is."""
        place = self.folder / f"{shard:05d}"
        if place.with_suffix(".jsonl").exists():
            return
        lines: list[str] = []
        aside = {end: place.with_suffix(f".{os.getpid()}.{end}.part") for end in ("u8", "jsonl")}
        with aside["u8"].open("wb") as file:
            for one in examples(self.recipe, shard):
                file.write(one.frames.tobytes())
                lines.append(json.dumps({"spec": one.spec.model_dump(mode="json"), "times": one.times, "captions": one.captions}, ensure_ascii=False))
        aside["jsonl"].write_text("\n".join(lines) + "\n", encoding="utf-8")
        aside["u8"].replace(place.with_suffix(".u8"))
        aside["jsonl"].replace(place.with_suffix(".jsonl"))

    def fill(self, most: int, stop: Stop | None = None) -> int:
        """Make shards 0 to `most` - 1 where missing, until `stop`; how many are there then."""
        for shard in range(most):
            if stop:
                break
            self.make(shard)
        return len(self.ready())

    def frames(self, shard: int) -> np.ndarray:
        """(scenes, frames, H, W, 3) uint8, mapped from disk: only what is touched is read."""
        return np.memmap(self.folder / f"{shard:05d}.u8", np.uint8, "r", shape=self.recipe.shape)

    def records(self, shard: int) -> list[dict[str, Any]]:
        """For each scene of the shard: `spec` (JSON form), `times`, `captions`."""
        return [json.loads(line) for line in (self.folder / f"{shard:05d}.jsonl").read_text(encoding="utf-8").splitlines()]


def main() -> int:
    """The command line: fill a cache in the background."""
    parser = argparse.ArgumentParser(prog="python -m engine.training.data", description="Draw shards of the diorama.")
    parser.add_argument("--kind", choices=["stills", "clips"], default="stills")
    parser.add_argument("--split", choices=["train", "held-out"], default="train")
    parser.add_argument("--shards", type=int, default=16, help="shards in all; one is 64 scenes of 4 pictures, 13 MB")
    chosen = parser.parse_args()
    be_modest()
    cv2.setNumThreads(1)
    recipe = Recipe(chosen.kind, chosen.split) if chosen.kind == "stills" else Recipe("clips", chosen.split, scenes=16, frames=16)
    print(Cache(recipe).fill(chosen.shards, Stop()), "shards ready", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
