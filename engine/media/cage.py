"""The cage: untrusted files are decoded by a child process with hard limits. This is the parent's side.

The child (`engine.media.decoder`) gets an open file, never a path; it cannot write, its memory and processor time are
bounded, it has its own process group, no network where the system allows that, and it is killed when it is silent for
`Settings.decode_seconds`. What it sends back is length-prefixed messages on one pipe:

    kind (1 byte: J json, D data, R repeat the last data) | length (8 bytes, little endian) | payload
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LimitExceeded, StudioError, UnreadableMedia
from engine.media.sniff import HEAD_BYTES, Format, is_heic, looks_like_text, sniff
from engine.settings import Settings

HEADER = 9
MAX_JSON = 16 << 20
# A bigger pipe means fewer wake-ups per frame: 1 MiB is what Linux grants without privileges.
PIPE_BYTES = 1 << 20
MIB = 1 << 20
_ROOT = Path(__file__).resolve().parent.parent.parent
_PERHAPS_DAMAGED = "the file may be damaged: use another one or convert it"
_KNOWN = "use PNG, JPEG, WebP, AVIF, GIF, TIFF, MP4, MOV, WebM, AVI, WAV, MP3, FLAC, Ogg or M4A"


def shown_name(path: str | os.PathLike[str]) -> str:
    """The file's name as it may stand in a message: printable, one line, at most 60 characters."""
    name = os.fsencode(Path(path).name).decode("utf-8", "replace")
    name = "".join(c if c.isprintable() else "\ufffd" for c in name)
    return name if len(name) <= 60 else name[:40] + "..." + name[-17:]


class Inlet:
    """A checked, open, untrusted file: a regular file, not empty, of a known format, within the byte limit."""

    def __init__(self, path: str | os.PathLike[str], settings: Settings, *, projects: bool = False) -> None:
        """projects: a saved project is let in, too; it must not be given to a decoder."""
        self._projects = projects
        self.name = shown_name(path)
        try:
            # O_NONBLOCK: opening a named pipe must not wait for its writer.
            self.fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            reason = error.strerror.lower() if isinstance(error, OSError) and error.strerror else "not a usable file name"
            raise UnreadableMedia(f"{self.name} cannot be opened", why=reason, fix="choose the file again") from error
        try:
            self.format = self._check(settings)
        except BaseException:
            self.close()
            raise

    def _check(self, settings: Settings) -> Format:
        info = os.fstat(self.fd)
        if not stat.S_ISREG(info.st_mode):
            raise UnreadableMedia(f"{self.name} is not a file", fix="choose a picture, clip or sound")
        if info.st_size == 0:
            raise UnreadableMedia(f"{self.name} is empty (0 bytes)", fix="choose another file")
        self.size = info.st_size
        head = os.pread(self.fd, HEAD_BYTES, 0)
        found = sniff(head)
        if found is None:
            if is_heic(head):
                raise UnreadableMedia(f"{self.name} is a HEIC picture, which cannot be read here", fix="save it as JPEG or PNG first")
            why = "it is text, whatever its name says" if looks_like_text(head) else "its first bytes are of no known format"
            raise UnreadableMedia(f"{self.name} is not a picture, clip or sound", why=why, fix=_KNOWN)
        if found.family == "project" and not self._projects:
            raise UnreadableMedia(f"{self.name} is a saved project, not a picture, clip or sound", fix="open it in the tab Movie")
        if found.family == "image":
            limit, option = settings.max_image_mib, "KINORA_MAX_IMAGE_MIB"
        else:
            limit, option = settings.max_video_mib, "KINORA_MAX_VIDEO_MIB"
        if info.st_size > limit * MIB:
            raise LimitExceeded(
                f"{self.name} has {info.st_size / MIB:.0f} MiB, over the limit of {limit} MiB", fix=f"use a smaller file or raise {option}"
            )
        return found

    def close(self) -> None:
        """Close the file. Twice does no harm."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Inlet:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Decoder:
    """A running child that decodes one file. Use as a context manager: leaving it ends the whole process group.

    `operation` is one of `probe`, `image`, `video`, `audio`, `packets`; `options` go with it. `module` is the child's program (tests put theirs here).
    """

    def __init__(
        self,
        inlet: Inlet,
        settings: Settings,
        operation: str,
        options: dict[str, Any] | None = None,
        *,
        module: str = "engine.media.decoder",
    ) -> None:
        self._name = inlet.name
        self._silence = settings.decode_seconds
        self._memory_mib = settings.decode_memory_mib
        order = {
            "operation": operation,
            "fd": inlet.fd,
            "name": inlet.name,
            "family": inlet.format.family,
            "format": inlet.format.name,
            "demuxer": inlet.format.demuxer,
            "bytes": inlet.size,
            "limits": {
                "memory": settings.decode_memory_mib * MIB,
                "silence": settings.decode_seconds,
                # One answer costs at most its silence limit on each of two threads; a stream may be as long as a clip may be.
                "cpu": 4 * settings.decode_seconds + (4 * settings.max_video_seconds if operation in ("video", "audio", "packets") else 0),
                "image_pixels": settings.max_image_pixels,
                "frame_pixels": settings.max_frame_pixels,
                "seconds": settings.max_video_seconds,
            },
            "options": options or {},
        }
        # An unlinked file, whose size the child's own RLIMIT_FSIZE bounds, cannot fill up and block as a pipe would.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the child
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, json.dumps(order)],
            cwd=_ROOT,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            bufsize=0,
            close_fds=True,
            pass_fds=(inlet.fd,),
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._pipe = self._process.stdout.fileno()
        with contextlib.suppress(OSError, AttributeError):
            fcntl.fcntl(self._pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        os.set_blocking(self._pipe, False)
        self._poll = select.poll()
        self._poll.register(self._pipe, select.POLLIN | select.POLLHUP | select.POLLERR)

    @property
    def pid(self) -> int:
        """The child's process id, which is also its group's."""
        return self._process.pid

    def read_json(self) -> dict[str, Any]:
        """The next message, which must be JSON. An error that the child reports is raised here."""
        kind, length = self.read_header()
        if kind != "J":
            raise self._broken("an answer out of order")
        return self.read_json_body(length)

    def read_json_body(self, length: int) -> dict[str, Any]:
        """The payload after a `J` header."""
        if length > MAX_JSON:
            raise self._broken("an answer too long")
        body = bytearray(length)
        self.read_into(memoryview(body))
        try:
            answer = json.loads(bytes(body))
        except (ValueError, RecursionError) as error:
            raise self._broken("an answer that is not JSON") from error
        if not isinstance(answer, dict):
            raise self._broken("an answer of the wrong shape")
        if "error" in answer:
            raise StudioError.from_dict(answer["error"])
        return answer

    def read_header(self) -> tuple[str, int]:
        """Kind and length of the next message."""
        head = bytearray(HEADER)
        self.read_into(memoryview(head))
        return chr(head[0]), int.from_bytes(head[1:], "little")

    def read_array(self, array: np.ndarray) -> None:
        """Fill a contiguous `array` from the next message, which must be data of exactly its size."""
        kind, length = self.read_header()
        if kind == "J":
            self.read_json_body(length)
        if kind != "D" or length != array.nbytes:
            raise self._broken("data of the wrong size")
        self.read_into(array.data.cast("B") if array.nbytes else memoryview(b""))

    def read_into(self, view: memoryview) -> None:
        """Fill `view`; the child may be silent for `decode_seconds` at a time, then it is killed."""
        done, deadline = 0, time.monotonic() + self._silence
        while done < len(view):
            try:
                got = os.readv(self._pipe, [view[done:]])
            except BlockingIOError:
                left = deadline - time.monotonic()
                if left <= 0 or not self._poll.poll(left * 1000):
                    raise self._silent() from None
                continue
            if got == 0:
                raise self._died()
            done += got
            deadline = time.monotonic() + self._silence

    def _silent(self) -> StudioError:
        self.close()
        return UnreadableMedia(f"{self._name} could not be decoded", why=f"no answer for {self._silence:g} s", fix=_PERHAPS_DAMAGED)

    def _broken(self, why: str) -> StudioError:
        self.close()
        return UnreadableMedia(f"{self._name} could not be decoded", why=f"the decoder gave {why}", fix="use another file")

    def _died(self) -> StudioError:
        # The pipe closes a moment before the process ends; its own exit code is worth that moment.
        deadline = time.monotonic() + 1.0
        while os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None and time.monotonic() < deadline:
            time.sleep(0.002)
        self.close()
        code = self._process.returncode
        if code < 0:
            why = f"the decoder was ended by {signal.Signals(-code).name if -code in set(signal.Signals) else -code}"
        else:
            why = f"the decoder ended with code {code}; its memory limit is {self._memory_mib} MiB"
        return UnreadableMedia(f"{self._name} could not be decoded", why=why, fix=_PERHAPS_DAMAGED)

    def close(self) -> None:
        """End the child and everything it started. Twice does no harm."""
        if self._process.returncode is None:
            # The group is killed before its leader is reaped: until then its id cannot be anyone else's.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """What the child sees of the environment: enough to start Python, nothing secret, one thread per numeric library."""
    kept = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "PYTHONHOME")}
    # Each malloc arena reserves 64 MiB of address space, which RLIMIT_AS counts.
    return kept | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "PYTHONUTF8": "1", "PYTHONNOUSERSITE": "1"}
