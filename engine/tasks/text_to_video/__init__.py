"""Text to video: a sentence becomes a clip. This module is light; the recipe loads numpy and OpenCV when it runs.

Providers are the values of `model`, each a module with a recipe of its own (`takes.PROVIDERS`): `diorama` (embedded: the sentence is parsed into a scene of
the paper-cut world, which is rendered exactly) and `pocket` (embedded: small diffusion models of that world).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from engine.task import Event, Forecast, Task
from engine.tasks.text_to_video.checks import check
from engine.tasks.text_to_video.cost import clips_of, disk_of, forecast, memory_of, weights_of, work_of
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.settings import Settings


class TextToVideo(Task[TextToVideoRequest]):
    """One sentence, one clip or several takes of it."""

    id, version, title = "text-to-video", 1, "Text to video"
    request_type = TextToVideoRequest
    default_rate = 0.02
    pace = ("model",)

    def check(self, request: TextToVideoRequest) -> None:
        check(request)

    def work(self, request: TextToVideoRequest) -> float:
        return sum(work_of(one) for one in clips_of(request))

    def memory_mib(self, request: TextToVideoRequest) -> float:
        return max(memory_of(one) for one in clips_of(request))

    def forecast(self, request: TextToVideoRequest, settings: Settings) -> Forecast:
        return forecast(request, settings)

    def weights(self, request: TextToVideoRequest, settings: Settings) -> tuple[Path, ...]:
        return weights_of(request, settings)

    def disk_mib(self, request: TextToVideoRequest) -> float:
        return sum(disk_of(one) for one in clips_of(request))

    def fit(self, request: TextToVideoRequest, memory_mib: float) -> TextToVideoRequest:
        while self.memory_mib(request) > memory_mib and request.upscale == "2x":
            request = request.model_copy(update={"upscale": "off"})
        while self.memory_mib(request) > memory_mib and min(request.width, request.height) > 80:
            request = request.model_copy(update={"width": int(request.width * 0.8), "height": int(request.height * 0.8)})
        return request

    def run(self, request: TextToVideoRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.text_to_video.takes import make_all

        yield from make_all(request, run)


TASK = TextToVideo()
