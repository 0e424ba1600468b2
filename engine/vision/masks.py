"""Masks of a clip on disk: one small lossless picture of labels a frame, in any order, with memory that does not grow with the clip."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

from engine.media.pieces import Pieces

KEPT = 64
"""Frames of labels that are held unpacked."""


class Masks:
    """Label maps of a clip: 0 is nobody, 1 the first subject, 2 the second... (at most 255), (H, W) uint8 of one size.

    PNG after PNG in a folder (see `Pieces`). `put` may come again for a frame: the newer one counts. `save` makes it last; until then what was saved there before stays.
    """

    def __init__(self, folder: Path, size: tuple[int, int], *, pieces: Pieces | None = None) -> None:
        self.folder, self.size = folder, size
        """size: (width, height)."""
        self._pieces = pieces if pieces is not None else Pieces(folder, "masks", {"width": size[0], "height": size[1]})
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()

    @classmethod
    def load(cls, folder: Path) -> Masks:
        """The masks that were saved in a folder. Raises `OSError` when there are none, `ValueError` when they are damaged."""
        pieces = Pieces.load(folder, "masks")
        try:
            return cls(folder, (int(pieces.facts["width"]), int(pieces.facts["height"])), pieces=pieces)
        except (KeyError, TypeError) as error:
            pieces.close()
            raise ValueError("the masks have no size") from error

    def put(self, frame: int, labels: np.ndarray) -> None:
        """Keep the labels (H, W) uint8 of a frame."""
        if labels.shape != (self.size[1], self.size[0]) or labels.dtype != np.uint8:
            raise ValueError(f"labels are {self.size[1]}x{self.size[0]} uint8, not {labels.shape} {labels.dtype}")
        packed = cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE])[1]
        self._pieces.put(frame, packed.tobytes())
        self._keep(frame, labels.copy())

    def read(self, frame: int) -> np.ndarray:
        """(H, W) uint8 labels of a frame; nobody where nothing was kept. The array must not be changed."""
        if frame in self._kept:
            self._kept.move_to_end(frame)
            return self._kept[frame]
        if frame not in self._pieces.where:
            return np.zeros((self.size[1], self.size[0]), np.uint8)
        labels = np.asarray(cv2.imdecode(np.frombuffer(self._pieces.read(frame), np.uint8), cv2.IMREAD_GRAYSCALE))
        self._keep(frame, labels)
        return labels

    def __contains__(self, frame: int) -> bool:
        return frame in self._pieces.where

    def __len__(self) -> int:
        return len(self._pieces.where)

    def save(self) -> None:
        """Make it last, so that `load` finds everything."""
        self._pieces.save()

    def close(self) -> None:
        """End it. Twice does no harm."""
        self._pieces.close()
        self._kept.clear()

    def __enter__(self) -> Masks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, frame: int, labels: np.ndarray) -> None:
        labels.flags.writeable = False
        self._kept[frame] = labels
        self._kept.move_to_end(frame)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
