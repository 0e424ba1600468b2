"""What the layer of takes and the providers of clips agree on: what a provider is asked for, what it makes, and the draft that it goes on from. Light."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import InvalidInput
from engine.task import Event, Meter
from engine.tasks.text_to_video.request import Scalar, TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext


@dataclass(frozen=True)
class Made:
    """One finished take: its clip inside the run's folder and what was measured.

    `details["words"]`: [[start, end, score 0..1]], how well each word of the prompt is seen, where the provider measures it.
    `artifacts["draft"]`: what finishes this draft later (latents, a scene); without it a take cannot be finished.
    """

    clip: Path
    seed: int
    meters: tuple[Meter, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    partial: bool = False


@dataclass(frozen=True)
class Cell:
    """One clip to make: its own request (takes 1, no grid), seed, file stem, label, and what its request changes."""

    request: TextToVideoRequest
    seed: int
    stem: str
    label: str
    changes: dict[str, Scalar]


Maker = Callable[[TextToVideoRequest, "RunContext", int, str], Iterator[Event | Made]]
"""(request of this one take, run, seed, stem of its files: "result", "take-2", ...) -> events, the last one a `Made`. A maker writes `STEM.mp4` and other
files that begin with the stem; takes its randomness from the seed alone; on Stop yields a partial `Made` if it has frames and raises `Cancelled`."""


Preparer = Callable[[list["Cell"], "RunContext"], Generator[Event, None, dict[str, Maker]]]
"""(the clips of a run that this provider will make, run) -> events; returns by their stem the makers that take the place of the provider's own, where something is ready
for them. What cannot be prepared is left to the makers: they tell what is wrong with one take, and the others are made. On Stop it raises `Cancelled`."""


def earlier_draft(request: TextToVideoRequest, run: RunContext) -> Path | None:
    """The draft file that this request goes on from; None when it continues nothing. Raises `InvalidInput` when the run, the take or its draft is gone."""
    if not request.continue_run:
        return None
    document = json.loads(run.earlier(request.continue_run, "run.json").read_text(encoding="utf-8"))
    takes = document.get("result", {}).get("details", {}).get("takes", [])
    if request.continue_take > len(takes):
        raise InvalidInput(f"continue_take={request.continue_take}: that run has {len(takes)} takes", fix="choose one of its takes", field="continue_take")
    name = takes[request.continue_take - 1].get("draft_file")
    if not name:
        raise InvalidInput(f"take {request.continue_take} of that run is not a draft that can be finished", fix="run it again as a draft", field="continue_take")
    return run.earlier(request.continue_run, name)
