"""Small clips of the paper-cut world with exact masks, on which the subject tools are tested: made once for each test process, encoded once for each module."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.context import RunContext
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec

SIZE, FPS = (320, 180), 12.0


@dataclass(frozen=True)
class Clip:
    """frames: (T, H, W, 3) uint8; masks: (T, N, H, W) bool; plate: (T, H, W, 3), the frames without the subjects."""

    frames: np.ndarray
    masks: np.ndarray
    plate: np.ndarray

    def box(self, frame: int = 0, subject: int = 0) -> list[float]:
        """The subject's box in 0..1 on a frame."""
        ys, xs = np.nonzero(self.masks[frame, subject])
        return [float(xs.min() / SIZE[0]), float(ys.min() / SIZE[1]), float((xs.max() + 1) / SIZE[0]), float((ys.max() + 1) / SIZE[1])]

    def middle(self, frame: int = 0, subject: int = 0) -> list[float]:
        """The place inside the subject that is nearest to its middle, in 0..1."""
        ys, xs = np.nonzero(self.masks[frame, subject])
        k = int(np.argmin((xs - xs.mean()) ** 2 + (ys - ys.mean()) ** 2))
        return [float((xs[k] + 0.5) / SIZE[0]), float((ys[k] + 0.5) / SIZE[1])]

    def turned(self) -> Clip:
        """Forwards, then backwards: what left comes back."""
        return Clip(*(np.concatenate([part, part[-2::-1]]) for part in (self.frames, self.masks, self.plate)))

    def write(self, path: Path, **options: Any) -> Path:
        """Encode it."""
        with ClipWriter(path, fps=FPS, crf=12, **options) as writer:
            for frame in self.frames:
                writer.write(frame)
        return path


def thing(kind: str, colour: str, motion: str, x: float, y: float, size: str = "medium", speed: str = "normal") -> dict[str, Any]:
    """A subject of a scene."""
    return {"kind": kind, "colour": colour, "motion": motion, "start": (x, y), "size": size, "speed": speed}


def _made(seconds: float, place: str, seed: int, *subjects: dict[str, Any], **fields: Any) -> Clip:
    clip = MovingDiorama(SceneSpec.model_validate({"seconds": seconds, "fps": FPS, "place": place, "seed": seed, "subjects": subjects, **fields}), SIZE).clip()
    return Clip(clip.frames, clip.masks, clip.plate)


@cache
def car() -> Clip:
    """A red car drives right through a city; 18 frames, always in sight."""
    return _made(1.5, "city", 3, thing("car", "red", "right", 0.3, 0.72))


@cache
def pair() -> Clip:
    """A red ball left and a blue boat right; 12 frames."""
    return _made(1, "beach", 5, thing("ball", "red", "right", 0.25, 0.75), thing("kite", "blue", "sway", 0.7, 0.35))


@cache
def hidden() -> Clip:
    """A small red car drives behind a wide brown pillar, which hides it wholly for a while, and out again; 36 frames."""
    clip = _made(3, "city", 3, thing("car", "red", "right", 0.25, 0.72, "small", "fast"))
    pillar = slice(150, 225)
    wood = np.random.default_rng(0).integers(70, 90, (SIZE[1], 75, 3)).astype(np.uint8) + np.array([40, 20, 0], np.uint8)
    frames, masks, plate = clip.frames.copy(), clip.masks.copy(), clip.plate.copy()
    frames[:, :, pillar], plate[:, :, pillar], masks[..., pillar] = wood, wood, False
    return Clip(frames, masks, plate)


@cache
def lookalikes() -> Clip:
    """Two white ducks that cross; 36 frames."""
    return _made(3, "river", 14, thing("duck", "white", "right", 0.33, 0.66, "small"), thing("duck", "white", "left", 0.7, 0.68, "small"))


@cache
def returning() -> Clip:
    """An orange bird leaves and comes back; 47 frames."""
    return _made(2, "mountains", 11, thing("bird", "orange", "right", 0.72, 0.35, speed="fast")).turned()


@cache
def panned() -> Clip:
    """A yellow boat on the sea, the camera pans; 12 frames."""
    return _made(1, "sea", 5, thing("boat", "yellow", "right", 0.4, 0.6), camera="pan right")


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks (H, W) bool; 1 when both are empty."""
    union = int((one | other).sum())
    return float((one & other).sum()) / union if union else 1.0


def context(folder: Path, settings: Settings, **fields: Any) -> RunContext:
    """A run in a folder of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    return RunContext(id="test", directory=folder, settings=settings, seed=0, **fields)


def finished(steps: Generator[Any, None, Any]) -> tuple[Any, list[Any]]:
    """What a chain of stages returns, and its events."""
    events = []
    while True:
        try:
            events.append(next(steps))
        except StopIteration as end:
            return end.value, events
