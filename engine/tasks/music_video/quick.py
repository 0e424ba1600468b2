"""The song as the page shows it: waveform, energy bands, beats, sections, and the automatic plan. A quick call of the helper process; no torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from engine.settings import Settings
from engine.tasks.music_video.plan import intervals, loudness
from engine.tasks.music_video.request import Correction, MusicVideoRequest

POINTS = 1600


def song_look(args: dict[str, Any], settings: Settings) -> tuple[dict[str, Any], list[bytes]]:
    """args: `audio` (path), `grid` (a `Correction`), `theme`, `seed`.

    Value: seconds, tempo, meter, confidence, peaks [[low, high]], bands {name: [0..1]}, beats, downbeats, sections, plan (intervals), notes.
    """
    from engine.media.audio import read_audio
    from engine.sound.music.grid import Corrections, corrected, listen

    path = Path(str(args["audio"]))
    correction = Correction.model_validate(args.get("grid") or {})
    grid = corrected(listen(path, settings), Corrections(**correction.model_dump()))
    samples, rate = read_audio(path, settings, rate=8000, mono=True)
    mono = samples[:, 0]
    seconds = len(mono) / rate
    cuts = np.linspace(0, len(mono), min(POINTS, len(mono)) + 1).astype(int)[:-1]
    peaks = np.stack([np.minimum.reduceat(mono, cuts), np.maximum.reduceat(mono, cuts)], axis=1) if len(mono) else np.zeros((0, 2))
    top = max(float(np.abs(mono).max()) if len(mono) else 0.0, 1e-6)
    theme = str(args.get("theme") or MusicVideoRequest.model_fields["theme"].default)[:400]
    seed = args.get("seed")
    plan = intervals(seconds, grid.sections, np.array(grid.downbeats), loudness(grid), theme, seed if isinstance(seed, int) else 0)
    return {
        "seconds": round(seconds, 4), "tempo": round(float(grid.tempo), 2), "meter": int(grid.meter), "confidence": round(float(grid.confidence), 3),
        "peaks": np.round(peaks / top, 3).tolist(),
        "bands": {name: np.round(_thinned(curve), 3).tolist() for name, curve in grid.curves.items()},
        "beats": np.round(np.array(grid.beats, float), 4).tolist(), "downbeats": np.round(np.array(grid.downbeats, float), 4).tolist(),
        "sections": [{"start": round(float(one.start), 3), "end": round(float(one.end), 3), "label": str(one.label)} for one in grid.sections],
        "plan": [one.model_dump(mode="json") for one in plan],
        "notes": [] if len(grid.beats) else ["No beat was found: what pulses is the sound itself."],
    }, []  # fmt: skip


def _thinned(curve: np.ndarray) -> np.ndarray:
    """At most `POINTS` values: the greatest of each stretch."""
    if len(curve) <= POINTS:
        return np.asarray(curve)
    return np.maximum.reduceat(curve, np.linspace(0, len(curve), POINTS + 1).astype(int)[:-1])
