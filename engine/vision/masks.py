"""Masks of a clip on disk: one small lossless picture of labels a frame, in any order, with memory that does not grow with the clip."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from pathlib import Path

import cv2
import numpy as np

KEPT = 64
"""Frames of labels that are held unpacked."""


class Masks:
    """Label maps of a clip: 0 is nobody, 1 the first subject, 2 the second... (at most 255), (H, W) uint8 of one size.

    A folder of two files: `masks.bin`, PNG after PNG, and `masks.json`, where each lies. `put` may come again for a frame: the newer one counts. `save` makes it last.
    """

    def __init__(self, folder: Path, size: tuple[int, int], *, where: dict[int, tuple[int, int]] | None = None) -> None:
        self.folder, self.size = folder, size
        """size: (width, height)."""
        self._where = where if where is not None else {}
        self._kept: OrderedDict[int, np.ndarray] = OrderedDict()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = open(folder / "masks.bin", "a+b" if where is not None else "w+b")  # noqa: SIM115 (held as long as the masks are)

    @classmethod
    def load(cls, folder: Path) -> Masks:
        """The masks that were saved in a folder. Raises `OSError` or `ValueError` when there are none."""
        index = json.loads((folder / "masks.json").read_text(encoding="utf-8"))
        return cls(folder, (int(index["width"]), int(index["height"])), where={int(k): (int(at), int(size)) for k, (at, size) in index["frames"].items()})

    def put(self, frame: int, labels: np.ndarray) -> None:
        """Keep the labels (H, W) uint8 of a frame."""
        if labels.shape != (self.size[1], self.size[0]) or labels.dtype != np.uint8:
            raise ValueError(f"labels are {self.size[1]}x{self.size[0]} uint8, not {labels.shape} {labels.dtype}")
        data = cv2.imencode(".png", labels, [cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_RLE])[1].tobytes()
        at = self._file.seek(0, os.SEEK_END)
        self._file.write(data)
        self._where[frame] = (at, len(data))
        self._keep(frame, labels)

    def read(self, frame: int) -> np.ndarray:
        """(H, W) uint8 labels of a frame; nobody where nothing was kept. The array must not be changed."""
        if frame in self._kept:
            self._kept.move_to_end(frame)
            return self._kept[frame]
        if frame not in self._where:
            return np.zeros((self.size[1], self.size[0]), np.uint8)
        at, size = self._where[frame]
        self._file.seek(at)
        labels: np.ndarray = np.asarray(cv2.imdecode(np.frombuffer(self._file.read(size), np.uint8), cv2.IMREAD_GRAYSCALE))
        self._keep(frame, labels)
        return labels

    def __contains__(self, frame: int) -> bool:
        return frame in self._where

    def __len__(self) -> int:
        return len(self._where)

    def save(self) -> None:
        """Write the index, so that `load` finds everything."""
        self._file.flush()
        index = {"width": self.size[0], "height": self.size[1], "frames": {str(k): list(v) for k, v in sorted(self._where.items())}}
        aside = self.folder / ".masks.json"
        aside.write_text(json.dumps(index), encoding="utf-8")
        os.replace(aside, self.folder / "masks.json")

    def close(self) -> None:
        """End it. Twice does no harm."""
        self._file.close()
        self._kept.clear()

    def __enter__(self) -> Masks:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, frame: int, labels: np.ndarray) -> None:
        labels = labels.copy()
        labels.flags.writeable = False
        self._kept[frame] = labels
        self._kept.move_to_end(frame)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
