"""A film from its scenes' clips: title card, scenes, transitions, captions, end; its chapters and its sound. Streamed: what is held does not grow with the film.

Shots, transitions and effects are moviepy clips: lazy functions of time that are chained by `concatenate_videoclips`. moviepy's readers and writer are not used (files go through
`engine.media`, the caged reader and the verified writer), nor are its composites and cross-fades (they mix sRGB codes by way of Pillow). Frames are asked for at the middle of their
time, so that no rounding of seconds ever repeats or skips one.

What must be composed is encoded in parts; a scene that already is as the film needs it is not: its packets are copied (`engine.media.joining`).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from moviepy import VideoClip, concatenate_videoclips

from engine.errors import Cancelled, InvalidInput
from engine.media.aac import SoundTrack
from engine.media.audio import SoundWindows
from engine.media.joining import Chapter, Mould, join
from engine.media.writer import ClipWriter
from engine.movie.film.captions import BurntCaptions, Cue
from engine.movie.film.effects import BurnCaptions, FadeAway, MatchColours
from engine.movie.film.fit import fitted
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
    copied: Path | None


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
    crf: int = 18,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Progress]:
    """Write the film to `out` (MP4): exactly `timeline.frames` pictures of `size` (width, height), the sound cut or padded to their length, chapters for title and scenes.

    clips: scene id -> its clip or picture; of a scene from a library or a file, the whole file, of which the scene's `source.start` is obeyed. sound: the whole film's, any format that
    is read here. captions: burnt into the pictures. match: 0..1, how far the scenes' colours are drawn together. checkpoint: called between any two frames; when it raises
    `Cancelled`, what is finished is written as a shorter film, and the exception goes on. Progress counts frames of the stage "film", and scenes of the stage "colours".
    Raises `InvalidInput` when a scene has no clip, and what reading and writing media raise.
    """
    missing = [slot.scene.id for slot in timeline.slots if slot.scene.id not in clips]
    if missing:
        raise InvalidInput(f"scene {missing[0]} has no clip", why=f"{len(missing)} of {len(timeline.slots)} scenes are not made", fix="make the scenes first")
    track = _track(sound, settings)
    corrections = {slot.scene.id: Correction() for slot in timeline.slots}
    if match > 0:
        samples: dict[str, np.ndarray] = {}
        for number, slot in enumerate(timeline.slots):
            checkpoint()
            samples[slot.scene.id] = sampled(clips[slot.scene.id], settings, start=start_of(slot.scene), seconds=slot.needed / timeline.fps)
            yield Progress("colours", number + 1, len(timeline.slots))
        corrections = matched(samples, match, plan.palette)
    burnt = BurntCaptions(captions, size) if captions else None
    mould = Mould(size, Fraction(timeline.fps), settings, crf=crf)
    with tempfile.TemporaryDirectory(prefix=".film-", dir=out.parent) as folder:
        stretches = _stretches(timeline, clips, corrections, captions, mould)
        film = _film(plan, timeline, clips, corrections, size, settings, burnt)
        parts: list[tuple[Path, int]] = []
        joined = partial(join, parts, out, mould, sound=track, chapters=chapters(plan, timeline), metadata={"title": plan.title})
        try:
            for number, stretch in enumerate(stretches):
                if stretch.copied is not None:
                    checkpoint()
                    parts.append((stretch.copied, stretch.end - stretch.start))
                    yield Progress("film", stretch.end, timeline.frames)
                    continue
                part = Path(folder) / f"{number}.mp4"
                writer = ClipWriter(part, fps=timeline.fps, crf=crf)
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
                        parts.append((part, writer.frames))
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


def shot(slot: Slot, path: Path, size: tuple[int, int], fps: int, settings: Settings) -> Iterator[np.ndarray]:
    """The frames of a scene, `slot.needed` of them, without what the film does to them."""
    scene = slot.scene
    return fitted(
        path, settings, count=slot.needed, size=size, fps=fps, start=start_of(scene), camera=scene.camera, stretch=scene.source.kind == "text" and not scene.line
    )


def start_of(scene: Scene) -> float:
    """Where in its clip a scene begins (s): only what was not made for the scene can begin later."""
    return scene.source.start if scene.source.kind in ("library", "file") else 0.0


def _track(sound: Path | None, settings: Settings) -> SoundTrack | None:
    if sound is None:
        return None
    windows = SoundWindows(sound, settings)
    return SoundTrack(windows, windows.rate)


def _stretches(timeline: Timeline, clips: Mapping[str, Path], corrections: Mapping[str, Correction], captions: Sequence[Cue], mould: Mould) -> list[_Stretch]:
    """The film in parts: scenes whose clips can stand in it as they are, and everything between them."""
    found: list[_Stretch] = []
    done = 0
    for slot in timeline.slots:
        touched = slot.blend or slot.tail or (slot.end > timeline.frames - timeline.ending) or not corrections[slot.scene.id].is_nothing or start_of(slot.scene) > 0
        touched = touched or any(cue.start * timeline.fps < slot.end and cue.end * timeline.fps > slot.start for cue in captions)
        if not touched and mould.fits(clips[slot.scene.id], slot.needed):
            if slot.start > done:
                found.append(_Stretch(done, slot.start, None))
            found.append(_Stretch(slot.start, slot.end, clips[slot.scene.id]))
            done = slot.end
    return [*found, _Stretch(done, timeline.frames, None)] if done < timeline.frames else found


class _Reels:
    """The film's shots as moviepy sees them: clips of frames by time, each read once, forwards. A shot's decoder starts with the first frame that is asked for, and ends with the last.

    moviepy asks whatever is built for its first frame, to learn its size: until `running`, that is a blank one, or all decoders of the film would run at once.
    """

    def __init__(self, size: tuple[int, int], fps: int) -> None:
        self.fps, self.running = fps, False
        self._blank = np.zeros((size[1], size[0], 3), np.uint8)

    def clip(self, frames: Iterator[np.ndarray], count: int) -> VideoClip:
        """A shot of `count` frames."""
        done, last = 0, self._blank

        def frame(time: float) -> np.ndarray:
            nonlocal done, last
            while self.running and done <= min(int(time * self.fps + 1e-6), count - 1):
                last = next(frames)
                done += 1
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
    plan: Plan, timeline: Timeline, clips: Mapping[str, Path], corrections: Mapping[str, Correction], size: tuple[int, int], settings: Settings, burnt: BurntCaptions | None
) -> VideoClip:
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
        before, lasted = reels.clip(title_card(plan.title, plan.palette, size, fps, count, seed=plan.seed), count), timeline.title
        add(before, 0, timeline.title)
    for slot in timeline.slots:
        now = reels.clip(shot(slot, clips[slot.scene.id], size, fps, settings), slot.needed).with_effects([MatchColours(corrections[slot.scene.id])])
        if slot.blend and before is not None:
            segments.append(reels.transition(before, now, lasted, slot))
        add(now, slot.blend, slot.frames)
        before, lasted = now, slot.frames
    film = concatenate_videoclips(segments, method="chain")
    effects: list[Any] = [FadeAway(timeline.ending, fps)] if timeline.ending else []
    film = film.with_effects([*effects, *([BurnCaptions(burnt)] if burnt else [])])
    reels.running = True
    return film
