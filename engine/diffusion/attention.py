"""Cross-frame attention: a picture model's frames look at each other's keys and values (block B1).

`first` is that of Text2Video-Zero (Khachatryan et al. 2023), `first+prev` of Tune-A-Video (Wu et al. 2022), `anchor` of Gen-L-Video (Wang et al. 2023),
`full` of ControlVideo (Zhang et al. 2023).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
import torch.nn.functional as F

from engine.errors import InvalidInput

_FRAMES: ContextVar[int | None] = ContextVar("frames_in_batch", default=None)

SEEN: dict[str, Callable[[int, int], tuple[int, ...]]] = {
    "self": lambda f, n: (f,),
    "first": lambda f, n: (0,),
    "prev": lambda f, n: (max(f - 1, 0),),
    "mid": lambda f, n: (n // 2,),
    "last": lambda f, n: (n - 1,),
    "full": lambda f, n: tuple(range(n)),
    # The middle frame, and the neighbour on the way to it.
    "anchor": lambda f, n: (n // 2, f - 1 if f > n // 2 else min(f + 1, n // 2)),
}
"""For frame `f` of `n`, whose keys and values it sees. Modes may be joined with `+`: `first+prev`, `self+mid`."""


@contextmanager
def frames_in_batch(count: int) -> Iterator[None]:
    """Inside, models are run on batches whose rows are clips of `count` frames, frames innermost. The loop says it at every call."""
    token = _FRAMES.set(count)
    try:
        yield
    finally:
        _FRAMES.reset(token)


def seen(mode: str, count: int) -> tuple[tuple[int, ...], ...]:
    """For each of `count` frames, the frames that it sees, all rows of one length: a frame seen twice counts no more than once in a softmax over
    all its copies alone. Raises `InvalidInput` for an unknown mode."""
    names = mode.split("+")
    unknown = [name for name in names if name not in SEEN]
    if unknown:
        raise InvalidInput(f"attention mode {mode!r} is unknown", fix=f"join any of {', '.join(SEEN)} with +")
    table = [tuple(f for name in names for f in SEEN[name](k, count)) for k in range(count)]
    return tuple(row[:1] for row in table) if all(len(set(row)) == 1 for row in table) else tuple(table)


class CrossFrame:
    """An attention processor for spatial self-attention. The batch is (guidance and takes) x frames; frames: how many, None takes what the loop says."""

    def __init__(self, mode: str, frames: int | None = None) -> None:
        seen(mode, 1)
        self.mode, self.frames = mode, frames

    def __call__(
        self, attn: Any, hidden_states: torch.Tensor, encoder_hidden_states: torch.Tensor | None = None, attention_mask: torch.Tensor | None = None,
        temb: torch.Tensor | None = None, **extra: Any,
    ) -> torch.Tensor:  # fmt: skip
        """hidden_states: (R * F, N, width); the same comes back."""
        count = self.frames or _FRAMES.get()
        if count is None or len(hidden_states) % count:
            raise ValueError(f"cross-frame attention over {count} frames does not fit a batch of {len(hidden_states)}")
        tokens = hidden_states.shape[1]
        table = seen(self.mode, count)
        query, keys, values = self._heads(attn, attn.to_q(hidden_states)), *self._seen(attn, hidden_states.unflatten(0, (-1, count)), table)
        if len(query) != len(keys):  # every frame sees the same frames: one long sequence of queries instead of copies of the keys
            query = query.unflatten(0, (-1, count)).transpose(1, 2).flatten(2, 3)
        found = F.scaled_dot_product_attention(query, keys, values)  # (R or R * F, heads, queries, width)
        if len(found) != len(hidden_states):
            found = found.unflatten(2, (count, tokens)).transpose(1, 2).flatten(0, 1)
        out = attn.to_out[1](attn.to_out[0](found.transpose(1, 2).flatten(2)))
        return out / attn.rescale_output_factor

    def _seen(self, attn: Any, clips: torch.Tensor, table: tuple[tuple[int, ...], ...]) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values by heads, from clips (R, F, N, width): for R rows when all frames see the same, else for R * F."""
        needed = sorted({f for row in table for f in row})
        sources = clips[:, needed]
        where = [[needed.index(f) for f in row] for row in (table[:1] if len(set(table)) == 1 else table)]
        found = []
        for project in (attn.to_k, attn.to_v):
            each = project(sources)[:, where].flatten(2, 3)  # (R, 1 or F, seen * N, width)
            found.append(self._heads(attn, each.flatten(0, 1)))
        return found[0], found[1]

    @staticmethod
    def _heads(attn: Any, flat: torch.Tensor) -> torch.Tensor:
        return flat.unflatten(-1, (attn.heads, -1)).transpose(1, 2)


def layers_of(model: Any) -> list[str]:
    """Names of the processors of spatial self-attention. Motion modules name theirs alike, but attend over time: they are left out."""
    return [name for name in model.attn_processors if name.endswith("attn1.processor") and "motion_modules" not in name]


@contextmanager
def cross_frame(*models: Any, mode: str, layers: Callable[[str], bool] = lambda name: True, frames: int | None = None) -> Iterator[None]:
    """Inside, the models (UNets, ControlNets) attend across frames in the layers whose processor's name `layers` accepts; outside they are as before."""
    before = [dict(model.attn_processors) for model in models]
    try:
        for model, processors in zip(models, before, strict=True):
            chosen = {name for name in layers_of(model) if layers(name)}
            model.set_attn_processor({name: CrossFrame(mode, frames) if name in chosen else own for name, own in processors.items()})
        yield
    finally:
        for model, processors in zip(models, before, strict=True):
            model.set_attn_processor(dict(processors))


def attending(denoiser: Callable[..., torch.Tensor], *models: Any, mode: str, layers: Callable[[str], bool] = lambda name: True) -> Callable[..., torch.Tensor]:
    """A denoiser of the loop that attends across frames while it is called and at no other time, so that a paused run leaves the models as they were."""

    def call(*given: Any, **extra: Any) -> torch.Tensor:
        with cross_frame(*models, mode=mode, layers=layers):
            return denoiser(*given, **extra)

    return call
