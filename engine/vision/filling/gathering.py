"""The canvas painted from the frames that show it: at each place the mean of those near their median. Frames are brought to it, and its rows are painted, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling.canvas import SEEN, Canvas
from engine.vision.filling.motion import Motion
from engine.vision.filling.proxy import Box
from engine.vision.filling.workers import Workers

NEAR_MEDIAN = 9
"""Grey levels about the median of its frames within which a frame counts for a place."""
BESIDE = 9
"""Pixels beside a hole that are a second choice."""
CLEAR, SIDE = 255, 200
"""What a frame's place is worth: clear ground, and ground beside a hole, a second choice."""
CLEARLY, BARELY = 250, 180
"""What a place must be worth after resampling to count as clear, and to count at all: cubic curves swing below 200 where it meets 255."""


@dataclass(frozen=True)
class Sample:
    """A frame that shows some of the ground. picture: (H, W, 3) uint8; hole: where it must not be used, (h, w) uint8 in its box."""

    picture: np.ndarray
    hole: tuple[Box, np.ndarray] | None
    motion: Motion
    brightness: float = 1.0
    """How many times brighter than the anchor it is."""
    passer: np.ndarray | None = None
    """(gh, gw) uint8 on the canvas's grid, 1 where another thing is in front."""

    def worth(self) -> np.ndarray:
        """(H, W) uint8: 0 in the hole; near it, where the subject's shadow and soft edge lie, a place counts only where no other frame shows it, SIDE; else CLEAR."""
        out = np.full(self.picture.shape[:2], CLEAR, np.uint8)
        if self.hole is not None:
            (left, top, right, bottom), part = self.hole
            x, y = max(left - BESIDE, 0), max(top - BESIDE, 0)
            window = out[y : bottom + BESIDE, x : right + BESIDE]
            hole = np.zeros(window.shape, np.uint8)
            hole[top - y : bottom - y, left - x : right - x] = part
            beside = cv2.dilate(hole, np.ones((2 * BESIDE + 1, 2 * BESIDE + 1), np.uint8))
            window[:] = np.uint8(CLEAR) - hole * np.uint8(SIDE) - beside * np.uint8(CLEAR - SIDE)
        return out


@dataclass(frozen=True)
class _Layer:
    """A frame in the pixels of the canvas. picture: (h, w, 4) uint8; grey, clear, seen: (h, w) uint8, the latter two 255 where it is clear ground, and ground at all."""

    picture: np.ndarray
    grey: np.ndarray
    clear: np.ndarray
    seen: np.ndarray

    def part(self, rows: slice) -> _Layer:
        """Some of its rows."""
        return _Layer(self.picture[rows], self.grey[rows], self.clear[rows], self.seen[rows])


def gather(canvas: Canvas, needed: np.ndarray, samples: Iterable[Sample], size: tuple[int, int], workers: Workers) -> None:
    """Paint the canvas where it is needed, (h, w) bool, from the frames that show it."""
    layers = workers.map(lambda sample: _layer(canvas, sample, size), samples, at_once=2 * workers.threads)
    if not layers:
        return
    weight, spread, known = np.zeros(needed.shape, np.float32), np.zeros(needed.shape, np.float32), np.zeros(needed.shape, np.uint8)

    def paint(rows: slice) -> None:
        colours, known[rows] = _mean([layer.part(rows) for layer in layers], weight[rows], spread[rows])
        known[rows] &= needed[rows].view(np.uint8) * np.uint8(255)
        cv2.copyTo(colours, known[rows], canvas.colours[rows])
        cv2.copyTo(np.full(known[rows].shape, SEEN, np.uint8), known[rows], canvas.state[rows])

    workers.map(paint, workers.bands(len(needed)))
    every = (slice(None, None, 3), slice(None, None, 3))  # so many tell as much as all do
    often = weight[every]
    many = (known[every] > 0) & (often >= 4)
    if many.sum() > 25:
        # The mean distance of a normal variable from its middle is 0.8 of its deviation; the calm places tell, not those where edges lie a little off.
        canvas.grain = float(1.25 * np.percentile(spread[every][many] / often[many], 30))


def _layer(canvas: Canvas, sample: Sample, size: tuple[int, int]) -> _Layer:
    """What a frame shows of the canvas."""
    picture = canvas.bring(sample.picture, sample.worth(), sample.motion, size)
    worth = cv2.extractChannel(picture, 3)
    if sample.brightness != 1.0:
        picture = cv2.convertScaleAbs(picture, alpha=1.0 / sample.brightness)
    clear, seen = cv2.threshold(worth, CLEARLY, 255, cv2.THRESH_BINARY)[1], cv2.threshold(worth, BARELY, 255, cv2.THRESH_BINARY)[1]
    if sample.passer is not None and sample.passer.any():
        free = cv2.resize(255 * (1 - sample.passer), worth.shape[::-1], interpolation=cv2.INTER_NEAREST)
        clear, seen = clear & free, seen & free
    return _Layer(picture, cv2.cvtColor(picture, cv2.COLOR_RGBA2GRAY), clear, seen)


def _mean(layers: Sequence[_Layer], weight: np.ndarray, spread: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 3) uint8 the mean of the layers near their median, and (h, w) uint8, 255 where there is one; adds to `weight` and `spread` (h, w) float32 how many there are and how far off they lie together."""
    any_clear = np.bitwise_or.reduce([layer.clear for layer in layers])
    usable = [layer.clear | (layer.seen & ~any_clear) for layer in layers]
    middle = _median([layer.grey for layer in layers], usable)
    total, known = np.zeros((*middle.shape, 4), np.float32), np.zeros(middle.shape, np.uint8)
    for layer, use in zip(layers, usable, strict=True):
        off = cv2.absdiff(layer.grey, middle)
        near = cv2.threshold(off, NEAR_MEDIAN, 255, cv2.THRESH_BINARY_INV)[1] & use
        cv2.accumulate(layer.picture, total, near)
        cv2.accumulate(near & 1, weight)
        cv2.accumulate(off, spread, near)
        known |= use
    mean = cv2.convertScaleAbs(cv2.divide(total, cv2.merge([np.maximum(weight, 1)] * 4)))
    return cv2.cvtColor(mean, cv2.COLOR_RGBA2RGB), known


def _median(greys: Sequence[np.ndarray], usable: Sequence[np.ndarray]) -> np.ndarray:
    """(h, w) uint8: the median of what is usable (0 or 255) at each place. What is not is set to the darkest and the brightest in turns, which leaves the middle where it is."""
    turn = np.zeros(greys[0].shape, np.uint8)
    values = []
    for grey, use in zip(greys, usable, strict=True):
        values.append((grey & use) | (turn & ~use))
        turn ^= ~use
    if len(values) % 2 == 0:
        values.append(turn)
    for k in range(len(values)):  # odd-even transposition: few pictures, and each step is one pass
        for i in range(k % 2, len(values) - 1, 2):
            values[i], values[i + 1] = cv2.min(values[i], values[i + 1]), cv2.max(values[i], values[i + 1])
    return values[len(values) // 2]
