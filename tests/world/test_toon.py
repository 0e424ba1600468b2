"""The paper-cut face: its handles are where the face mesh sees them, and its mouth is as open as it says."""

from __future__ import annotations

import numpy as np
import pytest

from engine.metrics.lips import opening
from engine.vision.faces.handles import handles
from engine.world.toon import EXAMPLES, ToonFace, ToonLook, draw_toon
from tests.faces import the_finder


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_the_mesh_finds_the_handles_where_they_are(name: str) -> None:
    face, look = EXAMPLES[name]
    picture, truth = draw_toon(face, look, side=384)
    found = handles(the_finder().faces(picture)[0].points)
    width = truth["eye_right"][0] - truth["eye_left"][0]
    for point, place in truth.items():
        assert np.linalg.norm(found[point][:2] - place) < 0.25 * width, point


def test_looks_are_seen() -> None:
    def seen(look: ToonLook) -> float:
        return opening(the_finder().faces(draw_toon(ToonFace(), look, side=384)[0])[0])

    closed, half, wide = (seen(ToonLook(opening=value)) for value in (0.0, 0.4, 0.9))
    assert closed < 0.03 < half < wide
    turned, handles_turned = draw_toon(ToonFace(), ToonLook(turn=1.0), side=256)
    straight, handles_straight = draw_toon(ToonFace(), ToonLook(), side=256)
    assert handles_turned["eye_left"][0] > handles_straight["eye_left"][0] + 5
    assert (turned != straight).any()
    shut = draw_toon(ToonFace(), ToonLook(blink=1.0), side=256)[0].astype(int)
    x, y = (round(v) for v in handles_straight["eye_left"])
    assert np.abs(shut[y - 3 : y + 3, x - 3 : x + 3] - straight[y - 3 : y + 3, x - 3 : x + 3].astype(int)).mean() > 40


def test_the_same_face_twice_is_the_same() -> None:
    assert (draw_toon(ToonFace(), side=128)[0] == draw_toon(ToonFace(), side=128)[0]).all()
