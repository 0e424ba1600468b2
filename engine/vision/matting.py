"""Soft outlines: from a hard mask to an alpha matte, and the thing's own colours where it mixes with what is behind."""

from __future__ import annotations

import cv2
import numpy as np


def guided_filter(guide: np.ndarray, values: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """`values` (H, W) float32 smoothed so that it follows the edges of `guide` (H, W, 3) float32 in 0..1.

    He, Sun, Tang 2010, colour guide (equations 14-16). `radius` in pixels; `eps` in squared colour units.
    """
    def mean(x: np.ndarray) -> np.ndarray:
        return cv2.boxFilter(x, -1, (2 * radius + 1, 2 * radius + 1), borderType=cv2.BORDER_REFLECT)

    guide, values = guide.astype(np.float32), values.astype(np.float32)
    mean_g, mean_v = mean(guide), mean(values)
    cross = mean(guide * values[..., None]) - mean_g * mean_v[..., None]  # (H, W, 3)
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    rr, rg, rb, gg, gb, bb = (mean(guide[..., i] * guide[..., j]) - mean_g[..., i] * mean_g[..., j] + (eps if i == j else 0.0) for i, j in pairs)
    # The inverse of the symmetric 3x3 covariance, written out: np.linalg.inv on a million matrices is ten times slower.
    c00, c01, c02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c11, c12, c22 = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    det = np.maximum(rr * c00 + rg * c01 + rb * c02, 1e-12)
    x, y, z = cross[..., 0], cross[..., 1], cross[..., 2]
    a = np.stack([(c00 * x + c01 * y + c02 * z) / det, (c01 * x + c11 * y + c12 * z) / det, (c02 * x + c12 * y + c22 * z) / det], axis=-1)
    b = mean_v - (a * mean_g).sum(axis=-1)
    return (mean(a) * guide).sum(axis=-1) + mean(b)


def soft_matte(image: np.ndarray, mask: np.ndarray, *, band: float | None = None) -> np.ndarray:
    """Alpha (H, W) float32 in 0..1 of the thing in `mask` (any size, bool), at the resolution of `image` (H, W, 3) uint8.

    Only a band of `band` pixels around the outline is soft (default: 0.6 % of the longer side, at least 2); elsewhere alpha is exactly 0 or 1.
    """
    height, width = image.shape[:2]
    band = max(2.0, 0.006 * max(height, width)) if band is None else band
    rough = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC if mask.shape != (height, width) else cv2.INTER_NEAREST)
    hard = (rough > 0.5).astype(np.uint8)
    alpha = np.zeros((height, width), np.float32)
    if not hard.any():
        return alpha
    window = grown_box(hard, int(6 * band) + 4)
    part, soft = hard[window], np.clip(rough[window], 0.0, 1.0)
    guide = image[window].astype(np.float32) / 255.0
    fitted = guided_filter(guide, soft, max(2, round(2 * band)), 3e-4)
    fitted = np.clip((fitted - 0.22) / 0.6, 0.0, 1.0)  # the filter never quite reaches 0 and 1; a veil around a moved thing would show
    inside = cv2.distanceTransform(np.pad(part, 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    outside = cv2.distanceTransform(1 - part, cv2.DIST_L2, 5)
    signed = np.where(part > 0, inside - 0.5, 0.5 - outside)
    upper = np.clip(1.0 + (signed + 0.5 * band) / band, 0.0, 1.0)  # outwards alpha fades between half a band and one and a half
    lower = np.clip((signed - band) / band, 0.0, 1.0)
    alpha[window] = np.maximum(np.minimum(fitted, upper), lower)
    alpha[alpha < 0.02] = 0.0
    alpha[alpha > 0.98] = 1.0
    return alpha


def own_colours(image: np.ndarray, alpha: np.ndarray, *, reach: float = 6.0) -> np.ndarray:
    """(H, W, 3) float32 colours of the thing alone, 0..255: inside as they are, in the soft band taken from further inside.

    Without this, a moved thing carries a rim of its old background. reach: how far, in pixels, colours are carried outwards.
    """
    picture = image.astype(np.float32)
    window = grown_box(alpha > 0, int(4 * reach))
    part, weight = picture[window], alpha[window] ** 4 * (alpha[window] > 0.7)
    carried, known = np.zeros_like(part), np.zeros_like(weight)
    for sigma in (reach / 4.0, reach, 3.0 * reach):  # near colours first; the wider ones only where those know nothing
        total = cv2.GaussianBlur(weight, (0, 0), sigma)
        mean = cv2.GaussianBlur(part * weight[..., None], (0, 0), sigma) / np.maximum(total, 1e-6)[..., None]
        share = (1.0 - known) * np.clip(total / 0.02, 0.0, 1.0)
        carried += share[..., None] * mean
        known += share
    carried += (1.0 - known)[..., None] * part
    trust = np.clip((alpha[window] - 0.75) / 0.25, 0.0, 1.0)[..., None]
    out = picture.copy()
    out[window] = trust * part + (1.0 - trust) * carried
    return out


def grown_box(mask: np.ndarray, margin: int) -> tuple[slice, slice]:
    """Row and column slices of the mask's bounding box, grown by `margin` pixels inside the picture; the whole picture when empty."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return slice(0, mask.shape[0]), slice(0, mask.shape[1])
    return (
        slice(max(0, int(rows[0]) - margin), min(mask.shape[0], int(rows[-1]) + 1 + margin)),
        slice(max(0, int(columns[0]) - margin), min(mask.shape[1], int(columns[-1]) + 1 + margin)),
    )
