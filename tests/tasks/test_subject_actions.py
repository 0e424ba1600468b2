"""What becomes of a subject: replaced, restyled, before another background, cut out; against the diorama's true frames."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import InvalidInput
from engine.media.frames import Held
from engine.media.images import write_image
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.tasks.subject_swap.actions import Look, cut_of, export_of, look_of
from engine.tasks.subject_swap.background import checker, filled
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.subject_swap.restyle import LOOKS, looks_of
from engine.vision.styling import lab_of
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec
from engine.world.truth import Truth

SIZE, COUNT, FPS = (320, 180), 14, 12.0


class Clip:
    """A clip of the diorama: frames and plate (T, H, W, 3), masks (T, N, H, W)."""

    def __init__(self, subjects: tuple[SubjectSpec, ...], **scene: Any) -> None:
        world = MovingDiorama(SceneSpec(seconds=COUNT / FPS, fps=FPS, seed=5, subjects=subjects, **scene), SIZE)
        truth = Truth(world)
        self.times = world.times()
        self.looks = [truth.look(float(t)) for t in self.times]
        self.masks = np.stack([look.masks for look in self.looks])
        self.frames = world.frames()
        self.plate = np.stack([world.plate(float(t)) for t in self.times])
        self.truth = truth

    @property
    def mask(self) -> np.ndarray:
        """(T, H, W) bool of all subjects."""
        return self.masks.any(axis=1)


@cache
def car(colour: str = "red", camera: str = "still") -> Clip:
    """A car drives through a city."""
    return Clip((SubjectSpec(kind="car", colour=colour, motion="right"),), place="city", camera=camera)  # type: ignore[arg-type]


def request_of(tmp_path: Path, **fields: Any) -> SubjectSwapRequest:
    """A request on some video."""
    video = tmp_path / "clip.mp4"
    video.touch()
    return SubjectSwapRequest(video=video, **fields)


def made(clip: Clip, request: SubjectSwapRequest, tmp_path: Path, masks: Callable[[int], np.ndarray] | None = None) -> tuple[np.ndarray, Look]:
    """(T, H, W, 3) frames of a look, and the look."""
    run = RunContext("a", tmp_path, Settings(data_dir=tmp_path), seed=3)
    look = look_of(request, run, Held(clip.frames, FPS), masks or (lambda i: clip.mask[i]), [(0, COUNT - 1)])
    ground = clip.plate if look.needs_plate else clip.frames
    return np.stack([look.frame(i, clip.frames[i], clip.mask[i], ground[i]) for i in range(COUNT)]), look


def grown(masks: np.ndarray, pixels: int) -> np.ndarray:
    """(T, H, W) bool, grown."""
    kernel = np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8)
    return np.stack([cv2.dilate(m.astype(np.uint8), kernel) > 0 for m in masks])


def test_a_car_replaced_by_a_blue_car_is_nearly_the_true_blue_car(tmp_path: Path) -> None:
    clip, true = car(), car("blue")
    out, look = made(clip, request_of(tmp_path, action="replace", prompt="a blue car", strength=0.0), tmp_path)
    near = grown(clip.mask, 3)
    error = [float(np.abs(a.astype(int) - true.frames)[near].mean()) for a in (out, clip.frames, clip.plate)]
    assert error[0] < 0.35 * min(error[1:]), error
    rim = near & ~np.stack([cv2.erode(m.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 for m in clip.mask])
    assert np.abs(out.astype(int) - true.frames)[rim].mean() < 0.6 * np.abs(clip.plate.astype(int) - true.frames)[rim].mean()
    assert (out[~grown(clip.mask, 12)] == clip.plate[~grown(clip.mask, 12)]).all()
    assert look.needs_plate and any("blue car" in note for note in look.notes)


def test_a_reference_moves_with_the_subject_and_takes_on_the_light_of_the_place(tmp_path: Path) -> None:
    clip = car()
    picture = np.zeros((120, 160, 4), np.uint8)
    cv2.ellipse(picture, (80, 60), (78, 58), 0, 0, 360, (90, 200, 90, 255), -1)
    write_image(tmp_path / "green.png", picture)
    out, _ = made(clip, request_of(tmp_path, action="replace", reference=tmp_path / "green.png"), tmp_path)
    new = (out != clip.plate).any(axis=3)
    middles = np.array([np.argwhere(m).mean(axis=0)[::-1] for m in new])
    true = np.array([look.middles[0] for look in clip.looks]) - 0.5
    off = middles - true
    assert np.abs(off - off.mean(axis=0)).max() < 0.02 * SIZE[0]
    areas = new.sum(axis=(1, 2))
    assert np.abs(areas / areas.mean() - 1).max() < 0.2
    lowest = np.array([np.flatnonzero(m.any(axis=1))[-1] for m in new]) - np.array([np.flatnonzero(m.any(axis=1))[-1] for m in clip.mask])
    assert np.abs(lowest).max() <= 3  # it stands where the car stood
    dim = Clip((SubjectSpec(kind="car", colour="red", motion="right"),), place="city", time="night")
    dark, _ = made(dim, request_of(tmp_path, action="replace", reference=tmp_path / "green.png"), tmp_path)
    assert out[7][new[7]].mean() > dark[7][new[7] & (dark[7] != dim.plate[7]).any(axis=2)].mean() + 10


def test_two_subjects_are_both_replaced_and_told_apart_by_labels(tmp_path: Path) -> None:
    clip = Clip((SubjectSpec(kind="car", colour="red", motion="right", size="small"), SubjectSpec(kind="dog", colour="brown", motion="still", size="small")), place="city")
    request = request_of(tmp_path, action="replace", prompt="a green ball", subjects=[{"words": "the car"}, {"words": "the dog"}])

    def masks(index: int) -> np.ndarray:
        return clip.mask[index]

    masks.labels = lambda index: (clip.masks[index, 0] + 2 * (clip.masks[index, 1] & ~clip.masks[index, 0])).astype(np.uint8)  # type: ignore[attr-defined]
    out, _ = made(clip, request, tmp_path, masks)
    changed = (out != clip.plate).any(axis=3)
    for k in (0, 1):
        middle = clip.looks[7].middles[k].round().astype(int)
        assert changed[7][middle[1] - 3 : middle[1] + 3, middle[0] - 3 : middle[0] + 3].any()


def test_a_subject_that_is_not_there_changes_nothing(tmp_path: Path) -> None:
    clip = car()
    nobody = np.zeros(SIZE[::-1], bool)
    run = RunContext("a", tmp_path, Settings(data_dir=tmp_path), seed=3)
    for fields in ({"action": "replace", "prompt": "a ball"}, {"action": "restyle", "prompt": "blue"}):
        look = look_of(request_of(tmp_path, **fields), run, Held(clip.frames, FPS), lambda i: nobody, [(0, COUNT - 1)])
        assert (look.frame(0, clip.frames[0], nobody, clip.frames[0]) == clip.frames[0]).all() and look.notes


@pytest.mark.parametrize("words", list(LOOKS))
def test_a_look_changes_the_subject_alone_and_does_not_flicker(tmp_path: Path, words: str) -> None:
    clip = car()
    out, look = made(clip, request_of(tmp_path, action="restyle", prompt=words), tmp_path)
    outside = ~grown(clip.mask, 8)
    assert not look.needs_plate and (out[outside] == clip.frames[outside]).all()
    inside = np.stack([cv2.erode(m.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0 for m in clip.mask])
    assert np.abs(out.astype(int) - clip.frames)[inside].mean() > 3.0
    # Change along the true motion, beside that of the source and beside how much the look spreads its values.
    left = np.array([_change(clip, out, i, inside[i]) for i in (4, 5, 6, 7)]).mean()
    own = np.array([_change(clip, clip.frames, i, inside[i]) for i in (4, 5, 6, 7)]).mean()
    spread = max(1.0, float(out[6][inside[6]].std()) / float(clip.frames[6][inside[6]].std()))
    assert left < 2.0 * spread * own + 1.6, (left, own, spread)


def _change(clip: Clip, frames: np.ndarray, index: int, inside: np.ndarray) -> float:
    """Mean difference of a frame to the next along the true flow, inside the subject, without what a shift by half a pixel changes in thin lines."""
    flow, hidden, _ = clip.truth.pair(clip.looks[index], clip.looks[index + 1])
    x, y = np.meshgrid(np.arange(SIZE[0], dtype=np.float32), np.arange(SIZE[1], dtype=np.float32))
    first, second = (cv2.GaussianBlur(frames[k], (0, 0), 1.2) for k in (index, index + 1))
    there = cv2.remap(second, x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR)
    return float(np.abs(there.astype(int) - first)[inside & ~hidden].mean())


def test_a_colour_is_the_one_that_was_asked_for_and_windows_keep_theirs(tmp_path: Path) -> None:
    clip, true = car(), car("blue")
    out, _ = made(clip, request_of(tmp_path, action="restyle", prompt="make it blue"), tmp_path)
    near = grown(clip.mask, 2)
    assert np.abs(out.astype(int) - true.frames)[near].mean() < 0.3 * np.abs(clip.frames.astype(int) - true.frames)[near].mean()
    lab = lab_of(clip.frames[7])
    window = clip.mask[7] & (lab[..., 2] < -5)
    assert window.sum() > 30 and np.abs(out[7].astype(int) - clip.frames[7])[window].mean() < 8


def test_strength_and_feather_are_honoured(tmp_path: Path) -> None:
    clip = car()
    assert (made(clip, request_of(tmp_path, action="restyle", prompt="negative", strength=0.0), tmp_path)[0] == clip.frames).all()
    half = made(clip, request_of(tmp_path, action="restyle", prompt="negative", strength=0.5), tmp_path)[0]
    inside = np.stack([cv2.erode(m.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0 for m in clip.mask])
    assert np.abs(half[inside].astype(int) - 127).max() <= 1
    soft = made(clip, request_of(tmp_path, action="restyle", prompt="negative", mask={"feather": 12}), tmp_path)[0]
    wide = grown(clip.mask, 6) & ~grown(clip.mask, 4)
    assert (soft[wide] != clip.frames[wide]).any() and (soft[~grown(clip.mask, 22)] == clip.frames[~grown(clip.mask, 22)]).all()


def test_words_of_a_look_are_read_or_refused() -> None:
    for words, count in (("blue", 1), ("Black and white, pencil sketch!", 2), ("dark green cartoon", 2), ("#ff8000", 1), ("make it look like gold", 1), ("teal", 1), ("paint it light blue and blur", 2)):
        assert len(looks_of(words)) == count, words
    for words in ("", "like it", "wobbly", "blue wobbly"):
        with pytest.raises(InvalidInput, match="pencil"):
            looks_of(words)


def test_a_new_background_shows_no_rim_of_the_old_one(tmp_path: Path) -> None:
    clip = car()
    out, look = made(clip, request_of(tmp_path, action="background", background="#20c060"), tmp_path)
    far = ~grown(clip.mask, 8)
    assert not look.needs_plate and (out[far] == (32, 192, 96)).all()
    rim = grown(clip.mask, 2) & ~clip.mask
    # Against a mask cut hard and grown, which carries what was behind the car.
    hard = np.where(grown(clip.mask, 2)[..., None], clip.frames, np.array([32, 192, 96], np.uint8))
    toward = np.abs(out.astype(int) - (32, 192, 96))[rim].mean()
    assert toward < 0.5 * np.abs(hard.astype(int) - (32, 192, 96))[rim].mean()


def test_a_blurred_background_holds_nothing_of_the_subject(tmp_path: Path) -> None:
    clip = car()
    out, look = made(clip, request_of(tmp_path, action="background", background={"kind": "blur", "blur": 0.03}), tmp_path)
    far = ~grown(clip.mask, 4)
    assert look.needs_plate
    halo = grown(clip.mask, 9) & far
    naive = np.stack([cv2.GaussianBlur(f, (0, 0), 5) for f in clip.frames])
    red = [float((lab_of(a[7])[..., 1] - lab_of(clip.plate[7])[..., 1])[halo[7]].mean()) for a in (out, naive)]
    assert red[0] < 0.25 * red[1], red
    inside = cv2.erode(clip.mask[7].astype(np.uint8), np.ones((9, 9), np.uint8)) > 0
    assert (out[7][inside] == clip.frames[7][inside]).mean() > 0.97


def test_a_picture_behind_moves_with_the_camera_and_fills_the_frame(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    write_image(tmp_path / "behind.png", cv2.resize(rng.integers(0, 256, (40, 64, 3)).astype(np.uint8), (640, 400), interpolation=cv2.INTER_CUBIC))
    shifts = []
    for camera in ("still", "pan right"):
        clip = car("red", camera)
        out, _ = made(clip, request_of(tmp_path, action="background", background=str(tmp_path / "behind.png")), tmp_path)
        sky = [cv2.cvtColor(out[i][:60], cv2.COLOR_RGB2GRAY).astype(np.float32) for i in (0, COUNT - 1)]
        shifts.append(cv2.phaseCorrelate(*sky)[0][0])
    assert abs(shifts[0]) < 0.3 and shifts[1] < -2.0


def test_following_never_shows_beyond_the_picture() -> None:
    path = np.tile(np.eye(3), (20, 1, 1))
    path[:, 0, 2] = np.linspace(0, 900, 20)
    path[:, 1, 2] = 9 * np.sin(np.arange(20))
    maps = filled(path, SIZE)
    corners = np.linalg.inv(maps) @ np.array([[-0.5, 319.5, -0.5, 319.5], [-0.5, -0.5, 179.5, 179.5], [1, 1, 1, 1]])
    assert corners[:, 0].min() >= -0.75 and corners[:, 0].max() <= 319.75 and corners[:, 1].min() >= -0.75 and corners[:, 1].max() <= 179.75
    assert np.diff(maps[:, 0, 2]).min() > 0  # it still goes the way of the camera
    assert np.allclose(filled(np.tile(np.eye(3), (4, 1, 1)), SIZE), np.eye(3))


def test_a_clip_behind_runs_at_its_own_speed_and_goes_back_when_it_is_short(tmp_path: Path) -> None:
    with ClipWriter(tmp_path / "behind.mp4", fps=6, crf=8) as writer:
        for k in range(4):
            writer.write(np.full((90, 160, 3), 40 + 50 * k, np.uint8))
    out, _ = made(car(), request_of(tmp_path, action="background", background=str(tmp_path / "behind.mp4")), tmp_path)
    levels = [round((int(f[5, 5].mean()) - 40) / 50) for f in out]
    assert levels == [0, 0, 1, 1, 2, 2, 3, 3, 2, 2, 1, 1, 0, 0]


def test_words_behind_are_drawn_and_unknown_ones_refused(tmp_path: Path) -> None:
    clip = car()
    out, _ = made(clip, request_of(tmp_path, action="both", prompt="a yellow bus", background="a beach at sunset"), tmp_path)
    lab = lab_of(out[7])
    assert ((lab[..., 2] > 40) & grown(clip.mask, 2)[7]).sum() > 200  # the bus
    assert np.abs(out[7][:40].astype(int) - clip.plate[7][:40]).mean() > 20
    with pytest.raises(InvalidInput, match="no word"):
        made(clip, request_of(tmp_path, action="background", background="qwrtz"), tmp_path)
    with pytest.raises(InvalidInput, match="not said"):
        made(clip, request_of(tmp_path, action="background", background={"kind": "words"}), tmp_path)
    with pytest.raises(InvalidInput, match="names nothing"):
        made(clip, request_of(tmp_path, action="replace", prompt="justice"), tmp_path)
    with pytest.raises(InvalidInput, match="not said"):
        made(clip, request_of(tmp_path, action="replace"), tmp_path)
    with pytest.raises(InvalidInput, match="none is given"):
        made(clip, request_of(tmp_path, action="background", background={"kind": "picture"}), tmp_path)


@pytest.mark.parametrize("fields", [{"action": "replace", "prompt": "a green ball"}, {"action": "both", "prompt": "a green ball", "background": "#2030c0"}, {"action": "restyle", "prompt": "negative"}, {"action": "matte"}])
def test_the_cut_out_is_what_the_result_shows(tmp_path: Path, fields: dict[str, Any]) -> None:
    clip = car()
    request = request_of(tmp_path, **fields)
    look = look_of(request, RunContext("a", tmp_path, Settings(data_dir=tmp_path), seed=3), Held(clip.frames, FPS), lambda i: clip.mask[i], [(0, COUNT - 1)])
    out = look.frame(7, clip.frames[7], clip.mask[7], clip.plate[7])
    cut = cut_of(look, request, 7, clip.frames[7], clip.mask[7])
    solid, clear = cut[..., 3] == 255, cut[..., 3] == 0
    assert solid.sum() > 300 and np.abs(cut[solid, :3].astype(int) - out[solid]).max() <= 3 and (cut[clear] == 0).all()
    if request.action != "matte":
        assert np.abs(cut[solid, :3].astype(int) - clip.frames[7][solid]).mean() > 20
    ground = {"replace": clip.plate[7], "both": np.broadcast_to(np.array([0x20, 0x30, 0xC0], np.uint8), out.shape), "restyle": clip.frames[7], "matte": checker(SIZE)}[request.action]
    assert (out[clear] == ground[clear]).all()


def test_what_is_clear_is_exported(tmp_path: Path) -> None:
    assert export_of(request_of(tmp_path, action="background", background="transparent")) == "prores"
    assert export_of(request_of(tmp_path, action="matte", export="vp9")) == "vp9"
    assert export_of(request_of(tmp_path, action="background", background="blur")) == "none" == export_of(request_of(tmp_path, action="remove"))
    _, look = made(car(), request_of(tmp_path, action="background", background="transparent"), tmp_path)
    assert any("cutout.mov" in note for note in look.notes)


def test_a_matte_is_the_subject_over_squares(tmp_path: Path) -> None:
    clip = car()
    out, look = made(clip, request_of(tmp_path, action="matte"), tmp_path)
    far = ~grown(clip.mask, 8)
    squares = np.broadcast_to(checker(SIZE), out.shape)
    assert not look.needs_plate and (out[far] == squares[far]).all() and (out[clip.mask] != squares[clip.mask]).any(axis=1).mean() > 0.95
    with pytest.raises(InvalidInput, match="nothing new"):
        made(clip, request_of(tmp_path, action="remove"), tmp_path)
