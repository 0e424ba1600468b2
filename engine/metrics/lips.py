"""Lip meters: whether the mouth of a finished talking head follows its voice, measured by running the face mesh on the result."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.vision.faces.mesh import Face, Mesher
from engine.vision.faces.topology import INNER_BOTTOM, INNER_TOP

FURTHEST = 0.4
"""Seconds by which lips and voice are shifted against each other in search of the best fit."""


def opening(face: Face) -> float:
    """How far the inner lips are apart, in widths between the outer eye corners."""
    size = float(np.linalg.norm(face.points[263] - face.points[33]))
    return float(np.linalg.norm(face.flat[INNER_BOTTOM] - face.flat[INNER_TOP])) / max(size, 1e-6)


@dataclass
class LipMeter:
    """Feed the frames of a result in order; `face` is where the face was in the first one."""

    mesher: Mesher
    face: Face
    openings: list[float] = field(default_factory=list)

    def feed(self, frame: np.ndarray, near: Face | None = None) -> None:
        """Measure one frame (H, W, 3) uint8; near: where the face is known to be, for clips with a moving head. A frame without a face repeats the last opening."""
        face = self.mesher.again(frame, near or self.face)
        if face is not None:
            self.face = face
            self.openings.append(opening(face))
        else:
            self.openings.append(self.openings[-1] if self.openings else 0.0)


def correlation(openings: np.ndarray, energy: np.ndarray) -> float:
    """Pearson correlation of two curves (T,); 0 when one of them does not vary."""
    a, b = np.asarray(openings, float) - np.mean(openings), np.asarray(energy, float) - np.mean(energy)
    size = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / size) if size > 1e-9 else 0.0


def offset(openings: np.ndarray, energy: np.ndarray, fps: float) -> float:
    """Seconds by which the lips come after the voice, at the best correlation, to a part of a frame (a parabola through the peak)."""
    reach = min(int(FURTHEST * fps), len(energy) // 3)
    if reach < 1:
        return 0.0
    scores = []
    for lag in range(-reach, reach + 1):
        lips, voice = (openings[lag:], energy[: len(energy) - lag]) if lag >= 0 else (openings[:lag], energy[-lag:])
        scores.append(correlation(lips, voice))
    best = int(np.argmax(scores))
    part = 0.0
    if 0 < best < len(scores) - 1:
        left, middle, right = scores[best - 1 : best + 2]
        bend = left - 2 * middle + right
        part = 0.5 * (left - right) / bend if bend < -1e-9 else 0.0
    return (best - reach + part) / fps


def peaks(openings: np.ndarray, fps: float, *, fastest: float = 8.0) -> np.ndarray:
    """Seconds of the mouth's opening peaks: at least a fifth of the range above their surroundings and 1 / fastest apart."""
    from scipy.signal import find_peaks

    curve = np.asarray(openings, float)
    span = float(np.ptp(curve))
    if span < 1e-3:
        return np.zeros(0)
    found, _ = find_peaks(curve, prominence=0.2 * span, distance=max(1, round(fps / fastest)))
    return (found + 0.5) / fps
