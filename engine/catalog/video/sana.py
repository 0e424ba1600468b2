"""Cards of SANA-Video (NVIDIA; Chen et al., 2025): small models with linear attention. Sizes are those that they were taught, near the asked shape.

The one of 480p decodes with the VAE of Wan 2.1 (frame counts 4k+1), the one of 720p with that of LTX-2 (8k+1), whose places are 32 pixels wide: a clip of more than twice the pixels has
less than a third of the tokens. Frames, size, steps and guidance are the makers' own, the flow shift of both is that of their folders' schedulers. The strength of motion stands as
a score at the prompt's end; 30 is the makers' own.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing, Motion
from engine.catalog.hub import hub_card

READER = {"text_encoder/*": 5_230_000_000, "tokenizer/*": 40_000_000, "scheduler/*": 1_000, "model_index.json": 500}
LICENCE = "NVIDIA Open Model License"
NOTE = "NVIDIA's own terms: read them before you publish."
MOTION = Motion(words=" motion score: {:.0f}.", values=(5, 30, 60))

SMALL = hub_card(
    "sana-video-2b", "SANA-Video, 2B", "Efficient-Large-Model/SANA-Video_2B_480p_diffusers", {**READER, "transformer/*": 8_200_000_000, "vae/*": 508_000_000}, LICENCE, 10_000,
    "Five seconds of 480p from words or a picture, several times as quick as others of its size; motion can be told by strength.", "Faces far away, hands, writing.",
    drawing=Drawing(
        text="SanaVideoPipeline", image="SanaImageToVideoPipeline", width=832, height=480, multiple=32, frames=81, most=81, frames_name="frames", fps=16, steps=50, guidance=6.0,
        motion=MOTION, exact=("vae",), lora=True, activations_mib=2500,
    ),
    note=NOTE,
)  # fmt: skip

LARGE = hub_card(
    "sana-video-2b-720p", "SANA-Video, 2B, 720p", "Efficient-Large-Model/SANA-Video_2B_720p_diffusers", {**READER, "transformer/*": 8_200_000_000, "vae/*": 2_450_000_000}, LICENCE, 12_000,
    "Five seconds of 720p from words or a picture, on a card with 24 GB; motion can be told by strength.", "Fine detail, which its VAE packs tightly; faces far away, hands, writing.",
    drawing=Drawing(
        text="SanaVideoPipeline", image="SanaImageToVideoPipeline", width=1280, height=704, multiple=32, frames=81, most=81, every=8, frames_name="frames", fps=16, steps=50, guidance=6.0,
        motion=MOTION, marks={"sample_size": 22}, lora=True, activations_mib=7000,
    ),
    note=NOTE,
)  # fmt: skip

CARDS = (SMALL, LARGE)
