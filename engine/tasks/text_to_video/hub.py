"""The provider of large models: a card of `engine.catalog.video` drawn by its own pipeline of diffusers, on the graphics card where there is one.

The pipeline is called as it is: sizes, counts of frames, steps and guidance follow the card unless the request says otherwise. A clip that is longer than the model's own
goes on from its last frame where the model takes a first picture, unless the model draws long clips by itself. Between the model's frames others are put, and the clip is cut to the size that was asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.catalog.upscalers import doubled, upscaler_for
from engine.errors import InvalidInput, StudioError
from engine.hub.adapters import wanted
from engine.hub.components import Place
from engine.hub.located import located
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.text_to_video import twice
from engine.tasks.text_to_video.contract import Cell, Made, Maker, earlier_draft
from engine.tasks.text_to_video.finishing import written
from engine.tasks.text_to_video.models import LARGE
from engine.tasks.text_to_video.opening import Order, draw_pictures, draw_together, first_picture, opener
from engine.tasks.text_to_video.plan import plan_for
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.shapes import fitted
from engine.tasks.text_to_video.timeline import Timeline
from engine.tasks.text_to_video.work import Work

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext
    from engine.hub.pipeline import Wish
    from engine.hub.session import Session

HONOURS = frozenset({
    "prompt", "negative_prompt", "seconds", "fps", "width", "height", "loop", "steps", "guidance", "first_image", "last_image", "interpolate", "seed", "prompts", "step_cache",
    "loras", "motion", "images", "checkpoint", "free_init", "picture_model", "upscale",
})  # fmt: skip

DRAFT = 0.4
"""Part of its steps that a draft takes: where things are, and how they move, is settled by then."""


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str, drawn: dict[str, Any] | None = None) -> Iterator[Event | Made]:
    """Makes the clip STEM.mp4. Raises `ModelUnavailable` with size and licence when the model is not here. drawn: what is told of the first picture, where it lies there already."""
    card = LARGE[request.model]
    yield from draw(request, run, seed, stem, card, located(card, run.settings, request.checkpoint), drawn)


def prepare(cells: list[Cell], run: RunContext) -> Generator[Event, None, dict[str, Maker]]:
    """The first pictures of all clips of a run, drawn before the video model is opened."""
    known = []
    for cell in cells:
        try:
            located(LARGE[cell.request.model], run.settings, cell.request.checkpoint)
        except StudioError:
            continue  # its maker tells what is missing before it draws
        known.append((cell, LARGE[cell.request.model]))
    return (yield from draw_together(known, run, make))


def draw(request: TextToVideoRequest, run: RunContext, seed: int, stem: str, card: Card, folder: Place, drawn: dict[str, Any] | None = None) -> Iterator[Event | Made]:
    """Makes the clip with the model in `folder` by the rules of `card`. drawn: what is told of the first picture, where it lies there already."""
    opening = opener(request, card)
    if request.picture_model != "none" and opening is None:
        yield Note("The picture model is left out: " + ("a first picture is given." if request.first_image is not None else f"{card.title} takes no first picture."))
    if opening is not None:
        request = request.model_copy(update={"first_image": first_picture(run, stem)})
    drawing = card.rules.given(image=request.first_image is not None)
    card = card.model_copy(update={"drawing": drawing})
    timeline = Timeline(max(2, round(request.seconds * request.fps)), request.loop)
    plan = plan_for(request, drawing, timeline.needed / request.fps)
    work = Work(request, run, card, folder, plan, seed, stem, adapters=tuple(wanted(request.loras, run.settings)), upsampler=twice.upsampler(request, card, run.settings))
    earlier = earlier_draft(request, run)
    if earlier is not None:
        from engine.hub.continuing import load

        work.draft = load(earlier, work.alike)
    yield from _told(work)
    if opening is not None:
        assert request.first_image is not None
        if drawn is None:
            [drawn] = yield from draw_pictures([Order(request, seed, request.first_image)], run, opening)
        work.details["first_picture"] = drawn
        work.artifacts["first"] = request.first_image
    frames = yield from _drawn(work)
    yield from written(work, frames, timeline)


def _told(work: Work) -> Iterator[Event]:
    """Notes about what the model does otherwise than it was asked."""
    plan, request, drawing = work.plan, work.request, work.plan.drawing
    if not drawing.text and request.first_image is None:
        raise InvalidInput(f"{work.card.title} begins with a picture", fix="give a first picture, choose a picture_model that draws one, or choose another model", field="first_image")
    if request.first_image is not None and not drawing.image:
        raise InvalidInput(f"{work.card.title} takes no first picture", fix="leave it empty, or choose a model that goes on from pictures", field="first_image")
    if request.last_image is not None and not _takes_last(work):
        yield Note("The last picture is left out: this model needs a first one with it, takes none, or the clip is too long for one piece.")
    if request.images and not _takes_stills(work):
        yield Note("Pictures in the middle are left out: this model takes none there, or the clip is too long for one piece.")
    for name, known in (("motion", drawing.motion is not None or request.motion == 1), ("free_init", drawing.free_init or not request.free_init)):
        if not known:
            yield Note(f"{work.card.title} leaves out what you set for: {name.replace('_', ' ')}.")
    if not drawing.words and request.prompt:
        yield Note(f"{work.card.title} takes no words: what moves follows from the picture.")
    if work.upsampler is not None:
        yield Note(_stages(work))
    longest = plan.frames / drawing.fps
    if longest < request.seconds * 0.95:
        yield Note(f"{work.card.title} draws at most {longest:.1f} s at once: the clip is slowed down to {request.seconds:g} s.", "warning")
    if len(plan.windows) > 1:
        yield Note(f"The clip is longer than {work.card.title} draws at once: it goes on {len(plan.windows) - 1} times from its last frame.")
    if request.draft and not work.drafts and work.draft is None:
        yield Note("The clip is made whole: only drafts of one piece, of models with one sampler, can be finished later.")
    if len(schedule(request)) > len(plan.windows):
        yield Note("A prompt that changes inside one piece of the clip is not known to this model: each piece takes the prompt that holds at its beginning.")


def _stages(work: Work) -> str:
    """What is told of a clip that is made in two stages."""
    rules, net, size = work.plan.drawing.upscaling, upscaler_for(work.plan.drawing), work.plan.size
    assert rules is not None and net is not None
    large = doubled(size)
    return f"The clip is drawn at {size[0]}x{size[1]}. {net.title} doubles its latents, and the model draws {rules.walked} more steps at {large[0]}x{large[1]}."


def _drawn(work: Work) -> Generator[Event, None, np.ndarray]:
    """(F, H, W, 3) uint8 at the model's size and rate."""
    import numpy as np

    from engine.hub.continuing import save
    from engine.hub.pipeline import Wish
    from engine.hub.session import Extras, opened

    request, run, plan = work.request, work.run, work.plan
    first = _picture(work, request.first_image)
    last = _picture(work, request.last_image) if _takes_last(work) else None
    stills = tuple((round(one.at * plan.drawing.fps), _picture(work, one.image)) for one in request.images) if _takes_stills(work) else ()
    inside = tuple((frame, picture) for frame, picture in stills if picture is not None and frame < plan.frames)
    whole: list[np.ndarray] = []
    yield Stage("loading", f"Loading {work.card.title}")
    moments = schedule(request)
    for number, frames in enumerate(plan.windows):
        begin = sum(plan.windows[:number]) - number
        words = [moment.prompt for moment in moments if moment.at <= begin / plan.drawing.fps][-1]
        rest = max(1, round(DRAFT * plan.steps)) if work.drafts else 0
        latents, done = work.draft if work.draft is not None else (None, 0)
        extras = Extras(request.step_cache, work.adapters, rest_after=rest, begin_after=done, latents=latents, upsampler=work.upsampler)
        with opened(work.card, work.folder, run, image=first is not None or last is not None or bool(inside), size=plan.size, frames=frames, extras=extras) as session:
            work.details |= session.told
            run.device = session.device
            early = session.news()
            if number == 0:
                yield Note(f"{work.card.title}: {session.told['placing']}.")
                yield from map(Note, early)
            wish = Wish(
                words, request.negative_prompt, plan.size, frames, work.seed + number, plan.steps, plan.guidance, first=first, last=last, stills=inside, motion=request.motion,
                free_init=plan.anew,
            )  # fmt: skip
            yield Stage("denoising", "Denoising" + (f" (piece {number + 1} of {len(plan.windows)})" if len(plan.windows) > 1 else ""))
            for step, look in session.steps(wish):
                yield Progress("denoising", plan.before(number) + done + step, rest or plan.evaluations)
                if look is not None:
                    yield Preview(look, fps=min(12.0, plan.drawing.fps))
            if work.upsampler is not None and not session.stopped:
                yield from _refined(work, session, wish)
            yield from map(Note, session.news())
            made = session.frames()
            if session.sound is not None:
                work.sounds.append(session.sound)
            if session.rests:
                work.artifacts["draft"] = save(run.directory / f"{work.stem}-draft.safetensors", session.noisy, {**work.alike, "done": str(rest)})
        if whole and made.shape[1:] != whole[-1].shape[1:]:
            made = np.stack([fitted(one, whole[-1].shape[2], whole[-1].shape[1]) for one in made])
        whole.append(made[1:] if whole else made)
        first, last = made[-1], None
        if session.stopped:
            work.stopped = True
            break
    work.doubled = whole[0].shape[2] == 2 * plan.size[0]
    if work.doubled:
        assert plan.drawing.upscaling is not None
        work.details["upscale"] = {"by": plan.drawing.upscaling.card, "size": list(doubled(plan.size)), "steps": plan.drawing.upscaling.walked}
    work.details |= {"model_size": list(plan.size), "model_fps": plan.drawing.fps, "model_frames": sum(map(len, whole)), "steps": plan.steps, "guidance": plan.guidance}
    return np.concatenate(whole)


def _refined(work: Work, session: Session, wish: Wish) -> Iterator[Event]:
    """The second stage of a piece."""
    rules = work.plan.drawing.upscaling
    assert rules is not None
    yield Stage("refining", f"Drawing it at {2 * wish.size[0]}x{2 * wish.size[1]}")
    for step, look in session.refine(wish):
        yield Progress("refining", step, rules.walked)
        if look is not None:
            yield Preview(look, fps=min(12.0, work.plan.drawing.fps))


def _takes_last(work: Work) -> bool:
    drawing = work.plan.drawing
    return drawing.last and len(work.plan.windows) == 1 and (work.request.first_image is not None or drawing.anywhere)


def _takes_stills(work: Work) -> bool:
    return work.plan.drawing.anywhere and len(work.plan.windows) == 1


def _picture(work: Work, path: Path | None) -> np.ndarray | None:
    if path is None:
        return None
    from engine.media.images import read_image

    width, height = work.plan.size if work.upsampler is None else doubled(work.plan.size)
    return fitted(read_image(path, work.run.settings, max_side=4096), width, height)
