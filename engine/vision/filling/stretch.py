"""Frames over which the camera moves little: registered to one anchor, with one picture of the ground behind them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from engine.vision.filling.canvas import INVENTED, SEEN, UNKNOWN, Canvas, Scale, invent, joining, shown
from engine.vision.filling.depth import Grid, sweep
from engine.vision.filling.following import FLAT, Follower
from engine.vision.filling.footprint import needed_by
from engine.vision.filling.gathering import CLEAR, CLEARLY, Sample, gather
from engine.vision.filling.motion import IDENTITY, Motion, basis, between, smooth
from engine.vision.filling.movers import passers
from engine.vision.filling.quantiles import quantiles
from engine.vision.filling.registration import Anchor, brightness
from engine.vision.filling.render import RIM, Filled, View
from engine.vision.filling.shot import Shot

KEYS = 6
"""Frames of a stretch that its canvas is made of, about."""
VIEWS = 12
"""Frames, at most, by which depths are told: behind a subject a place may be seen by two of them only."""
MOVED = 0.3
"""Share of the picture's width by which a corner may move within a stretch."""
FEWEST_STEADY = 7
"""Frames with known motions from which a smooth course can be told."""
BEYOND = 6
"""Frames on each side beyond a stretch that are asked, ever further away, for what the stretch does not show."""
SURE = 0.65
"""Share of the known frames that lie on a smooth course if there is one."""
SMOOTH = 0.25
"""Proxy pixels by which the frame halfway between two key frames may lie off their mean for the camera to count as moving smoothly between them."""
SPECK = 6
"""Proxy pixels of ground that are worth one more frame."""


@dataclass
class Stretch:
    """Frames first..last of a shot and the picture behind them."""

    shot: Shot
    first: int
    last: int
    anchor: Anchor
    at: int
    """The anchor's frame."""
    motions: dict[int, Motion]
    """From the anchor to key frames."""
    canvas: Canvas | None = None
    brightness: dict[int, float] = field(default_factory=dict)
    """How many times brighter than the anchor frames are, as far as known."""
    rough: list[tuple[int, int]] = field(default_factory=list)
    """Spans of frames between which the camera does not move smoothly."""

    @classmethod
    def of(cls, shot: Shot, first: int, last: int, carry: tuple[int, Filled] | None) -> Stretch | None:
        """The stretch ready to fill frames, or None when the camera moves too much in it."""
        at = (first + last) // 2
        step = max(1, round((last - first + 1) / KEYS))
        marks = sorted({first, last, *range(at, first, -step), *range(at, last, step)})
        shot.proxies(sorted({*marks, *((a + b) // 2 for a, b in zip(marks, marks[1:], strict=False))}))
        self = cls(shot, first, last, Anchor(shot.proxy(at)), at, {at: IDENTITY})
        follower = Follower(shot, self.anchor, at, MOVED * max(self.anchor.size))
        course = follower.course(first, last, step)
        if course is None:
            return None
        self.motions, self.brightness = course.motions, course.brightness
        order = sorted(course.tracks)
        bent = self.anchor.deepen([self.motions[i] for i in order], [course.tracks[i] for i in order])
        self.motions.update(zip(order, bent, strict=True))
        if self.anchor.depth is not None:
            found = follower.again({i: self.motions[i] for i in order})
            if found is None:
                return None
            self.motions.update(found)
        keys = sorted(self.motions)
        self._test()
        self._steady()
        self._paint(keys, step, carry)
        return self

    def guess(self, index: int) -> Motion:
        """A guess from the key frames about."""
        if index in self.motions:
            return self.motions[index]
        known = sorted(self.motions)
        k = bisect_left(known, index)
        if k in (0, len(known)):
            return self.motions[known[min(k, len(known) - 1)]]
        return between(self.motions[known[k - 1]], self.motions[known[k]], (index - known[k - 1]) / (known[k] - known[k - 1]))

    def motion(self, index: int) -> Motion | None:
        """The motion to any frame near; None when it cannot be told."""
        if index in self.motions or (self.first <= index <= self.last and not any(a < index < b for a, b in self.rough)):
            return self.guess(index)
        got = self.anchor.locate(self.shot.proxy(index), self.guess(index), search=False)
        if got is None:
            return None
        self.brightness[index] = brightness(self.anchor, self.shot.proxy(index), *got[1:])
        return got[0]

    def _test(self) -> None:
        """Look at the frames halfway between key frames: where the camera goes smoothly, those between need not be looked at, and do not tremble."""
        keys = sorted(self.motions)
        spans = [(a, (a + b) // 2, b) for a, b in zip(keys, keys[1:], strict=False) if b - a > 1]

        def look(span: tuple[int, int, int]) -> tuple[Motion, float, float] | None:
            guess, picture = self.guess(span[1]), self.shot.proxy(span[1])
            got = self.anchor.locate(picture, guess, search=False)
            if got is None:
                return None
            motion = got[0] if got[0].bend is not None or guess.bend is None else FLAT
            return motion, brightness(self.anchor, picture, *got[1:]), self._apart(motion, guess)

        for (a, middle, b), found in zip(spans, self.shot.workers.map(look, spans), strict=True):
            if found is None:
                self.rough.append((a, b))
                continue
            self.motions[middle], self.brightness[middle], apart = found
            if apart > SMOOTH:
                self.rough += [(a, middle), (middle, b)]

    def _steady(self) -> None:
        """Take the trembling of measurements out where the camera went as smoothly as a cubic in time; what a frame shows then glides."""
        times = sorted(self.motions)
        motions = [self.motions[i] for i in times]
        if self.anchor.depth is not None:
            motions = [FLAT if m.bend is None else m for m in motions]
        if len(times) < FEWEST_STEADY or all(m.still(self.anchor.size) for m in motions):
            return
        weights = np.ones(len(times))
        for _ in range(4):  # a frame that was measured badly does not bend the course
            calm = smooth(times, motions, weights)
            off = self._off(motions, calm)
            weights = 1.0 / (1.0 + (off / SMOOTH) ** 2) ** 2
        if (off < SMOOTH).mean() < SURE:
            return
        self.motions = dict(zip(times, calm, strict=True))
        self.rough = []

    def _off(self, some: list[Motion], others: list[Motion]) -> np.ndarray:
        """(T,): see `_apart`, for many at once."""
        if self.anchor.depth is None:
            return np.array([self._apart(a, b) for a, b in zip(some, others, strict=True)])
        columns = basis(self.anchor.points.astype(float), np.nan_to_num(self.anchor.depth))
        turns = np.stack([a.bend - b.bend for a, b in zip(some, others, strict=True) if a.bend is not None and b.bend is not None])
        return np.percentile(np.linalg.norm(columns @ turns, axis=2), 90, axis=1)  # type: ignore[no-any-return]

    def _apart(self, one: Motion, other: Motion) -> float:
        """Proxy pixels by which two motions differ for nearly all corners."""
        off = np.linalg.norm(self.anchor.expected(one) - self.anchor.expected(other), axis=1)
        return quantiles(off, 0.9)[0] if off.size else 0.0

    def _bright(self, index: int) -> float:
        """How many times brighter than the anchor a frame is."""
        if index in self.brightness or all(value == 1.0 for value in self.brightness.values()):
            return self.brightness.get(index, 1.0)
        known = sorted({*self.brightness, self.at})
        return float(np.interp(index, known, [self.brightness.get(i, 1.0) for i in known]))

    @property
    def scale(self) -> Scale:
        """Between proxy and full pixels."""
        return Scale(self.shot.shape[1] / self.anchor.size[0], self.shot.shape[0] / self.anchor.size[1])

    def _paint(self, keys: list[int], step: int, carry: tuple[int, Filled] | None) -> None:
        """Make the canvas: where it is needed, which frames show it, and what is invented."""
        needed, grid = needed_by(self.anchor, self._holes(), MOVED)
        # Beyond every frame's border nothing is ever asked for.
        bare = np.zeros(self.anchor.size[::-1], np.uint8)
        inside = np.logical_or.reduce(self.shot.workers.map(lambda i: shown(grid, None, bare, self.motions[i]), keys))
        needed &= cv2.dilate(inside.view(np.uint8), np.ones((5, 5), np.uint8)).view(bool)
        near = sorted(self.motions, key=lambda i: abs(i - self.at))
        depth = None
        if self.anchor.depth is not None:
            depth = sweep(self.anchor, grid, [(self.shot.proxy(i), self.motions[i]) for i in near if i != self.at][:VIEWS], self.shot.workers)
        passing = dict(zip(near, passers(grid, depth, [(self.shot.proxy(i), self.motions[i], self._bright(i)) for i in near], self.shot.workers), strict=True))
        sources, missing = list(keys), needed.copy()
        for seen in self.shot.workers.map(lambda i: self._shows(i, grid, depth, passing), keys):
            missing &= ~seen
        for i in near:
            if i in sources or not missing.any():
                continue
            seen = self._shows(i, grid, depth, passing)
            if (missing & seen).sum() > SPECK:
                sources.append(i)
                missing &= ~seen
        sources += self._beyond(missing, grid, depth, step)
        sx, sy = self.scale.sx, self.scale.sy
        box = (round(grid.left * sx), round(grid.top * sy), round((grid.left + grid.width) * sx), round((grid.top + grid.height) * sy))
        shape = (box[3] - box[1], box[2] - box[0])
        canvas = Canvas(box, self.scale, grid, depth, np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))
        wanted = cv2.resize(needed.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST).view(bool)
        around = cv2.dilate(wanted.view(np.uint8), np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)).view(bool)
        gather(canvas, around, (self._sample(i, passing.get(i)) for i in sorted(sources)), self.anchor.size, self.shot.workers)
        if carry is not None and (wanted & (canvas.state == UNKNOWN)).any():
            self._carry(canvas, wanted, *carry)
        invent(canvas, wanted, self.shot.checkpoint)
        if not all(motion.still(self.anchor.size) for motion in self.motions.values()):
            canvas.settle()
        self.canvas = canvas

    def _shows(self, index: int, grid: Grid, depth: np.ndarray | None, passing: dict[int, np.ndarray]) -> np.ndarray:
        """(gh, gw) bool: places of the grid whose ground a frame shows."""
        seen = shown(grid, depth, self.shot.proxy(index).hole, self.motions[index])
        return seen if index not in passing else seen & (passing[index] == 0)

    def _beyond(self, missing: np.ndarray, grid: Grid, depth: np.ndarray | None, step: int) -> list[int]:
        """Frames beyond the stretch that show what it does not, ever further away."""
        found = []
        for way in (step, -step):
            index = self.last if way > 0 else self.first
            for _ in range(BEYOND):
                index += way
                way *= 2
                if not missing.any() or not self.shot.first <= index <= self.shot.last:
                    break
                got = self.anchor.locate(self.shot.proxy(index), self.guess(index))
                if got is None:
                    continue
                seen = shown(grid, depth, self.shot.proxy(index).hole, got[0])
                if (missing & seen).any() or not got[0].still(self.anchor.size):
                    self.motions[index] = got[0]
                    self.brightness[index] = brightness(self.anchor, self.shot.proxy(index), *got[1:])
                if (missing & seen).any():
                    found.append(index)
                    missing = missing & ~seen
        return found

    def _sample(self, index: int, passing: np.ndarray | None) -> Sample:
        return Sample(self.shot.frames.read(index), self.shot.hole(index), self.motions[index], self._bright(index), passing)

    def _carry(self, canvas: Canvas, wanted: np.ndarray, index: int, last: Filled) -> None:
        """What the stretch before ended on, where no frame shows the ground."""
        motion = self.motion(index)
        if motion is None:
            return
        gap = wanted & (canvas.state == UNKNOWN)
        hole = self.shot.full_hole(index).view(bool)
        inside = canvas.bring(last.frame, np.full(self.shot.shape, CLEAR, np.uint8), motion, self.anchor.size)
        invented = canvas.bring(last.frame, (hole & ~last.seen).view(np.uint8) * np.uint8(255), motion, self.anchor.size)
        gap = joining(canvas, gap & (inside[..., 3] > CLEARLY), inside[..., :3])
        canvas.colours[gap] = inside[gap, :3]
        canvas.state[gap] = np.where(invented[gap, 3] > 127, INVENTED, SEEN)

    def _holes(self) -> Iterator[tuple[np.ndarray, Motion]]:
        """The small holes of the stretch's frames with their motions, as far as they are known or guessed."""
        held = [index for index in range(self.first, self.last + 1) if self.shot.hole(index) is not None]
        return zip(self.shot.small_holes(held), map(self.guess, held), strict=True)

    def views(self, index: int, before: Stretch | None, share: float) -> list[View]:
        """All that is needed to fill a frame; a share below 1 mixes with what the stretch before says."""
        assert self.canvas is not None
        out = []
        if self.shot.hole(index) is not None:
            motion = self.motion(index) or self.guess(index)
            out.append(View(self.canvas, motion, self.anchor.size, self._bright(index), 1.0))
            if before is not None and share < 1.0 and before.canvas is not None:
                earlier = before.motion(index)
                if earlier is not None:
                    out.append(View(before.canvas, earlier, before.anchor.size, before._bright(index), 1.0 - share))
        return out
