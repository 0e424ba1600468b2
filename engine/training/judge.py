"""`pocket-judge`: what is in a picture of the world, learnt from true renders only. `python -m engine.training.judge`.

It never sees a generated picture while it learns, so a model cannot please it except by drawing what the world would. Its renders are softened and
noised at random: what is asked is what a picture shows, not how sharp it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

from engine.metrics.pocket_judge import CONFIG, FIELDS, SIDE, WEIGHTS, Judge, labels_of, load, small_pictures, verdicts
from engine.training import vae
from engine.training.data import Cache, Recipe
from engine.training.home import Log, Stop, swap, training_dir
from engine.training.latents import SMALL, LatentCache
from engine.training.optim import Optimiser
from engine.training.pasting import NOTHING, pasted
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.training.upscale import softened
from engine.world.spec import SceneSpec

NAME = "pocket-judge"
SHIPPED = Path(__file__).resolve().parents[2] / "assets/models" / NAME
CROP = 112
"""Side of the training crops in pixels; whole pictures of 128 are judged."""


def loss_of(model: Judge, pictures: torch.Tensor, labels: torch.Tensor, found: torch.Tensor | None = None) -> torch.Tensor:
    """pictures: (B, 3, h, w) in [-1, 1]; labels: (B, 3 + 25) as from `labels_of`; found: (B, h/16, w/16), what is where as from `pasting.places`, if it is known."""
    out, things, colours = model.look(pictures)
    there = labels[:, len(FIELDS) :]
    loss = sum((F.cross_entropy(out[name].float(), labels[:, k]) for k, name in enumerate(FIELDS)), torch.zeros(()))
    loss = loss + 10 * F.binary_cross_entropy_with_logits(out["things"].float(), (there != -1).float())
    one = there >= 0
    if one.any():
        loss = loss + F.cross_entropy(out["colours"].float()[one], there[one])
    return loss if found is None else loss + at_places(things.float(), colours.float(), there, found.flatten(1))


def at_places(things: torch.Tensor, colours: torch.Tensor, there: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
    """What the judge must say at places that are known: which thing and its colour, or none at all. found: (B, places)."""
    row, place = torch.nonzero((found >= 0) & (found < NOTHING), as_tuple=True)
    bare = things.permute(0, 2, 1)[found == NOTHING]  # (bare places, 25)
    loss = 2 * F.softplus(bare).mean() if len(bare) else torch.zeros(())
    if len(row):
        kind = found[row, place]
        loss = loss + F.cross_entropy(things[row, :, place], kind) + F.softplus(-things[row, kind, place]).mean()
        colour = there[row, kind]
        sure = colour >= 0
        if sure.any():
            loss = loss + F.cross_entropy(colours[row, kind, :, place][sure], colour[sure])
    return loss


def augmented(pictures: torch.Tensor, rng: np.random.Generator, side: int = CROP, *, mirror: bool = True, maps: torch.Tensor | None = None) -> Any:
    """(B, 3, 128, 128) in [-1, 1] -> (B, 3, side, side): a part of each, at a scale common to all; mirrored (or not at all), softened and noised in a share of them.

    A generated picture is softer than a render: what is asked is what it shows, not how sharp it is. maps: (B, 128, 128) long, cut and mirrored along,
    then given beside the pictures as (B, side/16, side/16).
    """
    whole = int(rng.integers(88, SIDE + 1))
    corners = rng.integers(SIDE - whole + 1, size=(len(pictures), 2))
    parts = torch.stack([one[:, y : y + whole, x : x + whole] for one, (y, x) in zip(pictures, corners, strict=True)])
    parts = F.interpolate(parts, (side, side), mode="bilinear", antialias=True)
    soft = F.avg_pool2d(F.pad(parts, (1, 1, 1, 1), mode="replicate"), 3, 1)
    softer = F.interpolate(F.interpolate(parts, scale_factor=float(rng.uniform(0.35, 0.6)), mode="bilinear", antialias=True), (side, side), mode="bicubic")
    kinds = torch.from_numpy(rng.choice(3, size=len(parts), p=[0.45, 0.2, 0.35]))[:, None, None, None]
    parts = torch.where(kinds == 1, soft, torch.where(kinds == 2, softer, parts))
    turned = torch.from_numpy(rng.random(len(parts)) < 0.5)[:, None, None] if mirror else torch.zeros(len(parts), 1, 1, dtype=torch.bool)
    parts = torch.where(turned[..., None], parts.flip(3), parts)
    grain = torch.from_numpy(rng.standard_normal(parts.shape, dtype=np.float32)) * torch.from_numpy(rng.uniform(0, 0.06, (len(parts), 1, 1, 1)).astype(np.float32))
    if maps is None:
        return parts + grain
    cut = torch.stack([one[y : y + whole, x : x + whole] for one, (y, x) in zip(maps, corners, strict=True)])
    cells = F.interpolate(cut[:, None].float(), (side // 16, side // 16), mode="nearest-exact")[:, 0].long()
    return parts + grain, torch.where(turned, cells.flip(2), cells)


class Training(Learner):
    """The judge with everything that a step needs."""

    def __init__(self, model: Judge, seed: int = 0) -> None:
        self.model = model
        optimiser = Optimiser(model.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("scene", "things", "colours"))
        super().__init__(optimiser, np.random.default_rng([seed, 5]), seed)
        self.model.bfloat16().to(memory_format=torch.channels_last)

    def step(self, pictures: np.ndarray, labels: np.ndarray, covers: np.ndarray, scale: float = 1.0) -> float:
        """One step on (B, H, W, 3) uint8 pictures, things pasted into a share of them, cropped and worn at random; the loss. covers: as from `covers_of`."""
        given, there = torch.from_numpy(covers), torch.from_numpy(labels)
        mixed, things, found = pasted(small_pictures(pictures), given, there[:, len(FIELDS) :], self.rng)
        part, cells = augmented(mixed, self.rng, maps=found)
        loss = loss_of(self.model, part.bfloat16().contiguous(memory_format=torch.channels_last), torch.cat([there[:, : len(FIELDS)], things], 1), cells)
        return self.learn(loss, len(pictures), scale)

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


def covers_of(recipe: Recipe, shards: int) -> np.ndarray:
    """(scenes, frames, 16, 16) float32, how much of each place the things cover, from the picture model's cache; -1 for shards that it does not have."""
    home = training_dir() / "cache"
    drawn = [LatentCache(recipe, None, folder.name.split("-")[1], home) for folder in sorted(home.glob(f"latents-*-{recipe.name}"))]
    out = np.full((shards * recipe.scenes, recipe.frames, recipe.sides[1] // vae.FACTOR, recipe.sides[0] // vae.FACTOR), -1, np.float32)
    for shard in range(shards):
        one = next((one for one in drawn if shard in one.ready()), None)
        if one is not None:
            out[shard * recipe.scenes : (shard + 1) * recipe.scenes] = one.cover(shard).astype(np.float32) / 255
    return out


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
    parser = arguments("judge", "Train the judge on true renders", minutes=20, batch=64)
    parser.add_argument("--shards", type=int, default=60, help="shards of 256 pictures to learn from; one is 13 MB")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        recipe = Recipe()
        test, soft = renders(HELD_OUT, 1), None
        if (trained := training_dir() / vae.NAME / "export").exists():
            autoencoder: Any = AutoencoderTiny.from_pretrained(trained, torch_dtype=torch.bfloat16).eval()
            soft = softened(autoencoder, test[0][:, 0], torch.Generator().manual_seed(0), (0, 0))
        torch.manual_seed(0)
        training = Training(Judge())
        training.resume(folder / CHECKPOINT)
        scenes, records = renders(recipe, chosen.shards, stop)
        pictures = scenes.reshape(-1, SIDE, SIDE, 3)
        labels = np.array([labels_of(spec) for spec in specs_of(records, recipe.frames)])
        covers = covers_of(recipe, len(scenes) // recipe.scenes)
        covers = covers.reshape(-1, *covers.shape[2:])

        def step(done: float) -> float:
            picks = training.rng.integers(len(pictures), size=chosen.batch)
            return training.step(pictures[picks], labels[picks], covers[picks], rate_at(done))

        train(training, chosen.minutes, step, lambda loss: report(training, folder, log, loss, test, soft, len(pictures)), stop=stop, every=60)
    return 0


def report(training: Training, folder: Path, log: Log, loss: float | None, test: tuple[np.ndarray, list[dict[str, Any]]], soft: np.ndarray | None, count: int) -> None:
    """Checkpoint, export, and what the averaged judge says of held-out renders, of renders of other scenes, and of `soft`, the same ones after the pocket VAE."""
    training.save(folder / CHECKPOINT)
    model, truth, wanted = training.averaged(), test[0][:, 0], specs_of(test[1], 1)
    shown = {"held_out": truth, "other_scenes": np.roll(truth, 1, 0)}
    if soft is not None:
        shown["vae"] = soft
    found = {name: {k: round(v, 4) for k, v in verdicts(model, pictures, wanted).items()} for name, pictures in shown.items()}
    log.write(steps=training.optimiser.steps, minutes=training.seconds / 60, pictures=count, loss=loss, **found)
    export(model, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
