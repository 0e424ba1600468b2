"""Other things that move: what a frame shows before the ground although it does not lie in the hole, and must not be taken for the ground.

At each place the views vote: the colour that most of them share is the ground's (the mode of a pixel's history, Stauffer and Grimson 1999, without a mixture).
What differs from it in a piece larger than a slip of registration is a thing that passes. Holes in a piece are closed: a bus has windows as grey as the houses.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np

from engine.vision.filling.depth import Grid
from engine.vision.filling.motion import NO_MAP, Motion, as_map
from engine.vision.filling.proxy import Proxy
from engine.vision.filling.workers import Workers

ALIKE = 14
"""Levels, in the channel that differs most, within which two views show the same."""
UNLIKE = 16
"""Levels beyond the ground's own colours about a place that make it another thing."""
FEW = 4
"""Views of a place below which nothing is decided by vote."""
PATCH, DISSENT = 3, 64
"""Side of a patch that must agree with another one, and the share, of 255, of its pixels that may not: edges lie a little off."""
STEP = 2
"""Proxy pixels from one place that is looked at to the next."""
SPECK = 10
"""Such places that a thing covers at least."""
CLOSED, GROWN = 5, 5
"""Sides, in such places, of the windows in a thing that are closed, and of the soft edge around it."""


def passers(grid: Grid, depth: np.ndarray | None, views: Sequence[tuple[Proxy, Motion, float]], workers: Workers) -> list[np.ndarray]:
    """For each view (small copy, motion from the anchor, how many times brighter it is) the places of the grid where another thing is in front: (h, w) uint8, 1 there."""
    none = [np.zeros((grid.height, grid.width), np.uint8) for _ in views]
    if len(views) < FEW:
        return none
    places = grid.places(STEP)
    depth = None if depth is None else depth[::STEP, ::STEP]
    shape = places.shape

    def bring(view: tuple[Proxy, Motion, float]) -> tuple[np.ndarray, np.ndarray]:
        picture, motion, brightness = view
        where = as_map(motion.places(places, 0.0 if depth is None else depth))
        colour = cv2.remap(picture.colour, where, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        free = cv2.remap(255 * (1 - picture.hole), where, NO_MAP, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        return colour if brightness == 1.0 else cv2.convertScaleAbs(colour, alpha=1.0 / brightness), cv2.threshold(free, 250, 1, cv2.THRESH_BINARY)[1]

    pictures, clear = zip(*workers.map(bring, views), strict=True)
    found = [np.zeros(shape, np.uint8) for _ in views]
    for _ in range(2):  # the second time what the first one found has no vote
        usable = [c & (1 - f) for c, f in zip(clear, found, strict=True)]
        ground, votes = _mode(pictures, usable, workers)
        low, high = cv2.erode(ground, np.ones((3, 3), np.uint8)), cv2.dilate(ground, np.ones((3, 3), np.uint8))
        known = (votes >= 2).view(np.uint8)
        found = workers.map(partial(_pieces, low=low, high=high), [(p, c & known) for p, c in zip(pictures, clear, strict=True)])
        if not any(f.any() for f in found):
            return none
    return [cv2.resize(f, (STEP * shape[1], STEP * shape[0]), interpolation=cv2.INTER_NEAREST)[: grid.height, : grid.width] for f in found]


def _mode(pictures: Sequence[np.ndarray], usable: Sequence[np.ndarray], workers: Workers) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 3) uint8 the colour that most usable pictures share, and (h, w) uint8 by how many."""

    def agreed(i: int) -> list[np.ndarray]:
        out = []
        for j in range(i):
            unlike = cv2.threshold(largest(cv2.absdiff(pictures[i], pictures[j])), ALIKE, 255, cv2.THRESH_BINARY)[1]
            both = usable[i] & usable[j]
            # A patch agrees or not: a plain side of a bus looks the same for a while, what is around it does not.
            agree = cv2.threshold(cv2.blur(cv2.copyTo(unlike, both), (PATCH, PATCH)), DISSENT, 1, cv2.THRESH_BINARY_INV)[1] & both
            agree &= cv2.threshold(unlike, 0, 1, cv2.THRESH_BINARY_INV)[1]
            out.append(agree)
        return out

    votes = [use.copy() for use in usable]
    order = range(len(pictures) - 1, 0, -1)  # the longest first
    for i, row in zip(order, workers.map(agreed, order), strict=True):
        for j, agree in enumerate(row):
            votes[i] += agree
            votes[j] += agree
    best, most = pictures[0].copy(), votes[0].copy()
    for picture, vote in zip(pictures[1:], votes[1:], strict=True):
        better = cv2.compare(vote, most, cv2.CMP_GT)
        cv2.copyTo(picture, better, best)
        cv2.copyTo(vote, better, most)
    return best, most


def _pieces(view: tuple[np.ndarray, np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(h, w) uint8, 1 where a picture, as far as it is clear, leaves the range of colours low..high in a piece that is large enough."""
    picture, clear = view
    off = largest(cv2.max(cv2.subtract(picture, high), cv2.subtract(low, picture)))
    rough = cv2.threshold(off, UNLIKE, 1, cv2.THRESH_BINARY)[1] & clear
    core = cv2.morphologyEx(rough, cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    if not core.any():
        return core
    whole = cv2.morphologyEx(cv2.dilate(core, np.ones((3, 3), np.uint8)) & rough, cv2.MORPH_CLOSE, np.ones((CLOSED, CLOSED), np.uint8))
    count, label, facts, _ = cv2.connectedComponentsWithStats(whole, connectivity=8)
    large = np.zeros(count, np.uint8)
    large[1:] = facts[1:, cv2.CC_STAT_AREA] >= SPECK
    return cv2.dilate(large[label], np.ones((GROWN, GROWN), np.uint8))


def largest(difference: np.ndarray) -> np.ndarray:
    """(h, w) uint8: the channel that differs most."""
    red, green, blue = cv2.split(difference)
    return cv2.max(cv2.max(red, green), blue)
