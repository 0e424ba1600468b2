"""The provider of large models: a card of `engine.catalog.video` drawn by its own pipeline of diffusers, on the graphics card where there is one.

The pipeline is called as it is: sizes, counts of frames, steps and guidance follow the card unless the request says otherwise. A clip that is longer than the model's own
goes on from its last frame where the model takes a first picture, unless the model draws long clips by itself. Between the model's frames others are put, and the clip is cut to the size that was asked for.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.catalog.card import Card
from engine.catalog.experts import SWIN2SR
from engine.catalog.fetch import ModelFiles
from engine.catalog.folders import chosen
from engine.errors import Cancelled, InvalidInput, StudioError
from engine.hub.adapters import Adapter, wanted
from engine.hub.components import Joined, Place
from engine.task import Event, Meter, Note, Preview, Progress, Stage
from engine.tasks.text_to_video.contract import Cell, Made, Maker, earlier_draft
from engine.tasks.text_to_video.diorama import mixed
from engine.tasks.text_to_video.models import LARGE
from engine.tasks.text_to_video.opening import Order, draw_pictures, draw_together, first_picture, opener
from engine.tasks.text_to_video.plan import Plan, plan_for
from engine.tasks.text_to_video.prompts import schedule
from engine.tasks.text_to_video.request import TextToVideoRequest
from engine.tasks.text_to_video.timeline import Timeline

if TYPE_CHECKING:
    import numpy as np

    from engine.context import RunContext

HONOURS = frozenset({
    "prompt", "negative_prompt", "seconds", "fps", "width", "height", "loop", "steps", "guidance", "first_image", "last_image", "interpolate", "seed", "prompts", "step_cache",
    "loras", "motion", "images", "checkpoint", "free_init", "picture_model", "upscale",
})  # fmt: skip

DRAFT = 0.4
"""Part of its steps that a draft takes: where things are, and how they move, is settled by then."""


@dataclass
class _Work:
    """A clip while it is drawn."""

    request: TextToVideoRequest
    run: RunContext
    card: Card
    folder: Place
    plan: Plan
    seed: int
    stem: str
    adapters: tuple[Adapter, ...] = ()
    draft: tuple[Any, int] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    meters: list[Meter] = field(default_factory=list)
    sounds: list[tuple[np.ndarray, int]] = field(default_factory=list)
    stopped: bool = False

    @property
    def alike(self) -> dict[str, str]:
        """What a draft and its finish must have in common."""
        plan = self.plan
        return {"model": self.card.id, "steps": str(plan.steps), "size": f"{plan.size[0]}x{plan.size[1]}", "frames": str(plan.windows[0])}

    @property
    def drafts(self) -> bool:
        """The clip is made as a draft that can be finished later."""
        return self.request.draft and self.plan.drawing.drafts and len(self.plan.windows) == 1 and self.draft is None and self.plan.steps > 2 and not self.plan.anew


def make(request: TextToVideoRequest, run: RunContext, seed: int, stem: str, drawn: dict[str, Any] | None = None) -> Iterator[Event | Made]:
    """Makes the clip STEM.mp4. Raises `ModelUnavailable` with size and licence when the model is not here. drawn: what is told of the first picture, where it lies there already."""
    yield from draw(request, run, seed, stem, LARGE[request.model], _place(request, run), drawn)


def _place(request: TextToVideoRequest, run: RunContext) -> Place:
    """Where the model of a request lies. Raises `ModelUnavailable` when it is not here."""
    card = LARGE[request.model]
    folder, part = ModelFiles.of(run.settings).path(card), card.rules.part
    return Joined(chosen(run.settings, "checkpoint", request.checkpoint).folder, part, folder) if part else folder


def prepare(cells: list[Cell], run: RunContext) -> Generator[Event, None, dict[str, Maker]]:
    """The first pictures of all clips of a run, drawn before the video model is opened."""
    known = []
    for cell in cells:
        try:
            _place(cell.request, run)
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
    work = _Work(request, run, card, folder, plan, seed, stem, adapters=tuple(wanted(request.loras, run.settings)))
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
    yield from _written(work, frames, timeline)


def _told(work: _Work) -> Iterator[Event]:
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
    longest = plan.frames / drawing.fps
    if longest < request.seconds * 0.95:
        yield Note(f"{work.card.title} draws at most {longest:.1f} s at once: the clip is slowed down to {request.seconds:g} s.", "warning")
    if len(plan.windows) > 1:
        yield Note(f"The clip is longer than {work.card.title} draws at once: it goes on {len(plan.windows) - 1} times from its last frame.")
    if request.draft and not work.drafts and work.draft is None:
        yield Note("The clip is made whole: only drafts of one piece, of models with one sampler, can be finished later.")
    if len(schedule(request)) > len(plan.windows):
        yield Note("A prompt that changes inside one piece of the clip is not known to this model: each piece takes the prompt that holds at its beginning.")


def _drawn(work: _Work) -> Generator[Event, None, np.ndarray]:
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
        extras = Extras(request.step_cache, work.adapters, rest_after=rest, begin_after=done, latents=latents)
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
            yield from map(Note, session.news())
            made = session.frames()
            if session.sound is not None:
                work.sounds.append(session.sound)
            if session.rests:
                work.artifacts["draft"] = save(run.directory / f"{work.stem}-draft.safetensors", session.noisy, {**work.alike, "done": str(rest)})
        whole.append(made[1:] if whole else made)
        first, last = made[-1], None
        if session.stopped:
            work.stopped = True
            break
    work.details |= {"model_size": list(plan.size), "model_fps": plan.drawing.fps, "model_frames": sum(map(len, whole)), "steps": plan.steps, "guidance": plan.guidance}
    return np.concatenate(whole)


def _takes_last(work: _Work) -> bool:
    drawing = work.plan.drawing
    return drawing.last and len(work.plan.windows) == 1 and (work.request.first_image is not None or drawing.anywhere)


def _takes_stills(work: _Work) -> bool:
    return work.plan.drawing.anywhere and len(work.plan.windows) == 1


def _sound(work: _Work, timeline: Timeline, pace: float) -> tuple[np.ndarray, int] | None:
    """(samples (N, C), rate) of the whole clip; None without sound, or when the pictures do not run as the model drew them."""
    import numpy as np

    if not work.sounds or work.stopped or timeline.loop != "none" or pace != work.plan.drawing.fps or len(work.sounds) < len(work.plan.windows):
        return None
    rate = work.sounds[0][1]
    shared = round(rate / work.plan.drawing.fps)  # of the frame that a piece repeats
    return np.concatenate([samples if number == 0 else samples[shared:] for number, (samples, _) in enumerate(work.sounds)]), rate


def _picture(work: _Work, path: Path | None) -> np.ndarray | None:
    if path is None:
        return None
    from engine.media.images import read_image
    from engine.tasks.text_to_video.shapes import fitted

    return fitted(read_image(path, work.run.settings, max_side=4096), *work.plan.size)


def _written(work: _Work, frames: np.ndarray, timeline: Timeline) -> Iterator[Event | Made]:
    """The clip: the model's frames spread over its time, with others between them, at the size that was asked for."""
    import numpy as np

    from engine.experts.leasing import lent
    from engine.metrics.clips import adjacent_change
    from engine.tasks.text_to_video.shapes import fitted
    from engine.vision.interpolation import Passing

    request, run = work.request, work.run
    yield Stage("rendering", "Writing the clip")
    pace = (len(frames) - 1) / max(1e-6, timeline.needed / request.fps) if work.plan.frames / work.plan.drawing.fps < request.seconds * 0.95 else work.plan.drawing.fps
    passing = Passing(frames)

    def ordinary(index: int) -> np.ndarray:
        where = index / request.fps * pace
        return fitted(passing.at(where if request.interpolate else int(where)), request.width, request.height)

    sound = _sound(work, timeline, pace)
    if work.plan.drawing.sound:
        work.details["sound"] = sound is not None
        if sound is None and not work.stopped:
            yield Note("The clip is silent: its pictures do not run as the model drew them, and its sound would not fit.")
    with ExitStack() as held:
        enlarger = held.enter_context(lent(run, "enlarge")) if request.upscale == "2x" and not request.draft and not work.stopped else None
        if request.upscale == "2x" and enlarger is None and not work.stopped:
            yield Note(f"The clip keeps its size: {'a draft is not enlarged' if request.draft else f'what enlarges it is not here. `python app.py fetch {SWIN2SR.id}` brings it ({SWIN2SR.bytes / 1e6:.0f} MB, {SWIN2SR.licence})'}.")
        writer = held.enter_context(run.clip_writer(fps=request.fps, name=f"{work.stem}.mp4", **({"audio": sound} if sound is not None else {})))
        for index in range(timeline.frames):
            if not work.stopped:
                run.checkpoint()
            shown = mixed([(share, ordinary(which)) for which, share in timeline.shown(index)])
            writer.write(shown if enlarger is None else enlarger.enlarge(shown))
            yield Progress("rendering", index + 1, timeline.frames)
    looked = frames[:: max(1, len(frames) // 24)]
    if len(looked) > 1:
        work.meters.append(Meter("change", "Change", adjacent_change(np.ascontiguousarray(looked)), "of 255", 0.0, "a frozen clip", help="Mean change of a pixel from one looked-at frame to the next."))
    made = Made(writer.path, work.seed, tuple(work.meters), work.details, work.artifacts, partial=work.stopped)
    yield made if not work.stopped else replace(made, meters=())
    if work.stopped:
        raise Cancelled
