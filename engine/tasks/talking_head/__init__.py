"""Talking head: a portrait and a voice become a speaking, laughing face; a speaker's video gets a new voice. Light; the recipe loads OpenCV when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.errors import InvalidInput
from engine.task import Event, Task
from engine.tasks.talking_head.request import TalkingHeadRequest

if TYPE_CHECKING:
    from engine.context import RunContext

SYLLABLE = 0.075
"""Rough seconds of speech for a letter of text, for the estimate."""


class TalkingHead(Task[TalkingHeadRequest]):
    """Provider: `mesh-drive` (embedded, everywhere). Diffusion providers take the same request and the same acting."""

    id, version, title = "talking-head", 1, "Talking head"
    request_type = TalkingHeadRequest
    default_rate = 0.08

    def check(self, request: TalkingHeadRequest) -> None:
        if request.portrait is None and request.video is None:
            raise InvalidInput("there is no face", fix="give a portrait, or a video of a speaker", field="portrait")
        if request.portrait is not None and request.video is not None:
            raise InvalidInput("a portrait and a video are given", fix="give one of them", field="video")
        if request.audio is None and not request.text.strip():
            raise InvalidInput("there is no voice", fix="give a recording, or write what a voice should say", field="audio")
        if request.audio is not None and request.text.strip():
            raise InvalidInput("a recording and a text are given", fix="give one of them", field="text")

    def work(self, request: TalkingHeadRequest) -> float:
        return 15.0 + self._seconds(request) * request.fps * (1.6 if request.video else 1.0)

    def memory_mib(self, request: TalkingHeadRequest) -> float:
        return 220.0 + 60.0 * (request.max_side / 1024) ** 2

    def disk_mib(self, request: TalkingHeadRequest) -> float:
        return 1.0 + 0.35 * self._seconds(request) * (request.max_side / 1024) ** 2

    def fit(self, request: TalkingHeadRequest, memory_mib: float) -> TalkingHeadRequest:
        while self.memory_mib(request) > memory_mib and request.max_side > 128:
            request = request.model_copy(update={"max_side": max(128, int(request.max_side * 0.8))})
        return request

    def run(self, request: TalkingHeadRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.talking_head.recipe import speak

        yield from speak(request, run)

    def _seconds(self, request: TalkingHeadRequest) -> float:
        """The voice's length as far as it is known without opening it: that of the text, or by the file's size at the rate of spoken MP3."""
        if request.audio is None:
            return 0.5 + SYLLABLE * len(request.text) / request.speed
        try:
            size = request.audio.stat().st_size
        except OSError:
            return 10.0
        rate = 96_000 if request.audio.suffix.lower() in (".wav", ".aif", ".aiff", ".flac") else 16_000
        return min(max(size / rate, 1.0), 600.0)


TASK = TalkingHead()
