"""Subject mask: who is meant in a video, followed through all of it, as a lossless mask clip and as tracks. Light; the recipe loads OpenCV when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.task import Event, Task
from engine.tasks.subject_swap import frames_of
from engine.tasks.subject_swap.request import SubjectMaskRequest

if TYPE_CHECKING:
    from engine.context import RunContext


class SubjectMask(Task[SubjectMaskRequest]):
    """The first three steps of the subject swap alone."""

    id, version, title = "subject-mask", 1, "Subject mask"
    request_type = SubjectMaskRequest
    default_rate = 0.15

    def work(self, request: SubjectMaskRequest) -> float:
        return 5.0 + frames_of(request) * (0.6 + 0.4 * len(request.named))

    def memory_mib(self, request: SubjectMaskRequest) -> float:
        return 450.0

    def disk_mib(self, request: SubjectMaskRequest) -> float:
        return 5.0 + 0.05 * frames_of(request) * (request.max_side / 1280) ** 2

    def run(self, request: SubjectMaskRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.subject_swap.recipe import mask_only

        yield from mask_only(request, run)


TASK = SubjectMask()
