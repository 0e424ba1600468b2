"""Cards of LTX (Lightricks): LTX-Video 0.9.x and LTX-2, which draws its sound too. Frame counts 8k+1; sizes are multiples of 32.

Pictures can stand at the beginning, at the end and between. Schedules, guidance and the figures of decoding are those that the pipelines and the documentation of diffusers give.
"""

from __future__ import annotations

from engine.catalog.drawing import Conditions, Drawing, Upscaling
from engine.catalog.hub import hub_card

ENCODER = {"text_encoder/*": 19_050_000_000, "tokenizer/*": 2_600_000, "scheduler/*": 1_000, "model_index.json": 500}
VIDEO_LICENCE = "LTXV Open Weights License"
VIDEO_NOTE = "Companies with ten million dollars of yearly revenue or more need another licence from Lightricks; some uses are forbidden."
SOUND_NOTE = "Companies with ten million dollars of yearly revenue or more need a paid licence from Lightricks; some uses are forbidden."

STILLS = Conditions(kind="LTXVideoCondition", picture="image", index="frame_index", ahead=True)
SOUND_STILLS = Conditions(kind="LTX2VideoCondition", picture="frames", index="index", latent=True)

DECODING = {"decode_timestep": 0.05, "decode_noise_scale": 0.025}
"""The VAE takes the last step of denoising itself: where it begins, and with how much noise."""

NO_DRAFTS = {"drafts": False}
"""With pictures, fresh noise is laid on them at each step: a call that begins in the middle draws another. The distilled model is called without it. LTX-2 makes no drafts at all:
its callback tells the latents of the pictures, not those of the sound."""

TWICE = Upscaling(card="ltx-upscaler", library="ltx", pipeline="LTXLatentUpsamplePipeline", steps=10, walked=4, fixed={"denoise_strength": 0.4})
"""As the documentation of diffusers has it for 0.9.7: the last four of ten steps."""

TWICE_DISTILLED = Upscaling(
    card="ltx-upscaler", library="ltx", pipeline="LTXLatentUpsamplePipeline", adain=1.0, tone_map=0.6, steps=4, walked=3, fixed={"denoise_strength": 0.999, "timesteps": [1000, 909, 725, 421]}
)
"""The same for 0.9.8 distilled: the first of the listed steps is left out. The list there ends with 0, a step that changes nothing."""

TWICE_SOUND = Upscaling(
    card="ltx-2-upscaler", library="ltx2", pipeline="LTX2LatentUpsamplePipeline", steps=3, walked=3, raw=True, lora="ltx-2-19b-distilled-lora-384.safetensors",
    fixed={"sigmas": [0.909375, 0.725, 0.421875], "noise_scale": 0.909375}, guidance=1.0, scheduler={"use_dynamic_shifting": False, "shift_terminal": None},
)  # fmt: skip
"""The same for LTX-2: three steps without guidance, in which the model wears what makes it its distilled sister. Pictures and sound are walked together."""

SMALL = hub_card(
    "ltx-video-2b", "LTX-Video 0.9.5, 2B", "Lightricks/LTX-Video-0.9.5", {"transformer/*": 7_700_000_000, "vae/*": 2_490_000_000, **ENCODER}, VIDEO_LICENCE, 16_000,
    "The quickest of its size: five seconds in less than a minute on a card with 12 GB, from words and from pictures at any moment.", "Hands, much that moves at once, short prompts.",
    drawing=Drawing(
        text="LTXConditionPipeline", image="LTXConditionPipeline", last=True, conditions=STILLS, width=768, height=512, multiple=32, frames=121, most=257, every=8, fps=24,
        rate_name="frame_rate", steps=40, guidance=3.0, fixed=DECODING, latents="tokens", pictured=NO_DRAFTS, lora=True, activations_mib=1800,
    ),
    note=VIDEO_NOTE,
)  # fmt: skip

LARGE = hub_card(
    "ltx-video-13b", "LTX-Video 0.9.7, 13B", "Lightricks/LTX-Video-0.9.7-dev", {"transformer/*": 26_100_000_000, "vae/*": 2_490_000_000, **ENCODER}, VIDEO_LICENCE, 37_000,
    "Finer and steadier than the 2B model, from words and from pictures at any moment.", "Wants 24 GB of graphics memory, or patience.",
    drawing=Drawing(
        text="LTXConditionPipeline", image="LTXConditionPipeline", last=True, conditions=STILLS, width=832, height=480, multiple=32, frames=121, most=257, every=8, fps=24,
        rate_name="frame_rate", steps=30, guidance=3.0, fixed=DECODING, latents="tokens", pictured=NO_DRAFTS, lora=True, upscaling=TWICE, activations_mib=3000,
    ),
    note=VIDEO_NOTE,
)  # fmt: skip

DISTILLED = hub_card(
    "ltx-video-13b-distilled", "LTX-Video 0.9.8, 13B, eight steps", "Lightricks/LTX-Video-0.9.8-13B-distilled",
    {"transformer/*": 26_100_000_000, "vae/*": 2_490_000_000, **ENCODER}, VIDEO_LICENCE, 37_000,
    "Eight steps without guidance: many times as quick as the 13B model.", "Less variety between takes; a negative prompt does nothing.",
    drawing=Drawing(
        text="LTXConditionPipeline", image="LTXConditionPipeline", last=True, conditions=STILLS, width=832, height=480, multiple=32, frames=121, most=257, every=8, fps=24,
        rate_name="frame_rate", steps=8, timesteps=(1000, 993, 987, 981, 975, 909, 725, 0.03), guidance=1.0, negative=False, fixed={**DECODING, "image_cond_noise_scale": 0.0},
        latents="tokens", lora=True, upscaling=TWICE_DISTILLED, activations_mib=2500,
    ),
    note=VIDEO_NOTE,
)  # fmt: skip

SOUND_PARTS = {
    "transformer/*": 37_800_000_000, "vae/*": 2_450_000_000, "audio_vae/*": 107_000_000, "vocoder/*": 111_000_000, "connectors/*": 2_860_000_000,
    "text_encoder/*": 24_400_000_000, "tokenizer/*": 40_000_000, "scheduler/*": 1_000, "model_index.json": 1_000,
}  # fmt: skip

SOUND = hub_card(
    "ltx-2", "LTX-2, 19B, with sound", "Lightricks/LTX-2", SOUND_PARTS, "LTX-2 Community License", 65_000,
    "Pictures and their sound in one go: speech, steps, weather; from words and from pictures at any moment.", "Needs a large graphics card or much memory beside it; music; long speech.",
    drawing=Drawing(
        text="LTX2Pipeline", image="LTX2ConditionPipeline", last=True, conditions=SOUND_STILLS, width=768, height=512, multiple=32, frames=121, most=241, every=8, fps=24,
        rate_name="frame_rate", steps=30, guidance=3.0, fixed={"spatio_temporal_guidance_blocks": [29], "use_cross_timestep": False}, latents="tokens", drafts=False, lora=True,
        sound=True, upscaling=TWICE_SOUND, activations_mib=4500,
    ),
    note=SOUND_NOTE,
)  # fmt: skip

SOUND_LATER = hub_card(
    "ltx-2-3", "LTX-2.3, 22B, with sound", "diffusers/LTX-2.3-Diffusers", {**SOUND_PARTS, "transformer/*": 44_000_000_000}, "LTX-2 Community License", 71_000,
    "As LTX-2, with a clearer sound and finer detail.", "Needs a large graphics card or much memory beside it; music; long speech.",
    drawing=Drawing(
        text="LTX2Pipeline", image="LTX2ConditionPipeline", last=True, conditions=SOUND_STILLS, width=768, height=512, multiple=32, frames=121, most=241, every=8, fps=24,
        rate_name="frame_rate", steps=30, guidance=3.0, fixed={"spatio_temporal_guidance_blocks": [28]}, latents="tokens", drafts=False, lora=True, sound=True,
        activations_mib=5000,
    ),
    note=SOUND_NOTE,
)  # fmt: skip

CARDS = (SMALL, LARGE, DISTILLED, SOUND, SOUND_LATER)
