"""The decoder's child process: `python -m engine.media.decoder ORDER`. Nothing else in Kinora opens an untrusted file.

It locks itself in (no network, no writing, bounded memory and time), decodes what the order (JSON, made by
`engine.media.cage`) says, and answers on stdout in the cage's message format. It imports numpy, PyAV and Pillow only.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from engine.errors import OutOfMemory, StudioError, UnreadableMedia

if TYPE_CHECKING:
    import numpy as np

# What a child may write to files: its complaints on stderr, which the parent keeps in an unlinked file.
_STDERR_BYTES = 64 << 10
# Open files beside the one to decode: Python's own and those of threads.
_OPEN_FILES = 64
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_NO_NEW_PRIVS, _PR_SET_DUMPABLE = 38, 4


def leave_the_network() -> None:
    """Enter an empty network namespace where the system allows it. Must run after the imports, which may need the user's
    rights to files, and before the first thread starts.
    """
    with contextlib.suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def confine(limits: dict[str, Any]) -> None:
    """Hard limits on memory, processor time, written bytes and open files. They cannot be raised again."""
    cpu = int(limits["cpu"]) + 1
    for what, most in (
        (resource.RLIMIT_AS, int(limits["memory"])),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_FSIZE, _STDERR_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


class Answers:
    """The way back to the parent. Between two messages an alarm runs, so that a hung child ends even when its parent is gone."""

    def __init__(self, silence: float) -> None:
        self._fd = os.dup(1)
        # Whatever a library prints must not reach the message pipe.
        os.dup2(2, 1)
        self._seconds = int(silence) + 5
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(self._seconds)

    def json(self, value: dict[str, Any]) -> None:
        """Send a JSON message."""
        self._send(b"J", json.dumps(value).encode())

    def data(self, array: np.ndarray) -> None:
        """Send an array's bytes."""
        self._send(b"D", array.data.cast("B") if array.size else b"")

    def repeat(self) -> None:
        """Say that the last data counts once more."""
        self._send(b"R", b"")

    def _send(self, kind: bytes, payload: bytes | memoryview) -> None:
        signal.alarm(0)
        self._write(memoryview(kind + len(payload).to_bytes(8, "little")))
        self._write(memoryview(payload))
        signal.alarm(self._seconds)

    def _write(self, view: memoryview) -> None:
        while len(view):
            view = view[os.write(self._fd, view) :]


class Source(io.RawIOBase):
    """The untrusted file as PyAV and Pillow read it: seekable, by descriptor, with no path and so no neighbours."""

    def __init__(self, fd: int) -> None:
        self._fd, self._at, self._size = fd, 0, os.fstat(fd).st_size

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        got = os.preadv(self._fd, [buffer], self._at)
        self._at += got
        return got

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def operation(order: dict[str, Any]) -> Callable[[dict[str, Any], Source, Answers], None]:
    """The function that carries out the order. Imports happen here, before the limits: writing a .pyc is allowed until then."""
    if order["family"] == "image":
        from engine.media import decode_image

        return {"probe": decode_image.probe, "image": decode_image.still, "video": decode_image.animation}.get(order["operation"], _refuse)
    if order["operation"] == "image":
        return _refuse
    from engine.media import decode_av

    return {"probe": decode_av.probe, "video": decode_av.video, "audio": decode_av.audio, "packets": decode_av.packets}[order["operation"]]


def _refuse(order: dict[str, Any], source: Source, answers: Answers) -> None:
    wanted = {"image": "picture", "audio": "sound", "video": "clip", "packets": "clip"}[order["operation"]]
    raise UnreadableMedia(f"{order['name']} is not a {wanted}", why=f"it is {order['format']}", fix=f"choose a {wanted}")


@contextlib.contextmanager
def reported(order: dict[str, Any], answers: Answers) -> Iterator[None]:
    """Whatever goes wrong inside becomes one error message to the parent."""
    name, mib = order["name"], int(order["limits"]["memory"]) >> 20
    try:
        yield
    except StudioError as error:
        answers.json({"error": error.to_dict()})
    except MemoryError:
        fix = "use a smaller file or raise KINORA_DECODE_MEMORY_MIB"
        answers.json({"error": OutOfMemory(f"{name} needs more than {mib} MiB to decode", fix=fix).to_dict()})
    except Exception as error:  # noqa: BLE001 - a decoder may raise anything on a hostile file
        why = " ".join(str(error).split())[:160] or type(error).__name__
        fault = UnreadableMedia(f"{name} could not be decoded", why=why, fix="the file may be damaged: use another one")
        answers.json({"error": fault.to_dict()})


def main() -> None:
    """Carry out the order in `sys.argv[1]`."""
    order = json.loads(sys.argv[1])
    work = operation(order)
    leave_the_network()
    answers = Answers(order["limits"]["silence"])
    confine(order["limits"])
    with contextlib.suppress(BrokenPipeError), reported(order, answers):
        work(order, Source(order["fd"]), answers)
    # Skips destructors of libraries that have just met a hostile file.
    os._exit(0)


if __name__ == "__main__":
    main()
