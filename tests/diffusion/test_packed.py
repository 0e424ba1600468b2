"""Packed weights come back to within half a step, in half the bytes, and the net answers alike."""

from __future__ import annotations

import pytest
import torch

from engine.diffusion.packed import WEIGHTS, load_unet, pack_folder, packed, unpacked
from engine.errors import ModelUnavailable
from tests.diffusion import toy


def test_rows_come_back_to_within_half_a_step():
    generator = torch.Generator().manual_seed(0)
    given = {"a": torch.randn(64, 32, 3, 3, generator=generator) * torch.logspace(-3, 1, 64)[:, None, None, None], "b": torch.randn(64, generator=generator)}
    back = unpacked(packed(given))
    step = given["a"].flatten(1).abs().amax(1) / 127
    assert ((back["a"] - given["a"]).flatten(1).abs().amax(1) <= 0.51 * step).all()  # one scale for all rows: misses by hundreds of steps
    assert torch.equal(back["b"], given["b"].half().float())


def test_a_packed_net_is_half_as_large_and_answers_alike(tmp_path):
    unet = toy.unet()
    unet.half().save_pretrained(tmp_path)
    large = (tmp_path / WEIGHTS).stat().st_size
    plain = load_unet(tmp_path, torch.float32)
    pack_folder(tmp_path)
    assert (tmp_path / WEIGHTS).stat().st_size < 0.62 * large
    small = load_unet(tmp_path, torch.float32)
    given = (toy.noise(2, 4, 8, 8), torch.tensor(500), toy.states(2))
    one, other = (net(*given).sample for net in (plain, small))
    assert (one - other).std() < 0.03 * one.std()  # another net: 1.4


def test_a_broken_file_is_named(tmp_path):
    toy.unet().save_pretrained(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"cut")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_unet(tmp_path, torch.float32)
