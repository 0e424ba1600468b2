"""Paths, shapes, edges, cut-outs and light of a transplanted subject, against the diorama's truth."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.media.frames import Held
from engine.vision.edges import TILE, cut_out, feathered, soft
from engine.vision.transplant import light
from engine.vision.transplant.camera import camera_path
from engine.vision.transplant.cutout import cut_reference, filling
from engine.vision.transplant.motion import Path, follow
from engine.vision.transplant.shape import hidden, usual_shape
from engine.vision.transplant.shutter import SEEN, open_for, smeared
from engine.vision.transplant.standin import placed, stands
from engine.world.moving import MovingDiorama
from engine.world.sheets import laid
from engine.world.spec import SceneSpec, SubjectSpec
from engine.world.truth import Truth

SIZE = (320, 180)
HERE = {"car": ("still", "city"), "dog": ("pan right",), "balloon": ("still", "mountains")}
"""Camera and place of clips that several tests share."""


@dataclass(frozen=True)
class Clip:
    """Frames (T, H, W, 3), masks of the thing (T, H, W), its middle (T, 2) in pixels, and its size in each frame beside its own units."""

    world: MovingDiorama
    frames: np.ndarray
    masks: np.ndarray
    middles: np.ndarray
    sizes: np.ndarray


@cache
def clip_of(kind: str, motion: str, camera: str = "still", place: str = "hills", size: str = "medium", frames: int = 20) -> Clip:
    """A clip with one red thing, and its truth."""
    spec = SceneSpec(place=place, camera=camera, seconds=frames / 12, fps=12.0, subjects=(SubjectSpec(kind=kind, colour="red", size=size, motion=motion),), seed=5)  # type: ignore[arg-type]
    world = MovingDiorama(spec, SIZE)
    truth = Truth(world)
    looks = [truth.look(float(t)) for t in world.times()]
    maps = [world.camera.view(float(t), 1.0) @ world.courses[0].matrix(float(t)) for t in world.times()]
    sizes = np.sqrt([np.linalg.det(m[:2, :2]) for m in maps])
    return Clip(world, world.frames(), np.stack([look.masks[0] for look in looks]), np.stack([look.middles[0] for look in looks]) - 0.5, sizes)


def path_of(frames: np.ndarray, masks: np.ndarray) -> Path:
    """The path of one subject."""
    path = follow(Held(frames), lambda i: masks[i].astype(np.uint8), 1, [(0, len(frames) - 1)])[0][0]
    assert path is not None
    return path


def bend(track: np.ndarray) -> float:
    """Mean second difference of a track (T, 2)."""
    return float(np.linalg.norm(np.diff(track, 2, axis=0), axis=1).mean())


def true_alpha(world: MovingDiorama, time: float) -> np.ndarray:
    """(H, W) float32: how much of each pixel is the subject's paper."""
    out = np.zeros(world.size[::-1], np.float32)
    for sheet in world.sheets:
        part = laid(sheet, world.matrix(sheet, time), world.size, cover=True) if sheet.thing >= 0 else None
        if part is not None:
            out[part[1]] = 1 - (1 - out[part[1]]) * (1 - part[0].astype(np.float32) / 255)
    return out


@pytest.mark.parametrize(("kind", "motion", "camera"), [("car", "right", "still"), ("ball", "bounce", "still"), ("car", "approach", "still"), ("dog", "right", "pan right"), ("balloon", "right", "still")])
def test_a_path_follows_centre_and_size_without_trembling(kind: str, motion: str, camera: str) -> None:
    clip = clip_of(kind, motion, camera, *(HERE[kind][1:] if motion == "right" else ()))
    path = path_of(clip.frames, clip.masks)
    true = clip.middles
    found = np.stack([(path.matrix(i) @ np.array([*true[path.key], 1.0]))[:2] for i in range(len(true))])
    assert np.linalg.norm(found - true, axis=1).max() < 0.02 * SIZE[0]
    assert np.abs(np.exp(path.poses[:, 2]) * clip.sizes[path.key] / clip.sizes - 1).max() < 0.10
    assert bend(found) < bend(true) + 0.5


def test_wings_that_beat_do_not_shake_the_path() -> None:
    clip = clip_of("bird", "right")
    path = path_of(clip.frames, clip.masks)
    true = clip.middles
    found = np.stack([(path.matrix(i) @ np.array([*true[path.key], 1.0]))[:2] for i in range(len(true))])
    centres = np.stack([np.argwhere(mask).mean(axis=0)[::-1] for mask in clip.masks])
    assert np.linalg.norm(found - true, axis=1).max() < 0.02 * SIZE[0]
    assert bend(found) < bend(true) + 0.2 < bend(centres) - 1.0


@pytest.mark.parametrize("wide", [30, 44])
def test_a_subject_that_is_mostly_hidden_keeps_its_size_and_place(wide: int) -> None:
    clip = clip_of("car", "right", "still", "city", "small", 24)
    pole = np.zeros(SIZE[::-1], bool)
    pole[20:, 165 - wide // 2 : 165 + wide // 2] = True
    frames = clip.frames.copy()
    frames[:, pole] = (70, 60, 50)
    path = path_of(frames, clip.masks & ~pole)
    true = clip.middles
    found = np.stack([(path.matrix(i) @ np.array([*true[path.key], 1.0]))[:2] for i in range(len(true))])
    assert np.linalg.norm(found - true, axis=1).max() < 0.02 * SIZE[0]
    assert np.abs(np.exp(path.poses[:, 2]) * clip.sizes[path.key] / clip.sizes - 1).max() < 0.05


def test_an_open_shutter_is_seen_and_laid_on() -> None:
    y, x = np.mgrid[:120, :200].astype(np.float32)
    motion = np.array([12.0, 3.0])

    def disc(time: float) -> np.ndarray:
        """(H, W, 1) cover of a disc."""
        middle = np.array([100.0, 60.0]) + motion * time
        return np.clip(30.5 - np.hypot(x - middle[0], y - middle[1]), 0, 1)[..., None]

    noise = np.random.default_rng(0).normal(0, 2, (120, 200, 1))
    for share in (0.0, 0.25, 0.5):
        cover = np.mean([disc(float(t)) for t in np.linspace(-share / 2, share / 2, 15)], axis=0)
        picture = np.clip(cover * (210, 60, 50) + (1 - cover) * (60, 90, 110) + noise, 0, 255).astype(np.uint8)
        found = open_for(picture, disc(0.0)[..., 0] > 0.5, motion)
        assert found is not None and abs(found - share) < (SEEN if share == 0.0 else 0.15)
        assert open_for(picture, disc(0.0)[..., 0] > 0.5, motion / 4) is None
    alpha = np.zeros((20, 40), np.float32)
    alpha[5:15, 15:25] = 1.0
    lit, soft_alpha = smeared(np.full((20, 40, 3), 0.5, np.float32), alpha, np.array([12.0, 0.0]), 0.5)
    assert np.isclose(soft_alpha.sum(), alpha.sum(), rtol=0.01) and 0.4 < soft_alpha[10, 15] < 0.7 and (soft_alpha[4] == 0).all()
    assert np.allclose(lit[soft_alpha > 0.1], 0.5, atol=1e-3)


def test_a_slope_of_light_is_told_from_coats_and_trousers() -> None:
    y, x = np.mgrid[:80, :60]
    cloth = np.where((y < 40)[..., None], np.array([0.5, 0.1, 0.08]), np.array([0.05, 0.06, 0.14]))
    where = np.hypot((x - 30) / 26, (y - 40) / 36) < 1
    for wanted in (0.0, 0.4, -0.4):
        shaded = light.encoded((cloth * np.exp(wanted * (x - 30) / 26)[..., None]).astype(np.float32))
        found = light.slope(shaded, where)
        assert found is not None and abs(found[0] - wanted) < 0.12 and abs(found[1]) < 0.12
    ramp = light.ramp(np.array([0.4, 0.0]), where.astype(np.float32))
    assert ramp[40, 50, 0] > 1.2 > 1.0 > 0.8 > ramp[40, 10, 0]
    assert light.slope(shaded, where & (x < 2)) is None


def test_a_sheet_is_the_subjects_alone() -> None:
    sheet = light.Sheet((30, 20))
    alpha = np.full((10, 10), 0.5, np.float32)
    window = (slice(5, 15), slice(5, 15))
    sheet.lay(np.ones((10, 10, 3), np.float32), alpha, window)
    once = sheet.straight()
    assert once[10, 10].tolist() == [255, 255, 255, 128] and not once[0].any()
    sheet.lay(np.zeros((10, 10, 3), np.float32), alpha, window)
    assert sheet.straight()[10, 10, 3] == 191


def test_a_portrait_has_its_head_and_fragments_are_no_subject() -> None:
    pictures = pytest.importorskip("skimage.data")
    astronaut = cv2.resize(pictures.astronaut(), (256, 256), interpolation=cv2.INTER_AREA)
    cut = cut_reference(astronaut)
    # Her hair begins at a fiftieth of the picture's height, the suit alone at a fifth.
    assert cut.alpha.shape[0] > 0.9 * 256 and 0.2 < (cut.alpha > 0.5).sum() / 256**2 < 0.6
    eyes = np.zeros((80, 80), bool)
    eyes[10:20, 10:20] = eyes[10:20, 60:70] = eyes[60:70, 35:45] = True
    assert filling(eyes) < 0.3 < 0.9 < filling(np.pad(np.ones((20, 20), bool), 5))


def test_the_middle_of_the_masks_box_trembles_where_the_path_does_not() -> None:
    clip = clip_of("dog", "right", "pan right")
    masks = clip.masks
    boxes = np.array([[np.flatnonzero(m.any(axis=0))[[0, -1]].mean(), np.flatnonzero(m.any(axis=1))[[0, -1]].mean()] for m in masks])
    path = path_of(clip.frames, masks)
    assert bend(path.poses[:, :2]) < 0.5 * bend(boxes)


def test_a_path_goes_on_behind_what_stands_before_and_the_hidden_part_is_found() -> None:
    clip = clip_of("car", "right", "still", "city", "small", 24)
    pole = np.zeros(SIZE[::-1], bool)
    pole[20:, 165:179] = True
    frames = clip.frames.copy()
    frames[:, pole] = (70, 60, 50)
    masks = clip.masks & ~pole
    path = path_of(frames, masks)
    true = clip.middles
    found = np.stack([(path.matrix(i) @ np.array([*true[path.key], 1.0]))[:2] for i in range(len(true))])
    assert np.linalg.norm(found - true, axis=1).max() < 0.02 * SIZE[0]
    shape = usual_shape(path, lambda i: masks[i].astype(np.uint8), 1)
    halves = []
    for i in range(len(masks)):
        truly = clip.masks[i] & pole
        if truly.sum() > 0.12 * clip.masks[i].sum():
            before = hidden(shape, path, i, masks[i])
            halves.append(0.0 if before is None else float((before[truly] > 0.5).mean()))
            assert before is None or not ((before > 0.5) & masks[i]).any()
    assert len(halves) > 4 and np.mean(halves) > 0.85
    whole = path_of(clip.frames, clip.masks)
    shape = usual_shape(whole, lambda i: clip.masks[i].astype(np.uint8), 1)
    assert all(hidden(shape, whole, i, clip.masks[i]) is None for i in range(len(masks)))


def test_a_subject_that_is_never_seen_has_no_path_and_one_frame_is_enough() -> None:
    clip = clip_of("car", "right", "still", "city")
    nobody = np.zeros_like(clip.masks)
    assert follow(Held(clip.frames), lambda i: nobody[i].astype(np.uint8), 1, [(0, 3)]) == [[None]]
    one = follow(Held(clip.frames), lambda i: clip.masks[i].astype(np.uint8), 1, [(2, 2)])[0][0]
    assert one is not None and np.allclose(one.matrix(2), np.eye(3))


@pytest.mark.parametrize("kind", ["car", "dog", "balloon"])
def test_soft_edges_are_nearer_to_the_truth_than_the_mask(kind: str) -> None:
    clip = clip_of(kind, "right", *HERE[kind])
    alpha = true_alpha(clip.world, 10 / 12)
    mask = alpha > 0.5
    around = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) - cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    found = soft(clip.frames[10], mask)
    assert np.abs(found - alpha)[around].mean() < 0.7 * np.abs(mask - alpha)[around].mean()
    far = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) > 8
    assert (found[far] == 0).all() and (found[cv2.erode(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) > 0] == 1).all()


def test_soft_edges_do_not_depend_on_where_the_squares_lie() -> None:
    clip = clip_of("balloon", "right", "still", "mountains")
    image, mask = clip.frames[5], clip.masks[5]
    wide = np.pad(image, ((0, 0), (TILE // 3, 0), (0, 0)), mode="edge"), np.pad(mask, ((0, 0), (TILE // 3, 0)))
    assert np.abs(soft(*wide, 2.0)[:, TILE // 3 :] - soft(image, mask, 2.0)).max() < 0.02
    assert soft(image, np.ones_like(mask)).min() == 1.0 and soft(image, np.zeros_like(mask)).max() == 0.0


def test_a_feather_is_wider_and_ends() -> None:
    alpha = np.zeros((60, 60), np.float32)
    alpha[20:40, 20:40] = 1.0
    wide = feathered(alpha, 8)
    assert 0 < wide[17, 30] < 0.5 and wide[30, 30] == 1.0 and wide[5, 5] == 0.0 and feathered(alpha, 0) is alpha
    cut = cut_out(np.full((60, 60, 3), (200, 30, 30), np.uint8), alpha > 0.5, 8)
    assert cut.shape == (60, 60, 4) and cut[30, 30, 3] > 250 and cut[30, 30, :3].tolist() == [200, 30, 30] and (cut[cut[..., 3] == 0] == 0).all()


def test_light_there_and_back_is_the_same_and_clear_pixels_keep_their_bits() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert (light.encoded(light.linear(every)) == every).all()
    frame = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    alpha = np.zeros((10, 10), np.float32)
    alpha[:5] = 0.5
    out = frame.copy()
    light.over(out, np.ones((10, 10, 3), np.float32), alpha, (slice(5, 15), slice(5, 15)))
    assert (out[10:] == frame[10:]).all() and (out[:5] == frame[:5]).all()
    # Half of white over black is half of the light, 188 of 255, not half of the code.
    black = np.zeros((4, 4, 3), np.uint8)
    light.over(black, np.ones((4, 4, 3), np.float32), np.full((4, 4), 0.5, np.float32), (slice(0, 4), slice(0, 4)))
    assert (black == 188).all()


def test_gains_go_towards_the_place_and_no_further() -> None:
    warm, cold = np.array([0.4, 0.25, 0.15]), np.array([0.1, 0.12, 0.2])
    gain = light.gains(warm, cold, 1.0)
    assert gain[0] > gain[1] > gain[2] and gain[0] <= 2.0
    assert np.allclose(light.gains(warm, cold, 0.0), 1.0)
    assert np.linalg.norm(np.log(cold * gain / warm)) < np.linalg.norm(np.log(cold / warm))


def test_grain_is_measured_and_made() -> None:
    clip = clip_of("car", "right", "still", "city")
    ground = cv2.GaussianBlur(clip.world.plate(0.0), (0, 0), 3)
    for strength in (2.0, 6.0):
        noise = np.random.default_rng(1).normal(0, strength, ground.shape[:2])[..., None]
        noisy = np.clip(ground + noise, 0, 255).astype(np.uint8)
        assert abs(light.grain_of(noisy) - strength) < 0.4 * strength
    assert abs(light.grain((90, 90), 4.0, 3).std() - 4.0) < 0.1
    assert (light.grain((9, 9), 4.0, 3) == light.grain((9, 9), 4.0, 3)).all()


def test_a_camera_path_is_the_lands_own() -> None:
    clip = clip_of("dog", "right", "pan right")
    path = camera_path(Held(clip.frames), lambda i: clip.masks[i], 0, len(clip.frames) - 1)
    stage = [clip.world.camera.view(float(t), 1.0)[0, 2] for t in clip.world.times()]
    # Land further back moves less than the stage on which the dog walks.
    assert 0.3 < path[-1, 0, 2] / (stage[-1] - stage[0]) < 1.2
    resting = clip_of("car", "right", "still", "city")
    still = camera_path(Held(resting.frames), lambda i: resting.masks[i], 0, 19)
    assert np.abs(still - np.eye(3)).max() < 0.05


def test_a_reference_is_cut_out_of_its_background() -> None:
    clip = clip_of("balloon", "right", "still", "mountains")
    cut = cut_reference(clip.frames[12])
    alpha = true_alpha(clip.world, 1.0)
    rows, columns = np.flatnonzero((alpha > 0.5).any(axis=1)), np.flatnonzero((alpha > 0.5).any(axis=0))
    assert abs(cut.alpha.shape[0] - (rows[-1] - rows[0] + 1)) < 10 and abs(cut.alpha.shape[1] - (columns[-1] - columns[0] + 1)) < 10
    assert abs((cut.alpha > 0.5).sum() / (alpha > 0.5).sum() - 1) < 0.12
    assert cut.backdrop is not None and not any(cut.rims)


def test_a_files_transparency_is_kept_and_nothing_is_refused() -> None:
    picture = np.zeros((80, 60, 4), np.uint8)
    picture[20:70, 10:50] = (10, 200, 30, 255)
    cut = cut_reference(picture)
    assert cut.alpha.shape == (50, 40) and cut.alpha.min() == 1.0 and cut.backdrop is None and cut.note == ""
    with pytest.raises(InvalidInput, match="transparent"):
        cut_reference(np.zeros((80, 60, 4), np.uint8))
    with pytest.raises(InvalidInput, match="stands out"):
        cut_reference(np.full((80, 120, 3), 128, np.uint8))


def test_feet_stay_on_the_ground_and_middles_in_the_air() -> None:
    box = (100.0, 50.0, 140.0, 130.0)
    on_ground, in_air = placed(box, (80.0, 40.0), 1.0, grounded=True), placed(box, (80.0, 40.0), 1.0, grounded=False)
    foot = np.array([39.5, 39.5, 1.0])
    assert np.allclose((on_ground @ foot)[:2], (119.5, 129.5), atol=0.01)
    assert np.allclose((in_air @ np.array([39.5, 19.5, 1.0]))[:2], (119.5, 89.5), atol=0.01)
    assert np.isclose(np.linalg.det(on_ground[:2, :2]) * 80 * 40, 40 * 80)
    walk = np.column_stack([np.linspace(0, 300, 30), np.full(30, 150.0)])
    assert stands(walk, np.full(30, 60.0), 180) and not stands(walk - (0, 110), np.full(30, 60.0), 180)
    assert not stands(walk + np.column_stack([np.zeros(30), 40 * np.sin(np.linspace(0, 12, 30))]), np.full(30, 60.0), 180)


def test_a_person_is_meant_before_all_and_a_whole_before_its_part() -> None:
    picture = np.full((120, 160, 3), (200, 220, 240), np.uint8)
    cv2.circle(picture, (40, 60), 22, (30, 120, 30), -1)
    cv2.circle(picture, (115, 60), 22, (200, 40, 40), -1)
    masks = []
    for x, radius in ((115, 22), (40, 22), (115, 3)):
        mask = np.zeros((120, 160), np.uint8)
        cv2.circle(mask, (x, 60), radius, 1, -1)
        masks.append(mask > 0)
    right, left, speck = masks
    assert cut_reference(picture, lambda image: right, lambda image: left).colours[..., 0].max() > 180  # the red one
    both = cut_reference(picture, lambda image: None, lambda image: speck)
    assert abs((both.alpha > 0.5).sum() / 1520 - 1) < 0.15 or abs((both.alpha > 0.5).sum() / 3040 - 1) < 0.15
    whole = cut_reference(picture[:, 70:], lambda image: None, lambda image: right[:, 70:])
    assert abs((whole.alpha > 0.5).sum() / right.sum() - 1) < 0.1
