"""Overlapping windows over the frames of a long clip, for co-denoising (Gen-L-Video, Wang et al. 2023). Pure Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.errors import InvalidInput


@dataclass(frozen=True)
class Windows:
    """Windows of `size` frames, one every `stride`. At each step the model sees them one by one and its outputs are averaged where they overlap.

    weights: `triangular` trusts the middle of a window most, `flat` all of it alike. loop: windows run on across the end into the start,
    so that a clip's last frame leads to its first.
    """

    size: int
    stride: int
    weights: Literal["triangular", "flat"] = "triangular"
    loop: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.size:
            raise InvalidInput(f"windows of {self.size} frames every {self.stride} leave gaps", fix="choose a stride from 1 to the size")

    def spans(self, frames: int) -> tuple[tuple[int, ...], ...]:
        """The frames of each window. Every frame is in one: when the last stride does not fit, one more window ends at the last frame."""
        if frames <= self.size:
            return (tuple(range(frames)),)
        if self.loop:
            return tuple(tuple((start + k) % frames for k in range(self.size)) for start in range(0, frames, self.stride))
        starts = [*range(0, frames - self.size, self.stride), frames - self.size]
        return tuple(tuple(range(start, start + self.size)) for start in starts)

    def trust(self, count: int) -> tuple[float, ...]:
        """The weight of each frame of a window of `count`; the largest is 1."""
        if self.weights == "flat":
            return (1.0,) * count
        top = (count + 1) // 2
        return tuple(min(k + 1, count - k) / top for k in range(count))
