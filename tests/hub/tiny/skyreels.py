"""SkyReels-V2: a Wan whose every frame has its own level of noise."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, t5_words, umt5
from tests.hub.tiny.wan import wan_scheduler, wan_vae


def forcing(folder: Path) -> None:
    from diffusers import SkyReelsV2DiffusionForcingPipeline, SkyReelsV2Transformer3DModel

    torch.manual_seed(3)
    net = SkyReelsV2Transformer3DModel(
        num_attention_heads=2, attention_head_dim=12, text_dim=WIDTH, freq_dim=16, ffn_dim=32, num_layers=2, rope_max_seq_len=64, inject_sample_info=True
    )
    SkyReelsV2DiffusionForcingPipeline(t5_words(), umt5(), shaken(net, 3, 0.1), wan_vae(), wan_scheduler(flow_shift=8.0)).save_pretrained(folder)


MAKERS = dict.fromkeys(("skyreels-v2-df-1-3b", "skyreels-v2-df-14b-540p", "skyreels-v2-df-14b-720p"), forcing)
