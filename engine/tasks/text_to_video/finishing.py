"""The last part of a large model's clip: its frames spread over the clip's time, with others between them, at the size that was asked for, with the sound that came with them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.catalog.experts import FILM, SWIN2SR
from engine.errors import Cancelled
from engine.task import Event, Meter, Note, Progress, Stage
from engine.tasks.text_to_video import twice
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.diorama import mixed
from engine.tasks.text_to_video.timeline import Timeline
from engine.tasks.text_to_video.work import Work

if TYPE_CHECKING:
    import numpy as np


def written(work: Work, frames: np.ndarray, timeline: Timeline) -> Iterator[Event | Made]:
    """The clip: the model's frames spread over its time, with others between them, at the size that was asked for."""
    import numpy as np

    from engine.experts.between import Learned
    from engine.experts.leasing import lent
    from engine.metrics.clips import adjacent_change
    from engine.tasks.text_to_video.shapes import fitted
    from engine.vision.interpolation import Passing

    request, run = work.request, work.run
    yield Stage("rendering", "Writing the clip")
    pace = (len(frames) - 1) / max(1e-6, timeline.needed / request.fps) if work.plan.frames / work.plan.drawing.fps < request.seconds * 0.95 else work.plan.drawing.fps
    times = 2 if work.doubled else 1

    sound = _sound(work, timeline, pace)
    if work.plan.drawing.sound:
        work.details["sound"] = sound is not None
        if sound is None and not work.stopped:
            yield Note("The clip is silent: its pictures do not run as the model drew them, and its sound would not fit.")
    with ExitStack() as held:
        # Between the model's own frames there is nothing to draw where the clip runs as they do.
        film = held.enter_context(lent(run, "between")) if request.interpolate and (pace / request.fps) % 1 and not work.stopped else None
        learned = None if film is None else Learned(film)
        passing = Passing(frames) if learned is None else Passing(frames, learned)
        if learned is not None:
            work.details["between"] = FILM.id

        def ordinary(index: int) -> np.ndarray:
            where = index / request.fps * pace
            return fitted(passing.at(where if request.interpolate else int(where)), times * request.width, times * request.height)

        enlarger = held.enter_context(lent(run, "enlarge")) if twice.wanted(request) and not work.doubled and not work.stopped else None
        note = "" if work.doubled or work.stopped else twice.told(request, work.card, enlarger=enlarger is not None)
        if note:
            yield Note(note)
        if enlarger is not None:
            work.details["upscale"] = {"by": SWIN2SR.id}
        writer = held.enter_context(run.clip_writer(fps=request.fps, name=f"{work.stem}.mp4", **({"audio": sound} if sound is not None else {})))
        for index in range(timeline.frames):
            if not work.stopped:
                run.checkpoint()
            shown = mixed([(share, ordinary(which)) for which, share in timeline.shown(index)])
            writer.write(shown if enlarger is None else enlarger.enlarge(shown))
            yield Progress("rendering", index + 1, timeline.frames)
        if learned is not None and learned.short:
            yield Note(f"Memory was short for {FILM.title}: some frames lie between their neighbours along the optical flow.", "warning")
    looked = frames[:: max(1, len(frames) // 24)]
    if len(looked) > 1:
        work.meters.append(Meter("change", "Change", adjacent_change(np.ascontiguousarray(looked)), "of 255", 0.0, "a frozen clip", help="Mean change of a pixel from one looked-at frame to the next."))
    made = Made(writer.path, work.seed, tuple(work.meters), work.details, work.artifacts, partial=work.stopped)
    yield made if not work.stopped else replace(made, meters=())
    if work.stopped:
        raise Cancelled


def _sound(work: Work, timeline: Timeline, pace: float) -> tuple[np.ndarray, int] | None:
    """(samples (N, C), rate) of the whole clip; None without sound, or when the pictures do not run as the model drew them."""
    import numpy as np

    if not work.sounds or work.stopped or timeline.loop != "none" or pace != work.plan.drawing.fps or len(work.sounds) < len(work.plan.windows):
        return None
    rate = work.sounds[0][1]
    shared = round(rate / work.plan.drawing.fps)  # of the frame that a piece repeats
    return np.concatenate([samples if number == 0 else samples[shared:] for number, (samples, _) in enumerate(work.sounds)]), rate
