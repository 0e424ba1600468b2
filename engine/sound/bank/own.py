"""Sounds and music of the user's own: files in `sounds` below the data folder, called by their names or by a text beside them.

`sounds/music` holds music; a folder called ambience or a name with "loop" in it makes a bed. Files are of unknown origin: each is looked at by a caged decoder once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.errors import StudioError, UnreadableMedia
from engine.settings import Settings
from engine.sound.bank.registry import Kind, Sound
from engine.sound.bank.rings import RATE

ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".opus", ".m4a", ".aac")
FOLDER, MUSIC, AMBIENCE = "sounds", "music", "ambience"

MOST = 2000
"""Files that are looked at; more are left out with a note."""

LONG = 12.0
"""Seconds from which a sound without a word about its kind is a bed, not an effect."""

LEVELS: dict[Kind, float] = {"ambience": -30.0, "effect": -22.0, "music": -20.0}
"""LUFS at which sounds of the user's own are given, as the bank's are."""


@dataclass(frozen=True)
class Listed:
    """What lies in the folder. notes: one line for each file that was left out."""

    sounds: tuple[Sound, ...]
    notes: tuple[str, ...]


def folder(settings: Settings) -> Path:
    """Where the user's sounds are looked for; it may not exist."""
    return settings.data_dir / FOLDER


def listed(settings: Settings) -> Listed:
    """All sounds of the folder and the folders in it. What cannot be read is left out with a note; links out of the folder are not followed."""
    place = folder(settings)
    if not place.is_dir():
        return Listed((), ())
    files = sorted(path for path in place.rglob("*") if path.suffix.lower() in ENDINGS and not any(part.startswith(".") for part in path.relative_to(place).parts))
    found, notes = [], [f"{len(files) - MOST} sounds beyond the first {MOST} are left out"] if len(files) > MOST else []
    for path in files[:MOST]:
        try:
            if not path.resolve().is_relative_to(place.resolve()):
                raise UnreadableMedia(f"{path.name} is a link out of the folder", fix="copy the file itself")
            state = path.stat()
            seconds = _seconds(path, state.st_size, state.st_mtime_ns, settings)
            found.append(_sound(path, place, seconds))
        except StudioError as error:
            notes.append(error.line)
        except OSError as error:
            notes.append(f"{path.name} cannot be read ({error.strerror})")
    return Listed(tuple(found), tuple(notes))


def read(path: Path, settings: Settings) -> np.ndarray:
    """(N, 2) float32 at `RATE` of a sound in a file, as it is there. Raises `UnreadableMedia`."""
    from engine.media.audio import read_audio

    samples, _ = read_audio(path, settings, rate=RATE)
    if not len(samples):
        raise UnreadableMedia(f"{path.name} has no sound in it", fix="remove it from the folder of sounds")
    # Of more than two channels the first two are left and right.
    return np.ascontiguousarray(samples[:, [0, min(1, samples.shape[1] - 1)]])


@lru_cache(maxsize=2 * MOST)
def _seconds(path: Path, size: int, changed: int, settings: Settings) -> float:
    from engine.media.probe import probe

    facts = probe(path, settings)
    if not facts.has_audio or facts.audio_duration <= 0:
        raise UnreadableMedia(f"{path.name} has no sound in it", fix="remove it from the folder of sounds")
    return facts.audio_duration


def _sound(path: Path, place: Path, seconds: float) -> Sound:
    inside = path.relative_to(place)
    parents = {part.lower() for part in inside.parts[:-1]}
    name = path.stem.lower()
    kind: Kind = "music" if MUSIC in parents else "ambience" if AMBIENCE in parents or "loop" in name or seconds >= LONG else "effect"
    caption, *also = _captions(path)
    return Sound(f"own/{inside.as_posix()}", caption, kind, None if kind == "ambience" else seconds, LEVELS[kind], tuple(also), path)


def _captions(path: Path) -> list[str]:
    """Lines of the text beside a file, or the words of its name."""
    beside = path.with_suffix(".txt")
    try:
        lines = [" ".join(line.split())[:200] for line in beside.read_bytes()[:4000].decode("utf-8", "replace").splitlines()] if beside.is_file() else []
    except OSError:
        lines = []
    words = " ".join(re.findall(r"[^\W\d_]+", path.stem.replace("_", " ")))
    return [line for line in lines if line][:8] or [words or path.stem[:80]]
