"""Drafts: latents part of the way through denoising, kept in a file from which a later run goes on with the same bits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from engine.errors import InvalidInput
from engine.tasks.text_to_video.contract import earlier_draft
from engine.tasks.text_to_video.request import TextToVideoRequest

if TYPE_CHECKING:
    from engine.context import RunContext


def halfway(request: TextToVideoRequest) -> int:
    """After how many of its steps the best candidate is chosen, and a draft rests."""
    return max(1, (request.own_steps + 1) // 2)


def save(path: Path, latents: list[torch.Tensor], request: TextToVideoRequest) -> Path:
    """Write the noisy latents (each (1, F, C, h, w) float32) of a draft, in the order in which they were drawn."""
    save_file({str(k): one.contiguous() for k, one in enumerate(latents)}, path, metadata={"steps": str(request.own_steps), "done": str(halfway(request)), "method": request.method})
    return path


def load(request: TextToVideoRequest, run: RunContext) -> tuple[list[torch.Tensor], int] | None:
    """The latents of the draft that this request goes on from, and the step after which they stand; None when it continues nothing.

    Raises `InvalidInput` when the draft is gone, or was made with other settings.
    """
    path = earlier_draft(request, run)
    if path is None:
        return None
    try:
        with safe_open(path, "pt") as file:
            told, found = file.metadata() or {}, [file.get_tensor(str(k)) for k in range(len(list(file.keys())))]
    except Exception as error:  # safetensors has its own kind of error for each way in which a file can be broken
        raise InvalidInput("the draft cannot be read", why=str(error)[:80], fix="make it again", field="continue_run") from error
    if told.get("steps") != str(request.own_steps) or told.get("method") != request.method:
        raise InvalidInput(
            f"the draft was made with steps={told.get('steps')} and method={told.get('method')}", fix="finish it with the same ones", field="continue_run"
        )
    return found, int(told["done"])
