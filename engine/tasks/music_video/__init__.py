"""Music video: a song drives pictures, on the beat. Light; the recipe loads torch and OpenCV when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.task import Event, Task
from engine.tasks.music_video.request import MusicVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext


class MusicVideo(Task[MusicVideoRequest]):
    """Provider: `pocket` (embedded): the walk of Generative Disco (Liu et al., 2023) with the pocket diffusion model; photos and clips beside it."""

    id, version, title = "music-video", 1, "Music video"
    request_type = MusicVideoRequest
    default_rate = 0.05

    def work(self, request: MusicVideoRequest) -> float:
        seconds = self._seconds(request)
        size = request.width * request.height / 512**2
        return 60.0 + seconds * (request.drawn * 14.0 * request.steps / 12 * (0.5 + size) + request.fps * (0.3 + 0.9 * size))

    def memory_mib(self, request: MusicVideoRequest) -> float:
        return 350.0 + 1.0 * self._seconds(request) + 90.0 * request.width * request.height / 512**2 * request.drawn

    def disk_mib(self, request: MusicVideoRequest) -> float:
        return 1.0 + 0.3 * self._seconds(request) * request.width * request.height / 512**2

    def fit(self, request: MusicVideoRequest, memory_mib: float) -> MusicVideoRequest:
        while self.memory_mib(request) > memory_mib and min(request.width, request.height) > 128:
            request = request.model_copy(update={"width": int(request.width * 0.8) // 16 * 16, "height": int(request.height * 0.8) // 16 * 16})
        return request

    def run(self, request: MusicVideoRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.music_video.recipe import make

        yield from make(request, run)

    def _seconds(self, request: MusicVideoRequest) -> float:
        """The length as far as it is known without opening the song: that of the excerpt or the plan, or by the file's size."""
        if request.excerpt_end is not None:
            return request.excerpt_end - (request.excerpt_start or 0.0)
        if request.intervals:
            return request.intervals[-1].end
        try:
            size = request.audio.stat().st_size
        except OSError:
            return 30.0
        return min(max(size / (176_000 if request.audio.suffix.lower() in (".wav", ".aif", ".aiff") else 24_000), 1.0), 1200.0)


TASK = MusicVideo()
