"""A repository of the model hub: its files at one commit, what lies of them in the user's Hugging Face cache, and the hub's refusals in plain words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

from engine.catalog.card import Card, HubSource
from engine.catalog.transfer import Content, is_of_network
from engine.catalog.weights import CODE, PICKLES
from engine.errors import ModelUnavailable, StudioError

ASK_SECONDS = 20.0
"""How long the hub may take to list a repository."""


NEVER = (*PICKLES, *CODE, ".msgpack", ".h5", ".ot")
"""Endings of files that are left out where a card says all of a folder: pickles, code, weights of other libraries."""


@dataclass(frozen=True)
class Wanted:
    """One file to bring. name: in the model's folder; inside: in the repository."""

    name: str
    inside: str
    content: Content


@dataclass(frozen=True)
class Plan:
    """All files of a card, at one commit of a repository. asked: what the card asked for when the plan was made."""

    repo: str
    revision: str
    asked: str
    files: tuple[Wanted, ...]

    @property
    def bytes(self) -> int:
        """Of all files."""
        return sum(one.content.bytes for one in self.files)

    def write(self, path: Path) -> None:
        """Keep it, so that a later process goes on with the same commit."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @staticmethod
    def read(path: Path) -> Plan | None:
        """A kept plan; None when there is none that can be read."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
            files = tuple(Wanted(_inside(one["name"]), _inside(one["inside"]), Content(**one["content"])) for one in told["files"])
            return Plan(str(told["repo"]), str(told["revision"]), str(told["asked"]), files)
        except (OSError, ValueError, KeyError, TypeError, StudioError):
            return None


def asked(card: Card) -> str:
    """What a card asks of the hub, in short: a plan that was made for something else is made anew."""
    return hashlib.sha256(card.model_dump_json(include={"source", "files"}).encode()).hexdigest()[:16]


def plan(card: Card, source: HubSource) -> Plan:
    """Ask the hub which commit a card's revision is, and for sizes and hashes of the files that the card names. Raises `ModelUnavailable`."""
    from huggingface_hub import HfApi, constants

    try:
        info: Any = HfApi(endpoint=constants.ENDPOINT).model_info(source.repo, revision=source.revision, files_metadata=True, timeout=ASK_SECONDS)
        there = {one.rfilename: one for one in info.siblings or []}
    except Exception as error:
        raise refusal(source.repo, error) from error
    files = []
    for file in card.files:
        inside = file.inside or file.name
        names = [name for name in there if fnmatch(name, inside) and not name.endswith(NEVER)]
        if not names:
            raise ModelUnavailable(f"{source.repo} does not hold {inside}", fix="report it: the card is wrong")
        for name in names:
            told = there[name]
            lfs = getattr(told.lfs, "sha256", None) or ""
            if told.size is None:
                raise ModelUnavailable(f"the hub does not tell the size of {source.repo}/{name}", fix="try again later")
            content = Content(int(told.size), file.sha256 or lfs, "" if file.sha256 or lfs else told.blob_id or "")
            files.append(Wanted(_inside(name if "*" in inside else file.name), _inside(name), content))
    return Plan(source.repo, info.sha, asked(card), tuple(dict.fromkeys(files)))


def address(plan: Plan, file: Wanted) -> tuple[str, dict[str, str]]:
    """Where a file is fetched from, and the headers by which the hub knows who asks: the user's own token if they logged in with the hub's tools."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    return hf_hub_url(plan.repo, file.inside, revision=plan.revision), build_hf_headers()


def cached_blob(repo: str, content: Content) -> Path | None:
    """A whole file of that content in the user's Hugging Face cache: files there are named by their hashes."""
    path = _cache_of(repo) / "blobs" / content.name
    return path if path.is_file() and path.stat().st_size == content.bytes else None


def cached_snapshot(source: HubSource) -> Path | None:
    """The newest folder of a repository's revision in the user's Hugging Face cache; None when there is none."""
    home = _cache_of(source.repo)
    try:
        commit = (home / "refs" / source.revision).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        commit = source.revision
    if not commit or "/" in commit or commit.startswith("."):
        return None
    folder = home / "snapshots" / commit
    return folder if folder.is_dir() else None


def snapshot_contents(folder: Path) -> Iterator[tuple[Path, Content]]:
    """The files of a folder in the Hugging Face cache with the hashes that their links tell."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() and path.is_file():
            name, size = path.resolve().name, path.stat().st_size
            if len(name) in (40, 64):
                yield path, Content(size, name if len(name) == 64 else "", name if len(name) == 40 else "")


def refusal(repo: str, error: Exception) -> StudioError:
    """What the hub, or the way to it, answered, as one line."""
    if isinstance(error, StudioError):
        return error
    from huggingface_hub import constants
    from huggingface_hub import errors as kinds

    page = f"{constants.ENDPOINT}/{repo}"
    if isinstance(error, kinds.GatedRepoError):
        return ModelUnavailable(f"{repo} is given only to those who accept its terms", fix=f"open {page}, accept them, log in here by `hf auth login`, and fetch again")
    if isinstance(error, kinds.RevisionNotFoundError):
        return ModelUnavailable(f"the revision of {repo} is not there any more", fix="fetch again; if it stays so, report it: the card is wrong")
    if isinstance(error, kinds.EntryNotFoundError):
        return ModelUnavailable(f"a file of {repo} is not there", fix="fetch again; if it stays so, report it: the card is wrong")
    if isinstance(error, kinds.RepositoryNotFoundError):
        return ModelUnavailable(f"{repo} is not on the hub, or is private", fix=f"look at {page}; for a private one log in by `hf auth login`")
    if isinstance(error, kinds.OfflineModeIsEnabled):
        return ModelUnavailable(f"{repo} was not fetched", why="HF_HUB_OFFLINE is set", fix="unset it to fetch models")
    why = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if is_of_network(error) or isinstance(error, ConnectionError):
        return ModelUnavailable(f"there is no network to {constants.ENDPOINT}", why=why, fix="check the network and try again")
    return ModelUnavailable(f"{repo} could not be fetched", why=why, fix="check the network and try again")


def _cache_of(repo: str) -> Path:
    from huggingface_hub import constants

    return Path(constants.HF_HUB_CACHE) / f"models--{repo.replace('/', '--')}"


def _inside(name: str) -> str:
    """A file's name that stays inside its folder. Raises `ModelUnavailable` for any other."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or "\\" in name or "\0" in name or any(part in ("..", ".") for part in name.split("/")):
        raise ModelUnavailable(f"a file is named {name[:80]!r}", why="that leads out of the model's folder", fix="it was not used")
    return str(path)
