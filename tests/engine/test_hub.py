"""Fetching from the hub, over real HTTP: commits and hashes are kept, broken fetches go on where they were, and nothing is downloaded twice."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from huggingface_hub import constants, hf_hub_download
from pydantic import ValidationError
from safetensors.numpy import save

from engine.catalog import transfer
from engine.catalog.card import Card, File, HubSource, PackageSource
from engine.catalog.experts import CARDS
from engine.catalog.fetch import RECORD, ModelFiles, Told
from engine.catalog.fetching import Fetcher
from engine.errors import LimitExceeded, ModelUnavailable
from engine.settings import Settings
from tests.conftest import ROOT
from tests.engine.hub_server import COMMIT, Hub

WEIGHTS = save({"w": np.random.default_rng(0).integers(0, 255, 300_000, dtype=np.uint8)})
OTHER = save({"w": np.random.default_rng(1).integers(0, 255, 300_000, dtype=np.uint8)})
FILES = {"model.safetensors": WEIGHTS, "config.json": b"{}", "tokenizer/vocab.txt": b"a\nb", "tokenizer/merges.bin": b"pickle", "tokenizer/run.py": b"import os", "README.md": b"hello"}


def card(id: str = "tiny", repo: str = "them/tiny") -> Card:
    named = {"model.safetensors": 2000, "config.json": 5, "tokenizer/*": 10}
    return Card(
        id=id, title="Tiny", role="test", family="test", provider="hub", licence="MIT", memory_mib=1, good_at="Tests.", bad_at="All else.",
        source=HubSource(repo=repo, revision="main"), files=tuple(File(name=name, bytes=size) for name, size in named.items()),
    )  # fmt: skip


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of one repository, an empty cache of the user's, and little patience."""
    served = Hub()
    served.repos["them/tiny"] = dict(FILES)
    monkeypatch.setattr(constants, "ENDPOINT", served.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", served.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hf"))
    monkeypatch.setattr(transfer, "PAUSES", (0.05, 0.05, 0.05))
    yield served
    served.close()


@pytest.fixture
def files(tmp_path: Path, settings: Settings) -> ModelFiles:
    return ModelFiles(tmp_path / "models", settings)


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.01)


class Enough(Exception):
    """What a test stops a fetch with."""


def stop_at(share: float) -> Callable[[Told], None]:
    def hear(told: Told) -> None:
        if told.done > share * told.total and not told.waiting:
            raise Enough

    return hear


def test_the_commit_sizes_and_hashes_are_recorded(hub: Hub, files: ModelFiles) -> None:
    heard: list[Told] = []
    assert not files.present(card())
    folder = files.fetch(card(), heard.append)
    assert names(folder) == ["config.json", RECORD, "model.safetensors", "tokenizer/vocab.txt"], "no pickle, no code"
    record = json.loads((folder / RECORD).read_text())
    assert record["revision"] == COMMIT and {file["name"]: file["sha256"] for file in record["files"]} == {
        name: hashlib.sha256(FILES[name]).hexdigest() for name in ("model.safetensors", "config.json", "tokenizer/vocab.txt")
    }
    assert files.present(card()) and files.own(card()) and files.verify(card()) == 3
    whole = len(WEIGHTS) + 5
    assert heard[-1].done == heard[-1].total == whole and sorted(told.done for told in heard) == [told.done for told in heard] and "model.safetensors" in {told.file for told in heard}
    assert [path.name for path in files.folder.iterdir()] == ["tiny"], "nothing else stays"
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(ModelUnavailable, match=r"config.json"):
        files.verify(card())
    (folder / "tokenizer/vocab.txt").unlink()
    assert not files.present(card())
    hub.served.clear()
    files.fetch(card())
    assert files.verify(card()) == 3 and hub.sent("model.safetensors") == 0, "only what was lost or changed comes again"


def test_a_stopped_fetch_goes_on_with_the_next_byte_at_the_same_commit(hub: Hub, files: ModelFiles) -> None:
    hub.pause = 0.001
    with pytest.raises(Enough):
        files.fetch(card(), stop_at(0.5))
    left = files.left(card())
    assert left is not None and 0.4 < left.done / left.total < 0.9 and not files.present(card())
    came = (files.folder / ".fetch/tiny/part" / hashlib.sha256(WEIGHTS).hexdigest()).stat().st_size
    hub.asked.clear()
    again = ModelFiles(files.folder, files.settings)  # another process, say
    again.fetch(card())
    first = [first for name, first, _ in hub.served if name == "model.safetensors"]
    assert first == [0, came] and not any("/api/" in path for path in hub.asked)
    assert again.verify(card()) == 3


def test_a_lost_connection_is_taken_up_again_by_ranges(hub: Hub, files: ModelFiles) -> None:
    hub.cut, hub.cuts = 100_000, 2
    files.fetch(card())
    assert [first for name, first, _ in hub.served if name == "model.safetensors"] == [0, 100_000, 200_000]
    assert hub.sent("model.safetensors") == len(WEIGHTS), "no byte twice"


def test_a_network_that_stays_away_is_told_and_what_came_stays(hub: Hub, files: ModelFiles) -> None:
    hub.cut, hub.cuts = 100_000, 1
    waits: set[str] = set()

    def hear(told: Told) -> None:
        waits.add(told.waiting)
        if told.waiting == "waiting for the network":
            hub.cut, hub.cuts = 1, 0
            hub.refuse = (503, "")

    with pytest.raises(ModelUnavailable, match="does not serve it now.*503.*what has come is kept"):
        files.fetch(card(), hear)
    left = files.left(card())
    assert "waiting for the network" in waits and left is not None and left.done >= 100_000
    hub.refuse = (0, "")
    files.fetch(card())
    assert hub.sent("model.safetensors") == len(WEIGHTS)


def test_a_network_that_is_gone_in_the_middle_is_told(hub: Hub, files: ModelFiles) -> None:
    hub.cut, hub.cuts = 100_000, 99

    def hear(told: Told) -> None:
        if told.waiting == "waiting for the network":
            hub.cut = -1  # closed at once from now on

    with pytest.raises(ModelUnavailable, match="network was lost.*what has come is kept"):
        files.fetch(card(), hear)
    assert files.left(card()) == Told(100_000, len(WEIGHTS) + 5)


def test_a_server_without_ranges_begins_anew_and_the_file_is_whole(hub: Hub, files: ModelFiles) -> None:
    hub.cut, hub.cuts, hub.ranges = 100_000, 1, False
    files.fetch(card())
    assert files.verify(card()) == 3 and hub.sent("model.safetensors") == len(WEIGHTS) + 100_000


@pytest.mark.parametrize("given", [WEIGHTS[:-1] + b"!", WEIGHTS + b"more"], ids=["changed", "longer"])
def test_bytes_that_differ_from_the_hubs_own_hash_are_refused(hub: Hub, files: ModelFiles, given: bytes) -> None:
    hub.given["model.safetensors"] = given
    with pytest.raises(ModelUnavailable, match="promised"):
        files.fetch(card())
    assert not files.present(card())
    hub.given.clear()
    files.fetch(card())
    assert files.verify(card()) == 3, "the wrong bytes were thrown away"


def test_a_small_file_is_compared_with_the_hubs_own_hash_too(hub: Hub, files: ModelFiles) -> None:
    hub.given["config.json"] = b"[]"
    with pytest.raises(ModelUnavailable, match=r"config\.json.*promised"):
        files.fetch(card())


def test_a_killed_process_leaves_what_came(hub: Hub, tmp_path: Path, files: ModelFiles) -> None:
    hub.pause = 0.01
    code = (
        "import sys; from pathlib import Path; from engine.settings import Settings; from engine.catalog.fetch import ModelFiles; from tests.engine.test_hub import card;"
        "ModelFiles(Path(sys.argv[1]), Settings(data_dir=Path(sys.argv[2]))).fetch(card())"
    )
    environment = {**os.environ, "HF_ENDPOINT": hub.url, "HF_HOME": str(tmp_path / "hf-home")}
    process = subprocess.Popen([sys.executable, "-c", code, str(files.folder), str(tmp_path / "data")], cwd=ROOT, env=environment)
    part = files.folder / ".fetch/tiny/part" / hashlib.sha256(WEIGHTS).hexdigest()
    until(lambda: part.is_file() and part.stat().st_size > 60_000, 30)
    with pytest.raises(ModelUnavailable, match="being fetched already"):
        files.fetch(card())
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    hub.pause, came = 0.0, part.stat().st_size
    fetcher = Fetcher(files, {"tiny": card()})
    assert fetcher.jobs()["tiny"]["state"] == "paused" and fetcher.jobs()["tiny"]["done"] >= came, "told, but not gone on with by itself"
    fetcher.fetch(card())
    assert fetcher.wait(10) and fetcher.jobs()["tiny"]["state"] == "done"
    fetcher.stop()
    assert files.verify(card()) == 3 and 0 < came < len(WEIGHTS)
    assert [first for name, first, _ in hub.served if name == "model.safetensors"][-1] == came


def test_pause_resume_cancel_and_a_queue(hub: Hub, files: ModelFiles) -> None:
    hub.pause = 0.005
    hub.repos["them/next"] = {**FILES, "model.safetensors": OTHER}
    second = card("next", "them/next")
    fetcher = Fetcher(files, {"tiny": card(), "next": second})
    fetcher.fetch(card())
    fetcher.fetch(second)
    until(lambda: fetcher.jobs()["tiny"]["done"] > 100_000)
    working = fetcher.jobs()
    assert working["tiny"]["state"] == "working" and working["next"]["state"] == "waiting" and working["tiny"]["file"] == "model.safetensors"
    until(lambda: fetcher.jobs()["tiny"]["rate"])
    fetcher.pause("tiny")
    until(lambda: fetcher.jobs()["next"]["state"] == "working")
    assert fetcher.jobs()["tiny"]["state"] == "paused" and fetcher.jobs()["tiny"]["done"] > 100_000
    until(lambda: fetcher.jobs()["next"]["done"] > 50_000)
    fetcher.cancel("next")
    until(lambda: "next" not in fetcher.jobs() and files.started() == ["tiny"])
    hub.pause = 0.0
    fetcher.fetch(card())
    assert fetcher.wait(10) and files.present(card()) and not files.present(second)
    assert any(name == "model.safetensors" and first > 100_000 for name, first, _ in hub.served), "the paused one went on"
    fetcher.verify(card())
    assert fetcher.wait(10) and fetcher.jobs()["tiny"]["said"].startswith("all 3 files")
    fetcher.stop()


def test_the_offline_switch_pauses_and_refuses(hub: Hub, files: ModelFiles) -> None:
    hub.pause = 0.005
    fetcher = Fetcher(files, {"tiny": card()})
    fetcher.fetch(card())
    until(lambda: fetcher.jobs()["tiny"]["done"] > 50_000)
    fetcher.go_offline(True)
    assert fetcher.wait(10) and fetcher.jobs()["tiny"]["state"] == "paused"
    asked = len(hub.asked)
    with pytest.raises(ModelUnavailable, match="offline is on"):
        fetcher.fetch(card())
    assert len(hub.asked) == asked
    fetcher.go_offline(False)
    fetcher.fetch(card())
    assert fetcher.wait(10) and files.present(card())
    fetcher.stop()


def test_content_that_another_card_has_is_linked(hub: Hub, files: ModelFiles) -> None:
    hub.repos["them/next"] = {**FILES, "config.json": b'{"a": 1}'}
    files.fetch(card())
    hub.served.clear()
    files.fetch(card("next", "them/next"))
    assert hub.sent("model.safetensors") == 0 and hub.sent("config.json") == 8
    assert (files.folder / "tiny/model.safetensors").samefile(files.folder / "next/model.safetensors")
    files.remove(card())
    assert files.verify(card("next", "them/next")) == 3, "a removed model takes nothing from the other"


def cached(place: Path, some: dict[str, bytes]) -> None:
    """A repository in the Hugging Face cache, as the hub's own tools lay it out."""
    home = place / "models--them--tiny"
    for name, body in some.items():
        oid = hashlib.sha256(body).hexdigest() if name.endswith(".safetensors") else hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()
        for folder in ("blobs", "refs", f"snapshots/{COMMIT}/{Path(name).parent}"):
            (home / folder).mkdir(parents=True, exist_ok=True)
        (home / "blobs" / oid).write_bytes(body)
        link = home / "snapshots" / COMMIT / name
        link.symlink_to(os.path.relpath(home / "blobs" / oid, link.parent))
    (home / "refs/main").write_text(COMMIT)


def test_what_the_hubs_own_client_fetched_is_used_where_it_lies(hub: Hub, files: ModelFiles, tmp_path: Path) -> None:
    for name in ("model.safetensors", "config.json"):
        hf_hub_download("them/tiny", name, cache_dir=tmp_path / "hf", revision=COMMIT)
    assert not files.present(card()), "a part is missing, and the branch was never asked for"
    hub.served.clear()
    files.fetch(card())
    assert hub.sent("model.safetensors") == 0 and hub.sent("config.json") == 0 and hub.sent("tokenizer/vocab.txt") == 3
    files.remove(card())
    hf_hub_download("them/tiny", "tokenizer/vocab.txt", cache_dir=tmp_path / "hf", revision=COMMIT)
    pinned = card().model_copy(update={"source": HubSource(repo="them/tiny", revision=COMMIT)})
    assert files.path(pinned) == tmp_path / f"hf/models--them--tiny/snapshots/{COMMIT}" and files.verify(pinned) == 3 and not files.own(pinned)


def test_what_lies_in_the_hugging_face_cache_is_used(hub: Hub, files: ModelFiles, tmp_path: Path) -> None:
    cached(tmp_path / "hf", {"model.safetensors": WEIGHTS, "config.json": b"{}"})
    assert not files.present(card()), "a part is missing"
    files.fetch(card())
    assert hub.sent("model.safetensors") == 0 and hub.sent("tokenizer/vocab.txt") == 3
    files.remove(card())
    cached(tmp_path / "hf2", {name: FILES[name] for name in ("model.safetensors", "config.json", "tokenizer/vocab.txt")})
    hub.refuse = (500, "")
    constants.HF_HUB_CACHE = str(tmp_path / "hf2")
    assert files.path(card()) == tmp_path / f"hf2/models--them--tiny/snapshots/{COMMIT}" and files.verify(card()) == 3 and not files.own(card())
    with pytest.raises(ModelUnavailable, match="remove it where it lies"):
        files.remove(card())
    blob = tmp_path / "hf2/models--them--tiny/blobs" / hashlib.sha256(WEIGHTS).hexdigest()
    blob.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(ModelUnavailable, match="model.safetensors"):
        files.verify(card())
    constants.HF_HUB_CACHE = str(tmp_path / "hf")
    blob = tmp_path / "hf/models--them--tiny/blobs" / hashlib.sha256(WEIGHTS).hexdigest()
    blob.unlink()
    blob.write_bytes(WEIGHTS[:-1] + b"!")
    files.trash.empty()
    hub.refuse = (0, "")
    files.fetch(card())
    assert files.verify(card()) == 3, "a broken file of the cache is not taken"


def test_the_users_own_folders_are_used(hub: Hub, tmp_path: Path) -> None:
    shelf = tmp_path / "mine"
    files = ModelFiles(tmp_path / "models", Settings(data_dir=tmp_path / "data", model_folders=str(shelf)))
    (shelf / "tiny").mkdir(parents=True)
    (shelf / "tiny/model.safetensors").write_bytes(WEIGHTS)
    files.fetch(card())
    assert hub.sent("model.safetensors") == 0
    files.remove(card())
    for name in ("config.json", "tokenizer/vocab.txt"):
        (shelf / "tiny" / name).parent.mkdir(exist_ok=True)
        (shelf / "tiny" / name).write_bytes(FILES[name])
    assert files.path(card()) == shelf / "tiny"
    (shelf / "tiny/extra.py").write_text("print()")
    with pytest.raises(ModelUnavailable, match="code"):
        files.path(card())


@pytest.mark.parametrize(
    ("refuse", "said"),
    [((401, "GatedRepo"), "accept its terms"), ((403, "GatedRepo"), "accept its terms"), ((404, "RepoNotFound"), "not on the hub"), ((404, "RevisionNotFound"), "revision"), ((500, ""), "could not be fetched")],
)  # fmt: skip
def test_each_refusal_is_one_clear_line(hub: Hub, files: ModelFiles, refuse: tuple[int, str], said: str) -> None:
    hub.refuse = refuse
    with pytest.raises(ModelUnavailable, match=said) as caught:
        files.fetch(card())
    assert "\n" not in caught.value.line and len(caught.value.line) < 400 and list(files.folder.iterdir()) == []


def test_no_network_and_a_full_disk_are_told(hub: Hub, files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
        with pytest.raises(ModelUnavailable, match="no network"):
            files.fetch(card())
    with monkeypatch.context() as patch:
        patch.setattr(constants, "HF_HUB_OFFLINE", True)
        with pytest.raises(ModelUnavailable, match="HF_HUB_OFFLINE"):
            files.fetch(card())
    full = ModelFiles(files.folder, files.settings.model_copy(update={"min_free_mib": 10**9}))
    with pytest.raises(LimitExceeded, match="no room"):
        full.fetch(card())


def test_a_disk_that_fills_while_bytes_come(hub: Hub, files: ModelFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(told: Told) -> None:
        if told.done > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(LimitExceeded, match="disk is full.*what has come is kept"):
        files.fetch(card(), full)
    files.fetch(card())
    assert [first for name, first, _ in hub.served if name == "model.safetensors"][-1] > 100_000


def test_a_commit_that_is_gone_is_asked_for_anew_and_nothing_is_lost(hub: Hub, files: ModelFiles) -> None:
    hub.repos["them/tiny"] = {"model.safetensors": WEIGHTS, "config.json": b"{}", "tokenizer/vocab.txt": b"a\nb"}
    hub.pause = 0.001
    with pytest.raises(Enough):
        files.fetch(card(), stop_at(0.5))
    hub.pause, hub.commit = 0.0, "beef" * 10
    with pytest.raises(ModelUnavailable, match="revision"):
        files.fetch(card())
    files.fetch(card())
    assert json.loads((files.folder / "tiny" / RECORD).read_text())["revision"] == "beef" * 10
    assert [first for name, first, _ in hub.served if name == "model.safetensors"][-1] > 100_000


def test_hostile_weights_are_refused_although_their_hash_is_right(hub: Hub, files: ModelFiles) -> None:
    hub.repos["them/tiny"]["model.safetensors"] = b"PK\x03\x04" + b"\0" * 3000
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors was refused.*zip"):
        files.fetch(card())
    assert not files.present(card())


def test_a_name_that_leads_out_is_refused(hub: Hub, files: ModelFiles) -> None:
    hub.repos["them/tiny"] = {**FILES, "tokenizer/../../../../evil.txt": b"x"}
    with pytest.raises(ModelUnavailable, match="leads out"):
        files.fetch(card())


def test_a_folder_filled_by_hand_counts_when_all_files_are_there(hub: Hub, tmp_path: Path, files: ModelFiles) -> None:
    (tmp_path / "models/tiny/tokenizer").mkdir(parents=True)
    for name in ("model.safetensors", "config.json"):
        (tmp_path / "models/tiny" / name).write_bytes(FILES[name])
    assert not files.present(card())
    (tmp_path / "models/tiny/tokenizer/vocab.txt").write_bytes(b"a")
    assert files.path(card()) and files.verify(card()) == 0, "no hash is known"
    (tmp_path / "models/tiny/model.safetensors").write_bytes(b"\x80\x04" + bytes(90))
    with pytest.raises(ModelUnavailable, match="pickle"):
        files.path(card())


def test_only_the_hub_may_leave_hashes_open() -> None:
    with pytest.raises(ValidationError, match="hash"):
        Card.model_validate({**card().model_dump(), "source": PackageSource(package="a", version="1")})
    assert all(isinstance(one.source, HubSource) and one.provider == "hub" and not one.tabs for one in CARDS)
