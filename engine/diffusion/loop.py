"""The one denoising loop: every method of the studio is this loop with other states, models, windows and hooks.

Latents are `(B, F, C, H, W)` float32 here; a picture model sees them as `(B * F, C, H, W)`, a motion model as `(B, C, F, H, W)`. There is no
chance in the loop and it keeps nothing but the latents, so a run that stops after any step goes on from there with the same bits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import torch
from diffusers import UNet2DConditionModel, UNetMotionModel

from engine.diffusion.attention import frames_in_batch
from engine.diffusion.levels import Levels
from engine.diffusion.parts import Checkpoint
from engine.diffusion.windows import Windows

Denoiser = Callable[..., torch.Tensor]
"""`(latents (R, n, C, H, W), timestep, states (R, n, tokens, width), **kwargs) -> (R, n, C, H, W)`, all float32 outside."""

TEXT, NEGATIVE = "text", "negative"


class Step(NamedTuple):
    """After a step: how many are done, of how many, the latents there, and the clean latents that the model expects. Both (B, F, C, H, W).

    To go on later, give `latents` and `start_at=step`.
    """

    step: int
    total: int
    latents: torch.Tensor
    x0: torch.Tensor


@dataclass(frozen=True)
class Moment:
    """Where the loop is. latents: (B, F, C, H, W) as the model will see them; a leaf that takes gradients when the hooks want some."""

    step: int
    timestep: int
    levels: Levels
    latents: torch.Tensor

    @property
    def alpha(self) -> float:
        """Signal power of the latents."""
        return self.levels.alphas[self.step]


@dataclass(frozen=True)
class Call:
    """One evaluation of the model. R rows: the branches of guidance outermost, then the takes. latents: (R, n, C, H, W); states: (R, n, tokens, width)."""

    moment: Moment
    frames: tuple[int, ...]
    branches: tuple[str, ...]
    latents: torch.Tensor
    states: torch.Tensor

    def each(self, condition: torch.Tensor) -> torch.Tensor:
        """A condition of the whole clip (B or 1, F or 1, ...) for the rows and frames of this call: (R, n, ...)."""
        takes = len(self.latents) // len(self.branches)
        whole = condition.expand(takes, len(self.moment.latents[0]), *condition.shape[2:])
        return whole[:, list(self.frames)].repeat(len(self.branches), *(1 for _ in whole.shape[1:]))


@dataclass(frozen=True)
class Hooks:
    """Where a method takes part in the loop. All optional.

    before_step(moment); model_input(call) -> latents with more channels, for models that take conditions by channel; model_kwargs(call) -> further
    arguments of the model; branches: further texts to evaluate, name -> states; guide({name: output (B, n, C, H, W)}, call) -> output, in place of
    classifier-free guidance; on_x0(moment, x0, noise) -> (x0, noise), both (B, F, C, H, W); after_step(moment, latents) -> latents;
    windows: the model sees the clip by these. with_gradients: the model is run so that `on_x0` can ask for gradients at `moment.latents`.
    """

    before_step: Callable[[Moment], None] | None = None
    model_input: Callable[[Call], torch.Tensor] | None = None
    model_kwargs: Callable[[Call], dict[str, Any]] | None = None
    branches: Mapping[str, torch.Tensor] = field(default_factory=dict)
    guide: Callable[[dict[str, torch.Tensor], Call], torch.Tensor] | None = None
    on_x0: Callable[[Moment, torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]] | None = None
    after_step: Callable[[Moment, torch.Tensor], torch.Tensor] | None = None
    windows: Windows | None = None
    with_gradients: bool = False


@dataclass(frozen=True)
class Known:
    """What is given of a clip, frames or regions. latents: clean; mask: 1 where given, 0 where to draw, soft edges allowed; noise: unit Gaussian.

    All broadcast to (B, F, C, H, W): a mask (F, 1, 1, 1) gives whole frames. The noise stays the same over the steps, so the run can be resumed.
    down_to: below this timestep the given part is let go, and drawn on with the rest: what is imperfect in it is mended and not passed on.
    """

    latents: torch.Tensor
    mask: torch.Tensor
    noise: torch.Tensor
    down_to: int = 0

    def put(self, latents: torch.Tensor, levels: Levels, step: int) -> torch.Tensor:
        """Latents before `step` with the given part in its place, as noisy as they are (Lugmayr et al. 2022); clean at the end."""
        if (0 if step == levels.steps else levels.timesteps[step]) < self.down_to:
            return latents
        given = self.latents if step == levels.steps else levels.noised(self.latents, self.noise, step)
        return torch.where(self.mask >= 1, given, torch.lerp(latents, given.expand_as(latents), self.mask.to(latents).expand_as(latents)))


@dataclass(frozen=True)
class Guidance:
    """Classifier-free guidance (Ho and Salimans 2022): `scale` 1 uses the text alone and needs no negative states.

    rescale: share to which the guided output gets the spread of the unguided one back, against burnt colours (Lin et al. 2024), by frame.
    """

    scale: float = 1.0
    rescale: float = 0.0

    def __call__(self, outputs: dict[str, torch.Tensor]) -> torch.Tensor:
        """outputs: (B, n, C, H, W) of `text` and, unless the scale is 1, of `negative`."""
        text, negative = outputs[TEXT], outputs.get(NEGATIVE)
        if negative is None:
            return text
        mixed = negative + self.scale * (text - negative)
        if self.rescale:
            inside = (-3, -2, -1)
            ratio = text.std(inside, keepdim=True) / mixed.std(inside, keepdim=True).clamp_min(1e-12)
            mixed = mixed * (1 + self.rescale * (ratio - 1))
        return mixed


def denoiser_of(model: Any) -> Denoiser:
    """A stock UNet, of pictures or of motion, as the loop calls it; anything else is taken to be a `Denoiser` already."""
    if isinstance(model, UNetMotionModel):
        return partial(_clip, model)
    if isinstance(model, UNet2DConditionModel):
        return partial(_pictures, model)
    return model


@torch.no_grad()
def denoise(
    model: Any, levels: Levels, latents: torch.Tensor, states: torch.Tensor, *, negative: torch.Tensor | None = None, guidance: Guidance = Guidance(), start_at: int = 0,
    stop_at: int | None = None, known: Known | None = None, hooks: Hooks = Hooks(), checkpoint: Checkpoint = lambda: None,
) -> Iterator[Step]:  # fmt: skip
    """Walk `latents` (B, F, C, H, W) from level `start_at` to `stop_at` (None: the end) and tell after each step.

    model: a stock UNet or a `Denoiser`. latents: noise at step 0, else as noisy as `start_at` asks (`Levels.noised`). states, negative:
    (tokens, width) for all frames, (F, tokens, width), or (B or 1, F or 1, tokens, width). `checkpoint` is called before each evaluation of the model.
    With nothing to walk there is no step. Raises `ValueError` when guidance has no negative states.
    """
    branches = branches_of(states, negative, guidance, hooks, latents)
    denoiser, last = denoiser_of(model), levels.steps if stop_at is None else stop_at
    latents = latents.float()
    for step in range(start_at, last):
        latents, x0 = _step(denoiser, levels, step, latents, branches, guidance, known, hooks, checkpoint)
        if known is not None:
            # What is given enters before each step, not after it: with soft edges a resumed run would otherwise blend it in twice.
            latents = known.put(latents, levels, step + 1) if step + 1 == levels.steps else latents
            x0 = known.put(x0, levels, levels.steps)
        yield Step(step + 1, levels.steps, latents, x0)


def finish(steps: Iterator[Step]) -> torch.Tensor:
    """The latents (B, F, C, H, W) after the last step. Raises `ValueError` when there was none."""
    last = deque(steps, maxlen=1)
    if not last:
        raise ValueError("there was no step to walk")
    return last[0].latents


def branches_of(states: torch.Tensor, negative: torch.Tensor | None, guidance: Guidance, hooks: Hooks, latents: torch.Tensor) -> dict[str, torch.Tensor]:
    """Name -> (B, F, tokens, width): the texts that each evaluation takes, in one batch."""
    found = {TEXT: states}
    if negative is not None and (guidance.scale != 1 or hooks.guide is not None):
        found[NEGATIVE] = negative
    elif guidance.scale != 1 and hooks.guide is None:
        raise ValueError("guidance needs the states of a negative prompt; those of an empty text will do")
    return {name: whole_states(each, latents) for name, each in {**found, **hooks.branches}.items()}


def predict(
    denoiser: Denoiser, moment: Moment, branches: dict[str, torch.Tensor], guidance: Guidance, hooks: Hooks, checkpoint: Checkpoint = lambda: None
) -> torch.Tensor:
    """The guided model output (B, F, C, H, W) for a moment, the windows' outputs merged by their weights."""
    count = moment.latents.shape[1]
    spans = hooks.windows.spans(count) if hooks.windows is not None else (tuple(range(count)),)
    if len(spans) == 1:
        return _window(denoiser, moment, spans[0], branches, guidance, hooks, checkpoint)
    assert hooks.windows is not None
    merged, shares = torch.zeros_like(moment.latents), moment.latents.new_zeros(count, 1, 1, 1)
    for frames in spans:
        found = _window(denoiser, moment, frames, branches, guidance, hooks, checkpoint)
        index = torch.tensor(frames, device=found.device)
        weights = found.new_tensor(hooks.windows.trust(len(frames)))[:, None, None, None]
        merged, shares = merged.index_add(1, index, found * weights), shares.index_add(0, index, weights)
    return merged / shares


def _step(
    denoiser: Denoiser, levels: Levels, step: int, latents: torch.Tensor, branches: dict[str, torch.Tensor], guidance: Guidance, known: Known | None, hooks: Hooks,
    checkpoint: Checkpoint,
) -> tuple[torch.Tensor, torch.Tensor]:  # fmt: skip
    if known is not None:
        latents = known.put(latents, levels, step)
    with torch.set_grad_enabled(hooks.with_gradients):
        moment = Moment(step, levels.timesteps[step], levels, latents.detach().requires_grad_(hooks.with_gradients))
        if hooks.before_step is not None:
            hooks.before_step(moment)
        x0, noise = levels.read(predict(denoiser, moment, branches, guidance, hooks, checkpoint), moment.latents, step)
        if hooks.on_x0 is not None:
            x0, noise = hooks.on_x0(moment, x0, noise)
    x0, noise = x0.detach(), noise.detach()
    latents = levels.following(x0, noise, step)
    return hooks.after_step(moment, latents) if hooks.after_step is not None else latents, x0


def _window(
    denoiser: Denoiser, moment: Moment, frames: tuple[int, ...], branches: dict[str, torch.Tensor], guidance: Guidance, hooks: Hooks, checkpoint: Checkpoint
) -> torch.Tensor:
    checkpoint()
    index, names = list(frames), tuple(branches)
    states = torch.cat([branches[name][:, index] for name in names])
    call = Call(moment, frames, names, moment.latents[:, index].repeat(len(names), 1, 1, 1, 1), states)
    with frames_in_batch(len(frames)):
        given = call.latents if hooks.model_input is None else hooks.model_input(call)
        extra = {} if hooks.model_kwargs is None else hooks.model_kwargs(call)
        found = denoiser(given, moment.timestep, states, **extra).float()
    outputs = dict(zip(names, found.chunk(len(names)), strict=True))
    return guidance(outputs) if hooks.guide is None else hooks.guide(outputs, call)


def whole_states(states: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
    """States of any accepted shape as (B, F, tokens, width), without copying."""
    while states.ndim < 4:
        states = states[None]
    return states.to(latents.device).expand(*latents.shape[:2], *states.shape[2:])


def _pictures(unet: Any, latents: torch.Tensor, timestep: int, states: torch.Tensor, **extra: Any) -> torch.Tensor:
    given = latents.flatten(0, 1).to(unet.device, unet.dtype).contiguous(memory_format=torch.channels_last)
    return unet(given, timestep, states.flatten(0, 1).to(unet.device, unet.dtype), **extra).sample.unflatten(0, latents.shape[:2]).to(latents.device)


def _clip(unet: Any, latents: torch.Tensor, timestep: int, states: torch.Tensor, **extra: Any) -> torch.Tensor:
    # The motion model wants the texts once for every frame, not once for every clip.
    given, told = latents.transpose(1, 2).to(unet.device, unet.dtype), states.flatten(0, 1).to(unet.device, unet.dtype)
    return unet(given, timestep, told, **extra).sample.transpose(1, 2).to(latents.device)
