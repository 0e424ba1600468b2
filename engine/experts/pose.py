"""Where the joints of people are: ViTPose (Xu et al., 2022), top down: a box around a person becomes the 17 keypoints of COCO, each as the peak of a heat map.

The boxes are those of the masks that are followed anyway, so no detector of people is needed. `engine.vision.skeleton` draws what is found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from engine.experts import Expert
from engine.experts.loading import picture, stock, stock_processor
from engine.vision.skeleton import COCO, SEEN

TOGETHER = 8
"""People that are looked at in one call."""

LEAST = 4.0
"""Pixels of a side below which a box shows nobody."""

GAP = 4
"""Frames that a joint may be unsure before it counts as gone: shorter gaps are bridged from both sides."""

CALM = 0.01
"""Motion from frame to frame, as a share of the person's height, below which it is mostly the net's own noise: heat maps have 64 rows. Well above it, it is the person's."""

ENOUGH = 6
"""Sure keypoints that make a person: things have one or two by chance."""

Box = tuple[float, float, float, float]


class PoseReader:
    """Reads keypoints from pictures."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import VitPoseForPoseEstimation, VitPoseImageProcessor

        self.model: Any = stock(VitPoseForPoseEstimation, expert.folder, device)
        self.processor: Any = stock_processor(VitPoseImageProcessor, expert.folder)
        self.components = {"model": self.model}

    @torch.no_grad()
    def raw(self, images: Sequence[np.ndarray], boxes: Sequence[Box]) -> np.ndarray:
        """(N, 17, 3) float64: x, y in pixels and confidence 0..1, of one person in each picture (H, W, 3) uint8. boxes: left, top, width, height in pixels."""
        told = [[list(box)] for box in boxes]
        given = self.processor(images=[picture(image) for image in images], boxes=told, return_tensors="pt").to(self.model.device)
        found = self.processor.post_process_pose_estimation(self.model(**given), boxes=told)
        points = np.stack([one[0]["keypoints"].double().numpy() for one in found])
        # A heat map that is empty has its peak at no place.
        scores = np.clip(np.stack([np.atleast_1d(one[0]["scores"].double().numpy()) for one in found]), 0.0, 1.0)
        scores[~np.isfinite(points).all(axis=2)] = 0.0
        return np.concatenate([np.nan_to_num(points), scores[..., None]], axis=2)

    def follow(self, frames: Iterable[np.ndarray], masks: Iterable[np.ndarray], checkpoint: Callable[[], None] = lambda: None) -> np.ndarray:
        """(F, 17, 3): one person through frames (H, W, 3) uint8 by their masks (H, W) bool, smoothed in time. Confidence 0 on frames whose mask is empty."""
        out: list[np.ndarray] = []
        waiting: list[tuple[int, np.ndarray, Box]] = []

        def look() -> None:
            checkpoint()
            for (place, _, _), points in zip(waiting, self.raw([one[1] for one in waiting], [one[2] for one in waiting]), strict=True):
                out[place] = points
            waiting.clear()

        for frame, mask in zip(frames, masks, strict=True):
            box = box_of(mask)
            out.append(np.zeros((len(COCO), 3)))
            if box is not None:
                waiting.append((len(out) - 1, frame, box))
            if len(waiting) == TOGETHER:
                look()
        if waiting:
            look()
        return smoothed(np.stack(out)) if out else np.zeros((0, len(COCO), 3))


def box_of(mask: np.ndarray) -> Box | None:
    """Left, top, width and height in pixels of what a mask (H, W) bool covers; None when that is hardly anything."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    width, height = float(columns[-1] + 1 - columns[0]), float(rows[-1] + 1 - rows[0])
    return (float(columns[0]), float(rows[0]), width, height) if min(width, height) >= LEAST else None


def person(track: np.ndarray) -> bool:
    """True when a track (F, 17, 3) is that of a person: on half of the frames on which anything is seen, `ENOUGH` keypoints are sure."""
    sure = (track[..., 2] >= SEEN).sum(axis=1)
    there = track[..., 2].max(axis=1, initial=0.0) > 0
    return bool(there.any() and (sure[there] >= ENOUGH).mean() >= 0.5)


def smoothed(track: np.ndarray) -> np.ndarray:
    """A track (F, 17, 3) without jitter and short gaps. Two-sided, so nothing lags: each keypoint is averaged over its neighbours in time where it hardly moves, by their confidence."""
    out = bridged(track)
    size = _height(out)
    if len(out) < 3 or size <= 0:
        return out
    near = np.arange(-2, 3)
    weight = np.exp(-(near**2) / 2.0)
    padded = np.pad(out, ((2, 2), (0, 0), (0, 0)), mode="edge")
    around = np.stack([padded[2 + k : 2 + k + len(out)] for k in near])  # (5, F, 17, 3)
    inside = np.stack([(np.arange(len(out)) + k >= 0) & (np.arange(len(out)) + k < len(out)) for k in near])
    share = weight[:, None, None] * np.where(around[..., 2] >= SEEN, around[..., 2], 0.0) * inside[..., None]
    total = share.sum(axis=0)
    mean = (share[..., None] * around[..., :2]).sum(axis=0) / np.maximum(total, 1e-9)[..., None]
    # How far it went over the window, frame by frame: noise goes back and forth, a motion goes on.
    gone = np.linalg.norm(around[4, ..., :2] - around[0, ..., :2], axis=-1) / 4 / size
    calm = np.where((out[..., 2] >= SEEN) & (total > 0), np.exp(-((gone / CALM) ** 2)), 0.0)[..., None]
    out[..., :2] += calm * (mean - out[..., :2])
    return out


def bridged(track: np.ndarray) -> np.ndarray:
    """The track with unsure keypoints between two sure ones, at most `GAP` frames apart, laid on the line between them, as sure as the less sure end."""
    out = np.array(track, np.float64)
    for joint in range(out.shape[1]):
        sure = np.flatnonzero(out[:, joint, 2] >= SEEN)
        for begin, end in zip(sure[:-1], sure[1:], strict=True):
            # A frame without anybody is no gap: the person is not there.
            if 1 < end - begin <= GAP + 1 and (out[begin:end, :, 2].max(axis=1) > 0).all():
                part = np.arange(1, end - begin)[:, None] / (end - begin)
                out[begin + 1 : end, joint, :2] = (1 - part) * out[begin, joint, :2] + part * out[end, joint, :2]
                out[begin + 1 : end, joint, 2] = min(out[begin, joint, 2], out[end, joint, 2])
    return out


def _height(track: np.ndarray) -> float:
    """The middle height in pixels of what is sure."""
    sizes = [float(np.ptp(points[points[:, 2] >= SEEN, 1])) for points in track if (points[:, 2] >= SEEN).sum() > 1]
    return float(np.median(sizes)) if sizes else 0.0
