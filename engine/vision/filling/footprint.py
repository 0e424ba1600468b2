"""Where the picture behind is needed: the holes of all frames, in the pixels of an anchor."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from engine.vision.filling.depth import Grid
from engine.vision.filling.motion import PROXY_SIDE, Motion, project
from engine.vision.filling.proxy import Box
from engine.vision.filling.quantiles import quantiles
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
    bent: list[tuple[np.ndarray, Box, Motion]] = []
    for hole, motion in holes:
        if motion.still(anchor.size):
            total[margin : height - margin, margin : width - margin] |= hole
            continue
        left, top, w, h = cv2.boundingRect(hole)
        if w == 0:
            continue
        if motion.bend is not None:
            bent.append((hole, (left, top, left + w, top + h), motion))
            continue
        matrix = lift @ np.linalg.inv(motion.h) @ np.array([[1.0, 0, left], [0, 1.0, top], [0, 0, 1.0]])
        goal = project(matrix, np.array([[0, 0], [w, 0], [0, h], [w, h]], float))
        x, y = (int(max(v, 0)) for v in np.floor(goal.min(axis=0)))
        right, bottom = (int(min(v, limit)) for v, limit in zip(np.ceil(goal.max(axis=0)) + 1, (width, height), strict=True))
        if right > x and bottom > y:
            back = np.array([[1.0, 0, -x], [0, 1.0, -y], [0, 0, 1.0]]) @ matrix
            total[y:bottom, x:right] |= cv2.warpPerspective(hole[top : top + h, left : left + w], back, (right - x, bottom - y), flags=cv2.INTER_NEAREST)
    if bent and anchor.depth is not None:
        slack = max(slack, _paste(total, bent, margin, np.array(quantiles(anchor.depth, 0.03, 0.35, 0.65, 0.97))))
    total = cv2.dilate(total, np.ones((2 * slack + 1, 2 * slack + 1), np.uint8))
    left, top, w, h = cv2.boundingRect(total)
    left, top, right, bottom = max(left - PAD, 0), max(top - PAD, 0), min(left + w + PAD, width), min(top + h + PAD, height)
    return total[top:bottom, left:right].astype(bool), Grid(left - margin, top - margin, right - left, bottom - top)


def _paste(total: np.ndarray, holes: list[tuple[np.ndarray, Box, Motion]], margin: int, depths: np.ndarray) -> int:
    """Mark in `total` where frames' holes lie in the anchor's picture, for depths from near to far; returns by how many pixels that may be off.

    holes: (h, w) uint8 with their boxes and motions.
    """
    boxes = np.array([box for _, box, _ in holes], float)
    x, y = boxes[:, [0, 2, 0, 2]], boxes[:, [1, 1, 3, 3]]
    bends = np.stack([motion.bend for _, _, motion in holes if motion.bend is not None])
    u, v = x / (PROXY_SIDE / 2) - 1.0, y / (PROXY_SIDE / 2) - 1.0
    columns = np.stack([np.ones_like(u), u, v], axis=2)  # (holes, corners, 3); see `basis`
    ways = (columns @ bends[:, :3])[:, None] + depths[:, None, None] * (columns @ bends[:, 3:])[:, None]  # (holes, depths, corners, 2)
    steps = np.rint(ways.mean(axis=2))
    for (hole, (left, top, right, bottom), _), row in zip(holes, steps.astype(int).tolist(), strict=True):
        for dx, dy in dict.fromkeys(map(tuple, row)):
            x0, y0 = max(left - dx + margin, 0), max(top - dy + margin, 0)
            x1, y1 = min(right - dx + margin, total.shape[1]), min(bottom - dy + margin, total.shape[0])
            if x1 > x0 and y1 > y0:
                total[y0:y1, x0:x1] |= hole[y0 + dy - margin : y1 + dy - margin, x0 + dx - margin : x1 + dx - margin]
    stretched = np.abs(ways - steps[:, :, None]).max()
    apart = np.abs(np.diff(steps, axis=1)).max() / 2
    return int(min(np.ceil(stretched + apart) + 1, MOST_SLACK))
