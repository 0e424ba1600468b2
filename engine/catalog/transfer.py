"""One file over HTTP: streamed into a partial file, continued by ranges after a pause, a killed process or a lost network, and hashed while it comes.

The hub's own downloader would continue too, but cannot be paused, tells nothing of its rate, and takes up to ten megabytes of every break with it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import LimitExceeded, ModelUnavailable, StudioError

SILENCE_SECONDS = 15.0
"""A server that says nothing for so long counts as lost."""

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds to wait after each break without a byte in between; after the last one it is given up, and what has come stays."""

BLOCK = 2**20
"""Bytes that are read at once from files."""

LATER = {408, 425, 429, 500, 502, 503, 504}
"""Statuses by which a server asks to be asked again."""

Advance = Callable[[int, str], None]
"""Hears the bytes that are here and what is waited for ("" while bytes come). It may raise to stop: what has come stays in the partial file."""


@dataclass(frozen=True)
class Content:
    """What a file must be. bytes: its size; sha256 of its bytes, or where that is unknown `oid`, its SHA-1 as a blob of git, by which the hub names small files."""

    bytes: int
    sha256: str = ""
    oid: str = ""

    @property
    def name(self) -> str:
        """A file name by which nothing but this content goes on where it was left."""
        return self.sha256 or self.oid or f"unknown-{self.bytes}"

    def hasher(self) -> Any:
        """The hash of this content before its first byte."""
        if self.sha256 or not self.oid:
            return hashlib.sha256()
        return hashlib.sha1(f"blob {self.bytes}\0".encode(), usedforsecurity=False)

    def is_of(self, hasher: Any) -> bool:
        """Whether a finished hash is this content's; always when no hash is known."""
        return not (self.sha256 or self.oid) or hasher.hexdigest() == (self.sha256 or self.oid)


class _Broken(Exception):
    """The connection broke: worth another try."""


class _Busy(_Broken):
    """The server is there, and asks to be asked again."""


def bring(url: str, partial: Path, content: Content, headers: dict[str, str], advance: Advance) -> None:
    """Complete `partial` from `url`, whatever of it is here already, and check its hash.

    Raises `ModelUnavailable` with one line for what a server refuses, for a network that stays away, and for bytes that are not the promised ones (the partial file
    is thrown away then); `LimitExceeded` when the disk is full. What has come stays in every other case.
    """
    try:
        come = _Incoming(partial, content, advance)
        breaks = 0
        while come.have < content.bytes:
            before = come.have
            try:
                come.stream(url, headers)
            except _Broken as error:
                breaks = 1 if come.have > before else breaks + 1
                if breaks > len(PAUSES):
                    what = "the hub does not serve it now" if isinstance(error, _Busy) else "the network was lost"
                    raise ModelUnavailable(what, why=str(error)[:200], fix="try again later: what has come is kept") from error
                _wait(PAUSES[breaks - 1], come.have, advance)
        if not content.is_of(come.hasher):
            partial.unlink()
            found, known = come.hasher.hexdigest(), content.sha256 or content.oid
            raise ModelUnavailable("the file is not the one that was promised", why=f"its hash is {found[:12]}... instead of {known[:12]}...", fix="it was thrown away; fetch again")
    except OSError as error:
        if type(error).__module__.startswith("huggingface_hub"):
            raise  # what the hub refuses is an OSError too
        raise disk_error(error) from error


def hash_of(path: Path, content: Content, advance: Callable[[int], None] = lambda count: None) -> Any:
    """The hash of a file as `content` has it; `advance` hears the bytes of each block."""
    hasher = content.hasher()
    with open(path, "rb") as stream:
        while block := stream.read(BLOCK):
            hasher.update(block)
            advance(len(block))
    return hasher


def link_or_copy(source: Path, target: Path) -> bool:
    """The same content under another name: a hard link where the disk has it (True), else a copy."""
    source = source.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        try:
            shutil.copyfile(source, target)
        except OSError as error:
            target.unlink(missing_ok=True)
            raise disk_error(error) from error
        return False
    return True


def disk_error(error: OSError) -> StudioError:
    """The line for a disk that does not take what is written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LimitExceeded("the disk is full", why=error.strerror or "", fix="free some space, then go on: what has come is kept")
    return ModelUnavailable("the file could not be written", why=error.strerror or str(error)[:100], fix="check the data folder")


def is_of_network(error: Exception) -> bool:
    """Whether an error is the HTTP library's own kind for a network that is not there or breaks: the hub's library changes that library between versions."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return "TransportError" in names and type(error).__module__.startswith("httpx")


class _Incoming:
    """A partial file with the hash of what it holds; both stay right whatever breaks."""

    def __init__(self, partial: Path, content: Content, advance: Advance) -> None:
        self.partial, self.content, self.advance = partial, content, advance
        self.have, self.hasher = 0, content.hasher()
        with open(partial, "ab") as stream:
            if stream.tell() > content.bytes:
                stream.truncate(0)
        with open(partial, "rb") as read:
            while block := read.read(BLOCK):
                self._take(block, "reading what is here")

    def stream(self, url: str, headers: dict[str, str]) -> None:
        """One connection. Returns when the file is whole; raises `_Broken` when it is not."""
        from huggingface_hub.utils import get_session, hf_raise_for_status  # type: ignore[attr-defined]

        asked = {**headers, "Accept-Encoding": "identity", **({"Range": f"bytes={self.have}-"} if self.have else {})}
        try:
            with get_session().stream("GET", url, headers=asked, timeout=SILENCE_SECONDS) as answer:
                if answer.status_code in LATER:
                    raise _Busy(f"it answers {answer.status_code}")
                if answer.status_code == 416 or (answer.status_code == 206 and not _continues(answer, self.have, self.content.bytes)):
                    self._restart()
                    raise _Broken("the server does not go on where the file was left")
                hf_raise_for_status(answer)
                if answer.status_code != 206:
                    self._restart()  # it sends the whole file, asked for a range or not
                self._write(answer.iter_bytes())
        except (StudioError, _Broken):
            raise
        except Exception as error:
            if is_of_network(error):
                raise _Broken(str(error) or type(error).__name__) from error
            raise
        if self.have < self.content.bytes:
            raise _Broken("the connection was closed too early")

    def _write(self, blocks: Iterable[bytes]) -> None:
        with open(self.partial, "r+b") as stream:
            stream.seek(self.have)
            for block in blocks:
                if self.have + len(block) > self.content.bytes:
                    self._restart()
                    raise ModelUnavailable("the server sends more than the file has", why=f"{self.content.bytes} bytes were promised", fix="it was not used; try again later")
                stream.write(block)
                stream.flush()
                self._take(block, "")
            os.fsync(stream.fileno())

    def _take(self, block: bytes, waiting: str) -> None:
        self.hasher.update(block)
        self.have += len(block)
        self.advance(self.have, waiting)

    def _restart(self) -> None:
        os.truncate(self.partial, 0)
        self.have, self.hasher = 0, self.content.hasher()


def _continues(answer: Any, have: int, whole: int) -> bool:
    """Whether a partial answer goes on at `have`: a server may know the file under another size, or pack it."""
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return False
    told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", answer.headers.get("Content-Range", ""))
    return told is not None and int(told[1]) == have and told[2] in (str(whole), "*")


def _wait(seconds: float, have: int, advance: Advance) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        advance(have, "waiting for the network")
        time.sleep(min(0.2, left))
