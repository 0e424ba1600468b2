"""Tiny clips whose every frame is known: a grey ramp tells the number of the frame, a bright square the place of a thing that moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.media.writer import ClipWriter, Coding
from engine.movie.plan import Hero, Plan, Scene

SIZE = (96, 54)


def numbered(count: int, size: tuple[int, int] = SIZE, *, base: int = 30, step: float = 2.0, tint: tuple[float, float, float] = (1, 1, 1)) -> Iterator[np.ndarray]:
    """Flat frames of level base + step * number, with a textured lower half so that nothing is quite flat."""
    rng = np.random.default_rng(3)
    texture = rng.uniform(-8, 8, (size[1], size[0], 1))
    texture[: size[1] // 2] = 0
    for number in range(count):
        yield np.clip((base + step * number + texture) * np.array(tint), 0, 255).round().astype(np.uint8)


def level(frame: np.ndarray) -> float:
    """Mean of the flat upper half."""
    return float(frame[: frame.shape[0] // 2].mean())


def write(path: Path, frames: Iterator[np.ndarray], fps: float = 24, crf: int = 4, coding: Coding | None = None) -> Path:
    with ClipWriter(path, fps=fps, crf=crf, coding=coding) as out:
        for frame in frames:
            out.write(frame)
    return path


def film(scenes: list[dict[str, object]], **extra: object) -> Plan:
    """A plan of scenes of a second each."""
    made = [Scene.model_validate({"id": f"s{n}", "prompt": "a boat", "seconds": 1.0, "blend": 0.25, **scene}) for n, scene in enumerate(scenes)]
    return Plan.model_validate({"title": "The boat", "hero": Hero(phrase="a boat"), "title_seconds": 0.5, "scenes": made, **extra})
