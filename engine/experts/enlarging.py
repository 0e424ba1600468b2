"""Pictures twice as large: Swin2SR (Conde et al. 2022), a transformer that was taught to undo shrinking. Large ones are worked in tiles that overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from engine.experts.loading import picture, stock

if TYPE_CHECKING:
    from engine.experts import Expert

TILE = 256
"""Pixels of a tile's side before it is enlarged: what a card of 4 GB holds."""

OVERLAP = 32
"""Pixels that neighbouring tiles share. Half of them are thrown away on each side: near a tile's edge the net does not see what is around."""


class Enlarger:
    """Swin2SR from a folder. times: how much longer the sides become."""

    def __init__(self, expert: Expert, device: torch.device | str = "cpu") -> None:
        from transformers import Swin2SRForImageSuperResolution

        self.model: Any = stock(Swin2SRForImageSuperResolution, expert.folder, device)
        self.components = {"model": self.model}
        self.times = int(self.model.config.upscale)

    def enlarge(self, image: np.ndarray, *, tile: int = TILE) -> np.ndarray:
        """(H, W, 3) uint8 -> (times * H, times * W, 3) uint8. tile: a multiple of the net's window, larger than `OVERLAP`."""
        image = picture(image)
        times = self.times
        height, width = image.shape[:2]
        out = np.empty((times * height, times * width, 3), np.uint8)
        for top in _starts(height, tile):
            for left in _starts(width, tile):
                part = self._whole(image[top : top + tile, left : left + tile])
                # What the tile before has shown already stays, up to the middle of what both share.
                skip_y, skip_x = (OVERLAP // 2 if start else 0 for start in (top, left))
                out[times * (top + skip_y) : times * (top + tile), times * (left + skip_x) : times * (left + tile)] = part[times * skip_y :, times * skip_x :]
        return out

    @torch.no_grad()
    def _whole(self, image: np.ndarray) -> np.ndarray:
        """A tile at once. The net wants whole windows: the edge is repeated up to them."""
        window = int(self.model.config.window_size)
        height, width = image.shape[:2]
        padded = np.pad(image, ((0, -height % window), (0, -width % window), (0, 0)), mode="edge")
        given = torch.from_numpy(padded).permute(2, 0, 1)[None].to(self.model.device, torch.float32) / 255
        found = self.model(pixel_values=given).reconstruction[0].clamp(0, 1).permute(1, 2, 0).cpu().numpy()
        return np.rint(255 * found[: self.times * height, : self.times * width]).astype(np.uint8)


def _starts(length: int, tile: int) -> list[int]:
    """Where tiles begin along a side: each `OVERLAP` before the end of the one before, on the net's own grid."""
    return [0, *range(tile - OVERLAP, length - OVERLAP, tile - OVERLAP)] if length > tile else [0]
