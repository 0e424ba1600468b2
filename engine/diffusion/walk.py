"""Texts that change over time: one row of token states for each frame, blended smoothly between prompts (block B18)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Literal

import torch

from engine.diffusion.parts import Parts
from engine.errors import InvalidInput

Ease = Literal["smooth", "linear", "cut"]


def shares(times: Sequence[float], time: float, ease: Ease = "smooth") -> list[float]:
    """How much each prompt counts at `time` seconds; the sum is 1. times: rising, when each prompt is reached fully.

    Between two times the weight goes from one to the next: with a slow start and end, evenly, or all at once at the second.
    """
    if any(b <= a for a, b in zip(times, times[1:], strict=False)):
        raise InvalidInput("the prompts' times do not rise", fix="put them in order, each at its own time", field="prompts")
    out = [0.0] * len(times)
    after = bisect_right(times, time)
    if after in (0, len(times)):
        out[0 if after == 0 else -1] = 1.0
        return out
    part = (time - times[after - 1]) / (times[after] - times[after - 1])
    part = {"smooth": part * part * (3 - 2 * part), "linear": part, "cut": 0.0}[ease]
    out[after - 1], out[after] = 1 - part, part
    return out


def travelled(parts: Parts, prompts: Sequence[tuple[float, str]], frames: int, fps: float, *, ease: Ease = "smooth") -> torch.Tensor:
    """States (F, tokens, width) for prompts given as (seconds, text): linear mixtures of the texts' states, frame by frame.

    At the times given the states are those of the text itself, bit for bit; before the first and after the last they stay.
    """
    if not prompts:
        raise InvalidInput("there is no prompt", fix="write one", field="prompt")
    return blended(parts.text_states([text for _, text in prompts]), [shares([at for at, _ in prompts], f / fps, ease) for f in range(frames)])


def blended(states: torch.Tensor, weights: Sequence[Sequence[float]]) -> torch.Tensor:
    """States (P, tokens, width) of P prompts mixed by weights (F, P): (F, tokens, width). A weight of 1 gives a prompt's states unchanged."""
    out = []
    for row in weights:
        whole = [k for k, weight in enumerate(row) if weight == 1]
        out.append(states[whole[0]] if whole else torch.einsum("p,ptw->tw", states.new_tensor(list(row)), states))
    return torch.stack(out)
