"""The title card can be read: contrast of letters against what lies beside them, by WCAG 2.1."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.media.srgb import to_light
from engine.movie.film import titles
from engine.movie.film.titles import colours, title_card

SIZES = [(320, 180), (180, 320), (640, 360)]
PALETTES = [
    ("#25273b", "#ee5d36", "#ffd27a"), ("#ffffff", "#ffffff", "#ffffff"), ("#000000", "#222222", "#111111"), ("#ff0000", "#00ff00", "#0000ff"), ("#ffe9a0", "#fff3c0", "#f4f1de"),
    ("#00ffff", "#ffff00", "#ff00ff"),
]  # fmt: skip
TITLE = "A little red boat looks for the moon"
CONTRAST = 4.5
"""Of WCAG 2.1, success criterion 1.4.3; large letters would need 3."""


def luminance(picture: np.ndarray) -> np.ndarray:
    """Relative luminance (H, W) of sRGB in 0..1."""
    return np.asarray(to_light(picture.astype(np.float64)) @ np.array([0.2126, 0.7152, 0.0722]))


def contrast(picture: np.ndarray, letters: np.ndarray) -> float:
    """Of the darker letters (tenth percentile of their inside) against the lighter ground (95th percentile) that touches them. letters: (H, W) coverage 0..1."""
    size = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5))
    inside = letters > 0.98
    ground = (cv2.dilate(letters, size) > 0.5) & (letters < 0.02)
    light = luminance(picture)
    return float((np.percentile(light[inside], 10) + 0.05) / (np.percentile(light[ground], 95) + 0.05))


def words_alone(size: tuple[int, int], palette: tuple[str, ...], picture: np.ndarray) -> np.ndarray:
    """The title at rest, laid over a picture (H, W, 3) float32."""
    ground, _, light = colours(palette)
    out = picture.copy()
    for one in titles._words(titles._block(TITLE, size), size, ground, light):
        titles._lay(out, one, 1.0, (0.0, 0.0), (size[0] / 2, size[1] / 2), 1.0)
    return out


def letters_of(size: tuple[int, int]) -> np.ndarray:
    """(H, W) float32: where the title's letters stand at rest."""
    block, (width, height) = titles._block(TITLE, size), size
    out = np.zeros((height, width), np.float32)
    left, top = (width - block.width) / 2, titles._middle(width, height) - block.height / 2
    for word in block.words:
        matrix = np.array([[1, 0, left + word.x], [0, 1, top + word.y]])
        out = np.maximum(out, cv2.warpAffine(word.mask.astype(np.float32) / 255, matrix, (width, height)))
    return out


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("palette", PALETTES)
def test_letters_can_be_read_over_anything(size: tuple[int, int], palette: tuple[str, ...]) -> None:
    shape = (size[1], size[0], 3)
    behind = {"white": np.ones(shape, np.float32), "grey": np.full(shape, 0.6, np.float32), "black": np.zeros(shape, np.float32), "noise": np.random.default_rng(0).random(shape, np.float32)}
    letters = letters_of(size)
    for name, picture in behind.items():
        assert contrast(np.clip(words_alone(size, palette, picture), 0, 1), letters) >= CONTRAST, name
    # The shade is what does it: without it white letters before white paper have no contrast.
    assert contrast(np.where(letters[..., None] > 0, np.float32(0.95), behind["white"]), letters) < 1.2


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("palette", PALETTES)
def test_letters_of_a_whole_card_can_be_read(size: tuple[int, int], palette: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    last = list(title_card(TITLE, palette, size, 1, 3))[-1].astype(np.float32) / 255
    monkeypatch.setattr(titles, "_words", lambda *_: iter(()))
    bare = list(title_card(TITLE, palette, size, 1, 3))[-1].astype(np.float32) / 255
    # The card has drifted: letters are what is much lighter than the bare card and nearly as light as letters are.
    _, _, light = colours(palette)
    near = np.abs(luminance(last) - float(luminance(light[None, None])[0, 0])) < 0.25
    letters = (near & (luminance(last) - luminance(bare) > 0.05)).astype(np.float32)
    assert letters.mean() > 0.015
    edge = (cv2.dilate(letters, np.ones((7, 7))) > 0) & (cv2.dilate(letters, np.ones((3, 3))) == 0)
    found = (np.percentile(luminance(last)[letters > 0], 10) + 0.05) / (np.percentile(luminance(last)[edge], 90) + 0.05)
    assert found >= CONTRAST, found
