"""Stroke motion from request to result: synthetic truth, real photographs, odd input, stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput
from engine.media.images import write_image
from engine.settings import Settings
from engine.task import Event, Note, Progress, Result, Stage, parse_request
from engine.tasks.stroke_motion import TASK
from tests.kept import KeptRun
from tests.vision.scenes import ball, textured

MOVE = {"kind": "move", "points": [[85 / 240, 95 / 180], [130 / 240, 80 / 180], [165 / 240, 90 / 180]]}


def make(tmp_path: Path, picture: np.ndarray, **fields: Any) -> tuple[list[np.ndarray], list[Event]]:
    """Frames and events of one run."""
    write_image(tmp_path / "photo.png", picture)
    run = KeptRun(id="test", directory=tmp_path, settings=Settings(data_dir=tmp_path), seed=0)
    request = parse_request(TASK, {"image": str(tmp_path / "photo.png"), "seconds": 1.0, "fps": 12, **fields})
    events = list(TASK.run(request, run))
    return run.kept["result.mp4"].kept, events


def result(events: list[Event]) -> Result:
    assert isinstance(events[-1], Result)
    return events[-1]


def figures(events: list[Event]) -> dict[str, float]:
    return {m.name: m.value for m in result(events).meters}


def notes(events: list[Event]) -> str:
    return " ".join(e.text for e in events if isinstance(e, Note))


def test_a_ball_goes_where_it_was_sent_and_the_rest_stays_bit_for_bit(tmp_path: Path) -> None:
    picture, mask = ball()
    frames, events = make(tmp_path, picture, strokes=[MOVE])
    shift = np.array([80, -5])
    truth = np.roll(mask, (int(shift[1]), int(shift[0])), (0, 1))
    red = frames[-1][..., 0].astype(int) - frames[-1][..., 1] > 40
    assert (red & truth).sum() / (red | truth).sum() > 0.9  # unmoved: 0
    outside = np.ones_like(mask)
    outside[35:155, 40:205] = False  # the whole way with its rims
    assert all((f[outside] == picture[outside]).all() for f in frames)
    hole = mask & ~cv2.dilate(truth.astype(np.uint8), np.ones((25, 25), np.uint8)).astype(bool)
    assert (frames[-1][hole][:, 1].astype(int) - frames[-1][hole][:, 0] > 20).mean() > 0.97  # green again; not filled: red
    hole[:, 105:] = False  # left of where the ball is in the last three frames
    assert hole.sum() > 1000 and np.std([f[hole] for f in frames[-3:]], axis=0).max() == 0.0  # the filled part does not shimmer
    measured = figures(events)
    assert measured["stroke_error"] < 0.05  # no motion: 1.0
    assert measured["background_drift"] < 0.05 and measured["flicker"] < 0.05
    assert len(frames) == 12 and frames[0].shape == picture.shape
    assert np.abs(frames[0].astype(int) - picture).mean() < 0.7  # the clip begins with the photo


def test_events_and_artifacts(tmp_path: Path) -> None:
    picture, mask = ball()
    _, events = make(tmp_path, picture, strokes=[MOVE])
    assert [e.name for e in events if isinstance(e, Stage)] == ["reading", "finding", "preparing", "rendering"]
    assert [e.done for e in events if isinstance(e, Progress)] == list(range(1, 13))
    made = result(events).artifacts
    assert {"mask_1", "plate", "flow", "flow_data"} <= set(made) and all(p.is_file() for p in made.values())
    stored = cv2.imread(str(made["mask_1"]), cv2.IMREAD_GRAYSCALE) > 127
    assert (stored & mask).sum() / (stored | mask).sum() > 0.93
    flow = np.load(made["flow_data"])
    assert flow["flow"].shape == (180, 240, 2) and flow["flow"].dtype == np.float16
    assert np.abs(flow["flow"][90, 80].astype(float) - [80, -5]).max() < 0.5
    assert not flow["flow"][10:30].any()  # unstroked background: exactly zero
    assert np.abs(flow["steps"].astype(float).sum(axis=0)[45, 40] - [80, -5]).max() < 1.0


@pytest.mark.parametrize(
    ("photo", "strokes"),
    [
        ("rocket", [{"points": [[0.5, 0.5], [0.5, 0.2]]}]),
        ("coffee", [{"points": [[0.34, 0.3], [0.42, 0.33], [0.5, 0.36]]}]),
        ("coffee", [{"points": [[0.6, 0.7], [0.68, 0.62], [0.72, 0.5]]}]),
        ("chelsea", [{"points": [[0.38, 0.37], [0.42, 0.36], [0.45, 0.38]]}]),
        ("astronaut", [{"points": [[0.42, 0.22], [0.45, 0.22], [0.48, 0.23]]}, {"kind": "pin", "points": [[0.41, 0.36]], "radius": 0.02}]),
        ("astronaut", [{"points": [[0.32, 0.72], [0.35, 0.75], [0.35, 0.78]]}, {"points": [[0.32, 0.78], [0.29, 0.75], [0.29, 0.72]]}]),
    ],
)
def test_real_photographs_obey_and_stand_still(tmp_path: Path, photo: str, strokes: list[dict[str, Any]]) -> None:
    import skimage.data

    picture = np.ascontiguousarray(getattr(skimage.data, photo)()[..., :3])
    frames, events = make(tmp_path, picture, strokes=strokes, max_side=400)
    measured = figures(events)
    assert measured["stroke_error"] <= 0.15  # no motion: 1.0
    assert measured["background_drift"] < 0.3
    assert measured["flicker"] < 1.0
    assert max(frames[0].shape) == 400
    assert np.abs(frames[-1].astype(int) - frames[0]).max() > 60  # something did move


def test_a_stroke_on_open_background_moves_the_camera(tmp_path: Path) -> None:
    picture = textured(180, 240, (90, 110, 130), seed=4)
    cv2.circle(picture, (60, 60), 20, (220, 60, 40), -1)
    frames, events = make(tmp_path, picture, strokes=[{"points": [[0.7, 0.6], [0.6, 0.6]], "on": "background"}])
    shifted = np.roll(picture, -24, axis=1)
    assert np.abs(frames[-1][:, 20:200].astype(int) - shifted[:, 20:200]).mean() < 3  # unmoved: 20 or more
    assert figures(events)["stroke_error"] < 0.1 and figures(events)["background_drift"] < 0.3
    assert "invented" in notes(events)


def test_pinned_things_stay_on_the_screen_while_the_camera_moves(tmp_path: Path) -> None:
    picture, mask = ball()
    frames, _ = make(tmp_path, picture, strokes=[{"kind": "pin", "points": [[85 / 240, 95 / 180]]}], camera={"zoom": 1.4})
    core = cv2.erode(mask.astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    assert np.abs(frames[-1][core].astype(int) - picture[core]).mean() < 2  # filmed with the rest: 15 or more
    assert np.abs(frames[-1][:40].astype(int) - picture[:40]).mean() > 5


@pytest.mark.parametrize(
    "camera", [{"pan_x": 0.3}, {"zoom": 0.6}, {"zoom": 2.0, "roll": 20.0}, {"roll": -45.0}, {"pan_y": -0.5, "zoom": 0.5, "roll": 45.0}]
)
@pytest.mark.parametrize("parallax", [0.0, 1.0])
def test_cameras_never_show_what_is_not_there(tmp_path: Path, camera: dict[str, float], parallax: float) -> None:
    picture = textured(120, 200, (150, 160, 170), strength=10)
    frames, _ = make(tmp_path, picture, camera=camera, parallax=parallax, seconds=0.5)
    assert min(int(f.min()) for f in frames) > 60  # a black border would be 0
    assert np.abs(frames[-1].astype(int) - frames[0]).mean() > 1


def test_zooming_in_by_number_is_exact(tmp_path: Path) -> None:
    picture = textured(121, 201, (150, 160, 170), strength=25, grain=4)
    frames, _ = make(tmp_path, picture, camera={"zoom": 2.0}, seconds=0.5)
    middle = cv2.resize(picture[30:91, 50:151], (201, 121), interpolation=cv2.INTER_CUBIC)
    assert np.abs(frames[-1][20:-20, 20:-20].astype(int) - middle[20:-20, 20:-20]).mean() < 2.5  # not zoomed: 28


def test_a_boomerang_comes_back_and_a_loop_closes(tmp_path: Path) -> None:
    picture, _ = ball()
    out, _ = make(tmp_path, picture, strokes=[MOVE], loop="boomerang")
    assert (out[0] == out[0]).all() and np.abs(out[-1].astype(int) - out[1]).max() == 0
    assert np.abs(out[6].astype(int) - out[0]).mean() > 3
    round_, _ = make(tmp_path, picture, strokes=[{**MOVE, "easing": "even"}], loop="loop", fps=24)
    steps = [float(np.abs(a.astype(int) - b).mean()) for a, b in zip(round_, [*round_[1:], round_[0]], strict=True)]
    assert steps[-1] < 1.6 * float(np.median(steps))  # a cut back to the start: 10 times the median or more


def test_motion_blur_smears_along_the_motion_only(tmp_path: Path) -> None:
    picture, mask = ball()
    sharp, _ = make(tmp_path, picture, strokes=[{**MOVE, "easing": "even"}])
    soft, _ = make(tmp_path, picture, strokes=[{**MOVE, "easing": "even"}], motion_blur=0.8)
    outside = np.ones_like(mask)
    outside[40:155, 30:215] = False
    assert (soft[6][outside] == sharp[6][outside]).all()

    def detail(frame: np.ndarray) -> float:
        return float(np.abs(np.diff(frame[60:120, 90:170].astype(int), axis=1)).mean())

    assert detail(soft[6]) < 0.85 * detail(sharp[6])


def test_a_pin_on_the_thing_makes_it_bend(tmp_path: Path) -> None:
    picture = textured(180, 240, (70, 130, 80), seed=1)
    picture[80:100, 40:200] = textured(20, 160, (200, 60, 50), strength=30, seed=2)
    strokes = [{"points": [[190 / 240, 0.5], [185 / 240, 0.3]]}, {"kind": "pin", "points": [[50 / 240, 0.5]], "radius": 0.03}]
    frames, events = make(tmp_path, picture, strokes=strokes)
    assert result(events).details["things"][0]["motion"] == "bending"
    red = frames[-1][..., 0].astype(int) - frames[-1][..., 1] > 40
    rows = [np.flatnonzero(red[:, x]).mean() for x in (50, 120, 182)]
    assert abs(rows[0] - 90) < 3 and rows[2] < 64 and rows[0] > rows[1] > rows[2]  # a shift: all 54; still: all 90


def test_later_strokes_lie_above_earlier_ones(tmp_path: Path) -> None:
    picture = textured(180, 300, (70, 130, 80), seed=1)
    cv2.circle(picture, (60, 90), 24, (210, 40, 40), -1)
    cv2.circle(picture, (240, 90), 24, (40, 60, 220), -1)
    to_middle = [{"points": [[0.2, 0.5], [0.5, 0.5]]}, {"points": [[0.8, 0.5], [0.5, 0.5]]}]
    frames, _ = make(tmp_path, picture, strokes=to_middle)
    assert frames[-1][90, 150, 2] > 180  # the blue one, drawn later
    frames, _ = make(tmp_path, picture, strokes=to_middle[::-1])
    assert frames[-1][90, 150, 0] > 180


def test_strokes_without_length_do_nothing_and_say_so(tmp_path: Path) -> None:
    picture, _ = ball()
    frames, events = make(tmp_path, picture, strokes=[{"points": [[0.4, 0.5], [0.4, 0.5]]}])
    assert "no length" in notes(events)
    assert all((f == picture).all() for f in frames)


def test_transparent_pictures_are_laid_on_white(tmp_path: Path) -> None:
    picture, mask = ball()
    cut = np.dstack([picture, np.where(mask, 255, 0).astype(np.uint8)])
    frames, events = make(tmp_path, cut, strokes=[MOVE])
    assert (frames[0][:20] > 250).all() and "white" in notes(events)


@pytest.mark.parametrize("size", [(1, 1), (8, 400)])
def test_pictures_too_small_are_refused_with_their_size(tmp_path: Path, size: tuple[int, int]) -> None:
    with pytest.raises(InvalidInput, match=f"{size[1]}x{size[0]} px"):
        make(tmp_path, np.full((*size, 3), 90, np.uint8), strokes=[MOVE])


@pytest.mark.parametrize("size", [(16, 16), (17, 31), (20, 900), (700, 24)])
def test_small_and_long_pictures_work(tmp_path: Path, size: tuple[int, int]) -> None:
    frames, _ = make(
        tmp_path, textured(*size, (90, 120, 150)), strokes=[{"points": [[0.0, 0.0], [1.0, 1.0]], "on": "thing"}, {"kind": "pin", "points": [[1.0, 0.5]]}], seconds=0.3
    )
    assert frames[-1].shape == (*size, 3)


def test_sixty_four_strokes_of_all_kinds(tmp_path: Path) -> None:
    picture, _ = ball(90, 120, (40, 45), 14)
    rng = np.random.default_rng(0)
    strokes = []
    for i in range(64):
        start = rng.uniform(0, 1, 2)
        way = np.clip(start + rng.uniform(-0.2, 0.2, (3, 2)), 0, 1)
        strokes.append({"kind": "pin" if i % 4 == 3 else "move", "points": [start.tolist(), *way.tolist()], "radius": float(rng.uniform(0.01, 0.1))})
    frames, events = make(tmp_path, picture, strokes=strokes, seconds=0.3)
    assert len(frames) == 4 and result(events).clip is not None


def test_stopping_keeps_a_playable_clip(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    picture, _ = ball()
    write_image(tmp_path / "photo.png", picture)
    asked = False
    run = RunContext(id="test", directory=tmp_path, settings=Settings(data_dir=tmp_path), seed=0, cancelled=lambda: asked)
    request = parse_request(TASK, {"image": str(tmp_path / "photo.png"), "strokes": [MOVE], "seconds": 5.0})
    events: list[Event] = []
    with pytest.raises(Cancelled):
        for event in TASK.run(request, run):
            events.append(event)
            asked = asked or (isinstance(event, Progress) and event.done == 7)
    kept = result(events)
    assert kept.partial and kept.clip is not None
    with av.open(str(kept.clip)) as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 7


def test_stopping_before_the_first_frame_leaves_nothing(tmp_path: Path) -> None:
    picture, _ = ball()
    write_image(tmp_path / "photo.png", picture)
    run = RunContext(id="test", directory=tmp_path, settings=Settings(data_dir=tmp_path), seed=0, cancelled=lambda: True)
    request = parse_request(TASK, {"image": str(tmp_path / "photo.png"), "strokes": [MOVE]})
    with pytest.raises(Cancelled):
        list(TASK.run(request, run))
    assert not list(tmp_path.glob("*.mp4"))


def test_the_same_request_gives_the_same_frames(tmp_path: Path) -> None:
    picture, _ = ball()
    first, _ = make(tmp_path, picture, strokes=[MOVE])
    second, _ = make(tmp_path, picture, strokes=[MOVE])
    assert all((a == b).all() for a, b in zip(first, second, strict=True))
