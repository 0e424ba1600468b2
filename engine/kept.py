"""What is made once and kept on disk by what it depends on: the content of files as a name, and room for what is used. Shelves are `engine.parts` and the stages of subject swap."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from functools import lru_cache
from pathlib import Path

from engine.store import file_hash, folder_bytes

LEFT_SECONDS = 86400.0
"""After so long a hidden folder is what a killed run left, and not what another one is making."""


def content(path: Path) -> str:
    """SHA-256 of a file's bytes in hex, read once as long as the file does not change. Raises `OSError` when it is not there."""
    facts = path.stat()
    return _hash(str(path), facts.st_size, facts.st_mtime_ns)


def use(folder: Path) -> Path:
    """The folder, marked as used now; it may not be there."""
    with contextlib.suppress(OSError):
        os.utime(folder)
    return folder


def make_room(shelf: Path, most_mib: float, *, keep: frozenset[Path] = frozenset()) -> None:
    """Folders of a shelf go until the rest fits into `most_mib`, those not used for longest first, none of `keep`; before them what killed runs left."""
    folders = [folder for folder in shelf.iterdir() if folder.is_dir()]
    for folder in folders:
        if folder.name.startswith(".") and time.time() - _used(folder) > LEFT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)
    sizes = {folder: folder_bytes(folder) for folder in folders if not folder.name.startswith(".")}
    used = sum(sizes.values())
    for folder in sorted(sizes, key=_used):
        if used <= most_mib * 2**20:
            break
        if folder not in keep:
            shutil.rmtree(folder, ignore_errors=True)
            used -= sizes[folder]


def _used(folder: Path) -> float:
    """When a folder was used last; one that another process just took away comes first."""
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


@lru_cache(maxsize=256)
def _hash(path: str, size: int, changed: int) -> str:
    return file_hash(Path(path))
