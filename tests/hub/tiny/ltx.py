"""LTX-Video, and LTX-2 with its sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.parts import WIDTH, flow, gemma_words, t5, t5_words


def ltx_vae() -> Any:
    """32 pixels a side and 8 frames become one place, as in the real one; the decoder takes the last step of denoising."""
    from diffusers import AutoencoderKLLTXVideo

    torch.manual_seed(2)
    return AutoencoderKLLTXVideo(
        latent_channels=8, block_out_channels=(4, 4, 4, 4), decoder_block_out_channels=(4, 4, 4, 4), layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1, 1),
        timestep_conditioning=True,
    ).eval()  # fmt: skip


def ltx(folder: Path) -> None:
    from diffusers import LTXConditionPipeline, LTXVideoTransformer3DModel

    torch.manual_seed(3)
    net = LTXVideoTransformer3DModel(in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16, num_layers=2, caption_channels=WIDTH)
    LTXConditionPipeline(flow(), ltx_vae(), t5(), t5_words(), shaken(net, 3, 0.1)).save_pretrained(folder)


def gemma() -> Any:
    """The Gemma 3 that reads the prompt: its words and, unused, its eyes."""
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration, Gemma3TextConfig, SiglipVisionConfig

    torch.manual_seed(1)
    words = Gemma3TextConfig(
        vocab_size=64, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=1024, pad_token_id=0
    )
    eyes = SiglipVisionConfig(hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, image_size=32, patch_size=16)
    return shaken(Gemma3ForConditionalGeneration(Gemma3Config(text_config=words, vision_config=eyes, mm_tokens_per_image=4, image_token_index=60, boi_token_index=61, eoi_token_index=62)))


def ltx2_vae() -> Any:
    from diffusers import AutoencoderKLLTX2Video

    torch.manual_seed(2)
    return AutoencoderKLLTX2Video(
        latent_channels=8, block_out_channels=(8, 16, 32, 64), decoder_block_out_channels=(8, 16, 32), layers_per_block=(1, 1, 1, 1, 1), decoder_layers_per_block=(1, 1, 1, 1),
        spatial_compression_ratio=32, temporal_compression_ratio=8,
    )  # fmt: skip


def ltx2(folder: Path) -> None:
    from diffusers import AutoencoderKLLTX2Audio, LTX2Pipeline, LTX2VideoTransformer3DModel
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder

    vae = ltx2_vae()
    sound = AutoencoderKLLTX2Audio(base_channels=4, ch_mult=(1, 1, 1), num_res_blocks=1, resolution=32, latent_channels=2, mel_bins=8)
    vocoder = LTX2Vocoder(in_channels=16, hidden_channels=16, upsample_kernel_sizes=[16, 15, 8], upsample_factors=[6, 5, 8], resnet_kernel_sizes=[3], resnet_dilations=[[1, 3, 5]])
    net = LTX2VideoTransformer3DModel(
        in_channels=8, out_channels=8, num_attention_heads=2, attention_head_dim=8, cross_attention_dim=16, audio_in_channels=4, audio_out_channels=4, audio_num_attention_heads=2,
        audio_attention_head_dim=4, audio_cross_attention_dim=8, num_layers=2, caption_channels=WIDTH, rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    between = LTX2TextConnectors(
        caption_channels=WIDTH, text_proj_in_factor=3, video_connector_num_attention_heads=2, video_connector_attention_head_dim=8, video_connector_num_layers=1,
        video_connector_num_learnable_registers=None, audio_connector_num_attention_heads=2, audio_connector_attention_head_dim=8, audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=None, connector_rope_base_seq_len=32, rope_double_precision=False, rope_type="split",
    )  # fmt: skip
    LTX2Pipeline(flow(), vae, sound, gemma(), gemma_words(), between, shaken(net, 3, 0.1), vocoder).save_pretrained(folder)


MAKERS = {**dict.fromkeys(("ltx-video-2b", "ltx-video-13b", "ltx-video-13b-distilled"), ltx), **dict.fromkeys(("ltx-2", "ltx-2-3"), ltx2)}


def ltx_upsampler(folder: Path) -> None:
    """The net that doubles latents of LTX-Video, as its card fetches it: without the VAE beside it."""
    from diffusers.pipelines.ltx import LTXLatentUpsamplerModel

    torch.manual_seed(4)
    LTXLatentUpsamplerModel(in_channels=8, mid_channels=32, num_blocks_per_stage=1).save_pretrained(folder / "latent_upsampler")


def ltx2_upsampler(folder: Path) -> None:
    """The net that doubles latents of LTX-2."""
    from diffusers.pipelines.ltx2 import LTX2LatentUpsamplerModel

    torch.manual_seed(4)
    LTX2LatentUpsamplerModel(in_channels=8, mid_channels=32, num_blocks_per_stage=1).save_pretrained(folder / "latent_upsampler")
