"""Drawn faces, measured again by the face mesh: what a look asked for is what is seen, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.metrics.lips import opening
from engine.vision.faces import topology
from engine.vision.faces.head import Head
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face
from engine.vision.faces.mouth import light_of, lower_teeth, to_linear, to_srgb, upper_teeth
from engine.vision.faces.pose import pose_of
from tests.faces import portrait, portrait_face, the_finder


@pytest.fixture(scope="module")
def head() -> Head:
    return Head(portrait(), portrait_face())


def seen(head: Head, look: Look) -> Face:
    face = the_finder().mesher.again(head.frame(look), portrait_face())
    assert face is not None
    return face


def eye(face: Face) -> float:
    """How far the left eye is open, in its own widths."""
    return float(np.linalg.norm(face.flat[159] - face.flat[145]) / np.linalg.norm(face.flat[33] - face.flat[133]))


def test_the_mesh_sees_the_mouth_that_was_asked_for(head: Head) -> None:
    found = [opening(seen(head, Look(opening=value))) for value in (0.0, 0.3, 0.6, 1.0)]
    assert found[0] < 0.04, "her own mouth is open by 0.11"
    assert found[1] < found[2] < found[3]
    assert found[3] > 0.15


def test_the_mesh_sees_blinks_smiles_and_turns(head: Head) -> None:
    rest = seen(head, Look())
    assert eye(seen(head, Look(blink=1.0))) < 0.6 * eye(rest)
    sad = seen(head, Look(smile=-1.0))
    corners = [topology.MOUTH_LEFT, topology.MOUTH_RIGHT]
    assert (sad.flat[corners, 1] > rest.flat[corners, 1] + 1).all()
    right, left = seen(head, Look(yaw=0.12)), seen(head, Look(yaw=-0.12))
    assert pose_of(right).yaw - pose_of(left).yaw > 6
    tilted = seen(head, Look(roll=0.12))
    assert pose_of(tilted).roll - pose_of(rest).roll == pytest.approx(np.rad2deg(0.12), abs=2)


def test_eyes_look_where_they_should(head: Head) -> None:
    right, left = seen(head, Look(gaze=(0.12, 0.0))), seen(head, Look(gaze=(-0.12, 0.0)))
    width = np.linalg.norm(right.flat[133] - right.flat[33])
    assert (right.irises[:, 0, 0] - left.irises[:, 0, 0] > 0.1 * width).all()


def test_pixels_that_do_not_move_are_the_same(head: Head) -> None:
    image = portrait()
    speaking = head.frame(Look(opening=0.6, rounding=0.4))
    changed = (speaking != image).any(axis=2)
    assert changed.any()
    face = portrait_face()
    eyes_up = int(face.flat[[159, 386], 1].max())
    assert not changed[:eyes_up].any(), "a speaking mouth leaves everything above the eyes alone"
    assert changed.mean() < 0.35
    low, high = head.rig.rest[:468].min(axis=0), head.rig.rest[:468].max(axis=0)
    margin = 0.5 * (high - low)
    outside = np.ones(changed.shape, bool)
    outside[max(0, int(low[1] - margin[1])) : int(high[1] + margin[1]), max(0, int(low[0] - margin[0])) : int(high[0] + margin[0])] = False
    turned = (head.frame(Look(yaw=0.1)) != image).any(axis=2)
    assert not turned[:3].any() or not turned[outside].all()
    assert (head.frame(Look(wide=1.0)) != image).any(axis=2).mean() < 0.02


def test_no_seams_and_no_specks(head: Head) -> None:
    """A warped face is as smooth as the photo: no pixel stands out from its neighbours more than the photo's own do, but in the mouth."""
    import cv2

    def specks(image: np.ndarray) -> np.ndarray:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return np.abs(grey.astype(int) - cv2.medianBlur(grey, 3))

    mouth = np.zeros(portrait().shape[:2], np.uint8)
    cv2.fillConvexPoly(mouth, cv2.convexHull(np.round(portrait_face().flat[list(topology.LIPS_OUTER_UP + topology.LIPS_OUTER_LOW)]).astype(np.int32)), 1)
    skin = cv2.dilate(mouth, np.ones((25, 25), np.uint8)) == 0
    rest = int((specks(portrait())[skin] > 45).sum())
    for look in (Look(yaw=0.1, opening=0.4), Look(pitch=-0.08, smile=1.0), Look(opening=1.1, smile=1.0, squint=1.0)):
        assert int((specks(head.frame(look))[skin] > 45).sum()) <= rest + 40, look


def test_teeth_are_white_shaded_and_symmetric() -> None:
    for row in (upper_teeth(), lower_teeth()):
        assert np.allclose(row, row[:, ::-1], atol=0.08)
        solid = row[..., 3] > 0.9
        assert 0.02 < solid.mean() < 0.4
        assert row[..., 0][solid].max() > 0.5
    assert np.allclose(to_srgb(to_linear(np.arange(256))), np.arange(256), atol=0.6)


def test_the_light_follows_the_photo() -> None:
    image = portrait()
    bright = light_of(image, portrait_face().flat)
    dark = light_of((image * 0.4).astype(np.uint8), portrait_face().flat)
    assert dark.mean() < 0.4 * bright.mean()
