"""The provider `local`: models of the user's own, from their diffusers folders, on the processor or the graphics card.

A pipeline that a card of a large model knows (`engine.catalog.own`) is drawn by that card's rules. What follows is for Stable Diffusion 1.5 models.

The methods are those of the pocket provider that denoise every frame, and its long clips: `zero` (Text2Video-Zero with the paper's own translation, in the direction that the
prompt names), `animatediff` (with a motion adapter's folder) and `independent`. There is no learnt motion field for such models: `flow` is taken as `zero`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.folders import chosen, found, weight_bytes
from engine.catalog.own import OwnModel, own_models
from engine.errors import InvalidInput
from engine.hardware import device_of
from engine.settings import Settings
from engine.task import Event, Note, Stage
from engine.tasks.text_to_video import hub, pocket
from engine.tasks.text_to_video.contract import Cell, Made, Maker
from engine.tasks.text_to_video.opening import draw_together
from engine.tasks.text_to_video.pocket.job import Job
from engine.tasks.text_to_video.pocket.models import Pocket
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import sized

if TYPE_CHECKING:
    from engine.context import RunContext

HONOURS = pocket.HONOURS - {"candidates"} | {"checkpoint", "motion_module", "step_cache", "loras", "picture_model"}

NUMBERS = 2
"""How much more memory a model may take than its files: they may hold half-size numbers that the processor multiplies as float32."""


@dataclass(frozen=True)
class LocalJob(Job):
    """A clip of a model that knows the whole world, not the diorama's words. adapter: folder of the motion adapter, for method animatediff."""

    adapter: Path | None = None

    @cached_property
    def native(self) -> tuple[int, int]:
        """(width, height) in pixels that the model draws: its own area in the shape that was asked for."""
        parts = self.pocket.parts
        config = parts.unet.config
        return sized(config.sample_size * parts.factor, self.request.width / self.request.height, parts.factor * 2 ** (len(config.block_out_channels) - 1))

    @property
    def times(self) -> int:
        """The upscaler knows paper, so it doubles only when that is asked for."""
        return int(self.request.upscale == "2x")

    @property
    def knows_words(self) -> bool:
        """Pocket CLIP cannot judge such pictures by words."""
        return False

    def motion_model(self) -> Any:
        """The model with its motion adapter."""
        from engine.diffusion.animate import load_adapter, motion_unet

        parts = self.pocket.parts
        assert self.adapter is not None, "chosen before the models are loaded"
        return motion_unet(parts.unet, load_adapter(self.adapter, dtype=parts.dtype, device=parts.device))


def prepare(cells: list[Cell], run: RunContext) -> Generator[Event, None, dict[str, Maker]]:
    """The first pictures of all clips whose model a card's rules know, drawn before it is opened."""
    own = own_models(run.settings)
    known = [(cell, large.card) for cell in cells if (large := _large(cell.request, own, run.settings)) is not None]
    return (yield from draw_together(known, run, make))


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str, drawn: dict[str, Any] | None = None) -> Iterator[Event | Made]:
    """Makes the clip STEM.mp4. Raises `ModelUnavailable` that says where to put a model when there is none. drawn: what is told of the first picture, where it lies there already."""
    large = _large(request, own_models(run.settings), run.settings)
    if large is not None:
        yield from hub.draw(request, run, seed, stem, large.card, large.place, drawn)
        return
    if request.picture_model != "none":
        yield Note("The picture model is left out: a Stable Diffusion model draws its own pictures.")
    checkpoint = chosen(run.settings, "checkpoint", request.checkpoint)
    adapter = chosen(run.settings, "motion module", request.motion_module) if request.method == "animatediff" else None
    yield Stage("loading", f"Loading {checkpoint.name}")
    import numpy as np

    from engine.diffusion.parts import load_parts
    from engine.tasks.text_to_video.pocket.frames import make_frames
    from engine.tasks.text_to_video.pocket.models import folder
    from engine.tasks.text_to_video.pocket.wording import told
    from engine.vision import upscale

    if request.method == "clip":
        raise InvalidInput("method=clip knows the paper world only", fix="choose the model pocket, or another method", field="method")
    if request.method == "flow":
        yield Note("The model local has no motion field: method flow is taken as zero (Text2Video-Zero).")
        request = request.model_copy(update={"method": "zero"})
    if request.draft:
        yield Note("A draft of the model local takes half of the steps and cannot be finished later.")
        request = request.model_copy(update={"steps": (request.own_steps + 1) // 2, "draft": False})
    device = device_of(run.settings.device)
    run.device = str(device)
    with ExitStack() as held:

        def load() -> Pocket:
            from engine.metrics.pocket_clip import load as load_clip

            return Pocket(load_parts(checkpoint.folder, device=device), None, upscale.load(folder("pocket-upscale")), load_clip(folder("pocket-clip"), folder("pocket-sd")))

        if run.pool is None:
            models = load()
        else:
            models = held.enter_context(run.pool.lease(f"local:{checkpoint.folder}:{device}", lambda progress: load(), expected=NUMBERS * weight_bytes(checkpoint.folder)))
        run.checkpoint()
        # The grammar reads the direction of the motion; the words go to the model as they were written.
        readings = [replace(told(request, seed, moment.prompt), sentence=moment.prompt, notes=()) for moment in schedule(request)]
        details = {"checkpoint": checkpoint.name} | ({"motion_module": adapter.name} if adapter else {})
        job = LocalJob(request, run, seed, stem, models, readings, details=details, adapter=adapter.folder if adapter else None)
        wide, high = job.native
        if not np.isclose(wide * high, request.width * request.height, rtol=0.3):
            yield Note(f"{checkpoint.name} draws {wide}x{high}; the clip is resized to {request.width}x{request.height}.")
        yield from make_frames(job)


def _large(request: TextToVideoRequest, own: dict[str, OwnModel], settings: Settings) -> OwnModel | None:
    """The model of the user's own that a card's rules know and that the request means; None when it means a Stable Diffusion model."""
    if request.checkpoint:
        return own.get(request.checkpoint)
    return next(iter(own.values())) if len(own) == 1 and not found(settings, "checkpoint") else None
