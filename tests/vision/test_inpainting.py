"""The fill of what a thing uncovers: against truth and beside cv2.inpaint."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.errors import Cancelled
from engine.vision.inpainting import diffuse, fill
from tests.vision.scenes import textured


def round_hole(shape: tuple[int, ...], x: int, y: int, radius: int) -> np.ndarray:
    hole = np.zeros(shape[:2], np.uint8)
    cv2.circle(hole, (x, y), radius, 1, -1)
    return hole > 0


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / np.mean((a[where].astype(float) - b[where]) ** 2)))


def grain(picture: np.ndarray, where: np.ndarray) -> float:
    return float(np.abs(cv2.Laplacian(picture, cv2.CV_32F))[where].mean())


def test_bricks_go_on_as_bricks() -> None:
    import skimage.data

    wall = np.ascontiguousarray(np.repeat(skimage.data.brick()[:320, :320, None], 3, axis=2))
    hole = round_hole(wall.shape, 200, 160, 36)
    filled = fill(wall, hole)
    assert psnr(filled, wall, hole) > psnr(cv2.inpaint(wall, hole.astype(np.uint8), 5, cv2.INPAINT_TELEA), wall, hole) + 2.5  # Telea: 20-21 dB
    assert (filled[~hole] == wall[~hole]).all()


@pytest.mark.parametrize("name", ["grass", "gravel"])
def test_texture_keeps_its_grain(name: str) -> None:
    import skimage.data

    ground = np.ascontiguousarray(np.repeat(getattr(skimage.data, name)()[:300, :300, None], 3, axis=2))
    hole = round_hole(ground.shape, 150, 150, 34)
    kept = grain(fill(ground, hole), hole) / grain(ground, hole)
    assert kept > 0.4  # cv2.inpaint: 0.04 to 0.08


def test_large_pictures_are_filled_at_full_resolution() -> None:
    fine = textured(700, 900, (120, 110, 90), strength=30, grain=0.8, seed=5)
    hole = round_hole(fine.shape, 450, 350, 90)
    assert grain(fill(fine, hole, work_side=128), hole) / grain(fine, hole) > 0.45  # enlarged from 128 px it would be below 0.1


def test_light_is_continuous() -> None:
    ramp = np.repeat(np.linspace(30, 220, 300)[None, :, None], 200, axis=0)
    sky = np.clip(np.repeat(ramp, 3, axis=2), 0, 255).astype(np.uint8)
    hole = round_hole(sky.shape, 150, 100, 40)
    error = np.abs(fill(sky, hole).astype(float) - sky)[hole]
    assert error.mean() < 6 and error.max() < 25  # black hole: 125


def test_what_is_barred_is_not_copied() -> None:
    ground = textured(160, 240, (80, 140, 90), seed=6)
    other = round_hole(ground.shape, 170, 80, 25)
    ground[other] = (255, 0, 255)
    hole = round_hole(ground.shape, 110, 80, 28)
    ground[hole] = (0, 0, 0)
    filled = fill(ground, hole, avoid=other)
    magenta = (filled[hole].astype(int) - [255, 0, 255]).__abs__().sum(axis=1) < 120
    assert magenta.mean() < 0.02
    assert filled[hole].mean() > 60  # the black of the old thing is gone


def test_same_in_same_out_and_it_can_be_stopped() -> None:
    ground = textured(120, 160, (80, 140, 90), seed=7)
    hole = round_hole(ground.shape, 80, 60, 20)
    assert (fill(ground, hole) == fill(ground, hole)).all()

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        fill(ground, hole, checkpoint=stop)


def test_odd_cases() -> None:
    ground = textured(40, 60, (80, 140, 90), seed=8)
    assert (fill(ground, np.zeros((40, 60), bool)) == ground).all()
    everything = np.ones((40, 60), bool)
    assert fill(ground, everything).shape == ground.shape
    nearly = everything.copy()
    nearly[0, 0] = False
    assert np.abs(fill(ground, nearly).astype(int) - ground[0, 0]).max() <= 2  # one known pixel: its colour everywhere
    strip = np.zeros((12, 400, 3), np.uint8) + 90
    gap = np.zeros((12, 400), bool)
    gap[:, 180:220] = True
    assert np.abs(fill(strip, gap).astype(int) - 90).max() <= 1


def test_diffuse_meets_its_rim() -> None:
    field = np.zeros((30, 30, 1), np.float32)
    field[:, 15:] = 10
    unknown = np.zeros((30, 30), bool)
    unknown[5:25, 10:20] = True
    out = diffuse(field, unknown)
    assert out[15, 10, 0] < 4 and out[15, 19, 0] > 6 and 2 < out[15, 14, 0] < 8
    assert (out[~unknown] == field[~unknown]).all()
