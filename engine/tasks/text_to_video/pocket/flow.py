"""The recipe of method `flow`: draw a picture for every prompt, cut it into layers, and move them. Previews move from the first steps on."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import torch

from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, denoise
from engine.errors import Cancelled, InvalidInput
from engine.media.images import read_image
from engine.task import Event, Preview, Progress, Stage
from engine.tasks.text_to_video.pocket import drafts
from engine.tasks.text_to_video.pocket.models import Pocket
from engine.tasks.text_to_video.pocket.moving import CYCLE, Anchor, Pace, as_pictures, blended, layered, phase_of, shares_between
from engine.tasks.text_to_video.pocket.shapes import doublings, fitted, native_size
from engine.tasks.text_to_video.pocket.wording import Told
from engine.tasks.text_to_video.prompts import schedule, weights
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.takes import Made
from engine.tasks.text_to_video.timeline import Timeline

if TYPE_CHECKING:
    from engine.context import RunContext

PREVIEW_FRAMES, PREVIEW_FPS = 12, 8.0
FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

MODEL_FPS = 8
"""Moments a second that the motion field knows; more frames lie between them."""

DRAWN_AT = 0.5
"""The moment of the clip at which a picture is drawn: motion then goes half the way to either side."""


def make_moved(request: TextToVideoRequest, run: RunContext, seed: int, stem: str, pocket: Pocket, readings: list[Told]) -> Iterator[Event | Made]:
    """Makes the clip from pictures that move. Pictures of the user's take the place of drawn ones."""
    timeline = Timeline(max(2, round(request.seconds * request.fps)), request.loop)
    lasts = timeline.needed / request.fps
    paces = [Pace.of(reading.spec, lasts) for reading in readings]
    native = native_size(request.width, request.height)
    times = doublings(native, request.width, request.height) + (request.upscale == "2x")
    size = (request.width * 2, request.height * 2) if request.upscale == "2x" else (request.width, request.height)
    work = (native[0] * 2**times, native[1] * 2**times)
    given = _given(request, run, native, work)
    artifacts: dict[str, Path] = {}
    details: dict[str, Any] = {"wording": [reading.sentence for reading in readings]}

    def cut(picture: np.ndarray, small: torch.Tensor, index: int, at: float, moment: float) -> Anchor:
        one = layered(pocket, picture, small, readings[index].sentence, moment, phase_of(seed), request.motion, times)
        return Anchor(at, one, paces[index])

    anchors: list[Anchor] = []
    if given:
        yield Stage("cutting", "Cutting the pictures")
        for at, picture, small in given:
            run.checkpoint()
            index = _prompt_at(request, at)
            anchors.append(cut(picture, small, index, at, paces[index].land(at)))
    else:
        kept = drafts.load(request, run)
        noisy: list[torch.Tensor] = []
        for index, moment in enumerate(schedule(request)):
            latents, clean = yield from _draw(request, run, seed, pocket, readings, index, native, paces[index], kept)
            noisy.append(latents)
            yield Stage("cutting", "Cutting the picture")
            small = pocket.parts.decode(clean[0], run.checkpoint)
            picture = as_pictures(small)
            for _ in range(times):
                picture = pocket.upscaler.enlarge(picture, run.checkpoint)
            anchors.append(cut(picture[0], small[0], index, moment.at, DRAWN_AT))
        if request.draft:
            artifacts["draft"] = drafts.save(run.directory / f"{stem}-draft.safetensors", noisy, request)

    def shares(time: float) -> list[float]:
        return shares_between([anchor.at for anchor in anchors], time) if given else weights(schedule(request), min(time, request.seconds))

    def ordinary(index: int) -> np.ndarray:
        time = index / request.fps
        if not request.interpolate:
            time = np.floor(time * MODEL_FPS) / MODEL_FPS
        return fitted(blended(anchors, shares(time), time), *size)

    yield Stage("rendering", "Moving it")
    writer = run.clip_writer(fps=request.fps, name=f"{stem}.mp4")
    looks: list[np.ndarray] = []
    try:
        with writer:
            for index in range(timeline.frames):
                run.checkpoint()
                parts = [(share, ordinary(which)) for which, share in timeline.shown(index)]
                frame = parts[0][1] if len(parts) == 1 else np.rint(sum(share * part.astype(np.float32) for share, part in parts)).astype(np.uint8)
                writer.write(frame)
                if index % max(1, request.fps // 12) == 0 and len(looks) < 48:
                    looks.append(_small(frame))
                yield Progress("rendering", index + 1, timeline.frames)
                if run.wants_preview() and len(looks) > 1:
                    yield Preview(np.stack(looks), fps=min(12.0, float(request.fps)))
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Made(writer.path, seed, details=details, artifacts=artifacts, partial=True)
        raise
    details["words"] = words_seen(pocket, np.stack(looks), request.prompt)
    yield Made(writer.path, seed, details=details, artifacts=artifacts)


def words_seen(pocket: Pocket, frames: np.ndarray, prompt: str) -> list[list[float]]:
    """[start, end, score 0..1] of each word of the prompt that a picture can show: how well a few frames of the clip show it."""
    few = frames[:: max(1, len(frames) // 4)]
    return [[word.start, word.end, round(word.score, 3)] for word in pocket.clip.words(few, prompt)]


def _draw(
    request: TextToVideoRequest, run: RunContext, seed: int, pocket: Pocket, readings: list[Told], index: int, native: tuple[int, int], pace: Pace,
    kept: tuple[list[torch.Tensor], int] | None,
) -> Generator[Event, None, tuple[torch.Tensor, torch.Tensor]]:  # fmt: skip
    """Draw the picture of one prompt, with moving previews; returns the latents where the walk stopped and the clean ones, both (1, 1, C, h, w).

    Several candidates are begun; halfway the one whose picture fits the sentence best is chosen, and it alone is finished. A draft rests there.
    All prompts start from the same noise, so that their pictures belong together.
    """
    parts, sentence = pocket.parts, readings[index].sentence
    levels, half = Levels.of(parts.scheduler, request.steps), drafts.halfway(request)
    shape = (1, parts.channels, native[1] // parts.factor, native[0] // parts.factor)
    states, negative = parts.text_states([sentence])[0], parts.text_states([request.negative_prompt])[0]
    yield Stage("drawing", "Drawing" if len(readings) == 1 else f"Drawing picture {index + 1} of {len(readings)}")

    def walk(latents: torch.Tensor, start: int, stop: int) -> Generator[Event, None, tuple[torch.Tensor, torch.Tensor]]:
        clean = latents
        guidance = Guidance(request.guidance)
        for step in denoise(parts.unet, levels, latents, states, negative=negative, guidance=guidance, start_at=start, stop_at=stop, checkpoint=run.checkpoint):
            latents, clean = step.latents, step.x0
            yield Progress("drawing", step.step, levels.steps)
            if step.step < levels.steps and run.wants_preview():
                small = parts.decode(clean[0])
                one = Anchor(0.0, layered(pocket, as_pictures(small)[0], small[0], sentence, DRAWN_AT, phase_of(seed), request.motion, 0), pace)
                yield Preview(np.stack([_small(one.frame(float(t))) for t in np.linspace(0, min(pace.seconds, CYCLE), PREVIEW_FRAMES)]), fps=PREVIEW_FPS)
        return latents, clean

    if kept is not None and index < len(kept[0]):
        latents, clean = kept[0][index], kept[0][index]
        if latents.shape[1:] != shape:
            raise InvalidInput("the draft has another shape", fix="finish it with the width and height that it had", field="continue_run")
    else:
        noise = torch.randn((request.candidates, *shape), generator=torch.Generator().manual_seed(seed))
        latents, clean = yield from walk(noise, 0, half)
        best = pocket.best(as_pictures(parts.decode(clean[:, 0], run.checkpoint)), sentence) if len(latents) > 1 else 0
        latents, clean = latents[best : best + 1], clean[best : best + 1]
    if request.draft:
        return latents, clean
    return (yield from walk(latents, half, levels.steps)) if half < levels.steps else (latents, clean)


def _given(request: TextToVideoRequest, run: RunContext, native: tuple[int, int], work: tuple[int, int]) -> list[tuple[float, np.ndarray, torch.Tensor]]:
    """The user's pictures in order: (seconds, (H, W, 3) uint8 at working size, (3, h, w) in [-1, 1] at the net's size)."""
    files = [(0.0, request.first_image)] if request.first_image else []
    files += [(still.at, still.image) for still in sorted(request.images, key=lambda still: still.at)]
    files += [(request.seconds, request.last_image)] if request.last_image else []
    out = []
    for at, path in files:
        run.checkpoint()
        picture = fitted(read_image(path, run.settings, max_side=2048), *work)
        small = cv2.resize(picture, native, interpolation=cv2.INTER_AREA)
        out.append((at, picture, torch.from_numpy(small).permute(2, 0, 1).float().div(127.5).sub(1)))
    for (one, _, _), (other, _, _) in pairwise(out):
        if one == other:
            raise InvalidInput(f"two pictures stand at {one:g} s", fix="give each its own time", field="images")
    return out


def _prompt_at(request: TextToVideoRequest, time: float) -> int:
    return max((k for k, moment in enumerate(schedule(request)) if moment.at <= time), default=0)


def _small(frame: np.ndarray, side: int = 320) -> np.ndarray:
    scale = side / max(frame.shape[:2])
    size = (max(1, round(frame.shape[1] * scale)), max(1, round(frame.shape[0] * scale)))
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
