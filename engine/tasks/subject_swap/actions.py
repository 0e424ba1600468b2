"""What becomes of the subjects, frame by frame: one look for each action."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from engine.errors import InvalidInput
from engine.tasks.subject_swap.models import EDITORS, INPAINTERS

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext
    from engine.media.frames import Pictures
    from engine.task import Event
    from engine.tasks.subject_swap.request import SubjectSwapRequest


class Look(Protocol):
    """One action on one clip. needs_plate: `plate` must be the clip with the subjects removed, else it is the source itself. notes: what the user should know."""

    needs_plate: bool
    notes: list[str]

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of frame `index`. source, plate: (H, W, 3) uint8; mask: (H, W) bool, all chosen subjects. Called for every frame in order."""


@runtime_checkable
class Cuts(Protocol):
    """A look that can give its subjects alone, as they are in the result."""

    def cut(self, index: int, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """(H, W, 4) uint8, straight alpha, colour 0 where alpha is 0. source, mask: as for `Look.frame`, which is asked first for the same frame."""


@runtime_checkable
class Draws(Protocol):
    """A look that works long before some frames. details: what the result's document tells of it, when all is drawn; stopped: Stop ended it in the middle of a piece."""

    details: dict[str, Any]
    stopped: bool

    def holds(self, index: int) -> bool:
        """True when a frame can be had at once."""

    def draws(self, index: int) -> Iterator[Event]:
        """The work before a frame, asked in order; nothing when it is held. Raises `Cancelled` after Stop."""


def export_of(request: SubjectSwapRequest) -> Literal["none", "prores", "vp9"]:
    """The codec of the clip with transparency: the one that was asked for, and ProRes when the result is nothing without one."""
    clear = request.action == "matte" or (request.action in ("background", "both") and request.background.chosen == "transparent")
    return "prores" if clear and request.export == "none" else request.export


def cut_of(look: Look | None, request: SubjectSwapRequest, index: int, source: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(H, W, 4) uint8: what the clip with transparency shows. The subjects of the look, or those of the source where it has none of its own."""
    if isinstance(look, Cuts):
        return look.cut(index, source, mask)
    from engine.vision.edges import cut_out

    return cut_out(source, mask, request.mask.feather)


def look_of(request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Callable[[int], np.ndarray], shots: Sequence[tuple[int, int]]) -> Look:
    """The look for `request.action` (replace, background, both, restyle, matte; remove for large editors alone).

    frames: at the size of the result; masks(i): (H, W) bool of all chosen subjects; if it has an attribute `labels`, labels(i) is (H, W) uint8 with subject k as k + 1, which
    tells several subjects apart. shots: [first, last] inclusive. May read all frames once, on small copies, with bounded memory. Raises `InvalidInput` for words
    that cannot be drawn and files that do not fit.
    """
    if request.drawing in EDITORS:
        if EDITORS[request.drawing].rules.driven:
            from engine.tasks.subject_swap.animated import AnimatedLook

            return AnimatedLook(request, run, frames, masks, shots)
        from engine.tasks.subject_swap.edited import EditedLook

        return EditedLook(request, run, frames, masks, shots)
    if request.drawing in ("pocket", *INPAINTERS) and request.action in ("replace", "both") and request.reference is None:
        from engine.tasks.subject_swap.diffusion import diffusion_look  # type: ignore[import-not-found, unused-ignore]

        return diffusion_look(request, run, frames, masks, shots)
    if request.action == "replace":
        from engine.tasks.subject_swap.replace import ReplaceLook

        return ReplaceLook(request, run, frames, masks, shots)
    if request.action in ("background", "both", "matte"):
        from engine.tasks.subject_swap.background import BackgroundLook

        return BackgroundLook(request, run, frames, masks, shots)
    if request.action == "restyle":
        from engine.tasks.subject_swap.restyle import RestyleLook

        return RestyleLook(request, run, frames, masks, shots)
    raise InvalidInput(f"action={request.action} draws nothing new", fix="choose replace, background, both, restyle or matte", field="action")
