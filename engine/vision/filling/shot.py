"""One shot's frames, holes and small copies by number, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from engine.media.frames import Pictures
from engine.vision.filling.proxy import Box, Proxy, proxy, small_hole
from engine.vision.filling.workers import Workers

PROXIES = 40
"""Small copies of frames that are kept."""
HOLES = 192
"""Holes that are kept, each as its box."""


class Shot:
    """Frames, holes and small copies of one shot by number, the latest kept. Asked by one thread only; `workers` are what the others do."""

    def __init__(self, frames: Pictures, holes: Callable[[int], np.ndarray], first: int, last: int, checkpoint: Callable[[], None], workers: Workers) -> None:
        self.frames, self._holes, self.first, self.last, self.checkpoint, self.workers = frames, holes, first, last, checkpoint, workers
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

    def small_holes(self, indices: Iterable[int]) -> list[np.ndarray]:
        """(h, w) uint8 each: holes at a proxy's size, a little grown."""
        known = [(self._proxies.get(index), self.hole(index)) for index in indices]
        return self.workers.map(lambda one: small_hole(one[1], self.shape) if one[0] is None else one[0].hole, known)

    def proxy(self, index: int) -> Proxy:
        """The small copy of a frame."""
        return self.proxies([index])[0]

    def proxies(self, indices: Sequence[int]) -> list[Proxy]:
        """The small copies of frames, made in this order: a decoder runs forwards."""
        new = [index for index in indices if index not in self._proxies]
        pictures = ((self.frames.read(index), self.hole(index)) for index in new)
        made = dict(zip(new, self.workers.map(lambda one: proxy(*one), pictures, at_once=2 * self.workers.threads), strict=True))
        out = [made[index] if index in made else self._proxies[index] for index in indices]
        self._proxies.update(made)
        while len(self._proxies) > PROXIES:
            self._proxies.popitem(last=False)
        return out
