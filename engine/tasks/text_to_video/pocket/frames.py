"""The recipes of the other methods, which denoise every frame: `zero` (Text2Video-Zero along the learnt motion field), `animatediff`, and `independent`, the baseline.

Clips longer than the model's window are made by one of four long-video methods (`engine.diffusion.long`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np
import torch
import torch.nn.functional as F

from engine.diffusion.attention import attending
from engine.diffusion.displacement import coarse, turned_round
from engine.diffusion.long import by_pieces, co_denoised
from engine.diffusion.loop import Known, denoise, denoiser_of
from engine.diffusion.motion_field import layers
from engine.diffusion.noise import carried, mixed
from engine.diffusion.schedules import PLANS
from engine.diffusion.walk import blended as blended_states
from engine.diffusion.windows import Windows
from engine.diffusion.zero import Turn, moved, together
from engine.errors import InvalidInput
from engine.metrics.clips import drift, seam_ratio
from engine.task import Event, Meter, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.pocket.drawing import PREVIEW_FPS, PREVIEW_FRAMES, draw
from engine.tasks.text_to_video.pocket.job import MODEL_FPS, Job, small
from engine.tasks.text_to_video.pocket.models import motion_model
from engine.tasks.text_to_video.pocket.moving import as_pictures, phase_of
from engine.tasks.text_to_video.pocket.shapes import fitted
from engine.tasks.text_to_video.prompts import schedule, weights
from engine.tasks.text_to_video.takes import Made
from engine.vision.interpolation import Between
from engine.vision.layers import Motion

WINDOW, STRIDE = 16, 8
"""Frames that the model sees at once, and how far one window of a long clip is from the next."""

SHARED_NOISE = 0.5
"""Share of the noise's power that all frames of `animatediff` have in common."""

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
    pair: list[tuple[int, Between]] = []

    def ordinary(index: int) -> np.ndarray:
        where = min(job.time_of(index) * MODEL_FPS, count - 1.0)
        k = min(int(where), count - 2)
        if not pair or pair[0][0] != k:
            pair[:] = [(k, Between(large[k], large[k + 1]))]
        return fitted(pair[0][1].at(where - k), *job.size)

    yield from job.render(ordinary)


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
            return (yield from _followed(job, denoise(denoiser_of(parts.unet), job.levels, noise, states, known=_known(given, noise), **both)))  # type: ignore[arg-type]
        case "animatediff":
            model = denoiser_of(motion_model(job.pocket))
            noise = mixed(shape, SHARED_NOISE, generator)
            yield Stage("drawing", "Drawing the frames")
            if count <= WINDOW:
                return (yield from _followed(job, denoise(model, job.levels, noise, states, known=_known(given, noise), **both)))  # type: ignore[arg-type]
            return (yield from _long(job, model, noise, states, given, negative))
        case "zero":
            drawn = yield from draw(job, 0)
            backward = _field(job, drawn.clean, count)
            start = drawn.noise if drawn.noise is not None else torch.randn((1, 1, *job.cell_shape), generator=generator)
            yield Stage("drawing", "Drawing the frames")
            if count <= WINDOW:
                turn = Turn.of(job.levels)
                alone = [start, *(step.latents for step in denoise(parts.unet, job.levels, start, states[:1], stop_at=turn.drawn, **both))]  # type: ignore[arg-type]
                noise = moved(alone[turn.drawn], alone[turn.joint], backward, job.levels, turn, generator)
                walk = together(parts.unet, job.levels, noise, states, start_at=turn.joint, known=_known(given, torch.randn(shape, generator=generator)), **both)  # type: ignore[arg-type]
                return (yield from _followed(job, walk))
            noise = carried(start, coarse(backward), generator)
            return (yield from _long(job, attending(denoiser_of(parts.unet), parts.unet, mode="first"), noise, states, given, negative))
    raise InvalidInput(f"method={request.method} is not known here", fix="choose flow, zero, animatediff or independent", field="method")


def _long(
    job: Job, model: object, noise: torch.Tensor, states: torch.Tensor, given: dict[int, torch.Tensor], negative: torch.Tensor
) -> Generator[Event, None, torch.Tensor]:
    both = {"negative": negative, "guidance": job.guidance, "given": given, "checkpoint": job.run.checkpoint}
    if job.request.long_method == "co-denoise":
        steps = co_denoised(model, job.levels, noise, states, Windows(WINDOW, STRIDE), **both)  # type: ignore[arg-type]
    else:
        plan = PLANS[job.request.long_method](noise.shape[1], WINDOW, given=given)
        steps = by_pieces(model, job.levels, noise, states, plan, WINDOW, let_go=LET_GO, **both)  # type: ignore[arg-type]
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


def _look(job: Job, clean: torch.Tensor) -> Preview:
    few = clean[0, torch.linspace(0, clean.shape[1] - 1, min(PREVIEW_FRAMES, clean.shape[1])).round().long()]
    return Preview(np.stack([small(picture) for picture in as_pictures(job.pocket.parts.decode(few))]), fps=PREVIEW_FPS)


def _known(given: dict[int, torch.Tensor], noise: torch.Tensor) -> Known | None:
    if not given:
        return None
    latents, mask = torch.zeros_like(noise), torch.zeros(noise.shape[1], 1, 1, 1)
    for frame, value in given.items():
        latents[:, frame], mask[frame] = value, 1
    return Known(latents, mask, noise)


@torch.no_grad()
def _field(job: Job, clean: torch.Tensor, count: int) -> torch.Tensor:
    """The backward field (F, 2, k * h, k * w) in cells along which frame 0's latents move: things before the ground, each along the learnt motion.

    clean: (1, 1, C, h, w), the drawn picture, which is frame 0 here.
    """
    seen = job.pocket.parts.decode(clean[0])
    found = layers(job.pocket.flow, seen, job.states(job.readings[0].sentence), torch.tensor([0.0]), torch.tensor([phase_of(job.seed)]))
    size = (int(clean.shape[-2]), int(clean.shape[-1]))
    cover = F.adaptive_avg_pool2d(found.cover.sigmoid(), size)[0, 0]
    pace, scale = job.paces[0], min(size) * job.request.motion
    things, land = Motion(found.things[0].numpy()), Motion(found.land[0].numpy())
    forward = []
    for k in range(count):
        time = k / MODEL_FPS
        moves = [torch.from_numpy(part).float()[None] for part in (things.at(pace.things(time)) - things.at(0.0), land.at(pace.land(time)) - land.at(0.0))]
        thing, ground = (F.adaptive_avg_pool2d(part, size)[0] for part in moves)
        forward.append(torch.where(cover > 0.5, thing, ground) * scale)
    return turned_round(torch.stack(forward), cover)[0]
