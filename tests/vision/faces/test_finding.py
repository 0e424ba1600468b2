"""Faces in a real photo: found, meshed, followed; the same under turning, mirroring and scaling."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.settings import Settings
from engine.vision.faces import topology
from engine.vision.faces.finder import find_faces
from engine.vision.faces.locate import chosen, meant, selected, usable
from engine.vision.faces.mesh import Face
from engine.vision.faces.tracks import follow, steady
from tests.faces import SHARED, portrait, portrait_face, the_finder

EYES = np.array([[139.0, 134.5], [211.5, 139.0]])
"""Her pupils in `portrait`, read off the picture by eye."""


def test_a_face_is_found_with_its_eyes_where_they_are() -> None:
    face = portrait_face()
    middles = face.irises[:, 0]
    assert np.abs(middles - EYES).max() < 4
    assert face.score > 0.9


@pytest.mark.parametrize("degrees", [-25.0, 15.0, 30.0])
def test_the_mesh_turns_with_the_picture(degrees: float) -> None:
    image, face = portrait(), portrait_face()
    height, width = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8)
    turned = the_finder().faces(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))[0]
    expected = face.flat @ matrix[:, :2].T + matrix[:, 2]
    size = 0.8 * np.linalg.norm(face.flat[263] - face.flat[33])
    # Points of an unturned mesh would be off by a fifth of the face.
    assert np.linalg.norm(turned.flat - expected, axis=1).mean() < 0.035 * size


def test_faces_of_a_group_are_found_one_by_one() -> None:
    image = portrait()
    small = cv2.resize(image, (88, 100), interpolation=cv2.INTER_AREA)
    group = np.full((600, 900, 3), 200, np.uint8)
    places = [(40, 60), (300, 250), (620, 30), (700, 420)]
    for x, y in places:
        group[y : y + 100, x : x + 88] = small
    whole = find_faces(group, the_finder().detectors)
    faces = the_finder().faces(group)
    assert len(whole) < len(places), "the whole picture alone is not enough: else this test shows nothing"
    assert len(faces) == len(places)
    found = sorted(tuple(np.round(face.flat.mean(axis=0) - (44, 45)).astype(int) // 30) for face in faces)
    assert len(set(found)) == len(places)


def test_no_face_where_there_is_none() -> None:
    rng = np.random.default_rng(0)
    assert the_finder().faces(np.full((200, 300, 3), 127, np.uint8)) == []
    assert the_finder().faces(rng.integers(0, 255, (240, 320, 3), dtype=np.uint8)) == []


def test_the_face_that_is_meant() -> None:
    one, other = portrait_face(), portrait_face()
    shifted = Face(other.points * 0.5 + (300, 0, 0), other.irises * 0.5 + (300, 0), other.score)
    faces = [one, shifted]
    size = (600, 400)
    assert chosen(faces, 1, size) == 1
    assert chosen(faces, (float(shifted.flat[4, 0]) / 600, float(shifted.flat[4, 1]) / 400), size) == 1
    assert chosen(faces, (0.1, 0.5), size) == 0
    assert chosen([], 0, size) is None
    with pytest.raises(InvalidInput, match="face=2"):
        chosen(faces, 2, size)


def test_marks_beside_a_found_face_make_another_one() -> None:
    face = portrait_face()
    four = {"eye_left": (420.0, 100.0), "eye_right": (460.0, 100.0), "mouth_left": (425.0, 140.0), "mouth_right": (455.0, 140.0)}
    index, made = selected([face], (440 / 600, 120 / 400), four, (600, 400))
    assert index is None and made is not None and abs(made.flat[:, 0].mean() - 440) < 15
    index, same = selected([face], (float(face.flat[4, 0]) / 600, float(face.flat[4, 1]) / 400), {}, (600, 400))
    assert index == 0 and same is face
    assert selected([], 0, {}, (600, 400)) == (None, None)


def test_unusable_faces_say_why() -> None:
    face = portrait_face()
    with pytest.raises(InvalidInput, match="pixels|px wide"):
        usable(Face(face.points * 0.1, face.irises * 0.1, 1.0))
    turn = np.deg2rad(70)
    rotation = np.array([[np.cos(turn), 0, -np.sin(turn)], [0, 1, 0], [np.sin(turn), 0, np.cos(turn)]])
    with pytest.raises(InvalidInput, match="from the side"):
        usable(Face(topology.canonical().points @ rotation.T * 100, face.irises, 1.0))
    with pytest.raises(InvalidInput, match="no face was found"):
        meant(np.full((200, 200, 3), 90, np.uint8), Settings(data_dir=SHARED), 0, {})


def test_a_moving_face_is_followed_without_lag_and_with_less_jitter() -> None:
    image, face = portrait(), portrait_face()
    rng = np.random.default_rng(1)
    moves = [translation_at(k) for k in range(24)]
    frames = []
    for matrix in moves:
        frame = cv2.warpAffine(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)
        frames.append(np.clip(frame + rng.normal(0, 6, frame.shape), 0, 255).astype(np.uint8))
    raw = follow(frames, the_finder(), lambda first: [the_finder().faces(first)[0]], lambda: None)[0]
    smooth = steady(raw)
    truth = np.stack([face.flat @ matrix[:, :2].T + matrix[:, 2] for matrix in moves])

    def path(track: list[Face | None]) -> np.ndarray:
        return np.stack([one.flat for one in track if one is not None])

    # The mesh of the first frame differs a little from that of the clean picture: what counts is how it goes on from there.
    def errors(track: list[Face | None]) -> np.ndarray:
        away = path(track) - truth
        return np.asarray(np.linalg.norm(away - away.mean(axis=0), axis=2))

    def jitter(track: list[Face | None]) -> float:
        away = path(track) - truth
        return float(np.abs(np.diff(away, 2, axis=0)).mean())

    assert len(path(smooth)) == len(frames)
    assert errors(smooth).mean() < 1.2, "a track that stays behind is off by 12 px"
    assert jitter(smooth) < 0.75 * jitter(raw)


def translation_at(k: int) -> np.ndarray:
    """(2, 3): still for a third of the clip, then a swing of 40 px."""
    x = 0.0 if k < 8 else 40 * (1 - np.cos((k - 8) / 15 * np.pi)) / 2
    return np.array([[1.0, 0.0, x], [0.0, 1.0, 0.3 * x]])


def test_a_face_that_leaves_is_said_to_be_lost_and_found_again() -> None:
    image = portrait()
    grey = np.full_like(image, 128)
    track = follow([image, image, grey, grey, image], the_finder(), lambda first: [the_finder().faces(first)[0]], lambda: None)[0]
    assert [face is None for face in track] == [False, False, True, True, False]
