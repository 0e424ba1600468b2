"""The pocket clip model: sixteen frames from a text and any of them that are given (block B15). `python -m engine.training.frames`.

v-prediction on stacked frames (MCVD, Voleti et al. 2022) with the picture model's schedule. What is given is drawn at random for each clip: the first frame, the last,
both, every fourth, some at a start, any one, or none; and how noisy it is, which the net is told (LVDM, He et al. 2022).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import CLIPTokenizer

from engine.diffusion.clip_net import ClipNet
from engine.diffusion.conditioned import conditions
from engine.diffusion.packed import WEIGHTS, packed
from engine.training import image
from engine.training.clips import Clips, moving, opened
from engine.training.home import Log, swap
from engine.training.image import spread
from engine.training.optim import Optimiser
from engine.training.session import CHECKPOINT, arguments, rate_at, session, train
from engine.training.text import WordLearner

NAME = "pocket-frames"
GIVEN = {"first": 0.26, "last": 0.08, "both": 0.14, "every 4th": 0.12, "start": 0.1, "any": 0.2, "none": 0.1}
"""What is given of a clip, and how often in training. Any one frame is what a drawn picture is: the picture model does not say from when it is."""

CLEAN = 0.5
"""Share of clips whose given frames carry no noise; that of the others has a power of up to `DUSTIEST`."""
DUSTIEST = 0.3

MOVING_WEIGHT, GIVEN_WEIGHT = 3.0, 0.1
"""How much more an error counts where most moves, and what one on a frame that is given counts."""


def mask_of(kind: str, frames: int, rng: np.random.Generator) -> np.ndarray:
    """(frames,) 1 where a frame is given, by one of the names in `GIVEN`. Every fourth includes the last one, so that nothing lies outside."""
    mask = np.zeros(frames, np.float32)
    match kind:
        case "first" | "both":
            mask[0] = 1
        case "every 4th":
            mask[:: max(1, frames // 4)] = 1
        case "start":
            mask[: int(rng.integers(2, frames // 2 + 1))] = 1
        case "any":
            mask[int(rng.integers(frames))] = 1
        case _:
            pass
    if kind in ("last", "both", "every 4th"):
        mask[-1] = 1
    return mask


def loss_of(
    net: Any, alphas: torch.Tensor, latents: torch.Tensor, states: torch.Tensor, steps: torch.Tensor, noise: torch.Tensor, mask: torch.Tensor, power: torch.Tensor,
    dust: torch.Tensor, weight: torch.Tensor | None = None,
) -> torch.Tensor:  # fmt: skip
    """Mean squared error of v. latents, noise, dust: (B, F, 4, h, w); states: (B, tokens, width); steps: (B,); mask: (B, F) 1 where given; power: (B,) of the noise
    `dust` of the given ones; weight: (B, F, 1, h, w), None: errors on frames that are not given, alike, as it is reported."""
    given, level = mask[:, :, None, None, None], power.view(-1, 1, 1, 1, 1)
    noisy, target = image.noised(alphas, latents, steps, noise)
    shown = conditions((1 - level).sqrt() * latents + level.sqrt() * dust, given, level)
    found = net(torch.cat([noisy, shown], 2), steps, states)
    counts = (1 - given).expand(*latents.shape[:2], 1, *latents.shape[3:]) if weight is None else weight * torch.where(given > 0, GIVEN_WEIGHT, 1.0)
    return ((found - target).pow(2).mean(2, keepdim=True) * counts).sum() / counts.sum()


class Training(WordLearner):
    """The net with everything that a step needs."""

    def __init__(self, net: ClipNet, tokenizer: CLIPTokenizer, encoder: Any, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        optimiser = Optimiser(net.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("enter", "leave", "clock", "when", "near"))
        super().__init__(tokenizer, encoder.to(kind), optimiser, np.random.default_rng([seed, 19]), seed)
        self.net: Any = net.to(kind).to(memory_format=torch.channels_last)
        self.alphas = image.scheduler().alphas_cumprod

    def step(self, clips: Clips, count: int, scale: float = 1.0) -> float:
        """One step on so many clips; the weighted loss."""
        latents, texts = clips.draw(self.rng, count)
        kinds = self.rng.choice(list(GIVEN), size=count, p=list(GIVEN.values()))
        mask = torch.from_numpy(np.stack([mask_of(str(kind), latents.shape[1], self.rng) for kind in kinds]))
        power = DUSTIEST * torch.rand(count, generator=self.noise) * (torch.rand(count, generator=self.noise) > CLEAN)
        noise, dust = (torch.randn(latents.shape, generator=self.noise) for _ in range(2))
        weight = 1 + MOVING_WEIGHT * moving(latents)
        loss = loss_of(self.net, self.alphas, latents, self.states(texts), spread(count, self.noise), noise, mask, power, dust, weight)
        return self.learn(loss, count, scale)

    def averaged(self, kind: torch.dtype | None = None) -> Any:
        """A net with the averaged weights, in the kind of number that training uses unless another is given."""
        fresh = ClipNet(**self.net.config)
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.to(self.net.dtype if kind is None else kind).to(memory_format=torch.channels_last).eval()

    @torch.no_grad()
    def held_out(self, net: Any, clips: Clips, count: int = 64) -> dict[str, float]:
        """Unweighted v-MSE on held-out clips and wordings by what is given, always the same with the same noise. A net that says nothing has about 1."""
        rng, noise = np.random.default_rng(9), torch.Generator().manual_seed(9)
        latents, texts = clips.judged(count)
        states, steps, eps = self.states(texts), spread(len(texts), noise), torch.randn(latents.shape, generator=noise)
        found = {}
        for kind in ("first", "both", "every 4th", "none"):
            mask = torch.from_numpy(np.stack([mask_of(kind, latents.shape[1], rng) for _ in texts]))
            found[kind] = round(float(loss_of(net, self.alphas, latents, states, steps, eps, mask, torch.zeros(len(texts)), eps)), 4)
        return found


def export(net: ClipNet, place: Path) -> None:
    """Write a net with its settings, matrices at one byte a number, aside and then swapped into place."""
    aside = place.with_suffix(".part")
    aside.mkdir(parents=True, exist_ok=True)
    save_file(packed(net.state_dict()), aside / WEIGHTS, metadata={"format": "pt"})
    (aside / "config.json").write_text(json.dumps(net.config, indent=2) + "\n", encoding="utf-8")
    swap(aside, place)


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("frames", "Train the pocket clip model", minutes=35, batch=32)
    parser.add_argument("--shards", type=int, default=120, help="most shards of 64 clips; 2 MB each")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        autoencoder, tokenizer, encoder, mark = image.load_parts()
        clips, test = opened(autoencoder.to(torch.bfloat16), mark)
        torch.manual_seed(0)
        training = Training(ClipNet(), tokenizer, encoder)
        training.resume(folder / CHECKPOINT)

        def step(done: float) -> float:
            loss = training.step(clips, chosen.batch, rate_at(done))
            # Drawing a shard costs about as much as training on each of its clips nine times.
            if training.samples > 8 * len(clips):
                clips.grow(chosen.shards)
            return loss

        train(training, chosen.minutes, step, lambda loss: report(training, test, folder, log, loss, len(clips)), stop=stop, every=240)
    return 0


def report(training: Training, test: Clips, folder: Path, log: Log, loss: float | None, clips: int) -> None:
    """Checkpoint, held-out figures, and the net for `engine.diffusion.clip_net`."""
    training.save(folder / CHECKPOINT)
    log.write(
        samples=training.samples, minutes=training.seconds / 60, clips=clips, loss=loss,
        held_out=training.held_out(training.averaged(), test),
    )  # fmt: skip
    export(training.averaged(torch.float32), folder / "export")


if __name__ == "__main__":
    raise SystemExit(main())
