"""Stroke motion: draw on a photo, it moves. This module is light; the recipe loads OpenCV when it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.errors import InvalidInput
from engine.task import Event, Task
from engine.tasks.stroke_motion.request import StrokeMotionRequest

if TYPE_CHECKING:
    from engine.context import RunContext


class StrokeMotion(Task[StrokeMotionRequest]):
    """Providers, best first: `mcdiff` (learned; comes with the pocket models), `flow-warp` (embedded, everywhere)."""

    id, version, title = "stroke-motion", 1, "Stroke motion"
    request_type = StrokeMotionRequest
    default_rate = 0.02

    def check(self, request: StrokeMotionRequest) -> None:
        if not any(stroke.kind == "move" for stroke in request.strokes) and request.camera.still:
            raise InvalidInput(
                "nothing would move", why="no move stroke and a still camera", fix="draw a stroke on the picture or set a camera move", field="strokes"
            )

    def work(self, request: StrokeMotionRequest) -> float:
        return request.seconds * request.fps * (request.max_side / 512) ** 2 + 20.0

    def memory_mib(self, request: StrokeMotionRequest) -> float:
        return 150.0 + 120.0 * (request.max_side / 512) ** 2

    def disk_mib(self, request: StrokeMotionRequest) -> float:
        return 1.0 + 0.6 * request.seconds * (request.max_side / 512) ** 2

    def fit(self, request: StrokeMotionRequest, memory_mib: float) -> StrokeMotionRequest:
        while self.memory_mib(request) > memory_mib and request.max_side > 64:
            request = request.model_copy(update={"max_side": max(64, int(request.max_side * 0.8))})
        return request

    def run(self, request: StrokeMotionRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.stroke_motion.recipe import animate

        yield from animate(request, run)


TASK = StrokeMotion()
