"""The Text to video tab: a sentence becomes a clip."""

from __future__ import annotations

from studio.prompts import IDEAS, PromptField
from studio.tab import Example, Tab

TAB = Tab(
    id="text-to-video",
    title="Text to video",
    task="text-to-video",
    help="Say what should be seen and what should happen. While you type, the animatic shows what is understood; words that are not known are marked.",
    front=("seconds", "width", "height", "camera"),
    widgets=(PromptField("text-to-video"),),
    hidden=("prompts", "images", "grid", "continue_run", "continue_take"),
    examples=(Example("A boat at sunset", {"prompt": IDEAS[0]}),),
)
