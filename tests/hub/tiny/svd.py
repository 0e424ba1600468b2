"""Stable Video Diffusion: a UNet over space and time, a VAE whose decoder knows of time."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, clip_eyes


def svd(folder: Path) -> None:
    from diffusers import AutoencoderKLTemporalDecoder, EulerDiscreteScheduler, StableVideoDiffusionPipeline, UNetSpatioTemporalConditionModel

    torch.manual_seed(2)
    vae = AutoencoderKLTemporalDecoder(down_block_types=("DownEncoderBlock2D",) * 4, block_out_channels=(32,) * 4, latent_channels=4, sample_size=32)
    net = UNetSpatioTemporalConditionModel(
        block_out_channels=(32, 64), down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
        up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"), cross_attention_dim=WIDTH, num_attention_heads=(2, 4), layers_per_block=1,
        addition_time_embed_dim=8, projection_class_embeddings_input_dim=24, num_frames=9,
    )  # fmt: skip
    scheduler = EulerDiscreteScheduler(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", prediction_type="v_prediction", interpolation_type="linear", use_karras_sigmas=True, timestep_spacing="leading",
        timestep_type="continuous", steps_offset=1, sigma_min=0.002, sigma_max=700.0,
    )  # fmt: skip
    eyes, processor = clip_eyes(224, projected=True)
    StableVideoDiffusionPipeline(vae.eval(), eyes, shaken(net, 3, 0.05), scheduler, processor).save_pretrained(folder, variant="fp16")


MAKERS = {"svd-xt": svd}
