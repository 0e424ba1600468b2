"""Weights in fewer bits, on small copies of real classes and by the real packages: their size is the one that was told, pictures stay near, adapters and offload work or are told."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.catalog import get_card
from engine.errors import ModelUnavailable
from engine.hub import quantised
from engine.hub.adapters import Adapter, worn
from engine.hub.components import components_of
from engine.hub.fit import Fit, Learnt, Machine, Needs, choose
from engine.hub.needs import needs_of
from engine.hub.pipeline import Wish, arguments, frames_of, ready
from engine.hub.placing import place
from engine.residency import ModelPool, model_bytes
from tests.hub.placed import hooks, save
from tests.hub.tiny import wan
from tests.hub.tiny.parts import t5_words

CARD = get_card("wan-2-1-t2v-1-3b")
WISH = Wish("a red boat", "grey", (48, 32), 5, 3, 4, 5.0)
WIDTH = 64
PACKED = [pytest.param(way, marks=pytest.mark.skipif(way not in quantised.available(), reason="its package is not installed")) for way in ("int8", "int4")]
NETS = ("transformer", "text_encoder")
MOVED = [
    pytest.param(way, mode, marks=pytest.mark.skipif(way not in quantised.available(), reason="its package is not installed"))
    for way in ("int8", "float8", "int4") for mode in ("model offload", "group offload") if (way, mode) != ("int4", "group offload")
]  # fmt: skip
"""4-bit weights are not moved by layers."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Wan with layers wide enough that scales weigh little."""
    from diffusers import WanPipeline
    from transformers import UMT5Config, UMT5EncoderModel

    out = tmp_path_factory.mktemp("wide")
    torch.manual_seed(1)
    encoder = UMT5EncoderModel(UMT5Config(vocab_size=64, d_model=WIDTH, d_kv=16, d_ff=256, num_layers=2, num_heads=4)).eval()
    net = wan.wan_net(attention_head_dim=64, text_dim=WIDTH, ffn_dim=512)
    WanPipeline(t5_words(), encoder, wan.wan_vae(), wan.wan_scheduler(), net).save_pretrained(out)
    return out


@pytest.fixture(scope="module")
def pool():
    return ModelPool(2**30)


def laid(folder, pool, weights):
    return ready(folder, CARD.drawing, CARD.title, pool, {"": torch.float32}, image=False, weights=weights)


def call(pipeline):
    return frames_of(pipeline(**arguments(pipeline, CARD.drawing, WISH))).astype(float)


@pytest.fixture(scope="module")
def plain(folder, pool):
    with laid(folder, pool, "whole") as pipeline:
        return call(pipeline)


@pytest.mark.parametrize("weights", PACKED)
def test_weights_are_as_small_as_was_told_and_the_picture_stays_near(folder, pool, plain, weights, tmp_path):
    needs = needs_of(CARD, folder, WISH.size, WISH.frames, Learnt(tmp_path), bytes_each=4)
    with laid(folder, pool, weights) as pipeline, laid(folder, pool, "whole") as other:
        for name in NETS:
            spared = (model_bytes(getattr(other, name)) - model_bytes(getattr(pipeline, name))) / 2**20
            assert spared == pytest.approx(needs.nets[name] - needs.smaller[weights][name], rel=0.02), name
            assert needs.smaller[weights][name] < {"int8": 0.5, "int4": 0.4}[weights] * needs.nets[name], name
        off = np.abs(call(pipeline) - plain).mean()
    assert 0 < off < {"int8": 0.1, "int4": 1.0}[weights]  # of 255; measured 0.01 and 0.24, and 3.6 with the adapter below


@pytest.mark.parametrize("weights", PACKED)
def test_each_way_of_keeping_weights_is_resident_by_itself_and_nothing_is_read_again(folder, weights):
    pool = ModelPool(2**30)
    frames = []
    for one in (weights, "whole", weights):
        with laid(folder, pool, one) as pipeline:
            frames.append(call(pipeline))
    assert np.array_equal(frames[0], frames[2]) and not np.array_equal(frames[0], frames[1])
    loads = [one["key"] for one in pool.stats()["history"] if one["event"] == "load"]
    assert len(loads) == len(set(loads)) and sum(key.endswith(f":{weights}") for key in loads) == len(NETS)


@pytest.mark.parametrize("weights", [*PACKED, "float8"])
def test_they_wear_adapters_and_leave_no_trace(folder, pool, tmp_path, weights):
    with laid(folder, pool, "whole") as pipeline:
        save(pipeline, tmp_path, "noise")
    with laid(folder, pool, weights) as pipeline:
        bare = call(pipeline)
        with worn(pipeline, [Adapter("noise", tmp_path / "noise.safetensors", 1.0)]):
            changed = np.abs(call(pipeline) - bare).mean()
            assert changed > 2
        assert np.abs(call(pipeline) - bare).max() <= 1


@pytest.mark.parametrize(("weights", "mode"), MOVED)
def test_they_are_moved_as_whole_weights_are(folder, weights, mode):
    pool = ModelPool(2**30)
    frames = []
    for fit in (Fit("processor", weights), Fit(mode, weights), Fit("processor", weights)):
        with laid(folder, pool, weights) as pipeline:
            place(pipeline, fit, torch.device("cpu", 0) if fit.mode == "model offload" else torch.device("cpu"))
            frames.append(call(pipeline))
    assert max(np.abs(frames[0] - other).max() for other in frames[1:]) <= 1


def test_the_loss_of_each_way_is_in_the_order_in_which_they_are_taken():
    torch.manual_seed(0)
    inputs = torch.randn(64, 512)
    found = []
    for way in ("int8", "float8", "int4"):
        if way in quantised.available():
            layer = torch.nn.Linear(512, 512)
            torch.nn.init.normal_(layer.weight, std=0.02)
            whole = layer(inputs)
            net = torch.nn.Sequential(layer)
            if way == "float8":
                layer.weight.data = layer.weight.data.to(torch.float8_e4m3fn).float()
            else:
                quantised.shrink(net, way)
            found.append(float((net(inputs) - whole).norm() / whole.norm()))
    assert found == sorted(found) and found[0] > 0.001 and found[-1] < 0.12


def test_where_a_package_is_missing_the_way_is_not_offered(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(quantised, "PACKAGES", {"int8": ("no-such-package", (0, 1)), "int4": ("bitsandbytes", (99, 0))})
    monkeypatch.setattr("engine.hub.needs.available", quantised.available.__wrapped__)
    needs = needs_of(CARD, folder, WISH.size, WISH.frames, Learnt(tmp_path), bytes_each=2)
    assert set(needs.smaller) == {"float8"} and set(needs.smaller["float8"]) == {"transformer"}
    with pytest.raises(ModelUnavailable, match="torchao"):
        choose(needs, Machine("cuda", 1e5, 1e5), "it", weights="int8")


def test_the_parts_of_the_table_are_those_of_the_folder(folder):
    names = {part.name for part in components_of(folder)}
    assert {name for name in names if quantised.takes(name, "int8")} == set(NETS)
    assert {name for name in names if quantised.takes(name, "float8")} == {"transformer"}


LARGE = Needs(
    {"text_encoder": 11_000, "transformer": 28_000, "vae": 500}, 5_000,
    {"int8": {"text_encoder": 6_400, "transformer": 14_300}, "float8": {"transformer": 14_300}, "int4": {"text_encoder": 4_300, "transformer": 7_700}},
)  # fmt: skip


@pytest.mark.parametrize(
    ("card_mib", "ram_mib", "asked", "mode", "weights"),
    [(60_000, 64_000, "auto", "resident", "whole"), (40_000, 64_000, "auto", "model offload", "whole"), (30_000, 64_000, "auto", "resident", "int8"), (24_000, 64_000, "auto", "model offload", "int8"),
     (16_000, 64_000, "auto", "group offload", "whole"), (16_000, 40_000, "auto", "group offload", "int8"), (24_000, 64_000, "int4", "resident", "int4"),
     (16_000, 37_500, "auto", "model offload", "int4"), (24_000, 64_000, "float8", "model offload", "float8"), (24_000, 64_000, "whole", "group offload", "whole")],
)  # fmt: skip
def test_bits_are_given_up_only_where_whole_weights_do_not_fit(card_mib, ram_mib, asked, mode, weights):
    fit = choose(LARGE, Machine("cuda", card_mib, ram_mib), "it", weights=asked)
    assert (fit.mode, fit.weights) == (mode, weights)
    assert ("bit" in fit.line) == (weights != "whole")


def test_a_processor_with_little_memory_takes_fewer_bits():
    assert [choose(LARGE, Machine("cpu", 0, ram), "it").weights for ram in (64_000, 44_000)] == ["whole", "int8"]


@pytest.mark.parametrize(("weights", "mode"), MOVED)
def test_adapters_offload_and_fewer_bits_together(folder, tmp_path, weights, mode):
    """The picture is the processor's with the adapter on and without, also where the nets were moved before it was put on."""
    pool = ModelPool(2**30)
    with laid(folder, pool, "whole") as pipeline:
        save(pipeline, tmp_path, "noise")
    frames = {}
    for turn, fit in enumerate((Fit("processor", weights), Fit(mode, weights), Fit(mode, weights))):
        with laid(folder, pool, weights) as pipeline:
            with worn(pipeline, [Adapter("noise", tmp_path / "noise.safetensors", 1.0)]):
                place(pipeline, fit, torch.device("cpu", 0) if fit.mode == "model offload" else torch.device("cpu"))
                frames[turn, "worn"] = call(pipeline)
            frames[turn, "bare"] = call(pipeline)
            assert hooks(pipeline.transformer) == {"group offload": (False, True), "model offload": (True, False)}.get(fit.mode, (False, False))
    for which in ("worn", "bare"):
        assert max(np.abs(frames[0, which] - frames[turn, which]).max() for turn in (1, 2)) <= 1, which
    assert np.abs(frames[0, "worn"] - frames[0, "bare"]).mean() > 2
