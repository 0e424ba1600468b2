"""A subject taken out of a clip: behind it stands what other frames show there, and what none shows is invented once and then stays.

A shot is cut into stretches over which the camera moves little. Each has an anchor frame, to which its frames are registered (`registration`), a depth for each
place where one plane does not explain the motion (`depth`), and one picture of the ground (`canvas`) from which every frame of the stretch is filled; the
rim decides the light (`rim`). A stretch begins with what the one before ended on, so what was invented lives on, and the first frames of a stretch fade over.

The idea of carrying pixels along the motion of the ground is that of flow-guided inpainting (Xu et al. 2019; Gao et al. 2020), with a model of the motion in
place of a dense flow: inside the hole nothing can be measured, and a model does not flicker.
What it does not do: shadows and reflections outside the hole stay; things in the ground that move by themselves behind the subject are frozen there.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.vision.filling import rim
from engine.vision.filling.canvas import INVENTED, SEEN, UNKNOWN, Box, Canvas, Sample, Scale, gather, invent, shown
from engine.vision.filling.depth import Grid, sweep
from engine.vision.filling.registration import IDENTITY, Anchor, Motion, Proxy, between, brightness, far, project, proxy, small_hole
from engine.vision.inpainting import diffuse

LONGEST = 64
"""Frames of a stretch at most."""
KEYS = 6
"""Frames of a stretch that its canvas is made of, about."""
VIEWS = 6
"""Key frames, at most, by which depths are told."""
MOVED = 0.3
"""Share of the picture's width by which a corner may move within a stretch."""
BEYOND = 6
"""Frames on each side beyond a stretch that are asked, ever further away, for what the stretch does not show."""
SMOOTH = 0.25
"""Proxy pixels by which the frame halfway between two key frames may lie off their mean for the camera to count as moving smoothly between them."""
PROXIES = 40
"""Small copies of frames that are kept."""
THREADS = 2
AHEAD = 3
"""Frames that are filled at once, and frames that may be finished before they are asked for."""
FADE = 6
"""Frames over which one stretch's ground fades into the next one's."""
PAD = 8
"""Full pixels around a hole that are compared at its rim, and proxy pixels by which the canvas is larger than needed."""
FAINT_GRAIN = 1.6
"""Levels of noise below which none is added: pictures that were resampled differ by that much without any."""


@dataclass(frozen=True)
class Filled:
    """A frame without its subject.

    frame: (H, W, 3) uint8, the source bit for bit outside the hole; seen: (H, W) bool, pixels of the hole whose colour was seen in another frame.
    """

    frame: np.ndarray
    seen: np.ndarray


def fill_clip(
    frames: Pictures,
    holes: Callable[[int], np.ndarray],
    shots: Sequence[tuple[int, int]],
    *,
    seed: int = 0,
    checkpoint: Callable[[], None] = lambda: None,
) -> Iterator[Filled]:
    """Every frame in order with its hole filled.

    holes: (H, W) bool of a frame by number, already grown past the subject's soft edge; shots: first and last frame of each, in order, no frame of one ever
    shows in another. Memory does not grow with the clip, and a frame costs a bounded time. The same input gives the same output.
    """
    with ThreadPoolExecutor(THREADS) as pool:
        for first, last in shots:
            yield from _Shot(frames, holes, first, last, seed, checkpoint).filled(pool)


class _Shot:
    """Frames, holes and small copies of one shot by number, the latest kept."""

    def __init__(self, frames: Pictures, holes: Callable[[int], np.ndarray], first: int, last: int, seed: int, checkpoint: Callable[[], None]) -> None:
        self.frames, self._holes, self.first, self.last, self.seed, self.checkpoint = frames, holes, first, last, seed, checkpoint
        self._packed: OrderedDict[int, tuple[Box, np.ndarray] | None] = OrderedDict()
        self._proxies: OrderedDict[int, Proxy] = OrderedDict()
        self.shape = (frames.height, frames.width)

    def hole(self, index: int) -> tuple[Box, np.ndarray] | None:
        """The hole's box and (h, w) uint8 within it; None when there is none."""
        if index not in self._packed:
            full = np.ascontiguousarray(self._holes(index)).view(np.uint8)
            left, top, width, height = cv2.boundingRect(full)
            self._packed[index] = ((left, top, left + width, top + height), full[top : top + height, left : left + width].copy()) if width else None
            while len(self._packed) > 3 * LONGEST:
                self._packed.popitem(last=False)
        return self._packed[index]

    def full_hole(self, index: int) -> np.ndarray:
        """(H, W) uint8."""
        out = np.zeros(self.shape, np.uint8)
        found = self.hole(index)
        if found is not None:
            (left, top, right, bottom), part = found
            out[top:bottom, left:right] = part
        return out

    def small_hole(self, index: int) -> np.ndarray:
        """(h, w) uint8: the hole at a proxy's size, a little grown."""
        return self._proxies[index].hole if index in self._proxies else small_hole(self.full_hole(index))

    def proxy(self, index: int) -> Proxy:
        """The small copy of a frame."""
        if index not in self._proxies:
            found = self.hole(index)
            self._proxies[index] = proxy(self.frames.read(index), None if found is None else self.full_hole(index))
            while len(self._proxies) > PROXIES:
                self._proxies.popitem(last=False)
        return self._proxies[index]

    def filled(self, pool: ThreadPoolExecutor) -> Iterator[Filled]:
        """The shot's frames."""
        at, length = self.first, LONGEST
        before: _Stretch | None = None
        carry: tuple[int, Filled] | None = None
        while at <= self.last:
            self.checkpoint()
            if self.hole(at) is None:
                yield Filled(self.frames.read(at).copy(), np.zeros(self.shape, bool))
                before = None
                at += 1
                continue
            end = min(at + length - 1, self.last)
            stretch = _Stretch.of(self, at, end, carry)
            while stretch is None:
                end = at + (end - at) // 2
                stretch = _Stretch.of(self, at, end, carry)
            length = min(LONGEST, 2 * (end - at + 1))
            waiting: deque[Future[Filled]] = deque()
            for index in range(at, end + 1):
                self.checkpoint()
                share = (index - at + 1) / (FADE + 1) if before is not None and index - at < FADE else 1.0
                waiting.append(pool.submit(_render, self.frames.read(index), self.hole(index), stretch.views(index, before, share), (self.seed, index)))
                if len(waiting) >= AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                out = waiting.popleft().result()
                yield out
            carry, before = (end, out), stretch
            at = end + 1


@dataclass(frozen=True)
class _View:
    """What one stretch says about a frame."""

    canvas: Canvas
    motion: Motion
    size: tuple[int, int]
    brightness: float
    share: float


@dataclass
class _Stretch:
    """Frames first..last of a shot and the picture behind them."""

    shot: _Shot
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
    def of(cls, shot: _Shot, first: int, last: int, carry: tuple[int, Filled] | None) -> _Stretch | None:
        """The stretch ready to fill frames, or None when the camera moves too much in it."""
        at = (first + last) // 2
        self = cls(shot, first, last, Anchor(shot.proxy(at)), at, {at: IDENTITY})
        step = max(1, round((last - first + 1) / KEYS))
        tracks: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        for way, bound in ((step, last), (-step, first)):
            index = at
            while index != bound:
                ahead = index + way
                ahead = min(ahead, bound) if way > 0 else max(ahead, bound)
                got = self.anchor.locate(shot.proxy(ahead), self._ahead(index, ahead), start=self._reached(tracks, index, ahead))
                if got is None or far(got[0].h, self.anchor.size) > MOVED * max(self.anchor.size):
                    return None
                self.motions[ahead], tracks[ahead] = got[0], got[1:]
                self.brightness[ahead] = brightness(self.anchor, shot.proxy(ahead), *got[1:])
                index = ahead
                shot.checkpoint()
        order = sorted(tracks)
        for index, motion in zip(order, self.anchor.deepen([self.motions[i] for i in order], [tracks[i] for i in order]), strict=True):
            self.motions[index] = motion
        if self.anchor.depth is not None and not self._again(order):
            return None
        keys = sorted(self.motions)
        self._test()
        self._paint(keys, step, carry)
        return self

    def _again(self, order: list[int]) -> bool:
        """Look for the corners of the key frames again, from where their depths say they are; False when one cannot be told."""
        found = {self.at: IDENTITY}
        for index in sorted(order, key=lambda i: abs(i - self.at)):
            side = sorted((i for i in found if (i - self.at) * (index - self.at) > 0), key=lambda i: abs(i - self.at))
            if not side:
                guess = self.motions[index]
            elif len(side) == 1:
                guess = between(self.still, found[side[0]], (index - self.at) / (side[0] - self.at))
            else:
                guess = between(found[side[-2]], found[side[-1]], (index - side[-2]) / (side[-1] - side[-2]))
            got = self.anchor.locate(self.shot.proxy(index), guess, search=False)
            if got is None:
                return False
            found[index] = got[0] if got[0].bend is not None else self.still
        self.motions.update(found)
        return True

    @property
    def still(self) -> Motion:
        """No motion, in the form of those that depth bends."""
        return Motion(np.eye(3), np.zeros((6, 2)))

    def _reached(self, tracks: dict[int, tuple[np.ndarray, np.ndarray]], index: int, ahead: int) -> np.ndarray | None:
        """Where the corners should be in frame `ahead` if each goes on as it went from the anchor to frame `index`."""
        if index not in tracks:
            return None
        places, sure = tracks[index]
        share = np.float32((ahead - self.at) / (index - self.at))
        gone = self.anchor.points + share * (places - self.anchor.points)
        return np.where(sure[:, None], gone, self.anchor.expected(self._ahead(index, ahead)))

    def _ahead(self, index: int, ahead: int) -> Motion:
        """A guess of the motion at a frame beyond the last one known: as fast as before."""
        back = 2 * index - ahead
        if back in self.motions:
            return between(self.motions[back], self.motions[index], 2.0)
        return self.motions[index]

    def guess(self, index: int) -> Motion:
        """A guess from the key frames about."""
        if index in self.motions:
            return self.motions[index]
        known = sorted(self.motions)
        below, above = [k for k in known if k < index], [k for k in known if k > index]
        if not below or not above:
            return self.motions[known[-1] if not above else known[0]]
        return between(self.motions[below[-1]], self.motions[above[0]], (index - below[-1]) / (above[0] - below[-1]))

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
        for a, b in zip(keys, keys[1:], strict=False):
            middle = (a + b) // 2
            if middle == a:
                continue
            guess = self.guess(middle)
            got = self.anchor.locate(self.shot.proxy(middle), guess, search=False)
            if got is None:
                self.rough.append((a, b))
                continue
            motion = got[0] if got[0].bend is not None or guess.bend is None else self.still
            off = np.linalg.norm(self.anchor.expected(motion) - self.anchor.expected(guess), axis=1)
            if off.size and float(np.percentile(off, 90)) > SMOOTH:
                self.rough += [(a, middle), (middle, b)]
            self.motions[middle] = motion
            self.brightness[middle] = brightness(self.anchor, self.shot.proxy(middle), *got[1:])

    def _bright(self, index: int) -> float:
        """How many times brighter than the anchor a frame is."""
        if index in self.brightness or not self.brightness:
            return self.brightness.get(index, 1.0)
        known = sorted({*self.brightness, self.at})
        return float(np.interp(index, known, [self.brightness.get(i, 1.0) for i in known]))

    @property
    def scale(self) -> Scale:
        """Between proxy and full pixels."""
        return Scale(self.shot.shape[1] / self.anchor.size[0], self.shot.shape[0] / self.anchor.size[1])

    def _paint(self, keys: list[int], step: int, carry: tuple[int, Filled] | None) -> None:
        """Make the canvas: where it is needed, which frames show it, and what is invented."""
        needed, grid = self._needed()
        # Beyond every frame's border nothing is ever asked for.
        inside = shown(grid, None, [(np.zeros(self.anchor.size[::-1], np.uint8), self.motions[i]) for i in keys])
        needed &= cv2.dilate(inside.view(np.uint8), np.ones((5, 5), np.uint8)).view(bool)
        sources = sorted(keys, key=lambda i: abs(i - self.at))
        views = [(self.shot.proxy(i).hole, self.motions[i]) for i in sources]
        missing = needed & ~shown(grid, None, views)
        for way in (step, -step):
            index = self.last if way > 0 else self.first
            for _ in range(BEYOND):
                index += way
                way *= 2
                if not missing.any() or not self.shot.first <= index <= self.shot.last:
                    break
                got = self.anchor.locate(self.shot.proxy(index), self.guess(index))
                if got is None:
                    break
                seen = shown(grid, None, [(self.shot.proxy(index).hole, got[0])])
                if (missing & seen).any() or not got[0].still(self.anchor.size):
                    self.motions[index] = got[0]
                    self.brightness[index] = brightness(self.anchor, self.shot.proxy(index), *got[1:])
                if (missing & seen).any():
                    sources.append(index)
                    missing &= ~seen
        depth = None
        if self.anchor.depth is not None:
            depth = sweep(self.anchor, grid, [(self.shot.proxy(i), self.motions[i]) for i in sources if i != self.at][:VIEWS])
        sx, sy = self.scale.sx, self.scale.sy
        box = (round(grid.left * sx), round(grid.top * sy), round((grid.left + grid.width) * sx), round((grid.top + grid.height) * sy))
        shape = (box[3] - box[1], box[2] - box[0])
        canvas = Canvas(box, self.scale, grid, depth, np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.uint8))
        wanted = cv2.resize(needed.view(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST).view(bool)
        around = cv2.dilate(wanted.view(np.uint8), np.ones((2 * PAD + 1, 2 * PAD + 1), np.uint8)).view(bool)
        gather(canvas, around, (self._sample(i) for i in sorted(sources)), self.anchor.size)
        if carry is not None and (wanted & (canvas.state == UNKNOWN)).any():
            self._carry(canvas, wanted, *carry)
        invent(canvas, wanted, self.shot.checkpoint)
        self.canvas = canvas

    def _sample(self, index: int) -> Sample:
        return Sample(self.shot.frames.read(index), self.shot.full_hole(index), self.motions[index], self._bright(index))

    def _carry(self, canvas: Canvas, wanted: np.ndarray, index: int, last: Filled) -> None:
        """What the stretch before ended on, where no frame shows the ground."""
        motion = self.motion(index)
        if motion is None:
            return
        gap = wanted & (canvas.state == UNKNOWN)
        inside = canvas.bring(np.full(self.shot.shape, 255, np.uint8), motion, self.anchor.size, interpolation=cv2.INTER_LINEAR) > 250
        hole = self.shot.full_hole(index).view(bool)
        invented = canvas.bring(np.where(hole & ~last.seen, np.uint8(255), np.uint8(0)), motion, self.anchor.size, interpolation=cv2.INTER_NEAREST) > 0
        gap &= inside
        canvas.colours[gap] = canvas.bring(last.frame, motion, self.anchor.size)[gap]
        canvas.state[gap] = np.where(invented[gap], INVENTED, SEEN)

    def _needed(self) -> tuple[np.ndarray, Grid]:
        """Where in the anchor's proxy pixels the holes of all frames lie, and the grid that holds them."""
        margin = int(MOVED * max(self.anchor.size)) + PAD
        width, height = self.anchor.size[0] + 2 * margin, self.anchor.size[1] + 2 * margin
        total = np.zeros((height, width), np.uint8)
        lift = np.array([[1.0, 0, margin], [0, 1.0, margin], [0, 0, 1.0]])
        for index in range(self.first, self.last + 1):
            if self.shot.hole(index) is None:
                continue
            motion, hole = self.guess(index), self.shot.small_hole(index)
            if motion.still(self.anchor.size):
                total[margin : height - margin, margin : width - margin] |= hole
                continue
            left, top, w, h = cv2.boundingRect(hole)
            matrix = lift @ np.linalg.inv(motion.h) @ np.array([[1.0, 0, left], [0, 1.0, top], [0, 0, 1.0]])
            goal = project(matrix, np.array([[0, 0], [w, 0], [0, h], [w, h]], float))
            x, y = (int(max(v, 0)) for v in np.floor(goal.min(axis=0)))
            right, bottom = (int(min(v, limit)) for v, limit in zip(np.ceil(goal.max(axis=0)) + 1, (width, height), strict=True))
            if right > x and bottom > y:
                back = np.array([[1.0, 0, -x], [0, 1.0, -y], [0, 0, 1.0]]) @ matrix
                total[y:bottom, x:right] |= cv2.warpPerspective(hole[top : top + h, left : left + w], back, (right - x, bottom - y), flags=cv2.INTER_NEAREST)
        # Depth shifts places off the plane, and the frames between the keys are only guessed.
        slack = 1 + int(np.ceil(self._bend())) if self.anchor.depth is not None else 1
        total = cv2.dilate(total, np.ones((2 * slack + 1, 2 * slack + 1), np.uint8))
        left, top, w, h = cv2.boundingRect(total)
        left, top, right, bottom = max(left - PAD, 0), max(top - PAD, 0), min(left + w + PAD, width), min(top + h + PAD, height)
        return total[top:bottom, left:right].astype(bool), Grid(left - margin, top - margin, right - left, bottom - top)

    def _bend(self) -> float:
        """The most, in proxy pixels, that depth moves a corner off the homography."""
        depth = self.anchor.depth
        assert depth is not None
        known = np.isfinite(depth)
        points = self.anchor.points[known].astype(float)
        ways = [np.abs(m.at(points, depth[known]) - Motion(m.h).at(points, None)).max() for m in self.motions.values() if m.bend is not None]
        return min(float(max(ways, default=0.0)), 24.0)

    def views(self, index: int, before: _Stretch | None, share: float) -> list[_View]:
        """All that is needed to fill a frame; a share below 1 mixes with what the stretch before says."""
        assert self.canvas is not None
        out = []
        if self.shot.hole(index) is not None:
            motion = self.motion(index) or self.guess(index)
            out.append(_View(self.canvas, motion, self.anchor.size, self._bright(index), 1.0))
            if before is not None and share < 1.0 and before.canvas is not None:
                earlier = before.motion(index)
                if earlier is not None:
                    out.append(_View(before.canvas, earlier, before.anchor.size, before._bright(index), 1.0 - share))
        return out


def _render(source: np.ndarray, found: tuple[Box, np.ndarray] | None, views: list[_View], seed: tuple[int, int]) -> Filled:
    """A frame filled by what stretches say about it, the first one fully."""
    out, seen = source.copy(), np.zeros(source.shape[:2], bool)
    if found is None or not views:
        return Filled(out, seen)
    left, top, right, bottom = found[0]
    box = (max(left - PAD, 0), max(top - PAD, 0), min(right + PAD, source.shape[1]), min(bottom + PAD, source.shape[0]))
    hole = crop_hole(found, box)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    window = out[rows, columns]
    colours, worth = _behind(views[0], box, window, hole, seed)
    for view in views[1:]:
        other, there = _behind(view, box, window, hole, seed)
        both = (there > UNKNOWN) & (worth > UNKNOWN)
        colours = np.where(both[..., None], view.share * other + (1.0 - view.share) * colours, colours)
    rounded = colours if colours.dtype == np.uint8 else np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    window[:] = cv2.copyTo(rounded, hole, window.copy())
    seen[rows, columns] = (worth == SEEN) & hole.view(bool)
    return Filled(out, seen)


def _behind(view: _View, box: Box, part: np.ndarray, hole: np.ndarray, seed: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
    """What is behind a box of a frame, in the frame's own light and grain: (h, w, 3) uint8 or float32, and (h, w) uint8 what it is worth."""
    colours, worth = view.canvas.take(box, view.motion, view.size)
    lost = (worth == UNKNOWN) & hole.view(bool)
    if lost.any():  # the guess of where the holes go was short of this place
        base = np.where((hole > 0)[..., None], colours, part).astype(np.float32)
        colours = np.where(lost[..., None], np.rint(diffuse(base, lost)), colours).astype(np.uint8)
    if view.brightness != 1.0:
        colours = cv2.convertScaleAbs(colours, alpha=view.brightness)
    shift = rim.light(part, colours, hole, worth)
    noisy = view.canvas.grain > FAINT_GRAIN
    if shift is None and not noisy:
        return colours, worth
    out = colours.astype(np.float32)
    if shift is not None:
        out += shift
    if noisy:
        out += rim.grain(hole.shape, view.canvas.grain, np.random.default_rng(seed))[..., None]
    return out, worth


def crop_hole(found: tuple[Box, np.ndarray], box: Box) -> np.ndarray:
    """A hole, (h, w) uint8, in a box that holds it."""
    (left, top, right, bottom), part = found
    out = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    out[top - box[1] : bottom - box[1], left - box[0] : right - box[0]] = part
    return out
