"""How heard beats are put right, as a part of requests. Light: no numpy; the arithmetic is in `corrections`."""

from __future__ import annotations

from pydantic import Field

from engine.task import Part

LONGEST = 1200.0
"""Seconds of a song: the memory of 20 minutes is 400 MB, and no song needs more."""


class Correction(Part):
    """How the beats that were heard are put right. Applied in the order of the fields; times of `moved` and `downbeat` are as the beats stand after what comes before."""

    factor: float = Field(1.0, ge=0.25, le=4.0, description="Tempo times this: 2 puts a beat between each two, 0.5 leaves out every other one.")
    nudge: float = Field(0.0, ge=-1.0, le=1.0, description="All beats later by so much.", json_schema_extra={"unit": "s"})
    taps: tuple[float, ...] = Field((), max_length=2000, description="Moments that were tapped, in seconds; with at least four of them the beats are laid through them.")
    moved: tuple[tuple[float, float], ...] = Field((), max_length=2000, description="Beats dragged by hand: [from, to] in seconds.")
    downbeat: float | None = Field(None, ge=0.0, le=LONGEST, description="A beat that is a first beat of a bar, in seconds.")
    meter: int | None = Field(None, ge=2, le=12, description="Beats of a bar; empty: as heard.")
