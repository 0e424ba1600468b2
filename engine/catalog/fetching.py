"""Fetching and verifying in the background: one at a time, a queue behind it, pause, resume, cancel; what the page shows of it. What has come is on disk and outlives the process."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.catalog.card import Card, PackageSource
from engine.catalog.fetch import ModelFiles, Told
from engine.errors import StudioError

RATE_SECONDS = 6.0
"""The rate is that of the last so many seconds."""

Kind = Literal["fetch", "verify"]
State = Literal["waiting", "working", "stopping", "paused", "failed", "done"]


class _Stopped(Exception):
    """Pause, cancel or the end of the studio."""


@dataclass
class Job:
    """A fetch or a verification. error: one line for the user; said: what came of it, when it is done."""

    card: Card
    kind: Kind
    state: State = "waiting"
    told: Told = Told(0, 0)
    error: str = ""
    said: str = ""
    forget: bool = False
    marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=200))

    def hear(self, told: Told) -> None:
        """Take note of how far it is."""
        now = time.monotonic()
        if not told.waiting and (not self.marks or now - self.marks[-1][0] > 0.1):
            self.marks.append((now, told.done))
        self.told = told

    def rate(self) -> float | None:
        """Bytes a second of late; None while nothing comes."""
        if self.state != "working" or self.told.waiting:
            return None
        late = [mark for mark in self.marks if time.monotonic() - mark[0] < RATE_SECONDS]
        if len(late) < 2 or late[-1][0] - late[0][0] < 0.3:
            return None
        return max(0.0, (late[-1][1] - late[0][1]) / (late[-1][0] - late[0][0]))

    def to_dict(self) -> dict[str, Any]:
        """What the page shows."""
        rate = self.rate()
        left = (self.told.total - self.told.done) / rate if rate else None
        return {
            "kind": self.kind, "state": self.state, "done": self.told.done, "total": self.told.total, "file": self.told.file, "waiting": self.told.waiting, "rate": rate, "left": left,
            "error": self.error, "said": self.said, "can_pause": self.kind == "fetch" and not isinstance(self.card.source, PackageSource),
        }  # fmt: skip


class Fetcher:
    """Jobs of one model folder. A fetch that an ended process left behind is a paused one: it goes on only when somebody asks."""

    def __init__(self, files: ModelFiles, cards: dict[str, Card]) -> None:
        self.files = files
        self._jobs: dict[str, Job] = {}
        self._queue: deque[Job] = deque()
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False
        for card_id in files.started():
            if card_id in cards and (left := files.left(cards[card_id])) is not None:
                self._jobs[card_id] = Job(cards[card_id], "fetch", "paused", left)

    def fetch(self, card: Card) -> None:
        """Begin or go on; a card that is here or on its way already is left alone. Raises `ModelUnavailable` when offline."""
        if self.files.offline:
            self.files.fetch(card)  # says why not, or that it is here
        else:
            self._put(Job(card, "fetch", told=self.files.left(card) or Told(0, card.bytes)))

    def verify(self, card: Card) -> None:
        """Read all bytes again; what is wrong with them, the job tells. Raises `ModelUnavailable` when the card is not here."""
        if not self.files.present(card):
            self.files.path(card)  # says what it is and how to get it
        self._put(Job(card, "verify"))

    def pause(self, card_id: str) -> None:
        """Stop for now: what has come stays."""
        with self._lock:
            job = self._jobs.get(card_id)
            if job is not None and job.state == "waiting":
                self._queue.remove(job)
                self._end(job, "paused")
            elif job is not None and job.state == "working":
                job.state = "stopping"

    def cancel(self, card_id: str) -> None:
        """Stop, and throw away what has come. Raises `ModelUnavailable` when another process fetches it."""
        with self._lock:
            job = self._jobs.get(card_id)
            if job is not None and job.state in ("working", "stopping"):
                job.state, job.forget = "stopping", True
                return
            if job is not None and job in self._queue:
                self._queue.remove(job)
            self._jobs.pop(card_id, None)
        if job is not None and job.kind == "fetch":
            self.files.forget(job.card)

    def dismiss(self, card_id: str) -> None:
        """Forget what came of a job that has ended."""
        with self._lock:
            job = self._jobs.get(card_id)
            if job is not None and job.state in ("done", "failed"):
                del self._jobs[card_id]

    def go_offline(self, offline: bool) -> None:
        """The switch of this session; turned on, every fetch pauses."""
        self.files.offline = offline
        if offline:
            for card_id in [job.card.id for job in list(self._jobs.values()) if job.kind == "fetch"]:
                self.pause(card_id)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """The newest job of each card that has one."""
        with self._lock:
            return {card_id: job.to_dict() for card_id, job in self._jobs.items()}

    def wait(self, seconds: float) -> bool:
        """Until nothing waits or works; False when it takes longer."""
        end = time.monotonic() + seconds
        with self._lock:
            while any(job.state in ("waiting", "working", "stopping") for job in self._jobs.values()):
                if not self._lock.wait(max(0.0, min(0.5, end - time.monotonic()))) and time.monotonic() >= end:
                    return False
        return True

    def stop(self) -> None:
        """End with the studio: what is on its way is paused."""
        with self._lock:
            self._closed = True
            self._queue.clear()
            for job in self._jobs.values():
                if job.state in ("waiting", "working"):
                    job.state = "stopping" if job.state == "working" else "paused"
            self._lock.notify_all()
        if self._thread is not None:
            self._thread.join(2.0)

    def _put(self, job: Job) -> None:
        with self._lock:
            old = self._jobs.get(job.card.id)
            if self._closed or (old is not None and old.state in ("waiting", "working", "stopping")):
                return
            self._jobs[job.card.id] = job
            self._queue.append(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="fetcher", daemon=True)
                self._thread.start()
            self._lock.notify_all()

    def _work(self) -> None:
        while True:
            with self._lock:
                while not self._queue:
                    if self._closed:
                        return
                    self._lock.wait()
                job = self._queue.popleft()
                job.state = "working"
            self._do(job)

    def _do(self, job: Job) -> None:
        def hear(told: Told) -> None:
            job.hear(told)
            if job.state == "stopping":
                raise _Stopped

        state, error, said = "done", "", ""
        try:
            if job.kind == "fetch":
                self.files.fetch(job.card, hear)
                said = "here and verified"
            else:
                count = self.files.verify(job.card, hear)
                said = f"all {count} files are as they should be" if count else "no hash of its files is known, because they came by hand; the files themselves are sound"
        except _Stopped:
            state = "paused"
        except StudioError as refused:
            state, error = "failed", refused.line
        except Exception as broken:  # a fault of ours must not end the thread, and the user is told something
            state, error = "failed", f"{job.card.title} failed ({type(broken).__name__}): report it"
        if job.forget or (job.kind == "verify" and state == "paused"):
            with self._lock:
                self._jobs.pop(job.card.id, None)
            if job.kind == "fetch" and state != "done":
                self.files.forget(job.card)
        with self._lock:
            self._end(job, state, error, said)

    def _end(self, job: Job, state: Any, error: str = "", said: str = "") -> None:
        job.state, job.error, job.said = state, error, said
        if state == "done":
            job.told = Told(job.told.total, job.told.total)
        elif state in ("paused", "failed") and job.kind == "fetch":
            job.told = self.files.left(job.card) or Told(0, job.card.bytes)
        self._lock.notify_all()
