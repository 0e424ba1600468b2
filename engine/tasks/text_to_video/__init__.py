"""Text to video: a sentence becomes a clip. This module is light; the recipe loads numpy and OpenCV when it runs.

Providers: `diorama` (embedded: the sentence is parsed into a scene of the paper-cut world, which is rendered exactly). The pocket diffusion models and
the hub's models are further values of `model`, each with a recipe of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.errors import InvalidInput
from engine.task import Event, Task
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext

LONGEST_SHAPE = 4.0


class TextToVideo(Task[TextToVideoRequest]):
    """One sentence, one clip."""

    id, version, title = "text-to-video", 1, "Text to video"
    request_type = TextToVideoRequest
    default_rate = 0.02

    def check(self, request: TextToVideoRequest) -> None:
        if not request.prompt.strip():
            raise InvalidInput("the prompt is empty", fix="write what should be seen, for example: a red boat sails to the left at sunset", field="prompt")
        if max(request.width, request.height) > LONGEST_SHAPE * min(request.width, request.height):
            raise InvalidInput(f"{request.width}x{request.height} is longer than 4 to 1", fix="make width and height more alike", field="width")

    def work(self, request: TextToVideoRequest) -> float:
        return (request.seconds * request.fps + 40) * request.width * request.height / 512**2

    def memory_mib(self, request: TextToVideoRequest) -> float:
        return 150.0 + 250.0 * request.width * request.height / 512**2

    def disk_mib(self, request: TextToVideoRequest) -> float:
        return 1.0 + 0.5 * request.seconds * request.width * request.height / 512**2

    def fit(self, request: TextToVideoRequest, memory_mib: float) -> TextToVideoRequest:
        while self.memory_mib(request) > memory_mib and min(request.width, request.height) > 80:
            request = request.model_copy(update={"width": int(request.width * 0.8), "height": int(request.height * 0.8)})
        return request

    def run(self, request: TextToVideoRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.text_to_video.diorama import draw

        yield from draw(request, run)


TASK = TextToVideo()
