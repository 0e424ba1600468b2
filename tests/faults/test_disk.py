"""A disk that fills up in the middle of a run: one clear line, nothing half-done, and the next run works once there is room."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Served
from tests.faults.test_kill import finished, picture, submit, wait, whole

pytestmark = pytest.mark.faults

__all__ = ["picture"]

SMALL = {"max_side": 320}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(folder)], check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not permitted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_full_disk_is_an_error_and_not_an_end(small_disk: Path, picture: Path) -> None:  # noqa: F811
    studio = Served(small_disk / "data", "--min-free-mib", "0")
    try:
        done = submit(studio, picture, seed=1, **SMALL)
        assert wait(studio, done, finished)["state"] == "done"
        filler = small_disk / "filler"
        run = submit(studio, picture, seconds=20, fps=60, seed=2, max_side=320)
        wait(studio, run, lambda state: state["share"] > 0.02)
        with filler.open("wb") as stream:
            try:
                while True:
                    stream.write(b"0" * 65536)
            except OSError:
                pass  # full
        failed = wait(studio, run, lambda state: not state["active"] or state["state"] == "failed", 90)
        assert failed["state"] == "failed" and "disk" in failed["error"] and "Traceback" not in failed["error"]
        filler.unlink()
        assert wait(studio, submit(studio, picture, seed=3, **SMALL), finished)["state"] == "done"
        assert whole(studio) == 2 and list((studio.data / "staging").iterdir()) == []
    finally:
        studio.close()
