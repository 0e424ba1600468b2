"""The picture of a skeleton as pose-guided models were taught it: coloured limbs and joints on black.

The order of the joints, the limbs and their colours are those of OpenPose's 18-point body (Cao et al., 2019) as ControlNet (Zhang et al., 2023) draws it; Wan Animate
(Cheng et al., 2025) draws the same with thinner limbs. Limbs are ellipses at 60 % of their colour, with the joints over them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

COCO = (
    "nose", "left eye", "right eye", "left ear", "right ear", "left shoulder", "right shoulder", "left elbow", "right elbow", "left wrist", "right wrist", "left hip", "right hip",
    "left knee", "right knee", "left ankle", "right ankle",
)  # fmt: skip
"""The 17 keypoints of COCO (Lin et al., 2014) in their order; left is the person's own."""

BODY = (
    "nose", "neck", "right shoulder", "right elbow", "right wrist", "left shoulder", "left elbow", "left wrist", "right hip", "right knee", "right ankle", "left hip", "left knee",
    "left ankle", "right eye", "left eye", "right ear", "left ear",
)  # fmt: skip
"""The 18 joints of OpenPose in their order. COCO has no neck: it lies between the shoulders."""

LIMBS = (
    ("neck", "right shoulder"), ("neck", "left shoulder"), ("right shoulder", "right elbow"), ("right elbow", "right wrist"), ("left shoulder", "left elbow"), ("left elbow", "left wrist"),
    ("neck", "right hip"), ("right hip", "right knee"), ("right knee", "right ankle"), ("neck", "left hip"), ("left hip", "left knee"), ("left knee", "left ankle"), ("neck", "nose"),
    ("nose", "right eye"), ("right eye", "right ear"), ("nose", "left eye"), ("left eye", "left ear"),
)  # fmt: skip
"""From joint to joint, in the order of their colours."""

COLOURS = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
"""Red, green and blue of each joint; the first 17 are also those of the limbs."""

DIMMED = 0.6
"""Light of a limb beside that of a joint."""

CONTROLNET, ANIMATE = 128.0, 200.0
"""The shorter side of the picture in half-widths of a limb: 4 px of 512 for ControlNet, 3.6 px of 720 for Wan Animate."""

SEEN = 0.5
"""Confidence from which a joint is drawn."""

FINE = 4
"""Bits after the point of the places that OpenCV is given."""


def joints(keypoints: np.ndarray) -> np.ndarray:
    """(..., 18, 3) joints of OpenPose from (..., 17, 3) keypoints of COCO: x, y, confidence. The neck is as sure as the less sure shoulder."""
    out = np.zeros((*keypoints.shape[:-2], len(BODY), 3), np.float64)
    for place, name in enumerate(BODY):
        if name != "neck":
            out[..., place, :] = keypoints[..., COCO.index(name), :]
    left, right = keypoints[..., COCO.index("left shoulder"), :], keypoints[..., COCO.index("right shoulder"), :]
    neck = BODY.index("neck")
    out[..., neck, :2] = (left[..., :2] + right[..., :2]) / 2
    out[..., neck, 2] = np.minimum(left[..., 2], right[..., 2])
    return out


def drawn(people: Sequence[np.ndarray], size: tuple[int, int], *, thin: float = CONTROLNET, seen: float = SEEN) -> np.ndarray:
    """(H, W, 3) uint8: people's skeletons on black. people: (17, 3) keypoints of COCO each, x and y in pixels (the middle of the first is 0, 0), confidence; size: (width, height).

    thin: the shorter side in half-widths of a limb; seen: least confidence of a joint that is drawn. Limbs go to drawn joints alone.
    """
    canvas = np.zeros((size[1], size[0], 3), np.uint8)
    half = max(1.0, min(size) / thin)
    all_joints = [joints(np.asarray(one, np.float64)) for one in people]
    for limb, colour in zip(LIMBS, COLOURS, strict=False):
        for body in all_joints:
            ends = body[[BODY.index(name) for name in limb]]
            if (ends[:, 2] >= seen).all():
                cv2.fillConvexPoly(canvas, _whole(_ellipse(ends[0, :2], ends[1, :2], half)), [int(DIMMED * one) for one in colour], cv2.LINE_8, FINE)
    for joint, colour in enumerate(COLOURS):
        for body in all_joints:
            if body[joint, 2] >= seen:
                cv2.circle(canvas, [int(one) for one in _whole(body[joint, :2])], int(round(half * 2**FINE)), colour, -1, cv2.LINE_8, FINE)
    return canvas


def _ellipse(begin: np.ndarray, end: np.ndarray, half: float) -> np.ndarray:
    """(64, 2) rim of the ellipse whose long axis goes from joint to joint."""
    along = (end - begin) / 2
    length = float(np.hypot(*along))
    across = half * (np.array([-along[1], along[0]]) / length if length > 0 else np.array([0.0, 1.0]))
    turn = np.linspace(0, 2 * np.pi, 64, endpoint=False)[:, None]
    return (begin + end) / 2 + np.cos(turn) * along + np.sin(turn) * across


def _whole(places: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(places, -1e5, 1e5) * 2**FINE).astype(np.int32)
