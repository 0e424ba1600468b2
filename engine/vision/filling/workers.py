"""Threads for the filling's heavy steps: OpenCV and numpy let go of the interpreter while they work, so frames, views and bands of a picture share the cores.

Who asks works, too, and takes over what no helper has begun: on a busy machine nobody waits for a thread that is not woken. What comes out is the same for any
number of threads, since each piece of work is done alone and whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from itertools import islice
from threading import Lock
from typing import ParamSpec, TypeVar

import cv2

MOST = 4
"""Threads at most: beyond, the interpreter's own share of the work is what takes the time."""
BAND = 48
"""Rows of a picture that are one piece of work: few enough for its pictures to stay in a core's cache."""

In = TypeVar("In")
Out = TypeVar("Out")
Given = ParamSpec("Given")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Threads that share work. To be closed, or used in a `with` block; meanwhile OpenCV starts no threads of its own (see `unthreaded`)."""

    def __init__(self, threads: int | None = None) -> None:
        """threads: as many as there are cores, up to MOST, when not given."""
        self.threads = max(1, min(cores(), MOST)) if threads is None else threads
        self._pool = ThreadPoolExecutor(self.threads, "filling")
        self._alone = unthreaded()

    def submit(self, do: Callable[Given, Out], *given: Given.args, **named: Given.kwargs) -> Future[Out]:
        """Begin a piece of work; its outcome is asked for later."""
        return self._pool.submit(do, *given, **named)

    def map(self, do: Callable[[In], Out], items: Iterable[In], *, at_once: int | None = None) -> list[Out]:
        """What `do` makes of each item, in order. Items are made by the calling thread, all beforehand, or so many at once, then the next: full frames must not pile up.

        Raises what `do` raises first.
        """
        source = iter(items)
        out: list[Out] = []
        while batch := list(source if at_once is None else islice(source, at_once)):
            out += self._shared(do, batch)
        return out

    def bands(self, height: int) -> Iterator[slice]:
        """The rows of a picture in pieces."""
        return (slice(top, min(top + BAND, height)) for top in range(0, height, BAND))

    def _shared(self, do: Callable[[In], Out], batch: list[In]) -> list[Out]:
        done: dict[int, Out] = {}
        waiting = iter(range(len(batch)))  # each number goes to one thread only

        def work() -> None:
            try:
                for i in waiting:
                    done[i] = do(batch[i])
            except BaseException:
                for _ in waiting:  # nobody begins another one
                    pass
                raise

        helpers = [self._pool.submit(work) for _ in range(min(self.threads, len(batch)) - 1)]
        try:
            work()
        finally:
            begun = [helper for helper in helpers if not helper.cancel()]
            failed = [error for error in (helper.exception() for helper in begun) if error is not None]
            count = len(batch)
            batch.clear()  # a helper that was not woken in time still knows it for a while
        if failed:
            raise failed[0]
        return [done.pop(i) for i in range(count)]

    def close(self) -> None:
        """End the threads once their work is done."""
        self._pool.shutdown(cancel_futures=True)
        self._alone.__exit__(None, None, None)

    def __enter__(self) -> Workers:
        self._alone.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


_lock, _users, _before = Lock(), 0, 0


@contextmanager
def unthreaded() -> Iterator[None]:
    """OpenCV without threads of its own, in the whole process, until the last one that wants so has left: they would share the cores with ours and spin while they wait."""
    global _users, _before
    with _lock:
        _users += 1
        if _users == 1:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                cv2.setNumThreads(_before)
