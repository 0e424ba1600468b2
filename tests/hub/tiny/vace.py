"""Wan VACE: the small Wan with a second stack of blocks that reads the known parts of a clip."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, t5_words, umt5
from tests.hub.tiny.wan import wan_scheduler, wan_vae


def vace_net() -> Any:
    from diffusers import WanVACETransformer3DModel

    torch.manual_seed(3)
    net = WanVACETransformer3DModel(
        patch_size=(1, 2, 2), num_attention_heads=2, attention_head_dim=12, in_channels=16, out_channels=16, text_dim=WIDTH, freq_dim=16, ffn_dim=32, num_layers=2, rope_max_seq_len=64,
        vace_layers=[0, 1], vace_in_channels=96,
    )  # fmt: skip
    return shaken(net, 3, 0.1)


def wan_vace(folder: Path) -> None:
    from diffusers import WanVACEPipeline

    WanVACEPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), vace_net()).save_pretrained(folder)


MAKERS = {"wan-vace-1-3b": wan_vace, "wan-vace-14b": wan_vace}
