"""Who is meant: proposals against exact masks, what they know about themselves, and words that pick one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

from engine.media.frames import Held
from engine.settings import Settings
from engine.vision.segmentation import fit_side
from engine.vision.subjects import motion, saliency
from engine.vision.subjects.cutting import seeded
from engine.vision.subjects.kinds import SIDE, crop
from engine.vision.subjects.knowing import NAMES, Facts, facts_of, name_of
from engine.vision.subjects.layers import regrouped
from engine.vision.subjects.proposals import Proposal, propose
from engine.vision.subjects.vocabulary import read
from engine.vision.subjects.words import understand
from engine.world.moving import MovingDiorama, WorldClip
from engine.world.spec import SceneSpec, SubjectSpec
from tests.vision.scenes import overlap, textured

SIZE = (480, 270)


@cache
def clip(camera: str = "still") -> WorldClip:
    """A red car to the right, a yellow balloon to the left above it."""
    subjects = (
        SubjectSpec(kind="car", colour="red", motion="right", start=(0.25, 0.75), size="large"),
        SubjectSpec(kind="balloon", colour="yellow", motion="left", start=(0.72, 0.3)),
    )
    return MovingDiorama(SceneSpec(place="hills", subjects=subjects, camera=camera, seed=6, fps=12), SIZE).clip()


@cache
def proposed(camera: str = "still", index: int = 11) -> list[Proposal]:
    frames = clip(camera).frames
    return propose(Held(frames, 12.0), index, (0, len(frames) - 1), Settings())


def picked(words: str, things: list[Proposal]) -> int | None:
    return understand(words, things, Settings()).index


@pytest.mark.parametrize(("words", "which"), [("the red car", 0), ("the yellow one", 1), ("what moves to the left", 1), ("the thing at the bottom moving right", 0), ("not the yellow thing, the red one", 0)])
def test_words_pick_a_whole_moving_thing(words: str, which: int):
    things = proposed()
    index = picked(words, things)
    assert index is not None
    assert overlap(things[index].mask, clip().masks[11, which]) > 0.9  # the best box around it: 0.6 to 0.75
    x0, y0, x1, y1 = things[index].box
    assert 0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1


def test_both_are_found_on_the_first_frame_and_under_a_moving_camera():
    for camera, index in (("still", 0), ("pan right", 11)):
        things = proposed(camera, index)
        for which, words in enumerate(("the red thing", "the yellow thing")):
            index_of = picked(words, things)
            assert index_of is not None and overlap(things[index_of].mask, clip(camera).masks[index, which]) > 0.85


def test_parts_of_other_colours_are_gathered_by_motion():
    """Half of a thing, and half of it with ground beside it, become the whole of it."""
    ground = textured(180, 320, (110, 150, 100), strength=22, grain=2, seed=1)
    thing = np.concatenate([textured(60, 40, (200, 60, 50), strength=22, grain=2, seed=2), textured(60, 40, (60, 60, 190), strength=22, grain=2, seed=3)], axis=1)
    frames = np.stack([ground] * 14)
    for k, frame in enumerate(frames):
        frame[60:120, 60 + 5 * k : 140 + 5 * k] = thing
    truth = np.zeros((180, 320), bool)
    truth[60:120, 60:140] = True
    around = motion.look_around(Held(np.clip(frames, 0, 255).astype(np.uint8)), 0, (0, 13))
    half, wide = truth.copy(), truth.copy()
    half[:, 104:] = False
    wide[100:135, 40:75] = True
    for start in (half, wide):
        found = regrouped(around, start)
        assert found is not None and overlap(found, truth) > 0.9 > overlap(start, truth)
    calm = motion.look_around(Held(np.repeat(frames[:1], 14, axis=0).astype(np.uint8)), 0, (0, 13))
    assert regrouped(calm, half) is None


def test_a_thing_that_looks_like_its_ground_is_found_by_its_motion_alone():
    rng = np.random.default_rng(0)
    ground, thing = textured(180, 320, (110, 120, 100), strength=22, grain=2, seed=1), textured(60, 70, (110, 120, 100), strength=22, grain=2, seed=2)
    frames = np.stack([np.roll(ground, -2 * k, axis=1) for k in range(16)])  # the camera pans
    for k, frame in enumerate(frames):
        frame[60:120, 60 + 4 * k : 130 + 4 * k] = thing
    frames = np.clip(frames + rng.normal(0, 2, frames.shape), 0, 255).astype(np.uint8)
    truth = np.zeros((180, 320), bool)
    truth[60:120, 92:162] = True
    around = motion.look_around(Held(frames), 8, (0, 15))
    found = motion.patches(around, motion.apartness(around))
    assert found and overlap(found[0].own, truth) > 0.6 and found[0].region[truth].mean() > 0.95
    still = np.repeat(frames[8:9], 16, axis=0)
    calm = motion.look_around(Held(still), 8, (0, 15))
    assert not motion.patches(calm, motion.apartness(calm))


def test_a_shot_limits_where_motion_is_looked_for():
    frames = clip().frames
    assert {view.step for view in motion.look_around(Held(frames), 5, (5, 7)).views} == {1, 2}
    assert motion.look_around(Held(frames), 5, (5, 5)).views == ()


def test_what_stands_still_is_found_by_its_looks():
    spec = SceneSpec(place="hills", subjects=(SubjectSpec(kind="umbrella", colour="blue", motion="still", start=(0.4, 0.7), size="large"),), seed=2)
    world = MovingDiorama(spec, SIZE).clip(1)
    small = fit_side(world.frames[0], 320)
    truth = cv2.resize(world.masks[0, 0].astype(np.uint8), small.shape[1::-1], interpolation=cv2.INTER_AREA) > 0
    assert max(overlap(seeded(small, one.region, one.own), truth) for one in saliency.patches(small)) > 0.8
    things = propose(Held(world.frames), 0, (0, 0), Settings())
    index = picked("the blue thing standing still", things)
    assert index is not None and overlap(things[index].mask, world.masks[0, 0]) > 0.8


def test_pictures_with_nothing_in_them():
    plain = np.full((1, 90, 160, 3), 120, np.uint8)
    assert propose(Held(plain), 0, (0, 0), Settings()) == []
    assert propose(Held(plain[:, :8, :8]), 0, (0, 0), Settings()) == []
    said = understand("the red car", [], Settings())
    assert said.index is None and "nothing" in said.seen


@pytest.mark.parametrize(
    ("rgb", "name"),
    [((215, 40, 40), "red"), ((240, 140, 30), "orange"), ((250, 215, 50), "yellow"), ((60, 160, 70), "green"), ((40, 90, 200), "blue"), ((130, 60, 170), "purple"), ((245, 140, 180), "pink"),
     ((120, 75, 45), "brown"), ((245, 245, 240), "white"), ((20, 20, 22), "black"), ((128, 128, 128), "grey"), ((50, 175, 175), "turquoise"), ((120, 20, 25), "red"), ((25, 40, 90), "blue")],
)  # fmt: skip
def test_colours_have_their_usual_names(rgb, name):
    lab = cv2.cvtColor((np.array(rgb, np.float32) / 255)[None, None], cv2.COLOR_RGB2LAB)[0]
    assert NAMES[int(name_of(lab)[0])] == name


def test_facts_say_what_is_there():
    picture = np.full((100, 200, 3), 230, np.uint8)
    mask = np.zeros((100, 200), bool)
    mask[30:90, 10:30] = True
    picture[mask] = (200, 30, 30)
    facts = facts_of(picture, mask, (0.2, 0.02))
    assert (facts.colour, facts.size, facts.across, facts.motion, facts.shape) == ("red", "medium", "left", "right", "tall")
    assert facts.sentence() == "a red thing, medium, at the left, moving right"
    assert facts_of(picture, mask, (0.001, 0.0)).motion == "still" and facts_of(picture, mask, (0.0, 0.001), 0.3).motion == "towards"


def thing(colour: str, x: float, *, y: float = 0.6, motion: str = "still", area: float = 0.03, kind: str = "", speed: float = 0.1, source: str = "stands out", shape: str = "compact") -> Proposal:
    across = "left" if x < 0.37 else "right" if x > 0.63 else "middle"
    facts = Facts(((colour, 0.9),), "medium", area, across, "middle", (x, y), motion, 0.0 if motion == "still" else speed, shape, ((kind, 0.95),) if kind else ())
    return Proposal(np.zeros((4, 4), bool), (x - 0.1, y - 0.1, x + 0.1, y + 0.1), source, 0.8, facts)


STREET = [
    thing("red", 0.2, kind="car", motion="right", speed=0.2),
    thing("blue", 0.5, kind="car", motion="left", speed=0.05, area=0.08),
    thing("red", 0.8, kind="ball", area=0.005),
    thing("black", 0.62, source="person", kind="person", motion="left", shape="tall"),
    thing("white", 0.9, y=0.2, kind="bird", motion="up", speed=0.4, area=0.01),
]


@pytest.mark.parametrize(
    ("words", "index"),
    [("the red car", 0), ("a blue automobile", 1), ("the ball", 2), ("the man", 3), ("the woman walking to the left", 3), ("the car on the left", 0), ("the car that is moving left", 1),
     ("the red thing on the right", 2), ("the red one that is not a car", 2), ("the biggest car", 1), ("the smallest", 2), ("the second from the left", 1), ("the rightmost red one", 2),
     ("the fastest", 4), ("the animal", 4), ("the vehicle driving right", 0), ("the car, not the red one", 1), ("something still", 2), ("the left of the two red ones", 0), ("the bird at the top", 4),
     ("the scarlet ball", 2), ("the seagull", 4), ("the last from the left", 4), ("the wug on the left", 0)],
)  # fmt: skip
def test_words_choose(words, index):
    assert picked(words, STREET) == index, understand(words, STREET, Settings())


def test_what_fits_nothing_says_what_is_there():
    for words in ("the green car", "the cat", "the purple thing", "the wug"):
        found = understand(words, STREET, Settings())
        assert found.index is None and "red car" in found.seen and "white bird" in found.seen
    assert '"wug" (not known, ignored)' in understand("the wug on the left", STREET, Settings()).said
    assert "left (place)" in understand("the car on the left", STREET, Settings()).said


def test_an_unknown_noun_means_the_one_clear_thing_and_says_so():
    alone = [STREET[0], replace(STREET[2], score=0.3)]
    found = understand("the wug", alone, Settings())
    assert found.index == 0 and "red car" in found.said and '"wug" (not known' in found.said
    assert understand("the wug", [replace(STREET[0], score=0.2)], Settings()).index is None


def test_words_for_kinds_are_passed_over_where_nothing_knows_kinds():
    plain = [replace(one, facts=replace(one.facts, kinds=())) for one in STREET if one.source != "person"]
    found = understand("the blue car", plain, Settings())
    assert found.index == 1 and any("kind" in note for note in found.notes)
    assert picked("", plain) is not None


def test_what_looks_right_but_moves_otherwise_is_taken_and_told():
    found = understand("the blue car moving right", STREET, Settings())
    assert found.index == 1 and any("moves as the words say" in note for note in found.notes)


def test_places_and_ways_are_told_apart():
    def fields(text: str) -> list[tuple[str, str]]:
        return [(term.field, term.value) for term in read(text) if term.field != "any"]

    assert fields("the thing on the left moving to the right") == [("place", "left"), ("motion", "right")]
    assert fields("a boat sailing left at the right") == [("kind", "boat"), ("motion", "left"), ("place", "right")]
    assert fields("it does not move") == [("motion", "still")]
    assert fields("") == [] and fields("!!! ???") == []


def test_a_crop_holds_the_thing_whatever_its_size():
    for side in (12, 60, 400):
        picture = np.full((500, 600, 3), 40, np.uint8)
        mask = np.zeros((500, 600), bool)
        mask[50 : 50 + side, 80 : 80 + side] = True
        picture[mask] = (255, 0, 0)
        seen = crop(picture, mask)
        assert seen.shape == (4, SIDE, SIDE) and seen[3, SIDE // 2, SIDE // 2] > 0.99 and seen[0, SIDE // 2, SIDE // 2] > 0.99 and seen[3, 0, 0] < 0.01
        assert abs(seen[3].mean() - (1 / 1.28) ** 2) < 0.06
