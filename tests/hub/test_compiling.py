"""Blocks that are compiled each by itself, on the tiny Wan: the compiler is reached, bits are the same, and where compiling fails the run goes on and says so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from diffusers import ModelMixin
from torch._inductor import config
from torch._inductor.exc import InvalidCxxCompiler

from engine.catalog import get_card
from engine.context import RunContext
from engine.hub import compiling, looks
from engine.hub.compiling import compile_blocks
from engine.hub.pipeline import Wish
from engine.hub.session import opened
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, get_task, parse_request
from engine.tasks.text_to_video import hub
from tests.hub import tiny

CARD = tiny.small(get_card("wan-2-1-t2v-1-3b"), steps=2)
WISH = Wish("a red boat", "", (64, 48), 5, 3, 2, 1.0)


class Block(torch.nn.GELU):
    """What is compiled of `Net`."""


class Net(ModelMixin):  # type: ignore[misc]
    """A net of one block."""

    _repeated_blocks = ["Block"]

    def __init__(self) -> None:
        super().__init__()
        self.block = Block()

    def forward(self, given: torch.Tensor) -> torch.Tensor:
        return self.block(given) + 1


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    root = tmp_path_factory.mktemp("compiled")
    tiny.MAKERS[CARD.id](root / "models" / CARD.id)
    return Settings(data_dir=root, device="cpu", compiled=True)


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that was compiled before, and no stills of the diorama, which take seconds."""
    torch._dynamo.reset()
    monkeypatch.setattr(looks, "stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))


def drawn(settings: Settings, pool: ModelPool) -> tuple[np.ndarray, list[str], list[str]]:
    """Frames, the notes before the first step, and those after the last."""
    run = RunContext("0" * 32, settings.data_dir, settings, 3, pool=pool)
    with opened(CARD, settings.data_dir / "models" / CARD.id, run, image=False, size=WISH.size, frames=WISH.frames) as session:
        early = session.news()
        assert len(list(session.steps(WISH))) == WISH.steps
        return session.frames(), early, session.news()


@pytest.fixture(scope="module")
def plain(settings: Settings) -> np.ndarray:
    return drawn(settings.model_copy(update={"compiled": False}), ModelPool(2**30))[0]


def test_each_block_is_handed_to_the_compiler_once_and_gives_the_same_bits(settings: Settings, plain: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    graphs: list[int] = []

    def eager(graph: Any, inputs: Any) -> Any:
        graphs.append(sum(node.op == "call_function" for node in graph.graph.nodes))
        return graph.forward

    monkeypatch.setattr(compiling, "BACKEND", eager)
    pool = ModelPool(2**30)
    frames, early, late = drawn(settings, pool)
    assert graphs and max(graphs) > 20 and not early + late  # not compiled: none
    assert np.array_equal(frames, plain)
    before = len(graphs)
    assert np.array_equal(drawn(settings, pool)[0], plain) and len(graphs) == before, "what is resident stays compiled"


def test_where_compiling_fails_the_run_goes_on_and_says_so(settings: Settings, plain: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: Any, inputs: Any) -> Any:
        raise InvalidCxxCompiler

    monkeypatch.setattr(compiling, "BACKEND", broken)
    pool = ModelPool(2**30)
    frames, early, late = drawn(settings, pool)
    assert np.array_equal(frames, plain)
    assert not early and len(late) == 1 and "No working C++ compiler" in late[0] and "leave --compiled out" in late[0]
    monkeypatch.setattr(compiling, "BACKEND", lambda *given: pytest.fail("tried again"))
    again, early, late = drawn(settings, pool)
    assert np.array_equal(again, plain) and len(early) == 1 and not late


def test_torchs_own_compiler_without_the_one_that_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config.cpp, "cxx", ("no-such-compiler",))
    monkeypatch.setattr(config, "force_disable_caches", True)
    net, told = Net(), []
    plain = net(torch.ones(2, 4))
    compile_blocks(net, told.append)
    assert not told and torch.equal(net(torch.ones(2, 4)), plain)
    assert len(told) == 1 and "No working C++ compiler" in told[0]


def test_a_net_that_names_no_blocks_is_told_before_the_first_step(settings: Settings, plain: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import WanTransformer3DModel

    monkeypatch.setattr(WanTransformer3DModel, "_repeated_blocks", None)
    frames, early, late = drawn(settings, ModelPool(2**30))
    assert np.array_equal(frames, plain) and len(early) == 1 and "could not be compiled" in early[0] and not late


def test_the_note_reaches_the_one_who_runs(settings: Settings, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(graph: Any, inputs: Any) -> Any:
        raise RuntimeError("no such instruction")

    monkeypatch.setattr(compiling, "BACKEND", broken)
    monkeypatch.setitem(hub.LARGE, CARD.id, CARD)
    request = parse_request(get_task("text-to-video"), {"prompt": "a boat", "model": CARD.id, "width": 64, "height": 64, "seconds": 0.5, "fps": 8})
    run = RunContext("0" * 32, tmp_path, settings, 3, pool=ModelPool(2**30))
    told = [event.text for event in hub.make(request, run, 3, "result") if isinstance(event, Note)]
    assert [note for note in told if "no such instruction" in note]
