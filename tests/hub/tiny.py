"""Pipelines of toy size with random weights, of the same classes as the real ones, saved in the hub's folder layout: only ids, sizes and numbers differ.

`MAKERS`: card id -> what saves its tiny copy into a folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken

Maker = Callable[[Path], None]


def t5_words() -> Any:
    """A T5 tokenizer of single characters."""
    from transformers import T5Tokenizer

    letters = "▁abcdefghijklmnopqrstuvwxyz0123456789.,"
    return T5Tokenizer(vocab=[("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), *((letter, -4.0) for letter in letters)], extra_ids=0)


def umt5() -> Any:
    from transformers import UMT5Config, UMT5EncoderModel

    torch.manual_seed(1)
    return shaken(UMT5EncoderModel(UMT5Config(vocab_size=64, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)))


def wan_vae(**options: Any) -> Any:
    from diffusers import AutoencoderKLWan

    torch.manual_seed(2)
    return AutoencoderKLWan(**{"base_dim": 4, "z_dim": 16, "dim_mult": [1, 1, 1, 1], "num_res_blocks": 1, "temperal_downsample": [False, True, True], **options}).eval()


def wan_net(channels: int = 16, **options: Any) -> Any:
    from diffusers import WanTransformer3DModel

    torch.manual_seed(3)
    return WanTransformer3DModel(
        **{
            "patch_size": (1, 2, 2), "num_attention_heads": 2, "attention_head_dim": 12, "in_channels": channels, "out_channels": 16, "text_dim": 16, "freq_dim": 16, "ffn_dim": 32,
            "num_layers": 2, "rope_max_seq_len": 64, **options,
        }
    ).eval()  # fmt: skip


def wan_scheduler() -> Any:
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(prediction_type="flow_prediction", use_flow_sigmas=True, num_train_timesteps=1000, flow_shift=3.0)


def wan_t2v(folder: Path) -> None:
    from diffusers import WanPipeline

    WanPipeline(t5_words(), umt5(), wan_vae(), wan_scheduler(), wan_net()).save_pretrained(folder)


MAKERS: dict[str, Maker] = {"wan-2-1-t2v-1-3b": wan_t2v}
