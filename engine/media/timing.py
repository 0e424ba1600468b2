"""Constant frame rate from true timestamps: which source frame stands at each output frame. Pure: no decoder.

Output frame i stands for the time start + i / fps and shows the last source frame whose own time is at most half an
output frame later. A source that already has the rate passes unchanged even when its container rounds times to
milliseconds; any other stays within half an output frame of its sound, however long it is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, TypeVar

F = TypeVar("F")

# Rates that cameras and editors mean when a measured rate is near one of them.
_STANDARD = tuple(map(Fraction, ("10", "12", "15", "24000/1001", "24", "25", "30000/1001", "30", "48", "50", "60000/1001", "60")))
MAX_RATE = 240
# A variable-rate clip is read at the rate of its quickest part, but no quicker than this unless asked.
MAX_FREE_RATE = 60


@dataclass(frozen=True)
class Rate:
    """fps: exact frames a second; start, end: seconds from the clip's own beginning; count: frames expected."""

    fps: Fraction
    start: float
    end: float

    @property
    def count(self) -> int:
        """Frames from start to end; at least one."""
        return max(1, math.floor((self.end - self.start) * float(self.fps) + 0.5))

    @property
    def text(self) -> str:
        """The rate as `numerator/denominator`."""
        return f"{self.fps.numerator}/{self.fps.denominator}"


def plan_rate(facts: dict[str, Any], options: dict[str, Any]) -> Rate:
    """The rate at which a clip of these facts is read. Options: fps (a `n/d` text or None for the clip's own), start, end."""
    wanted = options.get("fps")
    fps = Fraction(wanted) if wanted else own_rate(facts["fps"], facts["shortest_gap"], variable=facts["variable_rate"])
    start = max(0.0, float(options.get("start") or 0.0))
    duration = max(facts["duration"], 1.0 / float(fps))
    end = options.get("end")
    return Rate(fps, min(start, duration), min(float(end), duration) if end is not None else duration)


def own_rate(mean: float, shortest_gap: float, *, variable: bool) -> Fraction:
    """The rate that loses none of a clip's frames: its mean rate, or that of its shortest gap (s) when it varies."""
    if variable and shortest_gap > 0:
        # Measured over few frames with times in milliseconds, 30 frames a second look like 30.3.
        return nearest_standard(min(1.0 / shortest_gap, MAX_FREE_RATE), tolerance=0.02)
    return nearest_standard(mean) if mean > 0 else Fraction(25)


def nearest_standard(fps: float, tolerance: float = 5e-4) -> Fraction:
    """The standard rate within `tolerance` of `fps`, else `fps` itself as a fraction, at most `MAX_RATE`."""
    near = min(_STANDARD, key=lambda rate: abs(float(rate) - fps))
    if abs(float(near) - fps) <= tolerance * fps:
        return near
    return min(Fraction(fps).limit_denominator(1001), Fraction(MAX_RATE)) or Fraction(1, 1001)


class Pacer(Generic[F]):
    """Takes source frames with their times, calls `emit(frame)` and `repeat()` so that the output has a constant rate."""

    def __init__(self, rate: Rate, *, emit: Callable[[F], None], repeat: Callable[[], None]) -> None:
        self._rate, self._emit, self._repeat = rate, emit, repeat
        self._held: F | None = None
        self._sent_held = False
        self.sent = 0

    @property
    def full(self) -> bool:
        """True when every output frame has been sent: decoding may stop."""
        return self.sent >= self._rate.count

    def put(self, time: float, frame: F) -> None:
        """A source frame that begins at `time`, in seconds from the clip's beginning. Times must not fall."""
        self._fill(self._slot(time))
        self._held, self._sent_held = frame, False

    def finish(self, time: float) -> None:
        """No more frames; the last one stands until `time`. At least one frame is sent if any was put."""
        self._fill(max(self._slot(time), 1) if self.sent == 0 else self._slot(time))

    def _slot(self, time: float) -> int:
        return math.floor((time - self._rate.start) * float(self._rate.fps) + 0.5)

    def _fill(self, end: int) -> None:
        if self._held is None:
            return
        while self.sent < min(end, self._rate.count):
            if self._sent_held:
                self._repeat()
            else:
                self._emit(self._held)
                self._sent_held = True
            self.sent += 1
