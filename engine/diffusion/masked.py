"""Mask-guided denoising (Make-A-Protagonist, Zhao et al. 2023): one text for the protagonist, one for what is around, held apart by a mask at each step.

The paper's base takes a picture's embedding beside the text (unCLIP), and mixes two such embeddings by the mask inside the net. A base that is told by
text alone has no such input: here the two texts take its place, mixed by the mask in every cross-attention. What is kept of the source comes in as
latents (`Trail`: those of its own inversion; or `Known` of the loop), and what a reference looks like as latents to start from.

The published applications are choices of the two texts and of what is kept:
change the protagonist: `states` says the new one, `around` the source's place, kept outside the mask;
change the background: `states` says the source's own protagonist, kept inside the mask, `around` the new place;
change both: two new texts, nothing kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F

from engine.diffusion.levels import Levels
from engine.diffusion.loop import NEGATIVE, TEXT, Call, Denoiser, Guidance, Hooks, Known, Step, denoise, denoiser_of, whole_states
from engine.diffusion.parts import Checkpoint

AROUND = "around"
"""The branch of guidance that is fused outside the mask."""

Mode = Literal["all", "latent", "text"]
Fuse = Literal["all", "inverse"]

_PLACES: ContextVar[torch.Tensor | None] = ContextVar("places_of_the_protagonist", default=None)


@dataclass(frozen=True)
class Protagonist:
    """Who is drawn where.

    mask: (B or 1, F or 1, 1, h, w) in 0..1, 1 where the protagonist is; states, around: texts as `denoise` takes them, of equal numbers of tokens.
    mode: "latent" predicts twice, with either text alone; "text" once, both texts mixed by the mask inside the net; "all", the paper's own, fuses the
    first text's prediction with the mixed one.
    fuse: of the predictions A (protagonist) and B: "all" is (M A + B) / (M + 1), the mean of both inside the mask; "inverse" is M A + (1 - M) B.
    start, end: parts of the steps between which the mask acts, counted from noise; outside them the protagonist's text alone draws everything.
    """

    mask: torch.Tensor
    states: torch.Tensor
    around: torch.Tensor
    mode: Mode = "all"
    fuse: Fuse = "all"
    start: float = 0.0
    end: float = 1.0

    def acts(self, step: int, steps: int) -> bool:
        """Whether the mask counts in this step."""
        return self.start * steps <= step < self.end * steps or (self.end >= 1.0 and step == steps - 1)

    def fused(self, inside: torch.Tensor, outside: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Two predictions (B, n, C, h, w) as one. A deterministic step is linear in them, so the fused latents of the paper come out alike."""
        return (mask * inside + outside) / (mask + 1) if self.fuse == "all" else mask * inside + (1 - mask) * outside


@dataclass(frozen=True)
class Trail(Known):
    """A given part that goes the way of its own inversion, in place of one that is noised anew: it comes back as exactly as the inversion does.

    trail: for each step the latents (B, F, C, h, w) before it, and last the clean ones (`trail_of`).
    """

    trail: tuple[torch.Tensor, ...] = ()

    def put(self, latents: torch.Tensor, levels: Levels, step: int) -> torch.Tensor:
        """See `Known.put`."""
        if (0 if step == levels.steps else levels.timesteps[step]) < self.down_to:
            return latents
        given = self.trail[step].to(latents).expand_as(latents)
        return torch.where(self.mask >= 1, given, torch.lerp(latents, given, self.mask.to(latents).expand_as(latents)))


def trail_of(clean: torch.Tensor, steps: Iterator[Step], mask: torch.Tensor) -> Trail:
    """The way of an inversion (`engine.diffusion.inversion.invert` of `clean`, all its steps) as what is given where `mask` (see `Known`) is 1."""
    way = [clean.float(), *(step.latents for step in steps)]
    return Trail(clean.float(), mask, way[-1], trail=tuple(reversed(way)))


class MixedText:
    """A processor of cross-attention that reads two texts, laid one after the other along the tokens, and mixes what they say by a mask of places."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def __call__(
        self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor, attention_mask: torch.Tensor | None = None, temb: torch.Tensor | None = None,
        **extra: Any,
    ) -> torch.Tensor:  # fmt: skip
        """hidden_states: (R * F, places, width); encoder_hidden_states: (R * F, 2 * tokens, text width); the first comes back."""
        places = _PLACES.get()
        assert places is not None, "run inside `mixed_text`"
        inside, outside = (self.own(attn, hidden_states, text, attention_mask, temb, **extra) for text in encoder_hidden_states.chunk(2, 1))
        share = _share(places, hidden_states.shape[1]).to(inside)
        return torch.lerp(outside, inside, share)


def _share(places: torch.Tensor, count: int) -> torch.Tensor:
    """A mask (rows, h, w) at the `count` places of an inner layer: (rows, count, 1), each place the mean of what it covers."""
    height, width = places.shape[-2:]
    scale = (count / (height * width)) ** 0.5
    # Layers halve by strided convolutions, which round up.
    size = next(((h, w) for h in _near(height * scale) for w in _near(width * scale) if h * w == count), None)
    if size is None:
        raise ValueError(f"a mask of {height}x{width} does not fit {count} places")
    return F.adaptive_avg_pool2d(places[:, None], size).flatten(2).transpose(1, 2)


def _near(side: float) -> tuple[int, int]:
    return max(1, int(side)), max(1, int(side) + 1)


@contextmanager
def _mixing(model: Any) -> Iterator[None]:
    """Inside, the model's attention to texts is that of `MixedText`. Motion modules name theirs alike, but attend over time: they are left out."""
    before = dict(model.attn_processors)
    texts = {name for name in before if name.endswith("attn2.processor") and "motion_modules" not in name}
    try:
        model.set_attn_processor({name: MixedText(own) if name in texts else own for name, own in before.items()})
        yield
    finally:
        model.set_attn_processor(before)


def mixed_text(denoiser: Denoiser, *models: Any) -> Denoiser:
    """A denoiser whose states are two texts each, one after the other along the tokens; it takes `places` (R, n, h, w) beside the rest: 1 where the first
    text counts, 0 where the second does, by which `models` (UNets, ControlNets) mix them."""

    def call(latents: torch.Tensor, timestep: int, states: torch.Tensor, *, places: torch.Tensor, **extra: Any) -> torch.Tensor:
        token = _PLACES.set(places.flatten(0, 1))
        try:
            with ExitStack() as stack:
                for model in models:
                    stack.enter_context(_mixing(model))
                return denoiser(latents, timestep, states, **extra)
        finally:
            _PLACES.reset(token)

    return call


def mask_guided(
    model: Any, levels: Levels, latents: torch.Tensor, protagonist: Protagonist, *, nets: Sequence[Any] | None = None, negative: torch.Tensor | None = None,
    guidance: Guidance = Guidance(), start_at: int = 0, known: Known | None = None, hooks: Hooks = Hooks(), checkpoint: Checkpoint = lambda: None,
) -> Iterator[Step]:  # fmt: skip
    """`denoise` with the two texts of a protagonist in place of one. model: a UNet or a `Denoiser`; nets: the models whose attention to texts is mixed,
    None: `model` itself. `hooks` may not guide or branch, which is done here.

    Raises `ValueError` when guidance has no negative states.
    """
    if guidance.scale != 1 and negative is None:
        raise ValueError("guidance needs the states of a negative prompt; those of an empty text will do")
    mixes, mask = protagonist.mode != "latent", protagonist.mask.to(latents)
    inside, outside = whole_states(protagonist.states, latents), whole_states(protagonist.around, latents)
    plain = torch.cat([inside, inside], 2) if mixes else inside
    other = torch.cat([inside, outside], 2) if mixes else outside
    away = None if negative is None or guidance.scale == 1 else whole_states(negative, latents)
    away = torch.cat([away, away], 2) if mixes and away is not None else away

    def model_kwargs(call: Call) -> dict[str, Any]:
        extra = {} if hooks.model_kwargs is None else hooks.model_kwargs(call)
        if not mixes:
            return extra
        places = call.each(mask)[:, :, 0]
        return {**extra, "places": places if protagonist.acts(call.moment.step, levels.steps) else torch.ones_like(places)}

    def guide(outputs: dict[str, torch.Tensor], call: Call) -> torch.Tensor:
        without = {NEGATIVE: outputs[NEGATIVE]} if NEGATIVE in outputs else {}
        drawn = guidance({TEXT: outputs[TEXT], **without})
        if AROUND not in outputs or not protagonist.acts(call.moment.step, levels.steps):
            return drawn
        return protagonist.fused(drawn, guidance({TEXT: outputs[AROUND], **without}), call.each(mask)[: len(drawn)])

    once = protagonist.mode == "text"
    return denoise(
        mixed_text(denoiser_of(model), *(nets if nets is not None else [model])) if mixes else model, levels, latents, other if once else plain, negative=away,
        guidance=guidance, start_at=start_at, known=known, checkpoint=checkpoint,
        hooks=replace(hooks, branches={} if once else {AROUND: other}, guide=guide, model_kwargs=model_kwargs),
    )  # fmt: skip
