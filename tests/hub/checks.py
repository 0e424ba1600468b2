"""What every card of a large model must be able to do, shown on its tiny copy: used by the tests and by the table of `python -m bench.cards`.

A check is a function of a bed and a card that raises `AssertionError`; it returns a short word for the table.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch

from engine.catalog.card import Card
from engine.context import RunContext
from engine.errors import OutOfMemory
from engine.hub import looks, session
from engine.hub.components import Joined, Place, Swapped
from engine.hub.names import DENOISERS
from engine.hub.pipeline import Wish, arguments, frames_of, prepared
from engine.hub.session import Extras, opened
from engine.residency import ModelPool
from engine.settings import Settings
from tests.hub import tiny

SEED, STEPS = 7, 3

SHRINK = {"wan-2-2-ti2v-5b": 16, "ltx": 32, "sana-video-2b-720p": 32, "flux-2-klein-4b": 16}
"""Pixels of a side that become one place of the latents, by card or family; 8 for the others."""

SPAN = {"cogvideox": 4, "animatediff": 1, "svd": 1}
"""Frames that become one of the latents, by family; where it is not told, the step of the card's counts of frames."""


@dataclass
class Record:
    """One call: its steps, its previews, its frames, and those of the bare pipeline called with the same arguments."""

    wish: Wish
    kind: str
    steps: list[int]
    total: int
    looks: list[np.ndarray]
    frames: np.ndarray
    bare: np.ndarray
    sound: tuple[np.ndarray, int] | None
    refused: OutOfMemory | None
    """What the user was told when memory ran out in the call before."""


@dataclass
class Bed:
    """A data folder with tiny copies, a pool, and what was found out already."""

    root: Path
    pool: ModelPool = field(default_factory=lambda: ModelPool(2**31))
    said: dict[Any, str] = field(default_factory=dict)
    _made: dict[Any, Path] = field(default_factory=dict)
    _records: dict[Any, Record] = field(default_factory=dict)

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.root / "data", device="cpu")

    def folder(self, maker: Callable[[Path], None]) -> Path:
        """What a maker makes, made once."""
        if maker not in self._made:
            self._made[maker] = self.root / "tiny" / f"{len(self._made)}-{maker.__name__}"
            maker(self._made[maker])
        return self._made[maker]

    def place(self, card: Card) -> Place:
        """Where the tiny copy of a card lies. A card without a maker fails here."""
        assert card.drawing is not None
        assert card.id in tiny.MAKERS, f"tests/hub/tiny has no maker for {card.id}"
        folder = self.folder(tiny.MAKERS[card.id])
        if card.drawing.lender:
            return Swapped(self.folder(tiny.MAKERS[card.drawing.lender]), card.drawing.part, folder / card.files[0].name)
        return Joined(self.folder(tiny.animatediff.checkpoint), card.drawing.part, folder) if card.drawing.part else folder

    def context(self, **more: Any) -> RunContext:
        return RunContext("0" * 32, self.root, self.settings, SEED, pool=self.pool, preview_every=0.0, **more)

    def record(self, card: Card, *, image: bool) -> Record:
        """A call that runs out of memory, the one after it, and the same by hand."""
        rules = ruled(card, image=image).drawing
        assert rules is not None
        # Cards of one size class have the same tiny copy and, small, the same rules.
        key = tiny.MAKERS.get(card.id), image, rules.model_dump_json(exclude={"activations_mib", "steps", "most"})
        if key not in self._records:
            self._records[key] = recorded(self, card, image=image)
        return self._records[key]


def modes(card: Card) -> list[bool]:
    """How a card can begin: with words alone (False), with a picture (True)."""
    assert card.drawing is not None
    return ([False] if card.drawing.text else []) + ([True] if card.drawing.image else [])


def ruled(card: Card, *, image: bool, **changes: Any) -> Card:
    """The card with clips of toy size, by its rules for that beginning."""
    made = tiny.small(card, **changes)
    assert made.drawing is not None
    return made.model_copy(update={"drawing": made.drawing.given(image=image)})


def wish_for(card: Card, *, image: bool, **more: Any) -> Wish:
    """What a tiny card is asked to draw."""
    drawing = card.drawing
    assert drawing is not None
    picture = np.random.default_rng(1).integers(0, 255, (drawing.height, drawing.width, 3), dtype=np.uint8) if image else None
    given = {"size": (drawing.width, drawing.height), "frames": drawing.frames, "steps": len(drawing.timesteps) or STEPS, "first": picture, **more}
    if drawing.driven:
        given.setdefault("given", tiny.animate.driving(given["size"], given["frames"]))
    return Wish("a red boat", "grey", seed=SEED, guidance=max(1.0, drawing.guidance), **given)


@contextmanager
def laid(bed: Bed, card: Card, wish: Wish, **context: Any) -> Any:
    """A session of a tiny card. Previews come at every step, measured on noise: stills of the diorama take seconds, and are tested on their own.

    Nothing is collected after it, which takes a second in the large heap of a test run.
    """
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    with patch.object(looks, "stills", lambda: noise), patch.object(session, "SHARE", float("inf")), patch.object(session.gc, "collect", lambda: 0):
        image = wish.first is not None or wish.last is not None or bool(wish.stills)
        with opened(card, bed.place(card), bed.context(**context), image=image, size=wish.size, frames=wish.frames, extras=Extras()) as found:
            yield found


def by_hand(pipeline: Any, card: Card, wish: Wish) -> Any:
    """The result of the pipeline called without the studio."""
    assert card.drawing is not None
    torch.manual_seed(wish.seed)
    with prepared(pipeline, card.drawing, wish):
        return pipeline(**arguments(pipeline, card.drawing, wish))


def recorded(bed: Bed, card: Card, *, image: bool) -> Record:
    small = ruled(card, image=image)
    wish = wish_for(small, image=image)
    refused = None
    try:
        with laid(bed, small, wish) as found:
            net = next(getattr(found.pipeline, name) for name in DENOISERS if getattr(found.pipeline, name, None) is not None)
            hook = net.register_forward_pre_hook(_full)
            try:
                list(found.steps(wish))
            finally:
                hook.remove()
    except OutOfMemory as error:
        refused = error
    with laid(bed, small, wish) as found:
        told = list(found.steps(wish))
        frames, sound = found.frames(), found.sound
        return Record(
            wish, type(found.pipeline).__name__, counted(told), found._watched.total, [look for _, look in told if look is not None], frames,
            frames_of(by_hand(found.pipeline, small, wish)), sound, refused,
        )  # fmt: skip


def counted(told: Any) -> list[int]:
    """The counts of steps that a session told, each once: it repeats the last one, or 0 before the first, while a call that is to stop still works (on a busy machine a step takes over a second)."""
    return list(dict.fromkeys(done for done, _ in told if done))


def _full(*given: Any) -> None:
    raise torch.OutOfMemoryError("no room")


def loads(bed: Bed, card: Card) -> str:
    """The tiny copy is loaded part by part into the classes that the card names."""
    drawing = card.drawing
    assert drawing is not None
    for image in modes(card):
        assert bed.record(card, image=image).kind == (drawing.image if image else drawing.text)
    return "words, picture" if len(modes(card)) > 1 else "picture" if drawing.image else "words"


def steps(bed: Bed, card: Card) -> str:
    """It runs its steps and gives as many frames as asked, of the asked size, the same to the bit as the bare pipeline's."""
    drawing = card.drawing
    assert drawing is not None
    for image in modes(card):
        record = bed.record(card, image=image)
        total = record.wish.steps
        assert record.steps == list(range(1, total + 1))
        assert record.total == total
        count, height, width, colours = record.frames.shape
        assert (count, colours) == (record.wish.frames, 3)
        if drawing.sized:
            assert (width, height) == record.wish.size
        assert record.frames.std() > 1, "one colour"
        assert np.array_equal(record.frames, record.bare)
        assert (record.sound is not None) == drawing.sound
    return "yes, with sound" if drawing.sound else "yes"


def preview(bed: Bed, card: Card) -> str:
    """A preview comes at every step that points to clean latents, as a picture for each of their frames."""
    drawing = card.drawing
    assert drawing is not None
    shrink = SHRINK.get(card.id, SHRINK.get(card.family, 8))
    span = SPAN.get(card.family, drawing.every)
    for image in modes(card):
        record = bed.record(card, image=image)
        height, width = record.frames.shape[1:3]
        assert len(record.looks) >= record.wish.steps - 1
        for look in record.looks:
            assert look.shape == ((record.wish.frames - 1) // span + 1, height // shrink, width // shrink, 3)
            assert look.dtype == np.uint8
    return "yes"


def stops(bed: Bed, card: Card) -> str:
    """Stop after the first step ends the call there, with a clip of what was seen by then."""
    image = modes(card)[0]
    small = ruled(card, image=image)
    wish = wish_for(small, image=image)
    with laid(bed, small, wish, cancelled=lambda: True) as found:
        assert counted(found.steps(wish)) == [1]
        assert found.stopped
        whole = bed.record(card, image=image).frames
        frames = found.frames()
        assert frames.shape == whole.shape
        assert not np.array_equal(frames, whole)
        assert found.sound is None
    return "yes"


def recovers(bed: Bed, card: Card) -> str:
    """Memory that runs out in the middle of a step is told as that, and the next call is as good as any."""
    for image in modes(card):
        record = bed.record(card, image=image)
        assert record.refused is not None, "no error was told"
        assert record.refused.fix
        assert np.array_equal(record.frames, record.bare)
    return "yes"
