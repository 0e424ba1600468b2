"""The soft edge of a subject: from the hard mask of a frame to an alpha that is stable over time, and the subject alone with transparency."""

from __future__ import annotations

import cv2
import numpy as np

from engine.vision.matting import grown_box, own_colours, soft_matte

BAND = 0.0035
"""Half width of the soft edge as a share of the longer side (2.2 px at 640)."""

LEAST_BAND = 1.6
"""The same, at least, in pixels."""

INSET = 1.8
"""Pixels from the outline from which a colour counts as the subject's alone, or as what is behind alone."""

REACHES = (7, 15)
"""Sides in pixels of the squares in which such colours are looked for."""

CONTRAST, LEFT = 36.0, 18.0
"""Levels of 255: the difference of subject and surroundings that tells a mixture half surely, and the unexplained rest at which it is not believed."""

TILE = 128
"""Side in pixels of the squares in which an outline is worked on: the filter's many planes stay in the cache, and empty squares cost nothing."""


def band_of(image: np.ndarray) -> float:
    """The usual band of `soft` for a picture, in pixels."""
    return max(LEAST_BAND, BAND * max(image.shape[:2]))


def soft(image: np.ndarray, mask: np.ndarray, band: float | None = None) -> np.ndarray:
    """Alpha (H, W) float32 in 0..1 of the subject in `mask` (H, W) bool, over `image` (H, W, 3) uint8.

    Exactly 0 or 1 but for a band of `band` pixels on both sides of the outline (`BAND` of the longer side unless given). There alpha is how much of the subject's
    colour, seen a little further in, and of the colour seen a little further out a pixel mixes; where the two are alike or do not explain it, alpha follows
    the picture's edges (`engine.vision.matting.soft_matte`) and the mask. Nothing depends on other frames or on chance: a subject that moves by whole pixels keeps its alpha.
    Only squares that the outline passes are worked on; a 4K frame costs little more than a small one with the same length of outline in pixels.
    """
    alpha = mask.astype(np.float32)
    if not mask.any() or mask.all():
        return alpha
    band = band_of(image) if band is None else max(0.5, band)
    height, width = mask.shape
    margin = int(6 * band) + 6
    hard = mask.view(np.uint8) if mask.dtype == bool else mask.astype(np.uint8)
    rim = cv2.morphologyEx(hard, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    for top in range(0, height, TILE):
        for left in range(0, width, TILE):
            reach = int(2.5 * band) + 2
            y0, x0 = max(0, top - reach), max(0, left - reach)
            near = rim[y0 : top + TILE + reach, x0 : left + TILE + reach]
            if not near.any():
                continue
            rows, columns = np.flatnonzero(near.any(axis=1)), np.flatnonzero(near.any(axis=0))
            inner = (
                slice(max(top, y0 + int(rows[0]) - reach), min(height, top + TILE, y0 + int(rows[-1]) + reach + 1)),
                slice(max(left, x0 + int(columns[0]) - reach), min(width, left + TILE, x0 + int(columns[-1]) + reach + 1)),
            )
            outer = tuple(slice(max(0, part.start - margin), min(side, part.stop + margin)) for part, side in zip(inner, mask.shape, strict=True))
            local = _mixed(image[outer], hard[outer], band)
            alpha[inner] = local[inner[0].start - outer[0].start : inner[0].stop - outer[0].start, inner[1].start - outer[1].start : inner[1].stop - outer[1].start]
    return alpha


def _mixed(image: np.ndarray, hard: np.ndarray, band: float) -> np.ndarray:
    """Alpha of one square: colours unmixed where that is sure, the matte of edges elsewhere."""
    inside, outside = cv2.distanceTransform(hard, cv2.DIST_L2, 5), cv2.distanceTransform(1 - hard, cv2.DIST_L2, 5)
    picture = image.astype(np.float32)
    own, own_known = _carried(picture, inside > INSET)
    behind, behind_known = _carried(picture, outside > INSET)
    apart = own - behind
    power = np.einsum("hwc,hwc->hw", apart, apart)
    share = np.clip(np.einsum("hwc,hwc->hw", picture - behind, apart) / np.maximum(power, 1e-3), 0.0, 1.0)
    left = picture - (behind + share[..., None] * apart)
    sure = power / (power + CONTRAST**2) * np.exp(-np.einsum("hwc,hwc->hw", left, left) / LEFT**2) * np.minimum(own_known, behind_known)
    guess = 0.5 * soft_matte(image, hard > 0, band=band) + 0.5 * cv2.GaussianBlur(hard.astype(np.float32), (0, 0), 0.7)
    signed = np.where(hard > 0, inside - 0.5, 0.5 - outside)
    upper, lower = np.clip(1.5 + signed / band, 0.0, 1.0), np.clip(signed / band - 0.5, 0.0, 1.0)
    alpha = np.maximum(np.minimum(sure * share + (1.0 - sure) * guess, upper), lower)
    alpha[alpha < 0.02], alpha[alpha > 0.98] = 0.0, 1.0
    return alpha.astype(np.float32)


def _carried(picture: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Colours (H, W, 3) float32 of the known places as means of those near, and how far they are known, 0..1."""
    stacked = np.empty((*known.shape, 4), np.float32)
    stacked[..., :3], stacked[..., 3] = picture * known[..., None], known
    total = np.zeros(known.shape, np.float32)
    colours = np.zeros_like(picture)
    for size in REACHES:  # near colours first; the wider square only where that knows nothing
        mean = cv2.blur(stacked, (size, size))
        count = mean[..., 3]
        share = (1.0 - total) * np.minimum(count * (1 / 0.06), 1.0)
        colours += mean[..., :3] * (share / np.maximum(count, 1e-6))[..., None]
        total += share
    return colours / np.maximum(total, 1e-6)[..., None], total


def feathered(alpha: np.ndarray, width: float) -> np.ndarray:
    """`alpha` (H, W) float32 whose edge fades over `width` more pixels, half of them outside; exactly 0 and 1 beyond them. 0 leaves it as it is."""
    if width <= 0 or not alpha.any():
        return alpha
    size = 2 * max(1, round(width / 2)) + 1
    # Two boxes make a triangle of finite reach: beyond it nothing changes, to the bit.
    once = cv2.blur(alpha, (size, size), borderType=cv2.BORDER_REPLICATE)
    return np.clip(cv2.blur(once, (size, size), borderType=cv2.BORDER_REPLICATE), 0.0, 1.0)


def alpha_of(image: np.ndarray, mask: np.ndarray, feather: float = 0.0) -> np.ndarray:
    """`soft`, with a wider edge when one is asked for."""
    return feathered(soft(image, mask), feather)


def subject_colours(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32, 0..255: the subject's own colours, also where its soft edge mixes with what is behind (`engine.vision.matting.own_colours`; large pictures on a smaller copy)."""
    reach, step = 2.0 * band_of(image), max(1, round(max(image.shape[:2]) / 960))
    if step == 1:
        return own_colours(image, alpha, reach=reach)
    out = image.astype(np.float32)
    window = grown_box(alpha > 0, 16 * step)
    part, share = image[window], alpha[window]
    size = max(1, share.shape[1] // step), max(1, share.shape[0] // step)
    low = own_colours(cv2.resize(part, size, interpolation=cv2.INTER_AREA), cv2.resize(share, size, interpolation=cv2.INTER_AREA), reach=reach / step)
    trust = np.clip((share - 0.75) / 0.25, 0.0, 1.0)[..., None]
    out[window] = trust * part + (1.0 - trust) * cv2.resize(low, share.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return out


def cut_out(image: np.ndarray, mask: np.ndarray, feather: float = 0.0) -> np.ndarray:
    """(H, W, 4) uint8: the subject alone with straight alpha. Its edge carries its own colours, not those behind it; where alpha is 0 the colour is 0."""
    alpha = alpha_of(image, mask, feather)
    out = np.zeros((*mask.shape, 4), np.uint8)
    colours = subject_colours(image, alpha)
    out[..., 3] = np.rint(alpha * 255.0)
    there = out[..., 3] > 0
    out[..., :3][there] = np.clip(np.rint(colours[there]), 0, 255)
    return out
