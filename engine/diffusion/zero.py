"""Text2Video-Zero (Khachatryan et al. 2023): a picture model draws a clip, its first frame's latents moved for every further one.

A frame is drawn part of the way, its latents are carried along a displacement field for each frame, noised a little again, and all frames are
denoised together, looking at the first one. The field may be one translation, as in the paper, or come from a motion model.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F

from engine.diffusion.attention import attending
from engine.diffusion.displacement import coarse, pulled
from engine.diffusion.levels import Levels, diffused
from engine.diffusion.loop import Guidance, Hooks, Known, Moment, Step, denoise, denoiser_of
from engine.diffusion.noise import carried
from engine.diffusion.parts import Checkpoint

DRAWN_TO, NOISED_TO = 0.881, 0.941
"""The paper's two timesteps as parts of all: latents are moved at the first, and noised again to the second."""

STEP = 12 / 512
"""The paper's motion from frame to frame, as a share of the picture's side, to the right and down."""


@dataclass(frozen=True)
class Turn:
    """Where the latents are moved, and where the joint walk begins: numbers of steps, `joint <= drawn`."""

    drawn: int
    joint: int

    @staticmethod
    def of(levels: Levels, drawn_to: float = DRAWN_TO, noised_to: float = NOISED_TO) -> Turn:
        """The steps whose timesteps are nearest to these parts of 1000, the joint walk at least one step long. With few steps both may be one:
        nothing is noised again then. With a single step the noise itself is moved."""

        def nearest(part: float) -> int:
            return min(range(min(1, levels.steps - 1), levels.steps), key=lambda k: abs(levels.timesteps[k] - 1000 * part))

        drawn = nearest(drawn_to)
        return Turn(drawn, min(drawn, nearest(noised_to)))


def moved(latents: torch.Tensor, first: torch.Tensor, backward: torch.Tensor, levels: Levels, turn: Turn, generator: torch.Generator) -> torch.Tensor:
    """The paper's start of the joint walk: (B, 1, C, h, w) as they are before step `turn.drawn` -> (B, F, C, h, w) before step `turn.joint`.

    first: (B, 1, C, h, w) as they were before step `turn.joint`; frame 0 goes on from there. backward: (F, 2, h, w) cells, see `displacement`. Latents
    move by nearest cells, and each further frame is noised for itself.
    """
    frames = pulled(latents, coarse(backward, fine) if (fine := backward.shape[-1] // latents.shape[-1]) > 1 else backward)
    noise = torch.randn(frames.shape, generator=generator).to(frames)
    return torch.cat([first, diffused(frames, noise, levels.alphas[turn.drawn], levels.alphas[turn.joint])[:, 1:]], 1)


def moved_apart(
    x0: torch.Tensor, noise: torch.Tensor, backward: torch.Tensor, levels: Levels, step: int, generator: torch.Generator, uncovered: torch.Tensor | None = None
) -> torch.Tensor:
    """A start that moves clean latents and noise (B, 1, C, h, w) each in its own way: (B, F, C, h, w) before `step`.

    What is clean moves by parts of a cell, and the noise goes along but stays white; the later the step, the more of the first frame's look is kept.
    backward: (F, 2, k * h, k * w), best a fine field of `displacement.turned_round`, with its `uncovered`. x0 of F frames is taken as moved already.
    """
    fine = backward.shape[-1] // x0.shape[-1]
    clean = pulled(x0, backward) if x0.shape[1] == 1 else x0
    return levels.noised(clean, carried(noise, coarse(backward, fine) if fine > 1 else backward, generator, uncovered), step)


def smoothed(latents: torch.Tensor, backward: torch.Tensor, things: torch.Tensor, share: float = 0.4) -> torch.Tensor:
    """Background smoothing: where neither a frame nor the moved first frame shows a thing, its latents keep `share` of their own and take the rest from
    the moved first frame. latents: (B, F, C, h, w); things: (F, h, w) masks, 1 where a thing is; they are grown by two cells."""
    grown = F.max_pool2d(things[:, None].to(latents), 5, 1, 2)[None]
    carried_things, carried_latents = pulled(grown[:, :1], backward), pulled(latents[:, :1], backward)
    ground = (grown < 0.5) & (carried_things < 0.5)
    return torch.where(ground, share * latents + (1 - share) * carried_latents, latents)


def fused(backward: torch.Tensor, uncovered: torch.Tensor | None = None, *, until: float = 0.5, strength: float = 1.0) -> Hooks:
    """Hooks that hold every frame's clean latents to the moved ones of the first, where those are to be had (shape-aware fusion, Yang et al. 2023).

    backward: (F, 2, k * h, k * w); uncovered: (F, h, w) share of each cell that the first frame does not show, left to the model; until: part of the
    steps, counted from noise, during which they are held; strength: how far, 0..1.
    """
    return _held(lambda x0: pulled(x0[:, :1], backward), uncovered, until, strength)


def held_to(frames: torch.Tensor, uncovered: torch.Tensor | None = None, *, until: float = 0.5, strength: float = 1.0, first_too: bool = False) -> Hooks:
    """Like `fused`, but to clean latents (B, F, C, h, w) that are at hand, such as those of a picture moved in pixels; the first frame stays free unless `first_too`."""
    return _held(lambda x0: frames.to(x0), uncovered, until, strength, first_too)


def _held(target: Callable[[torch.Tensor], torch.Tensor], uncovered: torch.Tensor | None, until: float, strength: float, first_too: bool = False) -> Hooks:
    def on_x0(moment: Moment, x0: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        if moment.step >= until * moment.levels.steps:
            return x0, noise
        held = x0.new_full((1,), strength) if uncovered is None else strength * (1 - uncovered[:, None].to(x0))
        held = held.expand(x0.shape[1], 1, *x0.shape[-2:]).clone()
        if not first_too:
            held[0] = 0
        return torch.lerp(x0, target(x0).expand_as(x0), held.expand_as(x0)), noise

    return Hooks(on_x0=on_x0)


def together(
    unet: Any, levels: Levels, latents: torch.Tensor, states: torch.Tensor, *, start_at: int, mode: str = "first", negative: torch.Tensor | None = None,
    guidance: Guidance = Guidance(), known: Known | None = None, hooks: Hooks = Hooks(), checkpoint: Checkpoint = lambda: None,
) -> Iterator[Step]:  # fmt: skip
    """The joint walk of all frames (B, F, C, h, w), spatial self-attention looking across frames by `mode`. Stops and goes on like `denoise`."""
    return denoise(
        attending(denoiser_of(unet), unet, mode=mode), levels, latents, states, negative=negative, guidance=guidance, start_at=start_at, known=known, hooks=hooks,
        checkpoint=checkpoint,
    )  # fmt: skip


def first_frame(
    unet: Any, levels: Levels, noise: torch.Tensor, states: torch.Tensor, turn: Turn, *, negative: torch.Tensor | None = None, guidance: Guidance = Guidance(),
    checkpoint: Checkpoint = lambda: None,
) -> Generator[Step, None, tuple[torch.Tensor, torch.Tensor]]:  # fmt: skip
    """Draw the first frame up to `turn.drawn`: its latents there and at `turn.joint`, what `moved` takes. noise, states: as for `text_to_video_zero`."""
    start = first = noise.float()
    alone = states[:1] if states.ndim == 3 else states
    for step in denoise(unet, levels, start, alone, negative=negative, guidance=guidance, stop_at=turn.drawn, checkpoint=checkpoint):
        start = step.latents
        first = start if step.step == turn.joint else first
        yield step
    return start, first


def text_to_video_zero(
    unet: Any, levels: Levels, noise: torch.Tensor, states: torch.Tensor, backward: torch.Tensor, generator: torch.Generator, *, turn: Turn | None = None,
    mode: str = "first", negative: torch.Tensor | None = None, guidance: Guidance = Guidance(), hooks: Hooks = Hooks(), checkpoint: Checkpoint = lambda: None,
) -> Iterator[Step]:  # fmt: skip
    """The whole method. noise: (B, 1, C, h, w); states: (tokens, width), or (F, tokens, width) of which the first draws the first frame.

    Tells after each step: first of one frame, (B, 1, ...), up to `turn.drawn`, then of all, from `turn.joint + 1` on. A run that stopped in the second
    part goes on with `together`.
    """
    turn = Turn.of(levels) if turn is None else turn
    start, first = yield from first_frame(unet, levels, noise, states, turn, negative=negative, guidance=guidance, checkpoint=checkpoint)
    yield from together(
        unet, levels, moved(start, first, backward, levels, turn, generator), states, start_at=turn.joint, mode=mode, negative=negative, guidance=guidance, hooks=hooks,
        checkpoint=checkpoint,
    )  # fmt: skip


def paper_step(size: tuple[int, int]) -> tuple[float, float]:
    """The paper's translation from frame to frame in cells (x, y), for latents of size (h, w)."""
    return STEP * size[1], STEP * size[0]


