"""Subject motion: the thing of a drawn picture moves along its learnt field while the music sounds, and rests when it rests."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch

from engine.diffusion.parts import as_pictures
from engine.tasks.music_video.pictures import Painter
from engine.tasks.text_to_video.pocket.drawing import DRAWN_AT
from engine.tasks.text_to_video.pocket.moving import layered, phase_of
from engine.tasks.text_to_video.shapes import fitted

ROUND = 4.0
"""Seconds of the thing's own time in which it goes there and back."""


def mover(painter: Painter, still: tuple[str, int], prompt: str) -> Callable[[float], np.ndarray]:
    """From seconds of the thing's own time to (H, W, 3) uint8. A thing without a motion of its own sways."""
    told = painter.told(prompt)
    spec = told.spec
    if spec.subjects and spec.subjects[0].motion == "still":
        spec = spec.model_copy(update={"subjects": (spec.subjects[0].model_copy(update={"motion": "sway"}), *spec.subjects[1:])})
    clean = painter.still(*still, painter.request.guidance)
    seen = painter.pocket.parts.decode(clean[None], painter.run.checkpoint)
    picture = painter.finished(as_pictures(seen))[0]
    with torch.no_grad():
        made = layered(painter.pocket, picture, seen[0], type(told)(spec, still[0], told.notes, told.known), DRAWN_AT, phase_of(still[1]), 1.0, painter.times)

    def at(time: float) -> np.ndarray:
        way = 1.0 - abs((time / (ROUND / 2) + DRAWN_AT) % 2.0 - 1.0)
        return fitted(made.frame(way, DRAWN_AT), painter.request.width, painter.request.height)

    return at
