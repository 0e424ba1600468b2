"""Pieces of bytes on disk by the number of their frame: read and written in any order, with memory that does not grow with what is in them."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import zlib
from pathlib import Path
from typing import Any, BinaryIO

READ = 1 << 20
"""Bytes that are read at once when a file is checked."""


class Pieces:
    """A folder's `NAME.json`, where each piece lies, and the file of pieces that it names.

    Whoever writes has a file of its own, put in place by `save`: one who reads what was saved before is not disturbed by it. What is damaged or cut off is
    found out when it is opened. facts: anything that JSON can tell, kept with the pieces.
    """

    def __init__(self, folder: Path, name: str, facts: dict[str, Any] | None = None) -> None:
        """New and empty; what was saved there before stays until `save`."""
        self.folder, self.name, self.facts = folder, name, facts or {}
        self.where: dict[int, tuple[int, int]] = {}
        self._length = self._sum = 0
        self._saved = False
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}-{secrets.token_hex(6)}.bin"
        self._file: BinaryIO = open(self._path, "w+b")  # noqa: SIM115 (held as long as the pieces are)

    @classmethod
    def load(cls, folder: Path, name: str) -> Pieces:
        """What was saved. Raises `OSError` when there is nothing, `ValueError` when it is damaged."""
        index = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        self = cls.__new__(cls)
        try:
            self.folder, self.name, self.facts = folder, name, dict(index["facts"])
            self.where = {int(k): (int(at), int(size)) for k, (at, size) in index["pieces"].items()}
            self._length, self._sum = int(index["bytes"]), int(index["sum"])
            self._path = folder / Path(str(index["file"])).name
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{name}.json is not an index") from error
        self._saved = True
        self._file = open(self._path, "rb")  # noqa: SIM115
        left, found = self._length, 0
        while left > 0 and (block := self._file.read(min(READ, left))):
            left, found = left - len(block), zlib.crc32(block, found)
        if left or found != self._sum or any(at < 0 or size < 0 or at + size > self._length for at, size in self.where.values()):
            self._file.close()
            raise ValueError(f"the pieces of {name} are damaged")
        return self

    def put(self, frame: int, data: bytes) -> None:
        """Keep a piece; it may come again: the newer one counts."""
        if self._file.mode == "rb":
            self._own()
        self._file.seek(self._length)
        self._file.write(data)
        self.where[frame] = (self._length, len(data))
        self._length, self._sum = self._length + len(data), zlib.crc32(data, self._sum)

    def read(self, frame: int) -> bytes:
        """A piece. Raises `KeyError` when there is none."""
        at, size = self.where[frame]
        self._file.seek(at)
        return self._file.read(size)

    def save(self) -> None:
        """Make it last, so that `load` finds everything."""
        if self._file.mode != "rb":
            self._file.flush()
        index = {"facts": self.facts, "file": self._path.name, "bytes": self._length, "sum": self._sum, "pieces": {str(k): list(v) for k, v in sorted(self.where.items())}}
        aside = self.folder / f".{self._path.name}.json"
        try:
            aside.write_text(json.dumps(index), encoding="utf-8")
            os.replace(aside, self.folder / f"{self.name}.json")
        except OSError:
            aside.unlink(missing_ok=True)
            raise
        self._saved = True
        for older in self.folder.glob(f"{self.name}-*.bin"):
            if older != self._path:
                older.unlink(missing_ok=True)

    def close(self) -> None:
        """Give the file back; what was never saved goes. Twice does no harm."""
        with contextlib.suppress(OSError):  # on a full disk; what was saved is there
            self._file.close()
        if not self._saved:
            self._path.unlink(missing_ok=True)

    def _own(self) -> None:
        """A file of one's own with what was loaded."""
        path = self.folder / f"{self.name}-{secrets.token_hex(6)}.bin"
        self._file.seek(0)
        mine = open(path, "w+b")  # noqa: SIM115
        shutil.copyfileobj(self._file, mine)
        self._file.close()
        self._file, self._path, self._saved = mine, path, False
