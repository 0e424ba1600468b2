"""What all large editors share: a look that draws a clip piece by piece with a model of a card, through `engine.hub`, and lays what it drew into the source.

An editor is a subclass of `LargeLook` that says what is drawn anew on a frame (`hidden`, `share`), and how its model is asked for a piece (`wish`). Here the clip is cut
into pieces at the rate that the model was taught, each seen through one box; a later piece gets the last frames of the one before; frames that were left out are put
between the drawn ones along their flow; and only where `share` is not 0 does a frame change. Steps, previews and notes come as events while a piece is drawn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.errors import OutOfMemory
from engine.hardware import device_of
from engine.hub.adapters import wanted
from engine.hub.fields import asked
from engine.hub.pipeline import Wish
from engine.hub.session import Extras, Session, opened, resident_mib
from engine.media.frames import Pictures
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.subject_swap.cost import room_of, smaller
from engine.tasks.subject_swap.pieces import OVERLAP, Box, Piece, box_of, hidden_in, pieces_of, seen_in, size_of
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision.interpolation import Passing

if TYPE_CHECKING:
    from engine.context import RunContext

Masks = Callable[[int], np.ndarray]

RING = 0.06
"""Width of the ring around what was drawn anew on which its colours are compared with the source's, as a share of the longer side."""

SHIFT = 24.0
"""Levels of 255 by which colours are put right at the most."""


@dataclass(frozen=True)
class View:
    """A piece as the model sees it. pictures: (F, h, w, 3) uint8, of which the first `piece.known` were drawn by the piece before; hidden: (F, h, w) bool, nothing on known ones.
    box: of the frame; size: (width, height) = (w, h); seed: of this piece."""

    piece: Piece
    box: Box
    size: tuple[int, int]
    pictures: np.ndarray
    hidden: np.ndarray
    seed: int


@dataclass
class _Held:
    """The piece that is shown now."""

    number: int
    view: View
    passing: Passing


class LargeLook(ABC):
    """See `engine.tasks.subject_swap.actions.Look` and `Draws`. `details`: what the result's document tells of the model.

    Raises `ModelUnavailable` with size and licence when the card's model is not here, `OutOfMemory` when nothing of it fits this machine, `InvalidInput` for a LoRA that cannot be.
    """

    needs_plate = False
    overlap = OVERLAP

    def __init__(self, card: Card, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        self.card, self.drawing, self.request, self.run, self.frames, self.masks = card, card.rules, request, run, frames, masks
        self.steps, self.guidance = asked(card.rules, request.steps, request.guidance)
        self.extras = Extras(request.step_cache, tuple(wanted(request.loras, run.settings)))
        self.notes: list[str] = []
        self.details: dict[str, Any] = {}
        self.stopped = False
        self.folder = ModelFiles.of(run.settings).path(card)
        device = device_of(run.settings.device)
        if device.type == "cpu":
            self.notes.append(f"{card.title} works on the processor here: a second of video takes hours. It is meant for a graphics card.")
        room, fit = room_of(card, self.folder, run.settings, device.type, resident_mib(run))
        if room < self.drawing.most:
            self.notes.append(f"Memory holds {room} frames at once, not {self.drawing.most}: the clip is drawn in shorter pieces, {fit.line}.")
        self.pieces = pieces_of(self.seen, shots, frames.fps, self.drawing, most=room, overlap=self.overlap)
        self._held: _Held | None = None

    @abstractmethod
    def hidden(self, mask: np.ndarray) -> np.ndarray:
        """(H, W) bool: what the model does not see of a frame whose subjects are `mask` (H, W) bool, as it draws it anew."""

    @abstractmethod
    def share(self, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(H, W) float32 in 0..1: how much of the drawn picture is laid into a frame. Where it is 0 no bit of the source changes."""

    @abstractmethod
    def wish(self, session: Session, view: View) -> Wish:
        """How the model is asked for a piece: `Wish.given` holds what its pipeline takes besides words and sizes."""

    @property
    def image(self) -> bool:
        """The pipeline's class is the one that begins with a picture."""
        return False

    def seen(self, index: int) -> bool:
        """Anything is drawn anew on a frame."""
        self.run.checkpoint()
        return bool(self.masks(index).any())

    def holds(self, index: int) -> bool:
        """A frame can be had without drawing: it is drawn, or nothing is to be drawn on it."""
        number = self._number(index)
        return number is None or (self._held is not None and self._held.number == number)

    def draws(self, index: int) -> Iterator[Event]:
        """Draw the piece of a frame, unless it is held. Raises `Cancelled` when Stop was pressed before, and `OutOfMemory`; Stop while it is drawn ends it after the step at work."""
        number = self._number(index)
        if number is None or self.holds(index):
            return
        self.run.checkpoint()
        piece = self.pieces[number]
        tail: list[np.ndarray] = []
        if piece.known:
            if self._held is None or self._held.number != number - 1:
                yield from self.draws(self.pieces[number - 1].since)
                self.run.checkpoint()
            tail = [self._laid(frame, self.frames.read(frame)) for frame in piece.frames[: piece.known]]
        view = self._view(number, tail)
        try:
            yield from self._call(number, view)
        except OutOfMemory as error:
            raise smaller(error) from error
        yield Stage("result", "Making frames")

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the source with what was drawn inside the cover, elsewhere its own bits."""
        for _ in self.draws(index):
            pass
        return source if self._number(index) is None else self._laid(index, source)

    def _number(self, index: int) -> int | None:
        """Which piece shows a frame; None where nothing is drawn."""
        return next((number for number, piece in enumerate(self.pieces) if piece.since <= index <= piece.until), None)

    def _view(self, number: int, tail: list[np.ndarray]) -> View:
        """A piece as the model sees it. tail: its known frames."""
        piece = self.pieces[number]
        union = self.hidden(self.masks(piece.frames[0]))
        for frame in range(piece.frames[0] + 1, max(piece.frames[-1], piece.until) + 1):
            union = union | self.hidden(self.masks(frame))
        box = box_of(union)
        size = size_of(box, self.drawing)
        pictures, hidden = [], []
        for place, frame in enumerate(piece.frames):
            self.run.checkpoint()
            known = place < piece.known
            pictures.append(seen_in(tail[place] if known else self.frames.read(frame), box, size))
            hidden.append(np.zeros(size[::-1], bool) if known else hidden_in(self.hidden(self.masks(frame)), box, size))
        return View(piece, box, size, np.stack(pictures), np.stack(hidden), (self.run.seed + number) % 2**32)

    def _call(self, number: int, view: View) -> Iterator[Event]:
        yield Stage("loading", f"Loading {self.card.title}")
        count = len(view.piece.frames)
        with opened(self.card, self.folder, self.run, image=self.image, size=view.size, frames=count, extras=self.extras) as session:
            self.run.device = session.device
            self._tell(session, view)
            early = session.news()
            if number == 0:
                yield Note(f"{self.card.title}: {session.told['placing']}.")
                yield from map(Note, early)
            wish = self.wish(session, view)
            label = f" (piece {number + 1} of {len(self.pieces)})" if len(self.pieces) > 1 else ""
            yield Stage("denoising", f"Drawing {count} frames{label}")
            for step, look in session.steps(wish):
                yield Progress("denoising", number * wish.steps + step, len(self.pieces) * wish.steps)
                if look is not None:
                    yield Preview(self._look(look, view), fps=self.drawing.fps / self.drawing.every)
            yield from map(Note, session.news())
            drawn = session.frames()
            self.stopped = session.stopped
        drawn = matched(drawn, view.pictures, view.hidden)
        self._held = _Held(number, view, Passing(drawn[: len(set(view.piece.frames))]))

    def _tell(self, session: Session, view: View) -> None:
        self.details |= {**session.told, "model_fps": self.drawing.fps, "steps": self.steps, "guidance": self.guidance, "pieces": [len(piece.frames) for piece in self.pieces]}
        self.details.setdefault("drawn_sizes", []).append(list(view.size))

    def _look(self, look: np.ndarray, view: View) -> np.ndarray:
        """A preview (f, h / 8, w / 8, 3) laid into the box as it was."""
        shown = []
        small = view.size[0] // 2, view.size[1] // 2
        for place, one in enumerate(look):
            frame = min(len(view.pictures) - 1, round(place * (len(view.pictures) - 1) / max(1, len(look) - 1)))
            before, drawn = (cv2.resize(picture, small, interpolation=how) for picture, how in ((view.pictures[frame], cv2.INTER_AREA), (one, cv2.INTER_CUBIC)))
            hidden = cv2.resize(view.hidden[frame].astype(np.uint8), small, interpolation=cv2.INTER_NEAREST) > 0
            shown.append(np.where(hidden[..., None], drawn, before))
        return np.stack(shown)

    def _laid(self, index: int, source: np.ndarray) -> np.ndarray:
        """A frame of the piece that is held, laid into its source."""
        assert self._held is not None
        view = self._held.view
        share = self.share(source, self.masks(index))[view.box][..., None]
        if not share.any():
            return source
        wide, high = (side.stop - side.start for side in view.box[::-1])
        drawn = self._held.passing.at(view.piece.where(index))
        if drawn.shape[1::-1] != (wide, high):
            drawn = cv2.resize(drawn, (wide, high), interpolation=cv2.INTER_AREA if wide < drawn.shape[1] else cv2.INTER_CUBIC)
        out = source.copy()
        part = source[view.box]
        out[view.box] = np.where(share > 0, np.clip(part + share * (drawn.astype(np.float32) - part) + 0.5, 0, 255), part).astype(np.uint8)
        return out


def matched(drawn: np.ndarray, pictures: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """Drawn frames (F, h, w, 3) uint8 with the colours of the source: what the model gave back otherwise in the ring around what it drew anew, it drew so inside, too.

    pictures, hidden: as in `View`. One shift for each channel of all frames together, so that nothing flickers.
    """
    reach = max(2, round(RING * max(hidden.shape[1:])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    apart = [(before.astype(np.float32) - after)[ring] for before, after, mask in zip(pictures, drawn, hidden, strict=True) if (ring := (cv2.dilate(mask.astype(np.uint8), kernel) > 0) & ~mask).any()]
    if not apart:
        return drawn
    shift = np.clip(np.median(np.concatenate(apart), axis=0), -SHIFT, SHIFT)
    return np.clip(np.rint(drawn + shift.astype(np.float32)), 0, 255).astype(np.uint8)
