"""What a language model is told, so that it writes a plan. A model's answer is untrusted whatever it was told: see `untrusted`."""

from __future__ import annotations

import json

from engine.movie.plan import MOODS, TEMPOS, TRANSITIONS
from engine.tasks.movie.request import MoviePlanRequest
from engine.tasks.text_to_video.models import draws_anything
from engine.world.spec import CAMERAS, COLOURS, KINDS, MOTIONS, PLACES, TIMES, WEATHERS

EXAMPLE = {
    "title": "…", "logline": "one sentence", "mood": "calm", "hero": {"name": "what the narrator calls it", "phrase": "a small red boat"},
    "scenes": [
        {
            "heading": "…", "prompt": "At dawn, a small red boat sails to the right at sea.", "camera": "zoom in", "seconds": 5, "ambience": ["waves"], "effects": [{"what": "a bell", "at": 1.5}], "music": {"mood": "calm", "tempo": "slow", "words": "soft piano"},
            "transition": "cross-fade", "line": "one short sentence in plain English",
        }
    ],
}  # fmt: skip
"""The shape of an answer."""

ARC = "opening image, who it is about, the wish, setting out, first trouble, a friend, big trouble, low point, climax, closing image"


def messages(request: MoviePlanRequest) -> list[dict[str, str]]:
    """The chat that asks for a plan: what a planner does, then the request as JSON, so that the idea is data and not part of the instruction."""
    if draws_anything(request.video_model):
        drawing = "Prompts are for a text-to-image model: concrete, visual, one action, no names of artists."
    else:
        drawing = (
            f"Prompts are for a small model that draws only these things: {', '.join(KINDS)}; colours: {', '.join(COLOURS)}; places: {', '.join(PLACES)}; times: {', '.join(TIMES)}; weather: {', '.join(WEATHERS)}; "
            f"motions: {', '.join(MOTIONS)}. One or two things a scene. Choose the hero among them; if the idea's hero is not there, choose the nearest and keep its name."
        )
    system = (
        f"You write the plan of a short film for children as one JSON object, and nothing else, in this shape: {json.dumps(EXAMPLE, ensure_ascii=False)} "
        f"Follow this arc as far as there are scenes: {ARC}. The hero's phrase stands word for word in every prompt. Every scene differs in place, time or weather, with sense. "
        f"camera: {', '.join(CAMERAS)}. transition: {', '.join(TRANSITIONS)}. moods: {', '.join(MOODS)}. tempo: {', '.join(TEMPOS)}. A line is spoken in its scene: at most two words for each second. {drawing}"
    )
    asked = {"idea": request.idea, "scenes": request.scenes, "seconds": request.seconds, "mood": request.mood, "style": request.style}
    return [{"role": "system", "content": system}, {"role": "user", "content": json.dumps(asked, ensure_ascii=False)}]
