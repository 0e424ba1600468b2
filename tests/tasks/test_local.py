"""The provider `local` on a tiny Stable Diffusion folder with a motion adapter: found by name, every method, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.catalog.folders import chosen, found
from engine.context import RunContext
from engine.diffusion.animate import zeroed_adapter
from engine.errors import ModelUnavailable
from engine.media.video import open_video
from engine.metrics.clips import adjacent_change
from engine.settings import Settings
from engine.task import Note, get_task, parse_request
from engine.tasks.text_to_video import local
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.pocket import frames as recipes
from engine.tasks.text_to_video.pocket.frames import toward
from engine.tasks.text_to_video.shapes import sized
from engine.world.reading import spec_from_text
from tests.diffusion import toy
from tests.tasks import pocket_toy


@pytest.fixture(scope="module")
def shelf(tmp_path_factory, request):
    """A data folder whose shelf holds the checkpoint `tiny`, and another shelf with the adapter `mover`."""
    root = tmp_path_factory.mktemp("local")
    pocket_toy.save(root / "pocket")
    patch = pytest.MonkeyPatch()
    patch.setenv("KINORA_POCKET_DIR", str(root / "pocket"))
    request.addfinalizer(patch.undo)
    (root / "data/checkpoints").mkdir(parents=True)
    (root / "pocket/pocket-sd").rename(root / "data/checkpoints/tiny")
    (root / "pocket/pocket-sd").symlink_to(root / "data/checkpoints/tiny")
    from engine.diffusion.parts import load_parts

    toy.shaken(zeroed_adapter(load_parts(root / "data/checkpoints/tiny").unet.float(), heads=2), 2, 0.4).save_pretrained(root / "more/mover")
    return Settings(data_dir=root / "data", model_folders=str(root / "more"))


def made(settings, tmp_path, seed=3, **fields):
    request = parse_request(get_task("text-to-video"), {"prompt": "a red boat sails to the left", "model": "local", "seconds": 1, "fps": 8, "width": 64, "height": 64, "steps": 2, "guidance": 1, **fields})
    tmp_path.mkdir(parents=True, exist_ok=True)
    events = list(local.make(request, RunContext("0" * 32, tmp_path, settings, seed), seed, "result"))
    take = next(event for event in events if isinstance(event, Made))
    with open_video(take.clip, settings) as reader:
        return np.stack(list(reader)), take, [event.text for event in events if isinstance(event, Note)]


@pytest.mark.parametrize("method", ["flow", "animatediff", "independent"])
def test_every_method_makes_a_clip_that_moves_and_the_same_again(shelf, tmp_path, method):
    frames, take, notes = made(shelf, tmp_path / "a", method=method)
    assert frames.shape == (8, 64, 64, 3) and take.details["checkpoint"] == "tiny" and "words" not in take.details
    assert adjacent_change(frames) > 0.2  # a clip that stands still: 0
    assert any("no motion field" in note for note in notes) == (method == "flow")
    assert np.array_equal(frames, made(shelf, tmp_path / "b", method=method)[0])
    assert not np.array_equal(frames, made(shelf, tmp_path / "c", method=method, seed=4)[0])


def test_a_long_clip_and_a_first_picture(shelf, tmp_path):
    from PIL import Image

    Image.new("RGB", (64, 64), (200, 30, 30)).save(tmp_path / "red.png")
    plain = made(shelf, tmp_path / "a", method="zero", seconds=2.5)[0]
    given = made(shelf, tmp_path / "b", method="zero", seconds=2.5, first_image=str(tmp_path / "red.png"))[0]
    assert len(plain) == len(given) == 20
    assert np.abs(given[0].astype(int) - plain[0]).mean() > 5, "the picture is seen in the first frame"


def test_models_are_found_by_name_and_never_by_path(shelf, tmp_path):
    assert [one.name for one in found(shelf, "checkpoint")] == ["tiny"] and [one.name for one in found(shelf, "motion module")] == ["mover"]
    with pytest.raises(ModelUnavailable, match="tiny"):
        chosen(shelf, "checkpoint", "../tiny")
    with pytest.raises(ModelUnavailable, match="KINORA_MODEL_FOLDERS"):
        chosen(Settings(data_dir=tmp_path), "checkpoint", "")
    for name, text in (("odd", "[]"), ("cut", "{"), ("other", json.dumps({"_class_name": "X"}))):
        (tmp_path / "checkpoints" / name).mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "model_index.json").write_text(text)
    assert found(Settings(data_dir=tmp_path), "checkpoint") == []


@pytest.mark.parametrize(("ratio", "size"), [(1.0, (512, 512)), (16 / 9, (704, 384)), (0.25, (256, 1024))])
def test_a_shape_keeps_the_area_that_the_model_knows(ratio, size):
    assert sized(512, ratio, 64) == size


@pytest.mark.parametrize(("prompt", "way"), [("a red boat sails to the left", (-1, 0)), ("a still sea, the camera pans left", (1, 0)), ("a blue balloon rises", (0, -1))])
def test_the_picture_goes_where_the_prompt_says(prompt, way):
    assert toward(spec_from_text(prompt, seed=1).spec) == way


def test_the_start_is_moved_as_far_as_the_motion_says(shelf, tmp_path, monkeypatch):
    seen, moved = [], recipes.moved

    def watched(start, first, backward, *rest):
        seen.append(backward)
        return moved(start, first, backward, *rest)

    monkeypatch.setattr(recipes, "moved", watched)
    for motion in (0.0, 1.0, 2.0):
        made(shelf, tmp_path / str(motion), method="zero", motion=motion)
    ways = [field[-1].mean((1, 2)).tolist() for field in seen]
    assert ways[0] == [0, 0] and ways[1][0] < 0 and ways[1][1] == 0  # to the left
    assert ways[2][0] == pytest.approx(2 * ways[1][0])
