"""Cards of CogVideoX (Tsinghua and Zhipu AI): 6 seconds at 8 frames a second. Frame counts 8k+1; one size and shape, which its places are learnt for."""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card

PARTS = {"text_encoder/*": 9_520_000_000, "tokenizer/*": 2_600_000, "vae/*": 431_000_000, "scheduler/*": 1_000, "model_index.json": 500}
LARGE_LICENCE = "CogVideoX License"
LARGE_NOTE = "Free for research; commercial use needs a free registration with the makers."

SMALL = hub_card(
    "cogvideox-2b", "CogVideoX, 2B", "THUDM/CogVideoX-2b", {"transformer/*": 3_390_000_000, **PARTS}, "Apache-2.0", 13_300,
    "Six seconds at 720x480 on a card with 8 GB; long descriptions.", "Eight frames a second: those between are made up. Short prompts, fast motion.",
    drawing=Drawing(
        text="CogVideoXPipeline", width=720, height=480, multiple=16, shaped=False, frames=49, most=49, every=8, fps=8, steps=50, guidance=6.0, latents="bfchw", lora=True,
        activations_mib=2500,
    ),
)  # fmt: skip

LARGE = hub_card(
    "cogvideox-5b", "CogVideoX, 5B", "THUDM/CogVideoX-5b", {"transformer/*": 11_140_000_000, **PARTS}, LARGE_LICENCE, 21_000,
    "Six seconds at 720x480 with better shapes and motion than the 2B model.", "Eight frames a second: those between are made up. Short prompts.",
    drawing=Drawing(
        text="CogVideoXPipeline", width=720, height=480, multiple=16, shaped=False, frames=49, most=49, every=8, fps=8, steps=50, guidance=6.0, fixed={"use_dynamic_cfg": True},
        latents="bfchw", lora=True, activations_mib=3500,
    ),
    note=LARGE_NOTE,
)  # fmt: skip

PICTURE = hub_card(
    "cogvideox-5b-i2v", "CogVideoX, 5B, picture", "THUDM/CogVideoX-5b-I2V", {"transformer/*": 11_200_000_000, **PARTS}, LARGE_LICENCE, 21_000,
    "Going on from a picture for six seconds.", "Only 720x480: other shapes are cut. Eight frames a second.",
    drawing=Drawing(
        image="CogVideoXImageToVideoPipeline", width=720, height=480, multiple=16, shaped=False, frames=49, most=49, every=8, fps=8, steps=50, guidance=6.0,
        fixed={"use_dynamic_cfg": True}, latents="bfchw", lora=True, activations_mib=3500,
    ),
    note=LARGE_NOTE,
)  # fmt: skip

CARDS = (SMALL, LARGE, PICTURE)
