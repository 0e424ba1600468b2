"""A model of a card opened for one call: its pipeline placed on the device, previews measured on its own VAE, steps told, memory looked after."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.errors import OutOfMemory
from engine.hub import looks
from engine.hub.pipeline import Wish, arguments, frames_of, ready, remember_texts, vae_name
from engine.hub.watching import Step, Watched

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext
    from engine.hub.looks import Looks

SHARE = 0.03
"""Part of the time of the steps that previews may take."""

MOST_LOOKS = 16
"""Frames of a preview."""


class Session:
    """One opened model. `told`: what the result's document says of it; `notes`: what the user should know before the first step."""

    def __init__(self, card: Card, pipeline: Any, run: RunContext, device: str, told: dict[str, Any], notes: list[str], seen: Looks | None) -> None:
        self.card, self.pipeline, self.run, self.device, self.told, self.notes = card, pipeline, run, device, told, notes
        self._seen = seen
        self._watched: Watched | None = None

    @property
    def stopped(self) -> bool:
        """The user pressed Stop in the middle of the call."""
        return self._watched is not None and self._watched.stopped

    def steps(self, wish: Wish) -> Iterator[tuple[Step, np.ndarray | None]]:
        """Make the call; yields each step with a preview (F, h, w, 3) uint8 when one is due. Raises `OutOfMemory`."""
        assert self.card.drawing is not None
        self._watched = Watched(self.pipeline, arguments(self.pipeline, self.card.drawing, wish), total=wish.steps, stop=self.run.cancelled)
        began, looked = time.monotonic(), 0.0
        for step in self._watched.steps():
            look = None
            at = time.monotonic()
            if self._seen is not None and looked <= SHARE * (at - began) and self.run.wants_preview():
                look = self._look(step, wish)
                looked += time.monotonic() - at
            yield step, look

    def frames(self) -> np.ndarray:
        """(F, H, W, 3) uint8 of the call that has ended."""
        assert self._watched is not None
        if self._watched.result is not None:
            return frames_of(self._watched.result)
        return halted(self.pipeline, self._watched.latents)

    def _look(self, step: Step, wish: Wish) -> np.ndarray | None:
        clean = step.x0
        if clean is None or self._seen is None or self.card.drawing is None:
            return None
        found = looks.grid(self.pipeline, self.card.drawing, clean, wish.size, wish.frames)
        return None if found is None else self._seen(found[:: max(1, len(found) // MOST_LOOKS)])


def halted(pipeline: Any, latents: Any) -> np.ndarray:
    """Frames of a pipeline that could only be halted, decoded by its own method."""
    from types import SimpleNamespace

    import torch

    with torch.no_grad():
        decoded = pipeline.decode_latents(latents.to(pipeline.vae.dtype), latents.shape[1])
    return frames_of(SimpleNamespace(frames=pipeline.video_processor.postprocess_video(video=decoded, output_type="np")))


@contextmanager
def opened(card: Card, folder: Path, run: RunContext, *, image: bool) -> Iterator[Session]:
    """The model of a card, ready for one call. Raises `ModelUnavailable`, `InvalidInput`, and `OutOfMemory` that names a setting that fits."""
    import torch

    from engine.hardware import device_of

    drawing = card.drawing
    assert drawing is not None
    device = device_of(run.settings.device)
    half = torch.float32 if device.type == "cpu" else torch.bfloat16
    dtypes = {"": half, **dict.fromkeys(drawing.exact, torch.float32)}
    try:
        with ready(folder, drawing, card.title, run.pool, dtypes, image=image) as pipeline:
            pipeline.to(device)
            remember_texts(pipeline)
            seen = looks.measured(pipeline.vae, run.settings.data_dir / "cache" / "looks", vae_name(folder)) if getattr(pipeline, "vae", None) is not None else None
            yield Session(card, pipeline, run, str(device), {"model": card.id, "pipeline": type(pipeline).__name__}, [], seen)
    except (torch.OutOfMemoryError, MemoryError) as error:
        raise OutOfMemory(f"{card.title} ran out of memory", fix="choose a smaller size or a shorter clip; everything was freed, the next run is fine") from error
