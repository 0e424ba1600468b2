"""A layered picture moved along the world's exact displacements shows what the world shows at other moments."""

from __future__ import annotations

import numpy as np
import pytest

from engine.training.flow import truths
from engine.vision.layers import LayeredPicture, Motion, apart, pulled, similarity
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec

SIDE = 128


def scene(**fields: object) -> SceneSpec:
    camera = fields.pop("camera", "still")
    return SceneSpec.model_validate({"place": "hills", "camera": camera, "seed": 5, "subjects": (SubjectSpec.model_validate({"kind": "balloon", "size": "large", **fields}),)})


def layered(spec: SceneSpec) -> tuple[LayeredPicture, np.ndarray]:
    """A picture near mid-clip with its exact layers, and the world's frames at the start and the end."""
    true = truths(spec, np.random.default_rng(1), 3, SIDE)
    k = 1
    cover = true.cover[k].astype(np.float32)
    made = LayeredPicture(true.pictures[k], true.grounds[k], cover, Motion(true.things[k].astype(np.float32)), Motion(true.land[k].astype(np.float32)), moment=float(true.moment[k]))
    world = MovingDiorama(spec, SIDE)
    return made, np.stack([world.frame(0.0), world.frame(spec.frames / spec.fps)])


def error(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize(("motion", "camera"), [("left", "still"), ("up", "still"), ("right", "pan right"), ("still", "zoom in"), ("approach", "still")])
def test_exact_layers_give_the_worlds_frames(motion, camera):
    made, true = layered(scene(motion=motion, camera=camera))
    for frame, truth in zip(made.frames(2), true, strict=True):
        assert error(frame, truth) < 0.55 * error(made.frame(made.moment), truth)  # a frozen clip: 1.0


def test_the_picture_itself_is_unchanged_at_its_own_moment_outside_the_things():
    made, _ = layered(scene(motion="left"))
    world = MovingDiorama(scene(motion="left"), SIDE)
    assert error(made.frame(made.moment), world.frame(made.moment * 2.0)) < 1.0


def test_strength_scales_the_motion_and_zero_freezes():
    made, _ = layered(scene(motion="left"))
    still = LayeredPicture(*_parts(made), things=made.things, land=made.land, moment=made.moment, strength=0.0)
    assert (still.frame(0.0) == still.frame(1.0)).all()
    assert error(made.frame(0.0), made.frame(1.0)) > 2


def _parts(made: LayeredPicture) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return made.frame(made.moment), (made.ground * 255).astype(np.uint8), made.cover.sum(0).clip(0, 1)


def test_similarity_is_found_exactly_and_the_rest_is_what_it_cannot_do():
    rows = columns = 32
    x, y = np.meshgrid((np.arange(columns) + 0.5) * 4 - 0.5, (np.arange(rows) + 0.5) * 4 - 0.5)
    turn, shift = 1.2 * np.exp(0.3j), 7 - 3j
    goal = (x + 1j * y) * turn + shift
    away = np.stack([goal.real - x, goal.imag - y])
    matrix, rest = similarity(away, np.ones((rows, columns)), (128, 128))
    assert np.allclose(matrix, [[turn.real, -turn.imag, 7], [turn.imag, turn.real, -3]], atol=1e-3)
    assert np.abs(rest).max() < 1e-3
    away[0, :4] += 5
    assert np.abs(similarity(away, np.ones((rows, columns)), (128, 128))[1]).max() > 2


def test_pulled_carries_content_along_the_field():
    picture = np.zeros((64, 64, 1), np.float32)
    picture[30:34, 20:24] = 1
    moved = pulled(picture, np.stack([np.full((16, 16), 10.0), np.full((16, 16), -5.0)]))
    assert moved[25:29, 30:34].min() > 0.99 and moved[30:34, 20:24].max() < 0.01  # unmoved: the other way round


def test_no_thing_in_the_picture_is_no_error():
    blank = np.full((64, 64, 3), 90, np.uint8)
    zero = Motion(np.zeros((4, 2, 16, 16), np.float32))
    made = LayeredPicture(blank, blank, np.zeros((64, 64), np.float32), zero, zero)
    assert (made.frames(3) == 90).all() and len(made.cut) == 0


def test_two_things_that_touch_are_parted_by_where_they_go_and_one_that_turns_is_not():
    mask = np.zeros((128, 128), bool)
    mask[40:90, 30:100] = True
    ways = np.zeros((16, 2, 32, 32), np.float32)
    ways[:, 0, :, :16] = np.linspace(-0.15, 0.15, 16)[:, None, None]
    ways[:, 0, :, 16:] = np.linspace(0.15, -0.15, 16)[:, None, None]
    halves = apart(mask, ways)
    assert len(halves) == 2 and abs(int(halves[0].sum()) - int(halves[1].sum())) < 0.2 * mask.sum()
    x, y = np.meshgrid(np.linspace(-0.5, 0.5, 32), np.linspace(-0.5, 0.5, 32))
    turns = np.exp(1j * np.linspace(-0.6, 0.6, 16))[:, None, None] - 1
    turning = np.stack([((x + 1j * y) * turns).real, ((x + 1j * y) * turns).imag], 1).astype(np.float32)
    assert len(apart(mask, turning)) == 1
