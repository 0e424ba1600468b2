"""Cards of HunyuanVideo 1.5 (Tencent): 8.3B, from words and from a picture. Frame counts 4k+1; sizes are multiples of 16.

Its pipelines have no callback and no argument for guidance: they are watched at their scheduler, and guidance is set at their guider. From a picture, the size follows from
the picture's shape and the model's own area.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card

PARTS = {
    "transformer/*": 16_700_000_000, "vae/*": 2_520_000_000, "text_encoder/*": 15_200_000_000, "text_encoder_2/*": 440_000_000, "tokenizer/*": 16_000_000,
    "tokenizer_2/*": 15_000, "scheduler/*": 1_000, "guider/*": 1_000, "model_index.json": 1_500,
}  # fmt: skip
LICENCE = "Tencent Hunyuan Community License"
NOTE = "Not licensed in the European Union, the United Kingdom and South Korea; very large services need another licence."

WORDS = hub_card(
    "hunyuan-video-1-5-t2v", "HunyuanVideo 1.5, words", "hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_t2v", PARTS, LICENCE, 34_000,
    "Five seconds of 480p with rich motion, in English and Chinese; writing that stands in quotes is drawn.", "Slow on small cards: the text encoder alone is 15 GB.",
    drawing=Drawing(
        text="HunyuanVideo15Pipeline", width=848, height=480, multiple=16, frames=121, most=121, fps=24, steps=50, guidance=6.0, guidance_name="", activations_mib=5000,
    ),
    note=NOTE,
)  # fmt: skip

PICTURE = hub_card(
    "hunyuan-video-1-5-i2v", "HunyuanVideo 1.5, picture", "hunyuanvideo-community/HunyuanVideo-1.5-Diffusers-480p_i2v",
    {**PARTS, "image_encoder/*": 860_000_000, "feature_extractor/*": 1_000}, LICENCE, 35_000,
    "Going on from a picture that it keeps well.", "Slow on small cards; a last picture.",
    drawing=Drawing(
        image="HunyuanVideo15ImageToVideoPipeline", width=848, height=480, multiple=16, frames=121, most=121, fps=24, steps=50, guidance=6.0, guidance_name="", sized=False,
        activations_mib=5000,
    ),
    note=NOTE,
)  # fmt: skip

CARDS = (WORDS, PICTURE)
