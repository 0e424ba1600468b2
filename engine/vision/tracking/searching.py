"""A subject that is gone, looked for in every frame: by its looks, at any place and partly beyond the rim, and by what is new where the background was known."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from engine.vision import optical
from engine.vision.tracking.colours import lab_of
from engine.vision.tracking.cutting import largest, sharpened
from engine.vision.tracking.ground import Ground
from engine.vision.tracking.looks import Look, Placed, size_of

SIDE = 160
"""Longer side, in pixels, of the copy on which places are searched."""

SCALES = (1.0, 0.85, 1.18)
"""Sizes that are tried, beside the last one seen."""

LEAST_SEEN = 0.12
"""Share of a look that must lie within the picture to be recognised."""

ALIKE = 13.0
"""Root mean square difference in CIELAB (0..255 an axis) up to which a place may be the subject."""

NEW = 12.0
"""Difference in CIELAB from the known background above which a pixel is new."""


OWN = 0.75
"""Share of the subject among all pixels of a colour, from which the colour is its own."""

SLIVER = 0.03
"""Share of the subject's area that must be seen in its own colours to say that it is back, in two frames running."""


class Searcher:
    """Finds a subject again by its looks. scale: its size beside the first of them when it was clearly seen last."""

    def __init__(self) -> None:
        self.scale = 1.0
        self.glimpsed = 0

    def learn(self, placed: Placed) -> None:
        """It is clearly seen, where its look lies."""
        self.scale = placed.whole_scale

    def search(self, image: np.ndarray, looks: list[Look], ground: Ground) -> tuple[np.ndarray, Placed | None, float] | None:
        """(mask (H, W) bool, where its look lies if that is known, confidence) where it is seen again; None where it is not."""
        if not looks:
            return None
        small = self._small(image)
        size = self._size(image)
        ratio = image.shape[1] / size[0]
        known = cv2.resize(ground.known.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        # Where the scene was never seen without it, anything may be new.
        new = (optical.length(small - self._small(ground.image)) > NEW) | ~known
        best: tuple[float, Look, np.ndarray] | None = None
        for look in {id(one): one for one in (looks[0], looks[-1])}.values():
            for scale in SCALES:
                factor = self.scale * scale / size_of(look.pose)
                hit = self._place(small, new, look, factor / ratio)
                if hit is not None and (best is None or hit[0] < best[0]):
                    shift = hit[1] * ratio
                    best = hit[0], look, np.array([[factor, 0.0, shift[0]], [0.0, factor, shift[1]]])
        if best is None:
            return self._glimpse(image, small, new, looks, ground)
        rms, look, matrix = best
        placed = look.here(matrix).fitted(image, np.zeros(2))
        mask = (placed.shape * placed.fit) > 0.4
        if mask.sum() < 16:
            return None
        mask = largest(mask)
        mask = sharpened(image, mask, band=3)
        self.glimpsed = 0
        return mask, placed, float(np.clip(1.0 - rms / (2 * ALIKE), 0.3, 0.95))

    def _glimpse(self, image: np.ndarray, small: np.ndarray, new: np.ndarray, looks: list[Look], ground: Ground) -> tuple[np.ndarray, None, float] | None:
        """What is new and has colours that only the subject has: a part of it that comes in, or a shape that none of its looks has."""
        own = colour_share(looks, self._small(ground.image))
        cells = colour_cells(small)
        seen = (own[cells] > OWN) & new
        seen = cv2.morphologyEx(seen.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
        seen = largest(seen, share=0.5) if seen.any() else seen
        ratio = image.shape[1] / small.shape[1]
        least = max(4.0, SLIVER * looks[0].mask.sum() * self.scale**2 / ratio**2)
        self.glimpsed = self.glimpsed + 1 if seen.sum() >= least else 0
        if self.glimpsed < 2:
            return None
        self.glimpsed = 0
        mask = cv2.resize(seen.astype(np.float32), image.shape[1::-1], interpolation=cv2.INTER_LINEAR) > 0.5
        return sharpened(image, mask, band=max(3, round(1.5 * ratio))), None, 0.5

    def _place(self, small: np.ndarray, new: np.ndarray, look: Look, scale: float) -> tuple[float, np.ndarray] | None:
        """(misfit, (2,) shift of the look's corner) of the place that looks most like it; None when none is like enough."""
        height, width = look.mask.shape
        size = max(3, round(width * scale)), max(3, round(height * scale))
        if size[0] > small.shape[1] * 1.5 or size[1] > small.shape[0] * 1.5:
            return None
        mask = cv2.resize(look.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        lab = cv2.resize(lab_of(look.picture), size, interpolation=cv2.INTER_AREA).astype(np.float32)
        mean = (lab * mask[..., None]).sum((0, 1)) / mask.sum()
        spread = float(np.sqrt((((lab - mean) ** 2).sum(2) * mask).sum() / mask.sum()))
        cost, cover = _masked_difference(small, lab, mask)
        cost = np.where(cover >= LEAST_SEEN * mask.sum(), cost / np.maximum(cover, 1e-6), np.inf)
        # Where the picture is as the empty scene was, nobody came back.
        strange = _correlate(new.astype(np.float32), mask) / np.maximum(cover, 1e-6)
        cost = np.where(strange > 0.5, cost, np.inf)
        at = np.unravel_index(int(np.argmin(cost)), cost.shape)
        rms = float(np.sqrt(max(cost[at], 0.0)))
        if not np.isfinite(rms) or rms > ALIKE + 0.15 * spread:
            return None
        shift = np.array([at[1] - (size[0] - 1), at[0] - (size[1] - 1)], np.float64)
        return rms, shift

    def _small(self, image: np.ndarray) -> np.ndarray:
        return lab_of(cv2.resize(image, self._size(image), interpolation=cv2.INTER_AREA)).astype(np.float32)

    @staticmethod
    def _size(image: np.ndarray) -> tuple[int, int]:
        scale = min(1.0, SIDE / max(image.shape[:2]))
        return max(8, round(image.shape[1] * scale)), max(8, round(image.shape[0] * scale))


def colour_share(looks: list[Look], scene: np.ndarray) -> np.ndarray:
    """(4096,) share of the subject among what has a colour, for each cell of `colour_cells`; both weigh the same over all. scene: (h, w, 3) float32 CIELAB."""
    own, rest = np.full(4096, 1e-9), np.bincount(colour_cells(scene).ravel(), minlength=4096) + 1e-9
    for look in looks:
        own += np.bincount(colour_cells(lab_of(look.picture).astype(np.float32))[look.mask], minlength=4096)
    # Neighbouring cells count, so that noise and light do not tell colours apart.
    own, rest = (cv2.blur(part.reshape(16, 256).astype(np.float32), (1, 3)).ravel() + 0.3 * part.astype(np.float32) for part in (own, rest))
    own, rest = own / own.sum(), rest / rest.sum()
    share: np.ndarray = own / (own + rest + 2e-4)
    return share


def colour_cells(lab: np.ndarray) -> np.ndarray:
    """(h, w) int: one of 4096 cells of CIELAB."""
    steps = [np.clip((lab[..., k] - low) / span * 16, 0, 15).astype(np.int32) for k, (low, span) in enumerate(((0, 256), (64, 128), (64, 128)))]
    cells: np.ndarray = (steps[0] * 16 + steps[1]) * 16 + steps[2]
    return cells


def _masked_difference(picture: np.ndarray, look: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sum of squared differences of a masked look at every place, also partly outside, and the cover that counts there: both (H + h - 1, W + w - 1) (Padfield, 2012)."""
    inside = np.ones(picture.shape[:2], np.float32)
    cost = _correlate(inside, mask * (look**2).sum(2))
    for k in range(3):
        cost += _correlate(picture[..., k], -2.0 * look[..., k] * mask)
    cost += _correlate((picture**2).sum(2), mask)
    return np.maximum(cost, 0.0), np.maximum(_correlate(inside, mask), 0.0)


def _correlate(picture: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Correlation at every place where the kernel touches the picture: (H + h - 1, W + w - 1) float32."""
    shape = picture.shape[0] + kernel.shape[0] - 1, picture.shape[1] + kernel.shape[1] - 1
    padded = _good(shape[0]), _good(shape[1])
    product = np.fft.rfft2(picture, padded) * np.fft.rfft2(kernel[::-1, ::-1], padded)
    out: np.ndarray = np.fft.irfft2(product, padded)[: shape[0], : shape[1]]
    return out


@cache
def _good(length: int) -> int:
    return cv2.getOptimalDFTSize(length)
