"""Beat meter: whether what is seen changes when the music beats."""

from __future__ import annotations

import numpy as np


def changes(frames: list[np.ndarray]) -> np.ndarray:
    """(F,) mean change of a pixel against the frame before, of small frames (h, w, 3) uint8; the first is 0."""
    out = [0.0] + [float(np.abs(b.astype(np.int16) - a).mean()) for a, b in zip(frames, frames[1:], strict=False)]
    return np.array(out)


def change_peaks(change: np.ndarray) -> np.ndarray:
    """Frames at which the change is greater than around it and than usual."""
    if len(change) < 3:
        return np.zeros(0, int)
    padded = np.pad(change, 2, mode="edge")
    around = np.stack([padded[k : k + len(change)] for k in (0, 1, 3, 4)])
    high = (change >= around.max(axis=0)) & (change > np.median(change) + 0.25 * np.std(change)) & (change > 1e-6)
    return np.flatnonzero(high)


def hit_share(change: np.ndarray, beats: np.ndarray, fps: float, *, within: int = 1) -> float:
    """Share of beats (seconds) that a peak of change hits within so many frames. Frame k is on show from k / fps on, and differs from the one before at that moment."""
    inside = beats[(beats >= 0) & (beats * fps < len(change))]
    found = change_peaks(change)
    if not len(inside) or not len(found):
        return 0.0
    return float(np.mean([np.abs(found - beat * fps).min() <= within + 0.5 for beat in inside]))


def shuffled_share(change: np.ndarray, beats: np.ndarray, fps: float, *, rounds: int = 20) -> float:
    """The same share for beats at random moments, as many of them: what chance gives."""
    rng = np.random.default_rng(0)
    return float(np.mean([hit_share(change, np.sort(rng.uniform(0, len(change) / fps, len(beats))), fps) for _ in range(rounds)])) if len(beats) else 0.0
