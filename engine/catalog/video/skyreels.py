"""Cards of SkyReels-V2 (Skywork) with diffusion forcing (Chen et al., 2024): long clips in one call, window by window, each begun with the end of the one before.

Every frame has its own level of noise, so known frames are given clean. `ar_step` 0 denoises the frames of a window together; more lets the later ones lag behind.
Frame counts 4k+1; sizes are multiples of 16. The overlap of 17 frames and the little noise on it (20 of 1000) are the makers' own for long clips.
No drafts: each frame of the latents has a copy of the sampler, all of which look back at earlier steps.
"""

from __future__ import annotations

from engine.catalog.card import Card
from engine.catalog.drawing import Drawing, Windows
from engine.catalog.hub import hub_card

PARTS = {"text_encoder/*": 22_700_000_000, "tokenizer/*": 21_000_000, "vae/*": 508_000_000, "scheduler/*": 1_000, "model_index.json": 500}
LICENCE = "Skywork License"
NOTE = "The makers' own licence: read it before you publish."
MOST = 737
"""Half a minute: what a call of the makers' examples draws on one card."""


def forcing(size: str, title: str, repo: str, transformer: int, memory: int, width: int, height: int, window: int, activations: float, good_at: str, bad_at: str) -> Card:
    """A card of a diffusion forcing model. window: frames that it sees at once."""
    return hub_card(
        f"skyreels-v2-df-{size}", title, repo, {"transformer/*": transformer, **PARTS}, LICENCE, memory, good_at, bad_at,
        drawing=Drawing(
            text="SkyReelsV2DiffusionForcingPipeline", image="SkyReelsV2DiffusionForcingImageToVideoPipeline", last=True, width=width, height=height, multiple=16, frames=window, most=MOST,
            windows=Windows(length=window, overlap=17, length_name="base_num_frames", overlap_name="overlap_history"), fps=24, rate_name="fps", steps=30, guidance=6.0,
            fixed={"ar_step": 0, "addnoise_condition": 20}, scheduler={"flow_shift": 8.0}, pictured={"guidance": 5.0, "steps": 50, "scheduler": {"flow_shift": 5.0}},
            exact=("vae",), drafts=False, lora=True, activations_mib=activations,
        ),
        note=NOTE,
    )  # fmt: skip


CARDS = (
    forcing(
        "1-3b", "SkyReels-V2, long clips, 1.3B", "Skywork/SkyReels-V2-DF-1.3B-540P-Diffusers", 5_700_000_000, 15_000, 960, 544, 97, 3500,
        "Up to half a minute in one piece, from words or from a picture, on a card with 12 GB.", "Fine detail; a story that changes: the prompt holds for the whole clip.",
    ),
    forcing(
        "14b-540p", "SkyReels-V2, long clips, 14B, 540p", "Skywork/SkyReels-V2-DF-14B-540P-Diffusers", 57_000_000_000, 41_000, 960, 544, 97, 5500,
        "Up to half a minute in one piece like a film: camera, light and people.", "Needs a large graphics card or much memory beside it.",
    ),
    forcing(
        "14b-720p", "SkyReels-V2, long clips, 14B, 720p", "Skywork/SkyReels-V2-DF-14B-720P-Diffusers", 57_000_000_000, 41_000, 1280, 720, 121, 9000,
        "Up to half a minute of 720p in one piece like a film.", "Needs a large graphics card, and an hour for long clips.",
    ),
)  # fmt: skip
