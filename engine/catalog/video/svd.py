"""Card of Stable Video Diffusion (Stability AI): 25 frames from one picture, without words. Sizes are multiples of 64.

How much moves is told as a number from 1 to 255; 127 is usual. Its pipeline cannot be interrupted: Stop ends the call, and what it had is decoded.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing, Motion
from engine.catalog.hub import hub_card

PICTURE = hub_card(
    "svd-xt", "Stable Video Diffusion, picture", "stabilityai/stable-video-diffusion-img2vid-xt",
    {
        "unet/diffusion_pytorch_model.fp16.safetensors": 3_050_000_000, "unet/config.json": 1_000, "vae/diffusion_pytorch_model.fp16.safetensors": 196_000_000, "vae/config.json": 600,
        "image_encoder/model.fp16.safetensors": 1_264_000_000, "image_encoder/config.json": 600, "feature_extractor/*": 500, "scheduler/*": 1_000, "model_index.json": 600,
    },
    "Stable Video Diffusion Community License", 4_800,
    "Water, smoke, clouds and gentle camera moves in a photograph, on a card with 12 GB.", "Takes no words; people who walk; clips beyond three seconds.",
    drawing=Drawing(
        image="StableVideoDiffusionPipeline", width=1024, height=576, multiple=64, frames=25, most=25, every=1, fps=7, rate_name="fps", steps=25, guidance=3.0,
        guidance_name="max_guidance_scale", words=False, negative=False, motion=Motion(name="motion_bucket_id", values=(1, 127, 255)), fixed={"noise_aug_strength": 0.02, "decode_chunk_size": 8},
        latents="bfchw", activations_mib=6000,
    ),
    note="Stability AI's own terms, with a limit on commercial use: read them before you publish.",
)  # fmt: skip

CARDS = (PICTURE,)
