"""The engine room's models: what the page is told of them, and what visitors of a shared studio may not do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from engine.catalog import CARDS
from engine.catalog.fetch import ModelFiles
from engine.catalog.uses import GROUPS, OF_ROLE, group_of, tabs_of
from engine.errors import InvalidInput, ModelUnavailable
from engine.settings import Settings
from engine.store import Store
from studio.models import ModelRoom
from studio.service import Studio
from tabs import TABS


def room(settings: Settings, **more: object) -> ModelRoom:
    settings = settings.model_copy(update=more)
    store = Store(settings)
    return ModelRoom(ModelFiles(store.models, settings), store)


def put(settings: Settings, name: str) -> Path:
    """The files of a card of the hub, as if somebody had put them there by hand."""
    place = settings.data_dir / "models" / name
    place.mkdir(parents=True)
    save_file({"w": np.zeros(1000, np.float32)}, place / "model.safetensors")
    (place / "config.json").write_text("{}")
    return place


def test_every_card_has_a_heading_and_its_tabs_exist() -> None:
    ids = {tab.id for tab in TABS}
    assert all(group_of(card) in GROUPS and set(tabs_of(card)) <= ids for card in CARDS.values())
    assert {tab for _, tabs in OF_ROLE.values() for tab in tabs} <= ids
    assert all(tabs_of(card) for card in CARDS.values() if card.provider == "hub")


def test_a_model_is_listed_removed_and_restored_and_the_disk_is_told(settings: Settings) -> None:
    studio = room(settings)
    place = put(settings, "sam-vit-base")
    told = {card["id"]: card for card in studio.look()["cards"]}
    assert told["sam-vit-base"]["here"] and told["sam-vit-base"]["own"] and told["sam-vit-base"]["path"] == str(place) and told["sam-vit-base"]["tabs"] == ("subject-swap",)
    assert told["pocket-sd"]["here"] and not told["pocket-sd"]["own"] and told["pocket-sd"]["lies"] == "ships with Kinora"
    assert not told["blip-base"]["here"]
    size = sum(path.stat().st_size for path in place.iterdir())
    assert studio.look()["disk"]["models"] == size
    assert studio.remove("sam-vit-base") == {"bytes": size}
    state = studio.look()
    assert state["disk"]["models"] == 0 and state["disk"]["trash"] == state["trash_bytes"] == size and not place.exists()
    studio.restore("sam-vit-base")
    assert place.is_dir() and studio.look()["trash_bytes"] == 0
    studio.verify("sam-vit-base")
    assert studio.fetcher.wait(10) and "no hash" in studio.fetcher.jobs()["sam-vit-base"]["said"]
    (place / "model.safetensors").write_bytes(b"PK\x03\x04" + b"0" * 4000)
    studio.verify("sam-vit-base")
    assert studio.fetcher.wait(10) and "zip" in studio.fetcher.jobs()["sam-vit-base"]["error"]
    studio.remove("sam-vit-base")
    assert studio.empty_trash() == {"bytes": 4004 + 2} and "sam-vit-base" not in studio.fetcher.jobs()
    studio.stop()


def test_the_offline_switch_holds_for_the_session_and_the_setting_for_good(settings: Settings) -> None:
    studio = room(settings)
    studio.go_offline(True)
    with pytest.raises(ModelUnavailable, match="offline is on"):
        studio.fetch("blip-base")
    studio.go_offline(False)
    assert not studio.look()["offline"] and not room(settings).look()["offline"]
    locked = room(settings, offline=True)
    with pytest.raises(InvalidInput, match="started offline"):
        locked.go_offline(False)
    assert locked.look()["offline"] and locked.look()["locked"]


def test_visitors_of_a_shared_studio_only_look(settings: Settings) -> None:
    put(settings, "sam-vit-base")
    studio = room(settings, shared=True)
    assert all(card["path"] == "" for card in studio.look()["cards"]) and not studio.look()["owner"]
    for act in (studio.fetch, studio.pause, studio.cancel, studio.verify, studio.remove, studio.restore):
        with pytest.raises(InvalidInput, match="owner"):
            act("sam-vit-base")
    for name in ("empty_trash", "own"):
        with pytest.raises(InvalidInput, match="owner"):
            getattr(studio, name)()
    with pytest.raises(InvalidInput, match="owner"):
        studio.go_offline(True)


def test_models_of_ones_own_are_named_with_their_kind_or_why_they_are_refused(settings: Settings, tmp_path: Path) -> None:
    shelf, more = settings.data_dir / "checkpoints", tmp_path / "more"
    (shelf / "adapter").mkdir(parents=True)
    more.mkdir()
    save_file({"w": np.zeros(4)}, shelf / "adapter/diffusion_pytorch_model.safetensors")
    (shelf / "adapter/config.json").write_text('{"_class_name": "MotionAdapter"}')
    (shelf / "empty").mkdir()
    save_file({"lora_unet_down.lora_down.weight": np.zeros(4)}, shelf / "style.safetensors")
    save_file({"model.diffusion_model.x": np.zeros(4)}, more / "whole.safetensors")
    (more / "old.ckpt").write_bytes(b"\x80\x02")
    (more / "cut.safetensors").write_bytes((more / "whole.safetensors").read_bytes()[:-1])
    (more / "code").mkdir()
    save_file({"w": np.zeros(4)}, more / "code/model.safetensors")
    (more / "code/modeling.py").write_text("")
    told = room(settings, model_folders=str(more)).own()
    found = {one["name"]: (one["kind"], one["refused"]) for one in told["found"]}
    assert {name: kind for name, (kind, refused) in found.items() if not refused} == {"adapter": "motion module", "style.safetensors": "LoRA", "whole.safetensors": "whole model in one file"}
    assert "pickle" in found["old.ckpt"][1] and "code" in found["code"][1] and "has" in found["cut.safetensors"][1] and len(found) == 6
    assert [shelf["path"] for shelf in told["shelves"]] == [str(shelf), str(more)]


def test_visitors_do_not_free_the_memory_of_others(tmp_path):
    freed = []
    for shared in (True, False):
        studio = Studio(Settings(data_dir=tmp_path / str(shared), shared=shared))
        studio.executor.free = lambda shared=shared: freed.append(shared)
        if shared:
            with pytest.raises(InvalidInput, match="owner"):
                studio.free()
        else:
            studio.free()
    assert freed == [False]
