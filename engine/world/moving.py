"""The moving diorama: from a `SceneSpec` the frames of a clip, and with them everything that is true of each frame."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.world.backdrop import Backdrop
from engine.world.captions import captions
from engine.world.cast import CAST
from engine.world.course import Camera, Course, Frame, course
from engine.world.places import PLACE_TABLES, STAGES, Stage
from engine.world.rig import cut_actor, pose, tone
from engine.world.sheets import Matrix, Sheet, laid, lay_over, still
from engine.world.sky import lay_clouds, lay_sky, lay_weather
from engine.world.spec import SceneSpec, habitat

SMALLEST, LARGEST = 32, 4096
"""Sides of a picture in pixels."""


@dataclass(frozen=True)
class WorldClip:
    """A clip and its truth. T frames, N subjects in the order of the spec, H rows, W columns.

    frames, plate: (T, H, W, 3) uint8 sRGB; the plate is the same frame without the subjects.
    masks, amodal: (T, N, H, W) bool; what is seen of a subject, and all of it that lies in the frame as if nothing were before it.
    depth: (T, H, W) float32, 0 in front to 1 for the sky.
    flow: (T - 1, H, W, 2) float32, x and y in pixels from a pixel of frame t to the same paper in frame t + 1.
    occlusion: (T - 1, H, W) bool, True where that paper is hidden or out of the picture in frame t + 1.
    blended: (T - 1, H, W) bool, True where something see-through (a shadow, a glow, fog) lies over the paper and moves differently:
    there the paper's colour changes although its flow is exact.
    tracks: (T, N, 2) float32, the middle of each subject in pixels, in or out of the picture; visible: (T, N) float32, share of the amodal mask seen.
    """

    frames: np.ndarray
    masks: np.ndarray
    amodal: np.ndarray
    depth: np.ndarray
    flow: np.ndarray
    occlusion: np.ndarray
    blended: np.ndarray
    tracks: np.ndarray
    visible: np.ndarray
    plate: np.ndarray
    caption: str
    spec: SceneSpec


@dataclass(frozen=True)
class _Run:
    """Neighbouring sheets in painter's order. plate: they never move and are merged into one sheet (pixels, names, depths)."""

    first: int
    last: int
    plate: np.ndarray | None


class MovingDiorama:
    """A scene cut into sheets at one size. `frame` and `clip` only move and lay them.

    spec: what to show; size: side of a square picture, or (width, height), in pixels. Raises `InvalidInput` for a size that cannot be drawn.
    """

    def __init__(self, spec: SceneSpec, size: int | tuple[int, int] = 256) -> None:
        self.spec, self.size = spec, (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
        if not all(SMALLEST <= side <= LARGEST for side in self.size) or max(self.size) > 4 * min(self.size):
            raise InvalidInput(
                f"a picture of {self.size[0]}x{self.size[1]} pixels cannot be drawn",
                fix=f"sides of {SMALLEST} to {LARGEST} pixels, at most 4:1",
                field="size",
            )
        self._views: dict[tuple[float, float], Matrix] = {}
        rng = np.random.default_rng(spec.seed)
        self._frame = Frame.of(self.size)
        pixels = float(min(self.size))
        places = np.random.default_rng([spec.seed, 1])
        stage = STAGES[spec.place]
        # The courses come before the land: what the camera follows decides how much of the land is ever seen.
        self.courses: tuple[Course, ...] = tuple(self._courses(stage, places))
        self.camera = Camera(spec, self._frame, pixels, self.courses[0] if self.courses and spec.camera == "follow" else None)
        backdrop = Backdrop(self.camera, self._frame, spec.time, spec.weather, spec.seed, rng)
        seconds = spec.frames / spec.fps
        lay_sky(backdrop, spec.seed)
        lay_clouds(backdrop, seconds, spec.seed)
        PLACE_TABLES[spec.place](backdrop)
        lay_weather(backdrop, seconds)
        sheets = backdrop.sheets
        for index, moving in enumerate(self.courses):
            sheets += self._subject_sheets(index, moving, stage, backdrop)
        ordered = sorted(sheets, key=lambda sheet: -sheet.depth)
        self.sheets: tuple[Sheet, ...] = tuple(self._trimmed(ordered))
        self._runs = self._merge(self.sheets)
        self._scenery = tuple(sheet for sheet in self.sheets if sheet.thing < 0)
        self._plates = self._merge(self._scenery) if self.courses else self._runs

    def _courses(self, stage: Stage, rng: np.random.Generator) -> Iterator[Course]:
        """Where each subject stands: side by side, those further to the back first."""
        count = len(self.spec.subjects)
        spots = {0: (), 1: (0.0,), 2: (-0.23, 0.23), 3: (-0.31, 0.02, 0.31)}[count]
        order = rng.permutation(count)
        for index, subject in enumerate(self.spec.subjects):
            actor = CAST[subject.kind](tone(subject.colour, night=self.spec.time == "night"))
            x = spots[order[index]] * 2 * self._frame.half_width + rng.uniform(-0.05, 0.05)
            home = habitat(subject.kind)
            row = stage.air if home == "air" else stage.water if home == "water" and stage.water is not None else stage.ground
            row += 0.02 * (index - (count - 1) / 2) * (1 if home != "air" else 3) + rng.uniform(-0.015, 0.015) * (
                3 if home == "air" else 0.6
            )
            if subject.kind in ("fish",) and stage.water is not None:
                row += 0.06
            y = (row - 0.5) * 2 * self._frame.half_height
            followed = index == 0 and self.spec.camera == "follow"
            yield course(subject, actor, self.spec, self._frame, (x, y), rng, followed=followed)

    def _subject_sheets(self, index: int, moving: Course, stage: Stage, backdrop: Backdrop) -> list[Sheet]:
        subject, night = self.spec.subjects[index], self.spec.time == "night"
        home = habitat(subject.kind)
        depth = {"air": stage.air_depth, "water": stage.water_depth if stage.water is not None else stage.ground_depth}.get(
            home, stage.ground_depth
        )
        depth -= 0.012 * index
        scale = moving.scale * moving.largest * self.camera.largest(1.0)
        # Sizes step by a twentieth, so that a thing cut once serves many clips.
        step = 1.05 ** np.ceil(np.log(scale) / np.log(1.05))
        actor, pieces = cut_actor(
            (subject.kind, subject.colour, str(night)), lambda: CAST[subject.kind](tone(subject.colour, night=night)), float(step),
            min(self.size) / 1000, backdrop.sky, flip=moving.flip, glow=(0.2 if subject.colour != "black" else 0.3) if night else 0.0,
        )  # fmt: skip
        sheets = []
        for number, (limb, piece) in enumerate(zip(actor.limbs, pieces, strict=True)):

            def move(time: float, joint=limb.joint) -> Matrix:  # type: ignore[no-untyped-def]
                return moving.matrix(time) @ pose(joint, moving.clock(time), moving.flip)

            sheets.append(
                Sheet(
                    f"{subject.kind} {index + 1}.{number + 1}",
                    piece.pixels,
                    piece.cover,
                    piece.rest,
                    depth - 1e-4 * number,
                    1.0,
                    move,
                    index,
                )
            )
        return sheets

    def matrix(self, sheet: Sheet, time: float) -> Matrix:
        """3x3 from a sheet's pixels to the frame's at a time in seconds."""
        key = (time, sheet.parallax)
        view = self._views.get(key)
        if view is None:
            # Sheets of one depth share their view; those of an earlier moment are not asked for again.
            if self._views and next(iter(self._views))[0] != time:
                self._views.clear()
            view = self._views[key] = self.camera.view(time, sheet.parallax)
        return view @ sheet.rest if sheet.move is still else view @ sheet.move(time) @ sheet.rest

    def _trimmed(self, sheets: list[Sheet]) -> list[Sheet]:
        """The sheets without the rows that nearer land always hides: half of a landscape's pixels. Nothing that is seen changes."""
        seconds = self.spec.frames / self.spec.fps
        moments = [seconds * k / 8 for k in range(9)]
        slack, limit = 0.05 * min(self.size), float(self.size[1])
        out: list[Sheet] = []
        for sheet in reversed(sheets):
            if sheet.thing < 0 and sheet.period is None:
                maps = [self.matrix(sheet, t) for t in moments]
                keep = max(int(np.ceil((limit + slack - m[1, 2]) / m[1, 1])) for m in maps)
                if keep < 1:
                    continue
                whole = np.flatnonzero((sheet.cover != 255).any(axis=1))
                first = int(whole[-1]) + 1 if whole.size else 0
                wide = all(m[0, 2] <= 0 and m[0, 2] + m[0, 0] * sheet.cover.shape[1] >= self.size[0] for m in maps)
                if wide and sheet.solid and all(m[1, 2] + m[1, 1] * sheet.cover.shape[0] >= self.size[1] for m in maps):
                    limit = min(limit, max(m[1, 2] + m[1, 1] * first for m in maps))
                if keep < sheet.cover.shape[0]:
                    sheet = replace(sheet, pixels=sheet.pixels[:keep], cover=sheet.cover[:keep])
            out.append(sheet)
        return out[::-1]

    def _merge(self, sheets: tuple[Sheet, ...]) -> list[_Run]:
        """Runs of neighbouring sheets that never move are laid over each other once."""
        runs: list[_Run] = []
        k = 0
        while k < len(sheets):
            end = k
            while end < len(sheets) and self.camera.still and sheets[end].fixed and sheets[end].period is None:
                end += 1
            if end == k:
                runs.append(_Run(k, k + 1, None))
            else:
                plate = np.zeros((self.size[1], self.size[0], 4), np.uint8)
                for sheet in sheets[k:end]:
                    placed = laid(sheet, self.matrix(sheet, 0.0), self.size)
                    if placed is not None:
                        lay_over(plate, *placed)
                runs.append(_Run(k, end, plate))
            k = max(end, k + 1)
        return runs

    def _compose(self, sheets: tuple[Sheet, ...], runs: list[_Run], time: float) -> np.ndarray:
        """(H, W, 3) uint8."""
        canvas = np.zeros((self.size[1], self.size[0], 4), np.uint8)
        whole = (slice(0, self.size[1]), slice(0, self.size[0]))
        for run in runs:
            if run.plate is not None:
                if run.first == 0:
                    canvas = run.plate.copy()
                else:
                    lay_over(canvas, run.plate, whole)
                continue
            sheet = sheets[run.first]
            placed = laid(sheet, self.matrix(sheet, time), self.size)
            if placed is not None:
                lay_over(canvas, *placed)
        return cv2.cvtColor(canvas, cv2.COLOR_RGBA2RGB)

    def frame(self, time: float) -> np.ndarray:
        """(H, W, 3) uint8 sRGB: the picture at a time in seconds. Any time may be asked for, in any order."""
        return self._compose(self.sheets, self._runs, time)

    def plate(self, time: float) -> np.ndarray:
        """(H, W, 3) uint8 sRGB: the same picture without the subjects."""
        return self._compose(self._scenery, self._plates, time)

    def times(self, frames: int | None = None) -> np.ndarray:
        """(T,) seconds of the first `frames` frames; all of the spec's unless given."""
        return np.arange(self.spec.frames if frames is None else frames) / self.spec.fps

    def frames(self, frames: int | None = None) -> np.ndarray:
        """(T, H, W, 3) uint8 sRGB: the cheap way, pictures without truth."""
        return np.stack([self.frame(float(t)) for t in self.times(frames)])

    def clip(self, frames: int | None = None, *, rng: np.random.Generator | None = None) -> WorldClip:
        """The clip with its truth. rng chooses the wording of the caption; without it the scene's seed does."""
        from engine.world.truth import Truth

        times = [float(t) for t in self.times(frames)]
        truth = Truth(self)
        looks = [truth.look(t) for t in times]
        pairs = [truth.pair(a, b) for a, b in zip(looks, looks[1:], strict=False)]
        height, width = self.size[1], self.size[0]
        empty = np.zeros((0, height, width), bool)
        wording = np.random.default_rng([self.spec.seed, 2]) if rng is None else rng
        return WorldClip(
            frames=np.stack([self.frame(t) for t in times]),
            masks=np.stack([look.masks for look in looks]),
            amodal=np.stack([look.amodal for look in looks]),
            depth=np.stack([look.depth for look in looks]),
            flow=np.stack([p[0] for p in pairs]) if pairs else np.zeros((0, height, width, 2), np.float32),
            occlusion=np.stack([p[1] for p in pairs]) if pairs else empty,
            blended=np.stack([p[2] for p in pairs]) if pairs else empty,
            tracks=np.stack([look.middles for look in looks]),
            visible=np.stack([look.visible for look in looks]),
            plate=np.stack([self.plate(t) for t in times]),
            caption=captions(self.spec, wording, 1)[0],
            spec=self.spec,
        )
