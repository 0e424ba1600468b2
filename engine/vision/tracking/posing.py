"""Where a remembered look lies in the next frame: candidates from the subject's own arrows and from its way so far, and the look itself decides."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.camera import GlobalMotion
from engine.vision.tracking.looks import Look, Placed

FEWEST = 24
"""Arrows below which no motion is read from them."""

STAYS, MEASURED, HALTS = 0.02, 0.02, -0.12
"""What is added to a candidate's likeness: for keeping the look, for being measured rather than foretold, for standing still at once."""


def next_place(placed: Placed, looks: list[Look], velocity: np.ndarray, part: np.ndarray, corner: np.ndarray, forth: np.ndarray, own: np.ndarray, motion: GlobalMotion | None) -> Placed:
    """The look where it lies now, fitted to the picture.

    part: (h, w, 3) uint8, a window of the new frame whose upper left pixel lies at `corner`; forth: (h, w, 2) flow from the frame before; own: (h, w) bool, the subject's pixels there
    whose flow comes home; velocity: (2,) pixels a frame so far; motion: the camera's.
    """
    onwards = np.array([[1.0, 0.0, velocity[0]], [0.0, 1.0, velocity[1]]])
    steps = [onwards]
    if motion is not None and motion.ok:
        # Background that slipped into the mask must not hold the subject back.
        moving = own & (optical.length(forth - motion.field(own.shape[0], own.shape[1], (float(corner[0]), float(corner[1])))) > 1.5)
        if moving.sum() > 0.2 * own.sum():
            own = moving
    step = similarity(forth, own, corner)
    if step is not None:
        steps.append(step)
    # A subject that was on its way seldom stops within a frame; background in its mask always does.
    halts = step is not None and motion is not None and motion.ok and _halts(placed, velocity, step, motion)
    # Of two look-alikes that cross, or when something passes before it, most pixels may go another way: the looks themselves decide.
    choices: list[tuple[float, int, Placed]] = []
    for one in steps:
        moved = placed.moved(one)
        for look in looks:
            there = moved if look is placed.look else moved.as_look(look)
            favour = STAYS * (look is placed.look) + (0.0 if one is onwards else HALTS if halts else MEASURED)
            choices.append((there.likeness(part, corner) + favour, len(choices), there))
    return max(choices)[2].fitted(part, corner)


def guessed_place(looks: list[Look], own: np.ndarray, part: np.ndarray, corner: np.ndarray) -> Placed | None:
    """The look that fits best where a whole mask is, (h, w) bool of the window; None when none fits."""
    ys, xs = np.nonzero(own)
    best: tuple[float, Placed] | None = None
    for look in looks:
        rows, columns = np.nonzero(look.mask)
        scale = float(np.sqrt(len(xs) / len(columns)))
        shift = np.array([xs.mean(), ys.mean()]) + corner - scale * np.array([columns.mean(), rows.mean()])
        there = look.here(np.array([[scale, 0.0, shift[0]], [0.0, scale, shift[1]]]))
        worth = there.likeness(part, corner)
        if 0.5 < scale < 2.0 and (best is None or worth > best[0]):
            best = worth, there
    if best is None or best[0] < 0.25:
        return None
    placed = best[1].fitted(part, corner)
    return placed if placed.agreement(placed.shape > 0.5) > 0.4 else None


def similarity(forth: np.ndarray, where: np.ndarray, corner: np.ndarray) -> np.ndarray | None:
    """(2, 3) the similarity, in pixels of the whole picture, that most arrows inside `where` follow; None when too few do."""
    ys, xs = np.nonzero(where)
    if len(xs) < FEWEST:
        return None
    pick = np.linspace(0, len(xs) - 1, min(400, len(xs))).astype(int)
    start = np.stack([xs[pick], ys[pick]], 1).astype(np.float64) + corner
    end = start + forth[ys[pick], xs[pick]]
    cv2.setRNGSeed(0)
    matrix, good = cv2.estimateAffinePartial2D(start, end, method=cv2.RANSAC, ransacReprojThreshold=1.5, maxIters=300)
    if matrix is None or good.mean() < 0.3:
        shift = np.median(end - start, axis=0)
        return np.array([[1.0, 0.0, shift[0]], [0.0, 1.0, shift[1]]])
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if not 0.8 < scale < 1.25:
        return None
    return np.asarray(matrix, np.float64)


def _halts(placed: Placed, velocity: np.ndarray, step: np.ndarray, motion: GlobalMotion) -> bool:
    """True when a step goes with the camera although the subject was moving on its own."""
    centre = np.array([*placed.centre, 1.0])
    camera = motion.matrix @ centre
    drawn = camera[:2] / camera[2] - centre[:2]
    own = step @ centre - centre[:2]
    return bool(np.linalg.norm(own - drawn) < 1.0 and np.linalg.norm(velocity - drawn) > 4.0)
