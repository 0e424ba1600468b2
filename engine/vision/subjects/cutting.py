"""From a rough idea of where a thing is to its mask: GrabCut with colours of the thing and of what is around it, first small, then in a band at full size."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision.segmentation import colour_edges, grabcut, outline, rim_cover
from engine.vision.subjects.motion import filled

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


def on_edges(edges: np.ndarray, scale: float, mask: np.ndarray) -> float:
    """Share of a mask's outline that lies on edges of the picture, 0..1; edges: (h, w) float32 of the mask's size, scale: strength that is fully one."""
    line = outline(mask)
    line[[0, -1]], line[:, [0, -1]] = False, False
    strength = cv2.dilate(edges, np.ones((3, 3), np.uint8))[line]
    return float(np.minimum(strength / scale, 1.0).mean()) if strength.size else 0.0


def edges_of(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Edge strength (h, w) float32 and the strength from which an edge is a silhouette's."""
    edges = colour_edges(picture)
    return edges, max(5.0, float(np.percentile(edges, 85)))


def wholeness(mask: np.ndarray) -> float:
    """0..1: how much a mask is one compact piece away from the rim; 1 for a disc, near 0 for scattered or rim-hugging ones."""
    ys, xs = np.nonzero(mask)
    if not len(ys):
        return 0.0
    hull = cv2.convexHull(np.stack([xs, ys], 1).astype(np.int32))
    solid = mask.sum() / max(float(cv2.contourArea(hull)), float(mask.sum()), 1.0)
    return float(np.clip(solid / 0.55, 0, 1) * np.clip(1.15 - 1.5 * rim_cover(mask), 0.1, 1.0))
