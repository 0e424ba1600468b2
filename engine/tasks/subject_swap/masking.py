"""The first three steps, shared by both tasks: look through the range, find who is meant, follow them. Then everything is known of every frame."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.media.frames import Frames
from engine.task import Event, Note, Progress, Stage
from engine.tasks.subject_swap import shelf
from engine.tasks.subject_swap.expert import Experts, chosen
from engine.tasks.subject_swap.following import Track
from engine.tasks.subject_swap.layers import Layers
from engine.tasks.subject_swap.request import COLOURS, SubjectMaskRequest
from engine.tasks.subject_swap.source import Known, Source
from engine.tasks.subject_swap.tracks import Told, told
from engine.tasks.subject_swap.who import Who, keys_of

if TYPE_CHECKING:
    from engine.context import RunContext

SAME = 0.8
"""Share of both boxes and of both areas that two subjects have in common when they are the same thing."""


@dataclass
class Followed:
    """All that is known after the first three steps. frames: the range at the result's size; anew: frames that were followed in this run."""

    source: Source
    known: Known
    frames: Frames
    tracks: list[Track]
    layers: Layers
    told: list[Told]
    who: list[Who]
    anew: int = 0
    by: Experts | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def provider(self) -> str:
        """Who found and followed."""
        return self.by.title if self.by is not None else "embedded"

    @property
    def name(self) -> str:
        """Tells these masks, trimmed and at this size, from all others."""
        request = self.layers.request
        keys = [[key.name for key in track.keys] for track in self.tracks]
        return shelf.key(self.source.name, keys, [subject.hidden for subject in request.named], request.mask.model_dump(), self.frames.width, self.frames.height, self.by.name if self.by is not None else "")

    def close(self) -> None:
        """Give files and decoders back."""
        for track in self.tracks:
            track.close()
        self.frames.close()
        self.source.close()


def follow(request: SubjectMaskRequest, run: RunContext) -> Generator[Event, None, Followed]:
    """Steps one to three. Raises `InvalidInput` when nobody fits, a mask covers everything, the range holds no pictures, or models are missing that the method needs."""
    by = chosen(request, run)
    try:
        return (yield from _followed(request, run, by))
    finally:
        if by is not None:
            by.close()


def _followed(request: SubjectMaskRequest, run: RunContext, by: Experts | None) -> Generator[Event, None, Followed]:
    source = Source(request, run.settings)
    tracks: list[Track] = []
    frames: Frames | None = None
    try:
        yield Stage("looking", "Looking through the video")
        if by is not None and run.device == "cpu":
            yield Note("The experts work on the processor: seconds for each frame. The method embedded follows about ten frames a second.", "warning")
        known = yield from _looked(source, run)
        if known.note:
            yield Note(known.note, "warning")
        if len(known.shots) > 1:
            yield Note(f"The range has {len(known.shots)} shots (cuts at frames {', '.join(str(first) for first, _ in known.shots[1:6])}{'...' if len(known.shots) > 6 else ''}): subjects are looked for in each.")

        yield Stage("boxes", "Finding who is meant")
        who = []
        anew = 0

        def one() -> None:
            nonlocal anew
            anew += 1
            run.checkpoint()

        for index in range(len(request.named)):
            found = keys_of(source, known, request, index, one, by)
            who.append(found)
            if found.said:
                yield Note(f"{request.name_of(index)}: {found.said}")
            for text in found.notes:
                yield Note(text, "warning")
            run.checkpoint()
            yield Progress("boxes", index + 1, len(request.named))

        yield Stage("masks", "Following through the frames")
        tracks = [Track(source, known, found.keys, by) for found in who]
        total = sum(track.missing() for track in tracks)
        done = 0
        for track in tracks:
            for way, last in track.wanted():
                # In pieces, so that progress is told and Stop is heard.
                for stop in _stops(way.key.frame, last, way.way):
                    if last in way.steps:
                        break
                    before = anew
                    way.reach(stop, one)
                    done += anew - before
                    yield Progress("masks", min(done, total), max(total, 1))
        frames = source.full()
        layers = Layers(request, tracks, frames)
        yield Stage("tracks", "Putting masks together")
        all_told = [_told(layers, track, index, known) for index, track in enumerate(tracks)]
        for text in _said(request, known, all_told):
            yield Note(text, "warning")
        shelf.sweep(run.settings, keep=frozenset(run_.folder for track in tracks for run_, _ in track.wanted()))
        return Followed(source, known, frames, tracks, layers, all_told, who, anew, by)
    except BaseException:
        for track in tracks:
            track.close()
        if frames is not None:
            frames.close()
        source.close()
        raise


def _looked(source: Source, run: RunContext) -> Generator[Event, None, Known]:
    if source.known() is None:
        for done, total in source.look():
            run.checkpoint()
            yield Progress("looking", done, total)
    known = source.known()
    if known is None or known.count < 1:
        raise InvalidInput("the video has no pictures in this range", fix="choose another range", field="start")
    yield Progress("looking", known.count, known.count)
    return known


def _stops(first: int, last: int, way: int, step: int = 5) -> list[int]:
    if (last - first) * way <= 0:
        return []
    return [*range(first + step * way, last, step * way), last]


def _told(layers: Layers, track: Track, index: int, known: Known) -> Told:
    return told((layers.small(frame, index) for frame in range(known.count)), track, known)


def _said(request: SubjectMaskRequest, known: Known, all_told: list[Told]) -> list[str]:
    """What the user should know of the masks."""
    out = []
    for index, one in enumerate(all_told):
        lost = [event for event in one.events if event["kind"] in ("lost", "cut")]
        never = [event for event in lost if not any(later["frame"] > event["frame"] and later["kind"] in ("found", "returned") for later in one.events)]
        if never:
            out.append(f"{request.name_of(index)} is {never[-1]['said']} at {never[-1]['frame'] / known.fps:.1f} s and is not found again: say where it is on a later frame if it is there.")
        if one.doubtful:
            shown = ", ".join(str(frame) for frame in one.doubtful[:6])
            out.append(f"{request.name_of(index)}: look at frame{'s' if len(one.doubtful) > 1 else ''} {shown}, where the mask is doubtful.")
        out += [
            f"{request.name_of(other)} and {request.name_of(index)} are one and the same thing: what both claim goes to the surer of them."
            for other in range(index)
            if _same(all_told[other], one)
        ]
    return out


def _same(one: Told, other: Told) -> bool:
    """True when two subjects lie in the same boxes on most frames on which either is seen."""
    either, both = (one.confidence >= 0) | (other.confidence >= 0), (one.confidence >= 0) & (other.confidence >= 0)
    if not both.any():
        return False
    low, high = np.maximum(one.boxes[both, :2], other.boxes[both, :2]), np.minimum(one.boxes[both, 2:], other.boxes[both, 2:])
    common = np.clip(high - low, 0, None).prod(1)
    areas = [(each.boxes[both, 2:] - each.boxes[both, :2]).prod(1) for each in (one, other)]
    alike = (common / (areas[0] + areas[1] - common) > SAME) & (np.minimum(one.areas[both], other.areas[both]) > SAME * np.maximum(one.areas[both], other.areas[both]))
    return bool(alike.sum() > 0.5 * either.sum())


def tinted(frame: np.ndarray, labels: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """(H, W, 3) uint8: a frame with each subject in its colour and an outline around it."""
    out = frame.copy()
    for index in range(int(labels.max())):
        mask = labels == index + 1
        if not mask.any():
            continue
        colour = np.array([int(COLOURS[index % len(COLOURS)][k : k + 2], 16) for k in (1, 3, 5)], np.float32)
        out[mask] = (out[mask] * (1 - strength) + colour * strength).astype(np.uint8)
        wide = np.ones((2 * max(1, round(max(mask.shape) / 500)) + 1,) * 2, np.uint8)
        out[(cv2.dilate(mask.astype(np.uint8), wide) > 0) & ~mask] = colour.astype(np.uint8)
    return out
