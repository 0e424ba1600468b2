"""Where stages lie between runs: what was found, cut, followed or filled once is taken from disk as long as everything that it depends on is the same."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

from engine.errors import UnreadableMedia
from engine.kept import content, make_room, use
from engine.settings import Settings

KEPT_MIB = 3000
"""Room for stages on disk, those not used for longest go first."""

VERSION = 1
"""Raised when a stage's method changes: older ones are made anew."""


def shelf(settings: Settings) -> Path:
    """The folder of all stages."""
    place = settings.data_dir / "cache" / "subjects"
    place.mkdir(parents=True, exist_ok=True)
    return place


def key(*what: Any) -> str:
    """A short name for everything that a stage depends on (anything that JSON can tell)."""
    return hashlib.sha256(json.dumps([VERSION, *what], sort_keys=True, default=str).encode()).hexdigest()[:24]


def place(settings: Settings, stage: str, name: str) -> Path:
    """The folder of a stage; it may not be there yet. Asking for it counts as a use."""
    return use(shelf(settings) / f"{stage}-{name}")


def identity(path: Path) -> str:
    """The content's hash of a file, read once as long as the file does not change. Raises `UnreadableMedia` when it is not there."""
    try:
        return content(path)
    except (OSError, ValueError) as error:
        raise UnreadableMedia(f"{path.name[:60]} cannot be opened", why="it is not there any more", fix="choose the file again", field="video") from error


def read_note(folder: Path) -> dict[str, Any] | None:
    """What `write_note` left in a stage's folder; None when the stage is not whole."""
    try:
        note = json.loads((folder / "stage.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return note if isinstance(note, dict) else None


def write_note(folder: Path, note: dict[str, Any]) -> None:
    """Declare a stage whole."""
    folder.mkdir(parents=True, exist_ok=True)
    aside = folder / f".{secrets.token_hex(6)}.json"
    try:
        aside.write_text(json.dumps(note), encoding="utf-8")
        os.replace(aside, folder / "stage.json")
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def sweep(settings: Settings, *, keep: frozenset[Path] = frozenset()) -> None:
    """Make room: the stages not used for longest go until the rest fits."""
    make_room(shelf(settings), KEPT_MIB, keep=keep)
