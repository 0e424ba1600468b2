"""The card of Wan Animate (Alibaba; Cheng et al., 2025): a person of a clip becomes another one, who moves and looks as the first one did. Apache-2.0.

Steps, guidance, shift, rate and the 77 frames of a segment are those of its authors' settings; its replacement takes the clip without the person, and where the person was.
"""

from __future__ import annotations

from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card
from engine.catalog.video.wan import ENCODER

WAN_ANIMATE = hub_card(
    "wan-animate-14b", "Wan 2.2 Animate, 14B", "Wan-AI/Wan2.2-Animate-14B-Diffusers",
    {"transformer/*": 69_100_000_000, "vae/*": 508_000_000, "image_encoder/*": 1_264_000_000, "image_processor/*": 22_000_000, **ENCODER}, "Apache-2.0", 48_000,
    "Putting the person of a picture into a clip, who moves, speaks and looks as the one there did, in the light of the place.",
    "Needs a large graphics card or much memory beside it, and minutes a clip; hands and feet, which its poses lack here; things and animals.",
    drawing=Drawing(
        image="WanAnimatePipeline", driven=True, width=1280, height=720, multiple=16, frames=77, most=77, fps=30, steps=20, guidance=1.0, frames_name="segment_frame_length",
        fixed={"mode": "replace", "prev_segment_conditioning_frames": 1}, scheduler={"flow_shift": 5.0}, exact=("vae", "image_encoder"), drafts=False, lora=True, activations_mib=9000,
    ),
    role="replace a person",
)  # fmt: skip

CARDS = (WAN_ANIMATE,)
