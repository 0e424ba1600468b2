"""Light: compositing in linear light, and a new subject brought into the light, the grain and the sharpness of the place where it is put."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from engine.media.srgb import from_light, to_light

_STEPS = 1 << 16


@cache
def _to_table() -> np.ndarray:
    return to_light(np.arange(256, dtype=np.float64) / 255.0).astype(np.float32)


@cache
def _from_table() -> np.ndarray:
    return np.clip(np.rint(255.0 * from_light(np.arange(_STEPS, dtype=np.float64) / (_STEPS - 1))), 0, 255).astype(np.uint8)


def linear(picture: np.ndarray) -> np.ndarray:
    """Linear light 0..1, float32, of sRGB uint8 of any shape."""
    return _to_table()[picture]


def encoded(light: np.ndarray) -> np.ndarray:
    """sRGB uint8 of linear light of any shape; what lies outside 0..1 is cut off. `encoded(linear(x))` is x."""
    return _from_table()[(np.clip(light, 0.0, 1.0) * (_STEPS - 1) + 0.5).astype(np.uint16)]


def over(frame: np.ndarray, light: np.ndarray, alpha: np.ndarray, window: tuple[slice, slice]) -> None:
    """Lay a subject over `frame` (H, W, 3) uint8, in place and in linear light. Where alpha is 0 not one bit changes.

    light: (h, w, 3) float32 colours in linear light, not multiplied by alpha; alpha: (h, w) float32; window: their place in the frame.
    """
    there = alpha > 0.0
    if not there.any():
        return
    part = frame[window]
    share = alpha[there][:, None]
    below = linear(part[there])
    part[there] = encoded(below + (light[there] - below) * share)


class Sheet:
    """Subjects laid over nothing, for a clip with transparency. size: (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._light = np.zeros((size[1], size[0], 3), np.float32)  # multiplied by alpha
        self._alpha = np.zeros((size[1], size[0], 1), np.float32)

    def lay(self, light: np.ndarray, alpha: np.ndarray, window: tuple[slice, slice]) -> None:
        """One subject over those that are there; as for `over`."""
        share = alpha[..., None]
        self._light[window] = light * share + self._light[window] * (1.0 - share)
        self._alpha[window] = share + self._alpha[window] * (1.0 - share)

    def straight(self) -> np.ndarray:
        """(H, W, 4) uint8 sRGB with straight alpha; the colour is 0 where alpha is."""
        out = np.zeros((*self._alpha.shape[:2], 4), np.uint8)
        out[..., 3] = np.rint(255.0 * np.clip(self._alpha[..., 0], 0.0, 1.0))
        there = out[..., 3] > 0
        out[..., :3][there] = encoded(self._light[there] / self._alpha[there])
        return out


def mean_light(picture: np.ndarray, where: np.ndarray, *, most: int = 20000) -> np.ndarray | None:
    """(3,) mean linear light of the places `where` (H, W) bool, the brightest and darkest twentieths left out; None when there are hardly any."""
    values = picture[where]
    if len(values) < 24:
        return None
    values = linear(values[:: max(1, len(values) // most)])
    brightness = values.sum(axis=1)
    low, high = np.quantile(brightness, (0.05, 0.95))
    return values[(brightness >= low) & (brightness <= high)].mean(axis=0)


def gains(wanted: np.ndarray, given: np.ndarray, strength: float, *, colour: float = 0.6, exposure: float = 0.6, most: float = 2.0) -> np.ndarray:
    """(3,) factors of linear light that bring a thing from a place lit like `given` to one lit like `wanted`, both (3,) mean light.

    The grey-world estimate (Buchsbaum, 1980) says only so much: of the difference in colour the share `colour` is taken, of that in brightness `exposure`,
    each within 1/most..most.
    """
    ratio = np.log(np.maximum(wanted, 1e-3) / np.maximum(given, 1e-3))
    grey = float(ratio @ np.array([0.2126, 0.7152, 0.0722]))
    step = strength * (exposure * np.clip(grey, -1.5, 1.5) + colour * np.clip(ratio - grey, -0.5, 0.5))
    return np.exp(np.clip(step, -np.log(most), np.log(most))).astype(np.float32)


def slope(picture: np.ndarray, where: np.ndarray, *, most: int = 4000) -> np.ndarray | None:
    """(2,) by which the log of light changes from the middle of `where` (H, W) bool to its right and its lower end; None when too little is seen.

    What is lighter by its own colour is no shading: light changes luminance and leaves chromaticity (as Retinex takes it; Land and McCann, 1971), so the change is measured
    within groups of one chromaticity only, and as far as light and its place go together there.
    """
    ys, xs = np.nonzero(where)
    if len(xs) < 60:
        return None
    pick = slice(None, None, max(1, len(xs) // most))
    values = linear(picture[ys[pick], xs[pick]]) + 2e-3
    u = np.stack([2.0 * (xs[pick] - xs.min()) / max(1, np.ptp(xs)) - 1.0, 2.0 * (ys[pick] - ys.min()) / max(1, np.ptp(ys)) - 1.0], axis=1)
    logs = np.log(values @ np.array([0.2126, 0.7152, 0.0722], np.float32))
    chroma = values / values.sum(axis=1, keepdims=True)
    group = np.rint(12 * chroma[:, 0]).astype(int) * 100 + np.rint(12 * chroma[:, 2]).astype(int)
    left, places, weight = logs.copy(), u.copy(), np.zeros(len(logs))
    for one in np.unique(group):
        here = group == one
        if here.sum() >= 30:
            low, middle, high = np.quantile(logs[here], (0.05, 0.5, 0.95))
            left[here] = np.clip(logs[here], low, high) - middle
            places[here] -= u[here].mean(axis=0)
            weight[here] = 1.0
    if weight.sum() < 0.3 * len(logs):
        return None
    a, b = places[weight > 0], left[weight > 0]
    # Drawn towards no slope where a group spans little of the subject.
    found: np.ndarray = np.linalg.solve(a.T @ a + 0.08 * len(a) * np.eye(2), a.T @ b)
    return found


def ramp(slope: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """(h, w, 1) float32 factors of light of that `slope` across what is seen in `alpha` (h, w); 1 at its middle."""
    there = alpha > 0.5
    rows, columns = np.flatnonzero(there.any(axis=1)), np.flatnonzero(there.any(axis=0))
    if not rows.size:
        return np.ones((*alpha.shape, 1), np.float32)
    y, x = np.arange(alpha.shape[0], dtype=np.float32), np.arange(alpha.shape[1], dtype=np.float32)
    u = np.clip(2.0 * (x - columns[0]) / max(1, columns[-1] - columns[0]) - 1.0, -1.0, 1.0)
    v = np.clip(2.0 * (y - rows[0]) / max(1, rows[-1] - rows[0]) - 1.0, -1.0, 1.0)
    return np.exp(slope[0] * u[None, :] + slope[1] * v[:, None]).astype(np.float32)[..., None]


def colourfulness(light: np.ndarray) -> float:
    """How strong the strongest colours are among linear light (N, 3): the 95th percentile of (max - min) / max, leaving out what is nearly black. 0 for greys, 1 for pure colours."""
    most = light.max(axis=1)
    seen = most > 0.02
    return float(np.quantile((most - light.min(axis=1))[seen] / most[seen], 0.95)) if seen.sum() > 20 else 0.0


def paled(light: np.ndarray, keep: float) -> np.ndarray:
    """Linear light (..., 3) with the share `keep` of its colour, at the same luminance."""
    grey = (light @ np.array([0.2126, 0.7152, 0.0722], np.float32))[..., None]
    return grey + keep * (light - grey)


def grain_of(picture: np.ndarray) -> float:
    """Standard deviation of the picture's grain in levels of 255: the median of what a 3x3 Laplacian pair sees in quiet places (Immerkaer, 1996, made robust)."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    seen = np.abs(cv2.filter2D(grey, cv2.CV_32F, kernel)) / 6.0
    # Clipped places hold no grain, and paper-flat ones (a drawing) hold none on purpose: they are measured as what they are.
    quiet = (grey > 8) & (grey < 247)
    return 0.0 if quiet.sum() < 100 else float(np.quantile(seen[quiet], 0.35)) / 0.4538


def grain(shape: tuple[int, int], strength: float, seed: int) -> np.ndarray:
    """(H, W, 1) float32 grain of a standard deviation of `strength` levels, a little coarser than a pixel, the same for the same seed."""
    noise = np.random.default_rng(seed).standard_normal(shape, dtype=np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return (strength / max(float(soft.std()), 1e-6) * soft)[..., None]


def sharpness(picture: np.ndarray, where: np.ndarray) -> float:
    """How much of the detail of (H, W, 3) uint8 within `where` (H, W) bool is fine: energy below about 1.4 pixels beside that below about 4, 0..1."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    first, second = cv2.GaussianBlur(grey, (0, 0), 0.9), cv2.GaussianBlur(grey, (0, 0), 2.4)
    fine, coarse = (grey - first)[where], (first - second)[where]
    return float(np.sqrt((fine**2).mean() / max(float((fine**2).mean() + (coarse**2).mean()), 1e-6))) if fine.size > 50 else 0.5


def softening(picture: np.ndarray, where: np.ndarray, wanted: float) -> float:
    """Gaussian sigma in pixels, 0..2, after which `picture` within `where` is no finer than `wanted` (see `sharpness`); it is never made sharper."""
    best = 0.0
    for sigma in (0.0, 0.35, 0.5, 0.65, 0.8, 1.0, 1.25, 1.6, 2.0):
        best = sigma
        if sharpness(picture if sigma == 0.0 else cv2.GaussianBlur(picture, (0, 0), sigma), where) <= 1.06 * wanted:
            break
    return best
