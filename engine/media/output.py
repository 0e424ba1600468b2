"""What the writers of clips and sounds share: a file that appears under its name only when it is whole.

It is written under a hidden temporary name in the same folder: encode, fsync, verify, rename, fsync of the folder. A process killed in the middle leaves a hidden `.*.part` file
and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import av
from av.container import OutputContainer

from engine.media.disk import as_disk_error, sync_folder


class Output(ABC):
    """A context manager that writes one file; an existing one is replaced at the end. Leaving the `with` block finishes it, any exception removes what was written.

    A writer opens `_container` on `_temporary` and runs whatever may fail through `_guarded`; `_finish` flushes its encoders, and `_verify` reads the closed file back.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._temporary = self.path.with_name(f".{secrets.token_hex(8)}.part")
        self._container: OutputContainer | None = None
        self._closed = False

    def close(self) -> Path:
        """Finish, verify and publish the file. Leaving the `with` block does this."""
        if not self._closed:
            self._guarded(self._publish)
            self._closed = True
        return self.path

    def abort(self) -> None:
        """Drop everything written. Twice does no harm."""
        self._closed = True
        container, self._container = self._container, None
        if container is not None:
            # The file goes away in any case.
            with contextlib.suppress(av.FFmpegError, OSError, ValueError):
                container.close()
        self._temporary.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.abort()

    def _publish(self) -> None:
        self._finish()
        container, self._container = self._container, None
        assert container is not None
        container.close()
        with open(self._temporary, "rb") as file:
            os.fsync(file.fileno())
        self._verify()
        os.replace(self._temporary, self.path)
        sync_folder(self.path.parent)

    def _guarded(self, step: Callable[[], None]) -> None:
        """Run `step`; on any error the temporary file goes, and a full disk is named as such."""
        try:
            step()
        except OSError as error:
            self.abort()
            raise as_disk_error(error, self.path) from error
        except BaseException:
            self.abort()
            raise

    @abstractmethod
    def _finish(self) -> None:
        """Write what the encoders still hold."""

    @abstractmethod
    def _verify(self) -> None:
        """Raise `StudioError` when the temporary file is not what was written. A faulty file is never published."""
