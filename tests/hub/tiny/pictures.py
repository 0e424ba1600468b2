"""Picture models: Stable Diffusion 1.5 and XL, its four-step network, a consistency model, Z-Image, FLUX.1 and FLUX.2 klein."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from tests.experts.tiny import shaken
from tests.hub.tiny.animatediff import checkpoint
from tests.hub.tiny.parts import WIDTH, clip_words, flow, qwen_words, t5, t5_words

SMALLER: dict[str, dict[str, Any]] = {
    "flux-1-schnell": {"max_sequence_length": 32},
    "flux-2-klein-4b": {"max_sequence_length": 64, "text_encoder_out_layers": [1, 2, 3]},
    "z-image-turbo": {"max_sequence_length": 64},
}
"""Arguments that depend on a network's depth or on the sizes that it was taught."""


def clip_reader(*, projected: bool = False) -> Any:
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    torch.manual_seed(1)
    config = CLIPTextConfig(
        vocab_size=96, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, max_position_embeddings=24, bos_token_id=0, eos_token_id=1, pad_token_id=1,
        projection_dim=WIDTH,
    )  # fmt: skip
    return shaken((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))


def vae(channels: int = 4, **options: Any) -> Any:
    """8 pixels a side become one place."""
    from diffusers import AutoencoderKL

    torch.manual_seed(2)
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4, block_out_channels=(8, 8, 8, 8), latent_channels=channels, norm_num_groups=2, **options
    ).eval()


def unet(*, seed: int = 3, **options: Any) -> Any:
    from diffusers import UNet2DConditionModel

    torch.manual_seed(seed)
    return shaken(
        UNet2DConditionModel(
            sample_size=8, block_out_channels=(8, 8), layers_per_block=1, attention_head_dim=4, norm_num_groups=2,
            **{"down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"), "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"), "cross_attention_dim": WIDTH, **options},
        ), seed, 0.1,
    )  # fmt: skip


def sdxl_unet(**options: Any) -> Any:
    return unet(
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), transformer_layers_per_block=(1, 2), use_linear_projection=True,
        cross_attention_dim=2 * WIDTH, addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=6 * 8 + WIDTH, **options,
    )  # fmt: skip


def sdxl(folder: Path) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading")
    words = clip_words()
    StableDiffusionXLPipeline(vae(scaling_factor=0.13025), clip_reader(), clip_reader(projected=True), words, words, sdxl_unet(), scheduler).save_pretrained(folder, variant="fp16")


def sdxl_inpainting(folder: Path) -> None:
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLInpaintPipeline

    scheduler = EulerDiscreteScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", steps_offset=1, timestep_spacing="leading")
    words = clip_words()
    parts = vae(scaling_factor=0.13025), clip_reader(), clip_reader(projected=True), words, words, sdxl_unet(in_channels=9)
    StableDiffusionXLInpaintPipeline(*parts, scheduler).save_pretrained(folder, variant="fp16")


def lightning(folder: Path) -> None:
    """A network alone, in one file of half-size numbers."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True)
    save_file({name: weight.half().contiguous() for name, weight in sdxl_unet(seed=5).state_dict().items()}, folder / "sdxl_lightning_4step_unet.safetensors")


def lcm(folder: Path) -> None:
    from diffusers import LatentConsistencyModelPipeline, LCMScheduler

    LatentConsistencyModelPipeline(vae(), clip_reader(), clip_words(), unet(time_cond_proj_dim=16), LCMScheduler(), None, None, requires_safety_checker=False).save_pretrained(folder)


def qwen(*, layers: int = 4) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(1)
    return shaken(
        Qwen3ForCausalLM(
            Qwen3Config(
                vocab_size=96, hidden_size=WIDTH, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=1, head_dim=8, max_position_embeddings=1024,
                tie_word_embeddings=True,
            )
        )
    )  # fmt: skip


def z_image(folder: Path) -> None:
    from diffusers import ZImagePipeline, ZImageTransformer2DModel

    torch.manual_seed(3)
    net = ZImageTransformer2DModel(
        in_channels=16, dim=32, n_layers=2, n_refiner_layers=1, n_heads=2, n_kv_heads=2, cap_feat_dim=WIDTH, axes_dims=[4, 6, 6], axes_lens=[256, 32, 32]
    )
    ZImagePipeline(flow(shift=3.0), vae(16, scaling_factor=0.3611, shift_factor=0.1159), qwen(), qwen_words(), shaken(net, 3, 0.1)).save_pretrained(folder)


def flux(folder: Path) -> None:
    from diffusers import FluxPipeline, FluxTransformer2DModel

    torch.manual_seed(3)
    net = FluxTransformer2DModel(
        in_channels=64, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=WIDTH, pooled_projection_dim=WIDTH, axes_dims_rope=(4, 6, 6)
    )
    parts = vae(16, scaling_factor=0.3611, shift_factor=0.1159, use_quant_conv=False, use_post_quant_conv=False)
    FluxPipeline(flow(), parts, clip_reader(), clip_words(), t5(), t5_words(), shaken(net, 3, 0.1)).save_pretrained(folder)


def flux2_vae() -> Any:
    """Its batch norm has seen some data: mean and deviation are others than 0 and 1."""
    from diffusers import AutoencoderKLFlux2

    torch.manual_seed(2)
    made = AutoencoderKLFlux2(block_out_channels=(8, 8, 8, 8), latent_channels=8, norm_num_groups=2, layers_per_block=1)
    made.bn.running_mean.uniform_(-1, 1)
    made.bn.running_var.uniform_(0.5, 3)
    return made.eval()


def klein(folder: Path) -> None:
    from diffusers import Flux2KleinPipeline, Flux2Transformer2DModel

    torch.manual_seed(3)
    net = Flux2Transformer2DModel(
        in_channels=32, num_layers=2, num_single_layers=1, attention_head_dim=16, num_attention_heads=2, joint_attention_dim=3 * WIDTH, timestep_guidance_channels=16,
        axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
    )  # fmt: skip
    Flux2KleinPipeline(flow(), flux2_vae(), qwen(), qwen_words(), shaken(net, 3, 0.6), is_distilled=True).save_pretrained(folder)


MAKERS = {"sd-1-5": checkpoint, "sdxl-base": sdxl, "sdxl-lightning": lightning, "lcm-dreamshaper-7": lcm, "z-image-turbo": z_image, "flux-1-schnell": flux, "flux-2-klein-4b": klein}
