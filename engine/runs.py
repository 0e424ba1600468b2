"""Runs and their events in SQLite: the queue, its history, and what survives a crash. Not: how a run executes (executors)."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Literal

from engine.errors import InvalidInput, LimitExceeded, StudioError
from engine.turns import Served, in_turn

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
ENDED: tuple[State, ...] = ("done", "failed", "cancelled", "interrupted")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS runs (
    id TEXT PRIMARY KEY, task TEXT NOT NULL, version INTEGER NOT NULL, request TEXT NOT NULL, seed INTEGER NOT NULL,
    owner TEXT NOT NULL, state TEXT NOT NULL, position REAL NOT NULL, work REAL NOT NULL,
    created REAL NOT NULL, started REAL, ended REAL, stop INTEGER NOT NULL DEFAULT 0,
    error TEXT, result TEXT, trashed REAL, pinned INTEGER NOT NULL DEFAULT 0, names TEXT NOT NULL DEFAULT '{}',
    parent TEXT NOT NULL DEFAULT '', part TEXT NOT NULL DEFAULT '', label TEXT NOT NULL DEFAULT '');
CREATE INDEX IF NOT EXISTS runs_by_state ON runs(state, position);
CREATE TABLE IF NOT EXISTS events (
    run TEXT NOT NULL, seq INTEGER NOT NULL, time REAL NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run, seq));
"""

_ADDED = ("parent", "part", "label")
"""Text columns that data folders of earlier versions lack."""

_INDEXES = "CREATE INDEX IF NOT EXISTS runs_by_parent ON runs(parent); CREATE INDEX IF NOT EXISTS runs_by_owner ON runs(owner, started);"

_WAITING = """
    SELECT r.id, r.owner, r.parent, EXISTS (SELECT 1 FROM runs c WHERE c.parent = r.id AND c.state IN ('queued','running')) AS held
    FROM runs r LEFT JOIN runs p ON p.id = r.parent AND r.parent != '' WHERE r.state='queued'
    ORDER BY COALESCE(p.position, r.position), r.parent = '', r.position"""
"""Waiting runs by their position: parts stand where their run stands, before it. `held`: the run waits for its parts."""


@dataclass(frozen=True)
class Run:
    """One row. Times are seconds since the epoch; `position` orders the queue; `result` is the engine's summary of the result folder.

    `names`: media field -> what the user calls that file; the request itself holds the path of the kept copy.
    `parent`: the run that this one is a part of, "" for none; `part`: its key on the shelf (`engine.parts`); `label`: what the user reads about it.
    """

    id: str
    task: str
    version: int
    request: dict[str, Any]
    seed: int
    owner: str
    state: State
    position: float
    work: float
    created: float
    started: float | None
    ended: float | None
    stop: bool
    error: dict[str, Any] | None
    result: dict[str, Any] | None
    trashed: float | None
    pinned: bool
    names: dict[str, str]
    parent: str = ""
    part: str = ""
    label: str = ""

    @property
    def active(self) -> bool:
        """True while the run waits or works."""
        return self.state in ("queued", "running")


@dataclass(frozen=True)
class PartRow:
    """A part as it is queued: see `Run`."""

    task: str
    version: int
    request: dict[str, Any]
    part: str
    label: str
    work: float


def new_id() -> str:
    """A random 128-bit id: knowing it is the right to see the run."""
    return secrets.token_hex(16)


def is_run_id(text: str) -> bool:
    """True for what `new_id` may give: such a text is safe as a folder's name."""
    return len(text) == 32 and all(sign in "0123456789abcdef" for sign in text)


class RunStore:
    """All runs of one data folder. Safe to use from several threads and processes at once.

    fair: owners take turns (`engine.turns`); otherwise runs are taken by their position alone, as on one's own machine.
    """

    def __init__(self, path: Path, *, fair: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path, self.fair = path, fair
        self._local = threading.local()
        self._db.executescript(_SCHEMA)
        there = {row["name"] for row in self._db.execute("PRAGMA table_info(runs)")}
        for column in _ADDED:
            if column not in there:
                self._db.execute(f"ALTER TABLE runs ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        self._db.executescript(_INDEXES)

    @property
    def _db(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(self.path, timeout=15.0, isolation_level=None)
            db.row_factory = sqlite3.Row
            db.execute("PRAGMA journal_mode=WAL")
            # FULL: a finished run stays finished after a power cut, at the price of one fsync a commit.
            db.execute("PRAGMA synchronous=FULL")
            self._local.db = db
        return db

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        except BaseException as error:
            if db.in_transaction:
                db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError) and "disk" in str(error):
                raise LimitExceeded("the disk is full", fix="free some space; nothing finished is lost") from error
            raise

    # ---- submitting and looking

    def submit(self, task: str, version: int, request: dict[str, Any], *, owner: str = "", work: float = 1.0, limits: tuple[int, int] = (200, 40), names: dict[str, str] | None = None, parts: Sequence[PartRow] = ()) -> Run:
        """Queue a run, with its parts before it. `limits`: (waiting in all, waiting of this owner). The same request twice within a second is one run (a double click)."""
        seed = request.get("seed")
        run_id, now, text = new_id(), time.time(), json.dumps(request, sort_keys=True)
        with self._write() as db:
            twin = db.execute(
                "SELECT id FROM runs WHERE owner=? AND task=? AND request=? AND state IN ('queued','running') AND created>?", (owner, task, text, now - 1.0)
            ).fetchone()
            if twin is not None:
                run_id = twin["id"]
            else:
                waiting = [row["owner"] for row in db.execute("SELECT owner FROM runs WHERE state='queued' AND parent=''")]
                if len(waiting) >= limits[0] or ((owner or self.fair) and waiting.count(owner) >= limits[1]):
                    raise LimitExceeded(f"the queue is full ({len(waiting)} runs wait)", fix="wait for one to end or cancel one")
                seed = secrets.randbits(32) if seed is None else int(seed)
                db.execute(
                    "INSERT INTO runs(id,task,version,request,seed,owner,state,position,work,created,names) VALUES(?,?,?,?,?,?,?,?,?,?,?)",
                    (run_id, task, version, text, seed, owner, "queued", now, work, now, json.dumps(names or {})),
                )
                self._append(db, run_id, "state", {"state": "queued"})
                self._insert_parts(db, run_id, parts)
        return self.get(run_id)

    def parts(self, run_id: str) -> list[Run]:
        """The parts of a run in order, those of its last submission."""
        return [_run(row) for row in self._db.execute("SELECT * FROM runs WHERE parent=? ORDER BY created, rowid", (run_id,))]

    def get(self, run_id: str) -> Run:
        """The run; an unknown id raises `InvalidInput`."""
        row = self._db.execute("SELECT * FROM runs WHERE id=?", (run_id,)).fetchone()
        if row is None:
            raise InvalidInput("this run is not known here", why="it was removed, or the link is of another machine", fix="look in the library")
        return _run(row)

    def select(self, *, owner: str | None = None, states: tuple[State, ...] | None = None, trashed: bool = False, limit: int = 500) -> list[Run]:
        """Runs that are no part of another, newest first; `owner` None lists everybody's."""
        where, values = ["parent=''", "trashed IS NOT NULL" if trashed else "trashed IS NULL"], []
        if owner is not None:
            where.append("owner=?")
            values.append(owner)
        if states is not None:
            where.append(f"state IN ({','.join('?' * len(states))})")
            values.extend(states)
        rows = self._db.execute(f"SELECT * FROM runs WHERE {' AND '.join(where)} ORDER BY created DESC LIMIT ?", (*values, limit))
        return [_run(row) for row in rows]

    def queue(self) -> list[Run]:
        """Running and waiting runs that are no part of another, in the order in which they will work."""
        runs = [_run(row) for row in self._db.execute("SELECT * FROM runs WHERE state IN ('queued','running') AND parent='' ORDER BY state='queued', position")]
        if self.fair:
            turn = {run_id: place for place, run_id in enumerate(self._order(self._db.execute(_WAITING).fetchall()), 1)}
            runs.sort(key=lambda run: turn.get(run.id, 0))
        return runs

    def events(self, run_id: str, after: int = 0, limit: int = 1000) -> list[dict[str, Any]]:
        """Events with a sequence number above `after`: `{"seq", "time", "event", ...}`."""
        rows = self._db.execute("SELECT * FROM events WHERE run=? AND seq>? ORDER BY seq LIMIT ?", (run_id, after, limit))
        return [{"seq": row["seq"], "time": row["time"], "event": row["kind"], **json.loads(row["data"])} for row in rows]

    def latest(self, run_id: str) -> dict[str, dict[str, Any]]:
        """The newest event of each kind, by kind."""
        rows = self._db.execute(
            "SELECT e.* FROM events e JOIN (SELECT kind, MAX(seq) AS seq FROM events WHERE run=? GROUP BY kind) last ON e.seq=last.seq WHERE e.run=?",
            (run_id, run_id),
        )
        return {row["kind"]: {"seq": row["seq"], "time": row["time"], **json.loads(row["data"])} for row in rows}

    def seconds_per_work(self, task: str, like: Mapping[str, Any] | None = None) -> float | None:
        """Median seconds per unit of work over the last ten finished runs of this machine, of those whose request has the values of `like`; None before the first."""
        alike = "".join(f" AND json_extract(request, '$.{name}')=?" for name in like or {} if name.isidentifier())
        rows = self._db.execute(
            f"SELECT (ended-started)/work AS rate FROM runs WHERE task=? AND state='done' AND work>0{alike} ORDER BY ended DESC LIMIT 10", (task, *(like or {}).values())
        ).fetchall()
        return median(row["rate"] for row in rows) if rows else None

    # ---- changing the queue

    def cancel(self, run_id: str) -> None:
        """A waiting run is cancelled now; a working one is asked to stop at its next checkpoint; an ended one stays. The same for its parts."""
        with self._write() as db:
            now = time.time()
            for one in (run_id, *[row["id"] for row in db.execute("SELECT id FROM runs WHERE parent=? AND state IN ('queued','running')", (run_id,))]):
                if db.execute("UPDATE runs SET state='cancelled', ended=? WHERE id=? AND state='queued'", (now, one)).rowcount:
                    self._append(db, one, "state", {"state": "cancelled"})
                elif db.execute("UPDATE runs SET stop=1 WHERE id=? AND state='running' AND stop=0", (one,)).rowcount:
                    self._append(db, one, "state", {"state": "stopping"})

    def stop_requested(self, run_id: str) -> bool:
        """True when the user pressed Stop on this working run."""
        row = self._db.execute("SELECT stop FROM runs WHERE id=?", (run_id,)).fetchone()
        return row is None or bool(row["stop"])

    def move(self, run_id: str, steps: int) -> None:
        """Move a waiting run `steps` places, among its owner's own where owners take turns; negative is earlier."""
        with self._write() as db:
            among = "SELECT id, position FROM runs WHERE state='queued' AND parent='' AND (? OR owner=(SELECT owner FROM runs WHERE id=?)) ORDER BY position"
            rows = db.execute(among, (not self.fair, run_id)).fetchall()
            ids, places = [row["id"] for row in rows], [row["position"] for row in rows]
            if run_id not in ids:
                return
            target = max(0, min(len(ids) - 1, ids.index(run_id) + steps))
            ids.remove(run_id)
            ids.insert(target, run_id)
            db.executemany("UPDATE runs SET position=? WHERE id=?", list(zip(places, ids, strict=True)))

    def replace_request(self, run_id: str, request: dict[str, Any], work: float, names: dict[str, str] | None = None, parts: Sequence[PartRow] = ()) -> bool:
        """New settings, and parts, for a waiting run; False when it is too late."""
        seed = request.get("seed")
        with self._write() as db:
            changed = db.execute(
                "UPDATE runs SET request=?, work=?, names=? WHERE id=? AND state='queued'", (json.dumps(request, sort_keys=True), work, json.dumps(names or {}), run_id)
            ).rowcount
            if changed and seed is not None:
                db.execute("UPDATE runs SET seed=? WHERE id=?", (int(seed), run_id))
            if changed:
                self._forget(db, [row["id"] for row in db.execute("SELECT id FROM runs WHERE parent=? AND state!='running'", (run_id,))], waiting=True)
                self._insert_parts(db, run_id, parts)
        return bool(changed)

    def requeue(self, run_id: str, parts: Sequence[PartRow] = ()) -> bool:
        """Put an interrupted, failed or cancelled run back in the queue under the same id and seed, with its parts; False when it is not one of these."""
        with self._write() as db:
            now = time.time()
            changed = db.execute(
                "UPDATE runs SET state='queued', stop=0, error=NULL, result=NULL, started=NULL, ended=NULL, position=? "
                "WHERE id=? AND state IN ('interrupted','failed','cancelled')",
                (now, run_id),
            ).rowcount
            if changed:
                self._forget(db, [row["id"] for row in db.execute("SELECT id FROM runs WHERE parent=?", (run_id,))])
                self._append(db, run_id, "state", {"state": "queued"})
                self._insert_parts(db, run_id, parts)
        return bool(changed)

    def mark(self, run_id: str, *, trashed: float | None = None, pinned: bool | None = None, restore: bool = False) -> None:
        """Trash (a time), bring back from the trash, or pin a run."""
        with self._write() as db:
            if trashed is not None or restore:
                db.execute("UPDATE runs SET trashed=? WHERE id=?", (None if restore else trashed, run_id))
            if pinned is not None:
                db.execute("UPDATE runs SET pinned=? WHERE id=?", (int(pinned), run_id))

    def forget(self, run_id: str) -> None:
        """Remove an ended run, its parts, and their events for good."""
        with self._write() as db:
            self._forget(db, [run_id, *[row["id"] for row in db.execute("SELECT id FROM runs WHERE parent=?", (run_id,))]])

    # ---- working (called by executors)

    def claim(self, suits: Callable[[Run], bool] | None = None) -> Run | None:
        """Take the next waiting run whose parts have ended, of those that suit: it is running from now on, exactly once."""
        if self._db.execute("SELECT 1 FROM runs WHERE state='queued' LIMIT 1").fetchone() is None:
            return None
        with self._write() as db:
            ready = self._order([row for row in db.execute(_WAITING) if not row["held"]])
            run_id = next((one for one in ready if suits is None or suits(self.get(one))), None)
            if run_id is None:
                return None
            db.execute("UPDATE runs SET state='running', started=?, stop=0 WHERE id=?", (time.time(), run_id))
            self._append(db, run_id, "state", {"state": "running"})
        return self.get(run_id)

    def retry(self, run_id: str) -> bool:
        """A working run whose process died goes back to its place in the queue; False when it has ended, or was asked to stop."""
        with self._write() as db:
            changed = db.execute("UPDATE runs SET state='queued' WHERE id=? AND state='running' AND stop=0", (run_id,)).rowcount
            if changed:
                self._append(db, run_id, "state", {"state": "queued"})
        return bool(changed)

    def next(self, wake: threading.Event, suits: Callable[[Run], bool] | None = None) -> Run | None:
        """Claim the next run; when there is none, or the disk is so full that it must go on waiting, give None after half a second or when woken."""
        try:
            run = self.claim(suits)
        except LimitExceeded:
            run = None
        if run is None:
            wake.wait(0.5)
            wake.clear()
        return run

    def append(self, run_id: str, kind: str, data: dict[str, Any]) -> None:
        """Record one event."""
        with self._write() as db:
            self._append(db, run_id, kind, data)

    def finish(self, run_id: str, state: State, *, error: StudioError | None = None, result: dict[str, Any] | None = None) -> bool:
        """End a running run, once; False when somebody else ended it before."""
        with self._write() as db:
            changed = db.execute(
                "UPDATE runs SET state=?, ended=?, error=?, result=? WHERE id=? AND state='running'",
                (state, time.time(), json.dumps(error.to_dict()) if error else None, json.dumps(result) if result else None, run_id),
            ).rowcount
            if changed:
                self._append(db, run_id, "state", {"state": state})
        return bool(changed)

    def running(self) -> list[Run]:
        """Runs that are working now."""
        return [_run(row) for row in self._db.execute("SELECT * FROM runs WHERE state='running'")]

    def _order(self, waiting: list[sqlite3.Row]) -> list[str]:
        """Ids of rows of `_WAITING` in the order in which they are taken."""
        if not self.fair:
            return [row["id"] for row in waiting]
        last = {owner: self._db.execute("SELECT MAX(started) AS last FROM runs WHERE owner=?", (owner,)).fetchone()["last"] for owner in {row["owner"] for row in waiting}}
        working = {row["owner"]: row["n"] for row in self._db.execute("SELECT owner, COUNT(*) AS n FROM runs WHERE state='running' GROUP BY owner")}
        return in_turn([(row["id"], row["owner"]) for row in waiting], {owner: Served(working.get(owner, 0), at or 0.0) for owner, at in last.items()})

    def _insert_parts(self, db: sqlite3.Connection, parent: str, parts: Sequence[PartRow]) -> None:
        for row in parts:
            now, run_id = time.time(), new_id()
            db.execute(
                "INSERT INTO runs(id,task,version,request,seed,owner,state,position,work,created,parent,part,label) VALUES(?,?,?,?,?,(SELECT owner FROM runs WHERE id=?),?,?,?,?,?,?,?)",
                (run_id, row.task, row.version, json.dumps(row.request, sort_keys=True), int(row.request.get("seed") or 0), parent, "queued", now, row.work, now, parent, row.part, row.label),
            )
            self._append(db, run_id, "state", {"state": "queued"})

    def _forget(self, db: sqlite3.Connection, ids: list[str], *, waiting: bool = False) -> None:
        for one in ids:
            if db.execute("DELETE FROM runs WHERE id=? AND state!='running' AND (state!='queued' OR ?)", (one, waiting)).rowcount:
                db.execute("DELETE FROM events WHERE run=?", (one,))

    def _append(self, db: sqlite3.Connection, run_id: str, kind: str, data: dict[str, Any]) -> None:
        db.execute(
            "INSERT INTO events(run,seq,time,kind,data) VALUES(?,(SELECT COALESCE(MAX(seq),0)+1 FROM events WHERE run=?),?,?,?)",
            (run_id, run_id, time.time(), kind, json.dumps(data)),
        )
        if kind in ("progress", "preview"):  # only the newest of these matters; without this, a long film would fill the table
            db.execute(
                "DELETE FROM events WHERE run=? AND kind=? AND seq < (SELECT MAX(seq) FROM events WHERE run=? AND kind=?)", (run_id, kind, run_id, kind)
            )


def _run(row: sqlite3.Row) -> Run:
    values = dict(row)
    for name in ("request", "error", "result", "names"):
        values[name] = json.loads(values[name]) if values[name] else None
    values["stop"], values["pinned"] = bool(values["stop"]), bool(values["pinned"])
    return Run(**values)
