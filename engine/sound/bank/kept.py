"""Beds that were made once, taken from disk: a bed takes seconds to make, and a film has several."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from engine.errors import LimitExceeded, StudioError
from engine.settings import Settings
from engine.sound.bank import RATE, Bed, bed

VERSION = 1
"""Of how beds are made: another one makes them all anew."""

SEED = 0
"""One bed a sound, so that every film finds it made."""


def kept_bed(sound_id: str, settings: Settings) -> Bed:
    """The bed of an ambience, as `bed` gives it, from `data_dir`/cache/sounds when it is there. Raises `InvalidInput` for another id."""
    return _kept(sound_id, settings.data_dir / "cache" / "sounds")


@lru_cache(maxsize=6)
def _kept(sound_id: str, folder: Path) -> Bed:
    return _read(sound_id, folder) or _made(sound_id, folder)


def _name(sound_id: str) -> str:
    """What the files of a bed begin with. It ends with a mark that no id has: `rain` is not the begin of `rain-roof`."""
    return f"{VERSION}-{sound_id}."


def _read(sound_id: str, folder: Path) -> Bed | None:
    from engine.media.sound_reader import SoundReader

    paths = sorted(folder.glob(f"{_name(sound_id)}*of*.flac"))
    if not paths or len(paths) != int(paths[0].stem.rsplit("of", 1)[1]):
        return None
    rings = []
    try:
        for path in paths:
            with SoundReader(path) as reader:
                if reader.rate != RATE or reader.channels != 2:
                    return None
                rings.append(reader.read(0, reader.length))
    except (StudioError, OSError):
        return None  # a damaged file: the bed is made anew
    return Bed(tuple(rings))


def _made(sound_id: str, folder: Path) -> Bed:
    from engine.media.sound_writer import SoundWriter

    made = bed(sound_id, SEED)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, ring in enumerate(made.rings, 1):
            with SoundWriter(folder / f"{_name(sound_id)}{number}of{len(made.rings)}.flac", rate=RATE) as out:
                out.write(ring)
    except (LimitExceeded, OSError):
        return made  # a bed that cannot be kept is heard all the same
    return made
