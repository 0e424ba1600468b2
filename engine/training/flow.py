"""The pocket motion field: a sentence and one picture become layers and where they go. `python -m engine.training.flow`.

Plain regression on the world's exact truth, which is easy where learning motion by diffusion is not: the things' cover (cross-entropy), the ground behind
them (L1), and the displacement of things and ground from the picture's moment to sixteen moments of the clip (Huber). See `engine.diffusion.motion_field`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from engine.diffusion.motion_field import IN_CHANNELS, KEYS, OUT_CHANNELS, PATCH, REACH, Layers, layers
from engine.diffusion.packed import pack_folder
from engine.training import text, vae
from engine.training.data import Recipe, Split, mirrored, specs
from engine.training.home import Log, swap, training_dir
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, arguments, rate_at, session, train
from engine.training.text import WordLearner
from engine.training.vae import to_tensor
from engine.training.wording import typed
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec
from engine.world.truth import Truth

NAME = "pocket-flow"
WIDTHS, HEADS = (48, 128, 192), (2, 4, 6)
"""Channels at 32x32, 16x16 and 8x8 for a picture of 128 px."""

SIDE = 128
MOMENTS = 5
"""Pictures of each scene: moments of the clip from which all of it is asked."""

SHARD = 32
"""Scenes of a shard, half of them mirror images."""

COARSE = 0.6
"""Share of the training for which pictures are halved: four times cheaper, and what the words mean for motion is learnt as well there."""

SEEN_EACH = 2
"""A new shard is drawn whenever each example so far has been used this often."""


@dataclass(frozen=True)
class Truths:
    """What the net must say of N pictures. pictures, grounds: (N, S, S, 3) uint8; cover: (N, S, S) bool; things, land: (N, KEYS, 2, S/4, S/4) float16 in
    fractions of the side, with the share of each cell that the things take in `share` (N, S/4, S/4) float16; moment (N,), phase (N,) float32."""

    pictures: np.ndarray
    grounds: np.ndarray
    cover: np.ndarray
    things: np.ndarray
    land: np.ndarray
    share: np.ndarray
    moment: np.ndarray
    phase: np.ndarray

    def mirror(self) -> Truths:
        """The same seen in a mirror."""
        turned = {name: getattr(self, name)[..., ::-1].copy() for name in ("cover", "things", "land", "share")}
        for name in ("things", "land"):
            turned[name][:, :, 0] *= -1
        # A mirrored thing sways the other way: half a beat later.
        return Truths(self.pictures[:, :, ::-1], self.grounds[:, :, ::-1], moment=self.moment, phase=self.phase, **turned)


def truths(spec: SceneSpec, rng: np.random.Generator, count: int, side: int = SIDE) -> Truths:
    """Truth of `count` pictures of a scene at random moments."""
    world = MovingDiorama(spec, side)
    truth = Truth(world)
    seconds = spec.frames / spec.fps
    moments = np.sort(rng.uniform(0.0, 1.0, count)).astype(np.float32)
    keys = [[world.matrix(sheet, float(t)) for sheet in world.sheets] for t in np.linspace(0, seconds, KEYS)]
    rows: dict[str, list[np.ndarray]] = {name: [] for name in ("pictures", "grounds", "cover", "things", "land", "share")}
    for moment in moments:
        look = truth.look(float(moment) * seconds)
        cover = np.asarray(look.masks.any(0)) if len(look.masks) else np.zeros((side, side), bool)
        things, land, share = _displacements(look.owner, cover, look.matrices, keys)
        picture, ground = world.frame(float(moment) * seconds), world.plate(float(moment) * seconds)
        for name, value in zip(rows, (picture, ground, cover, things, land, share), strict=True):
            rows[name].append(value)
    phase = world.courses[0].phase if world.courses else 0.0
    return Truths(moment=moments, phase=np.full(count, phase, np.float32), **{name: np.stack(values) for name, values in rows.items()})


def _displacements(owner: np.ndarray, cover: np.ndarray, now: list[np.ndarray], keys: list[list[np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean displacement of the things' and of the ground's pixels of each cell to each key moment, in fractions of the side; and the things' share of the cell.

    Every second pixel of rows and columns is looked at.
    """
    side = owner.shape[0]
    owner, cover = owner[::2, ::2], cover[::2, ::2]
    place = np.arange(0, side, 2, dtype=np.float32) + 0.5
    there = np.stack([np.broadcast_to(place, owner.shape), np.broadcast_to(place[:, None], owner.shape), np.ones_like(owner, np.float32)])
    back = [np.linalg.inv(matrix) for matrix in now]
    steps = np.array([[(matrix @ inverse - np.eye(3))[:2] for matrix, inverse in zip(key, back, strict=True)] for key in keys], np.float32)  # (KEYS, sheets, 2, 3)
    moved = np.einsum("khwij,jhw->kihw", steps[:, owner], there) / side
    cells = owner.shape[0] // (PATCH // 2)
    grid = (cells, PATCH // 2, cells, PATCH // 2)
    things = cover.astype(np.float32)
    share = things.reshape(grid).mean((1, 3))

    def mean(weight: np.ndarray) -> np.ndarray:
        total = weight.reshape(grid).sum((1, 3))
        return ((moved * weight).reshape(KEYS, 2, *grid).sum((3, 5)) / np.maximum(total, 1e-6)).astype(np.float16)

    return mean(things), mean(1 - things), share.astype(np.float16)


class Shards:
    """Shards of truths on disk, made in order and never changed; specs and captions are made again from the seeds."""

    def __init__(self, split: Split = "train", folder: Path | None = None, *, scenes: int = SHARD, side: int = SIDE) -> None:
        self.side = side
        self.recipe = Recipe("clips", split, scenes=scenes, frames=1, size=side)
        self.folder = (folder or training_dir() / "cache") / f"flow-{split}-{side}"
        self.folder.mkdir(parents=True, exist_ok=True)

    def ready(self) -> list[int]:
        """The numbers of the shards that are complete, in order."""
        return sorted(int(path.stem) for path in self.folder.glob("[0-9]*.safetensors"))

    def specs(self, shard: int) -> Iterator[tuple[SceneSpec, np.random.Generator]]:
        """The scenes that are drawn for a shard; each has a mirror image too."""
        return specs(self.recipe, shard + 100_000)

    def make(self, shard: int) -> None:
        """Draw one shard and put it in place; one that is there stays as it is."""
        place = self.folder / f"{shard:05d}.safetensors"
        if place.exists():
            return
        parts = []
        for spec, rng in self.specs(shard):
            one = truths(spec, rng, MOMENTS, self.side)
            parts += [one, one.mirror()]
        aside = place.with_suffix(f".{os.getpid()}.part")
        save_file({name: torch.from_numpy(np.ascontiguousarray(np.concatenate([getattr(p, name) for p in parts]))) for name in Truths.__annotations__}, aside)
        aside.replace(place)

    def load(self, shard: int) -> tuple[dict[str, torch.Tensor], list[SceneSpec]]:
        """The tensors of a shard, named as in `Truths`, and the spec of each example."""
        told = [turned for spec, _ in self.specs(shard) for turned in (spec, mirrored(spec))]
        return load_file(self.folder / f"{shard:05d}.safetensors"), [spec for spec in told for _ in range(MOMENTS)]


class Examples:
    """All shards in memory, random batches of them."""

    def __init__(self, shards: Shards) -> None:
        self.shards, self.known = shards, list[int]()
        self.parts: list[dict[str, torch.Tensor]] = []
        self.specs: list[SceneSpec] = []
        self.refresh()

    def refresh(self) -> None:
        """Take in shards that appeared."""
        for shard in self.shards.ready():
            if shard not in self.known:
                tensors, told = self.shards.load(shard)
                self.known.append(shard)
                self.parts.append(tensors)
                self.specs += told

    def __len__(self) -> int:
        return len(self.specs)

    def take(self, picks: np.ndarray) -> dict[str, torch.Tensor]:
        """The examples of these numbers."""
        each = len(self.parts[0]["moment"])
        return {name: torch.stack([self.parts[k // each][name][k % each] for k in picks]) for name in self.parts[0]}


def halved(true: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Truths of half the side. Displacements stay fractions of the side; those of a cell are the mean of four, weighted by what they belong to."""
    out = dict(true)
    for name in ("pictures", "grounds"):
        out[name] = F.avg_pool2d(true[name].permute(0, 3, 1, 2).float(), 2).round().to(torch.uint8).permute(0, 2, 3, 1)
    out["cover"] = F.avg_pool2d(true["cover"].float()[:, None], 2)[:, 0] >= 0.5
    share = true["share"].float()[:, None]
    for name, weight in (("things", share), ("land", 1 - share)):
        flat = (true[name].float().flatten(1, 2) * weight, weight)
        above, below = (F.avg_pool2d(part, 2) for part in flat)
        out[name] = (above / below.clamp_min(1e-3)).unflatten(1, (KEYS, 2))
    out["share"] = F.avg_pool2d(share, 2)[:, 0]
    return out


def build(widths: tuple[int, ...] = WIDTHS, heads: tuple[int, ...] = HEADS, cross: int = text.WIDTH, side: int = SIDE) -> Any:
    """A fresh net whose motion and ground start at zero: nothing moves."""
    model: Any = UNet2DConditionModel(
        sample_size=side // PATCH, in_channels=IN_CHANNELS, out_channels=OUT_CHANNELS, layers_per_block=1, block_out_channels=widths, attention_head_dim=heads,
        cross_attention_dim=cross, down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (len(widths) - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (len(widths) - 1) + ("UpBlock2D",), norm_num_groups=16,
    )  # fmt: skip
    nn.init.zeros_(model.conv_out.weight)
    nn.init.zeros_(model.conv_out.bias)
    return model.to(memory_format=torch.channels_last)


def loss_of(said: Layers, true: dict[str, torch.Tensor]) -> torch.Tensor:
    """true: tensors named as in `Truths`."""
    cover = true["cover"].float()[:, None]
    mask = F.binary_cross_entropy_with_logits(said.cover, cover)
    # The ground matters where a thing hides it, and a little around.
    hidden = F.max_pool2d(cover, 13, 1, 6)
    missing = (said.ground - to_tensor(true["grounds"].numpy())).abs().mean(1, keepdim=True)
    ground = (missing * hidden).sum() / hidden.sum().clamp_min(1) + 0.1 * missing.mean()
    share = true["share"].float()[:, None, None]
    moved = F.smooth_l1_loss(said.things * REACH, true["things"].float() * REACH, reduction="none", beta=0.1)
    things = (moved * share).sum() / (share.sum() * 2 * KEYS).clamp_min(1)
    sunk = F.smooth_l1_loss(said.land * REACH, true["land"].float() * REACH, reduction="none", beta=0.1)
    land = (sunk * (1 - share)).mean()
    return 2 * mask + ground + things + 4 * land


class Training(WordLearner):
    """The net with everything that a step needs; a VAE, if given, softens some of the pictures."""

    def __init__(self, net: Any, tokenizer: CLIPTokenizer, encoder: Any, autoencoder: Any = None, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        self.autoencoder = autoencoder
        optimiser = Optimiser(net.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("conv_in", "conv_out", "time_embedding"))
        super().__init__(tokenizer, encoder.to(kind), optimiser, np.random.default_rng([seed, 11]), seed)
        self.net = net.to(kind)
        # The plain form of attention: its backward pass is quicker on a CPU than that of the fused one.
        self.net.set_attn_processor(AttnProcessor())

    @torch.no_grad()
    def seen(self, pictures: torch.Tensor) -> torch.Tensor:
        """(B, S, S, 3) uint8 as (B, 3, S, S) in [-1, 1]; a quarter of them blurred, and a quarter as a picture model would draw them, through the VAE with noise."""
        clear = to_tensor(pictures.numpy())
        count = len(clear) // 4
        blurred = F.avg_pool2d(F.pad(clear[:count], (1, 1, 1, 1), mode="replicate"), 3, 1)
        drawn = clear[count : 2 * count]
        if self.autoencoder is not None and count:
            latents = self.autoencoder.encode(drawn.to(self.autoencoder.dtype)).latents
            latents = latents + 0.1 * torch.randn(latents.shape, generator=self.noise).to(latents)
            drawn = self.autoencoder.decode(latents).sample.float().clamp(-1, 1)
        return torch.cat([blurred, drawn, clear[2 * count :]])

    def step(self, examples: Examples, count: int, scale: float = 1.0, *, coarse: bool = False) -> float:
        """One step on so many pictures, halved if `coarse`; the loss."""
        picks = self.rng.integers(len(examples), size=count)
        true = halved(examples.take(picks)) if coarse else examples.take(picks)
        texts = [typed(examples.specs[k], self.rng)[0] for k in picks]
        said = layers(self.net, self.seen(true["pictures"]), self.states(texts), true["moment"], true["phase"])
        loss = loss_of(said, true)
        return self.learn(loss, count, scale)

    def averaged(self) -> Any:
        """A net with the averaged weights."""
        fresh: Any = UNet2DConditionModel.from_config(self.net.config)
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.to(self.net.dtype).to(memory_format=torch.channels_last).eval()


@torch.no_grad()
def held_out(training: Training, net: Any, examples: Examples, count: int = 192, *, coarse: bool = False) -> dict[str, float]:
    """Figures on scenes and wordings that were never trained on.

    iou: of the cover; ground: mean absolute error of the hidden ground in 0..255; direction: share of things that travel left, right, up or down whose
    mean displacement over the clip points within 45 degrees of the truth (a guess: .25); camera: the same for the ground under a moving camera, zooms left out;
    still: share of still things that move less than a fiftieth of the side.
    """
    rng = np.random.default_rng(5)
    figures: dict[str, list[float]] = {name: [] for name in ("iou", "ground", "direction", "camera", "still")}
    for start in range(0, min(count, len(examples)), 32):
        picks = rng.integers(len(examples), size=32) if start else np.arange(32)
        true = halved(examples.take(picks)) if coarse else examples.take(picks)
        told = [examples.specs[k] for k in picks]
        states = training.states([captions(spec, rng, 1, held_out=True)[0] for spec in told])
        said = layers(net, to_tensor(true["pictures"].numpy()), states, true["moment"], true["phase"])
        cover, found = true["cover"], said.cover[:, 0] > 0
        both, any_ = (cover & found).sum((1, 2)), (cover | found).sum((1, 2))
        figures["iou"] += (both / any_.clamp_min(1))[any_ > 0].tolist()
        wrong = ((said.ground - to_tensor(true["grounds"].numpy())).abs().mean(1) * cover).sum((1, 2)) / cover.sum((1, 2)).clamp_min(1) * 127.5
        figures["ground"] += wrong[cover.any(2).any(1)].tolist()
        share = true["share"].float()
        for row, spec in enumerate(told):
            if len(spec.subjects) == 1 and share[row].sum() > 4:
                ways = [(part[row, -1] - part[row, 0]).float() for part in (said.things, true["things"])]
                a, b = ((way * share[row]).sum((1, 2)) / share[row].sum() for way in ways)
                if spec.subjects[0].motion in ("left", "right", "up", "down") and b.norm() > 0.03:
                    figures["direction"].append(float(F.cosine_similarity(a, b, dim=0) > 0.707))
                elif spec.subjects[0].motion == "still" and spec.camera == "still":
                    figures["still"].append(float(a.norm() < 0.02))
            if spec.camera.startswith(("pan", "tilt")):
                ways = [(part[row, -1] - part[row, 0]).float() for part in (said.land, true["land"])]
                a, b = ((way * (1 - share[row])).mean((1, 2)) for way in ways)
                figures["camera"].append(float(F.cosine_similarity(a, b, dim=0) > 0.707 and a.norm() > 0.3 * b.norm()))
    return {name: round(float(np.mean(found)), 4) for name, found in figures.items() if found}


def load_words() -> tuple[CLIPTokenizer, Any]:
    """The trained tokenizer and text encoder."""
    place = training_dir() / text.NAME / "export"
    encoder: Any = CLIPTextModel.from_pretrained(place)
    return CLIPTokenizer.from_pretrained(place / "tokenizer"), encoder


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("flow", "Train the pocket motion field", minutes=40, batch=32)
    parser.add_argument("--shards", type=int, default=400, help="most shards of 160 pictures; 34 MB each")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        tokenizer, encoder = load_words()
        drawn = training_dir() / vae.NAME / "export"
        autoencoder: Any = AutoencoderTiny.from_pretrained(drawn).to(torch.bfloat16).eval() if drawn.exists() else None  # type: ignore[attr-defined]
        shards, test = Shards(), Shards("held-out")
        test.make(0)
        for shard in range(16):
            shards.make(shard)
        torch.manual_seed(0)
        training = Training(build(), tokenizer, encoder, autoencoder)
        training.resume(folder / CHECKPOINT)
        examples, judged = Examples(shards), Examples(test)

        def step(done: float) -> float:
            loss = training.step(examples, chosen.batch * (2 if done < COARSE else 1), rate_at(done), coarse=done < COARSE)
            if training.samples > SEEN_EACH * len(examples) and len(examples.known) < chosen.shards:
                shards.make(max(examples.known) + 1)
                examples.refresh()
            return loss

        def told(loss: float | None) -> None:
            report(training, judged, folder, log, loss, len(examples), coarse=training.seconds < 60 * chosen.minutes * COARSE)

        train(training, chosen.minutes, step, told, stop=stop, every=150)
    return 0


def report(training: Training, judged: Examples, folder: Path, log: Log, loss: float | None, pictures: int, *, coarse: bool = False) -> None:
    """Checkpoint, held-out figures (on halved pictures while these are trained on), and the net in diffusers' layout."""
    training.save(folder / CHECKPOINT)
    net = training.averaged()
    log.write(samples=training.samples, minutes=training.seconds / 60, pictures=pictures, loss=loss, coarse=coarse, held_out=held_out(training, net, judged, coarse=coarse))
    net.half().save_pretrained(folder / "export.part")
    pack_folder(folder / "export.part")
    swap(folder / "export.part", folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
