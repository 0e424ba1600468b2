"""On ZeroGPU a large model lies in the pool before the page is served, and its run finds it there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.catalog import get_card
from engine.context import RunContext
from engine.hub import looks
from engine.hub.session import opened
from engine.residency import ModelPool
from engine.settings import Settings
from engine.spaces_models import preload
from tests.hub.tiny import wan


def test_a_large_model_is_loaded_ahead_and_not_again_by_its_run(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "measured", lambda *given: None)  # previews take seconds of pictures, and are tested elsewhere
    card = get_card("wan-2-1-t2v-1-3b")
    settings = settings.model_copy(update={"device": "cpu"})
    folder = settings.data_dir / "models" / card.id
    wan.wan_t2v(folder)
    pool = ModelPool(2**30)

    def loads() -> list[str]:
        return [event["key"] for event in pool.stats()["history"] if event["event"] == "load"]

    assert preload(pool, settings) == [card.id]
    before = loads()
    assert len(before) >= 3
    with opened(card, folder, RunContext("run", tmp_path, settings, 1, pool=pool), image=False, size=(48, 32), frames=5):
        assert loads() == before
