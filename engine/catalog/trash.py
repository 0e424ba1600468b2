"""The trash of removed models: they can be brought back until it is emptied, by hand or after the days of the setting `trash_days`."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path

from engine.errors import ModelUnavailable
from engine.media.disk import files_below


class ModelTrash:
    """Folders below `models/.trash`; the time of removal is a folder's own time."""

    def __init__(self, models: Path) -> None:
        self.models, self.folder = models, models / ".trash"

    def put(self, card_id: str) -> int:
        """Take a model out of the model folder; an older one of the same card goes for good. Returns its bytes."""
        self.folder.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(self.folder / card_id, ignore_errors=True)
        os.replace(self.models / card_id, self.folder / card_id)
        os.utime(self.folder / card_id)
        return disk_bytes(self.folder / card_id)

    def take(self, card_id: str) -> None:
        """Bring a model back. Raises `ModelUnavailable` when it is not in the trash, or was fetched again since."""
        if not (self.folder / card_id).is_dir():
            raise ModelUnavailable("this model is not in the trash any more", fix="fetch it again")
        if (self.models / card_id).exists():
            raise ModelUnavailable("this model is here already", fix="empty the trash")
        os.replace(self.folder / card_id, self.models / card_id)
        self._tidy()

    def holds(self) -> dict[str, dict[str, float]]:
        """Of each removed model its bytes and when it was removed (seconds since 1970)."""
        folders = [path for path in self.folder.glob("*") if path.is_dir()]
        return {path.name: {"bytes": disk_bytes(path), "removed": path.stat().st_mtime} for path in folders}

    def empty(self, older_than_days: float = 0.0) -> int:
        """Throw away what was removed so long ago; returns the bytes that its files had."""
        freed = 0
        for path in [path for path in self.folder.glob("*") if path.is_dir()]:
            if time.time() - path.stat().st_mtime >= older_than_days * 86400:
                freed += disk_bytes(path)
                shutil.rmtree(path, ignore_errors=True)
        self._tidy()
        return freed

    def _tidy(self) -> None:
        with contextlib.suppress(OSError):
            self.folder.rmdir()


def disk_bytes(*folders: Path) -> int:
    """Bytes of all files below some folders; what has several names counts once, and links do not count."""
    seen: dict[tuple[int, int], int] = {}
    for folder in folders:
        for _, facts in files_below(folder):
            seen[facts.st_dev, facts.st_ino] = facts.st_size
    return sum(seen.values())
