"""Stable Diffusion XL in the loop, on a tiny copy of its inpainting model: what the loop draws is what the pipeline of diffusers draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.diffusion.levels import Levels
from engine.diffusion.loop import Call, Guidance, Hooks, denoise, finish
from engine.diffusion.parts import as_pictures, ddim, load_parts
from engine.diffusion.parts_xl import PartsXL, denoiser_with, load_parts_xl
from engine.errors import ModelUnavailable
from tests.hub.tiny import pictures

STEPS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("xl") / "sdxl-inpainting"
    pictures.sdxl_inpainting(made)
    return made


@pytest.fixture(scope="module")
def parts(folder: Path) -> PartsXL:
    return load_parts_xl(folder, dtype=torch.float32)


@pytest.fixture(scope="module")
def pipeline(folder: Path):
    import diffusers

    found = diffusers.StableDiffusionXLInpaintPipeline.from_pretrained(folder, variant="fp16", local_files_only=True)
    found.scheduler = ddim(found.scheduler.config)
    found.set_progress_bar_config(disable=True)
    return found


def test_texts_are_read_as_the_pipeline_reads_them(parts: PartsXL, pipeline) -> None:
    states, _, pooled, _ = pipeline.encode_prompt("a red boat", do_classifier_free_guidance=False)
    own = parts.text_states(["a red boat", ""])
    torch.testing.assert_close(own[0, :-1], states[0])
    torch.testing.assert_close(own[0, -1, : parts.pooled], pooled[0])
    assert not own[1].any() and own[0, -1].any()


@pytest.mark.parametrize("size", [(64, 64), (80, 48)])
def test_the_loop_draws_what_the_pipeline_draws(parts: PartsXL, pipeline, size: tuple[int, int]) -> None:
    """To one rounding. Without the pooled text the square picture is other by up to 23 of 255, without the sizes by 5, with a read text for the empty one by 33."""
    width, height = size
    generator = torch.Generator().manual_seed(1)
    seen = torch.rand(1, 3, height, width, generator=generator) * 2 - 1
    hidden = torch.zeros(1, 1, height, width)
    hidden[..., 16:32, 16:40] = 1
    bare = parts.encode(seen * (hidden < 0.5))
    noise = torch.randn(1, 4, height // 8, width // 8, generator=generator)
    theirs = pipeline(
        "a red boat", image=(seen + 1) / 2, mask_image=hidden, masked_image_latents=bare, latents=noise, width=width, height=height, strength=1.0, num_inference_steps=STEPS, guidance_scale=7.5,
        output_type="np",
    ).images  # fmt: skip
    extra = torch.cat([torch.nn.functional.interpolate(hidden, size=(height // 8, width // 8)), bare], 1)[None]
    states, empty = parts.text_states(["a red boat", ""])

    def model_input(call: Call) -> torch.Tensor:
        return torch.cat([call.latents, call.each(extra)], 2)

    walk = denoise(denoiser_with(parts), Levels.of(parts.scheduler, STEPS), noise[None], states, negative=empty, guidance=Guidance(7.5), hooks=Hooks(model_input=model_input))
    own = as_pictures(parts.decode(finish(walk)[0]))
    assert own.std() > 3
    assert np.abs(own.astype(int) - np.rint(theirs * 255)).max() <= 1


def test_the_vae_stays_whole_and_the_others_are_as_asked(folder: Path) -> None:
    halves = load_parts_xl(folder, dtype=torch.bfloat16)
    assert (halves.vae.dtype, halves.unet.dtype, halves.text_encoder_2.dtype) == (torch.float32, torch.bfloat16, torch.bfloat16)
    assert halves.text_states(["a boat"]).dtype == torch.float32


def test_a_folder_of_the_other_family_is_refused(folder: Path, tmp_path: Path) -> None:
    pictures.checkpoint(tmp_path / "small")
    with pytest.raises(ModelUnavailable, match="text_encoder_2"):
        load_parts_xl(tmp_path / "small")
    assert denoiser_with(load_parts(tmp_path / "small", dtype=torch.float32)).func.__name__ == "_pictures"
