"""SANA-Video: Gemma 2 reads, linear attention draws, Wan's VAE decodes at 480p and that of LTX-2 at 720p."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.ltx import ltx2_vae
from tests.hub.tiny.parts import WIDTH, gemma_words
from tests.hub.tiny.wan import wan_vae


def saved(folder: Path, vae: Any, **options: Any) -> None:
    from diffusers import DPMSolverMultistepScheduler, SanaVideoPipeline, SanaVideoTransformer3DModel
    from transformers import Gemma2Config, Gemma2Model

    torch.manual_seed(1)
    reader = Gemma2Model(
        Gemma2Config(
            vocab_size=64, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=4096, pad_token_id=0
        )
    )
    net = SanaVideoTransformer3DModel(
        num_attention_heads=2, attention_head_dim=12, num_layers=2, num_cross_attention_heads=2, cross_attention_head_dim=12, cross_attention_dim=24, caption_channels=WIDTH, rope_max_seq_len=64,
        **options,
    )  # fmt: skip
    scheduler = DPMSolverMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=8.0)
    SanaVideoPipeline(gemma_words(), shaken(reader), vae, shaken(net, 3, 0.1), scheduler).save_pretrained(folder)


def sana(folder: Path) -> None:
    saved(folder, wan_vae())


def sana_720(folder: Path) -> None:
    """Its VAE's latents have a mean and a deviation other than 0 and 1, as the real one's."""
    vae = ltx2_vae()
    vae.latents_mean.uniform_(-1, 1)
    vae.latents_std.uniform_(0.5, 2)
    saved(folder, vae, in_channels=8, out_channels=8, patch_size=(1, 1, 1), sample_size=22)


MAKERS = {"sana-video-2b": sana, "sana-video-2b-720p": sana_720}
