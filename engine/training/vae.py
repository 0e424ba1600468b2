"""The pocket VAE: diffusers' `AutoencoderTiny`, 128x128 pixels to 4 channels of 16x16 and back. `python -m engine.training.vae`.

Factor 8 and four channels are those of Stable Diffusion 1.5, so that everything stock that counts channels works (its inpainting does). Pictures are 128 px:
`pocket-upscale` doubles them, which is far cheaper to learn on two cores than a decoder of 256 px. The latents have zero mean and unit variance in every channel
(`scaling_factor` is 1). The class has no posterior: latents are a plain function of the picture, and training adds noise of a fixed width to
them, which makes the decoder forgive what a diffusion model gets slightly wrong.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from diffusers import AutoencoderTiny
from torch import nn

from engine.training.data import Cache, Recipe
from engine.training.home import Log, swap
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, Learner, arguments, rate_at, session, train

NAME = "pocket-vae"
Vae = Any
"""An `AutoencoderTiny`; its base classes come without types."""

WIDTH = 64
"""Channels everywhere: `AutoencoderTiny` takes one width only. So depth is put where pixels are few, and the two finest stages have no blocks."""

ENCODER_BLOCKS, DECODER_BLOCKS = (0, 0, 2, 4), (6, 3, 0, 0)
CHANNELS, FACTOR = 4, 8
SIDE = 128
"""Side of the pictures in pixels."""

CROP = 96
"""Side of the training crops in pixels."""

NOISE = 0.08
"""Width of the noise on unit latents while training."""

COLOUR_MEAN, COLOUR_SCALE = 0.16, 0.42
"""Mean and standard deviation of the world's 16x16 colours in [-1, 1]; the first three latents begin as (colour - mean) / deviation."""


def build(width: int = WIDTH, encoder: tuple[int, ...] = ENCODER_BLOCKS, decoder: tuple[int, ...] = DECODER_BLOCKS) -> Vae:
    """A fresh autoencoder; the factor is 2 to the number of stages less one."""
    model: Vae = AutoencoderTiny(
        encoder_block_out_channels=(width,) * len(encoder), decoder_block_out_channels=(width,) * len(decoder), latent_channels=CHANNELS,
        num_encoder_blocks=encoder, num_decoder_blocks=decoder, scaling_factor=1.0,
    )  # fmt: skip
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            # The library's own start shrinks a signal at each layer: after ten of them the first pictures would be flat grey for minutes.
            nn.init.kaiming_normal_(module.weight, nonlinearity="linear")
    for module in model.modules():
        if type(module).__name__ == "AutoencoderTinyBlock":
            # A residual block begins as the identity: several in a row would otherwise grow without bound.
            nn.init.zeros_(module.conv[-1].weight)
            nn.init.zeros_(module.conv[-1].bias)
    lay_colour_path(model)
    return model.to(memory_format=torch.channels_last)


@torch.no_grad()
def lay_colour_path(model: Vae) -> None:
    """Start with three channels that carry the smoothed colours all the way: down by [1, 2, 1], through three latents, and up again.

    The class has no way round its layers, so this is how the first picture is a blurred one and not grey; all that is left to learn is detail.
    """
    tent = torch.tensor([1.0, 2.0, 1.0])[:, None] * torch.tensor([1.0, 2.0, 1.0]) / 16
    for part, ends in ((model.encoder.layers, (3, CHANNELS)), (model.decoder.layers, (CHANNELS, 3))):
        convolutions: list[Any] = [layer for layer in part if isinstance(layer, nn.Conv2d)]
        for layer in convolutions:
            first, last = layer is convolutions[0], layer is convolutions[-1]
            for channel in range(3):
                layer.weight[channel] = 0
                if first or last:
                    layer.weight[channel, channel, 1, 1] = 1
                else:
                    layer.weight[channel, channel] = tent
            if last and ends[1] == 3:
                layer.bias.zero_()
    entry = model.decoder.layers[0]
    entry.weight[:3] *= COLOUR_SCALE / 2  # latents -> colours in [0, 1], which pass every ReLU unchanged
    entry.bias[:3] = (COLOUR_MEAN + 1) / 2
    model.encoder.layers[0].bias[:3] = 0


class Whitening:
    """Running mean and deviation of the raw latents, and their folding into the encoder's last layer. All (channels,) float32."""

    def __init__(self) -> None:
        self.mean, self.square, self.seen = torch.zeros(CHANNELS), torch.ones(CHANNELS), 0

    def update(self, raw: torch.Tensor) -> None:
        """raw: (B, 4, h, w)."""
        flat = raw.detach().float().transpose(0, 1).flatten(1)
        self.seen += 1
        # Twenty steps, no more: a longer memory falls behind an encoder that learns fast, and its latents are then neither centred nor of unit width.
        share = max(0.05, 1 / self.seen)
        self.mean = torch.lerp(self.mean, flat.mean(1), share)
        self.square = torch.lerp(self.square, (flat * flat).mean(1), share)

    @property
    def deviation(self) -> torch.Tensor:
        """Standard deviation, never nought."""
        return (self.square - self.mean**2).clamp_min(1e-6).sqrt()

    def apply(self, raw: torch.Tensor) -> torch.Tensor:
        """Latents of zero mean and unit variance, (B, 4, h, w) float32."""
        return (raw.float() - self.mean[:, None, None]) / self.deviation[:, None, None]

    @torch.no_grad()
    def fold(self, model: Vae) -> None:
        """Make the model's own encoder give what `apply` gives: the last layer is linear, so this is exact."""
        last = model.encoder.layers[-1]
        last.weight.div_(self.deviation[:, None, None, None])
        last.bias.copy_((last.bias - self.mean) / self.deviation)


def gradients(x: torch.Tensor) -> torch.Tensor:
    """Differences between neighbouring pixels, across and down, side by side in one vector for each picture."""
    return torch.cat([(x[..., 1:] - x[..., :-1]).flatten(1), (x[..., 1:, :] - x[..., :-1, :]).flatten(1)], 1)


def loss_of(model: Vae, whitening: Whitening, pictures: torch.Tensor, noise: torch.Generator, *, learning: bool = True) -> torch.Tensor:
    """pictures: (B, 3, H, W) in [-1, 1]. L1, edges (L1 of gradients, half) and squares, on [-1, 1]."""
    kind = model.dtype
    raw = model.encode(pictures.to(kind)).latents
    if learning:
        whitening.update(raw)
    latents = whitening.apply(raw)
    noisy = latents + NOISE * torch.randn(latents.shape, generator=noise)
    drawn = model.decode(noisy.to(kind).contiguous(memory_format=torch.channels_last)).sample.float()
    wrong = drawn - pictures
    plain = wrong.abs().mean() + wrong.pow(2).mean()
    edges = (gradients(drawn) - gradients(pictures)).abs().mean()
    far = F.relu(latents.abs() - 3).pow(2).mean()
    return plain + 0.5 * edges + 0.05 * far


def to_tensor(frames: np.ndarray) -> torch.Tensor:
    """(B, H, W, 3) uint8 -> (B, 3, H, W) float32 in [-1, 1], channels last in memory."""
    return torch.from_numpy(np.array(frames)).permute(0, 3, 1, 2).float().div(127.5).sub(1)


def crops(cache: Cache, rng: np.random.Generator, count: int, side: int) -> np.ndarray:
    """(count, side, side, 3) uint8 from random frames of the shards that are there, mirrored half of the time."""
    shards = cache.ready()
    held: dict[int, np.ndarray] = {}
    out = np.empty((count, side, side, 3), np.uint8)
    scenes, frames, height, width, _ = cache.recipe.shape
    for k in range(count):
        shard = int(rng.choice(shards))
        pictures = held.setdefault(shard, cache.frames(shard))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        out[k] = pictures[int(rng.integers(scenes)), int(rng.integers(frames)), y : y + side, x : x + side]
        if rng.random() < 0.5:
            out[k] = out[k, :, ::-1]
    return out


@torch.no_grad()
def psnr(model: Vae, pictures: torch.Tensor) -> tuple[float, torch.Tensor]:
    """Mean over pictures of the peak signal-to-noise ratio in dB after encoding and decoding; and the decoded pictures in [-1, 1].

    pictures: (B, 3, H, W) in [-1, 1]. Held-out pictures as one flat colour have 16.3 dB, their 16x16 average enlarged bilinearly 22.2 dB,
    and smoothed over 3x3 pixels, which only takes the grain out of the paper, 34.3 dB.
    """
    drawn = torch.cat([model.decode(model.encode(part.to(model.dtype)).latents).sample.float().clamp(-1, 1) for part in pictures.split(8)])
    return float((-10 * ((drawn - pictures) / 2).pow(2).mean((1, 2, 3)).log10()).mean()), drawn


@torch.no_grad()
def measured(model: Vae, pictures: torch.Tensor) -> Whitening:
    """The whitening that fits a model's own latents of these pictures, (B, 3, H, W) in [-1, 1]."""
    whitening = Whitening()
    whitening.update(torch.cat([model.encode(part.to(model.dtype)).latents.float() for part in pictures.split(8)]))
    return whitening


def sheet(path: Path, rows: list[torch.Tensor]) -> None:
    """Write rows of pictures, (B, 3, H, W) in [-1, 1] each, as one PNG."""
    lines = [np.concatenate(list(((row.permute(0, 2, 3, 1).numpy() + 1) * 127.5).clip(0, 255).astype(np.uint8)), 1) for row in rows]
    cv2.imwrite(str(path), cv2.cvtColor(np.concatenate(lines), cv2.COLOR_RGB2BGR))


class Training(Learner):
    """The autoencoder with everything that a step needs."""

    def __init__(self, model: Vae, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        self.whitening, self.frozen = Whitening(), False
        # Adam moves the thin output layer: at a rate of 1e-3 its 576 inputs together swing the colour of whole pictures at every step.
        super().__init__(Optimiser(model.named_parameters(), muon_rate=1.5e-3, adam_rate=2e-4, average=0.995), np.random.default_rng(seed), seed)
        self.model = model.to(kind)

    def averaged(self) -> Vae:
        """The averaged weights as a model of its own, float32; its latents are not whitened yet."""
        config: Any = self.model.config
        model = build(config.encoder_block_out_channels[0], tuple(config.num_encoder_blocks), tuple(config.num_decoder_blocks))
        model.load_state_dict(self.optimiser.averages)
        return model.eval()

    def exported(self, pictures: torch.Tensor) -> Vae:
        """The model for use. pictures: (B, 3, H, W) in [-1, 1], by which the averaged encoder's latents are whitened.

        The running figures will not do: they follow the newest encoder, and the averaged one is some hundred steps behind it. Once frozen they are final.
        """
        model = self.averaged()
        (self.whitening if self.frozen else measured(model, pictures)).fold(model)
        return model

    @torch.no_grad()
    def freeze(self, pictures: torch.Tensor | None = None) -> None:
        """From here on only the decoder learns, from the averaged encoder, whitened by `pictures`: latents that were made stay valid, pictures get better."""
        self.frozen = True
        if pictures is not None:
            self.whitening = measured(self.averaged(), pictures)
        for name, p in self.model.encoder.named_parameters(prefix="encoder"):
            p.requires_grad_(False)
            self.optimiser.masters[name].copy_(self.optimiser.averages[name])
            p.copy_(self.optimiser.averages[name])

    def step(self, frames: np.ndarray, scale: float = 1.0) -> float:
        """One step on (B, H, W, 3) uint8; the loss."""
        loss = loss_of(self.model, self.whitening, to_tensor(frames), self.noise, learning=not self.frozen)
        return self.learn(loss, len(frames), scale)

    def extra(self) -> tuple[dict[str, torch.Tensor], dict[str, Any]]:
        """The whitening, and whether the encoder is frozen."""
        return {"mean": self.whitening.mean, "square": self.whitening.square}, {"seen": self.whitening.seen, "frozen": self.frozen}

    def restore(self, tensors: dict[str, torch.Tensor], state: dict[str, Any]) -> None:
        """Take them back."""
        self.whitening.mean, self.whitening.square, self.whitening.seen = tensors["mean"], tensors["square"], state["seen"]
        if state.get("frozen", False):
            self.freeze()


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count), writing the diffusers folder at every mark."""
    parser = arguments("vae", "Train the pocket VAE", minutes=25, batch=12)
    parser.add_argument("--decoder-only", action="store_true", help="keep the encoder from here on, so that latents stay valid")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        cache = Cache(Recipe())
        Cache(Recipe(split="held-out")).fill(1)
        cache.fill(6, stop)
        pictures = to_tensor(cache.frames(0)[:, 0])  # (64, 3, 128, 128), for whitening
        truth = to_tensor(Cache(Recipe(split="held-out")).frames(0)[:, 0])  # (64, 3, 128, 128)
        torch.manual_seed(0)
        training = Training(build())
        training.resume(folder / CHECKPOINT)
        if chosen.decoder_only and not training.frozen:
            training.freeze(pictures)

        def step(done: float) -> float:
            return training.step(crops(cache, training.rng, chosen.batch, CROP), rate_at(done))

        train(training, chosen.minutes, step, lambda loss: report(training, pictures, truth, folder, log, loss), stop=stop)
    return 0


def report(training: Training, pictures: torch.Tensor, truth: torch.Tensor, folder: Path, log: Log, loss: float | None) -> None:
    """Checkpoint, held-out figures, a sheet to look at, and the model in diffusers' layout (written aside, then swapped)."""
    training.save(folder / CHECKPOINT)
    model = training.exported(pictures)
    figure, drawn = psnr(model, truth)
    began = time.perf_counter()
    with torch.no_grad():
        model.decode(torch.randn(4, CHANNELS, 16, 16))
    log.write(steps=training.optimiser.steps, pictures=training.samples, minutes=training.seconds / 60, loss=loss,
              psnr=figure, decode_ms=(time.perf_counter() - began) * 250)  # fmt: skip
    sheet(folder / "sheet.png", [truth[:10], drawn[:10]])
    model.save_pretrained(folder / "export.part")
    swap(folder / "export.part", folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
