"""Subject swap: someone in a video is removed, replaced or restyled, or everything around them changes. Light; the recipe loads OpenCV when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.errors import InvalidInput
from engine.task import Event, Forecast, Task
from engine.tasks.subject_swap.cost import forecast, large_work, weights_of
from engine.tasks.subject_swap.models import ACTIONS
from engine.tasks.subject_swap.request import SubjectMaskRequest, SubjectSwapRequest

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.settings import Settings

GUESSED_RATE = 25.0
GUESSED_SECONDS = 6.0
PACE = 0.08
"""Work of this task for each unit of a large model's, whose seconds are counted in Text to video's smaller ones."""


def frames_of(request: SubjectMaskRequest) -> float:
    """Frames of a range as far as they are known without opening the file: by its range, else by its size at the rate of a phone."""
    if request.end is not None:
        return GUESSED_RATE * (request.end - request.start)
    try:
        seconds = request.video.stat().st_size / 1_000_000
    except OSError:
        seconds = GUESSED_SECONDS
    return GUESSED_RATE * min(max(seconds - request.start, 1.0), 600.0)


class SubjectSwap(Task[SubjectSwapRequest]):
    """Provider: `embedded` (everywhere): flow, learned colours and remembered looks follow; what was behind comes from other frames; the new subject is moved as the old one moved."""

    id, version, title = "subject-swap", 1, "Subject swap"
    request_type = SubjectSwapRequest
    default_rate = 0.25
    pace = ("drawing",)

    def check(self, request: SubjectSwapRequest) -> None:
        if request.action not in ACTIONS.get(request.drawing, (request.action,)):
            raise InvalidInput(f"the large editor does not know the action {request.action}", fix=f"choose {' or '.join(ACTIONS[request.drawing])}, or another drawing", field="drawing")
        if request.action in ("replace", "both") and request.reference is None and not request.prompt.strip():
            raise InvalidInput("there is nobody to put in their place", fix="give a picture of the new subject, or say it in words", field="reference")
        if request.action == "restyle" and not request.prompt.strip():
            raise InvalidInput("there is no look to give", fix="say how the subject should look, such as blue, pencil or cartoon", field="prompt")

    def work(self, request: SubjectSwapRequest) -> float:
        followed = 10.0 + frames_of(request) * (1.0 + 0.4 * len(request.named)) * max(1.0, (min(request.max_side, 1920) / 640) ** 1.2 / 2)
        return followed + PACE * large_work(request, frames_of(request) / GUESSED_RATE)

    def forecast(self, request: SubjectSwapRequest, settings: Settings) -> Forecast:
        return forecast(request, settings)

    def weights(self, request: SubjectSwapRequest, settings: Settings) -> tuple[Path, ...]:
        return weights_of(request, settings)

    def memory_mib(self, request: SubjectSwapRequest) -> float:
        return 500.0 + 400.0 * (request.max_side / 1920) ** 2

    def disk_mib(self, request: SubjectSwapRequest) -> float:
        return 5.0 + 0.1 * frames_of(request) * (request.max_side / 1280) ** 2

    def fit(self, request: SubjectSwapRequest, memory_mib: float) -> SubjectSwapRequest:
        while self.memory_mib(request) > memory_mib and request.max_side > 256:
            request = request.model_copy(update={"max_side": max(256, int(request.max_side * 0.8))})
        return request

    def run(self, request: SubjectSwapRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.subject_swap.recipe import swap

        yield from swap(request, run)


TASK = SubjectSwap()
