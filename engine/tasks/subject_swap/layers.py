"""The masks of all subjects at the size of the result, trimmed as asked, frame by frame; and what was filled in behind them, kept on disk."""

from __future__ import annotations

import struct
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.media.pieces import Pieces
from engine.tasks.subject_swap.following import Track, enlarged
from engine.tasks.subject_swap.request import MaskShape, SubjectMaskRequest
from engine.vision.matting import grown_box, guided_filter

SPECK = 0.002
"""Share of a mask up to which a separate part is a speck, and a hole small."""

KEPT = 6
"""Frames whose masks are held."""

CORNER = struct.Struct("<II")
"""Before each patch: the row and column of its upper left pixel."""


class Layers:
    """Calling it with a frame's number gives the mask (H, W) bool of all subjects; `labels` tells them apart."""

    def __init__(self, request: SubjectMaskRequest, tracks: list[Track], frames: Pictures) -> None:
        self.request, self.tracks, self.frames = request, tracks, frames
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    def __call__(self, frame: int) -> np.ndarray:
        return self.labels(frame) > 0

    def labels(self, frame: int) -> np.ndarray:
        """(H, W) uint8: 0 nobody, k + 1 for subject k. The array must not be changed."""
        if frame not in self._kept:
            self._kept[frame] = self._labels(frame)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(frame)
        return self._kept[frame]

    def small(self, frame: int, index: int) -> np.ndarray | None:
        """(h, w) bool: the untrimmed mask of a subject at the size that was worked at; None where it has none."""
        if any(first <= frame <= last for first, last in self.request.named[index].hidden):
            return None
        mask = self.tracks[index].mask(frame)
        return mask if mask.any() else None

    def _labels(self, frame: int) -> np.ndarray:
        size = (self.frames.width, self.frames.height)
        out = np.zeros((size[1], size[0]), np.uint8)
        found = [(self.tracks[index].at(frame).confidence, index, mask) for index in range(len(self.tracks)) if (mask := self.small(frame, index)) is not None]
        for _, index, mask in sorted(found, key=lambda one: one[0]):  # the surest last: where two claim a pixel it is theirs
            large = enlarged(mask, size)
            if size[0] > 1.3 * mask.shape[1]:
                large = at_edges(self.frames.read(frame), large, size[0] / mask.shape[1])
            out[trimmed(large, self.request.mask)] = index + 1
        return out


def at_edges(image: np.ndarray, mask: np.ndarray, factor: float) -> np.ndarray:
    """An enlarged mask (H, W) bool with its outline moved to the edges of the picture at full size (He et al., 2013), by no more than the pixels it was enlarged by."""
    if not mask.any():
        return mask
    reach = max(2, round(1.5 * factor))
    window = grown_box(mask, 3 * reach)
    part = image[window].astype(np.float32) / 255.0
    inside = mask[window].astype(np.uint8)
    soft = guided_filter(part, cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 0.5 * factor), reach, 1e-4) > 0.5
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    out = mask.copy()
    out[window] = (soft & (cv2.dilate(inside, disc) > 0)) | (cv2.erode(inside, disc) > 0)
    return out


def trimmed(mask: np.ndarray, shape: MaskShape) -> np.ndarray:
    """A mask (H, W) bool with holes closed, specks dropped, grown or shrunk, as asked."""
    if not mask.any():
        return mask
    window = grown_box(mask, int(max(shape.grow, 0)) + 4)
    part = mask[window].astype(np.uint8)
    if shape.holes:
        part = _whole(part)
    if shape.grow:
        side = 2 * int(round(abs(shape.grow))) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
        part = cv2.dilate(part, disc) if shape.grow > 0 else cv2.erode(part, disc, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    out = np.zeros_like(mask)
    out[window] = part > 0
    return out


def _whole(part: np.ndarray) -> np.ndarray:
    area = int(part.sum())
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8)
    if count > 2:
        part = np.isin(pieces, 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] >= SPECK * area)).astype(np.uint8)
    count, gaps, stats, _ = cv2.connectedComponentsWithStats(1 - part, connectivity=4)
    small = 1 + np.flatnonzero(stats[1:, cv2.CC_STAT_AREA] < SPECK * area)
    return part | np.isin(gaps, small).astype(np.uint8) if len(small) else part


class Patches:
    """Pieces of frames on disk, without loss: what was filled in. `put` in any order, `over` lays them on."""

    def __init__(self, folder: Path, *, pieces: Pieces | None = None) -> None:
        self.folder = folder
        self._pieces = pieces if pieces is not None else Pieces(folder, "patches")

    @classmethod
    def load(cls, folder: Path) -> Patches:
        """What was saved in a folder. Raises `OSError` when there is nothing, `ValueError` when it is damaged."""
        return cls(folder, pieces=Pieces.load(folder, "patches"))

    def __contains__(self, frame: int) -> bool:
        return frame in self._pieces.where

    def put(self, frame: int, filled: np.ndarray, hole: np.ndarray) -> None:
        """Keep the pixels of a frame (H, W, 3) uint8 where `hole` (H, W) bool was filled."""
        if not hole.any():
            self._pieces.put(frame, b"")
            return
        window = grown_box(hole, 0)
        data = cv2.imencode(".png", filled[window][..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()
        self._pieces.put(frame, CORNER.pack(window[0].start, window[1].start) + data)

    def over(self, frame: int, source: np.ndarray, hole: np.ndarray) -> np.ndarray:
        """(H, W, 3) uint8: the source with its hole filled; outside the hole to the bit the source."""
        data = self._pieces.read(frame)
        out = source.copy()
        if data:
            top, left = CORNER.unpack_from(data)
            part = np.asarray(cv2.imdecode(np.frombuffer(data, np.uint8, offset=CORNER.size), cv2.IMREAD_COLOR))[..., ::-1]
            window = slice(top, top + part.shape[0]), slice(left, left + part.shape[1])
            out[window][hole[window]] = part[hole[window]]
        return out

    def save(self) -> None:
        """Make it last."""
        self._pieces.save()

    def close(self) -> None:
        """Give the file back."""
        self._pieces.close()
