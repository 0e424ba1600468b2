"""A draft that is finished: a call that begins in the middle of its steps, with the latents that another call had there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput


@contextmanager
def after(pipeline: Any, done: int, latents: Any = None) -> Iterator[None]:
    """For the length of a block a pipeline's steps begin after `done` of them, with `latents`. A sampler that looks back at earlier steps begins anew there."""
    scheduler = pipeline.scheduler
    own, first = scheduler.set_timesteps, pipeline.prepare_latents

    @wraps(own)
    def shortened(*given: Any, **named: Any) -> None:
        # The count of steps stays as it is: DDIM takes the width of a step from it.
        own(*given, **named)
        scheduler.timesteps = scheduler.timesteps[done:]
        if getattr(scheduler, "sigmas", None) is not None:
            scheduler.sigmas = scheduler.sigmas[done:]

    # All that is drawn at random at the beginning is drawn as ever: what comes after it, as in decoding, is the same then.
    @wraps(first)
    def replaced(*given: Any, **named: Any) -> Any:
        found = first(*given, **named)
        noise = found[0] if isinstance(found, tuple) else found
        kept = latents.to(noise.device, noise.dtype)
        return (kept, *found[1:]) if isinstance(found, tuple) else kept

    if done:
        scheduler.set_timesteps, pipeline.prepare_latents = shortened, replaced
    try:
        yield
    finally:
        if done:
            del scheduler.set_timesteps, pipeline.prepare_latents


def save(path: Path, latents: Any, told: dict[str, str]) -> Path:
    """Write noisy latents with what must be alike when they are gone on from."""
    from safetensors.torch import save_file

    save_file({"latents": latents.detach().float().cpu().contiguous()}, path, metadata=told)
    return path


def load(path: Path, told: dict[str, str]) -> tuple[Any, int]:
    """The latents of a draft and after how many steps they stand. told: what must be alike. Raises `InvalidInput` when something differs."""
    from safetensors import safe_open

    try:
        with safe_open(path, "pt") as file:
            kept, latents = file.metadata() or {}, file.get_tensor("latents")
            done = int(kept["done"])
    except Exception as error:  # safetensors has its own kind of error for each way in which a file can be broken
        raise InvalidInput("the draft cannot be read", why=str(error)[:80], fix="make it again", field="continue_run") from error
    other = [name for name, value in told.items() if name != "done" and kept.get(name) != value]
    if other:
        raise InvalidInput(f"the draft was made with {other[0]}={kept.get(other[0], '?')[:60]}", fix="finish it with the same settings", field="continue_run")
    return latents, done
