"""The echo of AAC is what a clip's sound really becomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.media.audio import read_audio
from engine.media.sound_echo import AacEcho
from engine.media.writer import ClipWriter
from engine.settings import Settings


def test_it_is_the_clips_own_sound(tmp_path: Path) -> None:
    sound = np.random.default_rng(0).normal(0, 0.3, (48_000, 2)).astype(np.float32)
    sound *= np.tile(np.exp(-np.arange(12_000) / 3000), 4)[:, None].astype(np.float32)
    echo = AacEcho(48_000)
    heard = np.concatenate([*(echo.feed(sound[at : at + 7001]) for at in range(0, 48_000, 7001)), echo.finish()])
    with ClipWriter(tmp_path / "a.mp4", fps=12, audio=(sound, 48_000)) as out:
        for _ in range(12):
            out.write(np.zeros((16, 16, 3), np.uint8))
    file, _ = read_audio(out.path, Settings())
    # The file is cut to its length and begins after the encoder's 1024 samples of priming.
    assert len(file) == 48_000 and np.abs(heard[1024 : 1024 + 48_000] - file).max() < 1e-6
    assert np.abs(file - sound).max() > 0.05  # and not the sound that went in
