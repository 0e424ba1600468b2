"""Drawing one picture by diffusion: candidates, the best chosen halfway, previews that move already."""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple

import numpy as np
import torch

from engine.diffusion.loop import denoise
from engine.diffusion.parts import as_pictures
from engine.errors import InvalidInput
from engine.task import Event, Preview, Progress, Stage
from engine.tasks.text_to_video.pocket import drafts
from engine.tasks.text_to_video.pocket.job import Job, small
from engine.tasks.text_to_video.pocket.moving import CYCLE, Anchor, layered, phase_of

PREVIEW_FRAMES, PREVIEW_FPS = 12, 8.0
DRAWN_AT = 0.5
"""The moment of the clip at which a picture is drawn: motion then goes half the way to either side."""


class Drawn(NamedTuple):
    """A picture as latents, all (1, 1, C, h, w): where the walk stopped, what is clean there, and the noise that it began with (None when a draft went on)."""

    latents: torch.Tensor
    clean: torch.Tensor
    noise: torch.Tensor | None


def draw(job: Job, index: int, kept: tuple[list[torch.Tensor], int] | None = None) -> Generator[Event, None, Drawn]:
    """Draw the picture of prompt `index`.

    Several candidates are begun; halfway the one whose picture fits the sentence best is chosen, and it alone is finished. A draft rests there.
    All prompts start from the same noise, so that their pictures belong together. kept: a draft to go on from.
    """
    request, parts, sentence = job.request, job.pocket.parts, job.readings[index].sentence
    half = drafts.halfway(request)
    states, negative = job.states(sentence)[0], job.states(request.negative_prompt)[0]
    yield Stage("drawing", "Drawing" if len(job.readings) == 1 else f"Drawing picture {index + 1} of {len(job.readings)}")

    def walk(latents: torch.Tensor, start: int, stop: int) -> Generator[Event, None, tuple[torch.Tensor, torch.Tensor]]:
        clean = latents
        steps = denoise(
            parts.unet, job.levels, latents, states, negative=negative, guidance=job.guidance, start_at=start, stop_at=stop, checkpoint=job.run.checkpoint
        )
        for step in steps:
            latents, clean = step.latents, step.x0
            yield Progress("drawing", step.step, job.levels.steps)
            if step.step < job.levels.steps and job.run.wants_preview():
                yield look(job, index, clean)
        return latents, clean

    noise: torch.Tensor | None = None
    if kept is not None and index < len(kept[0]):
        latents = clean = kept[0][index]
        if latents.shape[1:] != (1, *job.cell_shape):
            raise InvalidInput("the draft has another shape", fix="finish it with the width and height that it had", field="continue_run")
    else:
        started = torch.randn((request.candidates, 1, *job.cell_shape), generator=torch.Generator().manual_seed(job.seed))
        latents, clean = yield from walk(started, 0, half)
        best = job.pocket.best(as_pictures(parts.decode(clean[:, 0], job.run.checkpoint)), sentence) if len(latents) > 1 else 0
        latents, clean, noise = latents[best : best + 1], clean[best : best + 1], started[best : best + 1]
    if not request.draft and half < job.levels.steps:
        latents, clean = yield from walk(latents, half, job.levels.steps)
    return Drawn(latents, clean, noise)


def look(job: Job, index: int, clean: torch.Tensor) -> Preview:
    """A moving preview of clean latents (B, 1, C, h, w): the first of them cut and moved at the model's own size."""
    picture = job.pocket.parts.decode(clean[0])
    one = layered(job.pocket, as_pictures(picture)[0], picture[0], job.readings[index], DRAWN_AT, phase_of(job.seed), job.request.motion, 0)
    moves = Anchor(0.0, one, job.paces[index])
    moments = np.linspace(0, min(job.lasts, CYCLE), PREVIEW_FRAMES)
    return Preview(np.stack([small(moves.frame(float(t))) for t in moments]), fps=PREVIEW_FPS)
