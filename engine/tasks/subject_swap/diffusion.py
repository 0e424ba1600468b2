"""Replace by diffusion: `diffusion_look` gives the look that draws the new subject, by the pocket model of the paper-cut world or by Stable Diffusion from a folder."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch

from engine.errors import InvalidInput
from engine.media.frames import Pictures
from engine.tasks.subject_swap.denoised import SHARE, SIDE, WINDOW, Painter, told, whole
from engine.tasks.subject_swap.drawn import meant
from engine.tasks.subject_swap.models import INPAINTERS
from engine.tasks.subject_swap.replace import Masks, Part, ReplaceLook
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.text_to_video.pocket.models import Pocket, leased
from engine.vision.edges import soft
from engine.vision.inpainting import diffuse
from engine.vision.matting import own_colours
from engine.vision.transplant.light import linear
from engine.vision.transplant.motion import Path
from engine.vision.transplant.shape import Shape
from engine.vision.transplant.standin import StandIn
from engine.world.spec import SubjectSpec

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.tasks.subject_swap.actions import Look

LARGE = 2
"""How much finer than the model's pixels a stand-in's own are."""

KEPT = 2
"""Windows of drawn frames that are held."""

RIM = 8
"""Pixels of the model's around the square that are given, a cell of latents: what is around the old subject sets the light, and the thing may lie where the model wants it. A room of the
old one's size cut off wings and rotors."""

SPINNING = 0.6
"""Radians of turn from which a subject spins: a thing of another form takes its way, but stays upright, as the model knows it."""

TURNED = 0.25
"""Share of its width that a subject must go to one side to be drawn as going there."""


def diffusion_look(request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> Look:
    """The look for `drawing` pocket or diffusion; see `engine.tasks.subject_swap.actions.look_of`.

    Raises `InvalidInput` for words that the pocket model has not learnt, and `ModelUnavailable` that says what to fetch.
    """
    if not request.prompt.strip():
        raise InvalidInput("what should stand in the subject's place is not said", fix="name the new subject in words", field="prompt")
    if request.drawing in INPAINTERS:
        from engine.tasks.subject_swap.inpainted import InpaintedLook

        if request.action != "replace":
            raise InvalidInput(f"drawing={request.drawing} draws within the source's own surroundings", fix="choose the action replace, or the drawing pocket or embedded", field="drawing")
        return InpaintedLook(request, run, frames, masks, shots)
    look = PocketLook(request, run, frames, masks, shots)
    if request.action == "both":
        from engine.tasks.subject_swap.background import BackgroundLook

        return BackgroundLook(request, run, frames, masks, shots, look)
    return look


class DrawnBox:
    """A square of the key frame as the model draws it. It lies in the picture where it can: the model knows horizons and grounds where whole pictures have them.

    to_key: 3x3 from its SIDE x SIDE pixels to the key frame's, middles of pixels being whole numbers; room: (SIDE, SIDE) bool, where a new thing may lie.
    """

    def __init__(self, shape: Shape, size: tuple[int, int], share: float = SHARE) -> None:
        x0, y0, x1, y1 = shape.box
        longer = max(x1 - x0, y1 - y0, 1.0)
        side = min(longer / share, max(float(min(size)), longer))
        left, top = (_within(middle - side / 2, side, limit) for middle, limit in zip(((x0 + x1) / 2, (y0 + y1) / 2), size, strict=True))
        scale = side / SIDE
        self.to_key = np.array([[scale, 0.0, left + 0.5 * scale - 0.5], [0.0, scale, top + 0.5 * scale - 0.5], [0.0, 0.0, 1.0]])
        self.room = np.pad(np.ones((SIDE - 2 * RIM, SIDE - 2 * RIM), bool), RIM)


def _within(start: float, side: float, limit: int) -> float:
    """Where an interval begins that lies in 0..limit, or around its middle when it is longer."""
    return (limit - side) / 2 if side > limit else min(max(start, 0.0), limit - side)


def seen_from(picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """`picture` (H, W) or (H, W, 3) on a square of SIDE pixels; matrix: 3x3 from its pixels to the picture's. Beyond the picture its border goes on."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:2, :2]))))
    if scale > 1.3:
        size = tuple(max(1, round(side / scale)) for side in picture.shape[1::-1])
        fx, fy = size[0] / picture.shape[1], size[1] / picture.shape[0]
        picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        matrix = np.array([[fx, 0.0, 0.5 * fx - 0.5], [0.0, fy, 0.5 * fy - 0.5], [0.0, 0.0, 1.0]]) @ matrix
    return cv2.warpAffine(picture, matrix[:2], (SIDE, SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE)


class DenoisedStandIn:
    """A thing drawn by diffusion, window by window (`engine.vision.transplant.standin.StandIn`). `settle` must tell where it stands before it is laid in.

    without: frame, 3x3 from the square's pixels to the frame's -> (SIDE, SIDE, 3) uint8 of that frame without the old subject.
    """

    backdrop: np.ndarray | None = None

    def __init__(self, painter: Painter, latents: torch.Tensor, picture: np.ndarray, cover: np.ndarray, path: Path, without: Callable[[int, np.ndarray], np.ndarray]) -> None:
        self._painter, self._path, self._without = painter, path, without
        self._key, self._latents = picture, latents
        large = painter.pocket.upscaler.enlarge(picture[None])[0]
        mask = cv2.resize(cover.astype(np.float32), (LARGE * SIDE, LARGE * SIDE), interpolation=cv2.INTER_CUBIC) > 0.5
        self._alpha = soft(large, mask)
        self._small = cv2.resize(self._alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        self._corner = float(columns[0]), float(rows[0])
        self.width, self.height = float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])
        self._whole = self._cut(large)
        self._drawn: OrderedDict[int, dict[int, np.ndarray]] = OrderedDict()
        self._place: np.ndarray | None = None

    @property
    def _own(self) -> np.ndarray:
        """3x3 from the pixels of the large square to the stand-in's own, whose origin is the corner of its box."""
        return np.array([[1.0, 0.0, -self._corner[0]], [0.0, 1.0, -self._corner[1]], [0.0, 0.0, 1.0]])

    def settle(self, place: np.ndarray) -> None:
        """Tell where it stands: 3x3 from its own pixels to the key frame's."""
        fine = np.array([[LARGE, 0.0, 0.5 * LARGE - 0.5], [0.0, LARGE, 0.5 * LARGE - 0.5], [0.0, 0.0, 1.0]])
        self._place = place @ self._own @ fine

    def picture(self, scale: float, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """See `StandIn.picture`."""
        if self._place is None:
            return self._whole, self._own
        number = (frame - self._path.first) // (WINDOW - 1)
        if number not in self._drawn:
            self._drawn[number] = self._window(number)
            while len(self._drawn) > KEPT:
                self._drawn.popitem(last=False)
        return self._drawn[number][frame], self._own

    def _window(self, number: int) -> dict[int, np.ndarray]:
        first = self._path.first + number * (WINDOW - 1)
        frames = list(range(first, min(first + WINDOW - 1, self._path.last + 1)))
        pictures = np.stack([self._laid_in(frame) for frame in (self._path.key, *frames)])
        inside = cv2.dilate((self._small > 0.3).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
        drawn = self._painter.together(pictures, inside, self._latents, self._small)[1:]
        large = self._painter.pocket.upscaler.enlarge(drawn, self._painter.checkpoint)
        return {frame: self._cut(one) for frame, one in zip(frames, large, strict=True)}

    def _laid_in(self, frame: int) -> np.ndarray:
        """(SIDE, SIDE, 3) uint8: a frame seen from the subject, with the cut-out laid in."""
        assert self._place is not None, "settled before frames are drawn"
        ground = self._without(frame, self._path.matrix(frame) @ self._place).astype(np.float32)
        share = self._small[..., None]
        return np.clip(ground + share * (self._key - ground) + 0.5, 0, 255).astype(np.uint8)

    def _cut(self, large: np.ndarray) -> np.ndarray:
        """The thing of a large square alone: (h, w, 4) float32 linear light, multiplied by alpha."""
        colours = np.clip(own_colours(large, self._alpha, reach=4.0) + 0.5, 0, 255).astype(np.uint8)
        return np.concatenate([linear(colours) * self._alpha[..., None], self._alpha[..., None]], axis=2)


class PocketLook(ReplaceLook):
    """The pocket model's things in the subjects' places. Where nothing new lies, the plate stays as it is, to the bit."""

    def __init__(self, request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Masks, shots: Sequence[tuple[int, int]]) -> None:
        with ExitStack() as stack:
            self._pocket: Pocket = stack.enter_context(leased(run))
            # The models are held as long as the look is.
            weakref.finalize(self, stack.pop_all().close)
        self._run = run
        super().__init__(request, run, frames, masks, shots)

    def _maker(self, request: SubjectSwapRequest, run: RunContext) -> Callable[[Path, Shape], StandIn]:
        subject = meant(request.prompt)
        self.notes.append(f"Drawn by the pocket model: a {subject.colour} {subject.kind}. It knows the paper-cut world alone.")
        return lambda path, shape: self._stand_in(subject, path, shape)

    def _part(self, path: Path, subject: int, lit: object, make: Callable[[Path, Shape], StandIn], request: SubjectSwapRequest) -> Part:
        self._subject = subject
        if np.abs(path.poses[:, 3]).max() > SPINNING:
            path.poses[:, 3] = 0.0
        part = super()._part(path, subject, lit, make, request)  # type: ignore[arg-type]
        assert isinstance(part.stand_in, DenoisedStandIn), "made by this look"
        part.stand_in.settle(part.place)
        # It is drawn in the place's own light, and is softer than any picture already.
        part.gains, part.soften = np.ones(3, np.float32), 0.0
        return part

    def _stand_in(self, subject: SubjectSpec, path: Path, shape: Shape) -> StandIn:
        number = self._subject

        def without(frame: int, matrix: np.ndarray) -> np.ndarray:
            self._run.checkpoint()
            old = seen_from((self._labels(frame) == number).astype(np.float32), matrix) > 0.05
            picture = seen_from(self._frames.read(frame), matrix)
            old = cv2.dilate(old.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
            return picture if old.all() or not old.any() else np.clip(diffuse(picture.astype(np.float32), old), 0, 255).astype(np.uint8)

        box = DrawnBox(shape, self._size)
        text = told(self._pocket, self._frames.read(path.key), posed(subject, path, shape))
        painter = Painter(self._pocket, text, self._seed, self._run.checkpoint)
        ground, room = without(path.key, box.to_key), box.room
        latents, pictures = painter.candidates(ground, room)
        pieces = [whole(cover, room) for cover in painter.covers(pictures)]
        # Judged as it will be seen: the one piece alone, before the ground as it was.
        shown = np.stack([np.where(piece[..., None], picture, ground) for picture, (piece, _) in zip(pictures, pieces, strict=True)])
        ranks = painter.scores(shown) + np.log([max(one, 1e-3) for _, one in pieces])
        best = int(np.argmax(ranks))
        cover = pieces[best][0] if pieces[best][0].sum() > 64 else room
        return DenoisedStandIn(painter, latents[best], pictures[best], cover, path, without)


def posed(subject: SubjectSpec, path: Path, shape: Shape) -> SubjectSpec:
    """The subject as it should be drawn: large, and going where the old one goes."""
    x0, _, x1, _ = shape.box
    gone = float(path.poses[-1, 0] - path.poses[0, 0])
    motion = "still" if abs(gone) < TURNED * (x1 - x0) else "left" if gone < 0 else "right"
    return SubjectSpec.model_validate({**subject.model_dump(), "size": "large", "motion": motion, "facing": motion if motion != "still" else subject.facing})
