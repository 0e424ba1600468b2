"""The recipes of the other methods, which denoise every frame: `zero` (Text2Video-Zero along the learnt motion field), `animatediff`, `clip`, and `independent`,
the baseline.

Clips longer than the model's window are made by one of four long-video methods (`engine.diffusion.long`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch

from engine.diffusion.attention import attending
from engine.diffusion.displacement import translations
from engine.diffusion.long import LongStep, by_pieces, co_denoised, known_frames
from engine.diffusion.loop import Hooks, Known, Step, denoise, denoiser_of
from engine.diffusion.noise import chained, mixed
from engine.diffusion.parts import as_pictures
from engine.diffusion.schedules import PLANS, Piece
from engine.diffusion.walk import blended as blended_states
from engine.diffusion.windows import Windows
from engine.diffusion.zero import Turn, first_frame, held_to, moved, paper_step, together
from engine.errors import InvalidInput
from engine.metrics.clips import drift, seam_ratio
from engine.task import Event, Meter, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.pocket import clip
from engine.tasks.text_to_video.pocket.drawing import DRAWN_AT, PREVIEW_FPS, PREVIEW_FRAMES, draw
from engine.tasks.text_to_video.pocket.job import MODEL_FPS, Job, small
from engine.tasks.text_to_video.pocket.moving import Anchor, layered, phase_of
from engine.tasks.text_to_video.prompts import schedule, weights
from engine.tasks.text_to_video.shapes import fitted
from engine.vision.interpolation import Passing
from engine.world.spec import SceneSpec

WINDOW, STRIDE = 16, 8
"""Frames that the model sees at once, and how far one window of a long clip is from the next."""

SHARED_NOISE = 0.5
"""Share of the noise's power that all frames of `animatediff` have in common, and that each frame of `zero` takes over from the one before."""

REDRAWN, HELD_UNTIL, HELD = 2 / 3, 0.7, 0.8
"""Method `zero`: the share of the steps that all frames are drawn again for; up to which part of them, and how strongly, they are held to the moved picture."""

LET_GO = 200
"""Timestep below which frames seen by the next piece of a long clip are drawn on with it, so that faults are mended rather than handed on."""


def make_frames(job: Job) -> Iterator[Event | Made]:
    """Makes the clip from denoised frames, eight a second, with further frames between them."""
    request, moments = job.request, schedule(job.request)
    count = max(2, round(job.lasts * MODEL_FPS) + 1)
    given = {min(count - 1, round(at * MODEL_FPS)): seen for at, _, seen in job.given()}
    times = [min(k / MODEL_FPS, request.seconds) for k in range(count)]
    states = blended_states(job.states(*(reading.sentence for reading in job.readings)), [weights(moments, time) for time in times])
    if request.draft:
        yield Note("A draft of this method is made whole: only drafts of the method flow can be finished later.")
    latents = yield from _denoised(job, states, {frame: job.pocket.parts.encode(seen[None])[0] for frame, seen in given.items()}, count)
    yield Stage("decoding", "Decoding the frames")
    pictures = as_pictures(job.pocket.parts.decode(latents[0], job.run.checkpoint))
    _measure(job, pictures)
    large = np.concatenate([job.enlarged(part[None]) for part in pictures])
    job.run.checkpoint()
    passing = Passing(large)
    yield from job.render(lambda index: fitted(passing.at(job.time_of(index) * MODEL_FPS), *job.size))


def joins(method: str, count: int) -> list[int]:
    """The frames of a long clip at which another window or piece begins, by long-video method."""
    if count <= WINDOW:
        return []
    if method == "co-denoise":
        return [span[0] for span in Windows(WINDOW, STRIDE).spans(count)[1:]]
    piece_of = {frame: number for number, piece in enumerate(PLANS[method](count, WINDOW)) for frame in piece.latent}
    return [frame for frame in range(1, count) if piece_of.get(frame) != piece_of.get(frame - 1)]


def _measure(job: Job, pictures: np.ndarray) -> None:
    """Meters of a long clip: its seams and its drift."""
    borders = joins(job.request.long_method, len(pictures))
    ratio = seam_ratio(pictures, borders) if borders else None
    if ratio is not None:
        job.meters.append(Meter("seam", "Seam", ratio, "times", 1.0, "seamless", good_below=1.2, help="Change where two windows meet, divided by that elsewhere."))
        job.meters.append(Meter("drift", "Sharpness drift", 100 * drift(pictures).sharpness, "% per 100 frames", 0.0, "none", help="Whether the clip blurs (below 0) or gets harsh (above 0) as it goes on."))


def _denoised(job: Job, states: torch.Tensor, given: dict[int, torch.Tensor], count: int) -> Generator[Event, None, torch.Tensor]:
    """Clean latents (1, F, C, h, w). given: frame -> latents (C, h, w) of the user's pictures."""
    request, parts = job.request, job.pocket.parts
    negative = job.states(request.negative_prompt)[0]
    shape = (1, count, *job.cell_shape)
    generator = torch.Generator().manual_seed(job.seed)
    both = {"negative": negative, "guidance": job.guidance, "checkpoint": job.run.checkpoint}
    match request.method:
        case "independent":
            noise = torch.randn(shape, generator=generator)
            yield Stage("drawing", "Drawing every frame alone")
            return (yield from _followed(job, denoise(denoiser_of(parts.unet), job.levels, noise, states, known=(known_frames(given, noise) if given else None), **both)))  # type: ignore[arg-type]
        case "animatediff":
            model = denoiser_of(job.motion_model())
            noise = mixed(shape, SHARED_NOISE, generator)
            yield Stage("drawing", "Drawing the frames")
            if count <= WINDOW:
                return (yield from _followed(job, denoise(model, job.levels, noise, states, known=(known_frames(given, noise) if given else None), **both)))  # type: ignore[arg-type]
            return (yield from _long(job, model, noise, states, given, negative))
        case "clip":
            net = job.clip_model()
            window = net.config["frames"]
            given = yield from clip.begin(job, given, count, window)
            noise = torch.randn((1, max(count, window), *job.cell_shape), generator=generator)
            steps = yield from clip.walk(job, net, noise, clip.padded(states, noise.shape[1]), given, negative, generator)
            return (yield from _pieced(job, noise, steps))[:, :count]
        case "zero" if job.pocket.flow is None:  # without a motion field the whole picture goes one way, as published
            yield Stage("drawing", "Drawing the frames")
            return (yield from _translated(job, generator, states, given, negative))
        case "zero":
            drawn = yield from draw(job, 0)
            layers = _moved(job, drawn.clean, count)
            start = drawn.noise if drawn.noise is not None else torch.randn((1, 1, *job.cell_shape), generator=generator)
            noise = chained(shape, SHARED_NOISE, generator, start)
            yield Stage("drawing", "Drawing the frames")
            return (yield from _along(job, layers, noise, states, given, negative))
    raise InvalidInput(f"method={request.method} is not known here", fix="choose flow, zero, animatediff, clip or independent", field="method")


def _along(
    job: Job, layers: torch.Tensor, noise: torch.Tensor, states: torch.Tensor, given: dict[int, torch.Tensor], negative: torch.Tensor
) -> Generator[Event, None, torch.Tensor]:
    """Text2Video-Zero with a picture moved in layers in place of one translation: its latents (1, F, C, h, w) are noised and drawn anew together, held to what was moved."""
    parts, begin = job.pocket.parts, round(job.levels.steps * (1 - REDRAWN))
    both = {"negative": negative, "guidance": job.guidance, "checkpoint": job.run.checkpoint}
    started = job.levels.noised(layers, noise, begin)
    if noise.shape[1] <= WINDOW:
        walk = together(parts.unet, job.levels, started, states, start_at=begin, known=(known_frames(given, noise) if given else None), hooks=held_to(layers, until=HELD_UNTIL, strength=HELD, first_too=True), **both)  # type: ignore[arg-type]
        return (yield from _followed(job, walk))
    model = attending(denoiser_of(parts.unet), parts.unet, mode="first")
    if job.request.long_method == "co-denoise":
        hooks = held_to(layers, until=HELD_UNTIL, strength=HELD, first_too=True)
        return (yield from _pieced(job, noise, co_denoised(model, job.levels, started, states, Windows(WINDOW, STRIDE), given=given, given_noise=noise, hooks=hooks, start_at=begin, **both)))  # type: ignore[arg-type]

    def held(piece: Piece, known: Known) -> Hooks:
        return held_to(layers[:, list(piece.frames)], until=HELD_UNTIL, strength=HELD, first_too=True)

    return (yield from _long(job, model, noise, states, given, negative, held))


def _translated(job: Job, generator: torch.Generator, states: torch.Tensor, given: dict[int, torch.Tensor], negative: torch.Tensor) -> Generator[Event, None, torch.Tensor]:
    """Text2Video-Zero as published: one start, moved a little further for each frame, and all frames drawn together looking at the first.

    A given first picture takes the place of the drawn start. Longer clips are co-denoised whatever the long-video method: the moved start ties the windows.
    """
    parts, levels, count, shape = job.pocket.parts, job.levels, len(states), job.cell_shape
    both = {"negative": negative, "guidance": job.guidance, "checkpoint": job.run.checkpoint}
    turn, noise = Turn.of(levels), torch.randn((1, 1, *shape), generator=generator)
    if 0 in given:
        start, first = (levels.noised(given[0][None, None], noise, step) for step in (turn.drawn, turn.joint))
    else:
        start, first = yield from _progress(first_frame(parts.unet, levels, noise, states, turn, **both))  # type: ignore[arg-type]
    pace = np.array(toward(job.readings[0].spec)) * paper_step(shape[1:]) * job.request.motion
    started = moved(start, first, translations(count, (float(pace[0]), float(pace[1])), shape[1:]), levels, turn, generator)
    fresh = torch.randn((1, count, *shape), generator=generator)
    known = known_frames(given, fresh) if given else None
    if count <= WINDOW:
        return (yield from _followed(job, together(parts.unet, levels, started, states, start_at=turn.joint, known=known, **both)))  # type: ignore[arg-type]
    model = attending(denoiser_of(parts.unet), parts.unet, mode="first")
    return (yield from _pieced(job, started, co_denoised(model, levels, started, states, Windows(WINDOW, STRIDE), given=given, given_noise=fresh, start_at=turn.joint, **both)))  # type: ignore[arg-type]


def toward(spec: SceneSpec) -> tuple[float, float]:
    """Where the picture goes, (x, y): as the first thing moves, else against the camera, else to the right and down as in the paper."""
    ways = {"left": (-1.0, 0.0), "right": (1.0, 0.0), "up": (0.0, -1.0), "down": (0.0, 1.0)}
    if spec.subjects and spec.subjects[0].motion in ways:
        return ways[spec.subjects[0].motion]
    if (camera := spec.camera.rsplit(" ", 1)[-1]) in ways and spec.camera != "still":
        x, y = ways[camera]
        return -x, -y
    return 1.0, 1.0


def _long(
    job: Job, model: object, noise: torch.Tensor, states: torch.Tensor, given: dict[int, torch.Tensor], negative: torch.Tensor,
    hooks_for: Callable[[Piece, Known], Hooks] = lambda piece, known: Hooks(),
) -> Generator[Event, None, torch.Tensor]:  # fmt: skip
    both = {"negative": negative, "guidance": job.guidance, "given": given, "checkpoint": job.run.checkpoint}
    if job.request.long_method == "co-denoise":
        return (yield from _pieced(job, noise, co_denoised(model, job.levels, noise, states, Windows(WINDOW, STRIDE), **both)))  # type: ignore[arg-type]
    plan = PLANS[job.request.long_method](noise.shape[1], WINDOW, given=given)
    return (yield from _pieced(job, noise, by_pieces(model, job.levels, noise, states, plan, WINDOW, let_go=LET_GO, hooks_for=hooks_for, **both)))  # type: ignore[arg-type]


def _pieced(job: Job, noise: torch.Tensor, steps: Iterator[LongStep]) -> Generator[Event, None, torch.Tensor]:
    clip = noise
    for step in steps:
        clip = step.clip
        yield Progress("drawing", step.done, step.total)
        if job.run.wants_preview():
            yield _look(job, step.x0)
    return clip


def _followed(job: Job, steps: Iterator[object]) -> Generator[Event, None, torch.Tensor]:
    latents = torch.zeros(0)
    for step in steps:
        latents = step.latents  # type: ignore[attr-defined]
        yield Progress("drawing", step.step, step.total)  # type: ignore[attr-defined]
        if job.run.wants_preview():
            yield _look(job, step.x0)  # type: ignore[attr-defined]
    return latents


def _progress(steps: Generator[Step, None, tuple[torch.Tensor, torch.Tensor]]) -> Generator[Event, None, tuple[torch.Tensor, torch.Tensor]]:
    """Tell of the steps and return what they return."""
    while True:
        try:
            step = next(steps)
        except StopIteration as done:
            start, first = done.value
            return start, first
        yield Progress("drawing", step.step, step.total)


def _look(job: Job, clean: torch.Tensor) -> Preview:
    few = clean[0, torch.linspace(0, clean.shape[1] - 1, min(PREVIEW_FRAMES, clean.shape[1])).round().long()]
    return Preview(np.stack([small(picture) for picture in as_pictures(job.pocket.parts.decode(few))]), fps=PREVIEW_FPS)


def _moved(job: Job, clean: torch.Tensor, count: int) -> torch.Tensor:
    """Latents (1, F, C, h, w) of the drawn picture (1, 1, C, h, w), cut into layers and moved along the learnt field."""
    seen = job.pocket.parts.decode(clean[0], job.run.checkpoint)
    one = layered(job.pocket, as_pictures(seen)[0], seen[0], job.readings[0], DRAWN_AT, phase_of(job.seed), job.request.motion, 0)
    anchor = Anchor(0.0, one, job.paces[0])
    shown = np.stack([anchor.frame(k / MODEL_FPS) for k in range(count)])
    return job.pocket.parts.encode(torch.from_numpy(shown).permute(0, 3, 1, 2).float().div(127.5).sub(1), job.run.checkpoint)[None]
