"""From a request to a sealed result folder; every way to fail ends in one clear line and leaves nothing half done."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.execution import Outcome, perform
from engine.media.provenance import read_stamp
from engine.media.video import open_video
from engine.settings import Settings
from tests.engine.toy import TASK, ToyRequest


def perform_toy(settings: Settings, folder: Path, stop_after: int | None = None, **fields: Any) -> tuple[Outcome, list[tuple[str, dict[str, Any]]], Path]:
    events: list[tuple[str, dict[str, Any]]] = []
    looks = [0]

    def cancelled() -> bool:
        looks[0] += 1
        return stop_after is not None and looks[0] > stop_after

    outcome = perform(
        TASK, ToyRequest(**fields), run_id="a" * 32, seed=7, settings=settings, staging=folder / "staging", destination=folder / "result",
        emit=lambda kind, data: events.append((kind, data)), cancelled=cancelled,
    )  # fmt: skip
    return outcome, events, folder / "result"


def test_a_result_is_whole_and_says_what_made_it(settings: Settings, tmp_path: Path) -> None:
    outcome, events, folder = perform_toy(settings, tmp_path, frames=12)
    assert outcome.state == "done" and outcome.error is None
    document = json.loads((folder / "run.json").read_text())
    assert document["seed"] == 7 and document["request"]["frames"] == 12 and document["result"]["clip"] == "result.mp4"
    stamp = read_stamp(folder / "result.mp4", settings)
    assert stamp is not None and stamp.document == document, "run.json inside the MP4 and beside it are the same"
    with open_video(folder / "result.mp4", settings) as reader:
        frames = [np.asarray(frame) for frame in reader]
    assert len(frames) == 12 and frames[0].shape == (32, 48, 3)
    assert {"poster.jpg", "hover.webp", "result.mp4", "run.json"} <= {path.name for path in folder.iterdir()}
    assert not (tmp_path / "staging").exists()
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "stage" and "note" in kinds and "preview" in kinds and "progress" in kinds
    assert "work" in document["timings"]


def test_the_same_seed_gives_the_same_frames(settings: Settings, tmp_path: Path) -> None:
    greys = {perform_toy(settings, tmp_path / name)[0].result["meters"][0]["value"] for name in "ab"}  # type: ignore[index]
    assert len(greys) == 1


def test_stop_keeps_what_is_finished_as_a_playable_clip(settings: Settings, tmp_path: Path) -> None:
    outcome, _, folder = perform_toy(settings, tmp_path, frames=50, stop_after=20)
    assert outcome.state == "cancelled" and outcome.result is not None and outcome.result["partial"]
    with open_video(folder / "result.mp4", settings) as reader:
        assert 0 < sum(1 for _ in reader) < 50


def test_stop_before_anything_leaves_nothing(settings: Settings, tmp_path: Path) -> None:
    outcome, _, folder = perform_toy(settings, tmp_path, frames=50, stop_after=0)
    assert outcome == Outcome("cancelled") and not folder.exists() and not (tmp_path / "staging").exists()


@pytest.mark.parametrize(
    ("fail", "kind", "words"),
    [
        ("memory", "out-of-memory", "ran out of memory"),
        ("disk", "limit-exceeded", "disk is full"),
        ("input", "invalid-input", "frames=3 is odd: take 4"),
        ("nothing", "error", "without a result"),
        ("bug", "error", "ZeroDivisionError"),
    ],
)
def test_every_fault_is_one_clear_line(settings: Settings, tmp_path: Path, fail: str, kind: str, words: str) -> None:
    outcome, _, folder = perform_toy(settings, tmp_path, fail=fail)
    assert outcome.state == "failed" and outcome.error is not None
    assert outcome.error.kind == kind and words in outcome.error.line and "\n" not in outcome.error.line
    assert "Traceback" not in outcome.error.line and "secret detail" not in outcome.error.line
    assert not folder.exists() and not (tmp_path / "staging").exists()
