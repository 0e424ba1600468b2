"""What a request will cost, roughly: work, memory and disk of each of its clips, for the time estimate and the preflight line. Light."""

from __future__ import annotations

from pathlib import Path

from engine.catalog.card import Card
from engine.catalog.fetch import ModelFiles
from engine.catalog.upscalers import upscaler_for
from engine.errors import StudioError
from engine.hardware import describe, planned_device
from engine.hub.adapters import wanted
from engine.hub.fit import Fit, Learnt, choose
from engine.hub.located import fetched_with, located
from engine.hub.needs import machine_of, needs_of
from engine.settings import Settings
from engine.task import Forecast
from engine.tasks.text_to_video import twice
from engine.tasks.text_to_video.models import LARGE
from engine.tasks.text_to_video.opening import opener, picture_size
from engine.tasks.text_to_video.plan import Plan, plan_for
from engine.tasks.text_to_video.prompts import segments
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.takes import cells


def clips_of(request: TextToVideoRequest) -> list[TextToVideoRequest]:
    """The request of each clip that will be made: takes or cells."""
    return [cell.request for cell in cells(request, 0)]


def megapixels(request: TextToVideoRequest) -> float:
    """Pixels of a frame, in units of 512 x 512."""
    times = 0.5 if request.draft else 2.0 if request.upscale == "2x" else 1.0
    return request.width * request.height * times**2 / 512**2


PICTURE = 0.6
"""Work of one evaluation of the pocket model on one picture: measured, 12 ms on one core where a unit is about 20."""

GIGA_WEIGHTS = 3.0
"""Work of one evaluation of a large model for each milliard of its weights and million pixels of all frames: by it the first guess is about right on a card with 24 GB."""

WITHOUT_CARD = 200.0
"""How much longer that takes on a processor."""

OVERHEAD_MIB = 500.0
"""What a large model's run takes besides the model: libraries, frames, the writer."""

SLOW_BYTES = 2e9
"""Models larger than that take hours a clip on a processor."""

OF_MODEL = {"pocket": 1.0, "local": 500.0}
"""Work of one evaluation beside the pocket model's, for the models that denoise. A UNet of Stable Diffusion 1.5 multiplies 0.34 Tera times a picture of 512 px, the pocket one
some 500 times less; on a graphics card the learnt rate makes up for it after the first run."""

CO_DENOISED = 1.75
"""How often a frame of a long clip is evaluated at each step, on average over the long-video methods."""


def pictures_of(request: TextToVideoRequest) -> float:
    """How many pictures the pocket model is evaluated on for one clip, with and without the prompt."""
    prompts = max(1, len(segments(request.prompt)) + len(request.prompts))
    half = (request.own_steps + 1) // 2
    drawn = prompts * (request.candidates * half + (0 if request.draft else request.own_steps - half))
    frames = 8 * request.seconds * request.own_steps * (CO_DENOISED if request.seconds > 2 else 1.0)
    if request.model == "local":
        return frames * (1 if request.own_guidance == 1 else 2)
    alone = {"flow": drawn, "zero": drawn + frames}.get(request.method, frames)
    return alone * (1 if request.own_guidance == 1 else 2)


def work_of(request: TextToVideoRequest) -> float:
    """Work of one clip; a unit is one drawn frame of 512 x 512."""
    frames = request.seconds * request.fps
    if request.model in LARGE:
        return large_work(request) + (frames + 40) * megapixels(request)
    denoising = PICTURE * OF_MODEL.get(request.model, 0.0) * pictures_of(request)
    return denoising + (frames + 40) * megapixels(request)


def memory_of(request: TextToVideoRequest) -> float:
    """Peak MiB of one clip, beside the resident models. Each prompt over time is a scene of its own."""
    if request.model in LARGE:
        # A guess from the card alone; where the model is here, the forecast knows better. On a processor numbers are twice as long.
        return LARGE[request.model].memory_mib * (1.0 if describe()["graphics"] else 2.0) + OVERHEAD_MIB
    return 150.0 + 250.0 * megapixels(request) * max(1, len(segments(request.prompt)) + len(request.prompts))


def large_work(request: TextToVideoRequest) -> float:
    """Work of a large model's evaluations for one clip."""
    plan, card = plan_of(request), LARGE[request.model]
    size = plan.size[0] * plan.size[1] * max(plan.windows) / 1e6
    work = evaluations(card, plan.evaluations, plan.guidance, size)
    again = card.rules.upscaling
    if again is not None and twice.wanted(request):
        # As if the net for it were here: a task's work is told by its request alone.
        work += evaluations(card, again.walked * len(plan.windows), again.guidance or plan.guidance, 4 * size)
    picture = opener(request, card)
    if picture is not None:
        width, height = picture_size(request, picture)
        work += evaluations(picture, picture.rules.steps, picture.rules.guidance, width * height / 1e6)
    return work


def evaluations(card: Card, steps: int, guidance: float, megapixels: float) -> float:
    """Work of so many steps of a large model. megapixels: millions of pixels of all frames together."""
    weights = card.memory_mib * 2**20 / 2 / 1e9
    return GIGA_WEIGHTS * steps * (2 if guidance > 1 else 1) * megapixels * weights * (1.0 if describe()["graphics"] else WITHOUT_CARD)


def plan_of(request: TextToVideoRequest) -> Plan:
    """Sizes and windows of a large model's clip."""
    drawing = LARGE[request.model].rules
    return plan_for(request, drawing, request.seconds)


def placing_of(request: TextToVideoRequest, settings: Settings) -> Fit:
    """Where a large model that is here will lie, by the sizes of its files and the learnt figures. Raises `OutOfMemory` when it cannot fit, `ModelUnavailable` when its files are unsound."""
    card, plan = LARGE[request.model], plan_of(request)
    device = planned_device(settings.device)
    learnt = Learnt(settings.data_dir / "cache" / "hub")
    needs = needs_of(card, located(card, settings, request.checkpoint), plan.size, max(plan.windows), learnt, bytes_each=2 if device == "cuda" else 4, upsampler=twice.upsampler(request, card, settings))
    return choose(needs, machine_of(device), card.title, settings.placing, settings.weights)


def forecast(request: TextToVideoRequest, settings: Settings) -> Forecast:
    """Before the run of a large model: whether it and the LoRAs are here, and where it will lie."""
    if request.model not in LARGE:
        return Forecast()
    card = LARGE[request.model]
    files = ModelFiles.of(settings)
    picture = opener(request, card)
    for needed in (card, *(fetched_with(picture) if picture is not None else ())):
        if not files.present(needed):
            return Forecast(f"{needed.title} is not on this machine: fetch it in the engine room ({needed.bytes / 1e9:.0f} GB, {needed.licence})", able=False)
    try:
        wanted(request.loras, settings)
        fit = placing_of(request, settings)
    except StudioError as error:
        return Forecast(error.line, able=False)
    slow = "; without a graphics card that takes hours" if fit.mode == "processor" and card.bytes > SLOW_BYTES else ""
    stages = "" if twice.upsampler(request, card, settings) is None else " for a second stage at twice the size"
    return Forecast(f"{card.title} {fit.line}{stages}{slow}", fit.ram_mib + OVERHEAD_MIB)


def weights_of(request: TextToVideoRequest, settings: Settings) -> tuple[Path, ...]:
    """Weight files of a large model that is here, and of the net of its second stage where there is one."""
    if request.model not in LARGE:
        return ()
    net = upscaler_for(LARGE[request.model].rules) if twice.wanted(request) else None
    return tuple(file for card in (LARGE[request.model], net) if card is not None for file in ModelFiles.of(settings).weights(card))


def disk_of(request: TextToVideoRequest) -> float:
    """MiB that one clip's files take."""
    return 1.0 + 0.5 * request.seconds * megapixels(request)
