"""The scenes of an animatic: drawn by the diorama, small, encoded quickly and so that they can be cut, and kept on the shelf of parts like those of a film."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from engine.context import RunContext
from engine.media.writer import ClipWriter, Coding
from engine.movie.plan import Plan
from engine.parts import RunPart, clip_of, find, place, shelf, sweep
from engine.task import Event, Note, Preview, Progress, Stage
from engine.tasks.movie.scenes import sketch_key, sketch_of

if TYPE_CHECKING:
    from engine.tasks.text_to_video.contract import Made
    from engine.tasks.text_to_video.request import TextToVideoRequest

SKETCHY = Coding(crf=20, preset="ultrafast", cut_every=6, aac_coder="fast")
"""Three times as quick as a film's coding, for twice the bytes of a small picture. Cut every half second: what lies between transitions is copied."""


@contextmanager
def small_pictures() -> Iterator[None]:
    """OpenCV without threads of its own meanwhile: for pictures this small they cost a sixth more time, and the sound needs the other core."""
    import cv2

    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(threads)


def sketches(plan: Plan, there: dict[str, Path], run: RunContext) -> Generator[Event, None, dict[str, Path]]:
    """Draw the scenes that are not on the shelf and not `there`. Returns scene id -> clip, for all scenes that are drawn."""
    made: dict[str, Path] = {}
    for index, scene in enumerate(plan.scenes):
        run.checkpoint()
        sketch = sketch_of(plan, scene)
        if sketch is None or scene.id in there:
            continue
        yield Stage("scenes", f"Scene {index + 1} of {len(plan.scenes)}")
        made[scene.id] = yield from _found(sketch, run)
    sweep(run.settings)
    return made


def _found(sketch: RunPart, run: RunContext) -> Generator[Event, None, Path]:
    """The clip on the shelf, drawn now when it is not there."""
    key = sketch_key(sketch)
    folder = find(run.settings, key)
    if folder is not None:
        return clip_of(folder)
    staging = shelf(run.settings) / f".{secrets.token_hex(8)}"
    staging.mkdir()
    try:
        clip = yield from _drawn(sketch, run, staging)
        (staging / "run.json").write_text(json.dumps({"result": {"clip": clip.name}}), encoding="utf-8")
        try:
            os.rename(staging, place(run.settings, key))
        except OSError:
            if find(run.settings, key) is None:  # else another run drew it meanwhile
                raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return clip_of(place(run.settings, key))


def _drawn(sketch: RunPart, run: RunContext, folder: Path) -> Generator[Event, None, Path]:
    """Draw into a folder. Notes, progress and previews are the maker's."""
    from engine.tasks.text_to_video.diorama import make

    request = cast("TextToVideoRequest", sketch.request()[1])
    known = {field.name: getattr(run, field.name) for field in fields(RunContext) if field.init}
    own = _Quick(**{**known, "directory": folder, "timings": {}})
    for event in make(request, own, int(sketch.fields["seed"]), "result"):
        match event:
            case Note() | Preview():
                yield event
            case Progress():
                yield Progress("scenes", event.done, event.total)
            case Stage():
                continue
            case _:
                made = cast("Made", event)
    return made.clip


class _Quick(RunContext):
    """A run whose clips are encoded as sketches."""

    def clip_writer(self, *, fps: float, name: str = "result.mp4", **options: Any) -> ClipWriter:
        return super().clip_writer(fps=fps, name=name, **{**options, "coding": SKETCHY})
