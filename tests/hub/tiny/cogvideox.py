"""CogVideoX: 2B with DDIM, 5B with rotary places and the stochastic DPM solver, and from a picture; 1.5, which joins two frames of the latents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, t5, t5_words

SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}


JOINED = {"use_rotary_positional_embeddings": True, "patch_size_t": 2, "patch_bias": False, "sample_frames": 17}
"""What is other in the net of 1.5."""


def parts(channels: int = 4, **options: Any) -> dict[str, Any]:
    from diffusers import AutoencoderKLCogVideoX, CogVideoXDDIMScheduler, CogVideoXTransformer3DModel

    torch.manual_seed(2)
    vae = AutoencoderKLCogVideoX(block_out_channels=(8, 8, 8, 8), latent_channels=4, layers_per_block=1, norm_num_groups=2, sample_height=48, sample_width=64)
    net = CogVideoXTransformer3DModel(
        **{
            "num_attention_heads": 2, "attention_head_dim": 16, "in_channels": channels, "out_channels": 4, "time_embed_dim": 8, "text_embed_dim": WIDTH, "num_layers": 2,
            "sample_width": 8, "sample_height": 6, "sample_frames": 9, "max_text_seq_length": 226, **options,
        }
    )  # fmt: skip
    return {"tokenizer": t5_words(), "text_encoder": t5(), "vae": vae.eval(), "transformer": shaken(net, 3, 0.1), "scheduler": CogVideoXDDIMScheduler(**SCHEDULE)}


def small(folder: Path) -> None:
    from diffusers import CogVideoXPipeline

    CogVideoXPipeline(**parts()).save_pretrained(folder)


def large(folder: Path) -> None:
    from diffusers import CogVideoXDPMScheduler, CogVideoXPipeline

    CogVideoXPipeline(**{**parts(use_rotary_positional_embeddings=True), "scheduler": CogVideoXDPMScheduler(**SCHEDULE)}).save_pretrained(folder)


def picture(folder: Path) -> None:
    from diffusers import CogVideoXDPMScheduler, CogVideoXImageToVideoPipeline

    found = parts(8, use_rotary_positional_embeddings=True, use_learned_positional_embeddings=True)
    CogVideoXImageToVideoPipeline(**{**found, "scheduler": CogVideoXDPMScheduler(**SCHEDULE)}).save_pretrained(folder)


def later(folder: Path) -> None:
    from diffusers import CogVideoXPipeline

    CogVideoXPipeline(**parts(**JOINED)).save_pretrained(folder)


def later_picture(folder: Path) -> None:
    from diffusers import CogVideoXImageToVideoPipeline

    found = parts(8, **JOINED, ofs_embed_dim=8)
    found["vae"].register_to_config(invert_scale_latents=True)
    CogVideoXImageToVideoPipeline(**found).save_pretrained(folder)


MAKERS = {"cogvideox-2b": small, "cogvideox-5b": large, "cogvideox-5b-i2v": picture, "cogvideox-1-5-5b": later, "cogvideox-1-5-5b-i2v": later_picture}
