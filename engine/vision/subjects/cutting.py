"""From a rough idea of where a thing is to its mask: GrabCut with colours of the thing and of what is around it, first small, then in a band at full size."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from engine.vision.segmentation import colour_edges, grabcut, outline, rim_cover
from engine.vision.subjects.motion import filled

CONTRAST = 25.0
"""CIELAB units between inside and outside that make an outline fully clear."""

GROUND = 9.0
"""CIELAB units from the colours that lie around a thing, carried inwards, up to which a pixel may be the ground's."""


def cut(picture: np.ndarray, probable: np.ndarray, sure: np.ndarray, allowed: np.ndarray, *, rounds: int = 1) -> np.ndarray:
    """(h, w) bool: the thing of a picture (h, w, 3) uint8. probable: likely its pixels; sure: certainly; allowed: where it may be at all; all (h, w) bool."""
    mask = probable
    for _ in range(rounds):
        grown = grabcut(picture, mask, sure, ~allowed)
        settled = (grown & mask).sum() > 0.97 * (grown | mask).sum()
        mask = grown
        if settled:
            break
    return mask


def seeded(picture: np.ndarray, region: np.ndarray, own: np.ndarray) -> np.ndarray:
    """The mask (h, w) bool of the thing in a region, its surest pixels being `own` ones that differ from the colours around the region; empty when there are none."""
    allowed = cv2.dilate((region | own).astype(np.uint8), np.ones((9, 9), np.uint8)).astype(bool)
    lab = cv2.cvtColor(cv2.GaussianBlur(picture, (3, 3), 0).astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB)
    differs = np.linalg.norm(lab - filled(lab, allowed), axis=2) > GROUND
    probable = own & differs if (own & differs).sum() > 0.25 * own.sum() else own
    probable = cv2.morphologyEx(probable.astype(np.uint8), cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))).astype(bool) & allowed
    core = cv2.erode((probable & (own | differs)).astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    core = core if core.sum() > 0.1 * probable.sum() else probable & own
    return cut(picture, probable, core, allowed) if core.any() else core


def fine(picture: np.ndarray, mask: np.ndarray, *, band: int = 2) -> np.ndarray:
    """(H, W) bool: a mask (h, w) of a smaller copy at the size of `picture` (H, W, 3), its outline cut again within `band` pixels of the copy."""
    size = picture.shape[1::-1]
    zoom = size[0] / mask.shape[1]
    large = cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR) > 0.5
    if not large.any():
        return large
    reach = max(1, round(band * zoom))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    inner = cv2.erode(large.astype(np.uint8), kernel).astype(bool)
    outer = ~cv2.dilate(large.astype(np.uint8), kernel).astype(bool)
    if not inner.any():
        return large
    refined = grabcut(picture, large, inner, outer)
    return refined if (refined & large).sum() > 0.7 * (refined | large).sum() else large


@dataclass(frozen=True)
class Ground:
    """A picture (h, w, 3) uint8 as outlines are judged on it: edge strength, its 98th percentile, and CIELAB colours."""

    edges: np.ndarray
    strong: float
    lab: np.ndarray

    @staticmethod
    def of(picture: np.ndarray) -> Ground:
        """Measure a picture."""
        edges = colour_edges(picture)
        return Ground(edges, max(6.0, float(np.percentile(edges, 98))), cv2.cvtColor(picture.astype(np.float32) / 255.0, cv2.COLOR_RGB2LAB))

    def outlined(self, mask: np.ndarray) -> float:
        """0..1: how clearly a mask's outline parts two colours all along, away from the rim of the picture."""
        line = outline(mask)
        line[[0, -1]], line[:, [0, -1]] = False, False
        if not line.any():
            return 0.0
        sharp = float(np.minimum(cv2.dilate(self.edges, np.ones((3, 3), np.uint8))[line] / self.strong, 1.0).mean())
        apart = np.linalg.norm(self._beside(cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8))) - self._beside(1 - cv2.dilate(mask.astype(np.uint8), np.ones((3, 3), np.uint8))), axis=2)
        return float(np.sqrt(sharp * np.minimum(apart[line] / CONTRAST, 1.0).mean()))

    def _beside(self, side: np.ndarray) -> np.ndarray:
        """(h, w, 3) mean colour of the near pixels that are in a mask (h, w) of 0 and 1."""
        weight = cv2.blur(side.astype(np.float32), (7, 7))
        return cv2.blur(self.lab * side[..., None].astype(np.float32), (7, 7)) / np.maximum(weight, 1e-3)[..., None]


def wholeness(mask: np.ndarray) -> float:
    """0..1: how much a mask is one compact piece away from the rim; 1 for a disc, near 0 for scattered or rim-hugging ones."""
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return 0.0
    hull = cv2.convexHull(np.stack([xs, ys], 1).astype(np.int32))
    solid = mask.sum() / max(float(cv2.contourArea(hull)), float(mask.sum()), 1.0)
    return float(np.clip(solid / 0.55, 0, 1) * np.clip(1.15 - 1.5 * rim_cover(mask), 0.1, 1.0))
