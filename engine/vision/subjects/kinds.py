"""What kind of thing of the paper-cut world a mask shows, by a small trained net (`pocket-things`), in numpy. `engine.training.things` trained it on exact masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine.catalog.pocket import tensors
from engine.world.spec import KINDS

NAME = "pocket-things"
PLACE = Path(__file__).resolve().parents[3] / "assets/models" / NAME
WEIGHTS = "model.safetensors"

SIDE = 48
"""Side of the square crop that the net sees, in pixels."""

MARGIN = 0.14
"""Surroundings that are seen beside the thing, as a share of its longer side."""

GROUPS = 8
"""Of the group normalisation (Wu and He, 2018)."""

STRIDES = (2, 1, 2, 2, 1)
"""Of the convolutions."""

NOTHING = len(KINDS)
"""Index of the answer that it is none of these things."""


def crop(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(4, SIDE, SIDE) float32: colours in -1..1 and the mask in 0..1 of the square around a mask (H, W) bool in a picture (H, W, 3) uint8."""
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    side = max(4.0, max(width, height) * (1 + 2 * MARGIN))
    zoom = side / SIDE
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    if zoom > 2:  # shrunk by area first: a net that learned smooth crops is thrown by aliased ones
        x0, y0 = max(0, int(left)), max(0, int(top))
        part, inside = picture[y0 : int(top + side) + 2, x0 : int(left + side) + 2], mask[y0 : int(top + side) + 2, x0 : int(left + side) + 2]
        small = max(1, round(part.shape[1] * 2 / zoom)), max(1, round(part.shape[0] * 2 / zoom))
        part = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
        inside = cv2.resize(inside.astype(np.float32), small, interpolation=cv2.INTER_AREA)
        left, top, zoom = (left - x0) * 2 / zoom, (top - y0) * 2 / zoom, 2.0
    else:
        part, inside = picture, mask.astype(np.float32)
    matrix = np.array([[zoom, 0, left + 0.5 * zoom - 0.5], [0, zoom, top + 0.5 * zoom - 0.5]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    colours = cv2.warpAffine(part, matrix, (SIDE, SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE).astype(np.float32) / 127.5 - 1
    cover = cv2.warpAffine(inside, matrix, (SIDE, SIDE), flags=flags)
    return np.concatenate([colours.transpose(2, 0, 1), cover[None]]).astype(np.float32)


@dataclass(frozen=True)
class Net:
    """The weights, as `engine.training.things.Things` names them."""

    tensors: dict[str, np.ndarray]

    def __call__(self, crops: np.ndarray) -> np.ndarray:
        """(B, 4, SIDE, SIDE) -> (B, 26) probabilities: `KINDS` in order, then none of them."""
        seen = crops.astype(np.float32)
        for k, stride in enumerate(STRIDES):
            seen = np.maximum(self._normal(k, _convolved(seen, self.tensors[f"convolutions.{k}.weight"], stride)), 0)
        pooled = np.concatenate([seen.mean((2, 3)), seen.max((2, 3))], axis=1)
        logits = pooled @ self.tensors["exit.weight"].T + self.tensors["exit.bias"]
        grown = np.exp(logits - logits.max(1, keepdims=True))
        return grown / grown.sum(1, keepdims=True)

    def _normal(self, k: int, seen: np.ndarray) -> np.ndarray:
        count, channels, height, width = seen.shape
        grouped = seen.reshape(count, GROUPS, -1)
        grouped = (grouped - grouped.mean(2, keepdims=True)) / np.sqrt(grouped.var(2, keepdims=True) + 1e-5)
        weight, bias = self.tensors[f"normals.{k}.weight"], self.tensors[f"normals.{k}.bias"]
        return grouped.reshape(count, channels, height, width) * weight[:, None, None] + bias[:, None, None]

    def kinds(self, picture: np.ndarray, masks: Sequence[np.ndarray]) -> np.ndarray:
        """(N, 26) probabilities of the things in masks (H, W) bool of one picture (H, W, 3) uint8."""
        return self(np.stack([crop(picture, mask) for mask in masks])) if len(masks) else np.zeros((0, len(KINDS) + 1), np.float32)


def _convolved(seen: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """(B, in, H, W) by (out, in, 3, 3), padded by one -> (B, out, H / stride, W / stride)."""
    padded = np.pad(seen, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(2, 3))[:, :, ::stride, ::stride]
    count, _, height, width = windows.shape[:4]
    columns = windows.transpose(0, 2, 3, 1, 4, 5).reshape(count * height * width, -1)
    return (columns @ weight.reshape(len(weight), -1).T).reshape(count, height, width, -1).transpose(0, 3, 1, 2)


def there(place: Path = PLACE) -> bool:
    """True when the weights are."""
    return (place / WEIGHTS).exists()


@lru_cache(maxsize=4)
def load(place: Path = PLACE) -> Net:
    """The net from its folder. Raises `ModelUnavailable` when it is not there."""
    return Net(tensors(place / WEIGHTS, "engine.training.things"))
