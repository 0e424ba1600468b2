"""Method `clip`: the picture model draws one frame (or the user gives some), and the clip model draws all others at once, by the words and what is given.

A drawn picture stands in the middle of the first window, for that is where pictures look as if from. Longer clips go on from the last frames that were made, a little noised
in the net's eyes, so that it does not take over their faults (LVDM, He et al. 2022); or windows are co-denoised.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import torch

from engine.diffusion.conditioned import by_channel
from engine.diffusion.long import LongStep, by_pieces, co_denoised, known_frames
from engine.diffusion.loop import Hooks, Known
from engine.diffusion.schedules import PLANS, Piece
from engine.diffusion.windows import Windows
from engine.task import Event, Stage
from engine.tasks.text_to_video.pocket.drawing import draw
from engine.tasks.text_to_video.pocket.job import Job

STRIDE = 8
"""How far one window of a long clip is from the next."""

KEPT = 0.97
"""Signal power at which frames that were made here are shown to the net. The user's own are shown as they are."""


def begin(job: Job, given: dict[int, torch.Tensor], count: int, window: int) -> Generator[Event, None, dict[int, torch.Tensor]]:
    """What the clip model is given: the user's frames, else one that is drawn now."""
    if given:
        return given
    drawn = yield from draw(job, 0)
    return {min(count, window) // 2: drawn.clean[0, 0]}


def walk(
    job: Job, net: Any, noise: torch.Tensor, states: torch.Tensor, given: dict[int, torch.Tensor], negative: torch.Tensor, generator: torch.Generator
) -> Generator[Event, None, Iterator[LongStep]]:
    """The steps that draw noise (1, F, C, h, w) into a clip around `given` frames, F at least the net's own number."""
    window = net.config["frames"]
    dust = torch.randn(noise.shape, generator=generator)
    both: dict[str, Any] = {"negative": negative, "guidance": job.guidance, "given": given, "checkpoint": job.run.checkpoint}
    yield Stage("drawing", "Drawing the frames")
    if job.request.long_method == "co-denoise" or noise.shape[1] == window:
        hooks = by_channel(known_frames(given, noise), noise.shape, noise=dust)
        return co_denoised(net.draw, job.levels, noise, states, Windows(window, STRIDE), hooks=hooks, **both)

    def shown(piece: Piece, known: Known) -> Hooks:
        own = set(piece.observed) <= set(given)
        return by_channel(known, known.noise.shape, kept=1.0 if own else KEPT, noise=dust[:, list(piece.frames)])

    return by_pieces(net.draw, job.levels, noise, states, PLANS[job.request.long_method](noise.shape[1], window, given=given), window, hooks_for=shown, **both)


def padded(states: torch.Tensor, count: int) -> torch.Tensor:
    """(F, tokens, width) states with the last one repeated up to `count`: a short clip is the start of a whole window."""
    return torch.cat([states, states[-1:].expand(max(0, count - len(states)), -1, -1)])
