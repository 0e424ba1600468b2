"""Movie plan: one sentence in, the plan of a film out, as a file. Light: nothing heavy is loaded unless a local language model writes it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.task import Event, Note, Result, Stage, Task
from engine.tasks.movie.request import MoviePlanRequest

if TYPE_CHECKING:
    from engine.context import RunContext

PLAN = "plan.json"
"""The plan's file in the result's folder."""


class WritePlan(Task[MoviePlanRequest]):
    """Providers: built-in (embedded, everywhere), an OpenAI-compatible server, a local instruct model."""

    id, version, title = "movie-plan", 1, "Movie plan"
    request_type = MoviePlanRequest
    default_rate = 1.0

    def check(self, request: MoviePlanRequest) -> None:
        from engine.movie.planner.clock import check_fits

        check_fits(request.scenes, request.seconds)

    def work(self, request: MoviePlanRequest) -> float:
        return 1.0 if request.planner in ("auto", "built-in") else 2.0 + request.scenes

    def memory_mib(self, request: MoviePlanRequest) -> float:
        return 7000.0 if request.planner == "local" else 300.0

    def disk_mib(self, request: MoviePlanRequest) -> float:
        return 1.0

    def run(self, request: MoviePlanRequest, run: RunContext) -> Iterator[Event]:
        from engine.movie.planner import write_plan

        yield Stage("plan", "Writing the plan")
        run.checkpoint()
        written = write_plan(request, run.seed, run.settings, pool=run.pool, check=run.checkpoint)
        for note in written.plan.notes:
            yield Note(note)
        path = run.directory / PLAN
        path.write_text(written.plan.model_dump_json(indent=1) + "\n", encoding="utf-8")
        yield Result(clip=None, artifacts={"plan": path}, details={"plan": written.plan.model_dump(mode="json"), "planner": written.planner, "notes": list(written.plan.notes)})


TASK = WritePlan()
