"""The recipe of the beat grid: listen, put right, write `grid.json`. No picture is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from engine.sound.music.grid import corrected, listen
from engine.task import Event, Note, Result, Stage

if TYPE_CHECKING:
    from engine.context import RunContext
    from engine.tasks.beat_grid import BeatGridRequest


def listen_to(request: BeatGridRequest, run: RunContext) -> Iterator[Event]:
    """Yields one stage, a note when there is no beat, and the result, whose artifact `grid` is `grid.json`."""
    yield Stage("listen", "Listening")
    run.checkpoint()
    grid = corrected(listen(request.audio, run.settings, run.checkpoint), request.grid)
    if not len(grid.beats):
        yield Note("No beat was found: the grid has the sections and the curves only. Tap along to lay beats.", "warning")
    path = run.directory / "grid.json"
    path.write_text(json.dumps(grid.to_json()), encoding="utf-8")
    details = {
        "tempo": round(grid.tempo, 2),
        "meter": grid.meter,
        "beats": len(grid.beats),
        "downbeats": len(grid.downbeats),
        "sections": len(grid.sections),
        "confidence": round(grid.confidence, 3),
    }
    yield Result(None, {"grid": path}, details=details)
