"""What is heard in a film and when: narration, music, ambience, effects and the clips' own sound become cues on the film's clock, and these the mix."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.errors import StudioError
from engine.movie.plan import Plan, Scene
from engine.movie.timing import Slot, Timeline
from engine.sound.mixing.cues import Bus, Cue, FileSound, Samples
from engine.sound.mixing.levels import levelled
from engine.sound.mixing.mix import Mixed, mix
from engine.task import Event, Note, Progress
from engine.tasks.movie.request import MovieRequest

if TYPE_CHECKING:
    from engine.context import RunContext

BEFORE_LINE = 0.35
"""Seconds from a scene's begin, its transition over half, to the narrator's first word."""

BED_GAIN = -4.0
"""dB on beds, which come as loud as they are outdoors beside each other: so they lie under the music."""

KEPT_EFFECTS = 16
"""Effects that stay in memory, a megabyte each."""

MUSIC_BLEND, AMBIENCE_BLEND = 1.5, 0.8
"""Seconds in which pieces of music, and beds of ambience, go over into each other."""


@dataclass
class Soundtrack:
    """The mix, what is said when (start, end in seconds, text), and what is heard, for the page."""

    mixed: Mixed
    captions: list[tuple[float, float, str]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Desk:
    """What is gathered before the mix."""

    request: MovieRequest
    plan: Plan
    clock: Timeline
    clips: dict[str, Path]
    run: RunContext
    cues: list[Cue] = field(default_factory=list)
    captions: list[tuple[float, float, str]] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)

    def at(self, frame: int) -> float:
        return frame / self.clock.fps

    def add(self, cue: Cue) -> None:
        """A cue at the level of its bus."""
        self.cues.append(levelled(cue))

    def tell(self, bus: str, start: float, end: float, what: str, sound: str) -> None:
        """One line for the page."""
        self.heard.append({"bus": bus, "start": round(start, 2), "end": round(end, 2), "what": what, "sound": sound})


def soundtrack(request: MovieRequest, plan: Plan, clock: Timeline, clips: dict[str, Path], run: RunContext) -> Generator[Event, None, Soundtrack]:
    """The film's sound. Returns a `Soundtrack`; a sound that cannot be had is told in a note and left out, the film is made all the same."""
    desk = _Desk(request, plan, clock, clips, run)
    steps: list[Callable[[_Desk], Iterator[Event]]] = [own_sound, narration, music, ambience, effects]
    for index, step in enumerate(steps):
        run.checkpoint()
        try:
            yield from step(desk)
        except StudioError as error:
            yield Note(error.line, "warning")
        yield Progress("sound", index + 1, len(steps) + 1)
    mixed = mix(
        desk.cues, clock.frames / clock.fps, run.directory, loudness=request.loudness, closing=clock.ending / clock.fps, draft=request.until == "animatic", checkpoint=run.checkpoint
    )
    yield from (Note(note) for note in mixed.notes)
    yield Progress("sound", len(steps) + 1, len(steps) + 1)
    return Soundtrack(mixed, desk.captions, sorted(desk.heard, key=lambda one: one["start"]))


class InBackground:
    """The soundtrack of a film whose clips bring no sound of their own, mixed in a thread while the scenes are made: two cores are there. Leaving the `with` block ends it."""

    def __init__(self, request: MovieRequest, plan: Plan, clock: Timeline, clips: dict[str, Path], run: RunContext) -> None:
        self._left = threading.Event()
        own = replace(run, cancelled=lambda: self._left.is_set() or run.cancelled(), timings={})
        self._pool = ThreadPoolExecutor(1, "soundtrack")
        self._mixed = self._pool.submit(self._work, request, plan, clock, clips, own)

    @staticmethod
    def _work(request: MovieRequest, plan: Plan, clock: Timeline, clips: dict[str, Path], run: RunContext) -> tuple[list[Event], Soundtrack]:
        told: list[Event] = []
        events = soundtrack(request, plan, clock, clips, run)
        while True:
            try:
                event = next(events)
            except StopIteration as end:
                return told, end.value
            if isinstance(event, Note):
                told.append(event)

    def wait(self) -> Generator[Event, None, Soundtrack]:
        """The notes, then the soundtrack. Raises what mixing raised."""
        told, sound = self._mixed.result()
        yield from told
        return sound

    def __enter__(self) -> InBackground:
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._pool.shutdown(cancel_futures=True)


def own_sound(desk: _Desk) -> Iterator[Event]:
    """Sound that clips bring: of faces that speak, and of films and earlier results where it is wanted."""
    from engine.media.probe import probe

    for slot in desk.clock.slots:
        source, clip = slot.scene.source, desk.clips.get(slot.scene.id)
        speaks = source.kind == "head" and desk.request.until != "animatic"
        if clip is None or not (speaks or (source.kind in ("library", "file") and source.keep_sound)):
            continue
        if not probe(clip, desk.run.settings).has_audio:
            continue
        start, end = desk.at(slot.start), desk.at(slot.end)
        length = end - start
        bus: Bus = "narration" if speaks else "clip"
        heard = FileSound(clip, desk.run.settings, start=source.start, end=source.start + length)
        desk.add(Cue(bus, start, heard, seconds=length, fade_in=0.02, fade_out=min(0.3, length / 4)))
        desk.tell(bus, start, end, slot.scene.line if speaks else "the clip's own sound", clip.name)
        if speaks:
            desk.captions.append((start, end, slot.scene.line))
    yield from ()


def narration(desk: _Desk) -> Iterator[Event]:
    """The narrator's lines, each in its scene."""
    if desk.request.voice == "none":
        return
    from engine.sound.mixing.narration import Speaker

    speaker = Speaker(desk.run.settings, desk.request.voice)
    free = 0.0
    for slot in desk.clock.slots:
        scene = slot.scene
        if not scene.line or (scene.source.kind == "head" and desk.request.until != "animatic"):
            continue
        desk.run.checkpoint()
        start = max(desk.at(slot.start) + BEFORE_LINE + desk.at(slot.blend) / 2, free)
        try:
            line = speaker.line(scene.line, desk.at(slot.end) - start)
        except StudioError as error:
            yield Note(f"Nobody narrates: {error.line}", "warning")
            return
        yield from (Note(f"{place(desk.plan, scene)}: {note}") for note in line.notes)
        if not line.seconds:
            continue
        end = min(start + line.seconds, desk.at(desk.clock.frames))
        desk.cues.append(Cue("narration", start, (line.samples, line.rate)))  # a line has its level already
        desk.tell("narration", start, end, scene.line, line.voice)
        desk.captions += [(start + begins, start + ends, text) for begins, ends, text in line.captions]
        free = end + 0.2


def music(desk: _Desk) -> Iterator[Event]:
    """A piece for each stretch of scenes that ask for the same music; the first one begins with the title card."""
    if desk.request.music == "none":
        return
    from engine.sound.bank.own import listed
    from engine.sound.library import choose, extended

    own = desk.request.music == "own"
    if own and any(slot.scene.music for slot in desk.clock.slots):
        mine = listed(desk.run.settings)
        if not any(sound.kind == "music" for sound in mine.sounds):
            left = f" ({mine.notes[0]})" if mine.notes else ""
            yield Note(f"There is no music of your own{left}: pieces of the library play instead. Put sound files into sounds/music in Kinora's data folder.", "warning")
    used: list[str] = []
    for wish, group in groupby(desk.clock.slots, key=lambda slot: slot.scene.music):
        slots: list[Slot] = list(group)
        if wish is None:
            continue
        desk.run.checkpoint()
        start = 0.0 if slots[0] is desk.clock.slots[0] else desk.at(slots[0].start)
        end = desk.at(slots[-1].end)
        last = slots[-1] is desk.clock.slots[-1]
        seconds = end - start + (0.0 if last else MUSIC_BLEND)
        track = choose(wish, desk.plan.seed, desk.run.settings, avoid=tuple(used), own=own)
        used.append(track.id)
        piece = extended(track, seconds, desk.run.settings)
        desk.add(Cue("music", start, piece, seconds=seconds, fade_in=0.05 if start == 0.0 else MUSIC_BLEND, fade_out=MUSIC_BLEND))
        desk.tell("music", start, end, f"{wish.mood}, {wish.tempo}" + (f", {wish.words}" if wish.words else ""), track.caption)
    yield from ()


def ambience(desk: _Desk) -> Iterator[Event]:
    """A bed for every sound that scenes name; scenes that follow each other with the same one share it without a seam."""
    from engine.sound.bank.kept import kept_bed
    from engine.sound.bank.search import find

    spans: dict[str, list[tuple[float, float, str, Any]]] = {}
    for slot in desk.clock.slots:
        for words in slot.scene.ambience:
            best = find(words, desk.run.settings, "ambience", most=1)
            if not best:
                yield Note(f"{place(desk.plan, slot.scene)}: no sound in the bank is like “{words}”.")
                continue
            sound = best[0][0]
            start, end = desk.at(slot.start), desk.at(slot.end)
            known = spans.setdefault(sound.id, [])
            if known and start - known[-1][1] < 1e-6:
                known[-1] = (known[-1][0], end, known[-1][2], sound)
            elif not known or known[-1][1] < end:
                known.append((start, end, words, sound))
    for each in spans.values():
        for start, end, words, sound in each:
            first = max(0.0, start - AMBIENCE_BLEND / 2)
            seconds = min(end + AMBIENCE_BLEND / 2, desk.at(desk.clock.frames)) - first
            own = FileSound(sound.path, desk.run.settings) if sound.path is not None else kept_bed(sound.id, desk.run.settings)
            desk.add(Cue("ambience", first, own, seconds=seconds, gain_db=BED_GAIN if sound.path is None else 0.0, fade_in=AMBIENCE_BLEND, fade_out=AMBIENCE_BLEND, loop=sound.path is not None))
            desk.tell("ambience", first, first + seconds, words, sound.caption)


def effects(desk: _Desk) -> Iterator[Event]:
    """Sounds at moments."""
    from engine.sound.bank import RATE
    from engine.sound.bank.search import find

    for slot in desk.clock.slots:
        for effect in slot.scene.effects:
            best = find(effect.what, desk.run.settings, "effect", most=1)
            if not best:
                yield Note(f"{place(desk.plan, slot.scene)}: no sound in the bank is like “{effect.what}”.")
                continue
            sound = best[0][0]
            start = desk.at(slot.start) + min(effect.at, desk.at(slot.frames))
            heard = FileSound(sound.path, desk.run.settings) if sound.path is not None else played(sound.id, desk.plan.seed)
            desk.add(Cue("effects", start, heard))
            desk.tell("effects", start, start + heard.length / RATE, effect.what, sound.caption)


@lru_cache(maxsize=KEPT_EFFECTS)
def played(sound_id: str, seed: int) -> Samples:
    """An effect of the bank. Cues of one film share it, and so does the next film of the same seed: playing it takes up to half a second."""
    from engine.sound.bank import RATE, play

    return Samples(play(sound_id, None, seed), RATE)


def place(plan: Plan, scene: Scene) -> str:
    """A scene by its number, as notes name it."""
    return f"Scene {plan.scenes.index(scene) + 1}"
