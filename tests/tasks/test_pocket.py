"""The provider `pocket` on toy models: clips, drafts that are finished with the same bits, pictures of the user's, Stop. What the real weights draw is `bench.pocket`'s."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.context import RunContext
from engine.errors import Cancelled, StudioError
from engine.media.video import open_video
from engine.metrics.clips import adjacent_change
from engine.settings import Settings
from engine.task import Event, Preview, get_task, parse_request
from engine.tasks.text_to_video import pocket, takes
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.pocket.moving import Anchor, camera_motion
from engine.world.spec import SceneSpec
from tests.tasks import pocket_toy

TASK = get_task("text-to-video")
BASE = {"prompt": "a red balloon drifts to the left over the hills", "model": "pocket", "seconds": 0.5, "fps": 8, "width": 128, "height": 128, "steps": 4, "seed": 3}


@pytest.fixture(scope="module", autouse=True)
def _toy(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KINORA_POCKET_DIR", str(pocket_toy.save(tmp_path_factory.mktemp("pocket"))))
        yield


def make(folder: Path, earlier: Callable[[str, str], Path] | None = None, stop_after: int | None = None, **fields: Any) -> tuple[list[Event | Made], Path]:
    """The events of one clip, the last a `Made`, and its folder. stop_after: Stop is pressed after so many checkpoints."""
    folder.mkdir(exist_ok=True)
    request = parse_request(TASK, {**BASE, **fields})
    left = [stop_after]

    def cancelled() -> bool:
        if left[0] is None:
            return False
        left[0] -= 1
        return left[0] < 0

    run = RunContext("b" * 32, folder, Settings(), 3, cancelled=cancelled, preview_every=0.0)
    if earlier is not None:
        run.earlier = earlier  # type: ignore[method-assign]
    events: list[Event | Made] = []
    try:
        events += iter_into(events, pocket.make(request, run, 3, "result"))
    except Cancelled:
        assert stop_after is not None
    return events, folder


def iter_into(events: list[Any], source: Any) -> list[Any]:
    for event in source:
        events.append(event)
    return []


def frames(path: Path) -> np.ndarray:
    with open_video(path, Settings()) as reader:
        return np.stack(list(reader))


def test_a_clip_is_made_with_moving_previews_and_the_same_seed_gives_the_same_frames(tmp_path):
    events, folder = make(tmp_path / "a")
    shown = frames(folder / "result.mp4")
    assert shown.shape == (4, 128, 128, 3)
    previews = [event.frames for event in events if isinstance(event, Preview)]
    assert len(previews) > 2 and any((one[0] != one[-1]).any() for one in previews)  # a still preview: none
    _, again = make(tmp_path / "b")
    assert (frames(again / "result.mp4") == shown).all()
    _, other = make(tmp_path / "c", guidance=1.0)
    assert (frames(other / "result.mp4") != shown).any()


@pytest.mark.parametrize(("width", "height"), [(257, 129), (320, 180), (96, 200)])
def test_any_size_is_drawn(tmp_path, width, height):
    _, folder = make(tmp_path / "a", width=width, height=height, steps=1)
    shown = frames(folder / "result.mp4")
    assert abs(shown.shape[2] - width) <= 1 and abs(shown.shape[1] - height) <= 1


def test_a_draft_is_finished_with_the_bits_of_an_unbroken_run(tmp_path):
    _, whole = make(tmp_path / "whole")
    events, folder = make(tmp_path / "draft", draft=True)
    draft = events[-1]
    assert isinstance(draft, Made) and draft.artifacts["draft"].is_file()
    assert (frames(folder / "result.mp4") != frames(whole / "result.mp4")).any()  # the draft itself is another picture
    (folder / "run.json").write_text(json.dumps({"result": {"details": {"takes": [{"draft_file": draft.artifacts["draft"].name}]}}}))
    finish = {"continue_run": "c" * 32, "earlier": lambda run, name: folder / name}
    _, finished = make(tmp_path / "finished", **finish)
    assert (frames(finished / "result.mp4") == frames(whole / "result.mp4")).all()
    with pytest.raises(StudioError, match="steps=4"):
        make(tmp_path / "other", **finish, steps=6)


def test_first_and_last_image_are_the_ends_of_the_clip(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("first", "last"):
        cv2.imwrite(str(tmp_path / f"{name}.png"), cv2.resize(rng.integers(0, 255, (6, 6, 3), np.uint8), (128, 128), interpolation=cv2.INTER_CUBIC))
    _, folder = make(tmp_path / "a", first_image=tmp_path / "first.png", last_image=tmp_path / "last.png", seconds=1.0, motion=0.2)
    shown = frames(folder / "result.mp4").astype(int)
    first, last = (cv2.imread(str(tmp_path / f"{name}.png"))[..., ::-1].astype(int) for name in ("first", "last"))
    assert np.abs(shown[0] - first).mean() < 8 < 30 < np.abs(shown[0] - last).mean()
    assert np.abs(shown[-1] - last).mean() < 20 < 30 < np.abs(shown[-1] - first).mean()


def test_prompts_over_time_show_one_picture_after_the_other(tmp_path):
    _, one = make(tmp_path / "one", seconds=2.0, motion=0.0)
    _, two = make(tmp_path / "two", seconds=2.0, motion=0.0, prompts=[{"at": 1.0, "prompt": "a blue boat on the sea at night"}])
    same, changed = frames(one / "result.mp4").astype(int), frames(two / "result.mp4").astype(int)
    assert np.abs(same[0] - changed[0]).mean() < 2  # nothing but the codec before the blend
    assert np.abs(same[-1] - changed[-1]).mean() > 3 * np.abs(same[0] - changed[0]).mean()  # the second prompt ignored: the same


def test_stop_keeps_what_is_finished(tmp_path):
    events, folder = make(tmp_path / "a", stop_after=16, seconds=4.0)
    last = events[-1]
    assert isinstance(last, Made) and last.partial
    assert 3 <= len(frames(folder / "result.mp4")) < 32


@pytest.mark.parametrize(("move", "axis", "sign"), [("pan left", 0, 1), ("pan right", 0, -1), ("tilt up", 1, 1), ("tilt down", 1, -1)])
def test_the_camera_is_geometry_and_near_parts_move_more(move, axis, sign):
    spec = SceneSpec(camera=move)
    depth = np.linspace(0.35, 1.0, 24)[:, None]
    field = camera_motion(spec, (24, 40), depth)
    assert field.shape == (16, 2, 24, 40) and (field[0] == 0).all()
    assert sign * field[-1, axis, -1].mean() > 2 * sign * field[-1, axis, 0].mean() > 0  # a camera that stands: 0
    assert np.abs(field[-1, 1 - axis]).max() < 1e-6


def test_a_zoom_goes_in_or_out_around_its_aim():
    for move, sign in (("zoom in", 1), ("zoom out", -1)):
        field = camera_motion(SceneSpec(camera=move), (32, 32), np.ones((32, 1)))
        assert sign * field[-1, 0, :, -1].mean() > 0.02 and sign * field[-1, 0, :, 0].mean() < -0.02


@pytest.mark.parametrize("method", ["zero", "independent"])
def test_methods_that_denoise_every_frame_make_clips(tmp_path, method):
    events, folder = make(tmp_path / "a", method=method, seconds=1.0, fps=16, steps=3)
    assert frames(folder / "result.mp4").shape == (16, 128, 128, 3)
    assert any(isinstance(event, Preview) and len(event.frames) > 4 for event in events)


@pytest.mark.parametrize("long_method", ["co-denoise", "extend", "keyframes", "hierarchy"])
def test_every_long_method_makes_a_clip_beyond_the_window(tmp_path, long_method):
    _, folder = make(tmp_path / "a", method="zero", long_method=long_method, seconds=3.0, steps=2, candidates=1)
    assert frames(folder / "result.mp4").shape == (24, 128, 128, 3)


def test_frames_alone_flicker_more_than_frames_that_look_at_the_first(tmp_path):
    change = {}
    for method in ("zero", "independent"):
        _, folder = make(tmp_path / method, method=method, seconds=1.0, motion=0.0, steps=3)
        change[method] = float(np.abs(np.diff(frames(folder / "result.mp4").astype(int), axis=0)).mean())
    assert change["zero"] < 0.7 * change["independent"]


def test_without_a_motion_adapter_animatediff_says_so(tmp_path):
    with pytest.raises(StudioError, match="pocket-motion"):
        make(tmp_path / "a", method="animatediff")


def test_a_missing_model_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("KINORA_POCKET_DIR", str(tmp_path))
    with pytest.raises(StudioError, match="pocket-"):
        make(tmp_path / "a")
    assert "pocket" in takes.PROVIDERS


@pytest.mark.parametrize(("words", "moves"), [("in the rain", True), ("in the snow", True), ("on a clear day", False)])
def test_what_falls_falls_before_a_picture_that_stands_still(tmp_path, monkeypatch, words, moves):
    monkeypatch.setattr(Anchor, "frame", lambda anchor, time: np.full((256, 256, 3), 90, np.uint8))
    _, folder = make(tmp_path, prompt=f"a still red balloon over the hills {words}", candidates=1, steps=2)
    change = adjacent_change(frames(folder / "result.mp4"))
    assert change > 0.5 if moves else change < 0.1
