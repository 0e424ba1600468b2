"""Swin2SR from a folder with tiny random weights of the real class: sizes, tiles without seams, and the clip of a large model at twice its size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from engine.context import RunContext
from engine.experts import CARDS_OF, available
from engine.experts.enlarging import OVERLAP, Enlarger
from engine.experts.leasing import lent
from engine.residency import ModelPool
from engine.settings import Settings
from tests.experts.tiny import picture


def save(folder: Path) -> Path:
    from transformers import Swin2SRConfig, Swin2SRForImageSuperResolution

    torch.manual_seed(0)
    config = Swin2SRConfig(image_size=16, patch_size=1, embed_dim=12, depths=[2], num_heads=[2], window_size=8, upscale=2, upsampler="pixelshuffle")
    model = Swin2SRForImageSuperResolution(config)
    with torch.no_grad():  # an untaught one draws black
        model.upsample.final_convolution.bias.fill_(0.5)
        model.upsample.final_convolution.weight.mul_(8)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Settings:
    root = tmp_path_factory.mktemp("enlarge")
    save(root / "data/models" / CARDS_OF["enlarge"][0].id)
    return Settings(data_dir=root / "data", device="cpu")


@pytest.fixture(scope="module")
def enlarger(here) -> Enlarger:
    return Enlarger(available(here)["enlarge"])


@pytest.mark.parametrize("size", [(48, 64), (37, 51), (8, 8)])
def test_a_picture_becomes_twice_as_large(enlarger, size):
    image = picture(1, *size)
    found = enlarger.enlarge(image)
    assert found.shape == (2 * size[0], 2 * size[1], 3) and found.dtype == np.uint8
    assert found.std() > 0.5 and np.array_equal(found, enlarger.enlarge(image))


def test_tiles_leave_no_seam(enlarger):
    image = picture(2, 150, 170)
    whole, tiled = (enlarger.enlarge(image, tile=tile).astype(int) for tile in (256, 64))
    apart = np.abs(whole - tiled)
    assert apart.mean() < 0.02 * whole.std() + 0.3
    seams = [2 * (start + OVERLAP // 2) for start in range(64 - OVERLAP, 150 - OVERLAP, 64 - OVERLAP)]
    rows = np.abs(np.diff(tiled, axis=0)).mean(axis=(1, 2)) - np.abs(np.diff(whole, axis=0)).mean(axis=(1, 2))
    assert rows[[row - 1 for row in seams]].max() < 1.0, "a row where tiles meet steps no more than any other"


def test_it_is_resident_and_absent_where_it_was_not_fetched(here, tmp_path):
    run = RunContext("0" * 32, tmp_path, here, 1, pool=ModelPool(2**30))
    for _ in range(2):
        with lent(run, "enlarge") as found:
            assert found is not None and found.times == 2
    assert len(run.pool.stats()["models"]) == 1
    with lent(RunContext("0" * 32, tmp_path, Settings(data_dir=tmp_path), 1), "enlarge") as none:
        assert none is None
