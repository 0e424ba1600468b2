"""Where the picture behind is needed: the holes of all frames, in the pixels of an anchor."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from engine.vision.filling.depth import Grid
from engine.vision.filling.motion import Motion, project
from engine.vision.filling.registration import Anchor

MOST_SLACK = 16
"""Proxy pixels, at most, by which the canvas is larger because depths are not known yet."""
PAD = 8
"""Proxy pixels by which the canvas is larger than needed."""


def needed_by(anchor: Anchor, holes: Iterable[tuple[np.ndarray, Motion]], reach: float) -> tuple[np.ndarray, Grid]:
    """Where in the anchor's proxy pixels the holes (h, w) uint8 of frames with their motions lie, (gh, gw) bool, and the grid that holds them.

    reach: share of the picture's width by which a frame may have moved.
    """
    margin = int(reach * max(anchor.size)) + PAD
    width, height = anchor.size[0] + 2 * margin, anchor.size[1] + 2 * margin
    total = np.zeros((height, width), np.uint8)
    lift = np.array([[1.0, 0, margin], [0, 1.0, margin], [0, 0, 1.0]])
    slack = 1
    depths = np.zeros(1, np.float32) if anchor.depth is None else np.nanpercentile(anchor.depth, (3, 35, 65, 97)).astype(np.float32)
    for hole, motion in holes:
        if motion.still(anchor.size):
            total[margin : height - margin, margin : width - margin] |= hole
            continue
        if motion.bend is not None and anchor.depth is not None:
            slack = max(slack, _paste(total, hole, motion, margin, depths))
            continue
        left, top, w, h = cv2.boundingRect(hole)
        matrix = lift @ np.linalg.inv(motion.h) @ np.array([[1.0, 0, left], [0, 1.0, top], [0, 0, 1.0]])
        goal = project(matrix, np.array([[0, 0], [w, 0], [0, h], [w, h]], float))
        x, y = (int(max(v, 0)) for v in np.floor(goal.min(axis=0)))
        right, bottom = (int(min(v, limit)) for v, limit in zip(np.ceil(goal.max(axis=0)) + 1, (width, height), strict=True))
        if right > x and bottom > y:
            back = np.array([[1.0, 0, -x], [0, 1.0, -y], [0, 0, 1.0]]) @ matrix
            total[y:bottom, x:right] |= cv2.warpPerspective(hole[top : top + h, left : left + w], back, (right - x, bottom - y), flags=cv2.INTER_NEAREST)
    total = cv2.dilate(total, np.ones((2 * slack + 1, 2 * slack + 1), np.uint8))
    left, top, w, h = cv2.boundingRect(total)
    left, top, right, bottom = max(left - PAD, 0), max(top - PAD, 0), min(left + w + PAD, width), min(top + h + PAD, height)
    return total[top:bottom, left:right].astype(bool), Grid(left - margin, top - margin, right - left, bottom - top)


def _paste(total: np.ndarray, hole: np.ndarray, motion: Motion, margin: int, depths: np.ndarray) -> int:
    """Mark in `total` where a frame's hole lies in the anchor's picture, for depths from near to far; returns by how many pixels that may be off."""
    left, top, w, h = cv2.boundingRect(hole)
    if w == 0:
        return 1
    corners = np.array([complex(left, top), complex(left + w, top), complex(left, top + h), complex(left + w, top + h)], np.complex64)
    ways = motion.places(corners, depths[:, None]) - corners  # (depths, corners)
    steps = [complex(round(way.real), round(way.imag)) for way in ways.mean(axis=1).tolist()]
    for step in dict.fromkeys(steps):
        x, y = left - int(step.real) + margin, top - int(step.imag) + margin
        x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + w, total.shape[1]), min(y + h, total.shape[0])
        if x1 > x0 and y1 > y0:
            total[y0:y1, x0:x1] |= hole[top + y0 - y : top + y1 - y, left + x0 - x : left + x1 - x]
    stretched = np.abs((ways - np.array(steps)[:, None]).view(float)).max()
    apart = max((max(abs(b.real - a.real), abs(b.imag - a.imag)) for a, b in zip(steps, steps[1:], strict=False)), default=0.0) / 2
    return int(min(np.ceil(stretched + apart) + 1, MOST_SLACK))
