"""The Text to video tab: a sentence becomes a clip."""

from __future__ import annotations

from engine.tasks.text_to_video.checks import scalar_fields
from engine.tasks.text_to_video.request import TextToVideoRequest
from studio.clips import grid_field, pictures_field, prompts_field, shape_field
from studio.prompts import IDEAS, PromptField
from studio.tab import Example, Tab

TAB = Tab(
    id="text-to-video",
    title="Text to video",
    task="text-to-video",
    help="Say what should be seen and what should happen. While you type, the animatic shows what is understood; words that are not known are marked. "
    "With several takes you choose among clips; a draft is quick, and the one that pleases can be finished.",
    front=("seconds", "width", "model"),
    widgets=(
        PromptField("text-to-video"),
        shape_field(TextToVideoRequest, "text-to-video-shape"),
        prompts_field(TextToVideoRequest, "text-to-video-prompts"),
        pictures_field(TextToVideoRequest, "text-to-video-pictures"),
        grid_field(TextToVideoRequest, scalar_fields(), "text-to-video-grid"),
    ),
    more=(
        ("Takes", ("takes", "seed", "draft", "grid")),
        ("Motion", ("camera", "motion", "loop", "fps", "interpolate")),
        ("Words and pictures", ("prompts", "negative_prompt", "first_image", "picture_model")),
        ("Diffusion", ("steps", "guidance", "candidates", "method", "long_method", "upscale", "step_cache", "loras")),
    ),
    hidden=("continue_run", "continue_take"),
    examples=(Example("A boat at sunset", {"prompt": IDEAS[0]}),),
)
