"""A folder written by the picture training is a plain Stable Diffusion model: stock pipelines run on it unchanged, and our loop gives what they give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import (
    AnimateDiffPipeline,
    ControlNetModel,
    DDIMScheduler,
    DiffusionPipeline,
    PNDMScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionImg2ImgPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
)

from engine.diffusion.animate import motion_unet, zeroed_adapter
from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, denoise, finish
from engine.diffusion.parts import load_parts
from engine.training import image
from tests.diffusion import toy

TEXT = "a red boat at night"
NOISE = toy.noise(1, 4, 8, 8)
PICTURE = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(2))
QUICK: dict[str, Any] = {"num_inference_steps": 1, "guidance_scale": 3.0, "output_type": "np"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    own = toy.parts()
    place = tmp_path_factory.mktemp("models") / "toy"
    image.export(own.unet, own.vae, own.tokenizer, own.text_encoder, place)
    return place


def loaded(kind: Any, folder: Any, **more: Any) -> Any:
    made = kind.from_pretrained(folder, safety_checker=None, feature_extractor=None, requires_safety_checker=False, **more)
    made.set_progress_bar_config(disable=True)
    return made


def drawn(folder: Any) -> np.ndarray:
    """The same by our own parts and loop, (H, W, 3) in 0..1."""
    parts = load_parts(folder, dtype=torch.float32)
    levels = Levels.of(parts.scheduler, 1)
    latents = finish(denoise(parts.unet, levels, NOISE[None], parts.text_states([TEXT])[0], negative=parts.text_states([""])[0], guidance=Guidance(3.0)))
    return parts.decode(latents[0])[0].permute(1, 2, 0).add(1).div(2).numpy()


def test_text_to_image(folder):
    assert type(DiffusionPipeline.from_pretrained(folder)) is StableDiffusionPipeline
    found = loaded(StableDiffusionPipeline, folder)(TEXT, latents=NOISE, **QUICK).images[0]
    assert np.abs(found - drawn(folder)).max() < 1e-3 and found.std() > 0.05  # another noise: about 1


def test_image_to_image_keeps_more_the_weaker_it_is(folder):
    stock = loaded(StableDiffusionImg2ImgPipeline, folder)
    found = [stock(TEXT, image=PICTURE, strength=s, generator=torch.Generator().manual_seed(0), **{**QUICK, "num_inference_steps": 5}).images[0] for s in (0.2, 1.0)]
    again = load_parts(folder, dtype=torch.float32)
    kept = again.decode(again.encode(PICTURE * 2 - 1))[0].permute(1, 2, 0).add(1).div(2).numpy()
    assert np.abs(found[0] - kept).mean() < np.abs(found[1] - kept).mean()


def test_inpainting_leaves_the_rest(folder):
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 32:] = 1
    stock = loaded(StableDiffusionInpaintPipeline, folder)
    whole = {**QUICK, "output_type": "latent"}
    found = stock(TEXT, image=PICTURE, mask_image=mask, height=64, width=64, generator=torch.Generator().manual_seed(0), **whole).images
    kept = load_parts(folder, dtype=torch.float32).encode(PICTURE * 2 - 1)
    assert (found - kept)[..., :3].abs().max() < 1e-4 and (found - kept)[..., 4:].abs().max() > 0.1


def test_control_net_starts_without_effect_and_takes_one(folder):
    unet = load_parts(folder, dtype=torch.float32).unet
    net = ControlNetModel.from_unet(unet)
    stock = loaded(StableDiffusionControlNetPipeline, folder, controlnet=net)
    found = stock(TEXT, image=PICTURE, latents=NOISE, **QUICK).images[0]
    assert np.abs(found - drawn(folder)).max() < 1e-3  # its last layers begin at zero
    torch.nn.init.normal_(net.controlnet_mid_block.weight)
    assert np.abs(stock(TEXT, image=PICTURE, latents=NOISE, **QUICK).images[0] - found).max() > 0.01


def test_animatediff_draws_the_frames_that_our_loop_draws(folder):
    parts = load_parts(folder, dtype=torch.float32)
    adapter = toy.shaken(zeroed_adapter(parts.unet, frames=8), 2)
    noise = toy.noise(1, 3, 4, 8, 8)
    stock = AnimateDiffPipeline(vae=parts.vae, text_encoder=parts.text_encoder, tokenizer=parts.tokenizer, unet=parts.unet, motion_adapter=adapter, scheduler=parts.scheduler)
    stock.set_progress_bar_config(disable=True)
    # The pipeline wants the channels before the frames.
    found = stock(TEXT, num_frames=3, height=64, width=64, latents=noise.transpose(1, 2), **{**QUICK, "output_type": "latent"}).frames
    levels, states = Levels.of(parts.scheduler, 1), parts.text_states([TEXT, ""])
    own = finish(denoise(motion_unet(parts.unet, adapter), levels, noise, states[0], negative=states[1], guidance=Guidance(3.0)))
    assert (found.transpose(1, 2) - own).abs().max() < 1e-3
    alone = finish(denoise(parts.unet, levels, noise, states[0], negative=states[1], guidance=Guidance(3.0)))
    assert (alone - own).abs().max() > 0.05  # the adapter left out


def test_a_folder_of_the_sd_1_5_kind_loads_and_draws_as_stock_ddim_does(tmp_path):
    own = toy.parts()
    noisy = PNDMScheduler(beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, skip_prk_steps=True, steps_offset=1)
    stock = StableDiffusionPipeline(
        vae=toy.autoencoder_kl(), text_encoder=own.text_encoder, tokenizer=own.tokenizer, unet=own.unet, scheduler=noisy, safety_checker=None, feature_extractor=None,
        requires_safety_checker=False,
    )  # fmt: skip
    stock.save_pretrained(tmp_path)
    parts = load_parts(tmp_path, dtype=torch.float32)
    assert parts.scheduler.config.prediction_type == "epsilon" and not parts.scheduler.config.clip_sample and parts.factor == 8
    stock.scheduler = DDIMScheduler.from_pretrained(tmp_path / "scheduler", clip_sample=False)
    stock.set_progress_bar_config(disable=True)
    latents = stock(TEXT, latents=NOISE, num_inference_steps=4, guidance_scale=3.0, output_type="latent").images
    found = finish(denoise(parts.unet, Levels.of(parts.scheduler, 4), NOISE[None], parts.text_states([TEXT])[0], negative=parts.text_states([""])[0], guidance=Guidance(3.0)))
    assert (found[0] - latents).abs().max() < 1e-3 * latents.abs().max()
    assert (parts.decode(latents) - stock.vae.decode(latents / 0.5 + 0.25).sample.clamp(-1, 1)).abs().max() < 1e-3
