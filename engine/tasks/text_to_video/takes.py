"""Between the task and its providers: one request becomes several takes, or the cells of a grid, and these one result.

A provider is a module with `make` (a `Maker` of `contract`) and `HONOURS` (the fields that it obeys); it makes one clip and knows nothing of takes and grids. One for which some work
is better done for all clips of a run at once has `prepare` (a `Preparer`), too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from engine.errors import Cancelled, ModelUnavailable, StudioError
from engine.task import Event, Meter, Note, Result, Stage
from engine.tasks.text_to_video.contract import Cell, Made, Maker, Preparer
from engine.tasks.text_to_video.models import LARGE, draws_anything
from engine.tasks.text_to_video.request import Scalar, TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext

PROVIDERS = {
    "pocket": "engine.tasks.text_to_video.pocket",
    "diorama": "engine.tasks.text_to_video.diorama",
    "local": "engine.tasks.text_to_video.local",
}
"""Value of `model` -> module, for models that are not a card of a large one. A provider is one line here and one module; it is imported when a run needs it."""

FIT = "prompt_fit"
"""The meter by which takes are ranked."""

OWN = frozenset({"prompt", "takes", "grid", "seed", "model", "continue_run", "continue_take", "draft"})
"""Fields that this layer, or every provider, obeys."""


@dataclass(frozen=True)
class Provider:
    """A provider's maker, the fields that it obeys besides `OWN`, and what it does once before all takes, if anything."""

    make: Maker
    honours: frozenset[str]
    prepare: Preparer | None = None


def makers() -> dict[str, Callable[[], Provider]]:
    """Value of `model` -> how to import that provider; only those that this installation has."""
    return {name: partial(provider, name) for name in (*PROVIDERS, *LARGE) if present(name)}


def home_of(name: str) -> str:
    """The module that serves a value of `model`."""
    return PROVIDERS.get(name, "engine.tasks.text_to_video.hub")


def present(name: str) -> bool:
    """True when the provider's module is here. Imports nothing of it."""
    return find_spec(home_of(name)) is not None


def provider(name: str) -> Provider:
    """Import a provider. Raises `ModelUnavailable` when this installation has no such module."""
    if not present(name):
        raise ModelUnavailable(f"model={name} is not in this installation", fix=f"choose {' or '.join(makers())}", field="model")
    module = import_module(home_of(name))
    return Provider(module.make, module.HONOURS, getattr(module, "prepare", None))


def cells(request: TextToVideoRequest, seed: int) -> list[Cell]:
    """The clips that a request asks for, in order: takes of rising seeds, or a grid row by row with one seed."""
    single = request.model_copy(update={"takes": 1, "grid": None})
    if request.grid is None:
        found: list[tuple[TextToVideoRequest, int, str, dict[str, Scalar]]] = [(single, (seed + index) % 2**32, f"take {index + 1}", {}) for index in range(request.takes)]
    else:
        grid = request.grid
        found = []
        for y in grid.y_values or (None,):
            for x in grid.x_values:
                changes = {grid.x_field: x} | ({grid.y_field: y} if y is not None else {})
                label = " · ".join(f"{name.replace('_', ' ')} {say(value)}" for name, value in changes.items())
                found.append((changed(single, changes), int(changes.get("seed", seed)), label, changes))
    return [Cell(one, its_seed, "result" if index == 0 else f"take-{index + 1}", label, changes) for index, (one, its_seed, label, changes) in enumerate(found)]


def changed(request: TextToVideoRequest, changes: dict[str, Scalar]) -> TextToVideoRequest:
    """The request with other values in some fields, validated like any other. Raises pydantic's `ValidationError`."""
    return TextToVideoRequest.model_validate({**request.model_dump(), **changes})


def say(value: Scalar) -> str:
    """A value as a label says it."""
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else f"{value:g}" if isinstance(value, float) else str(value)


def make_all(request: TextToVideoRequest, run: RunContext) -> Iterator[Event]:
    """Make every take or cell and end in one `Result`; after Stop, with those that are finished and the partial one.

    A take that fails is told in a note and the others are made all the same; only when none succeeds is the first one's error raised.
    """
    todo = cells(request, run.seed)
    made: list[tuple[Cell, Made]] = []
    ignored: set[str] = set()
    told: set[str] = set()
    failed: list[StudioError] = []
    ready = (yield from _prepared(todo, run, told)) if len(todo) > 1 else {}
    for index, cell in enumerate(todo):
        try:
            run.checkpoint()
            maker = provider(cell.request.model)
            left_out = sorted(set_and_ignored(cell.request, maker.honours) - ignored)
            if left_out:
                ignored.update(left_out)
                yield Note(f"The model {cell.request.model} leaves out what you set for: {', '.join(left_out).replace('_', ' ')}.")
            for event in ready.get(cell.stem, maker.make)(cell.request, run, cell.seed, cell.stem):
                if isinstance(event, Made):
                    made.append((cell, event))
                    made[-1] = cell, (yield from _judged(event, cell.request, run))
                elif isinstance(event, Note) and event.text in told:
                    continue
                elif isinstance(event, Stage) and len(todo) > 1:
                    yield replace(event, label=f"{event.label} ({'cell' if request.grid else 'take'} {index + 1} of {len(todo)})")
                else:
                    if isinstance(event, Note):
                        told.add(event.text)
                    yield event
        except Cancelled:
            if made:
                yield result_of(request, made, stopped=True)
            raise
        except StudioError as error:
            if len(todo) == 1:
                raise
            failed.append(error)
            yield Note(f"{cell.label} could not be made: {error.line}")
    if not made:
        raise failed[0]
    yield result_of(request, made)


def _judged(made: Made, request: TextToVideoRequest, run: RunContext) -> Generator[Event, None, Made]:
    """Returns a take with CLIP's figures, where CLIP is here and can be used; the models of the paper-cut world have a judge of their own."""
    if made.partial or not draws_anything(request.model) or not request.prompt.strip():
        return made
    from engine.experts.leasing import lent
    from engine.media.video import open_video

    try:
        with lent(run, "judge") as judge:
            if judge is None:
                return made
            with open_video(made.clip, run.settings, max_side=512) as frames:
                every = max(1, -(-frames.count // 16))
                seen = [frame for index, frame in enumerate(frames) if index % every == 0]
            verdict = judge.verdict(seen, request.prompt)
    except Cancelled:
        raise
    except StudioError as error:
        # A finished take is worth more than a figure about it.
        yield Note(f"How well the clip shows its words was not measured: {error.line}")
        return made
    fit = Meter(FIT, "Prompt fit (CLIP)", verdict.prompt, "", verdict.unrelated, "unrelated words", help="Mean cosine of frames and prompt, beside that of the frames and sentences about other things.")
    steady = Meter("clip_steady", "Likeness of neighbours (CLIP)", verdict.steady, help="Mean cosine of neighbouring frames that were looked at; 1 is no change of what is seen.")
    return replace(made, meters=(*made.meters, fit, steady))


def _prepared(todo: list[Cell], run: RunContext, told: set[str]) -> Generator[Event, None, dict[str, Maker]]:
    """What providers do once before all takes: the makers by stem that know of it. told: texts of notes, to which those that are given here are added."""
    ready: dict[str, Maker] = {}
    for home in dict.fromkeys(home_of(cell.request.model) for cell in todo if present(cell.request.model)):
        own = [cell for cell in todo if home_of(cell.request.model) == home]
        prepare = provider(own[0].request.model).prepare
        if prepare is None:
            continue
        run.checkpoint()
        steps = prepare(own, run)
        while True:
            try:
                event = next(steps)
            except StopIteration as end:
                ready |= end.value
                break
            if isinstance(event, Note):
                told.add(event.text)
            yield event
    return ready


def result_of(request: TextToVideoRequest, made: list[tuple[Cell, Made]], *, stopped: bool = False) -> Result:
    """One result of all takes: the first is the clip, the others are artifacts named by their stem; `details["takes"]` lists them all in order of seeds, with their rank by CLIP."""
    first = made[0][1]
    artifacts = {(name if cell.stem == "result" else f"{cell.stem}-{name}"): path for cell, take in made for name, path in take.artifacts.items()}
    takes: list[dict[str, Any]] = [
        {
            "clip": take.clip.name, "seed": take.seed, "label": cell.label, "details": take.details, "meters": [asdict(meter) for meter in take.meters],
            "draft": "draft" in take.artifacts, "draft_file": take.artifacts["draft"].name if "draft" in take.artifacts else None, "changes": cell.changes, "partial": take.partial, "rank": rank,
        }
        for (cell, take), rank in zip(made, ranks(made), strict=True)
    ]  # fmt: skip
    return Result(
        first.clip,
        artifacts={**artifacts, **{cell.stem: take.clip for cell, take in made[1:]}},
        meters=first.meters,
        details={**first.details, "takes": takes, "grid": request.grid.model_dump(mode="json") if request.grid else None},
        partial=stopped or any(take.partial for _, take in made),
        # Where the first take failed, the clip is another one's and carries that one's settings.
        variants={("" if index == 0 else cell.stem): {"takes": 1, "grid": None, "seed": take.seed, **cell.changes} for index, (cell, take) in enumerate(made) if cell.stem != "result"},
    )


def ranks(made: list[tuple[Cell, Made]]) -> list[int | None]:
    """The place of each take by how much better than unrelated words CLIP finds its own to fit, 1 the best. None where that was not measured; for all, where fewer than two were,
    or where takes have different words, whose figures cannot be compared."""
    told = [next((meter.value - (meter.baseline or 0.0) for meter in take.meters if meter.name == FIT), None) for _, take in made]
    measured = sorted((margin for margin in told if margin is not None), reverse=True)
    if len(measured) < 2 or len({cell.request.prompt for cell, _ in made}) > 1:
        return [None] * len(made)
    return [None if margin is None else measured.index(margin) + 1 for margin in told]


def set_and_ignored(request: TextToVideoRequest, honours: frozenset[str]) -> set[str]:
    """Fields that were given another value than their default and that the provider does not obey."""
    fields = TextToVideoRequest.model_fields
    return {name for name in fields if name not in honours | OWN and getattr(request, name) != fields[name].default}
