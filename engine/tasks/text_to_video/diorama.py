"""The provider `diorama`: the sentence becomes a scene of the paper-cut world, which is rendered frame by frame. Flat memory, any length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.errors import Cancelled
from engine.task import Event, Note, Preview, Progress, Result, Stage
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.world.moving import MovingDiorama
from engine.world.reading import Reading, spec_from_text
from engine.world.spec import SceneSpec

if TYPE_CHECKING:
    from engine.context import RunContext

PREVIEW_SIDE = 320
FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""


def read_scene(request: TextToVideoRequest, seed: int) -> Reading:
    """The scene that the request means, with the camera that it names."""
    reading = spec_from_text(request.prompt, seed=seed, seconds=request.seconds, fps=float(request.fps))
    if request.camera == "as written":
        return reading
    spec = SceneSpec.model_validate({**reading.spec.model_dump(), "camera": request.camera})
    return reading._replace(spec=spec)


def draw(request: TextToVideoRequest, run: RunContext) -> Iterator[Event]:
    """Makes the clip. Writes result.mp4 and scene.json (the scene as data) into the run's folder; a stopped run keeps what is finished."""
    yield Stage("reading", "Reading the prompt")
    reading = read_scene(request, run.seed)
    for text in notes(reading):
        yield Note(text)
    scene = run.directory / "scene.json"
    scene.write_text(json.dumps(reading.spec.model_dump(mode="json"), indent=1), encoding="utf-8")
    run.checkpoint()

    yield Stage("cutting", "Cutting the paper")
    world = MovingDiorama(reading.spec, (request.width, request.height))
    run.checkpoint()

    yield Stage("rendering", "Moving it")
    total = reading.spec.frames
    small: list[np.ndarray] = []
    scale = PREVIEW_SIDE / max(request.width, request.height)
    size = (max(1, round(request.width * scale)), max(1, round(request.height * scale)))
    writer = run.clip_writer(fps=request.fps)
    result = {"artifacts": {"scene": scene}, "details": {"understood": [span.text for span in reading.understood], "unknown": [span.text for span in reading.unknown]}}
    try:
        with writer:
            for index, time in enumerate(world.times()):
                run.checkpoint()
                frame = world.frame(float(time))
                writer.write(frame)
                if index % max(1, request.fps // 12) == 0 and len(small) < 48:
                    small.append(cv2.resize(frame, size, interpolation=cv2.INTER_AREA))
                yield Progress("rendering", index + 1, total)
                if run.wants_preview() and len(small) > 1:
                    yield Preview(np.stack(small), fps=min(12.0, float(request.fps)))
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Result(writer.path, partial=True, **result)  # type: ignore[arg-type]
        raise
    yield Result(writer.path, **result)  # type: ignore[arg-type]


def notes(reading: Reading) -> list[str]:
    """What the user should know about the words."""
    said = []
    for span in reading.unknown[:8]:
        guess = f", taken as {span.meaning}" if span.meaning else ""
        near = f"; near: {', '.join(span.offers)}" if span.offers and not span.meaning else ""
        said.append(f"“{span.text}” is not a word of the diorama{guess}{near}.")
    if not reading.understood:
        said.insert(0, "No word of the prompt is known to the diorama: it drew an empty scene.")
    return said


def in_words(spec: SceneSpec) -> str:
    """One sentence that says what will be drawn."""
    things = [f"a {thing.size + ' ' if thing.size != 'medium' else ''}{thing.colour} {thing.kind} ({_motion(thing.motion, thing.speed)})" for thing in spec.subjects]
    weather = "" if spec.weather == "clear" else f", {spec.weather}"
    camera = "" if spec.camera == "still" else f"; the camera: {spec.camera}"
    return f"{' and '.join(things) or 'no subject'}, {spec.place}, {spec.time}{weather}{camera}"


def _motion(motion: str, speed: str) -> str:
    words: dict[str, Any] = {"left": "moves left", "right": "moves right", "up": "rises", "down": "comes down", "bounce": "bounces", "circle": "circles", "approach": "comes nearer", "sway": "sways", "still": "keeps still"}
    return words[motion] + (f", {speed}" if speed != "normal" and motion != "still" else "")
