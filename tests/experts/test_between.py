"""FILM: the names and sizes of its published file, known motions followed to the known place, and clips of large models with its frames between theirs. On tiny random weights."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save, save_file

from engine.catalog.experts import FILM, FILM_FILE
from engine.context import RunContext
from engine.errors import ModelUnavailable
from engine.experts import Expert, available
from engine.experts.between import ALIGN, LEVELS, OWN, Film, Learned, LearnedPair, Sizes, motion_net, published
from engine.experts.leasing import lent
from engine.residency import ModelPool
from engine.settings import Settings
from engine.vision.interpolation import Between, Passing
from engine.vision.optical import grid

TINY = Sizes(3, (2, 2, 4, 4))
SHIFT = (3.0, -1.5)
"""Pixels, right and up, that the made motion has at the finest level."""


def save_film(folder: Path, state: dict[str, torch.Tensor]) -> Path:
    (folder / FILM_FILE).parent.mkdir(parents=True, exist_ok=True)
    save_file(state, folder / FILM_FILE)
    return folder


def random_weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {name: (torch.randn(shape, generator=generator) / max(1, np.prod(shape[1:])) ** 0.5).half() for name, shape in published(TINY).items()}


def known_weights() -> dict[str, torch.Tensor]:
    """A net that sees the motion `SHIFT` both ways whatever it is shown, and answers with the mean of both pictures brought along it."""
    state = {name: torch.zeros(shape) for name, shape in published(TINY).items()}
    # Each of the levels that share a net adds its bias, which is doubled at each finer one.
    adds = sum(2.0**level for level in range(OWN, LEVELS))
    state[f"{motion_net(OWN)}._convs.4.conv.bias"] = torch.tensor(SHIFT) / adds
    first, second = f"fuse.convs.{3}.1.conv.weight", f"fuse.convs.{3}.2.conv.weight"
    for colour in range(3):
        state[first][colour, colour, 1, 1] = state[first][colour, 3 + TINY.features(0) + colour, 1, 1] = 0.5
        state[second][colour, colour, 1, 1] = state["fuse.output_conv.weight"][colour, colour, 0, 0] = 1.0
    return state


def film(folder: Path, state: dict[str, torch.Tensor]) -> Film:
    return Film(Expert("between", "film", save_film(folder, state), FILM))


def cloth(seed: int, height: int = 75, width: int = 100) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8), (0, 0), 3.0)


def test_the_net_has_the_weights_of_the_published_file_to_the_byte():
    state = {name: torch.zeros(shape, dtype=torch.float16) for name, shape in published().items()}
    assert len(state) == 82 and len(save(state)) == FILM.bytes == 68_882_302


@pytest.mark.parametrize("share", [0.25, 0.5, 0.75])
def test_a_known_motion_is_followed_for_its_share_of_the_way(tmp_path, share):
    """Truth: the mean of the first picture read at share * motion and the second at (1 - share) * motion, by OpenCV. Without motion (a cross-fade) it is 25 times as far off."""
    first = cloth(0)
    second = np.clip(first.astype(int) + np.random.default_rng(1).integers(-6, 7, first.shape), 0, 255).astype(np.uint8)
    found = Learned(film(tmp_path, known_weights()))(first, second).at(share).astype(float)
    x, y = grid(100, 75)
    read = [cv2.remap(picture, x + np.float32(part * SHIFT[0]), y + np.float32(part * SHIFT[1]), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for picture, part in ((first, share), (second, 1 - share))]
    truth, fade = (read[0].astype(float) + read[1]) / 2, (first.astype(float) + second) / 2
    # The rim is left out: it was repeated before the motion, not after it. OpenCV reads at places rounded to 1/32.
    inner = (slice(4, -4), slice(4, -4))
    assert np.abs(found - truth)[inner].mean() < 0.4
    assert np.abs(fade - truth)[inner].mean() > 2.0


def test_the_ends_are_the_frames_and_a_cut_stays_a_cut(tmp_path):
    learned = Learned(film(tmp_path, random_weights()))
    first, second = cloth(0), cloth(2)
    pair = learned(first, second)
    assert np.array_equal(pair.at(0.0), first) and np.array_equal(pair.at(1.0), second)
    black, white = np.zeros((64, 64, 3), np.uint8), np.full((64, 64, 3), 255, np.uint8)
    assert {int(learned(black, white).at(share).mean()) for share in (0.2, 0.5, 0.8)} == {0, 255}


def test_pictures_of_any_size_keep_it(tmp_path):
    learned = Learned(film(tmp_path, random_weights()))
    for height, width in ((64, 64), (50, 130)):
        found = learned(cloth(0, height, width), np.roll(cloth(0, height, width), 2, 1)).at(0.5)
        assert found.shape == (height, width, 3) and found.dtype == np.uint8
    assert learned.film.tensor(cloth(0, 50, 130)).shape[2:] == (ALIGN, 3 * ALIGN)


def test_a_pair_is_looked_at_once(tmp_path):
    learned = Learned(film(tmp_path, random_weights()))
    frames = np.stack([cloth(0), np.roll(cloth(0), 1, 1), np.roll(cloth(0), 2, 1)])
    with patch.object(type(learned.film.net), "look", autospec=True, side_effect=type(learned.film.net).look) as look:
        passing = Passing(frames, learned)
        for where in (0.25, 0.5, 0.75, 1.5):
            passing.at(where)
    assert look.call_count == 4


def test_where_memory_is_short_the_flow_goes_between(tmp_path):
    learned = Learned(film(tmp_path, random_weights()))
    first, second = cloth(0), np.roll(cloth(0), 1, 1)
    with patch.object(LearnedPair, "_drawn", side_effect=torch.OutOfMemoryError):
        found = learned(first, second).at(0.5)
    assert learned.short and np.array_equal(found, Between(first, second).at(0.5))


@pytest.mark.parametrize("spoil", ["missing", "more", "shape", "nan", "other"])
def test_other_weights_are_refused(tmp_path, spoil):
    state = random_weights()
    match spoil:
        case "missing":
            del state["fuse.output_conv.bias"]
        case "more":
            state["fuse.more"] = torch.zeros(1)
        case "shape":
            state["fuse.output_conv.bias"] = torch.zeros(4)
        case "nan":
            state["fuse.output_conv.bias"][0] = float("nan")
        case "other":
            state = {"a": torch.zeros(1)}
    with pytest.raises(ModelUnavailable):
        film(tmp_path, state)


def test_it_is_found_resident_and_absent_where_it_was_not_fetched(tmp_path):
    settings = Settings(data_dir=tmp_path, device="cpu")
    run = RunContext("0" * 32, tmp_path, settings, 1, pool=ModelPool(2**30))
    with lent(run, "between") as none:
        assert none is None
    save_film(tmp_path / "models" / FILM.id, random_weights())
    assert available(settings)["between"].card is FILM
    for _ in range(2):
        with lent(run, "between") as found:
            assert isinstance(found, Film)
    assert len(run.pool.stats()["models"]) == 1
