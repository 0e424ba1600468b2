"""The recipe of method `flow`: draw a picture for every prompt, cut it into layers, and move them along the motion field."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch

from engine.diffusion.parts import as_pictures
from engine.errors import InvalidInput
from engine.task import Event, Stage
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.diorama import mixed
from engine.tasks.text_to_video.pocket import drafts
from engine.tasks.text_to_video.pocket.drawing import DRAWN_AT, draw
from engine.tasks.text_to_video.pocket.job import Job
from engine.tasks.text_to_video.pocket.moving import Anchor, blended, layered, phase_of, shares_between
from engine.tasks.text_to_video.prompts import schedule, weights
from engine.tasks.text_to_video.shapes import fitted
from engine.world.weather import Falling


def make_moved(job: Job) -> Iterator[Event | Made]:
    """Makes the clip from pictures that move. Pictures of the user's take the place of drawn ones."""
    request, moments = job.request, schedule(job.request)
    given = job.given()
    for (one, _, _), (other, _, _) in pairwise(given):
        if one == other:
            raise InvalidInput(f"two pictures stand at {one:g} s", fix="give each its own time", field="images")
    anchors: list[Anchor] = []
    if given:
        yield Stage("cutting", "Cutting the pictures")
        for at, picture, seen in given:
            job.run.checkpoint()
            index = max((k for k, moment in enumerate(moments) if moment.at <= at), default=0)
            anchors.append(_cut(job, picture, seen, index, at, job.paces[index].land(at)))
    else:
        kept = drafts.load(request, job.run)
        noisy: list[torch.Tensor] = []
        for index, moment in enumerate(moments):
            drawn = yield from draw(job, index, kept)
            noisy.append(drawn.latents)
            yield Stage("cutting", "Cutting the picture")
            seen = job.pocket.parts.decode(drawn.clean[0], job.run.checkpoint)
            anchors.append(_cut(job, job.enlarged(as_pictures(seen))[0], seen[0], index, moment.at, DRAWN_AT))
        if request.draft:
            job.artifacts["draft"] = drafts.save(job.run.directory / f"{job.stem}-draft.safetensors", noisy, request)

    falling = [Falling(reading.spec.model_copy(update={"seconds": job.lasts, "fps": float(request.fps)}), job.size) for reading in job.readings]

    def ordinary(index: int) -> np.ndarray:
        time = job.time_of(index)
        scenes = weights(moments, min(time, request.seconds))
        shares = shares_between([anchor.at for anchor in anchors], time) if given else scenes
        frame = fitted(blended(anchors, shares, time), *job.size)
        return mixed([(share, fall.over(frame, time * request.motion)) for share, fall in zip(scenes, falling, strict=True) if share > 0])

    yield from job.render(ordinary)


def _cut(job: Job, picture: np.ndarray, seen: torch.Tensor, index: int, at: float, moment: float) -> Anchor:
    one = layered(job.pocket, picture, seen, job.readings[index], moment, phase_of(job.seed), job.request.motion, job.times)
    return Anchor(at, one, job.paces[index])
