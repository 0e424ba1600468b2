"""Who writes a plan: the built-in planner, a server, or a language model of this machine; and what happens when one of the last two cannot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.errors import StudioError
from engine.movie.plan import Plan
from engine.movie.planner.asking import messages
from engine.movie.planner.built_in import plan_built_in
from engine.movie.planner.endpoint import PATIENCE, address, ask
from engine.movie.planner.untrusted import plan_from_reply
from engine.settings import Settings
from engine.tasks.movie.request import MoviePlanRequest

if TYPE_CHECKING:
    from engine.residency import ModelPool

Who = Literal["built-in", "endpoint", "local"]

QUICK_PATIENCE = 12.0
"""Seconds that a server may take where somebody waits at the page; below the time in which the helper must answer."""


@dataclass(frozen=True)
class Written:
    """A plan and who wrote it; its notes say why when that is not who was asked."""

    plan: Plan
    planner: Who


def planner_of(request: MoviePlanRequest, settings: Settings) -> Who:
    """Who is asked: auto takes a server where one is set, else the built-in planner. A local model writes only when it is asked for: without a graphics card it takes minutes."""
    if request.planner == "auto":
        return "endpoint" if settings.planner_url.strip() else "built-in"
    return request.planner


def write_plan(request: MoviePlanRequest, seed: int, settings: Settings, *, pool: ModelPool | None = None, check: Callable[[], None] | None = None) -> Written:
    """The plan of a request. Where a server or a local model cannot answer, the built-in planner's with a note.

    check: called while a model writes, and may raise (a run's checkpoint); without it somebody waits at the page: a server must be quick, and no local model is loaded.
    Raises `InvalidInput` for what the request cannot have, and for a server that is asked for and not set.
    """
    who = planner_of(request, settings)
    if who == "built-in":
        return Written(plan_built_in(request, seed, settings), "built-in")
    if who == "endpoint":
        address(settings)
    try:
        if who == "endpoint":
            reply = ask(messages(request), request.scenes, settings, patience=PATIENCE if check else QUICK_PATIENCE, check=check or _go_on)
        elif check is None:
            return _instead(request, seed, settings, "A local model writes a plan as a run of its own; this one is of the built-in planner.")
        else:
            from engine.movie.planner.local import write_locally

            reply = write_locally(messages(request), request.scenes, seed, settings, pool, check)
    except StudioError as error:
        return _instead(request, seed, settings, f"{error.what[:1].upper()}{error.what[1:]}{f' ({error.why})' if error.why else ''}: this plan is of the built-in planner.")
    plan, notes = plan_from_reply(reply, request, seed, settings)
    fell_back = any("this one is of the built-in planner" in note for note in notes)
    return Written(plan, "built-in" if fell_back else who)


def _go_on() -> None:
    return None


def _instead(request: MoviePlanRequest, seed: int, settings: Settings, note: str) -> Written:
    plan = plan_built_in(request, seed, settings)
    return Written(plan.model_copy(update={"notes": (note[:300], *plan.notes)[:20]}), "built-in")
