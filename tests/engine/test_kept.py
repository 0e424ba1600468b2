"""Shelves on disk: the oldest goes first, what is kept stays, and what killed runs left goes after a day, not before."""

from __future__ import annotations

import os
import time
from pathlib import Path

from engine.kept import LEFT_SECONDS, content, make_room, use


def folder(shelf: Path, name: str, age: float, kib: int = 512) -> Path:
    made = shelf / name
    made.mkdir()
    (made / "data").write_bytes(bytes(kib * 1024))
    os.utime(made, (time.time() - age, time.time() - age))
    return made


def test_the_least_used_go_first_and_leftovers_after_a_day(tmp_path: Path) -> None:
    old, used, new = folder(tmp_path, "old", 900), folder(tmp_path, "used", 950), folder(tmp_path, "new", 10)
    held, left, making = folder(tmp_path, "held", 990), folder(tmp_path, ".left", LEFT_SECONDS + 60), folder(tmp_path, ".making", 60)
    use(used)
    make_room(tmp_path, 1.6, keep=frozenset({held}))
    assert [one.exists() for one in (old, used, new, held, left, making)] == [False, True, True, True, False, True]


def test_content_follows_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    first = content(path)
    os.utime(path, (1, 1))
    assert content(path) == first
    path.write_bytes(b"two")
    assert content(path) != first
