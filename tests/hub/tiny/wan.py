"""Wan: its two VAEs, one network or two, with and without an encoder of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, clip_eyes, t5_words, umt5


def wan_vae(**options: Any) -> Any:
    from diffusers import AutoencoderKLWan

    torch.manual_seed(2)
    return AutoencoderKLWan(**{"base_dim": 4, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1, "temperal_downsample": [False, True, True], **options}).eval()


def wan_large_vae() -> Any:
    """The VAE of Wan 2.2 5B: 48 channels, patches of two by two pixels."""
    return wan_vae(
        z_dim=48, in_channels=12, out_channels=12, is_residual=True, patch_size=2, scale_factor_spatial=16, decoder_base_dim=4, latents_mean=[0.0] * 48, latents_std=[1.0] * 48
    )


def wan_net(channels: int = 16, *, seed: int = 3, **options: Any) -> Any:
    from diffusers import WanTransformer3DModel

    torch.manual_seed(seed)
    net = WanTransformer3DModel(
        **{
            "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": channels, "out_channels": 16, "text_dim": WIDTH, "freq_dim": 16, "ffn_dim": 32,
            "num_layers": 2, "rope_max_seq_len": 64, **options,
        }
    )  # fmt: skip
    return shaken(net, seed, 0.1)


def wan_scheduler(**options: Any) -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(**{"prediction_type": "flow_prediction", "use_flow_sigmas": True, "num_train_timesteps": 1000, "flow_shift": 3.0, **options})


def wan_t2v(folder: Path) -> None:
    from diffusers import WanPipeline

    WanPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), wan_net()).save_pretrained(folder)


def wan_ti2v(folder: Path) -> None:
    from diffusers import WanPipeline

    net = wan_net(48, out_channels=48)
    WanPipeline(t5_words(), umt5(), wan_large_vae(), wan_scheduler(), net, expand_timesteps=True).save_pretrained(folder)


def wan_two(folder: Path) -> None:
    from diffusers import WanPipeline

    WanPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), wan_net(), wan_net(seed=5), boundary_ratio=0.875).save_pretrained(folder)


def wan_two_pictures(folder: Path) -> None:
    from diffusers import WanImageToVideoPipeline

    nets = wan_net(36), wan_net(36, seed=5)
    WanImageToVideoPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), transformer=nets[0], transformer_2=nets[1], boundary_ratio=0.9).save_pretrained(folder)


def wan_i2v(folder: Path) -> None:
    from diffusers import WanImageToVideoPipeline

    eyes, processor = clip_eyes()
    net = wan_net(36, image_dim=WIDTH, added_kv_proj_dim=24)
    WanImageToVideoPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), processor, eyes, net).save_pretrained(folder)


MAKERS = {"wan-2-1-t2v-1-3b": wan_t2v, "wan-2-2-ti2v-5b": wan_ti2v, "wan-2-2-t2v-a14b": wan_two, "wan-2-2-i2v-a14b": wan_two_pictures, "wan-2-1-i2v-14b": wan_i2v}
