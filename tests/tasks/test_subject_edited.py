"""Large editors in Subject replacement, Wan VACE on a tiny copy with random weights: what changes and what does not, how pieces join, Stop, memory, and the whole task to a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
import torch

from engine.catalog.video.vace import CARDS, SMALL
from engine.context import RunContext
from engine.errors import Cancelled, InvalidInput, ModelUnavailable, OutOfMemory
from engine.execution import perform
from engine.hub import looks, session
from engine.hub.known import known_frames
from engine.media.frames import Held
from engine.media.images import write_image
from engine.media.video import open_video
from engine.residency import ModelPool
from engine.settings import Settings
from engine.task import Event, Note, Preview, Progress, Stage, parse_request
from engine.tasks.subject_swap import TASK, cost, models
from engine.tasks.subject_swap.actions import Draws, look_of
from engine.tasks.subject_swap.edited import on_white, room_around
from engine.tasks.subject_swap.large import LargeLook, matched
from engine.tasks.subject_swap.pieces import OVERLAP, box_of, pieces_of, seen_in, size_of, stride_of
from engine.tasks.subject_swap.request import SubjectSwapRequest
from engine.tasks.text_to_video.models import LARGE
from tests import subject_clips as clips
from tests.hub import tiny

COUNT, SIZE, FPS = 22, (96, 64), 16.0
MOST, STEPS = 13, 2


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A data folder with a tiny copy of the small card; 13 frames at once, two steps, previews at each."""
    root = tmp_path_factory.mktemp("edited")
    tiny.MAKERS[SMALL.id](root / "models" / SMALL.id)
    small = tiny.small(SMALL, steps=STEPS, most=MOST, frames=MOST)
    noise = np.random.default_rng(0).integers(0, 255, (2, 64, 64, 3), np.uint8)
    with (
        patch.object(looks, "stills", lambda: noise), patch.object(session, "SHARE", float("inf")), patch.object(session.gc, "collect", lambda: 0),
        patch.dict(models.EDITORS, {SMALL.id: small}),
    ):  # fmt: skip
        yield Settings(data_dir=root, device="cpu")


@pytest.fixture(scope="module")
def pool() -> ModelPool:
    return ModelPool(2**31)


@pytest.fixture(scope="module")
def video() -> np.ndarray:
    """(T, H, W, 3): a ramp with noise."""
    ramp = np.linspace(40, 200, SIZE[0])[None, None, :, None] + np.zeros((COUNT, SIZE[1], 1, 3))
    return (ramp + np.random.default_rng(1).integers(-20, 20, ramp.shape)).astype(np.uint8)


@pytest.fixture(scope="module")
def masks() -> np.ndarray:
    """(T, H, W): a rectangle that goes to the right."""
    found = np.zeros((COUNT, SIZE[1], SIZE[0]), bool)
    for k in range(COUNT):
        found[k, 22:42, 8 + 2 * k : 24 + 2 * k] = True
    return found


def request_of(**fields: Any) -> SubjectSwapRequest:
    return SubjectSwapRequest.model_validate({"video": "clip.mp4", "action": "replace", "prompt": "a green bus", "drawing": SMALL.id, **fields})


def look_for(settings: Settings, pool: ModelPool | None, video: np.ndarray, masks: np.ndarray, shots: Any = None, *, fps: float = FPS, cancelled: Any = lambda: False, **fields: Any) -> LargeLook:
    run = RunContext("0" * 32, settings.data_dir, settings, 3, pool=pool, preview_every=0.0, cancelled=cancelled)
    made = look_of(request_of(**fields), run, Held(video, fps), lambda index: masks[index], shots or [(0, len(video) - 1)])
    assert isinstance(made, LargeLook) and isinstance(made, Draws)
    return made


def drawn(look: LargeLook, video: np.ndarray, masks: np.ndarray) -> tuple[np.ndarray, list[Event]]:
    events: list[Event] = []
    out = []
    for k in range(len(video)):
        events += look.draws(k)
        out.append(look.frame(k, video[k], masks[k], video[k]))
    return np.stack(out), events


@pytest.fixture(scope="module")
def told() -> list[dict[str, Any]]:
    """What each call of the pipeline was given."""
    return []


@pytest.fixture(scope="module")
def swapped(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray, told: list[dict[str, Any]]) -> tuple[np.ndarray, list[Event], LargeLook]:
    look = look_for(settings, pool, video, masks)
    own = session.arguments

    def watched(*given: Any) -> Any:
        told.append(own(*given))
        return told[-1]

    with patch.object(session, "arguments", watched):
        return *drawn(look, video, masks), look


def test_inside_the_mask_is_drawn_anew_and_outside_the_grown_one_no_bit_changes(swapped: Any, video: np.ndarray, masks: np.ndarray) -> None:
    out, _, look = swapped
    rooms = np.stack([look.hidden(mask) for mask in masks])
    assert np.array_equal(out[~rooms], video[~rooms]) and (~rooms).mean() > 0.6
    assert (out != video).any(3)[masks].mean() > 0.95  # a no-op: 0
    assert np.abs(out.astype(int) - video)[masks].mean() > 10


def test_the_model_sees_grey_under_the_mask_and_the_source_around_it(told: list[dict[str, Any]], swapped: Any, video: np.ndarray, masks: np.ndarray) -> None:
    _, _, look = swapped
    first, piece = told[0], look.pieces[0]
    hidden = first["mask"][0, ..., 0] > 0
    assert first["video"].shape == first["mask"].shape == (1, len(piece.frames), first["height"], first["width"], 3)
    assert first["num_frames"] % 4 == 1 and first["width"] % 16 == first["height"] % 16 == 0
    assert (first["video"][0][hidden] == 0.5).all() and 0.05 < hidden.mean() < 0.7
    box = box_of(np.logical_or.reduce([look.hidden(masks[k]) for k in range(piece.frames[0], piece.frames[-1] + 1)]))
    seen = seen_in(video[piece.frames[4]], box, (first["width"], first["height"]))
    assert np.allclose(first["video"][0, 4][~hidden[4]], seen[~hidden[4]] / 255)
    assert first["prompt"] == "a green bus" and "reference_images" not in first


def test_a_piece_goes_on_from_the_last_frames_of_the_one_before(told: list[dict[str, Any]], swapped: Any, masks: np.ndarray) -> None:
    out, _, look = swapped
    assert len(look.pieces) == len(told) > 1
    for before, piece, given in zip(look.pieces[:-1], look.pieces[1:], told[1:], strict=True):
        assert piece.frames[:OVERLAP] == before.frames[-OVERLAP:] and piece.since == before.until + 1
        assert not given["mask"][0, :OVERLAP].any() and given["mask"][0, OVERLAP:].any(axis=(1, 2, 3)).all()
        box = box_of(np.logical_or.reduce([look.hidden(masks[k]) for k in range(piece.frames[0], piece.frames[-1] + 1)]))
        for place in range(OVERLAP):
            seen = seen_in(out[piece.frames[place]], box, (given["width"], given["height"]))
            assert np.array_equal(np.rint(given["video"][0, place] * 255), seen)


def test_steps_previews_and_the_placing_are_told(swapped: Any) -> None:
    _, events, look = swapped
    progress = [(event.done, event.total) for event in events if isinstance(event, Progress)]
    total = STEPS * len(look.pieces)
    assert progress == [(k, total) for k in range(1, total + 1)]
    previews = [event.frames for event in events if isinstance(event, Preview)]
    assert previews and all(one.ndim == 4 and one.dtype == np.uint8 and one.std() > 3 for one in previews)
    assert any("on the processor" in event.text for event in events if isinstance(event, Note)) and any("graphics card" in note for note in look.notes)
    assert look.details["model"] == SMALL.id and set(look.details["weights"]) == {"transformer", "text_encoder", "vae"}


def test_a_reference_is_given_on_white_and_left_out_of_previews_and_frames(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray, tmp_path: Path) -> None:
    picture = np.full((60, 50, 4), 0, np.uint8)
    picture[15:45, 10:40] = (30, 160, 60, 255)
    write_image(tmp_path / "new.png", picture)
    plain = look_for(settings, pool, video[:9], masks[:9], prompt="a bus")
    with_it = look_for(settings, pool, video[:9], masks[:9], prompt="a bus", reference=tmp_path / "new.png")
    corner, middle = with_it.references[0][0, 0], with_it.references[0][tuple(side // 2 for side in with_it.references[0].shape[:2])]  # type: ignore[attr-defined]
    assert (corner == 255).all() and np.abs(middle.astype(int) - (30, 160, 60)).max() < 6
    (one, _), (other, events) = drawn(plain, video[:9], masks[:9]), drawn(with_it, video[:9], masks[:9])
    assert one.shape == other.shape and not np.array_equal(one, other)
    assert all(len(event.frames) == 3 for event in events if isinstance(event, Preview))  # 9 frames are 3 of the latents; the picture's own is a fourth


def test_cuts_begin_new_pieces_and_frames_without_the_subject_stay(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray) -> None:
    gone = masks.copy()
    gone[14:] = False
    look = look_for(settings, pool, video, gone, [(0, 6), (7, COUNT - 1)])
    assert [(piece.since, piece.until, piece.known) for piece in look.pieces] == [(0, 6, 0), (7, 13, 0)]
    assert set(look.pieces[0].frames) <= set(range(7)) and max(look.pieces[1].frames) >= 13
    out, _ = drawn(look, video, gone)
    assert np.array_equal(out[14:], video[14:]) and not np.array_equal(out[:14], video[:14])


def test_another_background_leaves_the_subject(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray) -> None:
    out, _ = drawn(look_for(settings, pool, video[:9], masks[:9], action="background", background="a snow field"), video[:9], masks[:9])
    core = np.stack([room_around(~mask, 0.0)[0] for mask in masks[:9]])
    assert np.array_equal(out[~core], video[:9][~core]) and (~core).any()
    assert np.abs(out.astype(int) - video[:9])[~masks[:9]].mean() > 10


def test_stop_ends_it_after_the_step_at_work_and_keeps_what_was_drawn(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray) -> None:
    pressed: list[bool] = []
    look = look_for(settings, pool, video, masks, cancelled=lambda: bool(pressed))
    steps = []
    for event in look.draws(0):
        if isinstance(event, Stage) and event.name == "denoising":
            pressed.append(True)
        if isinstance(event, Progress):
            steps.append(event.done)
    assert steps[-1] == 1 and look.stopped and look.holds(0)
    assert not np.array_equal(look.frame(0, video[0], masks[0], video[0]), video[0])
    with pytest.raises(Cancelled):
        list(look.draws(look.pieces[1].since))


def test_memory_that_runs_out_is_told_and_the_next_run_is_fine(settings: Settings, pool: ModelPool, video: np.ndarray, masks: np.ndarray, swapped: Any) -> None:
    def full(*given: Any, **named: Any) -> None:
        raise torch.OutOfMemoryError("no room")

    from diffusers import WanVACETransformer3DModel

    with patch.object(WanVACETransformer3DModel, "forward", full), pytest.raises(OutOfMemory) as refused:
        drawn(look_for(settings, pool, video, masks), video, masks)
    assert refused.value.field == "drawing" and "smaller editor" in refused.value.fix
    assert np.array_equal(drawn(look_for(settings, pool, video, masks), video, masks)[0], swapped[0])


def test_what_is_missing_is_told_before_anything_is_drawn(settings: Settings, video: np.ndarray, masks: np.ndarray) -> None:
    large = CARDS[1]
    with pytest.raises(ModelUnavailable, match=rf"{large.title}.*MB, Apache-2.0.*fetch {large.id}"):
        look_for(settings, None, video, masks, drawing=large.id)
    asked = request_of(drawing=large.id)
    refused = TASK.forecast(asked, settings)
    assert not refused.able and f"{large.bytes / 1e9:.0f} GB, Apache-2.0" in refused.line and TASK.weights(asked, settings) == ()
    here = TASK.forecast(request_of(), settings)
    assert here.able and "on the processor" in here.line and "hours" in here.line and here.memory_mib
    assert {path.parent.name for path in TASK.weights(request_of(), settings)} == {"transformer", "text_encoder", "vae"}
    assert TASK.work(request_of()) > 2 * TASK.work(request_of(drawing="embedded"))
    with pytest.raises(InvalidInput, match="action restyle"):
        TASK.check(request_of(action="restyle"))
    with pytest.raises(InvalidInput, match="behind is not said"):
        look_for(settings, None, video, masks, action="background", prompt="")


def test_fewer_frames_are_drawn_at_once_where_memory_is_short(settings: Settings) -> None:
    from engine.hub.fit import Machine

    card, folder = SMALL, settings.data_dir / "models" / SMALL.id
    found = {}
    for mib in (100_000, 2000, 1200):
        with patch.object(cost, "machine_of", lambda device, more, mib=mib: Machine("cuda", mib, 100_000)):
            found[mib] = cost.room_of(card, folder, settings, "cuda")[0]
    assert found[100_000] == 81 > found[2000] > found[1200] > OVERLAP
    with patch.object(cost, "machine_of", lambda device, more: Machine("cuda", 100, 100_000)), pytest.raises(OutOfMemory, match="shorter range"):
        cost.room_of(card, folder, settings, "cuda")


def test_the_task_makes_a_clip_that_plays(settings: Settings, pool: ModelPool, tmp_path: Path) -> None:
    clip = clips.car()
    path = clip.write(tmp_path / "car.mp4")
    request = parse_request(TASK, {"video": str(path), "method": "embedded", "subjects": [{"box": clip.box()}], "action": "remove", "drawing": SMALL.id, "steps": 1, "guidance": 1.0})
    folder = tmp_path / "made"
    outcome = perform(TASK, request, run_id="r", seed=0, settings=settings, staging=tmp_path / "staging", destination=folder, emit=lambda *_: None, pool=pool)
    assert outcome.state == "done" and outcome.result is not None, outcome.error and outcome.error.line
    with open_video(folder / "result.mp4", settings) as reader:
        frames = np.stack(list(reader))
    assert frames.shape == clip.frames.shape
    inside, away = clip.masks[:, 0], np.stack([~room_around(mask, 0.3)[0] for mask in clip.masks[:, 0]])
    change = np.abs(frames.astype(int) - clip.frames).mean(3)
    assert change[inside].mean() > 15 > 5 > change[away].mean()
    details = outcome.result["details"]
    assert details["model"] == SMALL.id and details["pipeline"] == "WanVACEPipeline" and sum(details["pieces"]) >= len(frames)
    assert details["frames"] == len(frames) and (details["steps"], details["guidance"]) == (1, 1.0)
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["request"]["steps"] == 1


def test_pictures_at_any_frame_of_a_clip_from_words_are_known_frames() -> None:
    first, still, last = (np.full((48, 64, 3), level, np.uint8) for level in (10, 20, 30))
    given = known_frames((64, 48), 17, [(0, first), (8, still), (16, last)])
    assert given["video"].shape == given["mask"].shape == (1, 17, 48, 64, 3)
    assert [k for k in range(17) if not given["mask"][0, k].any()] == [0, 8, 16]
    assert np.allclose(given["video"][0, 8], 20 / 255) and (given["video"][0, 5] == 0.5).all()
    assert known_frames((64, 48), 17, []) == {}
    assert all(card.drawing is not None and card.drawing.anywhere and card.id in LARGE for card in CARDS)


# Geometry


def test_the_rate_is_near_the_one_that_was_taught() -> None:
    assert [stride_of(fps, 16.0) for fps in (8, 12, 16, 20, 24, 25, 30, 48, 60)] == [1, 1, 1, 1, 2, 2, 2, 3, 4]


@pytest.mark.parametrize("count", [1, 2, 5, 80, 81, 82, 157, 400])
@pytest.mark.parametrize("fps", [16.0, 30.0])
def test_pieces_show_every_frame_once_and_have_allowed_counts(count: int, fps: float) -> None:
    assert SMALL.drawing is not None
    pieces = pieces_of(lambda index: True, [(0, count - 1)], fps, SMALL.drawing)
    assert [frame for piece in pieces for frame in range(piece.since, piece.until + 1)] == list(range(count))
    for piece in pieces:
        assert len(piece.frames) % 4 == 1 and 5 <= len(piece.frames) <= 81 and max(piece.frames) < count
        for frame in range(piece.since, piece.until + 1):
            place = piece.where(frame)
            own = np.unique(piece.frames)
            assert np.interp(place, np.arange(len(own)), own) == pytest.approx(frame)


def test_boxes_hold_the_mask_and_stay_in_the_picture() -> None:
    assert SMALL.drawing is not None
    for rows, columns in ((slice(0, 10), slice(0, 10)), (slice(100, 400), slice(900, 950)), (slice(10, 20), slice(0, 1900)), (slice(0, 1080), slice(0, 1920))):
        mask = np.zeros((1080, 1920), bool)
        mask[rows, columns] = True
        box = box_of(mask)
        assert mask[box].sum() == mask.sum() and mask[box].shape == tuple(side.stop - side.start for side in box)
        width, height = size_of(box, SMALL.drawing)
        assert width % 16 == height % 16 == 0 and width * height <= 1.1 * 832 * 480


def test_colours_of_the_surroundings_are_put_right() -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(60, 180, (3, 40, 60, 3)).astype(np.uint8)
    hidden = np.zeros((3, 40, 60), bool)
    hidden[:, 10:30, 20:40] = True
    off = np.clip(pictures.astype(int) + (12, -8, 5), 0, 255).astype(np.uint8)
    assert np.abs(matched(off, pictures, hidden).astype(int) - pictures).max() <= 1
    assert np.array_equal(matched(off, pictures, np.ones_like(hidden)), off)


def test_a_picture_on_white_has_a_margin() -> None:
    made = on_white(np.full((40, 20, 3), 10, np.uint8), np.ones((40, 20), np.float32))
    assert made.shape == (46, 26, 3) and (made[0] == 255).all() and (made[23, 13] == 10).all()
