"""What the storyboard asks while it is edited: a plan for an idea, an edit of a plan, and which scenes are made already. Answered by the helper process, without torch."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from engine.errors import InvalidInput, StudioError
from engine.helper import Answer
from engine.movie.plan import Hero, Plan
from engine.parts import find
from engine.settings import Settings
from engine.task import parse_request
from engine.tasks.movie.request import MoviePlanRequest, MovieRequest
from engine.tasks.movie.scenes import part_of, seed_of


def movie_plan(args: dict[str, object], settings: Settings) -> Answer:
    """{"fields": of a `MoviePlanRequest`, "plan": the present one or None} -> {"plan", "planner", "notes"}. Locked scenes of the present plan stay."""
    from engine.movie.planner import replan, write_plan

    request = _planning(args["fields"])
    seed = request.seed if request.seed is not None else _chance()
    written = write_plan(request, seed, settings)
    plan = written.plan
    if args.get("plan"):
        plan = replan(_plan(args["plan"]), plan)
    return {"plan": plan.model_dump(mode="json"), "planner": written.planner, "notes": list(plan.notes)}, []


def movie_edit(args: dict[str, object], settings: Settings) -> Answer:
    """{"plan", "act": "hero" | "split" | "add", "hero": {...}, "scene": id} -> {"plan"}: the hero's phrase changed everywhere; a scene cut in two; one put after another."""
    from engine.movie.planner import add_scene, split_scene, with_hero

    plan = _plan(args["plan"])
    match args.get("act"):
        case "hero":
            plan = with_hero(plan, Hero.model_validate(args.get("hero")))
        case "split":
            plan = split_scene(plan, str(args.get("scene")))
        case "add":
            plan = add_scene(plan, str(args.get("scene") or ""))
        case other:
            raise InvalidInput(f"act={other!r} is not known", fix="use hero, split or add")
    return {"plan": plan.model_dump(mode="json")}, []


def movie_state(args: dict[str, object], settings: Settings) -> Answer:
    """{"fields": of a `MovieRequest` with its plan} -> {"scenes": {id: [{"key", "made", "seed"} a take]}}: what lies on the shelf. A scene that no model makes has no entries."""
    request = _movie(args["fields"])
    assert request.plan is not None
    scenes: dict[str, list[dict[str, Any]]] = {}
    for scene in request.plan.scenes:
        scenes[scene.id] = []
        for take in range(1, scene.takes + 1):
            try:
                part = part_of(request, request.plan, scene, take)
                if part is not None:
                    scenes[scene.id].append({"key": part.key, "made": find(settings, part.key) is not None, "seed": seed_of(request.plan, scene, take)})
            except (StudioError, OSError) as error:
                scenes[scene.id].append({"key": "", "made": False, "error": error.line if isinstance(error, StudioError) else "its file is not here any more"})
    return {"scenes": scenes}, []


def _planning(fields: Any) -> MoviePlanRequest:
    from engine.tasks.movie_plan import TASK

    return parse_request(TASK, _known(MoviePlanRequest, fields))


def _movie(fields: Any) -> MovieRequest:
    """The request of the page's fields. What the task itself would refuse (a face without a line) is told of its card alone, by the part that cannot be made."""
    from engine.tasks.movie import TASK

    known = _known(MovieRequest, fields)
    try:
        return MovieRequest.model_validate(known)
    except ValidationError:
        return parse_request(TASK, known)  # says it in a sentence


def _known(kind: type[MoviePlanRequest], fields: Any) -> dict[str, Any]:
    return {name: value for name, value in dict(fields or {}).items() if name in kind.model_fields and value is not None}


def _plan(data: Any) -> Plan:
    return MovieRequest.model_validate({"plan": data}).plan  # type: ignore[return-value]


def _chance() -> int:
    import secrets

    return secrets.randbits(32)
