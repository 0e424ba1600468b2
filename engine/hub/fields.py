"""Options of a large model's call, said once as types of fields: each request that hands work to a card has them under the same names. Light: data alone."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.catalog.drawing import Drawing

Level = Literal["off", "safe", "fast"]
"""How much a step cache may leave out (`engine.hub.caching`)."""

Steps = Annotated[int | None, Field(ge=1, le=200, description="Denoising steps; empty: the model's own count. More: finer and slower.")]

Guidance = Annotated[
    float | None,
    Field(ge=1.0, le=20.0, description="How strictly the prompt is followed; empty: the model's own. 1 is not at all, too much burns the colours.", json_schema_extra={"step": 0.1}),
]

StepCache = Annotated[
    Level, Field(description="Large models: leave out what hardly changes from one step to the next. Safe: the picture stays the same to the eye. Fast: fine detail may change.")
]

Loras = Annotated[
    str,
    Field(
        max_length=500, description="Large models: LoRA files of your own (data/loras), each with its strength, such as: paper-cut 0.8, smoke. A request names them; trigger words belong into the prompt."
    ),
]


def asked(drawing: Drawing, steps: int | None, guidance: float | None) -> tuple[int, float]:
    """Steps and guidance of a call: those of the request, and the card's own for what is left empty."""
    return steps or drawing.steps, drawing.guidance if guidance is None else guidance
