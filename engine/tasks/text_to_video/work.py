"""A clip of a large model while it is drawn: what was asked for, what is known of it by now, and what it will be told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.hub.adapters import Adapter
from engine.hub.components import Place
from engine.task import Meter
from engine.tasks.text_to_video.plan import Plan
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext


@dataclass
class Work:
    """A clip while it is drawn. upsampler: where the net of its second stage lies; doubled: its frames came out of that stage."""

    request: TextToVideoRequest
    run: RunContext
    card: Card
    folder: Place
    plan: Plan
    seed: int
    stem: str
    adapters: tuple[Adapter, ...] = ()
    draft: tuple[Any, int] | None = None
    upsampler: Path | None = None
    doubled: bool = False
    details: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    meters: list[Meter] = field(default_factory=list)
    sounds: list[tuple[np.ndarray, int]] = field(default_factory=list)
    stopped: bool = False

    @property
    def alike(self) -> dict[str, str]:
        """What a draft and its finish must have in common."""
        plan = self.plan
        return {"model": self.card.id, "steps": str(plan.steps), "size": f"{plan.size[0]}x{plan.size[1]}", "frames": str(plan.windows[0])}

    @property
    def drafts(self) -> bool:
        """The clip is made as a draft that can be finished later."""
        return self.request.draft and self.plan.drawing.drafts and len(self.plan.windows) == 1 and self.draft is None and self.plan.steps > 2 and not self.plan.anew
