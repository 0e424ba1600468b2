"""Cards of Wan (Alibaba): video from words and from a picture, Apache-2.0. Frame counts 4k+1; sizes are multiples of 16, of 32 with the 5B model's VAE.

Steps, guidance and sizes are those that its authors' examples and the pipelines of diffusers give.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card

ENCODER = {"text_encoder/*": 11_360_000_000, "tokenizer/*": 21_000_000, "scheduler/*": 1_000, "model_index.json": 500}

WAN21_SMALL = hub_card(
    "wan-2-1-t2v-1-3b", "Wan 2.1, 1.3B", "Wan-AI/Wan2.1-T2V-1.3B-Diffusers", {"transformer/*": 5_680_000_000, "vae/*": 508_000_000, **ENCODER}, "Apache-2.0", 20_000,
    "The smallest Wan: five seconds of 480p from words, on a card with 8 GB.", "Fine detail, hands, more than one thing that happens.",
    drawing=Drawing(
        text="WanPipeline", width=832, height=480, multiple=16, frames=81, most=81, fps=16, steps=50, guidance=6.0, scheduler={"flow_shift": 8.0}, exact=("vae",), lora=True,
        activations_mib=2600,
    ),
)  # fmt: skip

WAN22_5B = hub_card(
    "wan-2-2-ti2v-5b", "Wan 2.2, 5B", "Wan-AI/Wan2.2-TI2V-5B-Diffusers", {"transformer/*": 20_000_000_000, "vae/*": 2_820_000_000, **ENCODER}, "Apache-2.0", 25_000,
    "Five seconds of 720p at 24 frames a second, from words or from a first picture, on a card with 12 GB or more.", "Faces far away; text.",
    drawing=Drawing(
        text="WanPipeline", image="WanImageToVideoPipeline", width=1280, height=704, multiple=32, frames=121, most=121, fps=24, steps=50, guidance=5.0, exact=("vae",), lora=True,
        activations_mib=5200,
    ),
)  # fmt: skip

WAN22_T2V = hub_card(
    "wan-2-2-t2v-a14b", "Wan 2.2, words, 2 x 14B", "Wan-AI/Wan2.2-T2V-A14B-Diffusers",
    {"transformer/*": 57_000_000_000, "transformer_2/*": 57_000_000_000, "vae/*": 508_000_000, **ENCODER}, "Apache-2.0", 72_000,
    "Among the best open models: two networks, one for the layout and one for the detail.", "Needs a large graphics card or much memory beside it, and minutes a clip.",
    drawing=Drawing(
        text="WanPipeline", width=1280, height=720, multiple=16, frames=81, most=81, fps=16, steps=40, guidance=4.0, fixed={"guidance_scale_2": 3.0}, exact=("vae",), lora=True,
        activations_mib=7000,
    ),
)  # fmt: skip

WAN22_I2V = hub_card(
    "wan-2-2-i2v-a14b", "Wan 2.2, picture, 2 x 14B", "Wan-AI/Wan2.2-I2V-A14B-Diffusers",
    {"transformer/*": 57_000_000_000, "transformer_2/*": 57_000_000_000, "vae/*": 508_000_000, **ENCODER}, "Apache-2.0", 72_000,
    "Going on from a picture, and to a last one: among the best open models.", "Needs a large graphics card or much memory beside it, and minutes a clip.",
    drawing=Drawing(
        image="WanImageToVideoPipeline", last=True, width=1280, height=720, multiple=16, frames=81, most=81, fps=16, steps=40, guidance=3.5, fixed={"guidance_scale_2": 3.5},
        exact=("vae",), lora=True, activations_mib=7000,
    ),
)  # fmt: skip

WAN21_I2V = hub_card(
    "wan-2-1-i2v-14b", "Wan 2.1, picture, 14B", "Wan-AI/Wan2.1-I2V-14B-480P-Diffusers",
    {"transformer/*": 65_600_000_000, "vae/*": 508_000_000, "image_encoder/*": 1_264_000_000, "image_processor/*": 1_000, **ENCODER}, "Apache-2.0", 46_000,
    "Going on from a picture at 480p; an encoder of its own reads the picture, so that it is kept well.", "Older and half as lively as 2.2; needs a large card or much memory beside it.",
    drawing=Drawing(
        image="WanImageToVideoPipeline", width=832, height=480, multiple=16, frames=81, most=81, fps=16, steps=50, guidance=5.0, scheduler={"flow_shift": 3.0},
        exact=("vae", "image_encoder"), lora=True, activations_mib=4500,
    ),
)  # fmt: skip

CARDS = (WAN22_5B, WAN21_SMALL, WAN22_T2V, WAN22_I2V, WAN21_I2V)
