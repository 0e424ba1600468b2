"""Clips longer than the model's own, by any of four methods: co-denoised windows, or pieces that see earlier ones by a plan of `schedules`.

Only the clip's latents grow with its length: the model never sees more frames at once than it is told to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import torch

from engine.diffusion.levels import Levels
from engine.diffusion.loop import Guidance, Hooks, Known, denoise, denoiser_of, whole_states
from engine.diffusion.parts import Checkpoint
from engine.diffusion.schedules import Piece, checked
from engine.diffusion.windows import Windows

Given = Mapping[int, torch.Tensor]
"""Frame -> its clean latents (C, h, w) or (B, C, h, w)."""


class LongStep(NamedTuple):
    """After a step: how many evaluations of a whole piece are done, of how many; the clip's latents (B, F, C, h, w), clean where made; the frames
    that are made; the frames being drawn and what the model takes for clean there, (B, n, C, h, w)."""

    done: int
    total: int
    clip: torch.Tensor
    made: tuple[int, ...]
    frames: tuple[int, ...]
    x0: torch.Tensor


def co_denoised(
    model: Any, levels: Levels, noise: torch.Tensor, states: torch.Tensor, windows: Windows, *, negative: torch.Tensor | None = None, guidance: Guidance = Guidance(),
    given: Given | None = None, given_noise: torch.Tensor | None = None, hooks: Hooks = Hooks(), start_at: int = 0, checkpoint: Checkpoint = lambda: None,
) -> Iterator[LongStep]:  # fmt: skip
    """All frames at once through overlapping windows whose outputs are averaged at each step (Gen-L-Video, Wang et al. 2023).

    noise: (B, F, C, h, w), or the latents before `start_at`; given_noise: (B, F, C, h, w) that given frames are noised with, where `noise` is such latents;
    states: as for `denoise`, one row a frame for prompts that change over time. After each step but the last, `clip` holds the noisy latents from which the
    run can go on.
    """
    known = known_frames(given, noise if given_noise is None else given_noise) if given else None
    every = tuple(range(noise.shape[1]))
    steps = denoise(
        model, levels, noise, states, negative=negative, guidance=guidance, known=known, hooks=replace(hooks, windows=windows), start_at=start_at, checkpoint=checkpoint
    )
    for step in steps:
        yield LongStep(step.step, step.total, step.latents, every if step.step == step.total else (), every, step.x0)


def by_pieces(
    model: Any, levels: Levels, noise: torch.Tensor, states: torch.Tensor, plan: Iterable[Piece], size: int, *, negative: torch.Tensor | None = None,
    guidance: Guidance = Guidance(), given: Given | None = None, let_go: int = 0, hooks_for: Callable[[Piece, Known], Hooks] = lambda piece, known: Hooks(),
    clip: torch.Tensor | None = None, pieces_done: int = 0, checkpoint: Checkpoint = lambda: None,
) -> Iterator[LongStep]:  # fmt: skip
    """Piece after piece, each drawn from its part of `noise` (B, F, C, h, w) with the frames that it sees put in at every step.

    let_go: the timestep below which the frames seen are drawn on with the new ones, so that a fault in them is mended rather than handed on; what was made
    stays as it is in the clip. hooks_for: hooks for a piece, such as `conditioned.by_channel` with its condition noise level. A piece depends on nothing
    but its own frames of `noise` and those it sees, so pieces that do not see each other may come in any order. To go on with a stopped run give its
    `clip` and how many pieces were whole. Raises `InvalidInput` when the plan does not fit.
    """
    frames = noise.shape[1]
    given = given or {}
    pieces = checked(plan, frames, size, given=given)
    texts, against = whole_states(states, noise), None if negative is None else whole_states(negative, noise)
    clip = torch.zeros_like(noise, dtype=torch.float32) if clip is None else clip.clone()
    for frame, latents in given.items():
        clip[:, frame] = latents.to(clip)
    made, denoiser = set(given), denoiser_of(model)
    for number, piece in enumerate(pieces):
        index, new = list(piece.frames), [piece.frames.index(f) for f in piece.latent]
        if number >= pieces_done:
            mask = torch.tensor([float(f in piece.observed) for f in index], device=noise.device).view(-1, 1, 1, 1)
            known = Known(clip[:, index], mask, noise[:, index].float(), let_go)
            steps = denoise(
                denoiser, levels, noise[:, index], texts[:, index], negative=None if against is None else against[:, index], guidance=guidance,
                known=known if piece.observed else None, hooks=hooks_for(piece, known), checkpoint=checkpoint,
            )  # fmt: skip
            for step in steps:
                whole = step.step == step.total
                if whole:
                    clip = clip.clone()  # what was told before stays what it was
                    clip[:, list(piece.latent)] = step.latents[:, new]
                    made |= set(piece.latent)
                yield LongStep(number * levels.steps + step.step, len(pieces) * levels.steps, clip, tuple(sorted(made)), piece.frames, step.x0)
        else:
            made |= set(piece.latent)


def known_frames(given: Given, noise: torch.Tensor) -> Known:
    """Whole given frames as the loop takes them. noise: (B, F, C, h, w), the clip's own, with which they are noised."""
    latents, mask = torch.zeros_like(noise, dtype=torch.float32), noise.new_zeros(noise.shape[1], 1, 1, 1)
    for frame, value in given.items():
        latents[:, frame], mask[frame] = value.to(latents), 1
    return Known(latents, mask, noise.float())
