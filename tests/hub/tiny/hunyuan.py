"""HunyuanVideo 1.5, with the language model that reads the prompt and the one that reads what stands in quotes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, flow, qwen_words


def parts(task: str) -> dict[str, Any]:
    from diffusers import AutoencoderKLHunyuanVideo15, HunyuanVideo15Transformer3DModel
    from diffusers.guiders import ClassifierFreeGuidance
    from transformers import ByT5Tokenizer, Qwen2_5_VLTextConfig, Qwen2_5_VLTextModel, T5Config, T5EncoderModel

    torch.manual_seed(2)
    # Eight channels for each place of a picture's patch: the VAE folds pixels into channels and needs them to divide.
    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=4, block_out_channels=(16, 16, 16), layers_per_block=1, spatial_compression_ratio=8, temporal_compression_ratio=4,
        downsample_match_channel=False, upsample_match_channel=False,
    )  # fmt: skip
    net = HunyuanVideo15Transformer3DModel(
        in_channels=9, out_channels=4, num_attention_heads=2, attention_head_dim=8, num_layers=1, num_refiner_layers=1, mlp_ratio=2.0, text_embed_dim=WIDTH, text_embed_2_dim=WIDTH,
        image_embed_dim=12, rope_axes_dim=(2, 2, 4), target_size=48, task_type=task,
    )  # fmt: skip
    reader = Qwen2_5_VLTextModel(
        Qwen2_5_VLTextConfig(
            vocab_size=80, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1,
            rope_parameters={"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6},
        )
    )  # fmt: skip
    quotes = T5EncoderModel(T5Config(vocab_size=384, d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2))
    return {
        "text_encoder": shaken(reader), "tokenizer": qwen_words(), "transformer": shaken(net, 3, 0.1), "vae": vae.eval(), "scheduler": flow(shift=7.0), "text_encoder_2": shaken(quotes),
        "tokenizer_2": ByT5Tokenizer(), "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }  # fmt: skip


def words(folder: Path) -> None:
    from diffusers import HunyuanVideo15Pipeline

    HunyuanVideo15Pipeline(**parts("t2v")).save_pretrained(folder)


def picture(folder: Path) -> None:
    from diffusers import HunyuanVideo15ImageToVideoPipeline
    from transformers import SiglipImageProcessor, SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(4)
    eyes = SiglipVisionModel(SiglipVisionConfig(hidden_size=12, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16))
    found = HunyuanVideo15ImageToVideoPipeline(**parts("i2v"), image_encoder=shaken(eyes), feature_extractor=SiglipImageProcessor(size={"height": 32, "width": 32}))
    found.save_pretrained(folder)


MAKERS = {"hunyuan-video-1-5-t2v": words, "hunyuan-video-1-5-i2v": picture}
