"""Another attention on the processor: one that it has gives nearly the same frames, one for graphics cards is left out with a note."""

from __future__ import annotations

import numpy as np
import pytest

from engine.catalog import get_card
from engine.context import RunContext
from engine.hub import looks
from engine.hub.pipeline import Wish
from engine.hub.session import opened
from engine.residency import ModelPool
from engine.settings import Settings
from tests.hub import tiny

CARD = tiny.small(get_card("wan-2-1-t2v-1-3b"), steps=2)
WISH = Wish("a red boat", "", (64, 48), 5, 3, 2, 1.0)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("attention")
    tiny.MAKERS[CARD.id](root / "models" / CARD.id)
    return Settings(data_dir=root, device="cpu")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stills of the diorama, on which previews are measured, take seconds."""
    monkeypatch.setattr(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))


def drawn(settings: Settings) -> tuple[np.ndarray, list[str], list[str]]:
    """Frames, notes, and which attention the blocks used."""
    run = RunContext("0" * 32, settings.data_dir, settings, 3, pool=ModelPool(2**30))
    with opened(CARD, settings.data_dir / "models" / CARD.id, run, image=False, size=WISH.size, frames=WISH.frames) as session:
        list(session.steps(WISH))
        used = {str(part.processor._attention_backend) for part in session.pipeline.transformer.modules() if hasattr(part, "processor")}
        return session.frames(), session.news(), sorted(used)


def test_one_for_graphics_cards_is_left_out_on_a_processor_and_said(plain: Settings) -> None:
    frames, notes, usual = drawn(plain)
    assert notes == []
    other, told, used = drawn(plain.model_copy(update={"attention": "_native_cudnn"}))  # its kernel would end the run
    assert len(told) == 1 and "'_native_cudnn' is one for graphics cards" in told[0]
    assert np.array_equal(other, frames) and used == usual
    math, told, used = drawn(plain.model_copy(update={"attention": "_native_math"}))
    assert told == [] and used != usual and np.abs(math.astype(int) - frames).max() <= 2
