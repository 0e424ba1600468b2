"""Subjects replaced, removed or set before another background by Wan VACE (Jiang et al., 2025): it draws what a mask hides in a clip, from words and from a picture, and sees the rest.

The hidden part is grey and a mask says so, as it was taught; who is to stand there comes cut out of its own background, on white. See `engine.tasks.subject_swap.large` for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.hub.known import known_clip
from engine.hub.pipeline import Wish
from engine.hub.session import Session
from engine.media.frames import Pictures
from engine.media.images import read_image
from engine.tasks.subject_swap.large import LargeLook, Masks, View
from engine.tasks.subject_swap.models import ACTIONS, EDITORS
from engine.tasks.subject_swap.replace import reference_of
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision.edges import alpha_of
from engine.vision.transplant.cutout import SIDE

if TYPE_CHECKING:
    from engine.context import RunContext

GROWN = 0.05
"""By how much of its longer side a mask grows: a new thing has another outline, and the old one's rim must not show. The request's `scale` grows it further."""

MARGIN = 0.08
"""White around the new subject's picture, as a share of its longer side."""

WHITE = 255

EMPTY = "the empty place, background only, nobody and nothing there"
"""What is asked for where a subject is removed and no words are given."""

AVOIDED = "blurred details, subtitles, worst quality, low quality, compression artefacts, ugly, deformed, extra limbs, still picture, messy background"
"""What should not be seen: faults that the model was taught to tell."""


class EditedLook(LargeLook):
    """See `LargeLook`: actions replace, remove and background."""

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        """Raises also `InvalidInput` for an action that the editor does not know, and when it is not said who or what should be seen."""
        card = EDITORS[request.drawing]
        if request.action not in ACTIONS[card.id]:
            raise InvalidInput(f"{card.title} does not {request.action}", fix=f"choose one of the actions {', '.join(ACTIONS[card.id])}, or another drawing", field="action")
        self.words = words_of(request)
        self._grown = GROWN + max(0.0, request.scale - 1.0) / 2
        super().__init__(card, request, run, frames, masks, shots)
        self.references = self._references()
        if self.references and not self.words:
            self.notes.append("Words beside the picture help: say who it is and what they do.")

    def hidden(self, mask: np.ndarray) -> np.ndarray:
        """See `LargeLook`. Around the subject; for another background, all but the subject."""
        return ~mask if self.request.action == "background" else room_around(mask, self._grown, self.request.mask.feather)[0]

    def share(self, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """See `LargeLook`."""
        if self.request.action == "background":
            return (1.0 - alpha_of(source, mask, self.request.mask.feather)).astype(np.float32)
        return room_around(mask, self._grown, self.request.mask.feather)[1]

    def seen(self, index: int) -> bool:
        """See `LargeLook`. Another background is drawn on every frame."""
        return self.request.action == "background" or super().seen(index)

    def wish(self, session: Session, view: View) -> Wish:
        """The piece with grey under its mask, the words, and the new subject's picture."""
        from PIL import Image

        given: dict[str, Any] = known_clip(view.pictures, view.hidden)
        if self.references:
            given["reference_images"] = [Image.fromarray(picture) for picture in self.references]
        return Wish(self.words, AVOIDED, view.size, len(view.pictures), view.seed, self.steps, self.guidance, given=given)

    def _references(self) -> list[np.ndarray]:
        """Pictures (h, w, 3) uint8 of what should be seen."""
        request, settings = self.request, self.run.settings
        if request.action == "background":
            return [read_image(request.background.image, settings, max_side=SIDE)] if request.background.image is not None else []
        if request.action != "replace" or request.reference is None:
            return []
        cut = reference_of(request.reference, settings)
        if cut.note:
            self.notes.append(cut.note)
        return [on_white(cut.colours, cut.alpha)]


def words_of(request: SubjectSwapRequest) -> str:
    """What the model is asked for. Raises `InvalidInput` when nothing says what should be seen."""
    said = request.prompt.strip()
    if request.action == "remove":
        return said or EMPTY
    if request.action == "background":
        said = request.background.words.strip() or said
        if not said and request.background.image is None:
            raise InvalidInput("what should be behind is not said", fix="describe it in words, or give a picture of it", field="background.words")
    elif not said and request.reference is None:
        raise InvalidInput("what should stand in the subject's place is not said", fix="give a reference picture, or name the new subject in words", field="reference")
    return said


def room_around(mask: np.ndarray, share: float, feather: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A mask (H, W) bool grown by a share of its longer side, as (H, W) bool, and how much of a new picture is laid in there, as (H, W) float32 in 0..1.

    All of it is inside the mask and half of the room around it; towards the rim of the room it goes over into the source.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return mask, np.zeros(mask.shape, np.float32)
    reach = max(3.0, share * max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)) + feather
    away = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    room = away <= reach
    return room, np.where(room, np.clip(2.0 * (1.0 - away / (reach + 1.0)), 0.0, 1.0), 0.0).astype(np.float32)


def on_white(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8: what was cut out, on white with a margin. colours: (h, w, 3) uint8; alpha: (h, w) float32."""
    edge = round(MARGIN * max(alpha.shape))
    flat = WHITE + alpha[..., None] * (colours.astype(np.float32) - WHITE)
    return np.pad(np.clip(np.rint(flat), 0, 255).astype(np.uint8), ((edge, edge), (edge, edge), (0, 0)), constant_values=WHITE)
