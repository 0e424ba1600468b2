"""Small things that every file writer needs: whole files or none, a folder's fsync, what lies below one, and a full disk in plain words."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LimitExceeded, StudioError

# EFBIG and EDQUOT are what file-size limits and quotas give instead of ENOSPC.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NOTHING = 1 << 20
"""Bytes: a disk with less is full."""


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """A hidden temporary path beside `target`; when the block ends well it is flushed to the disk and takes `target`'s name, else nothing is left.

    Raises `LimitExceeded` when the disk is full.
    """
    temporary = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except OSError as error:
        raise as_disk_error(error, target) from error
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)


def files_below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every regular file below `folder` with its facts; links are not followed. What another process takes away meanwhile is passed over, where `Path.rglob` would raise."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with contextlib.suppress(OSError):
                facts = path.lstat()
                if stat.S_ISREG(facts.st_mode):
                    yield path, facts


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def as_disk_error(error: OSError, target: Path) -> Exception:
    """`LimitExceeded` when the disk is full, else `error` itself."""
    return disk_full(target) if error.errno in _FULL else error


def disk_full(target: Path) -> LimitExceeded:
    """The error for a disk that has no room for `target`."""
    try:
        free = f"{shutil.disk_usage(target.parent).free / 2**20:.0f} MiB free"
    except OSError:
        free = "no room left"
    what = f"the disk is full, so {target.name} could not be written"
    return LimitExceeded(what, why=f"{free} on that disk", fix="free some disk space and run again")


def badly_written(target: Path, why: str, *, fix: str = "run again") -> StudioError:
    """The error for a file that reads back differently: the disk is full, which encoders do not always tell, or else `why`."""
    if shutil.disk_usage(target.parent).free < _NOTHING:
        return disk_full(target)
    return StudioError(f"{target.name} was not written correctly", why=why, fix=fix)
