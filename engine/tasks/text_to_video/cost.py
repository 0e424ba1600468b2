"""What a request will cost, roughly: work, memory and disk of each of its clips, for the time estimate and the preflight line. Light."""

from __future__ import annotations

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
    denoising = PICTURE * OF_MODEL.get(request.model, 0.0) * pictures_of(request)
    return denoising + (frames + 40) * megapixels(request)


def memory_of(request: TextToVideoRequest) -> float:
    """Peak MiB of one clip, beside the resident models. Each prompt over time is a scene of its own."""
    return 150.0 + 250.0 * megapixels(request) * max(1, len(segments(request.prompt)) + len(request.prompts))


def disk_of(request: TextToVideoRequest) -> float:
    """MiB that one clip's files take."""
    return 1.0 + 0.5 * request.seconds * megapixels(request)
