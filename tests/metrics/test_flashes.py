"""Flashes: found where they are, not where light only rises, and held back."""

from __future__ import annotations

import numpy as np
import pytest

from engine.metrics.flashes import FlashGuard, FlashMeter, luminance

FPS = 24.0


def clip(rate: float, seconds: float = 2.0, low: int = 20, high: int = 230) -> list[np.ndarray]:
    """Frames that switch between two greys `rate` whole flashes a second."""
    return [np.full((32, 32, 3), high if int(k / FPS * rate * 2) % 2 else low, np.uint8) for k in range(int(seconds * FPS))]


def worst(frames: list[np.ndarray]) -> int:
    meter = FlashMeter(FPS)
    for frame in frames:
        meter.feed(luminance(frame))
    return meter.worst


@pytest.mark.parametrize("rate", [1.0, 2.0, 4.0, 6.0])
def test_flashes_are_counted(rate: float) -> None:
    assert abs(worst(clip(rate)) - rate) <= 1


def test_what_is_no_flash() -> None:
    assert worst(clip(6.0, low=120, high=126)) == 0, "too small a change"
    ramp = [np.full((32, 32, 3), int(255 * k / 47), np.uint8) for k in range(48)]
    assert worst(ramp) == 0, "light that only rises"
    corner = clip(6.0)
    for frame in corner:
        frame[8:] = 60
        frame[:, 8:] = 60
    assert worst(corner) == 0, "a sixteenth of the picture"


def test_the_guard_holds_back_what_would_harm_and_nothing_else() -> None:
    guard = FlashGuard(FPS)
    safe = [guard.through(frame) for frame in clip(6.0)]
    assert guard.held > 0
    assert worst(safe) <= 3 < worst(clip(6.0))
    calm = clip(1.0)
    other = FlashGuard(FPS)
    assert all((other.through(frame) == frame).all() for frame in calm)
    assert other.held == 0
