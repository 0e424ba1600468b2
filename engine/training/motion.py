"""The pocket motion adapter: temporal attention in the frozen pocket UNet (AnimateDiff, Guo et al. 2023). `python -m engine.training.motion`.

Frames of a clip share a random part of their noise (Ge et al., PYoCo, 2023), timesteps lean to high noise, where it is decided what goes where, and errors count more where
something moves. For most of the training each second frame is left out, with the positions of those that stay: half the cost, and the same motion.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import MotionAdapter, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from transformers import CLIPTokenizer

from engine.diffusion.animate import motion_unet, zeroed_adapter
from engine.diffusion.noise import mixed
from engine.diffusion.packed import eighths_folder
from engine.errors import ModelUnavailable
from engine.training import image
from engine.training.clips import FRAMES, Clips, moving, opened
from engine.training.home import Log, swap, training_dir
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, arguments, rate_at, session, train
from engine.training.text import WordLearner

NAME = "pocket-motion"
LAYERS = (1, 1, 0)
"""Temporal transformers at 16x16, 8x8 and 4x4; the middle block has one at 4x4, where a cell sees a whole thing. More of them there would weigh the most and add little."""

SHARES = (0.4, 0.9)
"""Between these lies the share of the noise's power that all frames of a clip have in common."""

COARSE = 0.65
"""Share of the training for which each second frame is left out."""

MOVING_WEIGHT = 3.0
"""How much more an error counts where most moves."""

REPORT_EVERY = 150
"""Seconds of processor time between two checkpoints: held-out figures cost about ten, whatever else the machine does."""


def adapter(unet: Any) -> Any:
    """A fresh adapter for the pocket UNet: zero, of 3.2 million numbers."""
    return zeroed_adapter(unet, layers=LAYERS[: len(unet.config.block_out_channels)], heads=tuple(width // 32 for width in unet.config.block_out_channels))


def loss_of(model: Any, alphas: torch.Tensor, latents: torch.Tensor, states: torch.Tensor, steps: torch.Tensor, noise: torch.Tensor, weight: torch.Tensor | None = None) -> torch.Tensor:
    """Mean squared error of v. latents, noise: (B, F, 4, h, w) float32; states: (B, tokens, width); steps: (B,); weight: (B, F, 1, h, w), None: plain, as it is reported."""
    noisy, target = image.noised(alphas, latents, steps, noise)
    every = states.repeat_interleave(latents.shape[1], 0).to(model.dtype)
    found = model(noisy.transpose(1, 2).to(model.dtype), steps, every).sample.transpose(1, 2).float()
    error = (found - target).pow(2)
    return error.mean() if weight is None else (error * weight / weight.mean((1, 2, 3, 4), keepdim=True)).mean()


def high(count: int, generator: torch.Generator) -> torch.Tensor:
    """(count,) timesteps 0 to 999, the denser the higher: one from each of `count` equal parts of their probability."""
    where = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    return (where.sqrt() * 1000).long().clamp(max=999)


class Positions:
    """The frames' positions as all temporal attention of a model knows them, and a subset of them for a while."""

    def __init__(self, model: Any) -> None:
        self.held = [(module, module.pe) for name, module in model.named_modules() if name.endswith("pos_embed") and hasattr(module, "pe")]

    def only(self, frames: slice) -> None:
        """From now on the model's frames are these ones of a clip; `slice(None)` is all of them again."""
        for module, whole in self.held:
            module.pe = whole[:, frames]


class Training(WordLearner):
    """The motion UNet with everything that a step needs. Only the motion modules learn."""

    def __init__(self, unet: Any, tokenizer: CLIPTokenizer, encoder: Any, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        self.adapter = adapter(unet)
        model = motion_unet(unet, self.adapter)
        learnt = {name: p for name, p in model.named_parameters() if "motion_modules" in name}
        for p in learnt.values():
            p.requires_grad_(True)
        super().__init__(tokenizer, encoder.to(kind), Optimiser(learnt.items(), muon_rate=1.5e-3, adam_rate=1e-3, average=0.995), np.random.default_rng([seed, 17]), seed)
        self.model = model.to(kind)
        # The plain form of attention: its backward pass is quicker on a CPU than that of the fused one.
        self.model.set_attn_processor(AttnProcessor())
        self.positions = Positions(self.model)
        self.alphas = image.scheduler().alphas_cumprod

    def step(self, clips: Clips, count: int, scale: float = 1.0, *, coarse: bool = False) -> float:
        """One step on so many clips, on each second frame if `coarse`; the weighted loss."""
        latents, texts = clips.draw(self.rng, count)
        weight = 1 + MOVING_WEIGHT * moving(latents)
        frames = slice(int(self.rng.integers(2)), None, 2) if coarse else slice(None)
        latents, weight = latents[:, frames], weight[:, frames]
        share = SHARES[0] + (SHARES[1] - SHARES[0]) * torch.rand(count, generator=self.noise)
        steps, noise = high(count, self.noise), mixed(tuple(latents.shape), share, self.noise)
        self.positions.only(frames)
        loss = loss_of(self.model, self.alphas, latents, self.states(texts), steps, noise, weight)
        self.positions.only(slice(None))
        return self.learn(loss, count, scale)

    def averaged(self) -> Any:
        """An adapter with the averaged weights, float32."""
        made: Any = MotionAdapter.from_config(self.adapter.config)
        made.load_state_dict({**made.state_dict(), **self.optimiser.averages})
        return made.eval()

    @torch.no_grad()
    def held_out(self, clips: Clips, count: int = 16) -> dict[str, float]:
        """Unweighted v-MSE of the averaged weights on held-out clips and wordings, half of the noise in common, always the same; `still`: that of the picture UNet alone."""
        noise, (latents, texts) = torch.Generator().manual_seed(9), clips.judged(count)
        steps, dust = high(len(texts), noise), mixed(tuple(latents.shape), 0.5, noise)
        found = {}
        live = {name: p.detach().clone() for name, p in self.optimiser.parameters.items()}
        for name, weights in (("loss", self.optimiser.averages), ("still", {n: torch.zeros_like(p) if "proj_out" in n else p for n, p in live.items()})):
            self._put(weights)
            parts = [float(loss_of(self.model, self.alphas, latents[k : k + 4], self.states(texts[k : k + 4]), steps[k : k + 4], dust[k : k + 4])) for k in range(0, len(texts), 4)]
            found[name] = float(np.mean(parts))
        self._put(live)
        return {name: round(value, 4) for name, value in found.items()}

    @torch.no_grad()
    def _put(self, weights: dict[str, torch.Tensor]) -> None:
        for name, p in self.optimiser.parameters.items():
            p.copy_(weights[name])


def export(made: Any, place: Path) -> None:
    """Write an adapter in diffusers' layout, aside and then swapped into place. Matrices take one byte a number: stock diffusers reads them all the same."""
    aside = place.with_suffix(".part")
    made.half().save_pretrained(aside)
    eighths_folder(aside)
    swap(aside, place)


def drawn_unet() -> Any:
    """The picture UNet as last exported. Raises `ModelUnavailable` when there is none."""
    folder = training_dir() / image.NAME / "export/unet"
    if not folder.exists():
        raise ModelUnavailable(f"{image.NAME} is not trained yet", fix="run python -m engine.training.image first")
    return UNet2DConditionModel.from_pretrained(folder)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("motion", "Train the pocket motion adapter", minutes=35, batch=4)
    parser.add_argument("--shards", type=int, default=60, help="most shards of 64 clips; 2 MB each")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        autoencoder, tokenizer, encoder, mark = image.load_parts()
        clips, test = opened(autoencoder.to(torch.bfloat16), mark)
        training = Training(drawn_unet(), tokenizer, encoder)
        training.resume(folder / CHECKPOINT)

        def step(done: float) -> float:
            loss = training.step(clips, chosen.batch * (2 if done < COARSE else 1), rate_at(done), coarse=done < COARSE)
            if training.samples > 2 * len(clips):
                clips.grow(chosen.shards)
            return loss

        train(training, chosen.minutes, step, lambda loss: report(training, test, folder, log, loss, len(clips)), stop=stop, every=REPORT_EVERY)
    return 0


def report(training: Training, test: Clips, folder: Path, log: Log, loss: float | None, clips: int) -> None:
    """Checkpoint, held-out figures, and the adapter in diffusers' layout."""
    training.save(folder / CHECKPOINT)
    log.write(samples=training.samples, minutes=training.seconds / 60, clips=clips, frames=FRAMES, loss=loss, held_out=training.held_out(test))
    export(training.averaged(), folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
