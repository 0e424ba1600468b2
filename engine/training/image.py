"""The pocket picture model: a `UNet2DConditionModel` on the pocket VAE's latents. `python -m engine.training.image`.

v-prediction (Salimans and Ho, 2022) on the squared-cosine schedule (Nichol and Dhariwal, 2021), loss weighted by min-SNR 5 (Hang et al.,
2023), timesteps spread evenly over each batch. The folder that it writes is a whole Stable Diffusion model that stock diffusers loads.
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import AutoencoderTiny, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from diffusers.models.attention_processor import AttnProcessor
from torch import nn
from transformers import CLIPTextModel, CLIPTokenizer

from engine.errors import ModelUnavailable
from engine.training import text, vae
from engine.training.data import Recipe
from engine.training.home import swap, training_dir
from engine.training.latents import LatentCache, fingerprint
from engine.training.optim import Optimiser
from engine.training.session import arguments, rate_at, session, train
from engine.training.text import WordLearner
from engine.training.vae import CHANNELS
from engine.training.wording import short, typed
from engine.world.spec import SceneSpec

NAME = "pocket-sd"
WIDTHS, HEADS = (64, 128, 256), (2, 4, 8)
"""Channels at 16x16, 8x8 and 4x4, multiples of 32 because the matrix units of CPUs take them whole; heads of 32 channels."""

SIZES: dict[tuple[int, int] | int, float] = {128: 0.6, (160, 96): 0.27, (96, 160): 0.13}
"""Sizes of the training pictures and the share of steps for each: square, wide and tall."""

DROPPED = 0.1
"""Share of captions that are emptied, for guidance."""

MIN_SNR = 5.0
SUBJECT_WEIGHT = 3.0
"""How much more an error on a subject counts: subjects fill a tenth of the picture and are most of what a prompt asks for."""

HARD = {"horse": 2.5, "dog": 2.0, "cat": 1.5, "tree": 2.0, "bus": 2.0, "car": 1.5, "bicycle": 2.5, "helicopter": 0.7, "duck": 0.8, "boat": 0.8}
"""How much more often than others a scene is drawn that holds such a subject: what 96 held-out prompts missed again and again, and what was drawn in its place."""

SEEN_EACH = 4
"""A new shard is drawn whenever each picture so far has been used this often: drawing costs about as much as one use."""


SHOW_EVERY = 840
"""Seconds of processor time between two exports with a sheet, which cost half a minute."""


def scheduler() -> Any:
    """The noise schedule of the pocket models. `steps_offset` plays no part in trailing spacing; stock pipelines insist on 1."""
    return DDIMScheduler(
        num_train_timesteps=1000, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction", timestep_spacing="trailing", clip_sample=False, steps_offset=1,
        set_alpha_to_one=True,
    )  # fmt: skip


def build(widths: tuple[int, ...] = WIDTHS, heads: tuple[int, ...] = HEADS, cross: int = text.WIDTH, side: int = 16) -> Any:
    """A fresh UNet. Convolution, attention and feed-forward branches and the output begin at zero: the first prediction is zero and training starts calmly."""
    model: Any = UNet2DConditionModel(
        sample_size=side, in_channels=CHANNELS, out_channels=CHANNELS, layers_per_block=1, block_out_channels=widths, attention_head_dim=heads, cross_attention_dim=cross,
        down_block_types=("CrossAttnDownBlock2D",) * (len(widths) - 1) + ("DownBlock2D",), up_block_types=("UpBlock2D",) + ("CrossAttnUpBlock2D",) * (len(widths) - 1),
        norm_num_groups=16,
    )  # fmt: skip
    for name, module in model.named_modules():
        if name.endswith(("conv2", "proj_out", "conv_out", "to_out.0", "ff.net.2")) and not name.endswith("transformer_blocks"):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
    # The last layers of attention and feed-forward sit behind `proj_out`: two zeros in a row would never learn.
    for name, module in model.named_modules():
        if name.endswith("proj_out"):
            nn.init.eye_(module.weight.view(module.weight.shape[0], -1)) if module.weight.ndim == 2 else nn.init.dirac_(module.weight)
    return model.to(memory_format=torch.channels_last)


def noised(alphas: torch.Tensor, latents: torch.Tensor, steps: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Latents (B, ...) as noisy as the timesteps (B,) ask, and the v that is to be told of them. alphas: (1000,) cumulative."""
    kept = alphas[steps].view(-1, *[1] * (latents.ndim - 1))
    return kept.sqrt() * latents + (1 - kept).sqrt() * noise, kept.sqrt() * noise - (1 - kept).sqrt() * latents


def loss_of(unet: Any, alphas: torch.Tensor, latents: torch.Tensor, states: torch.Tensor, steps: torch.Tensor, noise: torch.Tensor, cover: torch.Tensor | None = None) -> torch.Tensor:
    """Mean squared error of v at timesteps `steps` (B,). latents, noise: (B, 4, h, w) float32; states: (B, tokens, width); alphas: (1000,) cumulative.

    cover: (B, h, w) in 0..1, where the subjects are: errors there weigh more, and timesteps are weighted by min-SNR. None: plain, as it is reported.
    """
    noisy, target = noised(alphas, latents, steps, noise)
    found = unet(noisy.to(unet.dtype).contiguous(memory_format=torch.channels_last), steps, states.to(unet.dtype)).sample.float()
    error = (found - target).pow(2).mean(1)
    if cover is None:
        return error.mean()
    weight = 1 + SUBJECT_WEIGHT * cover
    error = (error * weight / weight.mean()).mean((1, 2))
    kept = alphas[steps]
    ratio = kept / (1 - kept)
    return (error * ratio.clamp(max=MIN_SNR) / (ratio + 1) * 2).mean()


def spread(count: int, generator: torch.Generator) -> torch.Tensor:
    """(count,) timesteps 0 to 999, one from each of `count` equal parts, in random order."""
    where = (torch.arange(count) + torch.rand(count, generator=generator)) / count
    return (where[torch.randperm(count, generator=generator)] * 1000).long().clamp(max=999)


class Batches:
    """Random latents with a wording each, from the shards that are there. Latents stay in memory: 2 kB a picture."""

    def __init__(self, cache: LatentCache) -> None:
        self.cache = cache
        self.latents: list[torch.Tensor] = []
        self.cover: list[torch.Tensor] = []
        self.captions: list[list[str]] = []
        self.specs: list[SceneSpec] = []
        self.known: list[int] = []
        self.reach = np.zeros(0)
        """How far the scenes reach on a line on which each is as long as it is often drawn, (scenes,)."""
        self.refresh()

    def refresh(self) -> None:
        """Take in shards that appeared, in the order of their numbers."""
        for shard in self.cache.ready():
            if shard not in self.known:
                self.known.append(shard)
                self.latents.append(torch.from_numpy(np.array(self.cache.latents(shard))).flatten(0, 1))
                self.cover.append(torch.from_numpy(np.array(self.cache.cover(shard))).flatten(0, 1))
                records = self.cache.records(shard)
                self.captions += [record["captions"] for record in records]
                self.specs += [SceneSpec.model_validate(record["spec"]) for record in records]
        self.reach = np.cumsum([max((HARD.get(subject.kind, 1.0) for subject in spec.subjects), default=1.0) for spec in self.specs])

    def __len__(self) -> int:
        return sum(map(len, self.latents))

    def draw(self, rng: np.random.Generator, count: int) -> tuple[torch.Tensor, torch.Tensor, list[str]]:
        """Latents (count, 4, h, w) float32, the subjects' cover (count, h, w) in 0..1, and as many texts."""
        each = len(self.latents[0])
        scenes = np.searchsorted(self.reach, rng.random(count) * self.reach[-1], side="right")
        picks = scenes * self.cache.recipe.frames + rng.integers(self.cache.recipe.frames, size=count)
        latents = torch.stack([self.latents[k // each][k % each] for k in picks]).float()
        cover = torch.stack([self.cover[k // each][k % each] for k in picks]).float() / 255
        texts = []
        for k in picks:
            scene = k // self.cache.recipe.frames
            text, _ = typed(self.specs[scene], rng, caption=self.captions[scene][int(rng.integers(len(self.captions[scene])))])
            texts.append("" if rng.random() < DROPPED else text)
        return latents, cover, texts


class Training(WordLearner):
    """The UNet with everything that a step needs."""

    def __init__(self, unet: Any, tokenizer: CLIPTokenizer, encoder: Any, seed: int = 0, *, kind: torch.dtype = torch.bfloat16) -> None:
        self.words: Any = encoder.eval().requires_grad_(False)
        """As it was trained: what is exported, and what pocket-clip knows by its hash. Training computes with a rounded copy."""
        optimiser = Optimiser(unet.named_parameters(), muon_rate=2e-3, adam_rate=1e-3, average=0.998, adam_only=("conv_in", "conv_out", "time_embedding"))
        super().__init__(tokenizer, deepcopy(encoder).to(kind), optimiser, np.random.default_rng([seed, 3]), seed)
        self.unet = unet.to(kind)
        # The plain form of attention: its backward pass is quicker on a CPU than that of the fused one.
        self.unet.set_attn_processor(AttnProcessor())
        self.alphas = scheduler().alphas_cumprod

    def step(self, batches: Batches, count: int, scale: float = 1.0) -> float:
        """One step on so many pictures; the weighted loss."""
        latents, cover, texts = batches.draw(self.rng, count)
        noise = torch.randn(latents.shape, generator=self.noise)
        loss = loss_of(self.unet, self.alphas, latents, self.states(texts), spread(count, self.noise), noise, cover)
        return self.learn(loss, count, scale)

    def averaged(self, kind: torch.dtype | None = None) -> Any:
        """A UNet with the averaged weights, in the kind of number that training uses unless another is given."""
        fresh: Any = UNet2DConditionModel.from_config(self.unet.config)
        fresh.load_state_dict(self.optimiser.averages)
        return fresh.to(self.unet.dtype if kind is None else kind).to(memory_format=torch.channels_last).eval()

    @torch.no_grad()
    def held_out(self, unet: Any, batches: Batches, count: int = 128) -> float:
        """Unweighted v-MSE on held-out pictures and wordings, always the same ones with the same noise. A model that says nothing has about 1."""
        rng, noise = np.random.default_rng(9), torch.Generator().manual_seed(9)
        picks = rng.permutation(len(batches))[:count]
        latents = torch.cat(batches.latents)[picks].float()
        texts = [batches.captions[k // batches.cache.recipe.frames][0] for k in picks]
        steps, dust = spread(len(picks), noise), torch.randn(latents.shape, generator=noise)
        parts = [
            float(loss_of(unet, self.alphas, latents[k : k + 32], self.states(texts[k : k + 32]), steps[k : k + 32], dust[k : k + 32]))
            for k in range(0, len(picks), 32)
        ]
        return float(np.mean(parts))


def pipeline(unet: Any, autoencoder: Any, tokenizer: CLIPTokenizer, encoder: Any) -> Any:
    """The parts as stock diffusers knows them."""
    made: Any = StableDiffusionPipeline(
        vae=autoencoder, text_encoder=encoder, tokenizer=tokenizer, unet=unet, scheduler=scheduler(), safety_checker=None, feature_extractor=None,  # type: ignore[arg-type]
        requires_safety_checker=False,
    )  # fmt: skip
    made.set_progress_bar_config(disable=True)
    return made


def export(unet: Any, autoencoder: Any, tokenizer: CLIPTokenizer, encoder: Any, place: Path) -> None:
    """Write the whole model in diffusers' layout, float16 safetensors, aside and then swapped into place."""
    copies = [type(part).from_config(part.config) for part in (unet, autoencoder)]
    for copy, part in zip(copies, (unet, autoencoder), strict=True):
        copy.load_state_dict({k: v.half() for k, v in part.state_dict().items()}, assign=True)
    words: Any = CLIPTextModel(encoder.config)
    words.load_state_dict({k: v.half() if v.is_floating_point() else v for k, v in encoder.state_dict().items()}, assign=True)
    aside = place.with_suffix(".part")
    pipeline(copies[0], copies[1], tokenizer, words).save_pretrained(aside)
    # transformers loads in the kind of number that the config names, diffusers in float32: without this a plain load would mix the two.
    described = aside / "text_encoder/config.json"
    described.write_text(json.dumps({**json.loads(described.read_text()), "dtype": "float32"}, indent=2, sort_keys=True) + "\n")
    swap(aside, place)


def load_parts() -> tuple[Any, CLIPTokenizer, Any, str]:
    """The trained VAE, tokenizer, text encoder and the VAE's mark. Raises `ModelUnavailable` when one is not trained yet."""
    home = training_dir()
    for part in (vae.NAME, text.NAME):
        if not (home / part / "export").exists():
            raise ModelUnavailable(f"{part} is not trained yet", fix=f"run python -m engine.training.{part.removeprefix('pocket-')} first")
    autoencoder: Any = AutoencoderTiny.from_pretrained(home / vae.NAME / "export")
    encoder: Any = CLIPTextModel.from_pretrained(home / text.NAME / "export")
    return autoencoder.eval(), CLIPTokenizer.from_pretrained(home / text.NAME / "export" / "tokenizer"), encoder.eval(), fingerprint(home / vae.NAME / "export")


@torch.no_grad()
def draw_sheet(made: Any, texts: list[str], path: Path, *, steps: int = 12, guidance: float = 3.5, columns: int = 6) -> None:
    """Draw the texts with seeds 0, 1, ... and write one PNG, and the texts beside it as .txt."""
    noise = [torch.Generator().manual_seed(k) for k in range(len(texts))]
    pictures = made(texts, num_inference_steps=steps, guidance_scale=guidance, generator=noise, output_type="np").images
    pictures = np.concatenate([pictures, np.ones((-len(texts) % columns, *pictures.shape[1:]), pictures.dtype)])
    rows = [np.concatenate(list(pictures[k : k + columns]), 1) for k in range(0, len(pictures), columns)]
    cv2.imwrite(str(path), cv2.cvtColor((np.concatenate(rows) * 255).round().astype(np.uint8), cv2.COLOR_RGB2BGR))
    path.with_suffix(".txt").write_text("\n".join(texts), encoding="utf-8")


def main() -> int:
    """Train for so many minutes of processor time in all (earlier ones count)."""
    parser = arguments("image", "Train the pocket picture model", minutes=240, batch=64)
    parser.add_argument("--shards", type=int, default=800, help="most shards of 256 pictures; 13 MB each")
    chosen = parser.parse_args()
    with session(NAME) as (folder, stop, log):
        autoencoder, tokenizer, encoder, mark = load_parts()
        caches, test = [LatentCache(Recipe(size=size), autoencoder, mark) for size in SIZES], LatentCache(Recipe(split="held-out"), autoencoder, mark)
        test.make(0)
        for cache in caches:
            for shard in range(4):
                cache.make(shard)
        torch.manual_seed(0)
        training = Training(build(), tokenizer, encoder)
        checkpoint = folder / f"checkpoint-{mark}.safetensors"
        training.resume(checkpoint)
        batches, judged = [Batches(one) for one in caches], Batches(test)
        shown = 0.0

        def step(done: float) -> float:
            one = batches[int(training.rng.choice(len(SIZES), p=list(SIZES.values())))]
            loss = training.step(one, chosen.batch, rate_at(done))
            if training.samples > SEEN_EACH * sum(map(len, batches)) and len(one.known) < chosen.shards:
                one.cache.make(max(one.known) + 1)
                one.refresh()
            return loss

        def report(loss: float | None) -> None:
            nonlocal shown
            training.save(checkpoint)
            unet = training.averaged()
            log.write(samples=training.samples, minutes=training.seconds / 60, pictures=sum(map(len, batches)), loss=loss, held_out=training.held_out(unet, judged))
            if stop or training.seconds - shown > SHOW_EVERY or training.seconds >= 60 * chosen.minutes:
                show(training, unet, autoencoder, judged, folder)
                shown = training.seconds

        train(training, chosen.minutes, step, report, stop=stop, every=240)
    return 0


def show(training: Training, unet: Any, autoencoder: Any, judged: Batches, folder: Path) -> None:
    """Write the diffusers folder, and a sheet of held-out prompts."""
    export(training.averaged(torch.float32), autoencoder, training.tokenizer, training.words, folder / "export")
    made = pipeline(unet, autoencoder.to(unet.dtype), training.tokenizer, training.encoder)
    rng = np.random.default_rng(4)
    draw_sheet(made, [short(spec, rng, held_out=True, leave_out=0.0)[0] for spec in judged.specs[:18]], folder / "sheet.png")
    autoencoder.float()


if __name__ == "__main__":
    raise SystemExit(main())
