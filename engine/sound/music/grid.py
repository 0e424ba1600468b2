"""The beat grid of a song: listen to a file once, keep what was heard by the file's content, and put it right by hand. The steps are the other files of this package."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LimitExceeded, UnreadableMedia
from engine.settings import Settings
from engine.sound.music.correction import LONGEST, Correction
from engine.sound.music.corrections import corrected
from engine.sound.music.sections import Section
from engine.sound.spectra import RATE

__all__ = ["BeatGrid", "Correction", "Section", "corrected", "heard", "listen"]

SHORTEST = 2.0
"""Seconds below which nothing can be said of a beat."""

FIRM, UNSURE = 0.4, 0.13
"""How much of the sound repeats itself (mean of `tempo.Pace.scores`) in music with a clear beat, and in speech, noise and chance, which have none."""

VERSION = 2
"""Of what is kept: another one makes old files useless."""

POINTS = 1600
"""Stretches of a waveform: more than a screen has pixels for."""

KEPT = 200
"""Songs whose grids are kept, 0.2 MB each; the ones used longest ago go first."""


@dataclass(frozen=True)
class BeatGrid:
    """What was heard in a song of so many seconds.

    tempo: beats a minute of the longest even part, 0 for none; beats (B,), downbeats (D,) in seconds; meter: beats in a bar; confidence: 0 no beat to 1 beyond doubt;
    curves: "percussive", "bass", "voice", "level" -> (T,) float32 in 0..1, value k of the moment (k + 0.5) / rate; sections: from 0 to the end;
    peaks: (P, 2) lowest and highest of each stretch of the sound, at most `POINTS`, the loudest being 1: its waveform.
    """

    seconds: float
    tempo: float
    beats: np.ndarray
    downbeats: np.ndarray
    meter: int
    confidence: float
    sections: tuple[Section, ...]
    curves: dict[str, np.ndarray]
    rate: float
    peaks: np.ndarray = field(default_factory=lambda: np.zeros((0, 2), np.float32))

    def to_json(self) -> dict[str, Any]:
        """As `grid.json` has it: times in seconds to the tenth of a millisecond, the curves as `bands`, `rate` values a second."""
        return {
            "seconds": round(self.seconds, 4),
            "tempo": round(self.tempo, 3),
            "meter": self.meter,
            "confidence": round(self.confidence, 3),
            "beats": np.round(self.beats, 4).tolist(),
            "downbeats": np.round(self.downbeats, 4).tolist(),
            "sections": [{"start": round(one.start, 4), "end": round(one.end, 4), "label": one.label} for one in self.sections],
            "rate": self.rate,
            "bands": {name: np.round(curve.astype(float), 3).tolist() for name, curve in self.curves.items()},
        }


def listen(path: str | os.PathLike[str], settings: Settings, checkpoint: Callable[[], None] = lambda: None) -> BeatGrid:
    """The grid of a song or of a clip's sound; kept below `settings.data_dir`, so that the same content is heard once.

    checkpoint: called between the steps. Raises `UnreadableMedia` (no sound), or `LimitExceeded` beyond `LONGEST`.
    """
    from engine.store import file_hash

    path = Path(path)
    try:
        kept = settings.data_dir / "cache" / "beats" / f"{file_hash(path)}-{VERSION}.safetensors"
    except OSError as error:
        raise UnreadableMedia(f"{path.name} cannot be opened", why=error.strerror or "", fix="choose the file again") from error
    known = _recalled(kept)
    if known is None:
        known = heard(read_song(path, settings), checkpoint)
        _keep(kept, known)
    return known


def read_song(path: Path, settings: Settings) -> np.ndarray:
    """(N,) float32 mono at `spectra.RATE` of a song within the limit."""
    from engine.media.audio import read_audio

    samples, _ = read_audio(path, settings, rate=RATE, mono=True, end=LONGEST + 1)
    if len(samples) > LONGEST * RATE:
        raise LimitExceeded(f"{path.name} is longer than {LONGEST / 60:.0f} minutes", why="longer songs are not taken", fix="cut the song and give a part", field="audio")
    if not len(samples):
        raise UnreadableMedia(f"{path.name} has no sound in it", fix="choose another song", field="audio")
    return samples[:, 0]


def heard(samples: np.ndarray, checkpoint: Callable[[], None] = lambda: None) -> BeatGrid:
    """The grid of samples (N,) float32 mono at `spectra.RATE`. Silence, noise and speech have no beats and confidence 0."""
    from engine.sound.music.bands import COARSE, bands
    from engine.sound.music.bars import find_bars
    from engine.sound.music.octave import evened_curves
    from engine.sound.music.onsets import onset_curves
    from engine.sound.music.sections import find_sections
    from engine.sound.music.separation import PACE

    seconds = len(samples) / RATE
    onsets = onset_curves(samples)
    checkpoint()
    beats, tempo, confidence = _pulse(samples, onsets)
    checkpoint()
    found = bands(samples)
    checkpoint()
    coarse = PACE / COARSE
    bars = find_bars(beats, evened_curves(onsets), found.chroma, coarse)
    downbeats = beats[bars.first :: bars.meter]
    sections = find_sections(downbeats, seconds, found.chroma, found.timbre, coarse)
    # Kept as half floats: what is heard now and what is recalled later must be the same.
    curves = {name: curve.astype(np.float16).astype(np.float32) for name, curve in found.curves.items()}
    return BeatGrid(seconds, tempo, beats, downbeats, bars.meter, confidence, sections, curves, float(PACE), waveform(samples))


def waveform(samples: np.ndarray) -> np.ndarray:
    """(P, 2) float32, P at most `POINTS`: lowest and highest of each stretch of samples (N,), the loudest being 1."""
    if not len(samples):
        return np.zeros((0, 2), np.float32)
    cuts = np.linspace(0, len(samples), min(POINTS, len(samples)) + 1).astype(int)[:-1]
    found = np.stack([np.minimum.reduceat(samples, cuts), np.maximum.reduceat(samples, cuts)], axis=1)
    return (found / max(float(np.abs(found).max()), 1e-6)).astype(np.float16).astype(np.float32)


def _pulse(samples: np.ndarray, onsets: Any) -> tuple[np.ndarray, float, float]:
    """(beats (B,) in seconds, tempo in beats a minute, confidence 0..1)."""
    from engine.sound.music.beats import placed, track, usual_tempo
    from engine.sound.music.octave import between, choose
    from engine.sound.music.tempo import follow_tempo

    nothing = np.zeros(0), 0.0, 0.0
    pace = follow_tempo(onsets) if onsets.seconds >= SHORTEST else None
    if pace is None or pace.steady < UNSURE:
        return nothing
    choice = choose(onsets, pace)
    beats = track(onsets, choice.pace)
    beats = placed(samples, between(beats) if choice.half else beats)
    beats = beats[(beats >= 0) & (beats < len(samples) / RATE)]
    if len(beats) < 4:
        return nothing
    clear = float(np.clip((pace.steady - UNSURE) / (FIRM - UNSURE), 0.05, 1))
    return beats, usual_tempo(beats), clear * (0.4 + 0.6 * choice.certain)


def _recalled(path: Path) -> BeatGrid | None:
    """A kept grid; None when there is none, or when its file is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            facts = json.loads(file.metadata()["facts"])
            curves = {name: file.get_tensor(f"curve_{name}").astype(np.float32) for name in facts["curves"]}
            sections = tuple(Section(**one) for one in facts["sections"])
            beats, downbeats, peaks = file.get_tensor("beats"), file.get_tensor("downbeats"), file.get_tensor("peaks").astype(np.float32)
        grid = BeatGrid(facts["seconds"], facts["tempo"], beats, downbeats, facts["meter"], facts["confidence"], sections, curves, facts["rate"], peaks)
        os.utime(path)
        return grid
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):  # none, or a damaged file: it is heard anew
        return None


def _keep(path: Path, grid: BeatGrid) -> None:
    """Write a grid aside and rename it into place. A full disk is no reason to fail: it is heard again next time."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    facts = {name: getattr(grid, name) for name in ("seconds", "tempo", "meter", "confidence", "rate")}
    facts |= {"sections": [vars(one) for one in grid.sections], "curves": list(grid.curves)}
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.part")
    with contextlib.suppress(OSError, SafetensorError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            tensors: dict[str, Any] = {f"curve_{name}": curve.astype(np.float16) for name, curve in grid.curves.items()}
            tensors |= {"beats": np.ascontiguousarray(grid.beats), "downbeats": np.ascontiguousarray(grid.downbeats), "peaks": grid.peaks.astype(np.float16)}
            save_file(tensors, temporary, metadata={"facts": json.dumps(facts)})
            os.replace(temporary, path)
            for old in sorted(path.parent.glob("*.safetensors"), key=lambda file: -file.stat().st_mtime)[KEPT:]:
                old.unlink(missing_ok=True)
        finally:
            temporary.unlink(missing_ok=True)
