"""What a face does in one frame, as a handful of numbers. They say nothing about whose face it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """All zero is the closed, calm mouth of a face that otherwise stays as it is.

    opening: 0..1 how far the jaw is open (1 is a wide open speaking mouth, laughter goes beyond, to 1.5); width: -1 narrow to 1 wide; rounding, teeth (lower lip at
    the upper teeth): 0..1; press 0..1: how surely the lips are closed, over everything else; smile: -1 (corners down) to 1.5; squint, sad, blink: 0..1;
    brow: -1 lowered to 1 raised; gaze: eyes to the right and down in parts of the eye's width; yaw, pitch, roll: radians that the head turns to
    the picture's right, down, and clockwise; shift: the head's move to the right and down in widths between the outer eye corners; wide: 0..1 keep the photo's own open
    mouth instead of closing it.
    """

    opening: float = 0.0
    width: float = 0.0
    rounding: float = 0.0
    teeth: float = 0.0
    press: float = 0.0
    smile: float = 0.0
    squint: float = 0.0
    sad: float = 0.0
    brow: float = 0.0
    blink: float = 0.0
    gaze: tuple[float, float] = (0.0, 0.0)
    yaw: float = 0.0
    pitch: float = 0.0
    roll: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    wide: float = 0.0
