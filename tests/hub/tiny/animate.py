"""Wan Animate: Wan's network with an encoder of faces, and the clips that drive it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, clip_eyes, t5_words, umt5
from tests.hub.tiny.wan import wan_scheduler, wan_vae

FACE = 16
"""Pixels of a face's side."""


def animate_net() -> Any:
    from diffusers import WanAnimateTransformer3DModel

    torch.manual_seed(3)
    net = WanAnimateTransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=36, latent_channels=16, out_channels=16, text_dim=WIDTH, freq_dim=16, ffn_dim=32, num_layers=2,
        rope_max_seq_len=64, image_dim=WIDTH, added_kv_proj_dim=24, motion_encoder_channel_sizes={"4": 8, "8": 8, "16": 8}, motion_encoder_size=FACE, motion_style_dim=8, motion_dim=4,
        motion_encoder_dim=16, face_encoder_hidden_dim=16, face_encoder_num_heads=2, inject_face_latents_blocks=2,
    )  # fmt: skip
    return shaken(net, 3, 0.1)


def wan_animate(folder: Path) -> None:
    from diffusers import WanAnimatePipeline

    eyes, processor = clip_eyes()
    WanAnimatePipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), processor, eyes, animate_net()).save_pretrained(folder)


def driving(size: tuple[int, int], frames: int, seed: int = 3) -> dict[str, Any]:
    """Clips of noise that drive a call, with a mask over the middle. size: (width, height)."""
    from PIL import Image

    rng = np.random.default_rng(seed)

    def clip(width: int, height: int) -> list[Any]:
        return [Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)) for _ in range(frames)]

    mask = np.zeros((size[1], size[0]), np.uint8)
    mask[size[1] // 4 : -size[1] // 4, size[0] // 4 : -size[0] // 4] = 255
    return {"pose_video": clip(*size), "face_video": clip(FACE, FACE), "background_video": clip(*size), "mask_video": [Image.fromarray(mask)] * frames}


MAKERS = {"wan-animate-14b": wan_animate}
