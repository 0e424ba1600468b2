"""The provider `pocket`: small diffusion models of the paper-cut world, trained by Kinora's own scripts. One clip from one sentence, on two processor cores.

`flow` draws pictures and moves them along a motion field; the other methods denoise every frame (`frames`). See those modules.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.task import Event, Note, Stage
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext

HONOURS = frozenset(
    {
        "negative_prompt", "prompts", "seconds", "fps", "width", "height", "camera", "motion", "loop", "steps", "guidance", "method", "long_method", "interpolate", "upscale",
        "first_image", "last_image", "images", "candidates",
    }
)  # fmt: skip


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str) -> Iterator[Event | Made]:
    """Makes the clip STEM.mp4. A draft takes half of the steps and keeps its latents, from which finishing goes on with the same bits."""
    yield Stage("loading", "Loading the pocket models")
    from engine.tasks.text_to_video.pocket.flow import make_moved
    from engine.tasks.text_to_video.pocket.frames import make_frames
    from engine.tasks.text_to_video.pocket.job import Job
    from engine.tasks.text_to_video.pocket.models import leased
    from engine.tasks.text_to_video.pocket.wording import told

    with leased(run) as pocket:
        yield Stage("reading", "Reading the prompt")
        readings = [told(request, seed, moment.prompt) for moment in schedule(request)]
        for reading in readings:
            yield from (Note(text) for text in reading.notes)
        run.checkpoint()
        job = Job(request, run, seed, stem, pocket, readings, details={"wording": [reading.sentence for reading in readings]})
        yield from (make_moved if request.method == "flow" else make_frames)(job)
