"""Fetching from the hub: the branch's commit, sizes and hashes are recorded at the first fetch, and one byte that differs is refused."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import pytest
from pydantic import ValidationError

from engine.catalog.card import Card, File, HubSource, PackageSource
from engine.catalog.experts import CARDS
from engine.catalog.fetch import RECORD, ModelFiles
from engine.errors import ModelUnavailable
from engine.settings import Settings

FILES = {"model.safetensors": b"weights" * 300, "config.json": b"{}", "tokenizer/vocab.txt": b"a\nb", "tokenizer/merges.bin": b"pickle", "README.md": b"hello"}


def card() -> Card:
    named = {"model.safetensors": 2000, "config.json": 5, "tokenizer/*": 10}
    return Card(
        id="tiny", title="Tiny", role="test", family="test", provider="hub", licence="MIT", memory_mib=1, good_at="Tests.", bad_at="All else.",
        source=HubSource(repo="them/tiny", revision="main"), files=tuple(File(name=name, bytes=size) for name, size in named.items()),
    )  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """A hub of one repository; what it gives may be changed."""
    given = dict(FILES)

    def info(self: object, repo: str, *, revision: str, files_metadata: bool) -> SimpleNamespace:
        assert (repo, revision, files_metadata) == ("them/tiny", "main", True)
        lfs = {name: SimpleNamespace(sha256=hashlib.sha256(body).hexdigest()) if name.endswith(".safetensors") else None for name, body in FILES.items()}
        return SimpleNamespace(sha="c0ffee", siblings=[SimpleNamespace(rfilename=name, lfs=lfs[name]) for name in FILES])

    def download(repo: str, name: str, *, revision: str, local_dir: Path) -> str:
        assert (repo, revision) == ("them/tiny", "c0ffee"), "all of one commit"
        path = Path(local_dir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(given[name])
        return str(path)

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", info)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return given


def test_the_commit_sizes_and_hashes_are_recorded(hub: dict[str, bytes], tmp_path: Path, settings: Settings) -> None:
    files = ModelFiles(tmp_path / "models", settings)
    assert not files.present(card())
    folder = files.fetch(card())
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == ["config.json", RECORD, "model.safetensors", "tokenizer/vocab.txt"], "no pickle"
    record = json.loads((folder / RECORD).read_text())
    assert record["revision"] == "c0ffee" and len(record["files"]) == 3
    assert files.present(card())
    files.verify(card())
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(ModelUnavailable, match=r"config.json"):
        files.verify(card())
    (folder / "tokenizer/vocab.txt").unlink()
    assert not files.present(card())


def test_a_file_that_differs_from_the_hubs_own_hash_is_refused(hub: dict[str, bytes], tmp_path: Path, settings: Settings) -> None:
    hub["model.safetensors"] = FILES["model.safetensors"][:-1] + b"!"
    files = ModelFiles(tmp_path / "models", settings)
    with pytest.raises(ModelUnavailable, match="sha256"):
        files.fetch(card())
    assert not files.present(card()) and list(files.folder.iterdir()) == []


def test_a_folder_filled_by_hand_counts_when_all_files_are_there(tmp_path: Path, settings: Settings) -> None:
    files = ModelFiles(tmp_path / "models", settings)
    (tmp_path / "models/tiny/tokenizer").mkdir(parents=True)
    for name in ("model.safetensors", "config.json"):
        (tmp_path / "models/tiny" / name).write_bytes(FILES[name])
    assert not files.present(card())
    (tmp_path / "models/tiny/tokenizer/vocab.txt").write_bytes(b"a")
    assert files.present(card())


def test_only_the_hub_may_leave_hashes_open() -> None:
    with pytest.raises(ValidationError, match="hash"):
        Card.model_validate({**card().model_dump(), "source": PackageSource(package="a", version="1")})
    assert all(isinstance(one.source, HubSource) and one.provider == "hub" and not one.tabs for one in CARDS)
