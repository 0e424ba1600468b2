"""The provider `diorama`: the sentence becomes a scene of the paper-cut world, which is rendered frame by frame. Flat memory, any length."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from engine.errors import Cancelled
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.contract import Made, earlier_draft
from engine.tasks.text_to_video.prompts import schedule, weights
from engine.tasks.text_to_video.request import Moment, TextToVideoRequest
from engine.tasks.text_to_video.timeline import Timeline
from engine.world.moving import MovingDiorama
from engine.world.reading import Reading, spec_from_text
from engine.world.spec import SceneSpec

if TYPE_CHECKING:
    from engine.context import RunContext

HONOURS = frozenset({"prompts", "seconds", "fps", "width", "height", "camera", "motion", "loop", "upscale"})
PREVIEW_SIDE = 320
FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

LONGEST_SCENE = 60.0
"""Seconds of the world's own time that one scene may last."""


def read_scene(request: TextToVideoRequest, seed: int, prompt: str | None = None, seconds: float | None = None) -> Reading:
    """The scene that a prompt (the request's own unless given) means, with the camera that the request names."""
    reading = spec_from_text(request.prompt if prompt is None else prompt, seed=seed, seconds=seconds or request.seconds, fps=float(request.fps))
    if request.camera == "as written":
        return reading
    spec = SceneSpec.model_validate({**reading.spec.model_dump(), "camera": request.camera})
    return reading._replace(spec=spec)


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str) -> Iterator[Event | Made]:
    """Makes the clip STEM.mp4, with its scenes as data beside it; a stopped run keeps what is finished.

    Prompts that change over time are scenes that dissolve into each other. `motion` is the speed of the world's clock. A draft has half the width and
    height; finishing it draws the scenes of the draft.
    """
    yield Stage("reading", "Reading the prompt")
    moments = schedule(request)
    timeline = Timeline(max(2, round(request.seconds * request.fps)), request.loop)
    lasts = timeline.needed / request.fps
    pace = min(request.motion, LONGEST_SCENE / lasts)
    draft = earlier_draft(request, run)
    if draft is None:
        # A world whose clock hardly runs still needs some length to be laid out over.
        readings = [read_scene(request, seed, moment.prompt, max(lasts * pace, 0.5)) for moment in moments]
        yield from (Note(text) for reading in readings for text in notes(reading))
        specs = [reading.spec for reading in readings]
        details: dict[str, Any] = {"understood": [span.text for r in readings for span in r.understood], "unknown": [span.text for r in readings for span in r.unknown]}
    else:
        entries = json.loads(draft.read_text(encoding="utf-8"))
        moments = tuple(Moment(at=entry["at"], prompt=entry["prompt"]) for entry in entries)
        specs, details = [SceneSpec.model_validate(entry["scene"]) for entry in entries], {"continued": request.continue_run}
    scene = run.directory / ("scene.json" if stem == "result" else f"{stem}-scene.json")
    told = [{"at": moment.at, "prompt": moment.prompt, "scene": spec.model_dump(mode="json")} for moment, spec in zip(moments, specs, strict=True)]
    scene.write_text(json.dumps(told, indent=1), encoding="utf-8")
    run.checkpoint()

    yield Stage("cutting", "Cutting the paper")
    times = 0.5 if request.draft else 2.0 if request.upscale == "2x" else 1.0
    size = max(64, round(request.width * times)), max(64, round(request.height * times))
    worlds = []
    for spec in specs:
        worlds.append(MovingDiorama(spec, size))
        run.checkpoint()

    def ordinary(index: int) -> np.ndarray:
        """Frame `index` of ordinary time: (H, W, 3) float32 or uint8."""
        time = index / request.fps
        return mixed([(weight, world.frame(time * pace)) for weight, world in zip(weights(moments, time), worlds, strict=True) if weight > 0])

    yield Stage("rendering", "Moving it")
    small: list[np.ndarray] = []
    scale = PREVIEW_SIDE / max(size)
    looks = (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    writer = run.clip_writer(fps=request.fps, name=f"{stem}.mp4")
    artifacts = {"scene": scene, **({"draft": scene} if request.draft else {})}
    try:
        with writer:
            for index in range(timeline.frames):
                run.checkpoint()
                frame = mixed([(weight, ordinary(which)) for which, weight in timeline.shown(index)])
                writer.write(frame)
                if index % max(1, request.fps // 12) == 0 and len(small) < 48:
                    small.append(cv2.resize(frame, looks, interpolation=cv2.INTER_AREA))
                yield Progress("rendering", index + 1, timeline.frames)
                if run.wants_preview() and len(small) > 1:
                    yield Preview(np.stack(small), fps=min(12.0, float(request.fps)))
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Made(writer.path, seed, details=details, artifacts=artifacts, partial=True)
        raise
    yield Made(writer.path, seed, details=details, artifacts=artifacts)


def mixed(parts: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """The weighted mean of pictures (H, W, 3) uint8; a single one as it is."""
    if len(parts) == 1:
        return parts[0][1]
    return np.rint(sum(weight * picture.astype(np.float32) for weight, picture in parts)).astype(np.uint8)


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
