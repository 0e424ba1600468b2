"""Transitions: exact ends, the same backwards, light that adds up, colours that meet; and colours of scenes drawn together."""

from __future__ import annotations

from typing import get_args

import cv2
import numpy as np
import pytest

from engine.media.images import read_image
from engine.movie.film.framing import framed
from engine.movie.film.matching import Correction, matched
from engine.movie.film.transitions import blend_of, share_of
from engine.movie.plan import TRANSITIONS, Transition
from engine.settings import Settings
from engine.world.spec import CameraMove
from tests.conftest import ROOT

TURNED = {"pan left": "pan right", "pan right": "pan left", "tilt up": "tilt down", "tilt down": "tilt up", "zoom in": "zoom out", "zoom out": "zoom in"}
CAMERAS: tuple[CameraMove, ...] = get_args(CameraMove)


@pytest.fixture(scope="module")
def pair() -> tuple[np.ndarray, np.ndarray]:
    """Two pictures of the examples with other colours."""
    first, second = (framed(read_image(ROOT / "assets" / "examples" / name, Settings(), max_side=256), (128, 72)) for name in ("boat.jpg", "reef.jpg"))
    return first, second


def lab(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(frame.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB).reshape(-1, 3).mean(0)


@pytest.mark.parametrize("kind", TRANSITIONS)
@pytest.mark.parametrize("camera", ["as written", *CAMERAS])
def test_ends_are_the_pictures_themselves_and_backwards_is_the_same(pair, kind: Transition, camera: CameraMove) -> None:
    first, second = pair
    blend = blend_of(kind, camera)
    assert np.array_equal(blend(first, second, share_of(0, 9)), first) and np.array_equal(blend(first, second, share_of(8, 9)), second)
    if kind == "wipe" and camera not in TURNED:
        return  # these come from the left, both ways
    back = blend_of(kind, TURNED.get(camera, camera) if kind == "wipe" else camera)
    for share in (0.2, 0.4, 0.625):
        there, here = (one.astype(int) for one in (blend(first, second, share), back(second, first, 1 - share)))
        assert np.abs(there - here).max() <= 1
        if kind != "cut":
            # Something is on its way: neither picture (a cut passes both).
            assert min(np.abs(there - first.astype(int)).mean(), np.abs(there - second.astype(int)).mean()) > 2


def test_a_cross_fade_adds_light() -> None:
    black, white = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert blend_of("cross-fade")(black, white, 0.5)[0, 0, 0] == 188  # half of the light; mixing codes gives 128
    ramp = np.arange(192, dtype=np.uint8).reshape(8, 8, 3)
    assert np.array_equal(blend_of("cross-fade")(ramp, ramp, 0.37), ramp)


def test_a_fade_through_black_is_black_in_the_middle(pair) -> None:
    assert blend_of("fade through black")(*pair, 0.5).max() == 0
    levels = [blend_of("fade through black")(*pair, share).mean() for share in (0.0, 0.15, 0.3, 0.45)]
    assert all(one > two for one, two in zip(levels, levels[1:], strict=False))


@pytest.mark.parametrize(("camera", "where"), [("pan right", np.s_[:, -8:]), ("pan left", np.s_[:, :8]), ("tilt up", np.s_[:8]), ("tilt down", np.s_[-8:]), ("zoom in", np.s_[32:40, 60:68])])
def test_a_wipe_comes_from_where_the_camera_goes(camera: CameraMove, where: tuple[slice, ...]) -> None:
    black, white = np.zeros((72, 128, 3), np.uint8), np.full((72, 128, 3), 255, np.uint8)
    picture = blend_of("wipe", camera)(black, white, 0.3)
    assert picture[where].mean() > 200 and picture.mean() < 140
    grey = np.unique(picture)
    assert len(grey) > 8  # the edge is soft


def test_a_match_on_colour_leads_both_pictures_through_common_colours(pair) -> None:
    first, second = pair
    apart = float(np.linalg.norm(lab(first) - lab(second)))
    blend = blend_of("match on colour")
    path = [lab(blend(first, second, share)) for share in (0.25, 0.5, 0.75)]
    wanted = [(1 - share) * lab(first) + share * lab(second) for share in (0.25, 0.5, 0.75)]
    assert max(np.linalg.norm(a - b) for a, b in zip(path, wanted, strict=True)) < 0.15 * apart
    # Where one picture is still whole, its colours have already left: a plain cross-fade begins with the old ones.
    early = blend(first, second, 0.15)
    assert np.linalg.norm(lab(early) - lab(first)) > 0.08 * apart
    # Structure is still the first picture's: correlation of lightness.
    def grey(one: np.ndarray) -> np.ndarray:
        return cv2.cvtColor(one, cv2.COLOR_RGB2GRAY).astype(float).ravel()

    assert np.corrcoef(grey(early), grey(first))[0, 1] > 0.98


def test_a_match_on_colour_does_not_flicker(pair) -> None:
    first, second = pair
    rng = np.random.default_rng(0)
    blend = blend_of("match on colour")
    shares = [share_of(n, 13) for n in range(13)]
    noisy = [np.clip(first + rng.normal(0, 4, first.shape), 0, 255).astype(np.uint8) for _ in shares]
    means = np.array([lab(blend(a, second, share)) for a, share in zip(noisy, shares, strict=True)])
    # The second difference of the colours' path: a map measured anew on each frame shakes, this one bends.
    assert np.abs(np.diff(means, n=2, axis=0)).max() < 0.25 * np.abs(np.diff(means, axis=0)).max() + 0.3


SCENES = ("boat.jpg", "reef.jpg", "village.jpg", "balloon.jpg", "nora.jpg")


@pytest.fixture(scope="module")
def scenes() -> dict[str, np.ndarray]:
    return {name: framed(read_image(ROOT / "assets" / "examples" / name, Settings(), max_side=200), (96, 54)) for name in SCENES}


def jumps(pictures: dict[str, np.ndarray]) -> float:
    means = [lab(one) for one in pictures.values()]
    return float(np.mean([np.linalg.norm(a - b) for a, b in zip(means, means[1:], strict=False)]))


@pytest.mark.parametrize("amount", [0.3, 0.6, 1.0])
def test_matching_takes_the_asked_share_of_the_jumps(scenes, amount: float) -> None:
    found = matched({name: one.astype(np.float32) / 255 for name, one in scenes.items()}, amount, ("#25273b", "#ee5d36", "#ffd27a"))
    before, after = jumps(scenes), jumps({name: found[name](one) for name, one in scenes.items()})
    assert abs(after / before - (1 - amount)) < 0.05  # doing nothing: 1
    assert before > 20


def test_matching_nothing_is_nothing(scenes) -> None:
    found = matched({name: one.astype(np.float32) / 255 for name, one in scenes.items()}, 0.0)
    assert all(found[name](one) is one for name, one in scenes.items())
    faint = Correction(power=1.002, shift=(0.03, 0.0))
    ramp = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    assert np.abs(faint(ramp).astype(int) - ramp).max() <= 1


def test_matching_keeps_black_white_and_order() -> None:
    ramp = np.linspace(0, 255, 256).astype(np.uint8).repeat(3).reshape(1, 256, 3)
    out = Correction(power=0.6, shift=(12.0, -9.0))(ramp).astype(int)
    assert out[0, 0].max() <= 4 and out[0, -1].min() >= 246
    assert (np.diff(cv2.cvtColor(out.astype(np.uint8), cv2.COLOR_RGB2GRAY)[0].astype(int)) >= 0).all()
    assert abs(Correction(power=0.6)(ramp)[0, 128].mean() - ramp[0, 128].mean()) > 20
