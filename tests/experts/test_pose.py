"""ViTPose from a folder with tiny random weights of the real class, its places on heat maps whose peaks are known, tracks in time, and the drawn skeleton."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from engine.errors import InvalidInput
from engine.experts import CARDS_OF, available, expert, pose
from engine.settings import Settings
from engine.vision import skeleton
from tests.experts import tiny

SIZE = (160, 120)
"""Width and height of the pictures."""


@pytest.fixture(scope="module")
def here(tmp_path_factory) -> Settings:
    root = tmp_path_factory.mktemp("pose")
    tiny.vitpose(root / "data/models" / CARDS_OF["pose"][0].id)
    return Settings(data_dir=root / "data")


@pytest.fixture(scope="module")
def reader(here) -> pose.PoseReader:
    return pose.PoseReader(expert(here, "pose"))


def spots(points: np.ndarray) -> np.ndarray:
    """(H, W, 3) uint8: a soft red spot at each point, 0..255 at its middle."""
    ys, xs = np.mgrid[: SIZE[1], : SIZE[0]]
    red = np.max([255 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / 200.0) for x, y in points], axis=0)
    return np.stack([np.rint(red), 0 * red, 0 * red], axis=2).astype(np.uint8)


class SeesRed(torch.nn.Module):
    """In place of the net: the heat map of each keypoint is the red of the crop that it is given, a quarter as wide, as the real head's is."""

    device = torch.device("cpu")

    def forward(self, pixel_values: torch.Tensor) -> SimpleNamespace:
        red = pixel_values[:, :1] * 0.229 + 0.485
        # Corners on corners, as the places of a heat map are meant.
        small = torch.nn.functional.interpolate(red, size=(red.shape[2] // 4, red.shape[3] // 4), mode="bilinear", align_corners=True)
        return SimpleNamespace(heatmaps=small.expand(-1, 17, -1, -1).contiguous())


def test_it_is_found_by_its_settings_and_named_when_it_is_missing(here, tmp_path):
    assert available(here)["pose"].kind == "vitpose"
    with pytest.raises(InvalidInput, match=r"ViTPose, base: 344 MB, Apache-2.0.*app.py fetch vitpose-base"):
        expert(Settings(data_dir=tmp_path), "pose")


def test_keypoints_follow_the_picture(reader):
    images, boxes = [tiny.picture(seed, SIZE[1], SIZE[0]) for seed in (0, 1)], [(20.0, 10.0, 60.0, 90.0), (70.0, 30.0, 50.0, 60.0)]
    found = reader.raw(images, boxes)
    assert found.shape == (2, 17, 3) and (found[..., 2] >= 0).all() and (found[..., 2] <= 1).all() and found[..., 2].max() > 0
    assert np.array_equal(found, reader.raw(images, boxes))
    np.testing.assert_allclose(found[:1], reader.raw(images[:1], boxes[:1]), atol=1e-3)
    assert not np.allclose(found[0], reader.raw(images[1:], boxes[:1])[0]), "the picture counts"
    with pytest.raises(InvalidInput, match="uint8"):
        reader.raw([images[0].astype(np.float32)], boxes[:1])


@pytest.mark.parametrize("where", [(81.0, 60.0), (47.5, 33.0), (110.25, 88.5)])
def test_a_known_peak_is_where_the_joint_is(reader, monkeypatch, where):
    monkeypatch.setattr(reader, "model", SeesRed())
    found = reader.raw([spots(np.array([where]))], [(30.0, 15.0, 90.0, 90.0)])[0]
    assert np.abs(found[:, :2] - where).max() < 0.7, "a cell of the heat map has nine pixels"
    assert found[:, 2].min() > 0.7
    nothing = reader.raw([np.zeros((SIZE[1], SIZE[0], 3), np.uint8)], [(30.0, 15.0, 90.0, 90.0)])[0]
    assert np.isfinite(nothing).all() and nothing[:, 2].max() < 0.05


def test_a_track_goes_with_its_mask_and_is_unseen_without(reader, monkeypatch):
    monkeypatch.setattr(reader, "model", SeesRed())
    ways = [np.array([[40.0 + 4 * k, 50.0]]) for k in range(12)]
    frames, masks = [spots(way) for way in ways], []
    for way in ways:
        mask = np.zeros(SIZE[::-1], bool)
        mask[25:75, int(way[0, 0]) - 20 : int(way[0, 0]) + 20] = True
        masks.append(mask)
    masks[5] = np.zeros_like(masks[5])
    asked = []
    track = reader.follow(frames, masks, lambda: asked.append(1))
    assert track.shape == (12, 17, 3) and (track[5] == 0).all() and len(asked) == 2
    there = [k for k in range(12) if k != 5]
    assert np.abs(track[there, 0, :2] - np.concatenate(ways)[there]).max() < 0.8


def standing(x: float = 80.0, y: float = 60.0) -> np.ndarray:
    """(17, 3): a person of 80 pixels."""
    places = {
        "nose": (0, -34), "left eye": (3, -37), "right eye": (-3, -37), "left ear": (6, -35), "right ear": (-6, -35), "left shoulder": (12, -22), "right shoulder": (-12, -22),
        "left elbow": (20, -8), "right elbow": (-20, -8), "left wrist": (22, 6), "right wrist": (-22, 6), "left hip": (7, 5), "right hip": (-7, 5), "left knee": (8, 24),
        "right knee": (-8, 24), "left ankle": (9, 43), "right ankle": (-9, 43),
    }  # fmt: skip
    return np.array([[x + places[name][0], y + places[name][1], 0.9] for name in skeleton.COCO])


def test_jitter_goes_motion_stays_and_gaps_are_bridged():
    rng = np.random.default_rng(0)
    still = np.stack([standing()] * 24)
    noisy = still.copy()
    noisy[..., :2] += rng.normal(0, 0.5, noisy[..., :2].shape)
    calm = pose.smoothed(noisy)
    shake = [np.abs(np.diff(track[..., :2], axis=0)).mean() for track in (noisy, calm)]
    assert shake[1] < 0.6 * shake[0]
    moving = np.stack([standing(40 + 4.0 * k) for k in range(20)])
    assert np.abs(pose.smoothed(moving) - moving).max() < 0.05, "a motion is neither slowed nor delayed"
    gap = moving.copy()
    gap[6:9, 10, :] = (0.0, 0.0, 0.1)
    np.testing.assert_allclose(pose.bridged(gap)[6:9, 10, :2], moving[6:9, 10, :2])
    assert pose.bridged(gap)[7, 10, 2] >= skeleton.SEEN
    gap[4:12, 10, :] = (0.0, 0.0, 0.1)
    assert (pose.bridged(gap)[4:12, 10, 2] < skeleton.SEEN).all(), "who is gone that long is not made up"
    gone = moving.copy()
    gone[6:8] = 0
    assert not pose.bridged(gone)[6:8].any()


def test_things_are_no_persons():
    track = np.stack([standing()] * 4)
    assert pose.person(track)
    track[:, 4:, 2] = 0.2
    assert not pose.person(track) and not pose.person(np.zeros((4, 17, 3)))


# The drawing


def test_joints_are_those_of_openpose():
    body = skeleton.joints(standing())
    assert body.shape == (18, 3)
    np.testing.assert_allclose(body[skeleton.BODY.index("neck")], (80, 38, 0.9))
    np.testing.assert_allclose(body[skeleton.BODY.index("right wrist"), :2], (58, 66))
    np.testing.assert_allclose(body[17, :2], (86, 25))


def test_every_joint_and_limb_has_its_colour_at_its_place():
    """Ground truth: the tables of OpenPose, written out once more by hand for a few."""
    size = (640, 512)
    person = standing(0, 0)
    person[:, :2] = person[:, :2] * 5 + (320, 240)
    canvas = skeleton.drawn([person], size)
    body = skeleton.joints(person)
    for joint, colour in enumerate(skeleton.COLOURS):
        x, y = np.rint(body[joint, :2]).astype(int)
        assert tuple(canvas[y, x]) == colour, skeleton.BODY[joint]
    limbs = {("neck", "nose"): (0, 0, 255), ("left hip", "left knee"): (0, 170, 255), ("neck", "left hip"): (0, 255, 255), ("right elbow", "right wrist"): (255, 255, 0), ("neck", "left shoulder"): (255, 85, 0)}
    for ends, colour in limbs.items():
        x, y = np.rint(body[[skeleton.BODY.index(name) for name in ends], :2].mean(axis=0)).astype(int)
        assert tuple(canvas[y, x]) == tuple(int(0.6 * one) for one in colour), ends
    # A half-width of 4 px at 512: on the shin, which is nearly upright, so much is coloured across.
    ends = body[[skeleton.BODY.index("left knee"), skeleton.BODY.index("left ankle")], :2]
    y = int(ends[:, 1].mean())
    assert 7 <= np.count_nonzero(canvas[y, int(ends[:, 0].mean()) - 20 : int(ends[:, 0].mean()) + 20].any(axis=1)) <= 10
    assert not canvas[:, :150].any() and not canvas[:40].any()


def test_unsure_joints_and_their_limbs_are_not_drawn():
    person, size = standing(), SIZE
    person[skeleton.COCO.index("left knee"), 2] = 0.2
    canvas = skeleton.drawn([person], size)
    body = skeleton.joints(person)
    for name, there in (("left knee", False), ("left hip", True), ("left ankle", True), ("right knee", True)):
        x, y = np.rint(body[skeleton.BODY.index(name), :2]).astype(int)
        assert canvas[y, x].any() == there, name
    assert not skeleton.drawn([], size).any()
    assert not skeleton.drawn([np.zeros((17, 3))], size).any()


def test_skeletons_beyond_the_picture_are_cut_and_animate_is_thinner():
    size = (640, 512)
    far = standing(1e7, -1e7)
    assert not skeleton.drawn([far], size).any()
    half = skeleton.drawn([standing(0, 60)], SIZE)
    assert half[:, :30].any()
    people = [standing(200, 200), standing(400, 200)]
    assert skeleton.drawn(people, size)[:, 350:].any()
    thick, thin = ((skeleton.drawn(people, size, thin=thin) > 0).any(axis=2).sum() for thin in (skeleton.CONTROLNET, skeleton.ANIMATE))
    assert thin < 0.8 * thick
