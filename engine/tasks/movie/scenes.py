"""From a card of the plan to the run that makes its clip: which task, which fields, which seed. Light: the page asks it which scenes are there."""

from __future__ import annotations

import hashlib

from engine.movie.plan import Plan, Scene, film_size
from engine.parts import RunPart
from engine.tasks.movie.request import MovieRequest

MARGIN = 0.75
"""Seconds that a clip is longer than its scene, for the transition into whatever follows. It does not depend on what follows, so that moving a card makes nothing anew."""

ANIMATIC_SIDE, ANIMATIC_FPS = 320, 12
"""Longest side and frame rate of an animatic."""

SKETCH_VERSION = 1
"""Of how an animatic's scenes are drawn and encoded: another one makes them all anew."""


def size_of(request: MovieRequest) -> tuple[int, int]:
    """(width, height) of the film, both even."""
    shape = request.plan.shape if request.plan is not None else request.shape
    return film_size(shape, ANIMATIC_SIDE if request.until == "animatic" else request.side)


def seed_of(plan: Plan, scene: Scene, take: int) -> int:
    """The seed of a scene's clip: its own, or one from the film's seed and the card's id; another for each take."""
    if scene.seed is not None:
        return (scene.seed + take - 1) % 2**32
    return int.from_bytes(hashlib.sha256(f"{plan.seed}/{scene.id}/{take}".encode()).digest()[:4], "big")


def prompt_of(plan: Plan, scene: Scene) -> str:
    """What the video model is told: the card's prompt and the film's style."""
    return f"{scene.prompt.rstrip(' .,;')}, {plan.style}" if plan.style and plan.style not in scene.prompt else scene.prompt


def part_of(request: MovieRequest, plan: Plan, scene: Scene, take: int | None = None) -> RunPart | None:
    """The run that makes a scene's clip, the chosen take unless another is named. None for a scene whose pictures are there already: a clip or a still of the user's."""
    take = take or scene.take
    seed = seed_of(plan, scene, take)
    label = f"Scene {plan.scenes.index(scene) + 1}" + (f", take {take}" if scene.takes > 1 or take > 1 else "")
    width, height = size_of(request.model_copy(update={"plan": plan}))
    if scene.source.kind == "head" and scene.source.image is not None:
        voice = request.voice if request.voice != "none" else "auto"
        fields = {"portrait": str(scene.source.image), "text": scene.line, "voice": voice, "fps": plan.fps, "max_side": max(width, height), "seed": seed}
        return RunPart("talking-head", fields, label)
    if scene.source.kind != "text":
        return None
    fields = {
        "prompt": prompt_of(plan, scene), "seconds": _clip_seconds(scene), "fps": plan.fps, "width": width, "height": height, "model": request.video_model, "camera": scene.camera, "seed": seed,
    }  # fmt: skip
    if fields["model"] != "diorama":
        fields["steps"] = request.steps
    return RunPart("text-to-video", fields, label)


def sketch_of(plan: Plan, scene: Scene, take: int | None = None) -> RunPart | None:
    """What an animatic's clip of a scene depends on: the diorama at its size and rate, whatever draws the film. None for a scene that shows a clip or a picture of the user's."""
    if scene.source.kind != "text":
        return None
    width, height = film_size(plan.shape, ANIMATIC_SIDE)
    seed = seed_of(plan, scene, take or scene.take)
    fields = {
        "prompt": prompt_of(plan, scene), "seconds": _clip_seconds(scene), "fps": ANIMATIC_FPS, "width": width, "height": height, "model": "diorama", "camera": scene.camera, "seed": seed,
    }  # fmt: skip
    return RunPart("text-to-video", fields, f"Scene {plan.scenes.index(scene) + 1}")


def sketch_key(sketch: RunPart) -> str:
    """Its name on the shelf, which is not that of a film's clip of the same size and rate: it is encoded to be cut."""
    return f"sketch-{SKETCH_VERSION}-{sketch.key}"


def _clip_seconds(scene: Scene) -> float:
    return min(60.0, round(scene.seconds + MARGIN, 2))


def parts_of(request: MovieRequest) -> tuple[RunPart, ...]:
    """The parts that are worth a run of their own ahead of the film; none when the plan is not written yet, or for an animatic, whose clips take moments."""
    if request.plan is None or request.until == "animatic":
        return ()
    return tuple(part for scene, take in wanted(request, request.plan) if (part := part_of(request, request.plan, scene, take)) is not None)


def wanted(request: MovieRequest, plan: Plan) -> list[tuple[Scene, int]]:
    """The scenes and takes that a request asks for: all takes when scenes alone are made, else the chosen ones."""
    if request.until == "scenes":
        return [(scene, take) for scene in plan.scenes if not request.only or scene.id in request.only for take in range(1, scene.takes + 1)]
    return [(scene, scene.take) for scene in plan.scenes]
