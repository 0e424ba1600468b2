"""Enlarging: the right size and place for any input, bicubic before it has learnt, and the shipped net beside bicubic."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from engine.errors import Cancelled, InvalidInput, ModelUnavailable
from engine.vision import upscale


def picture(height: int, width: int) -> np.ndarray:
    """Smooth waves, (1, H, W, 3) uint8."""
    y, x = np.mgrid[:height, :width]
    waves = [np.sin(x / 7 + k) + np.cos(y / 5 - k) for k in range(3)]
    return ((np.stack(waves, -1) + 2) * 63).astype(np.uint8)[None]


@pytest.mark.parametrize(("height", "width"), [(40, 56), (33, 47), (1, 1), (2, 5)])
def test_any_size_is_doubled_and_nothing_shifts(height, width):
    given = picture(height, width)
    drawn = upscale.Upscaler(16, 1).enlarge(given)
    assert drawn.shape == (1, 2 * height, 2 * width, 3)
    back = cv2.resize(drawn[0], (width, height), interpolation=cv2.INTER_AREA).reshape(height, width, 3)
    assert np.abs(back.astype(int) - given[0]).mean() < 1.5  # shifted by one pixel: 8


def test_a_fresh_net_is_bicubic_and_a_changed_one_is_not():
    model, given = upscale.Upscaler(16, 1), picture(32, 32)
    plain = cv2.resize(given[0], (64, 64), interpolation=cv2.INTER_CUBIC)
    assert np.abs(model.enlarge(given)[0].astype(int) - plain).max() <= 1
    torch.nn.init.normal_(model.exit.weight, std=0.05)
    assert np.abs(model.enlarge(given)[0].astype(int) - plain).max() > 1


def test_frames_are_enlarged_each_on_its_own_in_chunks_that_can_be_stopped(monkeypatch):
    monkeypatch.setattr(upscale, "CHUNK_PIXELS", 2 * 32 * 32)
    model, frames = upscale.Upscaler(16, 1), np.concatenate([picture(32, 32), picture(32, 32)[:, ::-1], picture(32, 32) // 2])
    torch.nn.init.normal_(model.exit.weight, std=0.05)
    calls: list[int] = []
    together = model.enlarge(frames, lambda: calls.append(1))
    assert len(calls) == 2
    assert all(np.abs(model.enlarge(frames[k : k + 1])[0].astype(int) - together[k]).max() <= 1 for k in range(3))

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        model.enlarge(frames, stop)


def test_other_arrays_and_folders_are_named(tmp_path):
    for wrong in (np.zeros((8, 8, 3), np.uint8), np.zeros((1, 8, 8, 3), np.float32), np.zeros((1, 8, 8, 4), np.uint8), np.zeros((1, 0, 8, 3), np.uint8)):
        with pytest.raises(InvalidInput, match="cannot be enlarged"):
            upscale.Upscaler(16, 1).enlarge(wrong)
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        upscale.load(tmp_path)
    (tmp_path / "config.json").write_text('{"width": 16, "blocks": 1}')
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        upscale.load(tmp_path)
