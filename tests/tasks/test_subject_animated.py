"""Replacing a person by Wan Animate, on tiny copies from disk: what drives the model is where the person is, pieces go on from one another, and the rest of the source stays."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from engine.catalog.experts import VITPOSE
from engine.catalog.video.animate import WAN_ANIMATE
from engine.context import RunContext
from engine.errors import InvalidInput, ModelUnavailable
from engine.experts.pose import PoseReader
from engine.hub.pipeline import frames_of
from engine.media.frames import Held
from engine.media.probe import probe
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Note, Progress, Result
from engine.tasks.subject_swap import TASK, animated, driving
from engine.tasks.subject_swap.actions import look_of
from engine.tasks.subject_swap.models import EDITORS
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.vision import skeleton
from tests import faces, subject_clips
from tests.experts import tiny as experts
from tests.experts.test_pose import standing
from tests.hub import tiny

SIZE = (160, 120)
COUNT = 9


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with tiny copies of Wan Animate and ViTPose."""
    root = tmp_path_factory.mktemp("animate")
    tiny.MAKERS[WAN_ANIMATE.id](root / "data/models" / WAN_ANIMATE.id)
    experts.vitpose(root / "data/models" / VITPOSE.id)
    Image.fromarray(experts.picture(8, 96, 64)).save(root / "new.png")
    return root


@pytest.fixture(scope="module")
def pool() -> ModelPool:
    return ModelPool(2**31)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces of five frames at the clip's own rate, two steps."""
    monkeypatch.setitem(EDITORS, WAN_ANIMATE.id, tiny.small(WAN_ANIMATE, most=5, fps=12, steps=2))
    monkeypatch.setattr("engine.hub.looks.stills", lambda: np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8))


def person_at(frame: int) -> np.ndarray:
    """(17, 3): a person of 80 pixels who walks to the right."""
    return standing(60 + 3 * frame, 60)


def clip() -> tuple[np.ndarray, list[np.ndarray]]:
    frames = np.stack([experts.picture(3, SIZE[1], SIZE[0])] * COUNT)
    masks = []
    for k in range(COUNT):
        mask = np.zeros(SIZE[::-1], bool)
        mask[18:106, 60 + 3 * k - 24 : 60 + 3 * k + 24] = True
        frames[k][mask] = (200, 60, 40)
        masks.append(mask)
    return frames, masks


@pytest.fixture
def walking(monkeypatch: pytest.MonkeyPatch) -> None:
    """ViTPose sees the person that is there: known keypoints for the box around each mask."""

    def raw(self: PoseReader, images: Any, boxes: Any) -> np.ndarray:
        return np.stack([person_at(round((box[0] + 24 - 60) / 3)) for box in boxes])

    monkeypatch.setattr(PoseReader, "raw", raw)


def request_of(shelf: Path, **fields: Any) -> SubjectSwapRequest:
    return SubjectSwapRequest.model_validate({"video": "clip.mp4", "action": "replace", "reference": shelf / "new.png", "drawing": WAN_ANIMATE.id, **fields})


def look(shelf: Path, pool: ModelPool, frames: np.ndarray, masks: list[np.ndarray], data: Path | None = None, **fields: Any) -> Any:
    run = RunContext("0" * 32, shelf, Settings(data_dir=data or shelf / "data", device="cpu"), seed=3, pool=pool)
    return look_of(request_of(shelf, **fields), run, Held(frames, 12.0), lambda index: masks[index], [(0, len(masks) - 1)])


def test_what_drives_the_model_is_where_the_person_is(shelf, pool, walking, monkeypatch):
    frames, masks = clip()
    made, asked = look(shelf, pool, frames, masks, steps=1, guidance=1.5), []
    monkeypatch.setattr(made, "wish", lambda session, view, own=made.wish: (asked.append((view, own(session, view))), asked[-1][1])[1])
    out = [made.frame(k, frames[k], masks[k], frames[k]) for k in range(COUNT)]
    assert [view.piece.frames for view, _ in asked] == [(0, 1, 2, 3, 4), (4, 5, 6, 7, 8)] and [view.piece.known for view, _ in asked] == [0, 1]
    for view, wish in asked:
        given = {name: np.stack([np.asarray(one) for one in clip]) for name, clip in wish.given.items()}
        assert wish.first.shape == (96, 64, 3) and wish.prompt == animated.WORDS and (wish.steps, wish.guidance) == (1, 1.5)
        rows, columns = view.box
        scale = np.array(view.size) / (columns.stop - columns.start, rows.stop - rows.start)
        for place, frame in enumerate(view.piece.frames):
            joints = skeleton.joints(person_at(frame))
            x, y = np.rint((joints[skeleton.BODY.index("neck"), :2] + 0.5 - (columns.start, rows.start)) * scale - 0.5).astype(int)
            assert tuple(given["pose_video"][place][y, x]) == (255, 85, 0), "the neck, in its own colour"
            hidden = view.hidden[place]
            assert not given["background_video"][place][hidden].any()
            assert np.array_equal(given["background_video"][place][~hidden], view.pictures[place][~hidden])
            assert np.array_equal(given["mask_video"][place] > 0, hidden)
            assert given["face_video"][place].shape == (tiny.animate.FACE, tiny.animate.FACE, 3) and given["face_video"][place].any()
            assert hidden.any() == (place >= view.piece.known)
    # The second piece begins with the last frame that the first one drew, which is known to it.
    view = asked[1][0]
    seen = cv2.resize(out[4][view.box], view.size, interpolation=cv2.INTER_AREA)
    assert np.abs(seen.astype(int) - view.pictures[0]).max() <= 1 and np.abs(frames[4][view.box].astype(int) - out[4][view.box]).max() > 20


def test_outside_the_grown_mask_no_bit_changes(shelf, pool, walking):
    frames, masks = clip()
    made = look(shelf, pool, frames, masks)
    for k in range(COUNT):
        out = made.frame(k, frames[k], masks[k], frames[k])
        hidden = animated.blocks(masks[k], animated.GROWN)
        assert hidden[masks[k]].all() and hidden.mean() < 2.2 * masks[k].mean()
        assert np.array_equal(out[~hidden], frames[k][~hidden])
        assert (out != frames[k]).any(axis=2)[masks[k]].mean() > 0.9
        assert (made.share(frames[k], masks[k])[masks[k]] == 1).all(), "nothing of the old person stays"
    assert made.details["model"] == WAN_ANIMATE.id and made.details["pipeline"] == "WanAnimatePipeline" and made.details["pieces"] == [5, 5]


def test_the_picture_the_pose_and_the_face_count(shelf, pool, walking, monkeypatch, tmp_path):
    frames, masks = clip()

    def middle(**fields: Any) -> np.ndarray:
        return look(shelf, pool, frames[:5], masks[:5], **fields).frame(2, frames[2], masks[2], frames[2]).astype(int)

    first = middle()
    assert np.array_equal(first, middle())
    Image.fromarray(255 - experts.picture(8, 96, 64)).save(tmp_path / "other.png")
    assert np.abs(first - middle(reference=tmp_path / "other.png"))[masks[2]].mean() > 0.5
    with monkeypatch.context() as patch:
        patch.setattr(driving.Drive, "face", lambda self, frame, picture, side: np.full((side, side, 3), 255, np.uint8))
        assert np.abs(first - middle())[masks[2]].max() > 0
    monkeypatch.setattr(skeleton, "drawn", lambda people, size, **more: np.zeros((size[1], size[0], 3), np.uint8))
    assert np.abs(first - middle())[masks[2]].mean() > 0.5


def test_going_on_from_a_known_frame_is_the_pipelines_own_way(shelf):
    """Two calls of five frames, the second with the last drawn frame as a known one, beside one call of two segments. A second call that knows nothing is far off."""
    from diffusers import WanAnimatePipeline

    pipeline = WanAnimatePipeline.from_pretrained(shelf / "data/models" / WAN_ANIMATE.id, local_files_only=True)
    pipeline.set_progress_bar_config(disable=True)
    size = (64, 48)
    whole = tiny.animate.driving(size, 9)
    shape = (1, 16, 3, 6, 8)
    noise = torch.randn(shape, generator=torch.Generator().manual_seed(1)), torch.randn(shape, generator=torch.Generator().manual_seed(7))

    def call(given: dict[str, Any], latents: torch.Tensor) -> np.ndarray:
        fixed = {"prompt": "a man", "width": size[0], "height": size[1], "segment_frame_length": 5, "num_inference_steps": 3, "guidance_scale": 1.0, "output_type": "np", **WAN_ANIMATE.drawing.fixed}
        return frames_of(pipeline(image=Image.fromarray(experts.picture(8, 96, 64)), generator=torch.Generator().manual_seed(7), latents=latents, **given, **fixed)).astype(int)

    own = call(whole, noise[0])
    first = call({name: one[:5] for name, one in whole.items()}, noise[0])
    assert np.array_equal(first, own[:5])
    later = {name: list(one[4:]) for name, one in whole.items()}
    blind = call(later, noise[1])
    later["background_video"][0] = Image.fromarray(first[4].astype(np.uint8))
    later["mask_video"][0] = Image.fromarray(np.zeros((size[1], size[0]), np.uint8))
    known = call(later, noise[1])
    off, without = (np.abs(one[1:] - own[5:]).mean() for one in (known, blind))
    assert off < 0.5 and without > 5 * off


def test_a_run_gives_a_clip_that_plays(shelf, pool, tmp_path):
    """Through the task, with ViTPose's own (random) weights, which are sure of all joints."""
    source = subject_clips.car()
    video = source.write(tmp_path / "clip.mp4")
    run = RunContext("0" * 32, tmp_path / "out", Settings(data_dir=tmp_path / "data", model_folders=str(shelf / "data/models"), device="cpu"), seed=3, pool=pool, preview_every=0.0)
    run.directory.mkdir()
    asked = request_of(shelf, video=video, subjects=[{"box": source.box()}], end=0.75)
    events = list(TASK.run(asked, run))
    made = next(event for event in events if isinstance(event, Result))
    found = probe(made.clip, run.settings)
    assert (found.width, found.height, found.frame_count) == (*subject_clips.SIZE, 9)
    assert made.details["model"] == WAN_ANIMATE.id
    assert [event.done for event in events if isinstance(event, Progress) and event.stage == "denoising"][-1] == 4
    assert any("processor" in event.text for event in events if isinstance(event, Note))


# What is refused


def test_all_that_is_missing_is_named_at_once(shelf, pool, tmp_path):
    frames, masks = clip()
    with pytest.raises(ModelUnavailable, match=r"Wan 2.2 Animate, 14B: 82.3 GB, Apache-2.0; ViTPose, base: 0.3 GB, Apache-2.0.*app.py fetch wan-animate-14b vitpose-base"):
        look(shelf, pool, frames, masks, data=tmp_path)
    forecast = TASK.forecast(request_of(shelf), Settings(data_dir=tmp_path))
    assert not forecast.able and "ViTPose" in forecast.line and "82 GB" in forecast.line
    (tmp_path / "models").mkdir()
    shutil.copytree(shelf / "data/models" / WAN_ANIMATE.id, tmp_path / "models" / WAN_ANIMATE.id)
    with pytest.raises(ModelUnavailable, match=r"app.py fetch vitpose-base"):
        look(shelf, pool, frames, masks, data=tmp_path)


def test_what_it_cannot_do_is_said(shelf, pool, walking, monkeypatch):
    frames, masks = clip()
    with pytest.raises(InvalidInput, match="needs a picture"):
        look(shelf, pool, frames, masks, reference=None, prompt="a knight")
    with pytest.raises(InvalidInput, match="one person at a time"):
        look(shelf, pool, frames, masks, subjects=[{"words": "left"}, {"words": "right"}])
    with pytest.raises(InvalidInput, match="does not know the action background"):
        TASK.check(request_of(shelf, action="background", background="the sea"))
    monkeypatch.setattr(PoseReader, "raw", lambda self, images, boxes: np.concatenate([np.stack([person_at(0)[:, :2]] * len(images)), np.full((len(images), 17, 1), 0.2)], 2))
    with pytest.raises(InvalidInput, match="does not look like a person"):
        look(shelf, pool, frames, masks)


# Faces


def test_the_face_is_cut_from_brows_to_chin_and_followed():
    found, portrait, face = faces.the_finder(), faces.portrait(), faces.portrait_face()
    place = np.full((500, 900, 3), 90, np.uint8)
    pictures, masks = [], []
    for k in range(6):
        picture, mask = place.copy(), np.zeros(place.shape[:2], bool)
        picture[60:460, 100 + 20 * k : 452 + 20 * k] = portrait
        mask[60:460, 100 + 20 * k : 452 + 20 * k] = True
        pictures.append(picture)
        masks.append(mask)

    class Sees(PoseReader):
        def __init__(self) -> None:
            pass

        def raw(self, images: Any, boxes: Any) -> np.ndarray:
            return np.stack([standing()] * len(images))

    drive = driving.read_drive(Held(np.stack(pictures)), lambda index: masks[index], [range(6)], Sees(), found)
    chin, brows = face.flat[152], face.flat[[105, 334]].mean(axis=0)
    for k in range(6):
        left, top, right, bottom = drive.faces[k] - [100 + 20 * k, 60, 100 + 20 * k, 60]
        assert top < brows[1] < chin[1] < bottom + 3 and left < face.flat[:, 0].min() + 3 and right > face.flat[:, 0].max() - 3
        assert 0.9 < (right - left) / (bottom - top) < 1.3
    crops = np.stack([drive.face(k, pictures[k], 128) for k in range(6)]).astype(int)
    assert np.abs(crops - crops.mean(axis=0)).mean() < 4 < 20 < crops.std(), "the same face, whatever the place"
    elsewhere = [np.zeros_like(mask) for mask in masks]
    for mask in elsewhere:
        mask[300:480, 760:880] = True
    assert driving.face_in(pictures[0], elsewhere[0], found, None) is None, "another person's face is not taken"


def test_faces_without_networks_lie_around_the_eyes():
    person = standing(80, 60)
    left, top, right, bottom = driving.head_of(person)
    assert left < 74 and right > 86 and top < 23 and 26 < bottom < 40
    person[1, 2] = 0.1
    assert driving.head_of(person) is None
    boxes = [(10.0 + 2 * k, 10.0, 30.0 + 2 * k, 30.0) for k in range(12)]
    gaps: list[Any] = [None if k in (4, 5) else box for k, box in enumerate(boxes)]
    np.testing.assert_allclose(driving.steadied(gaps), boxes, atol=1e-9)
    assert np.isnan(driving.steadied([None, None])).all()
    drive = driving.Drive({0: 0}, np.zeros((1, 17, 3)), np.full((1, 4), np.nan))
    assert not drive.face(0, np.full((40, 40, 3), 200, np.uint8), 16).any()
