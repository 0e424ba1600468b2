"""Voices and faces asked through the form's fields: answered by the real helper, in the shape that the widgets draw."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.media.images import write_image
from engine.media.writer import ClipWriter
from engine.settings import Settings
from studio.heads import FaceField, VoiceField
from studio.service import Studio

RATE = 16000


@pytest.fixture
def studio(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "cache"))
    running = Studio(settings)
    yield running
    running.helper.stop()


def clip(path: Path, *, sound: bool) -> Path:
    """A grey clip of one second; its sound is silent in the first half."""
    t = np.arange(RATE) / RATE
    tone = (np.sin(2 * np.pi * 200 * t) * (t >= 0.5) * 0.5).astype(np.float32)
    with ClipWriter(path, fps=12, audio=(tone, RATE) if sound else None) as out:
        for _ in range(12):
            out.write(np.full((48, 64, 3), 90, np.uint8))
    return path


def call(widget: Any, name: str, data: dict[str, Any]) -> dict[str, Any]:
    answer = getattr(widget, name)(data)
    return dict(asyncio.run(answer) if asyncio.iscoroutine(answer) else answer)


def test_a_videos_sound_becomes_peaks_on_the_page(studio: Studio, tmp_path: Path) -> None:
    track: Any = VoiceField().build(studio)
    shown = track.postprocess({"audio": clip(tmp_path / "speaker.mp4", sound=True)})
    answer = call(track, "listen", shown)
    assert abs(answer["seconds"] - 1) < 0.1 and answer["sound"] is None and len(answer["peaks"]) > 100
    heights = [high - low for low, high in answer["peaks"]]
    half = len(heights) // 2
    assert max(heights[: half - 60]) < 0.05 < 0.5 < max(heights[half:]), "quiet before the middle, loud after it"


def test_a_video_may_be_the_voice_only_when_it_has_sound(studio: Studio, tmp_path: Path) -> None:
    portrait = write_image(tmp_path / "me.png", np.full((64, 64, 3), 120, np.uint8))
    loud, silent = (clip(tmp_path / f"{name}.mp4", sound=name == "loud") for name in ("loud", "silent"))
    _, request = studio.request("talking-head", {"portrait": str(portrait), "audio": str(loud)}, keep=True)
    assert Path(str(request.model_dump()["audio"])).suffix == ".mp4"
    with pytest.raises(InvalidInput, match="holds video, not audio"):
        studio.request("talking-head", {"portrait": str(portrait), "audio": str(silent)}, keep=True)
    with pytest.raises(InvalidInput, match="holds video, not image"):
        studio.request("talking-head", {"portrait": str(loud), "audio": str(loud)}, keep=True)


def test_what_the_helper_refuses_is_a_sentence_on_the_page(studio: Studio, tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound")
    track: Any = VoiceField().build(studio)
    editor: Any = FaceField().build(studio)
    assert "broken.wav" in call(track, "listen", track.postprocess({"audio": broken}))["error"]
    assert "broken.wav" in call(editor, "look", editor.postprocess({"portrait": broken}))["error"]
