"""The song as the page shows it: waveform, energy bands, beats, sections, and the automatic plan. A quick call of the helper process; no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.settings import Settings
from engine.sound.music.correction import Correction
from engine.tasks.music_video.plan import intervals, loudness
from engine.tasks.music_video.request import MusicVideoRequest


def song_look(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `audio` (path), `grid` (a `Correction`), `theme`, `seed`.

    Value: seconds, tempo, meter, confidence, peaks [[low, high]], bands {name: [0..1]}, beats, downbeats, sections, plan (intervals), notes.
    """
    from engine.sound.music.grid import corrected, listen

    correction = Correction.model_validate(args.get("grid") or {})
    grid = corrected(listen(Path(str(args["audio"])), settings), correction)
    theme = str(args.get("theme") or MusicVideoRequest.model_fields["theme"].default)[:400]
    seed = args.get("seed")
    plan = intervals(grid.seconds, grid.sections, np.array(grid.downbeats), loudness(grid), theme, seed if isinstance(seed, int) else 0)
    return {
        "seconds": round(grid.seconds, 4), "tempo": round(float(grid.tempo), 2), "meter": int(grid.meter), "confidence": round(float(grid.confidence), 3),
        "peaks": np.round(grid.peaks.astype(float), 3).tolist(),
        "bands": {name: np.round(_thinned(curve), 3).tolist() for name, curve in grid.curves.items()},
        "beats": np.round(np.array(grid.beats, float), 4).tolist(), "downbeats": np.round(np.array(grid.downbeats, float), 4).tolist(),
        "sections": [{"start": round(float(one.start), 3), "end": round(float(one.end), 3), "label": str(one.label)} for one in grid.sections],
        "plan": [one.model_dump(mode="json") for one in plan],
        "notes": [] if len(grid.beats) else ["No beat was found: what pulses is the sound itself."],
    }, []  # fmt: skip


def _thinned(curve: np.ndarray) -> np.ndarray:
    """At most as many values as the waveform: the greatest of each stretch."""
    from engine.sound.music.grid import POINTS

    if len(curve) <= POINTS:
        return np.asarray(curve)
    return np.maximum.reduceat(curve, np.linspace(0, len(curve), POINTS + 1).astype(int)[:-1])
