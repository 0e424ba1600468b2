"""Where the content of a model's files may lie on this machine already: in another card's folder, the trash, the user's own folders, the Hugging Face cache."""

from __future__ import annotations

import json
from pathlib import Path

from engine.catalog.card import Card, File, HubSource
from engine.catalog.folders import shelves
from engine.catalog.repository import Wanted, cached_blob
from engine.settings import Settings


def twins(settings: Settings, card: Card, source: HubSource) -> list[Path]:
    """Folders below the user's own that are named as a card of the hub: by its id, its repository, or both parts of that."""
    owner, _, name = source.repo.rpartition("/")
    names = [card.id, name, f"{owner}--{name}", f"{owner}/{name}"]
    return [folder for shelf in shelves(settings) for one in names if (folder := shelf / one).is_dir()]


def elsewhere(models: Path, settings: Settings, repo: str, file: Wanted, record: str) -> list[Path]:
    """Files of this machine that may have the content of a wanted one, by recorded hash or by name and size; their bytes are still to be compared."""
    content = file.content
    found = [folder / one.name for folder in _fetched(models) for one in recorded_files(folder, record) if content.sha256 and one.sha256 == content.sha256]
    blob = cached_blob(repo, content)
    found += [blob] if blob is not None else []
    if content.sha256:
        name = repo.rpartition("/")[2]
        found += [shelf / one / file.inside for shelf in shelves(settings) for one in (name, repo, repo.replace("/", "--"))]
    return [path for path in found if path.is_file() and path.stat().st_size == content.bytes]


def recorded_files(place: Path, record: str) -> list[File]:
    """What a hub told of the files in a folder when they were fetched; nothing for a folder that came otherwise."""
    try:
        return [File.model_validate(file) for file in json.loads((place / record).read_text(encoding="utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _fetched(models: Path) -> list[Path]:
    places = [models, models / ".trash"]
    return [folder for place in places if place.is_dir() for folder in sorted(place.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
