"""Cards of Wan VACE (Alibaba; Jiang et al., 2025): one model that draws clips from words, from pictures at any frame, and inside the mask of a given clip. Apache-2.0.

Steps, guidance and sizes are those that the pipeline of diffusers gives for 480p; it was taught 81 frames at 16 frames a second.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card
from engine.catalog.video.wan import ENCODER

ROLE = "edit video"

RULES = Drawing(
    text="WanVACEPipeline", image="WanVACEPipeline", known=True, last=True, width=832, height=480, multiple=16, frames=81, most=81, fps=16, steps=50, guidance=5.0,
    scheduler={"flow_shift": 3.0}, exact=("vae",), lora=True, activations_mib=3400,
)  # fmt: skip

SMALL = hub_card(
    "wan-vace-1-3b", "Wan 2.1 VACE, 1.3B", "Wan-AI/Wan2.1-VACE-1.3B-diffusers", {"transformer/*": 7_200_000_000, "vae/*": 508_000_000, **ENCODER}, "Apache-2.0", 20_000,
    "Drawing anew what a mask covers in a clip, from words and a picture, moving as a video does; clips from words with pictures of yours at any frame. On a card with 12 GB.",
    "Faces and fine detail; more than 81 frames are drawn piece by piece.", drawing=RULES, role=ROLE,
)  # fmt: skip

LARGE = hub_card(
    "wan-vace-14b", "Wan 2.1 VACE, 14B", "Wan-AI/Wan2.1-VACE-14B-diffusers", {"transformer/*": 63_000_000_000, "vae/*": 508_000_000, **ENCODER}, "Apache-2.0", 48_000,
    "As VACE 1.3B, with people, light and materials that hold up close: the strongest open editor here.", "Needs a large graphics card or much memory beside it, and minutes a clip.",
    drawing=RULES.model_copy(update={"activations_mib": 6500.0}), role=ROLE,
)  # fmt: skip

CARDS = (SMALL, LARGE)
