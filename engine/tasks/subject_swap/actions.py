"""What becomes of the subjects, frame by frame: one look for each action."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from engine.errors import InvalidInput

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext
    from engine.media.frames import Pictures
    from engine.tasks.subject_swap.request import SubjectSwapRequest


class Look(Protocol):
    """One action on one clip. needs_plate: `plate` must be the clip with the subjects removed, else it is the source itself. notes: what the user should know."""

    needs_plate: bool
    notes: list[str]

    def frame(self, index: int, source: np.ndarray, mask: np.ndarray, plate: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8 of frame `index`. source, plate: (H, W, 3) uint8; mask: (H, W) bool, all chosen subjects. Called for every frame in order."""


def look_of(request: SubjectSwapRequest, run: RunContext, frames: Pictures, masks: Callable[[int], np.ndarray], shots: Sequence[tuple[int, int]]) -> Look:
    """The look for `request.action` (replace, background, both, restyle, matte).

    frames: at the size of the result; masks(i): (H, W) bool of all chosen subjects; if it has an attribute `labels`, labels(i) is (H, W) uint8 with subject k as k + 1, which
    tells several subjects apart. shots: [first, last] inclusive. May read all frames once, on small copies, with bounded memory. Raises `InvalidInput` for words
    that cannot be drawn and files that do not fit.
    """
    if request.drawing in ("pocket", "diffusion") and request.action in ("replace", "both") and request.reference is None:
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
