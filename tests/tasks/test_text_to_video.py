"""Text to video by the diorama: the clip shows what the words say, measured on the pixels; strange words are named, not hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from engine.errors import StudioError
from engine.execution import perform
from engine.media.video import open_video
from engine.settings import Settings
from engine.task import get_task, parse_request
from engine.tasks.text_to_video.quick import read_prompt

TASK = get_task("text-to-video")


def make(folder: Path, **fields: Any) -> tuple[np.ndarray, list[str], dict[str, Any]]:
    """Frames (T, H, W, 3), notes and the document of a small clip."""
    notes: list[str] = []
    results = fields.pop("results", lambda run_id: None)
    request = parse_request(TASK, {"seconds": 1.5, "fps": 8, "width": 192, "height": 192, **fields})
    outcome = perform(
        TASK, request, run_id="b" * 32, seed=fields.get("seed", 3), settings=Settings(), staging=folder / "staging", destination=folder / "out",
        emit=lambda kind, data: notes.append(data["text"]) if kind == "note" else None, results=results,
    )  # fmt: skip
    assert outcome.state == "done", outcome.error
    with open_video(folder / "out" / "result.mp4", Settings()) as reader:
        frames = np.stack(list(reader))
    return frames, notes, json.loads((folder / "out" / "run.json").read_text())


def ground(frames: np.ndarray) -> float:
    """Median sideways displacement of the lower half in px a frame: the camera's, clouds and subjects apart. Positive is to the right."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)[frame.shape[0] // 2 :] for frame in frames]
    return float(np.mean([np.median(flow.calc(a, b, None)[..., 0]) for a, b in zip(grey, grey[1:], strict=False)]))


def moved(frames: np.ndarray) -> np.ndarray:
    """Mean displacement (x, y) in px a frame of the pixels that move most: the subject, when the camera is still. A frozen clip gives 0."""
    flow = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    means = []
    for a, b in zip(grey, grey[1:], strict=False):
        field = flow.calc(a, b, None)
        speed = np.linalg.norm(field, axis=2)
        most = speed >= max(0.3, np.quantile(speed, 0.97))
        means.append(field[most].mean(axis=0) if most.any() else np.zeros(2))
    return np.mean(means, axis=0)


@pytest.mark.parametrize(
    ("prompt", "axis", "sign"),
    [
        ("a large red balloon drifts to the left over the hills", 0, -1),
        ("a large red balloon drifts to the right over the hills", 0, 1),
        ("a large blue rocket rises quickly into the sky over the desert", 1, -1),
        ("a large yellow kite comes down over the beach", 1, 1),
    ],
)
def test_direction_words_are_obeyed_by_the_pixels(tmp_path: Path, prompt: str, axis: int, sign: int) -> None:
    frames, _, _ = make(tmp_path, prompt=prompt)
    displacement = moved(frames)
    assert sign * displacement[axis] > 0.4, "a frozen clip gives 0, the opposite word the opposite sign"


def test_time_of_day_and_colour_are_seen(tmp_path: Path) -> None:
    night, _, _ = make(tmp_path / "a", prompt="a large red car stands in the desert at night")
    day, _, _ = make(tmp_path / "b", prompt="a large red car stands in the desert at noon")
    green, _, _ = make(tmp_path / "c", prompt="a large green car stands in the desert at noon")
    assert day.mean() > night.mean() + 40
    difference = day[0].astype(int) - green[0].astype(int)
    changed = np.abs(difference).max(axis=2) > 40
    assert 0.01 < changed.mean() < 0.25 and difference[changed][:, 0].mean() > 40 > difference[changed][:, 1].mean(), "only the car changes, from green to red"


def test_the_camera_field_overrides_the_words(tmp_path: Path) -> None:
    still, _, _ = make(tmp_path / "a", prompt="a house on the hills")
    panned, _, document = make(tmp_path / "b", prompt="a house on the hills", camera="pan right")
    assert abs(ground(still)) < 0.05 < 0.5 < -ground(panned), "the land moves to the left"
    assert document["request"]["camera"] == "pan right"


def test_unknown_words_are_named_with_near_ones(tmp_path: Path) -> None:
    _, notes, document = make(tmp_path, prompt="a red baloon and a zorblax over the hills")
    assert any("zorblax" in note for note in notes)
    assert any("baloon" in note and "balloon" in note for note in notes), "a misspelt word is taken for what it is near, and it says so"
    assert "zorblax" in document["result"]["details"]["unknown"]


@pytest.mark.parametrize("prompt", ["🎬🎬", "عربي فقط", "xyzzy plugh", "   hello   "])
def test_words_that_mean_nothing_here_still_give_a_clip_and_say_so(tmp_path: Path, prompt: str) -> None:
    _, notes, _ = make(tmp_path, prompt=prompt, seconds=0.5)
    assert any("No word of the prompt" in note for note in notes)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"prompt": ""}, "the prompt is empty"),
        ({"prompt": " \n "}, "the prompt is empty"),
        ({"prompt": "x" * 10_000}, "2000 characters"),
        ({"prompt": "a boat", "seconds": 600}, "seconds=600"),
        ({"prompt": "a boat", "width": 1900, "height": 64}, "longer than 4 to 1"),
        ({"prompt": "a boat", "model": "best"}, "model='best'"),
        ({}, "prompt is missing"),
    ],
)
def test_wrong_requests_are_one_clear_line(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(StudioError, match=words) as caught:
        parse_request(TASK, fields)
    assert "\n" not in caught.value.line


def test_odd_sizes_are_padded_and_the_same_seed_is_the_same_clip(tmp_path: Path) -> None:
    first, _, _ = make(tmp_path / "a", prompt="a duck on the river", width=257, height=191, seed=11)
    again, _, _ = make(tmp_path / "b", prompt="a duck on the river", width=257, height=191, seed=11)
    other, _, _ = make(tmp_path / "c", prompt="a duck on the river", width=257, height=191, seed=12)
    assert first.shape[1:] == (192, 258, 3)
    assert np.array_equal(first, again) and not np.array_equal(first, other)


def test_prompts_take_over_and_dissolve(tmp_path: Path) -> None:
    frames, _, document = make(tmp_path, prompt="a large red car stands in the desert at noon; at 0.8 s: a house in the snow at night", seconds=1.6, fps=10)
    light = frames.mean(axis=(1, 2, 3))
    noon, _, _ = make(tmp_path / "alone", prompt="a large red car stands in the desert at noon;", seconds=1.6, fps=10)
    assert np.abs(frames[0].astype(int) - noon[0]).mean() < 3, "until the change it is the first scene alone"
    assert light[0] > light[-1] + 40 and np.all(np.diff(light) < 6), "from noon to night; one scene alone stays within 3"
    assert np.abs(np.diff(light)).max() < 0.4 * (light[0] - light[-1]), "a hard cut drops by all of it at once"
    assert "house" in document["result"]["details"]["understood"] and "car" in document["result"]["details"]["understood"]


def test_motion_strength_and_loops_are_seen(tmp_path: Path) -> None:
    prompt = "a large red balloon drifts to the left over the hills"
    still, _, _ = make(tmp_path / "a", prompt=prompt, width=128, height=128, motion=0)
    half, _, _ = make(tmp_path / "b", prompt=prompt, width=128, height=128, motion=0.5)
    plain, _, _ = make(tmp_path / "c", prompt=prompt, width=128, height=128)
    loop, _, _ = make(tmp_path / "d", prompt=prompt, width=128, height=128, loop="loop")
    back, _, _ = make(tmp_path / "e", prompt=prompt, width=128, height=128, loop="boomerang")
    assert np.abs(np.diff(still.astype(int), axis=0)).mean() < 0.5 and 0.3 < moved(half)[0] / moved(plain)[0] < 0.7
    seam = [np.abs(clip[0].astype(int) - clip[-1]).mean() / np.abs(np.diff(clip.astype(int), axis=0)).mean() for clip in (plain, loop, back)]
    assert max(seam[1:]) < 1.5 < 2.0 < seam[0], "the jump from the last frame to the first in mean steps: 2.2 for a clip played once"


def test_a_draft_is_half_as_wide_and_finished_as_the_whole_clip_would_be(tmp_path: Path) -> None:
    fields: dict[str, Any] = {"prompt": "a duck on the river at 0.3 s: it is night", "seconds": 0.5, "seed": 11}
    draft, _, document = make(tmp_path / "draft", **fields, draft=True)
    assert draft.shape[1:3] == (96, 96) and document["result"]["details"]["takes"][0]["draft"]
    whole, _, _ = make(tmp_path / "whole", **fields)
    other = {**fields, "seed": 12, "prompt": "a cat"}  # only the draft's scene can give the duck again
    finished, _, _ = make(tmp_path / "finished", **other, continue_run="b" * 32, results=lambda run_id: tmp_path / "draft" / "out")
    assert np.array_equal(finished, whole)
    double, _, _ = make(tmp_path / "double", **fields, upscale="2x")
    assert double.shape[1:3] == (384, 384)


def test_the_animatic_reads_every_prompt_and_draws_the_first() -> None:
    text = "a red balloon; at 1 s: a blue dog"
    value, _ = read_prompt({"prompt": text}, Settings())
    assert [text[start:end] for start, end, _ in value["understood"]] == ["red", "balloon", "blue", "dog"] and value["unknown"] == [] and "at 1 s: a blue dog" in value["said"]


def test_the_animatic_is_the_clip_made_small() -> None:
    value, blobs = read_prompt({"prompt": "a red balloon rises over the hills", "seed": 3, "width": 256, "height": 256}, Settings())
    grid = cv2.imdecode(np.frombuffer(blobs[0], np.uint8), cv2.IMREAD_COLOR)
    assert grid.shape == (value["height"] * value["count"] // value["cols"], value["width"] * value["cols"], 3)
    assert [meaning for _, _, meaning in value["understood"]] and value["unknown"] == [] and "balloon" in value["said"]
    assert read_prompt({"prompt": "  "}, Settings())[0]["count"] == 0
