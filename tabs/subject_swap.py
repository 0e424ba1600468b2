"""The Subject swap tab: who is meant in a video, followed through it, and then removed, replaced, or set before another background."""

from __future__ import annotations

from engine.tasks.subject_swap.models import EDITORS, OF_EDITORS
from studio.clips import background_field
from studio.subjects import SubjectField
from studio.tab import Example, Tab

TAB = Tab(
    id="subject-swap",
    title="Subject swap",
    task="subject-swap",
    help="Drop a video and say who is meant: tap a proposal, click, box, brush, or use words. Follow them through the clip, look at the doubtful frames and put them right; "
    "then remove or replace them, or change what is around them.",
    front=("action", "reference", "prompt", "background"),
    widgets=(SubjectField(), background_field("subject-swap-background")),
    more=(
        ("Mask", ("mask", "method")),
        ("New subject", ("strength", "scale", "drawing", "structure", *OF_EDITORS)),
        ("Clip", ("export", "keep_sound", "max_side", "seed")),
    ),
    relevant={
        "reference": ("action", ("replace", "both")),
        "prompt": ("action", ("replace", "both", "restyle")),
        "background": ("action", ("background", "both")),
        "strength": ("action", ("replace", "both", "restyle")),
        "scale": ("action", ("replace", "both")),
        "structure": ("drawing", ("diffusion",)),
        **dict.fromkeys(OF_EDITORS, ("drawing", tuple(EDITORS))),
    },
    examples=(Example("Remove the red car", {"video": "street.mp4", "subjects": [{"words": "the red car"}], "action": "remove"}),),
)
