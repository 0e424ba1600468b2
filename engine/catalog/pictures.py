"""Cards of large models that draw single pictures from words: they draw the first picture of a clip for video models that begin with one.

Sizes, steps and guidance are those of the pipelines of diffusers and of the models' own pages. The checkers that come beside Stable Diffusion 1.5 and its
consistency model are not fetched: they turn a picture black, and a black picture makes a black clip. SDXL-Lightning (Lin et al., 2024) is the whole network of its four
steps, not the adapter: its makers say that it draws better.
"""

from __future__ import annotations

from engine.catalog.card import Card
from engine.catalog.drawing import Drawing
from engine.catalog.experts import OPENRAIL
from engine.catalog.hub import hub_card

SETTINGS = {"scheduler/*": 1_000, "model_index.json": 700}
WORDS = {"tokenizer/*": 2_000_000, **SETTINGS}
MORE_WORDS = {"tokenizer_2/*": 3_200_000, **WORDS}
QWEN_WORDS = {"tokenizer/*": 16_000_000, **SETTINGS}

SD15 = hub_card(
    "sd-1-5", "Stable Diffusion 1.5", "stable-diffusion-v1-5/stable-diffusion-v1-5",
    {
        "unet/diffusion_pytorch_model.fp16.safetensors": 1_720_000_000, "unet/config.json": 800, "vae/diffusion_pytorch_model.fp16.safetensors": 167_000_000, "vae/config.json": 600,
        "text_encoder/model.fp16.safetensors": 246_000_000, "text_encoder/config.json": 700, **WORDS,
    },
    "CreativeML-OpenRAIL-M", 4_300, "The smallest: 512 pixels on nearly every graphics card; the most adapters (LoRA) of all.", "Long prompts, hands, faces far away, lettering.",
    drawing=Drawing(
        text="StableDiffusionPipeline", width=512, height=512, multiple=64, steps=25, guidance=7.5, sampler="DPMSolverMultistepScheduler", latents="bchw", lora=True,
        activations_mib=1200,
    ),
    note=OPENRAIL,
)  # fmt: skip

LCM = hub_card(
    "lcm-dreamshaper-7", "LCM Dreamshaper 7, four steps", "SimianLuo/LCM_Dreamshaper_v7",
    {
        "unet/diffusion_pytorch_model.safetensors": 3_440_000_000, "unet/config.json": 1_730, "vae/diffusion_pytorch_model.safetensors": 335_000_000, "vae/config.json": 650,
        "text_encoder/model.safetensors": 492_000_000, "text_encoder/config.json": 700, **WORDS,
    },
    "MIT", 4_300, "768 pixels in four steps: the quickest of the small ones, and the one to try without a graphics card.", "Takes no negative prompt; fine detail; lettering.",
    drawing=Drawing(
        text="LatentConsistencyModelPipeline", width=768, height=768, multiple=64, steps=4, guidance=8.5, negative=False, latents="bchw", lora=True, activations_mib=2000,
    ),
)  # fmt: skip

SDXL = hub_card(
    "sdxl-base", "Stable Diffusion XL", "stabilityai/stable-diffusion-xl-base-1.0",
    {
        "unet/diffusion_pytorch_model.fp16.safetensors": 5_140_000_000, "unet/config.json": 1_680, "vae/diffusion_pytorch_model.fp16.safetensors": 167_000_000, "vae/config.json": 610,
        "text_encoder/model.fp16.safetensors": 246_000_000, "text_encoder/config.json": 600, "text_encoder_2/model.fp16.safetensors": 1_390_000_000, "text_encoder_2/config.json": 600,
        **MORE_WORDS,
    },
    "CreativeML-OpenRAIL++-M", 13_500, "1024 pixels of any style, on a card with 8 to 12 GB.", "Lettering, hands, counting.",
    drawing=Drawing(
        text="StableDiffusionXLPipeline", width=1024, height=1024, multiple=64, steps=40, guidance=5.0, latents="bchw", lora=True, activations_mib=3500,
    ),
    note=OPENRAIL,
)  # fmt: skip

LIGHTNING = hub_card(
    "sdxl-lightning", "SDXL-Lightning, four steps", "ByteDance/SDXL-Lightning", {"sdxl_lightning_4step_unet.safetensors": 5_140_000_000}, "CreativeML-OpenRAIL++-M", 13_500,
    "Stable Diffusion XL in four steps without guidance: some twenty times less work a picture.",
    "Needs Stable Diffusion XL on this machine, whose text encoders and VAE it takes; takes no negative prompt; fine detail.",
    drawing=Drawing(
        text="StableDiffusionXLPipeline", part="unet", lender="sdxl-base", width=1024, height=1024, multiple=64, steps=4, guidance=0.0, negative=False, sampler="EulerDiscreteScheduler",
        scheduler={"timestep_spacing": "trailing"}, latents="bchw", lora=True, activations_mib=3500,
    ),
    note=OPENRAIL,
)  # fmt: skip

Z_IMAGE = hub_card(
    "z-image-turbo", "Z-Image Turbo, 6B", "Tongyi-MAI/Z-Image-Turbo", {"transformer/*": 24_610_000_000, "text_encoder/*": 8_050_000_000, "vae/*": 168_000_000, **QWEN_WORDS}, "Apache-2.0",
    20_000, "Photographs of 1024 pixels in eight steps; reads long prompts, writes English and Chinese; 16 GB.", "Two seeds look much alike; takes no negative prompt.",
    drawing=Drawing(
        text="ZImagePipeline", width=1024, height=1024, multiple=16, steps=8, guidance=0.0, negative=False, latents="bchw", lora=True, activations_mib=3500,
    ),
)  # fmt: skip

FLUX_SCHNELL = hub_card(
    "flux-1-schnell", "FLUX.1 schnell, 12B", "black-forest-labs/FLUX.1-schnell",
    {"transformer/*": 23_800_000_000, "text_encoder/*": 246_000_000, "text_encoder_2/*": 9_530_000_000, "vae/*": 168_000_000, **MORE_WORDS}, "Apache-2.0", 32_500,
    "Follows prompts closely in four steps.", "Wants 24 GB of graphics memory, or memory beside it; takes no negative prompt.",
    drawing=Drawing(
        text="FluxPipeline", width=1024, height=1024, multiple=16, steps=4, guidance=0.0, negative=False, fixed={"max_sequence_length": 256}, latents="tokens", lora=True,
        activations_mib=3500,
    ),
)  # fmt: skip

FLUX2_KLEIN = hub_card(
    "flux-2-klein-4b", "FLUX.2 klein, 4B", "black-forest-labs/FLUX.2-klein-4B", {"transformer/*": 7_750_000_000, "text_encoder/*": 8_050_000_000, "vae/*": 168_000_000, **QWEN_WORDS},
    "Apache-2.0", 15_500, "Close to much larger models in four steps, on a card with 13 GB or more.", "Takes no negative prompt.",
    drawing=Drawing(
        text="Flux2KleinPipeline", width=1024, height=1024, multiple=16, steps=4, guidance=1.0, negative=False, latents="tokens", lora=True, activations_mib=3500,
    ),
)  # fmt: skip

CARDS: tuple[Card, ...] = (Z_IMAGE, FLUX2_KLEIN, FLUX_SCHNELL, SDXL, LIGHTNING, SD15, LCM)
