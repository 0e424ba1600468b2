"""The first picture of a clip, drawn from its words by a picture model, for video models that go on from one. It is made, kept and let go of before the video model is opened."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import Cancelled
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.models import PICTURES
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import sized

if TYPE_CHECKING:
    from engine.context import RunContext


def opener(request: TextToVideoRequest, card: Card) -> Card | None:
    """The picture model that draws the first picture for a video model; None when none is asked for, one is given, or the video model takes none."""
    takes = card.drawing is not None and bool(card.drawing.image)
    return PICTURES.get(request.picture_model) if takes and request.first_image is None else None


def picture_size(request: TextToVideoRequest, card: Card) -> tuple[int, int]:
    """(width, height) that a picture model draws: its own area in the shape that was asked for."""
    drawing = card.drawing
    assert drawing is not None
    return sized((drawing.width * drawing.height) ** 0.5, request.width / request.height, drawing.multiple)


def draw_first(request: TextToVideoRequest, run: RunContext, seed: int, card: Card, target: Path) -> Generator[Event, None, dict[str, Any]]:
    """Draw the picture of the words that hold at the beginning, write it to `target` (PNG), and return what the result's document tells of it.

    The seed alone decides about the noise. Raises `ModelUnavailable` with size and licence when the model is not here, and `Cancelled` on Stop: half a picture begins no clip.
    """
    folder = ModelFiles.of(run.settings).path(card)
    from engine.hub.pipeline import Wish
    from engine.hub.session import opened
    from engine.media.images import write_image

    drawing = card.drawing
    assert drawing is not None
    size = picture_size(request, card)
    yield Stage("picture", "Drawing the first picture")
    held: list[str] = []
    try:
        with opened(card, folder, run, image=False, size=size, frames=1) as session:
            held += [] if run.pool is None else [one["key"] for one in run.pool.stats()["models"] if one["users"]]
            run.device = session.device
            yield Note(f"{card.title} draws the first picture, {session.told['placing']}.")
            for note in session.notes:
                yield Note(note)
            wish = Wish(schedule(request)[0].prompt, request.negative_prompt if drawing.negative else "", size, 1, seed, drawing.steps, drawing.guidance)
            for step, look in session.steps(wish):
                yield Progress("picture", step, drawing.steps)
                if look is not None:
                    yield Preview(look, fps=1.0)
            if session.stopped:
                raise Cancelled
            write_image(target, session.frames()[0])
            told = {**session.told, "seed": seed, "size": list(size), "steps": drawing.steps, "guidance": drawing.guidance}
    finally:
        # The video model needs the room, on the card above all.
        for key in held:
            assert run.pool is not None
            run.pool.evict(key)
    run.checkpoint()
    return told
