"""What a mouth does over time: five curves, how they are taken to frames, and the pace of lips. Where the curves come from is elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.spectra import PACE

NAMES = ("opening", "width", "rounding", "closure", "teeth")

ATTACK, RELEASE = 0.035, 0.075
"""Time constants in seconds in which lips open and come to rest."""


@dataclass(frozen=True)
class MouthCurves:
    """A mouth from frame to frame, each curve (T,) float32; frame k is the moment (k + 0.5) / fps.

    opening: of the jaw, 0 closed, 1 a loud a; width: -1 narrow as in oo, 1 wide as in ee; rounding: lips forward, 0..1; closure: lips pressed together for m, b
    and p, 0..1; teeth: the upper teeth on the lower lip for f and v, 0..1. At rest, and in silence, all are 0: a closed mouth that is not pressed.
    """

    fps: float
    opening: np.ndarray
    width: np.ndarray
    rounding: np.ndarray
    closure: np.ndarray
    teeth: np.ndarray

    def __len__(self) -> int:
        return len(self.opening)

    @property
    def table(self) -> np.ndarray:
        """(T, 5) in the order of `NAMES`."""
        return np.stack([getattr(self, name) for name in NAMES], axis=1)


def to_frames(table: np.ndarray, seconds: float, fps: float) -> MouthCurves:
    """Curves (N, 5) at `PACE`, row k at k / PACE seconds, as curves of round(seconds * fps) frames.

    A closure is the strongest of its frame, so that a p of 50 ms is seen at 12 frames a second, and where lips are pressed the mouth is not open.
    """
    from scipy.ndimage import gaussian_filter1d, maximum_filter1d

    count = round(seconds * fps)
    if not len(table):
        return MouthCurves(fps, *(np.zeros(count, np.float32) for _ in NAMES))
    half = PACE / fps / 2
    soft = gaussian_filter1d(table, half / 2, axis=0, mode="nearest")
    soft[:, 3:] = maximum_filter1d(table[:, 3:], 2 * int(half) + 1, axis=0, mode="nearest")
    moments = (np.arange(count) + 0.5) / fps * PACE
    at = np.stack([np.interp(moments, np.arange(len(table)), soft[:, k]) for k in range(len(NAMES))], axis=1)
    at[:, 0] *= (1 - at[:, 3]) * (1 - 0.75 * at[:, 4])
    low = np.array([0, -1, 0, 0, 0])
    at = np.clip(at, low, 1).astype(np.float32)
    return MouthCurves(fps, *(np.ascontiguousarray(at[:, k]) for k in range(len(NAMES))))


def follow(curve: np.ndarray, attack: float = ATTACK, release: float = RELEASE) -> np.ndarray:
    """A curve (T,) at `PACE` as lips follow it: quick to open, slow to close, and a little ahead of the sound, so that nothing is late on the whole."""
    up, down = (1 - np.exp(-1 / (PACE * seconds)) for seconds in (attack, release))
    out = np.empty(len(curve), np.float32)
    at = 0.0
    for k, aim in enumerate(curve.tolist()):
        at += (up if aim > at else down) * (aim - at)
        out[k] = at
    # Lips start before they are heard: half of the delay of both constants is taken back.
    ahead = round(PACE * (attack + release) / 2 * 0.8)
    return np.concatenate([out[ahead:], np.repeat(out[-1:], min(ahead, len(out)))])[: len(curve)]
