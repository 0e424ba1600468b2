"""A frame filled from the pictures behind it: in its own light and grain, untouched outside its hole."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.filling import rim
from engine.vision.filling.canvas import SEEN, UNKNOWN, Canvas
from engine.vision.filling.motion import Motion
from engine.vision.filling.movers import largest
from engine.vision.filling.proxy import Box
from engine.vision.inpainting import diffuse

RIM = 8
"""Full pixels around a hole that are compared at its rim."""
FAINT_GRAIN = 1.6
"""Levels of noise below which none is added: pictures that were resampled differ by that much without any."""


MISFIT_LIMIT = 60
"""Levels beyond which a difference beside a hole counts no more."""


@dataclass(frozen=True)
class Filled:
    """A frame without its subject.

    frame: (H, W, 3) uint8, the source bit for bit outside the hole; seen: (H, W) bool, pixels of the hole whose colour was seen in another frame.
    """

    frame: np.ndarray
    seen: np.ndarray


@dataclass(frozen=True)
class View:
    """What one stretch says about a frame."""

    canvas: Canvas
    motion: Motion
    size: tuple[int, int]
    brightness: float
    share: float


def render(source: np.ndarray, found: tuple[Box, np.ndarray] | None, views: list[View], seed: tuple[int, int]) -> Filled:
    """A frame filled by what stretches say about it, the first one fully."""
    out, seen = source.copy(), np.zeros(source.shape[:2], bool)
    if found is None or not views:
        return Filled(out, seen)
    left, top, right, bottom = found[0]
    box = (max(left - RIM, 0), max(top - RIM, 0), min(right + RIM, source.shape[1]), min(bottom + RIM, source.shape[0]))
    hole = _crop_hole(found, box)
    rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
    window = out[rows, columns]
    colours, worth = _behind(views[0], box, window, hole, seed)
    for view in views[1:]:
        other, there = _behind(view, box, window, hole, seed)
        both = (there > UNKNOWN) & (worth > UNKNOWN)
        colours = np.where(both[..., None], view.share * other + (1.0 - view.share) * colours, colours)
    rounded = colours if colours.dtype == np.uint8 else np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    cv2.copyTo(rounded, hole, window)
    seen[rows, columns] = (worth == SEEN) & hole.view(bool)
    return Filled(out, seen)


def misfit(source: np.ndarray, found: tuple[Box, np.ndarray], view: View) -> float:
    """How far, in levels, what a view says of the places beside a hole is from what the frame (H, W, 3) shows there; 0 where nothing can be compared.

    Inside the hole nothing can be compared, but what is wrong there is mostly wrong beside it, too.
    """
    left, top, right, bottom = found[0]
    box = (max(left - RIM, 0), max(top - RIM, 0), min(right + RIM, source.shape[1]), min(bottom + RIM, source.shape[0]))
    hole = _crop_hole(found, box)
    colours, worth = view.canvas.take(box, view.motion, view.size)
    if view.brightness != 1.0:
        colours = cv2.convertScaleAbs(colours, alpha=view.brightness)
    off = largest(cv2.absdiff(source[box[1] : box[3], box[0] : box[2]], colours))
    ring = (cv2.dilate(hole, np.ones((2 * RIM + 1, 2 * RIM + 1), np.uint8)) - cv2.dilate(hole, np.ones((5, 5), np.uint8))) & (worth == SEEN)
    return float(np.minimum(off[ring > 0], MISFIT_LIMIT).mean()) if ring.any() else 0.0


def _behind(view: View, box: Box, part: np.ndarray, hole: np.ndarray, seed: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
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


def _crop_hole(found: tuple[Box, np.ndarray], box: Box) -> np.ndarray:
    """A hole, (h, w) uint8, in a box that holds it."""
    (left, top, right, bottom), part = found
    out = np.zeros((box[3] - box[1], box[2] - box[0]), np.uint8)
    out[top - box[1] : bottom - box[1], left - box[0] : right - box[0]] = part
    return out
