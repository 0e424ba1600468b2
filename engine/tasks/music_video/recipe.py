"""The recipe of music videos: hear the song, plan, draw each interval's walk while the one before is written, measure hits and flashes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from engine.errors import Cancelled, InvalidInput
from engine.media.audio import read_audio
from engine.metrics.flashes import MOST, FlashGuard, FlashMeter, luminance
from engine.metrics.hits import changes, hit_share, shuffled_share
from engine.sound.music.grid import BeatGrid, corrected, listen
from engine.task import Event, Meter, Note, Preview, Progress, Result, Stage
from engine.tasks.music_video.pictures import HIGH, LOW, Painter, Walk, photo_walk
from engine.tasks.music_video.plan import intervals, loudness
from engine.tasks.music_video.pulse import values
from engine.tasks.music_video.request import Interval, MusicVideoRequest
from engine.tasks.music_video.screen import Screen
from engine.tasks.text_to_video.pocket.models import leased
from engine.vision.segmentation import fit_side

if TYPE_CHECKING:
    from engine.context import RunContext

FEWEST_FRAMES = 3
"""A stopped run keeps its clip from this many frames on."""

SHORTEST = 0.2
"""Seconds of the shortest song."""

SMALL = 64
"""Side in pixels of the copies on which change is measured."""


@dataclass(frozen=True)
class Scene:
    """An interval with everything decided: (sentence, seed) of both ends (empty sentences for photos and clips) and its frames first..last of the song."""

    interval: Interval
    first: tuple[str, int]
    last: tuple[str, int]
    frames: range


def make(request: MusicVideoRequest, run: RunContext) -> Iterator[Event]:
    """Makes the clip. Writes result.mp4 and timeline.json. Raises `InvalidInput` or `LimitExceeded` for songs that cannot be used."""
    yield Stage("listening", "Listening to the song")
    grid = corrected(listen(request.audio, run.settings, run.checkpoint), request.grid)
    samples, rate = read_audio(request.audio, run.settings)
    seconds = len(samples) / rate
    if seconds < SHORTEST:
        raise InvalidInput(f"the song is {seconds:.2f} s long", why=f"at least {SHORTEST:g} s are needed", fix="use another song", field="audio")
    if not len(grid.beats):
        yield Note("No beat was found: what pulses is the sound itself.")
    run.checkpoint()

    frames = max(1, round(seconds * request.fps))
    asked = list(request.intervals) or intervals(seconds, grid.sections, np.array(grid.downbeats), loudness(grid), request.theme, request.seed or 0)
    plan = covered(asked, seconds)
    window = range(round((request.excerpt_start or 0.0) * request.fps), min(frames, round((request.excerpt_end or seconds) * request.fps)))
    if not len(window):
        raise InvalidInput("the excerpt lies outside the song", why=f"it is {seconds:.1f} s long", fix="choose another part", field="excerpt_start")

    with leased(run) as pocket:
        painter = Painter(request, run, pocket)
        yield Stage("planning", "Choosing pictures")
        scenes: list[Scene] = []
        first = _first_needed(plan, window.start / request.fps)
        last = max(k for k, interval in enumerate(plan) if round(interval.start * request.fps) < window.stop)
        for index in range(first, last + 1):
            run.checkpoint()
            scenes.append(decided(plan[index], scenes[-1] if scenes else None, painter, request.fps))
            yield Progress("planning", index + 1 - first, last + 1 - first)
        shown_scenes = [scene for scene in scenes if set(scene.frames) & set(window)]
        store(run, request, grid, scenes, seconds)
        yield from _render(request, run, painter, grid, shown_scenes, window, (samples, rate))


def covered(asked: list[Interval], seconds: float) -> list[Interval]:
    """The intervals, cut at the song's end, with still parts where none lies: before the first its start, after each its end."""
    out: list[Interval] = []
    at = 0.0
    for interval in asked:
        if interval.start >= seconds - 1e-6:
            break
        if interval.start > at + 1e-6:
            before = interval.start_prompt if not out else ""
            out.append(Interval(start=at, end=interval.start, start_prompt=before, pattern="freeze", picture=None if out else interval.picture, clip=None if out else interval.clip))
        out.append(interval.model_copy(update={"end": min(interval.end, seconds)}))
        at = out[-1].end
    if at < seconds - 1e-6:
        out.append(Interval(start=at, end=seconds, pattern="freeze") if out else Interval(start=0.0, end=seconds))
    return out


def _first_needed(plan: list[Interval], start: float) -> int:
    """The interval from which on pictures must be chosen to know what is seen at `start` seconds: one that does not continue another."""
    at = max((k for k, interval in enumerate(plan) if interval.start <= start + 1e-6), default=0)
    while at > 0 and not plan[at].start_prompt.strip() and plan[at].picture is None and plan[at].clip is None:
        at -= 1
    return at


def decided(interval: Interval, before: Scene | None, painter: Painter, fps: int) -> Scene:
    """What an interval shows: its prompts as the model is told them, and its seeds. The same prompt without a seed is the same picture, here and on the page."""
    frames = range(round(interval.start * fps), round(interval.end * fps))
    if interval.picture is not None or interval.clip is not None:
        return Scene(interval, ("", 0), ("", 0), frames)
    if interval.start_prompt.strip() or before is None or not before.last[0]:
        sentence = painter.told(interval.start_prompt.strip() or painter.request.theme).sentence
        seed = interval.start_seed if interval.start_seed is not None else painter.best_seed(sentence)
        first = (sentence, seed)
    else:
        first = (before.last[0], interval.start_seed if interval.start_seed is not None else before.last[1])
    last_sentence = painter.told(interval.end_prompt).sentence if interval.end_prompt.strip() else first[0]
    last_seed = interval.end_seed if interval.end_seed is not None else first[1]
    if interval.pattern == "freeze":
        return Scene(interval, first, first, frames)
    if interval.pattern == "hold" and interval.target == "progress" and last_sentence == first[0] and last_seed == first[1]:
        last_seed = (first[1] + 1) % 2**32  # something must differ, or a held picture could not pulse
    return Scene(interval, first, (last_sentence, last_seed), frames)


def _render(
    request: MusicVideoRequest, run: RunContext, painter: Painter, grid: BeatGrid, scenes: list[Scene], window: range, sound: tuple[np.ndarray, int]
) -> Iterator[Event]:  # fmt: skip
    samples, rate = sound
    part = samples[round(window.start / request.fps * rate) : round(window.stop / request.fps * rate)]
    writer = run.clip_writer(fps=request.fps, audio=(part, rate))
    guard, meter = FlashGuard(request.fps), FlashMeter(request.fps)
    small: list[np.ndarray] = []
    shown: list[np.ndarray] = []
    yield Stage("rendering", "Drawing and writing")
    done = 0
    pool = ThreadPoolExecutor(1)
    try:
        with writer:
            coming = pool.submit(_ready, request, painter, grid, scenes[0])
            for number, scene in enumerate(scenes):
                while True:  # a stop must be heard while pictures are drawn in the other thread
                    try:
                        screen = coming.result(timeout=0.2)
                        break
                    except TimeoutError:
                        run.checkpoint()
                if number + 1 < len(scenes):
                    coming = pool.submit(_ready, request, painter, grid, scenes[number + 1])
                for index in range(max(scene.frames.start, window.start), min(scene.frames.stop, window.stop)):
                    run.checkpoint()
                    frame = screen.frame(index - scene.frames.start)
                    frame = guard.through(frame) if request.soften_flashes else frame
                    meter.feed(luminance(frame))
                    writer.write(frame)
                    small.append(cv2.resize(frame, (SMALL, SMALL), interpolation=cv2.INTER_AREA))
                    if done % max(1, request.fps // 12) == 0:
                        shown = [*shown[-47:], fit_side(frame, 320)]
                    done += 1
                    yield Progress("rendering", done, len(window))
                    if run.wants_preview() and len(shown) > 1:
                        yield Preview(np.stack(shown), fps=12.0)
    except Cancelled:
        if writer.frames >= FEWEST_FRAMES:
            yield Result(clip=writer.path, artifacts={"timeline": run.directory / "timeline.json"}, partial=True)
        raise
    finally:
        pool.shutdown(cancel_futures=True)
    if meter.worst > MOST:
        yield Note(f"The video flashes up to {meter.worst} times a second, which can harm people with epilepsy: soften flashes, or choose another target than brightness.", "warning")
    elif guard.held:
        yield Note(f"{guard.held} frames were held back, because they would have flashed more than {MOST} times a second.")
    beats = np.array(grid.beats) - window.start / request.fps
    yield Result(
        clip=writer.path, artifacts={"timeline": run.directory / "timeline.json"}, meters=meters(small, beats, request.fps, meter),
        details={"provider": request.model, "tempo": round(grid.tempo, 2), "beats": len(grid.beats), "intervals": len(scenes), "drawn_per_second": request.drawn},
    )  # fmt: skip


def _ready(request: MusicVideoRequest, painter: Painter, grid: BeatGrid, scene: Scene) -> Screen:
    """Draw what an interval needs. Runs beside the writing of the one before."""
    interval, fps = scene.interval, request.fps
    times = (np.arange(scene.frames.start, scene.frames.stop) + 0.5) / fps
    beats, downbeats = np.array(grid.beats), np.array(grid.downbeats)
    pulse = values(interval.driver, times, grid.curves, grid.rate, beats)
    bars = np.searchsorted(downbeats, times, side="right").astype(float)
    other: Walk | None = None
    moving = None
    if not scene.first[0]:
        walk = photo_walk(interval, request, painter.run)
    else:
        count = 2 if interval.pattern == "cut" else max(3, round(request.drawn * len(times) / fps)) if scene.first != scene.last else 1
        guided = interval.target == "guidance"
        walk = _through(painter.walk(scene.first, scene.last, count, LOW if guided else request.guidance))
        if guided:
            other = _through(painter.walk(scene.first, scene.last, count, HIGH))
        if interval.target == "motion":
            from engine.tasks.music_video.subject import mover

            moving = mover(painter, scene.first, interval.start_prompt or request.theme)
    return Screen(interval, pulse, bars, float(fps), request.smooth, walk, other, moving)


def _through(walking: Iterator[tuple[int, int]]) -> Walk:
    """The walk at a generator's end."""
    while True:
        try:
            next(walking)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def meters(small: list[np.ndarray], beats: np.ndarray, fps: int, meter: FlashMeter) -> tuple[Meter, ...]:
    """Whether the picture changes when the music beats, and how often it flashes."""
    change = changes(small)
    out = []
    inside = beats[(beats >= 0) & (beats * fps < len(change))]
    if len(inside):
        text = "Share of beats at which the picture visibly changes, within one frame."
        out.append(Meter("beat_hits", "Beats that are seen", hit_share(change, beats, fps), "", shuffled_share(change, inside, fps), "beats at random moments", None, text))
    out.append(Meter("flashes", "Flashes a second, at most", float(meter.worst), "", 0.0, "a still picture", float(MOST), "Large changes of light, as WCAG 2.3.1 counts them."))
    return tuple(out)


def store(run: RunContext, request: MusicVideoRequest, grid: BeatGrid, scenes: list[Scene], seconds: float) -> None:
    """Write timeline.json: the beats and the plan with every prompt and seed decided, which opens again as `intervals`."""
    rows = []
    for scene in scenes:
        row = scene.interval.model_dump(mode="json", exclude={"picture", "clip"})
        if scene.first[0]:
            row |= {"start_seed": scene.first[1], "end_seed": scene.last[1], "told_start": scene.first[0], "told_end": scene.last[0]}
        rows.append(row)
    document = {
        "seconds": round(seconds, 4), "tempo": round(grid.tempo, 3), "beats": [round(float(t), 4) for t in grid.beats], "downbeats": [round(float(t), 4) for t in grid.downbeats],
        "intervals": rows,
    }  # fmt: skip
    (run.directory / "timeline.json").write_text(json.dumps(document, indent=1), encoding="utf-8")
