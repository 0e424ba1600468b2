"""Beat meter on changes at known moments."""

from __future__ import annotations

import numpy as np

from engine.metrics.hits import changes, hit_share, shuffled_share

FPS = 24


def frames(moments: list[float], seconds: float = 6.0) -> list[np.ndarray]:
    """Small frames that change at moments."""
    out, shade = [], 0
    for k in range(int(seconds * FPS)):
        shade += 40 * any(abs(k - m * FPS) < 0.5 for m in moments)
        out.append(np.full((8, 8, 3), shade % 256, np.uint8))
    return out


def test_changes_on_the_beat_are_hits() -> None:
    beats = np.arange(0.5, 6.0, 0.5)
    change = changes(frames(list(beats)))
    assert hit_share(change, beats, FPS) == 1.0
    assert shuffled_share(change, beats, FPS) < 0.55
    assert hit_share(change, beats + 0.25, FPS) == 0.0, "changes between the beats are none"


def test_a_still_picture_and_a_steady_fade_hit_nothing() -> None:
    beats = np.arange(0.5, 6.0, 0.5)
    assert hit_share(np.zeros(100), beats, FPS) == 0.0
    assert hit_share(np.full(144, 3.0), beats, FPS) == 0.0
    assert hit_share(changes(frames([1.0])), np.zeros(0), FPS) == 0.0
