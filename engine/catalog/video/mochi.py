"""Card of Mochi 1 (Genmo): 10B, lively motion at 480p and 30 frames a second. Frame counts 6k+1; sizes are multiples of 16."""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card

WORDS = hub_card(
    "mochi-1", "Mochi 1, 10B", "genmo/mochi-1-preview",
    {
        "transformer/*bf16*": 20_100_000_000, "transformer/config.json": 1_000, "vae/*bf16*": 920_000_000, "vae/config.json": 3_000, "text_encoder/*": 19_050_000_000,
        "tokenizer/*": 2_600_000, "scheduler/*": 1_000, "model_index.json": 500,
    },
    "Apache-2.0", 30_000,
    "Lively, physical motion that follows the prompt closely, in photographs.", "Drawings and cartoons; wants 24 GB of graphics memory.",
    drawing=Drawing(
        text="MochiPipeline", width=848, height=480, multiple=16, frames=85, most=163, every=6, fps=30, steps=64, guidance=4.5, lora=True, activations_mib=6000,
    ),
)  # fmt: skip

CARDS = (WORDS,)
