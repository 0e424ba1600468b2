"""The moving diorama: its truth agrees with its pictures, every thing can be drawn in every place, the same spec gives the same bytes."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.world.cast import CAST
from engine.world.moving import MovingDiorama, WorldClip
from engine.world.spec import (
    CAMERAS,
    COLOURS,
    KINDS,
    MOTIONS,
    PLACES,
    SPEEDS,
    TIMES,
    WEATHERS,
    SceneSpec,
    SubjectSpec,
    sample_spec,
)  # fmt: skip


def scene(kind: str = "car", motion: str = "right", **fields: object) -> SceneSpec:
    """A scene with one subject."""
    own = {k: fields.pop(k) for k in ("colour", "size", "speed", "facing", "start") if k in fields}
    return SceneSpec.model_validate({"subjects": ({"kind": kind, "motion": motion, **own},), "seed": 4, **fields})


def warped(clip: WorldClip, t: int) -> np.ndarray:
    """Frame t + 1 looked up where the flow says that frame t went, (H, W, 3) float32."""
    h, w = clip.frames.shape[1:3]
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    u, v = x + clip.flow[t, ..., 0], y + clip.flow[t, ..., 1]
    return cv2.remap(clip.frames[t + 1], u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)


def errors(clip: WorldClip) -> tuple[float, float, float]:
    """Mean difference in grey levels (0..255) along the flow, and without motion, where nothing is hidden or blended; share of such pixels."""
    along, without, share = [], [], []
    for t in range(len(clip.flow)):
        clear = ~clip.occlusion[t] & ~clip.blended[t]
        along.append(np.abs(warped(clip, t) - clip.frames[t])[clear].mean())
        without.append(np.abs(clip.frames[t + 1].astype(np.float32) - clip.frames[t])[clear].mean())
        share.append(clear.mean())
    return float(np.mean(along)), float(np.mean(without)), float(np.mean(share))


@pytest.mark.parametrize("camera", CAMERAS)
def test_flow_carries_each_frame_into_the_next(camera: str) -> None:
    """Measured at 160 px: 0.2 to 0.9 grey levels along the flow (bilinear lookup of grained paper), 2 to 14 without motion."""
    for kind, motion, place, weather in (("bird", "left", "mountains", "rain"), ("bus", "right", "city", "clear")):
        along, without, share = errors(
            MovingDiorama(scene(kind, motion, place=place, weather=weather, camera=camera, speed="fast"), 160).clip(4)
        )
        assert share > 0.5
        assert along < 1.1
        assert along < 0.35 * without, f"{along:.2f} along the flow, {without:.2f} without motion"


@pytest.mark.parametrize("motion", MOTIONS)
def test_flow_of_the_subject_itself(motion: str) -> None:
    """On the subject alone: the moving parts too. Without motion the figure is 8 or more; a still thing is left out of that."""
    clip = MovingDiorama(scene("horse", motion, speed="fast", size="large", place="desert"), 192).clip(5)
    for t in range(4):
        on = clip.masks[t, 0] & ~clip.occlusion[t] & ~clip.blended[t]
        along = float(np.abs(warped(clip, t) - clip.frames[t])[on].mean())
        without = float(np.abs(clip.frames[t + 1].astype(np.float32) - clip.frames[t])[on].mean())
        assert along < 3.0
        assert motion in ("still", "sway", "circle", "bounce") or along < 0.35 * without, f"{along:.2f}, {without:.2f} without motion"


@pytest.mark.parametrize("weather", WEATHERS)
def test_weather_moves_as_one(weather: str) -> None:
    """Rain and snow share one velocity: the flow on them has as many values as there are sheets, noise would give a value a drop."""
    spec = SceneSpec(weather=weather, place="sea", seed=3)
    world = MovingDiorama(spec, 128)
    clip = world.clip(3)
    assert errors(clip)[0] < 0.8
    falling = [s for s in world.sheets if s.name.startswith(weather)]
    assert len(falling) == {"rain": 2, "snow": 2, "fog": 3}.get(weather, 0)
    if weather in ("rain", "snow"):
        downwards = clip.flow[0, ..., 1] > 2
        values = {tuple(np.round(v, 2)) for v in clip.flow[0][downwards]}
        assert len(values) == 2


def test_masks_plate_and_tracks_agree() -> None:
    spec = SceneSpec(
        place="river", seed=9, camera="pan left",
        subjects=(SubjectSpec(kind="balloon", colour="red", motion="up"), SubjectSpec(kind="boat", colour="blue", motion="right")),
    )  # fmt: skip
    clip = MovingDiorama(spec, 160).clip(6)
    assert clip.masks.shape == (6, 2, 160, 160)
    assert not (clip.masks & ~clip.amodal).any(), "what is seen of a thing is part of it"
    assert not clip.masks.all(1).any(), "no pixel shows two things"
    away = ~cv2.dilate(clip.amodal.any(1).transpose(1, 2, 0).astype(np.uint8), np.ones((25, 25))).transpose(2, 0, 1).astype(bool)
    assert (clip.frames[away] == clip.plate[away]).all(), "beyond the things and their shadows the plate is the frame"
    on = clip.masks.any(1)
    assert np.abs(clip.frames.astype(int) - clip.plate)[on].mean() > 30, "0 if the plate held the things"
    for k in range(2):
        for t in range(6):
            rows, columns = np.nonzero(clip.amodal[t, k])
            middle = np.array([columns.min() + columns.max() + 1, rows.min() + rows.max() + 1]) / 2
            assert np.hypot(*(middle - clip.tracks[t, k])) < 8, "the track is the middle of the thing"
            assert clip.visible[t, k] == pytest.approx(clip.masks[t, k].sum() / clip.amodal[t, k].sum())
    assert clip.tracks[-1, 0, 1] < clip.tracks[0, 0, 1] - 8 and clip.tracks[-1, 1, 0] > clip.tracks[0, 1, 0] + 8
    assert (clip.depth[clip.masks[:, 1]] < 0.5).all() and clip.depth.max() == 1.0


def test_a_wave_hides_the_keel() -> None:
    """The amodal mask knows the part of the hull that the front wave covers."""
    clip = MovingDiorama(scene("boat", "still", place="sea", size="large"), 192).clip(2)
    assert 0.7 < clip.visible[0, 0] < 0.999


@pytest.mark.parametrize(("motion", "sign"), [("left", (-1, 0)), ("right", (1, 0)), ("up", (0, -1)), ("down", (0, 1))])
@pytest.mark.parametrize("kind", ["bird", "car", "boat", "tree"])
def test_directions(kind: str, motion: str, sign: tuple[int, int]) -> None:
    """At normal speed 16 frames carry a thing over at least three of sixteen cells of the picture, and keep it in sight."""
    clip = MovingDiorama(scene(kind, motion, place="beach"), 64).clip()
    way = (clip.tracks[-1, 0] - clip.tracks[0, 0]) / 64
    assert way @ np.array(sign) > 3 / 16
    assert all(clip.amodal[t, 0].mean() > 0.012 for t in (0, 8, 15))


def test_speeds_differ() -> None:
    way = [np.ptp(MovingDiorama(scene("car", "right", speed=s), 64).clip().tracks[:, 0, 0]) for s in SPEEDS]
    assert way[0] * 1.5 < way[1] and way[1] * 1.2 < way[2]


def test_approach_grows_and_sizes_differ() -> None:
    clip = MovingDiorama(scene("dog", "approach", place="hills"), 96).clip(16)
    assert clip.amodal[-1].sum() > 1.7 * clip.amodal[0].sum()
    areas = [MovingDiorama(scene("house", "still", size=s), 96).clip(1).amodal.sum() for s in ("small", "medium", "large")]
    assert areas[0] * 1.5 < areas[1] and areas[1] * 1.3 < areas[2]


def test_follow_holds_the_subject_and_moves_the_land() -> None:
    clip = MovingDiorama(scene("train", "left", place="hills", camera="follow"), 96).clip(8)
    assert np.ptp(clip.tracks[:, 0, 0]) < 1.0, "24 px without the camera"
    land = clip.flow[0][~clip.masks[0, 0]]
    assert land[:, 0].max() > 2.0 and land[:, 0].min() < 0.8, "the land goes by, near sheets faster than far ones"


def test_camera_gives_parallax() -> None:
    clip = MovingDiorama(SceneSpec(place="mountains", camera="pan right", seed=2), 128).clip(4)
    near, far = clip.depth[0] < 0.5, clip.depth[0] > 0.95
    assert clip.flow[0][near][:, 0].mean() < 3 * clip.flow[0][far][:, 0].mean() < 0


def test_parts_move_within_a_still_thing() -> None:
    """A windmill that stands still turns its sails: the no-op's figure is 0."""
    clip = MovingDiorama(scene("windmill", "still", size="large"), 128).clip(2)
    speed = np.hypot(*np.moveaxis(clip.flow[0], -1, 0))
    assert speed[clip.masks[0, 0]].max() > 3.0


def test_every_thing_and_every_place() -> None:
    """It can be drawn, is seen, and is in view: 25 things, each in 3 of the 9 places, with times, weathers, motions and colours taken in turn."""
    for i, kind in enumerate(KINDS):
        for j in range(i % 3, len(PLACES), 3):
            place, k = PLACES[j], i * len(PLACES) + j
            spec = scene(
                kind,
                MOTIONS[k % 9],
                place=place,
                time=TIMES[k % 4],
                weather=WEATHERS[k % 5],
                colour=COLOURS[k % 12],
                camera=CAMERAS[k % 8],
                seed=k,
            )
            world = MovingDiorama(spec, 48)
            middle = spec.seconds / 2
            seen = np.abs(world.frame(middle).astype(int) - world.plate(middle)).sum(2) > 24
            assert seen.mean() > 0.015, f"{kind} in {place}: {seen.mean():.3f} of the picture"


def test_cast_is_complete_and_colours_tell() -> None:
    """Each named colour makes a visibly different thing: the mean colour on the mask differs by 20 grey levels or more."""
    assert set(CAST) == set(KINDS)
    means = []
    for colour in COLOURS:
        clip = MovingDiorama(scene("ball", "still", colour=colour, time="night"), 64).clip(1)
        means.append(clip.frames[0][clip.masks[0, 0]].mean(0))
    apart = [np.abs(a - b).max() for i, a in enumerate(means) for b in means[:i]]
    assert min(apart) > 8 and np.median(apart) > 45


@pytest.mark.parametrize("time", TIMES)
def test_a_subject_stands_out(time: str) -> None:
    """Contrast of each colour of bird with what lies behind it, the halo at night included: at least 18 grey levels somewhere in RGB."""
    for colour in COLOURS:
        clip = MovingDiorama(scene("bird", "still", colour=colour, time=time, place="sea"), 64).clip(1)
        mask = clip.masks[0, 0]
        assert np.abs(clip.frames[0][mask].mean(0) - clip.plate[0][mask].mean(0)).max() > 18, colour


def test_same_spec_same_bytes() -> None:
    spec = sample_spec(np.random.default_rng(5), camera="zoom in", weather="snow")
    one, two = MovingDiorama(spec, 96).clip(3), MovingDiorama(SceneSpec.model_validate_json(spec.model_dump_json()), 96).clip(3)
    assert one.frames.tobytes() == two.frames.tobytes() and one.flow.tobytes() == two.flow.tobytes() and one.caption == two.caption
    other = MovingDiorama(spec.model_copy(update={"seed": spec.seed ^ 1}), 96).frames(1)
    assert np.abs(other[0].astype(int) - one.frames[0]).mean() > 3


def test_frames_only_is_the_same_picture_and_any_moment_may_be_asked() -> None:
    world = MovingDiorama(sample_spec(np.random.default_rng(8)), 80)
    assert (world.frames(3) == world.clip(3).frames).all()
    assert (world.frame(0.125) == world.frames(2)[1]).all()


@pytest.mark.parametrize("size", [(160, 90), (90, 160), 257, 33])
def test_any_shape(size: int | tuple[int, int]) -> None:
    clip = MovingDiorama(scene("boat", "left", place="sea", camera="tilt up"), size).clip(2)
    width, height = (size, size) if isinstance(size, int) else size
    assert clip.frames.shape == (2, height, width, 3) and clip.flow.shape == (1, height, width, 2)
    assert (clip.frames[0].min(2) > 0).mean() > 0.99, "no hole is left black"


def test_a_long_clip_stays_in_sight() -> None:
    spec = scene("kite", "left", seconds=60.0, fps=2.0, weather="fog", place="beach", speed="fast")
    world = MovingDiorama(spec, 64)
    for t in (0.0, 30.0, 59.0):
        assert np.abs(world.frame(t).astype(int) - world.plate(t)).max() > 20


@pytest.mark.parametrize("size", [8, 10_000, (2048, 64)])
def test_sizes_that_cannot_be_drawn(size: int | tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match="cannot be drawn"):
        MovingDiorama(SceneSpec(), size)


def test_sampling_obeys_and_refuses() -> None:
    rng = np.random.default_rng(0)
    for _ in range(40):
        spec = sample_spec(rng, kind="whale", colour="pink", time="night", count=2)
        assert spec.subjects[0].kind == "whale" and spec.subjects[0].colour == "pink" and spec.time == "night" and len(spec.subjects) == 2
        assert spec.place == "sea"
    assert len({sample_spec(rng, wild=True).place for _ in range(80)}) == len(PLACES)
    with pytest.raises(InvalidInput, match="colours"):
        sample_spec(rng, colours="red")
    with pytest.raises(InvalidInput, match="dragon"):
        sample_spec(rng, kind="dragon")


@pytest.mark.parametrize("camera", ["pan left", "tilt up", "zoom out"])
def test_hidden_rows_may_be_left_out(camera: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sheets without the rows that nearer land hides give the same pictures, from fewer pixels."""
    spec = scene("bicycle", "right", place="hills", camera=camera)
    lean = MovingDiorama(spec, (160, 96))
    monkeypatch.setattr(MovingDiorama, "_trimmed", lambda self, sheets: sheets)
    full = MovingDiorama(spec, (160, 96))
    assert np.abs(lean.frames(16).astype(int) - full.frames(16)).max() <= 1
    assert sum(s.pixels.size for s in lean.sheets) < 0.9 * sum(s.pixels.size for s in full.sheets)
