"""The Talking head tab: a portrait and a voice become a speaking, laughing face."""

from __future__ import annotations

from engine.tasks.talking_head.request import TalkingHeadRequest
from studio.clips import speakers_field
from studio.heads import FaceField, VoiceField
from studio.tab import Example, Tab

TAB = Tab(
    id="talking-head",
    title="Talking head",
    task="talking-head",
    help="Give a face and a voice: a recording, or a text that a built-in voice says. Laughter in the voice makes the face laugh. "
    "Use faces of people who agreed to it; every result says in its file that it is AI-generated.",
    front=("intensity", "sway", "still"),
    widgets=(FaceField(), VoiceField(), speakers_field(TalkingHeadRequest, "talking-head-speakers")),
    more=(
        ("Liveliness", ("blink", "gaze", "brows")),
        ("Other faces", ("speakers",)),
        ("Clip", ("captions", "fps", "max_side", "seed", "method", "label")),
    ),
    examples=(
        Example("Nora says hello", {"portrait": "nora.jpg", "text": "Hello! I am only a piece of paper, but I can talk. Give me your own voice, and I will say it, too."}),
        Example(
            "Sami is happy",
            {"portrait": "sami.jpg", "text": "Did you hear? They all came to my party! I am so glad.", "expressions": [{"start": 0.2, "end": 3.2, "kind": "smile", "strength": 1.0}]},
        ),
    ),
)
