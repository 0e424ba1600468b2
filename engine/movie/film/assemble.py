"""A film from its scenes' clips: title card, scenes, transitions, captions, end; its chapters and its sound. Streamed: what is held does not grow with the film.

Shots, transitions and effects are moviepy clips: lazy functions of time that are chained by `concatenate_videoclips`. moviepy's readers and writer are not used (files go through
`engine.media`, the caged reader and the verified writer), nor are its composites and cross-fades (they mix sRGB codes by way of Pillow). Frames are asked for at the middle of their
time, so that no rounding of seconds ever repeats or skips one.

What must be composed is encoded in parts; what already is as the film needs it is not: its packets are copied (`engine.media.joining`). That is a whole scene, or of a clip that was
made to be cut (an animatic's) all but its transitions.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from moviepy import VideoClip, concatenate_videoclips

from engine.errors import Cancelled, InvalidInput
from engine.media.aac import SoundTrack
from engine.media.joining import Chapter, Mould, Section, join
from engine.media.packets import open_packets
from engine.media.sound_reader import SoundReader
from engine.media.writer import ClipWriter, Coding
from engine.movie.film.captions import BurntCaptions, Cue
from engine.movie.film.effects import BurnCaptions, FadeAway, MatchColours
from engine.movie.film.fit import Look, looks, straight_frames
from engine.movie.film.matching import Correction, matched, sampled
from engine.movie.film.titles import title_card
from engine.movie.film.transitions import blend_of, share_of
from engine.movie.plan import Plan, Scene
from engine.movie.timing import Slot, Timeline
from engine.settings import Settings
from engine.task import Progress

EVERY = 12
"""Frames between two reports of progress."""


@dataclass(frozen=True)
class _Stretch:
    """A run of the film's frames that is written as one part: composed, or copied from a finished clip. start, end: frames of the film."""

    start: int
    end: int
    copied: Section | None


def assemble(
    plan: Plan,
    timeline: Timeline,
    clips: Mapping[str, Path],
    sound: Path | None,
    out: Path,
    *,
    size: tuple[int, int],
    settings: Settings,
    captions: Sequence[Cue] = (),
    match: float = 0.0,
    coding: Coding | None = None,
    ours: Collection[str] = (),
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Progress]:
    """Write the film to `out` (MP4): exactly `timeline.frames` pictures of `size` (width, height), the sound cut or padded to their length, chapters for title and scenes.

    clips: scene id -> its clip or picture; of a scene from a library or a file, the whole file, of which the scene's `source.start` is obeyed. sound: the whole film's, as `SoundWriter`
    wrote it. captions: burnt into the pictures. match: 0..1, how far the scenes' colours are drawn together. coding: how pictures are encoded. ours: ids of scenes whose clips
    `ClipWriter` made on this machine with that coding, at the film's size and rate, frame for frame. checkpoint: called between any two frames; when it raises `Cancelled`, what is
    finished is written as a shorter film, and the exception goes on. Progress counts frames of the stage "film", and scenes of the stage "colours".
    Raises `InvalidInput` when a scene has no clip, and what reading and writing media raise.
    """
    missing = [slot.scene.id for slot in timeline.slots if slot.scene.id not in clips]
    if missing:
        raise InvalidInput(f"scene {missing[0]} has no clip", why=f"{len(missing)} of {len(timeline.slots)} scenes are not made", fix="make the scenes first")
    corrections = {slot.scene.id: Correction() for slot in timeline.slots}
    if match > 0:
        samples: dict[str, np.ndarray] = {}
        for number, slot in enumerate(timeline.slots):
            checkpoint()
            samples[slot.scene.id] = sampled(clips[slot.scene.id], settings, start=start_of(slot.scene), seconds=slot.needed / timeline.fps)
            yield Progress("colours", number + 1, len(timeline.slots))
        corrections = matched(samples, match, plan.palette)
    burnt = BurntCaptions(captions, size) if captions else None
    mould = Mould(size, Fraction(timeline.fps), settings, coding)
    with tempfile.TemporaryDirectory(prefix=".film-", dir=out.parent) as folder, _track(sound, mould.coding) as track:
        stretches = _stretches(timeline, clips, corrections, captions, mould, ours)
        film = _film(plan, timeline, clips, corrections, size, settings, burnt, ours)
        parts: list[Section] = []
        joined = partial(join, parts, out, mould, sound=track, chapters=chapters(plan, timeline), metadata={"title": plan.title})
        try:
            for number, stretch in enumerate(stretches):
                if stretch.copied is not None:
                    checkpoint()
                    parts.append(stretch.copied)
                    yield Progress("film", stretch.end, timeline.frames)
                    continue
                part = Path(folder) / f"{number}.mp4"
                writer = ClipWriter(part, fps=timeline.fps, coding=mould.coding)
                try:
                    with writer:
                        for frame in range(stretch.start, stretch.end):
                            checkpoint()
                            writer.write(film.get_frame((frame + 0.5) / timeline.fps))
                            if (frame + 1) % EVERY == 0 or frame + 1 == stretch.end:
                                yield Progress("film", frame + 1, timeline.frames)
                finally:
                    # A stopped writer leaves what it has as a shorter clip, any other fault nothing.
                    if part.is_file():
                        parts.append(Section(part, writer.frames, ours=True))
        except Cancelled:
            if parts:
                joined()
            raise
        finally:
            film.close()
        joined(checkpoint=checkpoint)


def chapters(plan: Plan, timeline: Timeline) -> list[Chapter]:
    """The title card and each scene, by their headings."""
    found = [Chapter(plan.title, 0, timeline.title)] if timeline.title else []
    return found + [Chapter(slot.scene.heading or f"Scene {number}", slot.start, slot.end) for number, slot in enumerate(timeline.slots, 1)]


def shot(slot: Slot, path: Path, size: tuple[int, int], fps: int, settings: Settings, *, ours: bool = False) -> Iterator[Look]:
    """The frames of a scene, `slot.needed` of them, without what the film does to them; each is made when it is asked for."""
    scene = slot.scene
    stretch = scene.source.kind == "text" and not scene.line and not ours
    return looks(path, settings, count=slot.needed, size=size, fps=fps, start=0.0 if ours else start_of(scene), camera=scene.camera, stretch=stretch, ours=ours)


def start_of(scene: Scene) -> float:
    """Where in its clip a scene begins (s): only what was not made for the scene can begin later."""
    return scene.source.start if scene.source.kind in ("library", "file") else 0.0


@contextmanager
def _track(sound: Path | None, coding: Coding) -> Iterator[SoundTrack | None]:
    if sound is None:
        yield None
        return
    with SoundReader(sound) as reader:
        yield SoundTrack(_Windows(reader), reader.rate, coder=coding.aac_coder)


@dataclass(frozen=True)
class _Windows:
    """A sound of ours as `SoundTrack` takes it."""

    reader: SoundReader

    @property
    def shape(self) -> tuple[int, int]:
        return self.reader.length, self.reader.channels

    def __getitem__(self, part: slice) -> np.ndarray:
        return self.reader.read(part.start, part.stop - part.start)


def _stretches(
    timeline: Timeline, clips: Mapping[str, Path], corrections: Mapping[str, Correction], captions: Sequence[Cue], mould: Mould, ours: Collection[str]
) -> list[_Stretch]:
    """The film in parts: what can stand in it as it is, of scenes and of scenes that may be cut, and everything between."""
    found: list[_Stretch] = []
    done = 0
    for slot in timeline.slots:
        clip = clips[slot.scene.id]
        for first, last in _copied(slot, clip, _alone(slot, timeline, corrections, captions), mould, slot.scene.id in ours):
            if slot.start + first > done:
                found.append(_Stretch(done, slot.start + first, None))
            done = slot.start + last
            found.append(_Stretch(slot.start + first, done, Section(clip, last - first, first, slot.scene.id in ours)))
    return [*found, _Stretch(done, timeline.frames, None)] if done < timeline.frames else found


def _alone(slot: Slot, timeline: Timeline, corrections: Mapping[str, Correction], captions: Sequence[Cue]) -> list[tuple[int, int]]:
    """Where a scene is shown as its clip is, without a transition, a caption or anything else: spans (first, last) in frames from its begin."""
    if start_of(slot.scene) > 0 or not corrections[slot.scene.id].is_nothing:
        return []
    spans, first = [], slot.blend
    end = min(slot.frames, timeline.frames - timeline.ending - slot.start)
    for cue in sorted(captions, key=lambda cue: cue.start):
        begin, last = int(cue.start * timeline.fps) - slot.start, math.ceil(cue.end * timeline.fps) - slot.start
        if last > first and begin < end:
            spans.append((first, begin))
            first = last
    return [(first, last) for first, last in [*spans, (first, end)] if last > first]


def _copied(slot: Slot, clip: Path, alone: list[tuple[int, int]], mould: Mould, ours: bool) -> list[tuple[int, int]]:
    """What of these spans can be copied. A clip that cannot be cut is, when it is alone from begin to end and exactly as long as is needed."""
    if not ours:
        return alone if alone == [(0, slot.needed)] and mould.fits(clip, slot.needed) else []
    with open_packets(clip, mould.settings, ours=True) as packets:
        straight = straight_frames(len(packets.times), slot.needed, mould.fps)
        return mould.sections(packets, [(first, min(last, straight)) for first, last in alone if first < straight])


class _Reels:
    """The film's shots as moviepy sees them: clips of frames by time, each read once, forwards. A shot's decoder starts with the first frame that is asked for, and ends with the last.

    moviepy asks whatever is built for its first frame, to learn its size: until `running`, that is a blank one, or all decoders of the film would run at once.
    """

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        self.fps, self.running = fps, False
        self._blank = np.zeros((size[1], size[0], 3), np.uint8)

    def clip(self, frames: Iterator[Look], count: int) -> VideoClip:
        """A shot of `count` frames."""
        done, last = 0, self._blank

        def frame(time: float) -> np.ndarray:
            nonlocal done, last
            look: Look | None = None
            while self.running and done <= min(int(time * self.fps + 1e-6), count - 1):
                look = next(frames)
                done += 1
            if look is not None:
                last = look()
                if done == count:
                    # Runs the generator to its end, which closes its decoder.
                    next(frames, None)
            return last

        return VideoClip(frame, duration=count / self.fps)

    def transition(self, before: VideoClip, after: VideoClip, lasted: int, slot: Slot) -> VideoClip:
        """The first `slot.blend` frames of a scene, under which what stood before runs on from its frame `lasted`."""
        blend = blend_of(slot.scene.transition, slot.scene.camera)

        def frame(time: float) -> np.ndarray:
            if not self.running:
                return self._blank
            number = int(time * self.fps + 1e-6)
            return blend(before.get_frame((lasted + number + 0.5) / self.fps), after.get_frame((number + 0.5) / self.fps), share_of(number, slot.blend))

        return VideoClip(frame, duration=slot.blend / self.fps)


def _film(
    plan: Plan, timeline: Timeline, clips: Mapping[str, Path], corrections: Mapping[str, Correction], size: tuple[int, int], settings: Settings, burnt: BurntCaptions | None,
    ours: Collection[str],
) -> VideoClip:  # fmt: skip
    """All of the film as one lazy clip, whose frames must be asked for in order; frames may be left out."""
    fps = timeline.fps
    reels = _Reels(size, fps)
    segments: list[VideoClip] = []

    def add(clip: VideoClip, first: int, last: int) -> None:
        if last > first:
            segments.append(clip.subclipped(first / fps, last / fps))

    before: VideoClip | None = None
    lasted = 0
    if timeline.title:
        count = timeline.title + timeline.title_tail
        card = title_card(plan.title, plan.palette, size, fps, count, seed=plan.seed)
        before, lasted = reels.clip((lambda frame=frame: frame for frame in card), count), timeline.title  # type: ignore[misc]
        add(before, 0, timeline.title)
    for slot in timeline.slots:
        now = reels.clip(shot(slot, clips[slot.scene.id], size, fps, settings, ours=slot.scene.id in ours), slot.needed).with_effects([MatchColours(corrections[slot.scene.id])])
        if slot.blend and before is not None:
            segments.append(reels.transition(before, now, lasted, slot))
        add(now, slot.blend, slot.frames)
        before, lasted = now, slot.frames
    film = concatenate_videoclips(segments, method="chain")
    effects: list[Any] = [FadeAway(timeline.ending, fps)] if timeline.ending else []
    film = film.with_effects([*effects, *([BurnCaptions(burnt)] if burnt else [])])
    reels.running = True
    return film
