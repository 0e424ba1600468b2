"""AnimateDiff: a motion module alone, and the Stable Diffusion 1.5 folder that it moves."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import clip_words

CHANNELS = (8, 8)


def checkpoint(folder: Path) -> None:
    """A Stable Diffusion 1.5 folder of the user's."""
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(1)
    reader = CLIPTextModel(
        CLIPTextConfig(vocab_size=96, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, max_position_embeddings=24, bos_token_id=0, eos_token_id=1, pad_token_id=1)
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(8, 8, 8, 8), latent_channels=4, norm_num_groups=2, scaling_factor=0.18215
    )
    net = UNet2DConditionModel(
        sample_size=8, block_out_channels=CHANNELS, layers_per_block=1, down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16, attention_head_dim=4, norm_num_groups=2,
    )  # fmt: skip
    scheduler = PNDMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", skip_prk_steps=True, steps_offset=1)
    StableDiffusionPipeline(vae.eval(), shaken(reader), clip_words(), shaken(net, 3, 0.1), scheduler, None, None, requires_safety_checker=False).save_pretrained(folder)


def module(folder: Path) -> None:
    from diffusers import MotionAdapter

    torch.manual_seed(3)
    adapter = MotionAdapter(block_out_channels=CHANNELS, motion_layers_per_block=1, motion_num_attention_heads=2, motion_norm_num_groups=2)
    shaken(adapter, 3, 0.3).save_pretrained(folder)


MAKERS = {"animatediff-v1-5-3": module, "animatediff-v1-5-2": module}
