"""Card of SANA-Video (NVIDIA): a small model with linear attention, quick at 480p. Frame counts 4k+1; sizes are those that it was taught, near the asked shape.

The strength of motion stands as a score at the prompt's end; 30 is the makers' own.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing, Motion
from engine.catalog.hub import hub_card

WORDS = hub_card(
    "sana-video-2b", "SANA-Video, 2B", "Efficient-Large-Model/SANA-Video_2B_480p_diffusers",
    {"transformer/*": 8_200_000_000, "vae/*": 508_000_000, "text_encoder/*": 5_230_000_000, "tokenizer/*": 40_000_000, "scheduler/*": 1_000, "model_index.json": 500},
    "NVIDIA Open Model License", 10_000,
    "Five seconds of 480p from words or a picture, several times as quick as others of its size; motion can be told by strength.", "Faces far away, hands, writing.",
    drawing=Drawing(
        text="SanaVideoPipeline", image="SanaImageToVideoPipeline", width=832, height=480, multiple=32, frames=81, most=81, frames_name="frames", fps=16, steps=50, guidance=6.0,
        motion=Motion(words=" motion score: {:.0f}.", values=(5, 30, 60)), exact=("vae",), lora=True, activations_mib=2500,
    ),
    note="NVIDIA's own terms: read them before you publish.",
)  # fmt: skip

CARDS = (WORDS,)
