"""The method `mesh-drive`: find the face, hear the voice, act, draw every frame, measure the lips. Works everywhere, no model beyond the face mesh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import Cancelled
from engine.metrics.lips import LipMeter, correlation, offset, peaks
from engine.movie.film.captions import BurntCaptions, write_captions
from engine.task import Event, Meter, Note, Preview, Progress, Result, Stage
from engine.tasks.talking_head.acting import Acting, act
from engine.tasks.talking_head.captions import captioned
from engine.tasks.talking_head.footage import Footage, of_portrait, of_video
from engine.tasks.talking_head.request import TalkingHeadRequest
from engine.tasks.talking_head.voice import Voice, during, fitted, mixed, read_voice, speak_text
from engine.vision.faces.head import Head
from engine.vision.faces.look import Look
from engine.vision.faces.mesh import Face
from engine.vision.segmentation import fit_side

if TYPE_CHECKING:
    from engine.context import RunContext

FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

MADE_BY = "AI-generated: the face was moved by Kinora; the person did not say this."


@dataclass
class Actor:
    """One face that speaks. head: built once for a portrait, anew for each frame of a video."""

    voice: Voice
    acting: Acting
    meter: LipMeter | None = None
    head: Head | None = field(default=None, repr=False)


def speak(request: TalkingHeadRequest, run: RunContext) -> Iterator[Event]:
    """Makes the clip. Writes result.mp4 and acting.json into the run's folder. Raises `InvalidInput` with what to do where there is no usable face or voice."""
    yield Stage("listening", "Listening to the voice")
    fps = float(request.fps)
    footage: Footage | None = None
    if request.video is not None:
        footage = of_video(request, run)
        fps = footage.fps
    voices, notes = listen(request, run, fps)
    for text in notes:
        yield Note(text)
    run.checkpoint()

    yield Stage("finding", "Finding the face")
    footage = footage or of_portrait(request, run)
    frames = max(1, round(max(voice.seconds for voice in voices) * fps))
    for done, total in footage.follow([request.face, *[one.face for one in request.speakers]], frames):
        run.checkpoint()
        yield Progress("finding", done, total)
    for text in footage.notes:
        yield Note(text)

    actors = []
    for index, voice in enumerate(voices):
        lived = fitted(voice, frames)
        acting = act(request, lived.mouth, lived.energy, list(lived.laughs), np.random.default_rng([run.seed, index]))
        actors.append(Actor(lived, acting, LipMeter(footage.finder.mesher, footage.first[index]) if footage.first[index].score else None))
    artifacts = {"acting": _store(actors, run)}
    cues, hearing = yield from captioned(request, voices, frames / fps, run)
    if cues:
        artifacts |= write_captions(run.directory, "captions", cues)
    burnt: BurntCaptions | None = None
    details = {**_details(footage, actors), **hearing}

    yield Stage("rendering", "Making frames")
    sound = mixed([voices[0], *[voice for voice, one in zip(voices[1:], request.speakers, strict=True) if one.audio is not None]])
    writer = run.clip_writer(fps=footage.fps, audio=sound, metadata={"description": MADE_BY})
    shown: list[np.ndarray] = []
    try:
        with writer:
            for index, (image, faces) in enumerate(footage.frames(frames)):
                run.checkpoint()
                frame = draw(image, faces, actors, index, moving=footage.moving)
                for actor, face in zip(actors, faces, strict=True):
                    if actor.meter is not None:
                        actor.meter.feed(frame, face if footage.moving else None)
                if request.label:
                    frame = labelled(frame)
                if cues and request.captions == "burnt":
                    burnt = burnt or BurntCaptions(cues, (frame.shape[1], frame.shape[0]))
                    frame = burnt(frame, index / fps)
                writer.write(frame)
                if index % max(1, round(fps / 12)) == 0:
                    shown = [*shown[-35:], fit_side(frame, 320)]
                yield Progress("rendering", index + 1, frames)
                if index >= min(fps, frames - 1) and run.wants_preview():
                    yield Preview(np.stack(shown), fps=12.0)
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Result(clip=writer.path, artifacts=artifacts, meters=meters(actors), details=details, partial=True)
        raise
    yield Result(clip=writer.path, artifacts=artifacts, meters=meters(actors), details=details)


def listen(request: TalkingHeadRequest, run: RunContext, fps: float) -> tuple[list[Voice], list[str]]:
    """The voice of every face, the main one first, each heard only where it speaks; and sentences for the user."""
    if request.audio is not None:
        main = read_voice(request.audio, run.settings, fps)
    else:
        main = speak_text(request.text, request.voice, request.speed, run.settings, fps)
    notes = list(main.notes)
    voices, taken = [], []
    for index, one in enumerate(request.speakers):
        if one.audio is not None:
            other = read_voice(one.audio, run.settings, fps, field=f"speakers.{index}.audio")
            notes += other.notes
            voices.append(other)
        else:
            taken += list(one.spans)
            voices.append(during(main, one.spans, inside=True))
    return [during(main, tuple(taken), inside=False) if taken else main, *voices], notes


def draw(image: np.ndarray, faces: list[Face | None], actors: list[Actor], index: int, *, moving: bool) -> np.ndarray:
    """(H, W, 3) uint8: a frame with every actor's face as its acting says. moving: the frame is a video's, whose head, eyes and brows stay as they are."""
    out = image.copy()
    for actor, face in zip(actors, faces, strict=True):
        if face is None:
            continue
        if moving or actor.head is None:
            actor.head = Head(image, face)
        look = actor.acting.look(index)
        drawn = actor.head.part(mouth_only(look) if moving else look)
        if drawn is not None:
            window, pixels, changed = drawn
            out[window][changed] = pixels[changed]
    return out


def mouth_only(look: Look) -> Look:
    """What a video's face is given: the mouth, and the expressions around it; head, eyes and brows are the speaker's own."""
    return Look(
        opening=look.opening, width=look.width, rounding=look.rounding, teeth=look.teeth, press=look.press, smile=0.8 * look.smile, squint=0.5 * look.squint,
    )  # fmt: skip


def labelled(frame: np.ndarray) -> np.ndarray:
    """The frame with a small sign in its lower right corner that says how it was made."""
    import cv2

    out = frame.copy()
    size = max(0.35, min(frame.shape[:2]) / 1000)
    (width, height), base = cv2.getTextSize("AI-generated", cv2.FONT_HERSHEY_SIMPLEX, size, 1)
    pad = round(6 * size) + 3
    x, y = frame.shape[1] - width - 2 * pad, frame.shape[0] - height - base - 2 * pad
    box = out[max(y, 0) :, max(x, 0) :]
    box[:] = (box * 0.45).astype(np.uint8)
    cv2.putText(out, "AI-generated", (x + pad, y + pad + height), cv2.FONT_HERSHEY_SIMPLEX, size, (255, 255, 255), max(1, round(size)), cv2.LINE_AA)
    return out


def meters(actors: list[Actor]) -> tuple[Meter, ...]:
    """How well the lips of the first actor follow the voice, and whether the mouth laughed as often as the voice did."""
    actor = next((one for one in actors if one.meter is not None and len(one.meter.openings) > 8), None)
    if actor is None or actor.meter is None:
        return ()
    fps = actor.acting.fps
    lips = np.array(actor.meter.openings)
    energy = actor.voice.energy[: len(lips)]
    found = []
    if float(np.std(energy)) > 0.02:
        text = "Correlation of the mouth's opening, measured by the face mesh in the finished frames, with the loudness of speech."
        found.append(Meter("lip_sync", "Lips follow the voice", correlation(lips, energy), "", correlation(lips, energy[::-1]), "the voice played backwards", None, text))
        text = "How much later than the voice the lips move, at the best fit of both."
        found.append(Meter("lip_offset", "Lips late by", 1000 * offset(lips, energy, fps), "ms", None, "", 40.0, text))
    heard = [burst for laugh in actor.voice.laughs for burst in laugh.bursts]
    if heard:
        spans = [(laugh.start - 0.1, laugh.end + 0.1) for laugh in actor.voice.laughs]
        seen = [peak for peak in peaks(lips, fps) if any(a <= peak <= b for a, b in spans)]
        text = "Peaks of the mouth's opening during laughter, less the bursts of laughter in the voice."
        found.append(Meter("laugh_bursts", "Laughter: seen less heard", float(len(seen) - len(heard)), "bursts", -float(len(heard)), "a face that does not laugh", None, text))
    return tuple(found)


def _store(actors: list[Actor], run: RunContext) -> Path:
    """Write acting.json: what was acted, for the page and for other programs."""
    import json

    data = [
        {
            "fps": actor.acting.fps,
            "expressions": [span.model_dump() for span in actor.acting.spans],
            "curves": {name: np.round(curve, 3).tolist() for name, curve in actor.acting.curves.items()},
        }
        for actor in actors
    ]
    path = run.directory / "acting.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def _details(footage: Footage, actors: list[Actor]) -> dict[str, object]:
    """What was understood, for the page and the saved metadata."""
    return {
        "provider": "mesh-drive",
        "made_by": MADE_BY,
        "faces": footage.described(),
        "voices": [actor.voice.title for actor in actors],
        "laughter": [{"start": round(laugh.start, 2), "end": round(laugh.end, 2), "strength": round(laugh.strength, 2), "bursts": len(laugh.bursts)} for laugh in actors[0].voice.laughs],
        "expressions": [span.model_dump() for span in actors[0].acting.spans],
    }
