"""Where a look puts the points of a face, and how the face is set by hand."""

from __future__ import annotations

import numpy as np
import pytest

from engine.vision.faces import topology
from engine.vision.faces.handles import corrected, face_from, handles
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face
from engine.vision.faces.pose import fit_pose, pose_of
from engine.vision.faces.rig import Rig, head_turn
from engine.vision.faces.topology import canonical
from tests.faces import portrait_face


def calm(scale: float = 100.0, turn: np.ndarray | None = None) -> Face:
    """The canonical face in a picture, its lips closed."""
    points = canonical().points.copy()
    for up, low in zip(topology.LIPS_INNER_UP, topology.LIPS_INNER_LOW, strict=True):
        points[[up, low]] = points[[up, low]].mean(axis=0)
    placed = scale * points @ (np.eye(3) if turn is None else turn).T + (200, 200, 0)
    irises = np.stack([placed[list(eye), :2].mean(axis=0) + np.zeros((5, 2)) for eye in (topology.EYE_LEFT_UP, topology.EYE_RIGHT_UP)])
    return Face(placed, irises, 1.0)


def gap(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[topology.INNER_BOTTOM] - points[topology.INNER_TOP]))


@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (20, 0, 0), (-30, 10, 5), (5, -12, -25)])
def test_the_pose_is_that_of_a_known_turn(yaw: float, pitch: float, roll: float) -> None:
    turn = head_turn(*np.deg2rad([yaw, pitch, roll]))
    pose = fit_pose(canonical().points, 90 * canonical().points @ turn.T + (10, 20, 5))
    assert np.allclose(pose.rotation, turn, atol=1e-6)
    assert pose.scale == pytest.approx(90)
    assert np.allclose(pose.back(pose.place(canonical().points)), canonical().points)
    if pitch == roll == 0:
        assert pose.yaw == pytest.approx(yaw, abs=0.01)


def test_a_closed_mouth_at_rest_stays_where_it_is() -> None:
    rig = Rig(calm())
    assert np.abs(rig.moved(Look()) - rig.rest).max() < 0.3


def test_the_jaw_opens_as_far_as_it_should_and_leaves_the_upper_face_alone() -> None:
    rig = Rig(calm())
    gaps = [gap(rig.moved(Look(opening=value))) for value in (0.0, 0.25, 0.5, 1.0)]
    assert gaps[0] < 0.5
    # Opening 1 is a fifth of the width between the eyes' outer corners, 20 px here, and the upper lip lifts a little.
    assert gaps[3] == pytest.approx(21, abs=4)
    assert gaps[1] == pytest.approx(gaps[3] / 4, abs=2.5)
    assert gaps[2] == pytest.approx(gaps[3] / 2, abs=3)
    moved = rig.moved(Look(opening=1.0)) - rig.rest
    upper = canonical().points[:, 1] < 0.25
    assert np.abs(moved[: len(upper)][upper]).max() < 0.5
    assert moved[topology.CHIN, 1] > 10
    assert abs(moved[topology.CHIN, 0]) < 0.5
    assert np.abs(moved[-36:]).max() == 0.0, "the outermost ring never moves"


def test_pressed_lips_win_over_an_open_jaw() -> None:
    rig = Rig(calm())
    assert gap(rig.moved(Look(opening=0.8, press=1.0))) < 0.5


def test_an_open_mouth_of_the_picture_is_closed_and_kept_as_asked() -> None:
    rig = Rig(portrait_face())
    open_already = gap(rig.rest)
    assert open_already > 6
    assert gap(rig.moved(Look())) < 0.6
    assert gap(rig.moved(Look(wide=1.0))) == pytest.approx(open_already, rel=0.05)


def test_smile_width_and_rounding_move_the_corners_their_ways() -> None:
    rig = Rig(calm())
    corners = [topology.MOUTH_LEFT, topology.MOUTH_RIGHT]

    def spread(look: Look) -> float:
        left, right = rig.moved(look)[corners]
        return float(right[0] - left[0])

    rest = spread(Look())
    assert spread(Look(width=1.0)) > rest + 6
    assert spread(Look(rounding=1.0)) < rest - 8
    up = rig.moved(Look(smile=1.0))[corners, 1] - rig.rest[corners, 1]
    down = rig.moved(Look(smile=-1.0))[corners, 1] - rig.rest[corners, 1]
    assert (up < -4).all() and (down > 3).all()


def test_lids_meet_in_a_blink() -> None:
    rig = Rig(calm())
    for up, low in ((topology.EYE_LEFT_UP, topology.EYE_LEFT_LOW), (topology.EYE_RIGHT_UP, topology.EYE_RIGHT_LOW)):
        open_eye = np.linalg.norm(rig.rest[list(low)] - rig.rest[list(up)], axis=1).max()
        closed = np.linalg.norm((rig.moved(Look(blink=1.0))[list(low)] - rig.moved(Look(blink=1.0))[list(up)]), axis=1).max()
        assert open_eye > 5 and closed < 0.08 * open_eye


def test_a_turning_head_moves_near_parts_more() -> None:
    rig = Rig(calm())
    moved = rig.moved(Look(yaw=0.1)) - rig.rest
    nose, cheek = moved[topology.NOSE_TIP, 0], moved[234, 0]
    assert nose > 4 and nose > cheek + 4
    nod = rig.moved(Look(pitch=0.1)) - rig.rest
    assert nod[topology.NOSE_TIP, 1] > 3


def test_the_same_look_on_a_turned_face_moves_along_its_own_axes() -> None:
    turn = head_turn(0.0, 0.0, np.deg2rad(90))
    moved = Rig(calm(turn=turn)).moved(Look(opening=1.0)) - Rig(calm(turn=turn)).rest
    assert moved[topology.CHIN, 0] < -10 and abs(moved[topology.CHIN, 1]) < 0.5


def test_corrections_put_handles_where_the_hand_put_them() -> None:
    face = portrait_face()
    before = handles(face.points)
    wanted = {"mouth_left": tuple(before["mouth_left"][:2] + (-9.0, 4.0)), "chin": tuple(before["chin"][:2] + (0.0, 12.0))}
    after = handles(corrected(face, wanted).points)
    for name, place in wanted.items():
        assert np.abs(after[name][:2] - place).max() < 0.7
    for name in set(before) - set(wanted):
        assert np.abs(after[name][:2] - before[name][:2]).max() < 0.7, name


def test_four_points_make_a_face() -> None:
    whole = calm(80.0, head_turn(0, 0, 0.2))
    places = handles(whole.points)
    four = {name: (float(places[name][0]), float(places[name][1])) for name in ("eye_left", "eye_right", "mouth_left", "mouth_right")}
    made = face_from(four)
    assert made is not None
    assert np.abs(made.flat - whole.flat).max() < 4
    assert pose_of(made).roll == pytest.approx(np.rad2deg(0.2), abs=1)
    assert face_from({name: four[name] for name in list(four)[:3]}) is None
