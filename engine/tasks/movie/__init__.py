"""Movie: a sentence, or the plan of a film, becomes the film (MovieFactory, Zhu et al. 2023). Light; the recipe loads numpy and OpenCV when it runs.

Each scene is a part of its own (`engine.parts`), made by the task that makes such clips; the film is put together from what lies on the shelf. So a change of one
card makes one clip, moving a card makes none, and a film that was stopped goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.errors import InvalidInput
from engine.parts import RunPart
from engine.task import Event, Task
from engine.tasks.movie.request import MovieRequest
from engine.tasks.movie.scenes import parts_of, size_of

if TYPE_CHECKING:
    from engine.context import RunContext


class Movie(Task[MovieRequest]):
    """One film: its scenes made, its sound mixed, its pictures joined."""

    id, version, title = "movie", 1, "Movie"
    request_type = MovieRequest
    default_rate = 0.02

    def check(self, request: MovieRequest) -> None:
        if request.plan is None:
            return
        known = {scene.id for scene in request.plan.scenes}
        for name in request.only:
            if name not in known:
                raise InvalidInput(f"there is no scene {name!r}", fix="name scenes by their ids in the plan", field="only")
        for index, scene in enumerate(request.plan.scenes):
            if scene.source.kind == "head" and not scene.line:
                raise InvalidInput(f"scene {index + 1}: a face has nothing to say", fix="write its line, or choose another source", field=f"plan.scenes[{index}].line")

    def parts(self, request: MovieRequest) -> tuple[RunPart, ...]:
        return parts_of(request)

    def work(self, request: MovieRequest) -> float:
        width, height = size_of(request)
        return self._seconds(request) * 24 * width * height / 512**2

    def memory_mib(self, request: MovieRequest) -> float:
        return 600.0

    def disk_mib(self, request: MovieRequest) -> float:
        width, height = size_of(request)
        return 20.0 + self._seconds(request) * (0.6 * width * height / 512**2 + (1.0 if request.hand_over else 0.0)) * (2.0 if request.hand_over else 1.0)

    def run(self, request: MovieRequest, run: RunContext) -> Iterator[Event]:
        from engine.tasks.movie.recipe import film

        yield from film(request, run)

    def _seconds(self, request: MovieRequest) -> float:
        return request.plan.seconds if request.plan is not None else request.seconds


TASK = Movie()
