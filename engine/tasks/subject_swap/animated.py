"""A person replaced by Wan Animate (Cheng et al., 2025): who a picture shows moves as the person of the clip did, with their expressions, in the light of the place.

It is told by four clips: the joints as a skeleton (ViTPose, `engine.vision.skeleton`), the face, the source without the person, and where the person was. A later piece
knows the last frame of the one before: it is part of the clip without the person, with nothing to draw on it, which is what the pipeline itself makes of a long clip's
segments. See `engine.tasks.subject_swap.large` for the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.catalog.card import Card
from engine.errors import InvalidInput, ModelUnavailable
from engine.experts.leasing import lent
from engine.experts.pose import PoseReader, person
from engine.hub.pipeline import Wish
from engine.hub.session import Session
from engine.media.frames import Pictures
from engine.media.images import read_image
from engine.tasks.subject_swap.cost import lacking
from engine.tasks.subject_swap.driving import Drive, read_drive
from engine.tasks.subject_swap.large import LargeLook, Masks, View
from engine.tasks.subject_swap.models import EDITORS
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision import skeleton
from engine.vision.faces.locate import Finder, finder

if TYPE_CHECKING:
    from engine.context import RunContext

GROWN = 0.05
"""By how much of its longer side a mask grows, before it is made of blocks. The request's `scale` grows it further."""

BLOCKS = 10, 20
"""Blocks across and down that the mask's box is divided into; one that is touched is drawn anew as a whole, as the model was taught: the old outline must not tell the new one."""

SOFT = 0.02
"""How far inside its rim the new picture goes over into the source, as a share of the mask's longer side: less than it grows, so that nothing of the old person stays."""

WORDS = "视频中的人在做动作"
"""What the model was taught to be told, "the person in the video is moving", when nothing is said."""

AVOIDED = "blurred details, worst quality, low quality, deformed, extra limbs, bad hands, still picture"
"""What should not be seen; heard only by guidance above 1."""

PICTURE = 1280
"""Pixels of the longer side of the new person's picture."""


class AnimatedLook(LargeLook):
    """See `LargeLook`: the action replace, of one person, by a picture of another one."""

    overlap = 1

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        """Raises also `InvalidInput` without a picture of one new person, and when who is replaced does not look like a person; `ModelUnavailable` names all models that are missing."""
        card = EDITORS[request.drawing]
        if request.reference is None:
            raise InvalidInput(f"{card.title} needs a picture of who should be seen", fix="give a reference picture, or choose another drawing for words", field="reference")
        if len(request.named) > 1:
            raise InvalidInput(f"{card.title} replaces one person at a time", fix="choose one subject, and run again on the result for the next", field="subjects")
        absent = lacking(card, run.settings)
        if absent:
            raise missing(card, absent)
        self._grown = GROWN + max(0.0, request.scale - 1.0) / 2
        self._picture = read_image(request.reference, run.settings, max_side=PICTURE)
        super().__init__(card, request, run, frames, masks, shots)
        self._drive = self._driven()

    @property
    def image(self) -> bool:
        """See `LargeLook`."""
        return True

    def hidden(self, mask: np.ndarray) -> np.ndarray:
        """See `LargeLook`: blocks around the person."""
        return blocks(mask, self._grown, self.request.mask.feather)

    def share(self, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """See `LargeLook`: whole where the person was, softer towards the rim of the blocks."""
        hidden = self.hidden(mask)
        inner = cv2.distanceTransform(np.pad(hidden, 1, mode="edge").astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        return np.where(hidden, np.clip(inner / max(2.0, SOFT * _longer(mask)), 0.0, 1.0), 0.0).astype(np.float32)

    def wish(self, session: Session, view: View) -> Wish:
        """The piece as the four clips that drive the model."""
        from PIL import Image

        side = int(session.pipeline.transformer.config.motion_encoder_size)
        given: dict[str, Iterable[np.ndarray]] = {
            "pose_video": [skeleton.drawn([self._seen_from(frame, view)], view.size, thin=skeleton.ANIMATE) for frame in view.piece.frames],
            "face_video": [self._drive.face(frame, self.frames.read(frame), side) for frame in view.piece.frames],
            "background_video": np.where(view.hidden[..., None], 0, view.pictures).astype(np.uint8),
            "mask_video": view.hidden.astype(np.uint8) * 255,
        }
        words = self.request.prompt.strip() or WORDS
        return Wish(
            words, AVOIDED, view.size, len(view.pictures), view.seed, self.steps, self.guidance, first=self._picture,
            given={name: [Image.fromarray(one) for one in clip] for name, clip in given.items()},
        )  # fmt: skip

    def _seen_from(self, frame: int, view: View) -> np.ndarray:
        """(17, 3) keypoints of a frame in the pixels of a view."""
        points = self._drive.joints(frame).copy()
        for axis, (size, along) in enumerate(zip(view.size, view.box[::-1], strict=True)):
            points[:, axis] = (points[:, axis] + 0.5 - along.start) * size / (along.stop - along.start) - 0.5
        return points

    def _driven(self) -> Drive:
        """How the old person moves, on all frames that are drawn."""
        stretches: list[list[int]] = []
        for piece in self.pieces:
            if not piece.known:
                stretches.append([])
            stretches[-1] += [frame for frame in dict.fromkeys(piece.frames) if frame not in stretches[-1][-len(piece.frames) :]]
        faces = self._faces()
        with lent(self.run, "pose") as reader:
            assert isinstance(reader, PoseReader), "made for this role"
            drive = read_drive(self.frames, self.masks, stretches, reader, faces, self.run.checkpoint)
        if self.pieces and not person(drive.points):
            raise InvalidInput(
                f"{self.request.name_of(0)} does not look like a person", why=f"{self.card.title} moves people by their joints, and few are seen",
                fix="choose a person, or another drawing", field="drawing",
            )  # fmt: skip
        if self.pieces and not np.isfinite(drive.faces).any():
            self.notes.append("No face of the old person is seen: the new one keeps their own expression.")
        return drive

    def _faces(self) -> Finder | None:
        """The face networks, where they are here."""
        with suppress(ModelUnavailable):
            return finder(self.run.settings)
        self.notes.append("Faces are placed by eyes and ears alone. `python app.py fetch mediapipe-face` brings networks that follow them closely.")
        return None


def missing(card: Card, absent: Sequence[Card]) -> ModelUnavailable:
    """The error that names all models which an editor needs and which are not on this machine, with sizes and licences."""
    told = "; ".join(f"{one.title}: {one.bytes / 1e9:.1f} GB, {one.licence}" for one in absent)
    fix = f"fetch them in the engine room or by `python app.py fetch {' '.join(one.id for one in absent)}`"
    return ModelUnavailable(f"{card.title} needs models that are not on this machine", why=told, fix=fix, field="drawing")


def blocks(mask: np.ndarray, share: float, feather: float = 0.0) -> np.ndarray:
    """(H, W) bool: a mask (H, W) bool grown by a share of its longer side, made of the blocks of its box that it touches."""
    longer = _longer(mask)
    if not longer:
        return mask
    reach = max(3.0, share * longer) + feather
    room = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) <= reach
    rows, columns = np.flatnonzero(room.any(axis=1)), np.flatnonzero(room.any(axis=0))
    out = np.zeros_like(mask)
    across, down = (np.unique(np.linspace(ends[0], ends[-1] + 1, count + 1).round().astype(int)) for ends, count in ((columns, BLOCKS[0]), (rows, BLOCKS[1])))
    for top, bottom in zip(down[:-1], down[1:], strict=True):
        for left, right in zip(across[:-1], across[1:], strict=True):
            out[top:bottom, left:right] = room[top:bottom, left:right].any()
    return out


def _longer(mask: np.ndarray) -> float:
    """The longer side of a mask's box in pixels; 0 of an empty one."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return float(max(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1)) if rows.size else 0.0
