"""The task movie-plan: its result folder holds the plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.movie.plan import Plan
from engine.movie.planner import plan_built_in
from engine.settings import Settings
from engine.task import Note, Result, get_task, parse_request


def test_a_sentence_becomes_plan_json(tmp_path: Path) -> None:
    task = get_task("movie-plan")
    request = parse_request(task, {"idea": "A dragon learns to fly", "scenes": 4, "seconds": 24})
    settings = Settings(data_dir=tmp_path / "data")
    events = list(task.run(request, RunContext("r", tmp_path, settings, 7)))
    result = events[-1]
    assert isinstance(result, Result) and result.clip is None
    plan = Plan.model_validate_json((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert plan == plan_built_in(request, 7, settings) and Plan.model_validate(result.details["plan"]) == plan
    assert result.artifacts == {"plan": tmp_path / "plan.json"} and result.details["planner"] == "built-in"
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes == result.details["notes"] and "stands in" in notes[0]


def test_what_does_not_fit_is_refused_before_it_is_queued() -> None:
    with pytest.raises(InvalidInput, match="40 scenes do not fit into 10 s"):
        parse_request(get_task("movie-plan"), {"idea": "a boat", "scenes": 40, "seconds": 10})
    with pytest.raises(InvalidInput, match="an idea is needed"):
        parse_request(get_task("movie-plan"), {"idea": " "})
    for scenes in (0, 100):
        with pytest.raises(InvalidInput, match="scenes="):
            parse_request(get_task("movie-plan"), {"idea": "a boat", "scenes": scenes})
