"""Mochi 1, saved as its repository is: half-size numbers in several files whose names tell it."""

from __future__ import annotations

from pathlib import Path

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, flow, t5, t5_words


def mochi(folder: Path) -> None:
    from diffusers import AutoencoderKLMochi, MochiPipeline, MochiTransformer3DModel

    torch.manual_seed(2)
    vae = AutoencoderKLMochi(
        encoder_block_out_channels=(32, 32, 32, 32), decoder_block_out_channels=(32, 32, 32, 32), layers_per_block=(1, 1, 1, 1, 1), add_attention_block=(False,) * 5
    )
    net = MochiTransformer3DModel(num_attention_heads=2, attention_head_dim=8, num_layers=2, pooled_projection_dim=16, text_embed_dim=WIDTH, time_embed_dim=4)
    words = t5_words()
    words.model_max_length = 256
    pipeline = MochiPipeline(flow(invert_sigmas=True), vae, t5(), words, shaken(net, 3, 0.1))
    pipeline.save_pretrained(folder)
    for name in ("transformer", "vae"):
        for file in (folder / name).glob("*.safetensors*"):
            file.unlink()
        getattr(pipeline, name).to(torch.bfloat16).save_pretrained(folder / name, variant="bf16", max_shard_size="20KB" if name == "transformer" else "10GB")


MAKERS = {"mochi-1": mochi}
