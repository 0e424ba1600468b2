"""One shot's frames, holes and small copies by number, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.vision.filling.proxy import Box, Proxy, proxy, small_hole

PROXIES = 40
"""Small copies of frames that are kept."""
HOLES = 192
"""Holes that are kept, each as its box."""


class Shot:
    """Frames, holes and small copies of one shot by number, the latest kept."""

    def __init__(self, frames: Pictures, holes: Callable[[int], np.ndarray], first: int, last: int, checkpoint: Callable[[], None]) -> None:
        self.frames, self._holes, self.first, self.last, self.checkpoint = frames, holes, first, last, checkpoint
        self._packed: OrderedDict[int, tuple[Box, np.ndarray] | None] = OrderedDict()
        self._proxies: OrderedDict[int, Proxy] = OrderedDict()
        self.shape = (frames.height, frames.width)

    def hole(self, index: int) -> tuple[Box, np.ndarray] | None:
        """The hole's box and (h, w) uint8 within it; None when there is none."""
        if index not in self._packed:
            full = np.ascontiguousarray(self._holes(index)).view(np.uint8)
            left, top, width, height = cv2.boundingRect(full)
            self._packed[index] = ((left, top, left + width, top + height), full[top : top + height, left : left + width].copy()) if width else None
            while len(self._packed) > HOLES:
                self._packed.popitem(last=False)
        return self._packed[index]

    def full_hole(self, index: int) -> np.ndarray:
        """(H, W) uint8."""
        out = np.zeros(self.shape, np.uint8)
        found = self.hole(index)
        if found is not None:
            (left, top, right, bottom), part = found
            out[top:bottom, left:right] = part
        return out

    def small_hole(self, index: int) -> np.ndarray:
        """(h, w) uint8: the hole at a proxy's size, a little grown."""
        return self._proxies[index].hole if index in self._proxies else small_hole(self.hole(index), self.shape)

    def proxy(self, index: int) -> Proxy:
        """The small copy of a frame."""
        if index not in self._proxies:
            self._proxies[index] = proxy(self.frames.read(index), self.hole(index))
            while len(self._proxies) > PROXIES:
                self._proxies.popitem(last=False)
        return self._proxies[index]
