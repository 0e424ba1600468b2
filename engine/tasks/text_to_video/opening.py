"""The first picture of a clip, drawn from its words by a picture model, for video models that go on from one.

Those of all takes are drawn with one opening of the picture model, which is let go of before the video model is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.errors import Cancelled, StudioError
from engine.hub.located import located
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.contract import Cell, Made, Maker
from engine.tasks.text_to_video.models import PICTURES
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import sized

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext


def opener(request: TextToVideoRequest, card: Card) -> Card | None:
    """The picture model that draws the first picture for a video model; None when none is asked for, one is given, or the video model takes none."""
    return PICTURES.get(request.picture_model) if card.rules.image and request.first_image is None else None


def picture_size(request: TextToVideoRequest, card: Card) -> tuple[int, int]:
    """(width, height) that a picture model draws: its own area in the shape that was asked for."""
    drawing = card.rules
    return sized((drawing.width * drawing.height) ** 0.5, request.width / request.height, drawing.multiple)


@dataclass(frozen=True)
class Order:
    """A first picture to draw: for which request and seed, and where it goes (PNG)."""

    request: TextToVideoRequest
    seed: int
    target: Path


def first_picture(run: RunContext, stem: str) -> Path:
    """Where the first picture of a clip lies that was drawn for it."""
    return run.directory / f"{stem}-first.png"


def draw_together(cells: Sequence[tuple[Cell, Card]], run: RunContext, make: Callable[..., Iterator[Event | Made]]) -> Generator[Event, None, dict[str, Maker]]:
    """Draw the first pictures of several clips with one opening of each picture model; returns by their stem the makers of those that have one.

    cells: with the card of the video model of each. make: the provider's maker, which takes as `drawn` what is told of a first picture that lies there already. A picture that is
    needed once is left to its maker, and so is what cannot be drawn: that maker raises the error.
    """
    orders: dict[str, list[tuple[Cell, Order]]] = {}
    for cell, card in cells:
        picture = opener(cell.request, card)
        if picture is not None:
            orders.setdefault(picture.id, []).append((cell, Order(cell.request, cell.seed, first_picture(run, cell.stem))))
    makers: dict[str, Maker] = {}
    for name, due in orders.items():
        if len(due) < 2:
            continue
        try:
            told = yield from draw_pictures([order for _, order in due], run, PICTURES[name])
        except Cancelled:
            raise
        except StudioError as error:
            makers |= {cell.stem: partial(_refused, error) for cell, _ in due}
            continue
        makers |= {cell.stem: partial(make, drawn=one) for (cell, _), one in zip(due, told, strict=True)}
    return makers


def _refused(error: StudioError, *given: Any) -> Iterator[Event | Made]:
    """The maker of a clip whose first picture could not be drawn."""
    raise error
    yield


def draw_pictures(orders: Sequence[Order], run: RunContext, card: Card) -> Generator[Event, None, list[dict[str, Any]]]:
    """Draw the pictures of the words that hold at the beginning, all with one opening of the model; returns what the results' documents tell of each.

    The seed alone decides about the noise; orders that differ in nothing that a picture shows are drawn once. Raises `ModelUnavailable` with size and licence when the model
    is not here, and `Cancelled` on Stop: half a picture begins no clip.
    """
    folder = located(card, run.settings)
    from engine.hub.pipeline import Wish
    from engine.hub.session import opened
    from engine.media.images import write_image

    drawing = card.rules
    wishes = [
        Wish(schedule(one.request)[0].prompt, one.request.negative_prompt if drawing.negative else "", picture_size(one.request, card), 1, one.seed, drawing.steps, drawing.guidance)
        for one in orders
    ]
    alike = [(wish.prompt, wish.negative, wish.size, wish.seed) for wish in wishes]
    count = len(set(alike))
    yield Stage("picture", "Drawing the first picture" if count == 1 else f"Drawing the first pictures of {count} clips")
    held: list[str] = []
    drawn: dict[Any, np.ndarray] = {}
    told: list[dict[str, Any]] = []
    try:
        with opened(card, folder, run, image=False, size=max((wish.size for wish in wishes), key=prod), frames=1) as session:
            held += [] if run.pool is None else [one["key"] for one in run.pool.stats()["models"] if one["users"]]
            run.device = session.device
            yield Note(f"{card.title} draws the first picture, {session.told['placing']}.")
            yield from map(Note, session.news())
            for order, wish, key in zip(orders, wishes, alike, strict=True):
                if key not in drawn:
                    run.checkpoint()
                    before = len(drawn) * drawing.steps
                    for step, look in session.steps(wish):
                        yield Progress("picture", before + step, count * drawing.steps)
                        if look is not None:
                            yield Preview(look, fps=1.0)
                    yield from map(Note, session.news())
                    if session.stopped:
                        raise Cancelled
                    drawn[key] = session.frames()[0]
                write_image(order.target, drawn[key])
                told.append({**session.told, "seed": wish.seed, "size": list(wish.size), "steps": drawing.steps, "guidance": drawing.guidance})
    finally:
        # The video model needs the room, on the card above all.
        for name in held:
            assert run.pool is not None
            run.pool.evict(name)
    run.checkpoint()
    return told
