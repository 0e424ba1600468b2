"""Cards of AnimateDiff (Guo et al., 2023): a motion module beside any Stable Diffusion 1.5 model of the user's. 16 frames at once, longer by FreeNoise; sizes are multiples of 64.

The card's files are the module alone; words, pictures and style come from the folder that the request's `checkpoint` names. The sampler and its settings are those that the
documentation of diffusers asks for: DDIM with a linear schedule that does not clip.
"""

from __future__ import annotations

from engine.catalog.card import Card
from engine.catalog.drawing import Drawing
from engine.catalog.hub import hub_card


def module(version: str, title: str, size: int, good_at: str) -> Card:
    """A card of one motion module."""
    return hub_card(
        f"animatediff-{version}", title, f"guoyww/animatediff-motion-adapter-{version}", {"config.json": 500, "diffusion_pytorch_model.safetensors": size}, "Apache-2.0", 3_800, good_at,
        "Needs a Stable Diffusion 1.5 model on this machine; clips of two seconds, and little happens in longer ones.",
        drawing=Drawing(
            text="AnimateDiffPipeline", part="motion_adapter", width=512, height=512, multiple=64, frames=16, most=64, every=4, first=0, context=16, free_init=True, fps=8, steps=25,
            guidance=7.5, sampler="DDIMScheduler",
            scheduler={"beta_schedule": "linear", "clip_sample": False, "timestep_spacing": "linspace", "steps_offset": 1}, lora=True, activations_mib=2500,
        ),
        note="The licence of the picture model that you use holds beside it.",
    )  # fmt: skip


CARDS = (
    module("v1-5-3", "AnimateDiff v3, on a model of yours", 1_670_000_000, "Moving what your own Stable Diffusion 1.5 model draws, in its style, on a card with 8 GB."),
    module("v1-5-2", "AnimateDiff v2, on a model of yours", 1_820_000_000, "As v3, with more motion; the motion LoRAs (zoom, pan, tilt, roll) are made for it."),
)
