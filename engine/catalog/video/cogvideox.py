"""Cards of CogVideoX (Tsinghua and Zhipu AI; Yang et al., 2024). The first models draw 6 seconds at 8 frames a second, in frame counts of 8k+1 and one size and shape, which their
places are learnt for.

CogVideoX 1.5 draws 5 or 10 seconds at 16 frames a second, in counts of 16k+1 up to 161. Its net joins two frames of the latents to one, so the pipeline puts one more before those of
a clip, whose count is odd, and cuts it before decoding. From a picture it draws widths from 768 to 1360 at 768 rows (documentation of diffusers): an upright clip is the middle of a
square one. Sampler, steps and guidance are those of the makers' own example for the 5B models.
"""

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

LATER_PARTS = {**PARTS, "text_encoder/*": 19_050_000_000, "vae/*": 862_000_000}
LATER = Drawing(
    text="CogVideoXPipeline", width=1360, height=768, multiple=16, shaped=False, frames=81, most=161, every=16, fps=16, steps=50, guidance=6.0, fixed={"use_dynamic_cfg": True},
    sampler="CogVideoXDPMScheduler", scheduler={"timestep_spacing": "trailing"}, padding=1, marks={"patch_size_t": 2}, latents="bfchw", lora=True, activations_mib=9000,
)  # fmt: skip

LATER_WORDS = hub_card(
    "cogvideox-1-5-5b", "CogVideoX 1.5, 5B", "zai-org/CogVideoX1.5-5B", {"transformer/*": 11_140_000_000, **LATER_PARTS}, LARGE_LICENCE, 21_000,
    "Five or ten seconds at 1360x768 and 16 frames a second: larger and smoother than the first CogVideoX.", "Only 1360x768: other shapes are cut. Short prompts; many minutes a clip.",
    drawing=LATER, note=LARGE_NOTE,
)  # fmt: skip

LATER_PICTURE = hub_card(
    "cogvideox-1-5-5b-i2v", "CogVideoX 1.5, 5B, picture", "zai-org/CogVideoX1.5-5B-I2V", {"transformer/*": 11_140_000_000, **LATER_PARTS}, LARGE_LICENCE, 21_000,
    "Going on from a picture for five or ten seconds at 16 frames a second, square to 16:9.", "Upright clips are cut from square ones. Many minutes a clip.",
    drawing=LATER.model_copy(update={"text": "", "image": "CogVideoXImageToVideoPipeline", "shaped": True, "narrowest": 768}), note=LARGE_NOTE,
)  # fmt: skip

CARDS = (SMALL, LARGE, PICTURE, LATER_WORDS, LATER_PICTURE)
