"""`pocket-upscale`: 128 px to 256 px in the world's look. `python -m engine.training.upscale`.

The truth is a render at 256 px; the input is its area average at 128 px: as it is, or after the pocket VAE and some noise on its latents, as the picture
model's own pictures will come, or a little blurred, noisy and JPEG-coded. So the net learns to repair what the VAE softens, and to leave alone what is sharp.
Beside pixels, what the image tower of pocket-clip sees is compared: a net that knows pixels only paints the average of all that a smear could have been.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from safetensors.torch import load_file, save_file

from engine.diffusion.parts import as_pictures
from engine.metrics.pocket_judge import Trunk
from engine.training import vae
from engine.training.data import Cache, Recipe, Split
from engine.training.home import Log, Stop, swap, training_dir
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train
from engine.training.vae import gradients, to_tensor
from engine.vision.upscale import CONFIG, FACTOR, WEIGHTS, Upscaler, bicubic

NAME = "pocket-upscale"
TOWER = "pocket-clip"
"""Whose eyes are borrowed."""

HIGH = 256
"""Side of the true pictures in pixels."""

CROP = 64
"""Side of the training inputs in pixels."""

SOFT_SHARE, WORN_SHARE = 0.65, 0.15
"""Shares of the inputs that came through the VAE, and that were blurred, noised and coded; the rest is clean."""

NOISE = (0.0, 0.1)
"""Range of the width of the noise on the VAE's unit latents."""


@dataclass(frozen=True)
class Pairs:
    """N pictures. high: (N, 256, 256, 3), low: (N, 128, 128, 3) their area averages, soft: the same after the VAE, or none when it is not trained yet; uint8."""

    high: np.ndarray
    low: np.ndarray
    soft: np.ndarray | None

    def draw(self, rng: np.random.Generator, count: int, side: int = CROP) -> tuple[np.ndarray, np.ndarray]:
        """Inputs (count, side, side, 3) and truths (count, 2 side, 2 side, 3), cut, turned and mirrored at random."""
        inputs, truths = np.empty((count, side, side, 3), np.uint8), np.empty((count, FACTOR * side, FACTOR * side, 3), np.uint8)
        for k in range(count):
            pick = int(rng.integers(len(self.low)))
            y, x = rng.integers(self.low.shape[1] - side + 1), rng.integers(self.low.shape[2] - side + 1)
            kind = rng.random()
            soft = self.soft is not None and kind < SOFT_SHARE
            source = self.soft if soft and self.soft is not None else self.low
            part = source[pick, y : y + side, x : x + side]
            truth = self.high[pick, FACTOR * y : FACTOR * (y + side), FACTOR * x : FACTOR * (x + side)]
            if not soft:
                colours = rng.permutation(3)  # a photo has other colours than paper
                part, truth = part[..., colours], truth[..., colours]
                if kind > 1 - WORN_SHARE:
                    part = worn(part, rng)
            quarter, mirror = int(rng.integers(4)), bool(rng.random() < 0.5)
            for target, picture in ((inputs, part), (truths, truth)):
                turned = np.rot90(picture, quarter)
                target[k] = turned[:, ::-1] if mirror else turned
        return inputs, truths


def worn(picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A picture (H, W, 3) uint8 a little blurred, noisy and JPEG-coded, each by chance."""
    if rng.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.3, 0.8)))
    if rng.random() < 0.5:
        picture = np.clip(picture + rng.normal(0, rng.uniform(0.5, 3), picture.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        _, coded = cv2.imencode(".jpg", np.ascontiguousarray(picture), [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 98))])
        picture = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR))
    return picture


@torch.no_grad()
def softened(autoencoder: Any, pictures: np.ndarray, noise: torch.Generator, widths: tuple[float, float] = NOISE) -> np.ndarray:
    """(N, H, W, 3) uint8 after encoding, noise of a random width for each on the latents, and decoding."""
    done = []
    for k in range(0, len(pictures), 8):
        latents = autoencoder.encode(to_tensor(pictures[k : k + 8]).to(autoencoder.dtype)).latents.float()
        width = widths[0] + (widths[1] - widths[0]) * torch.rand(len(latents), 1, 1, 1, generator=noise)
        latents = latents + width * torch.randn(latents.shape, generator=noise)
        drawn = autoencoder.decode(latents.to(autoencoder.dtype).contiguous(memory_format=torch.channels_last)).sample
        done.append(as_pictures(drawn))
    return np.concatenate(done)


def pairs(cache: Cache, shards: int, autoencoder: Any | None, *, each: int | None = None, widths: tuple[float, float] = NOISE) -> Pairs:
    """The pairs of the first shards of a cache. each: frames taken of every scene, all unless given."""
    high = np.concatenate([cache.frames(shard)[:, :each].reshape(-1, *cache.recipe.shape[2:]) for shard in cache.ready()[:shards]])
    low = np.stack([cv2.resize(one, (one.shape[1] // FACTOR, one.shape[0] // FACTOR), interpolation=cv2.INTER_AREA) for one in high])
    return Pairs(high, low, None if autoencoder is None else softened(autoencoder, low, torch.Generator().manual_seed(3), widths))


SEEN = 0.05
"""Weight of what is seen, beside pixels."""

TAPS = (7, 13, 19)
"""Layers of the image tower, the last of each stage, at which pictures are compared."""


class Seen:
    """How differently two sets of pictures are seen by a frozen image tower, at the size that it knows (perceptual loss, Johnson et al., 2016)."""

    def __init__(self, trunk: torch.nn.Sequential) -> None:
        self.trunk = trunk.eval().requires_grad_(False)

    def __call__(self, drawn: torch.Tensor, truths: torch.Tensor) -> torch.Tensor:
        """(B, 3, 2h, 2w) in [0, 1] each, judged at (h, w): the mean over layers of L1 between activations, as a share of their own mean size."""
        kind = next(self.trunk.parameters()).dtype
        one, other = (F.avg_pool2d(2 * each - 1, FACTOR).to(kind).contiguous(memory_format=torch.channels_last) for each in (drawn, truths))
        total = torch.zeros(())
        for k, layer in enumerate(self.trunk):
            one, other = layer(one), layer(other)
            if k in TAPS:
                total = total + ((one - other).float().abs().mean() / other.float().abs().mean().clamp_min(1e-3)) / len(TAPS)
        return total


def loss_of(model: Upscaler, inputs: torch.Tensor, truths: torch.Tensor, seen: Seen | None = None) -> torch.Tensor:
    """L1, L1 of the gradients, and what is seen if that is given, in [0, 1]. inputs: (B, 3, h, w); truths: (B, 3, 2h, 2w)."""
    drawn = model(inputs)
    plain = (drawn - truths).abs().mean() + (gradients(drawn) - gradients(truths)).abs().mean()
    return plain if seen is None else plain + SEEN * seen(drawn, truths)


def psnr(one: np.ndarray, truth: np.ndarray) -> float:
    """Mean over pictures (N, H, W, 3) uint8 of the peak signal-to-noise ratio in dB."""
    errors = ((one.astype(np.float32) - truth) ** 2).mean((1, 2, 3))
    return float(np.mean(10 * np.log10(255**2 / np.maximum(errors, 1e-6))))


def enlarged(pictures: np.ndarray) -> np.ndarray:
    """(N, H, W, 3) uint8 -> (N, 2H, 2W, 3) uint8 by bicubic alone: what the net has to beat."""
    drawn = bicubic(torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2) / 255)
    return (drawn.clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()


def photos() -> dict[str, np.ndarray]:
    """Photos that no training has seen, (H, W, 3) uint8 with even sides, by name."""
    from skimage import data

    found = {name: getattr(data, name)()[..., :3] for name in ("astronaut", "coffee", "chelsea")}
    return {name: one[: one.shape[0] // 2 * 2, : one.shape[1] // 2 * 2] for name, one in found.items()}


def figures(model: Upscaler, test: Pairs) -> dict[str, list[float]]:
    """[PSNR of the model, PSNR of bicubic] in dB on clean inputs, on VAE inputs if there are any, and on each photo."""
    out = {"clean": [psnr(model.enlarge(test.low), test.high), psnr(enlarged(test.low), test.high)]}
    if test.soft is not None:
        out["vae"] = [psnr(model.enlarge(test.soft), test.high), psnr(enlarged(test.soft), test.high)]
    for name, photo in photos().items():
        low = cv2.resize(photo, (photo.shape[1] // FACTOR, photo.shape[0] // FACTOR), interpolation=cv2.INTER_AREA)[None]
        out[name] = [psnr(model.enlarge(low), photo[None]), psnr(enlarged(low), photo[None])]
    return {name: [round(v, 2) for v in both] for name, both in out.items()}


class Training(Learner):
    """The net with everything that a step needs."""

    def __init__(self, model: Upscaler, seed: int = 0, *, kind: torch.dtype = torch.bfloat16, seen: Seen | None = None) -> None:
        self.seen = seen
        optimiser = Optimiser(model.named_parameters(), muon_rate=1e-3, adam_rate=5e-4, average=0.995, adam_only=("exit",))
        super().__init__(optimiser, np.random.default_rng([seed, 6]), seed)
        self.model = model.to(kind).to(memory_format=torch.channels_last)

    def step(self, inputs: np.ndarray, truths: np.ndarray, scale: float = 1.0) -> float:
        """One step on (B, h, w, 3) and (B, 2h, 2w, 3) uint8; the loss."""
        loss = loss_of(self.model, (to_tensor(inputs) + 1) / 2, (to_tensor(truths) + 1) / 2, self.seen)
        return self.learn(loss, len(inputs), scale)

    def averaged(self) -> Upscaler:
        """The net with the averaged weights, float32, for use."""
        fresh = Upscaler(**self.model.config)
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.eval().requires_grad_(False)


def export(model: Upscaler, place: Path) -> None:
    """Write float16 safetensors and the config, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file({name: t.half().contiguous() for name, t in model.state_dict().items()}, aside / WEIGHTS)
    (aside / CONFIG).write_text(json.dumps(model.config) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("upscale", "Train the upscaler", minutes=12, batch=16)
    parser.add_argument("--shards", type=int, default=4, help="shards of 256 pictures to learn from; one is 50 MB")
    parser.add_argument("--no-seen", dest="seen", action="store_false", help="do not learn from what pocket-clip sees, even where it is trained")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        learn, test = _pairs("train", chosen.shards, stop), _pairs("held-out", 1, stop, each=1)
        torch.manual_seed(0)
        training = Training(Upscaler(), seen=_seen(training_dir() / TOWER / "export") if chosen.seen else None)
        training.resume(folder / CHECKPOINT)

        def step(done: float) -> float:
            return training.step(*learn.draw(training.rng, chosen.batch), rate_at(done))

        train(training, chosen.minutes, step, lambda loss: _report(training, folder, log, loss, test), stop=stop, every=60)
    return 0


def _seen(trained: Path) -> Seen | None:
    """The trunk of pocket-clip, if that is trained; never the judge's, which measures."""
    if not trained.exists():
        return None
    trunk = Trunk(json.loads((trained / "config.json").read_text(encoding="utf-8"))["width"])
    known = load_file(trained / "model.safetensors")
    trunk.load_state_dict({name.removeprefix("trunk."): t.float() for name, t in known.items() if name.startswith("trunk.")})
    return Seen(trunk.bfloat16().to(memory_format=torch.channels_last))


def _pairs(split: Split, shards: int, stop: Stop, each: int | None = None) -> Pairs:
    cache = Cache(Recipe(split=split, size=HIGH))
    cache.fill(shards, stop)
    trained = training_dir() / vae.NAME / "export"
    autoencoder: Any = AutoencoderTiny.from_pretrained(trained, torch_dtype=torch.bfloat16).eval() if trained.exists() else None
    return pairs(cache, shards, autoencoder, each=each)


def _report(training: Training, folder: Path, log: Log, loss: float | None, test: Pairs) -> None:
    training.save(folder / CHECKPOINT)
    model = training.averaged()
    log.write(steps=training.optimiser.steps, pictures=training.samples, minutes=training.seconds / 60, loss=loss,
              psnr_and_bicubic=figures(model, test))  # fmt: skip
    export(model, folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
