"""The sections of a song: where what is heard before differs from what comes after (Foote, 2000), on downbeats, and which of them are alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FEWEST, MOST = 3, 12
"""Sections of a song of at least `SONG` seconds."""

SONG = 50.0
SHORTEST = 7.0
"""Seconds of a section."""

REACH = 14.0
"""Seconds before and after an edge that are compared."""

CLEAR = 0.35
"""Of the greatest novelty: what is below it is no edge, unless there would be too few."""

ALIKE = 0.68
"""Distance, in spreads of a bar's features, under which two sections have one letter."""


@dataclass(frozen=True)
class Section:
    """A part of a song from start to end in seconds; sections with the same label (A, B, ...) sound alike."""

    start: float
    end: float
    label: str


def find_sections(edges: np.ndarray, seconds: float, chroma: np.ndarray, timbre: np.ndarray, pace: float) -> tuple[Section, ...]:
    """The sections of a song of so many seconds, from 0 to its end. edges: (D,) moments at which one may start, downbeats or beats; chroma (C, 12), timbre (C, K) at `pace`."""
    moments = _moments(edges, seconds)
    if len(moments) < 4:
        return (Section(0.0, seconds, "A"),) if seconds > 0 else ()
    table = _features(moments, seconds, chroma, timbre, pace)
    novelty = _novelty(table, moments)
    chosen = [0, *_edges(novelty, moments, seconds), len(moments)]
    bounds = [0.0, *(float(moments[k]) for k in chosen[1:-1]), seconds]
    labels = _labels([table[max(a, 0) : b] for a, b in zip(chosen, chosen[1:], strict=False)])
    return tuple(Section(a, b, label) for a, b, label in zip(bounds, bounds[1:], labels, strict=False))


def _moments(edges: np.ndarray, seconds: float) -> np.ndarray:
    """The possible starts, the first at 0; where there are none for long, every two seconds."""
    given = np.concatenate([[0.0], edges[(edges > 0.5) & (edges < seconds - 0.5)], [seconds]])
    out: list[float] = []
    for a, b in zip(given, given[1:], strict=False):
        out.extend(np.linspace(a, b, max(1, round((b - a) / 2)), endpoint=False) if b - a > 5 else [a])
    return np.array(out)


def _features(moments: np.ndarray, seconds: float, chroma: np.ndarray, timbre: np.ndarray, pace: float) -> np.ndarray:
    """(M, F): mean harmony, timbre, its bustle, and level between one moment and the next, each kind with a spread of about 1."""
    bounds = np.clip(np.round(np.append(moments, seconds) * pace).astype(int), 0, len(chroma))
    rows = []
    for a, b in zip(bounds, bounds[1:], strict=False):
        a = min(a, len(chroma) - 1)
        part = slice(a, max(b, a + 1))
        harmony = chroma[part].mean(axis=0)
        rows.append(np.concatenate([harmony / (harmony.sum() + 1e-3), timbre[part].mean(axis=0), timbre[part].std(axis=0)]))
    table = np.array(rows)
    width = timbre.shape[1]
    kinds = ((slice(0, 12), 0.7), (slice(12, 12 + width), 1.0), (slice(12 + width, 12 + 2 * width), 0.5))
    for kind, weight in kinds:
        centred = table[:, kind] - table[:, kind].mean(axis=0)
        table[:, kind] = weight * centred / (np.sqrt((centred**2).sum(axis=1).mean()) + 1e-6)
    return table


def _novelty(table: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """(M,) for each moment: how alike what is near is on the same side, less how alike it is across, under a checkerboard that fades over `REACH` seconds."""
    squares = ((table[:, None] - table[None]) ** 2).sum(axis=2)
    alike = np.exp(-squares / (0.5 * np.median(squares) + 1e-9))
    out = np.zeros(len(moments))
    middles = moments + 0.5 * np.diff(np.append(moments, moments[-1] + np.median(np.diff(moments))))
    for k in range(1, len(moments)):
        near = np.flatnonzero(np.abs(middles - moments[k]) < REACH)
        if not ((near < k).any() and (near >= k).any()):
            continue
        fade = np.exp(-0.5 * ((middles[near] - moments[k]) / (0.45 * REACH)) ** 2)
        sides = np.where(near < k, -1.0, 1.0)
        weights = np.outer(fade, fade)
        signs = np.outer(sides, sides)
        block = alike[np.ix_(near, near)]
        same, across = weights * (signs > 0), weights * (signs < 0)
        out[k] = (block * same).sum() / same.sum() - (block * across).sum() / across.sum()
    return np.maximum(out, 0)


def _edges(novelty: np.ndarray, moments: np.ndarray, seconds: float) -> list[int]:
    """Numbers of the moments at which sections start, without the first: the clearest ones, no two nearer than `SHORTEST`."""
    fewest = FEWEST if seconds >= SONG else 1
    apart = min(SHORTEST, seconds / 4)
    chosen: list[int] = []
    for k in np.argsort(-novelty, kind="stable"):
        enough = len(chosen) + 1 >= fewest
        if len(chosen) + 1 >= MOST or novelty[k] <= 0.02 or (enough and novelty[k] < CLEAR * novelty.max()):
            break
        ends = [0.0, seconds, *(moments[j] for j in chosen)]
        peak = novelty[k] >= novelty[max(0, k - 1) : k + 2].max() - 1e-12
        if peak and min(abs(moments[k] - end) for end in ends) >= apart:
            chosen.append(int(k))
    return sorted(chosen)


def _labels(parts: list[np.ndarray]) -> list[str]:
    """A letter for each part: the letter of the part before that it is nearest to, when near enough, else a new one."""
    means: list[np.ndarray] = []
    labels: list[str] = []
    for part in parts:
        mean = part.mean(axis=0)
        away = [float(np.linalg.norm(mean - other)) for other in means]
        if away and min(away) < ALIKE:
            labels.append(chr(ord("A") + int(np.argmin(away))))
        else:
            labels.append(chr(ord("A") + len(means)))
            means.append(mean)
    return labels
