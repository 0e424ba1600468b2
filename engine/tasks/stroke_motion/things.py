"""What the strokes mean: which of them take a thing, which move the camera, and what the pins hold. No motion or pixels yet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from engine.tasks.stroke_motion.paths import Path, dabs
from engine.tasks.stroke_motion.request import Camera, Stroke
from engine.vision.segmentation import Finder, Support, outline

SMALLEST_MOVE = 0.002
"""A stroke shorter than this fraction of the longer side does nothing."""
ATTACHED = 0.93
"""A thing with less of its outline on edges goes on into what is beside it, as an ear into a head; a pin there makes it bend."""


@dataclass
class Thing:
    """Something that moves by itself, or that pins hold while the camera moves.

    mask: (h, w) bool at the finder's size; moves, pins: indices of strokes; found: cut out along edges (else a soft patch whose rim stays in place).
    """

    mask: np.ndarray
    moves: list[int] = field(default_factory=list)
    pins: list[int] = field(default_factory=list)
    found: bool = True
    order: int = 0


@dataclass
class Reading:
    """things: bottom to top; camera, camera_pins: indices of strokes on the background; notes: sentences for the user;
    masks: per stroke, its thing's mask or None."""

    things: list[Thing]
    camera: list[int]
    camera_pins: list[int]
    notes: list[str]


class Reader:
    """Reads strokes on one picture; keeps what it found for each stroke, so that the next stroke costs only its own search.

    image: (H, W, 3) uint8. Masks and paths are in the pixels of a copy of at most 320 px.
    """

    def __init__(self, image: np.ndarray, checkpoint: Callable[[], None] = lambda: None) -> None:
        self.finder = Finder(image, checkpoint)
        self._found: dict[tuple[Stroke, ...], Support] = {}

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of masks and paths."""
        return self.finder.fine.shape[1], self.finder.fine.shape[0]

    def read(self, strokes: Sequence[Stroke], camera: Camera) -> Reading:
        """What each stroke takes. A thing named by two strokes is one thing; a pin on it bends it; a pin beside it keeps its outline away."""
        width, height = self.size
        paths = [Path.of(stroke, width, height) for stroke in strokes]
        reading = Reading([], [], [], [])
        pins = [i for i, s in enumerate(strokes) if s.kind == "pin"]
        for i, stroke in enumerate(strokes):
            if stroke.kind != "move":
                continue
            if paths[i].reach < SMALLEST_MOVE * max(width, height):
                reading.notes.append(f"Stroke {i + 1} has no length, so it moves nothing.")
                continue
            if stroke.on == "background":
                reading.camera.append(i)
                continue
            support = self._support(stroke, paths[i])
            near = [p for p in pins if self._touches(paths[p], support.mask, grow=1.5 * paths[i].radius)]
            if stroke.on == "auto" and stroke.area is None and not support.found and not near:
                reading.notes.append(
                    f"Nothing could be cut out under the start of stroke {i + 1}, so it moves the camera; brush the thing, or set it to take a thing."
                )
                reading.camera.append(i)
                continue
            thing = self._with_pins(Thing(support.mask, [i], [], support.found, i), strokes, paths, pins)
            if stroke.area is None and support.edge < ATTACHED and not thing.pins:
                thing.pins = [p for p in pins if self._touches(paths[p], thing.mask, grow=3.0 * paths[p].radius)]
            reading.things.append(thing)
        reading.things = self._merged(reading.things, paths)
        taken = {p for thing in reading.things for p in thing.pins}
        moving = bool(reading.camera) or not camera.still
        for p in pins:
            if p in taken:
                continue
            if moving and strokes[p].on != "background" and (support := self._support(strokes[p], paths[p])).found:
                reading.things.append(Thing(support.mask, [], [p], True, p))
            elif strokes[p].on != "thing":
                reading.camera_pins.append(p)
        reading.things = self._merged(reading.things, paths)
        reading.things.sort(key=lambda t: t.order)
        self._nest(reading.things)
        return reading

    def _support(self, stroke: Stroke, path: Path) -> Support:
        """The thing under the start of a stroke (under all of a pin), or its brushed area."""
        key = (stroke,)
        if key not in self._found:
            shape = self.finder.fine.shape[:2]
            if stroke.area:
                painted = path.brushed(shape, path.points[:1])
                for dab in dabs(stroke.area):
                    painted |= Path.of(stroke, *self.size, points=dab).brushed(shape)
                support = self.finder.snap(painted, 0.5 * path.radius)
            else:
                marks = path.points if stroke.kind == "pin" else path.beginning()
                support = self.finder.find(path.brushed(shape, marks), patch=3.2 * path.reach)
            self._found[key] = support
        return self._found[key]

    def _with_pins(self, thing: Thing, strokes: Sequence[Stroke], paths: list[Path], pins: list[int]) -> Thing:
        """Pins on the thing become its own, unless a strong edge lies between: then the pin says what does not belong to it."""
        shape = self.finder.fine.shape[:2]
        stroke, path = strokes[thing.moves[0]], paths[thing.moves[0]]
        apart, beside = np.zeros(shape, bool), [stroke]
        seed = path.brushed(shape, path.beginning())
        for p in pins:
            if not self._touches(paths[p], thing.mask):
                continue
            disc = paths[p].brushed(shape)
            if thing.found and stroke.area is None and not (disc & seed).any():
                key = (*beside, strokes[p])
                if key not in self._found:
                    self._found[key] = self.finder.find(seed, disc | apart)
                other = self._found[key]
                line = outline(other.mask) & ~cv2.dilate(outline(thing.mask).astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
                lost = thing.mask & ~other.mask  # a mere hole where the pin is, or everything up to an edge
                if other.found and lost.sum() > 3 * (disc & thing.mask).sum() and self.finder.on_edges(line) > 0.75:
                    thing.mask, apart = other.mask, apart | disc
                    beside.append(strokes[p])
                    continue
            thing.pins.append(p)
        return thing

    @staticmethod
    def _touches(path: Path, mask: np.ndarray, grow: float = 0.0) -> bool:
        """True when at least a third of what the path's brush covers (a bit more than nothing when grown) lies on the mask."""
        disc = Path(path.points, path.times, path.radius + grow).brushed(mask.shape)
        return bool((disc & mask).sum() >= (0.34 if grow == 0 else 0.02) * disc.sum())

    def _merged(self, things: list[Thing], paths: list[Path]) -> list[Thing]:
        """One thing where two masks are nearly the same, or where each holds the other's start."""
        out: list[Thing] = []
        for thing in things:
            for other in out:
                both, either = int((thing.mask & other.mask).sum()), int((thing.mask | other.mask).sum())
                mutual = all(_holds(other.mask, paths[i].start) for i in thing.moves + thing.pins) and all(
                    _holds(thing.mask, paths[i].start) for i in other.moves + other.pins
                )
                if both > 0.5 * either or mutual:
                    other.mask = other.mask | thing.mask
                    other.moves += thing.moves
                    other.pins += [p for p in thing.pins if p not in other.pins]
                    other.found &= thing.found
                    other.order = max(other.order, thing.order)
                    break
            else:
                out.append(thing)
        return out

    @staticmethod
    def _nest(things: list[Thing]) -> None:
        """A small thing that lies on a larger one goes above it, whatever was drawn first."""
        for i, small in enumerate(things):
            for j in range(i + 1, len(things)):
                if (small.mask & things[j].mask).sum() > 0.8 * small.mask.sum():
                    things.insert(j, things.pop(i))
                    break


def _holds(mask: np.ndarray, point: np.ndarray) -> bool:
    """True when the pixel at `point` (x, y) is in the mask."""
    x = int(np.clip(round(float(point[0])), 0, mask.shape[1] - 1))
    y = int(np.clip(round(float(point[1])), 0, mask.shape[0] - 1))
    return bool(mask[y, x])
