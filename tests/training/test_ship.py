"""Shipping: halves, a record from the logs, a manifest that the cards come from; all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.catalog import fetch, pocket
from engine.errors import InvalidInput, LimitExceeded, ModelUnavailable
from engine.settings import Settings
from engine.training import ship
from engine.training.home import Log

WEIGHTS = torch.linspace(-3, 3, 1000)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A training folder with one small export and its log."""
    home = tmp_path / "home"
    (home / "pocket-judge/export/part").mkdir(parents=True)
    save_file({"weight": WEIGHTS, "count": torch.tensor([7])}, home / "pocket-judge/export/part/model.safetensors", metadata={"format": "pt"})
    (home / "pocket-judge/export/config.json").write_text('{"width": 1}')
    for minute in range(8):
        Log(home / "pocket-judge").write(minutes=float(minute), held_out={"time": 0.9})
    return home


def test_weights_are_halved_and_the_record_tells_how_they_were_made(home, tmp_path):
    manifest = ship.ship(["pocket-judge"], home=home, shelf=tmp_path / "shelf")
    place = tmp_path / "shelf/pocket-judge"
    shipped = load_file(place / "part/model.safetensors")
    assert shipped["weight"].dtype == torch.float16 and torch.equal(shipped["weight"], WEIGHTS.half()) and int(shipped["count"]) == 7
    record = json.loads((place / "card.json").read_text())
    assert record["parameters"] == 1001 and record["made"][0]["script"] == "python -m engine.training.judge"
    assert record["made"][0]["minutes"] == 7 and record["made"][0]["last"]["held_out"] == {"time": 0.9} and len(record["made"][0]["log"]) == ship.LINES
    assert json.loads((tmp_path / "shelf/manifest.json").read_text()) == manifest
    assert [file["name"] for file in manifest["pocket-judge"]["files"]] == ["card.json", "config.json", "part/model.safetensors"]


def test_cards_come_from_the_manifest_and_find_one_changed_byte(home, tmp_path, monkeypatch):
    assert pocket.cards(tmp_path / "shelf") == ()
    ship.ship(["pocket-judge"], home=home, shelf=tmp_path / "shelf")
    (card,) = pocket.cards(tmp_path / "shelf", "shelf")
    assert card.id == "pocket-judge" and card.bytes == sum(path.stat().st_size for path in (tmp_path / "shelf/pocket-judge").rglob("*") if path.is_file())
    monkeypatch.setattr(fetch, "ROOT", tmp_path)
    files = fetch.ModelFiles(tmp_path / "models", Settings(data_dir=tmp_path))
    assert files.present(card) and files.path(card) == tmp_path / "shelf/pocket-judge"
    files.verify(card)
    weights = tmp_path / "shelf/pocket-judge/part/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1] + b"!")
    with pytest.raises(ModelUnavailable, match="not the file that its card names"):
        files.verify(card)
    weights.unlink()
    assert not files.present(card)
    with pytest.raises(ModelUnavailable, match="restore"):
        files.fetch(card)


def test_too_many_bytes_change_nothing(home, tmp_path):
    shelf = tmp_path / "shelf"
    ship.ship(["pocket-judge"], home=home, shelf=shelf)
    before = {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()}
    save_file({"weight": torch.zeros(5000)}, home / "pocket-judge/export/part/model.safetensors")
    with pytest.raises(LimitExceeded, match="are allowed"):
        ship.ship(["pocket-judge"], home=home, shelf=shelf, most=8000)
    assert {path: path.read_bytes() for path in shelf.rglob("*") if path.is_file()} == before


def test_what_is_unknown_or_untrained_is_named(home, tmp_path):
    with pytest.raises(InvalidInput, match="pocket-cat"):
        ship.ship(["pocket-cat"], home=home, shelf=tmp_path / "shelf")
    with pytest.raises(ModelUnavailable, match="pocket-upscale has no export"):
        ship.ship(["pocket-judge", "pocket-upscale"], home=home, shelf=tmp_path / "shelf")
    assert not list((tmp_path / "shelf").glob("*")), "all or none"


def test_every_stage_has_words_and_what_is_shipped_is_what_the_manifest_says():
    assert set(pocket.WORDS) == set(ship.STAGES)
    for name, entry in ship.read_manifest(ship.SHELF).items():
        assert ship.files_of(ship.SHELF / name) == entry["files"], name
    total = sum(path.stat().st_size for path in ship.SHELF.rglob("*.*") if path.is_file()) if ship.SHELF.exists() else 0
    assert total <= ship.MOST
