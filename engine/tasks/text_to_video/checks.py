"""What a text-to-video request may not say, beyond the ranges of its fields: one clear line each. Light."""

from __future__ import annotations

from typing import Literal, get_args, get_origin

from pydantic import ValidationError

from engine.errors import InvalidInput, ModelUnavailable
from engine.runs import is_run_id
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import Grid, Scalar, TextToVideoRequest
from engine.tasks.text_to_video.takes import changed, makers, present, say

LONGEST_SHAPE = 4.0

NOT_IN_GRIDS = frozenset({"takes", "draft", "continue_run", "continue_take"})
"""Scalar fields that say how clips are made and kept, not what one looks like."""


def check(request: TextToVideoRequest) -> None:
    """Raise `InvalidInput` or `ModelUnavailable` for what cannot be made."""
    if not schedule(request):
        raise InvalidInput("the prompt is empty", fix="write what should be seen, for example: a red boat sails to the left at sunset", field="prompt")
    if max(request.width, request.height) > LONGEST_SHAPE * min(request.width, request.height):
        raise InvalidInput(f"{request.width}x{request.height} is longer than 4 to 1", fix="make width and height more alike", field="width")
    if not present(request.model):
        raise ModelUnavailable(f"model={request.model} is not in this installation", fix=f"choose {' or '.join(makers())}", field="model")
    late = next((still.at for still in request.images if still.at > request.seconds), None)
    if late is not None:
        raise InvalidInput(f"a picture stands at {late:g} s, but the clip ends at {request.seconds:g} s", fix=f"give a time up to {request.seconds:g}", field="images")
    if request.continue_run and not is_run_id(request.continue_run):
        raise InvalidInput("continue_run is not the id of a run", fix="give the 32 letters of the draft's run, or leave it empty", field="continue_run")
    if request.continue_run and (request.takes > 1 or request.grid is not None):
        raise InvalidInput("finishing a draft makes one clip", fix="set takes to 1 and leave the grid empty", field="continue_run")
    if request.grid is not None:
        _check_grid(request, request.grid)


def scalar_fields() -> dict[str, str]:
    """The fields that a grid can vary -> int, float, bool, str or choice."""
    kinds = {}
    for name, info in TextToVideoRequest.model_fields.items():
        args = [kind for kind in get_args(info.annotation) if kind is not type(None)]
        kind = info.annotation if not args or get_origin(info.annotation) is Literal else args[0]
        if name not in NOT_IN_GRIDS and (kind in (int, float, bool, str) or get_origin(kind) is Literal):
            kinds[name] = "choice" if get_origin(kind) is Literal else kind.__name__  # type: ignore[union-attr]
    return kinds


def _check_grid(request: TextToVideoRequest, grid: Grid) -> None:
    if request.takes > 1:
        raise InvalidInput(f"takes={request.takes} with a grid is too much", fix="set takes to 1, or leave the grid empty", field="takes")
    if bool(grid.y_field) != bool(grid.y_values):
        raise InvalidInput("the grid's second field has no values" if grid.y_field else "the grid's second values have no field", fix="give both or neither", field="grid")
    if grid.x_field == grid.y_field:
        raise InvalidInput(f"the grid varies {grid.x_field} twice", fix="choose two different fields", field="grid")
    axes: list[tuple[str, tuple[Scalar, ...]]] = [(grid.x_field, grid.x_values), *([(grid.y_field, grid.y_values)] if grid.y_field else [])]
    single = request.model_copy(update={"grid": None})
    for name, values in axes:
        if name not in scalar_fields():
            raise InvalidInput(f"a grid cannot vary {name[:40]!r}", fix=f"choose one of: {', '.join(scalar_fields())}", field="grid")
        if len({say(value) for value in values}) < len(values):
            raise InvalidInput(f"the grid has a value of {name} twice", fix="give each value once", field="grid")
        for value in values:
            try:
                check(changed(single, {name: value}))
            except ValidationError as error:
                told = error.errors(include_url=False)[0]["msg"]
                raise InvalidInput(f"grid: {name}={str(value)[:40]} is not allowed", fix=told[:1].lower() + told[1:], field="grid") from error
