"""A provider small enough for tests: grey frames whose level comes from seed and steps; a draft keeps its level, and finishing it doubles the frames."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np

from engine.context import RunContext
from engine.errors import Cancelled, OutOfMemory
from engine.task import Event, Meter, Note, Progress, Stage
from engine.tasks.text_to_video.contract import Made, earlier_draft
from engine.tasks.text_to_video.request import TextToVideoRequest

HONOURS = frozenset({"steps", "seconds"})
FAILS = 66
"""So many steps run out of memory."""


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str) -> Iterator[Event | Made]:
    """4 frames of 32x32, or 8 when a draft is finished."""
    yield Stage("grey", "Painting")
    yield Note("grey is all there is")
    if request.steps == FAILS:
        raise OutOfMemory("grey ran out", fix="take fewer steps")
    draft = earlier_draft(request, run)
    level = int(np.random.default_rng(seed).integers(20, 200)) + request.own_steps if draft is None else int(json.loads(draft.read_text())["level"])
    count = 4 if draft is None else 8
    kept = run.directory / f"{stem}-draft.json"
    if request.draft:
        kept.write_text(json.dumps({"level": level}))
    try:
        with run.clip_writer(fps=4, name=f"{stem}.mp4", crf=0) as out:
            for index in range(count):
                run.checkpoint()
                out.write(np.full((32, 32, 3), level, np.uint8))
                yield Progress("grey", index + 1, count)
    except Cancelled:
        if out.frames:
            yield Made(out.path, seed, partial=True)
        raise
    details = {"words": [[0, 3, 0.5]], "level": level}
    yield Made(out.path, seed, meters=(Meter("level", "Level", float(level)),), details=details, artifacts={"draft": kept} if request.draft else {})
