"""Which of several free processes takes a run: the one whose pool already holds the models that such a run needs, else the least loaded.

What a run needs is not declared by tasks: it is learnt from the models that earlier runs with the same choice of models leased.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.runs import Run

MODEL_FIELDS = ("model", "video_model", "checkpoint", "motion_module", "method", "drawing", "planner", "picture_model")
"""Request fields that choose what is loaded. The others (sizes, seeds, texts) change what is made, not by what."""


@dataclass
class Load:
    """What a process holds: models by key with their bytes, and how many runs it has had."""

    models: Mapping[str, int] = field(default_factory=dict)
    runs: int = 0


class Router:
    """Learns which models runs need, and chooses processes by it. Not safe for several threads."""

    def __init__(self) -> None:
        self._needs: dict[tuple[Any, ...], frozenset[str]] = {}

    def learn(self, run: Run, models: Sequence[str]) -> None:
        """A run like this one leased these models."""
        self._needs[_kind(run)] = frozenset(models)

    def choose(self, run: Run, free: Sequence[Load]) -> int:
        """The place in `free` (at least one) of the process that should take the run. The least loaded is the one with the fewest bytes resident, then the fewest runs behind it."""
        needs = self._needs.get(_kind(run), frozenset())

        def cost(place: int) -> tuple[int, int, int, int]:
            load = free[place]
            return -len(needs & load.models.keys()), sum(load.models.values()), load.runs, place

        return min(range(len(free)), key=cost)


def _kind(run: Run) -> tuple[Any, ...]:
    return (run.task, *[str(run.request.get(name)) for name in MODEL_FIELDS])
