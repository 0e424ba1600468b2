"""Beats put right by hand: another tempo, a shift, taps, single beats, where bars start. Pure: a corrected grid is a new one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.sound.music.beats import smoothest, usual_tempo
from engine.sound.music.correction import Correction

if TYPE_CHECKING:
    from engine.sound.music.grid import BeatGrid
    from engine.sound.music.sections import Section

FEWEST_TAPS = 4

TWICE = 0.35
"""Of the usual time between taps: a tap that comes sooner was one that bounced."""

AGREE = 0.14
"""Of a period: as far as taps may lie from beats that were heard, on the median, to mean these."""

UNEVEN = 0.045
"""Seconds by which taps stray from an even pulse, on the median, before they are taken to follow a tempo that changes."""

HEARD_AS = (1.0, 2.0, 0.5, 1.5, 2 / 3, 3.0, 1 / 3, 4.0, 0.25, 0.75, 4 / 3)
"""Tempi, relative to the heard one, that taps may mean."""


def corrected(grid: BeatGrid, corrections: Correction) -> BeatGrid:
    """The grid put right; the same one when there is nothing to correct. Sections move to the downbeats they are nearest to."""
    if corrections == Correction():
        return grid
    meter = corrections.meter or grid.meter
    beats, first = grid.beats, int(np.argmin(np.abs(grid.beats - grid.downbeats[0]))) if len(grid.downbeats) else 0
    confidence = grid.confidence
    if corrections.factor != 1:
        beats, first = at_other_tempo(beats, corrections.factor, first)
    beats = beats + corrections.nudge
    start = float(beats[first]) if len(beats) else 0.0
    if len(corrections.taps) >= FEWEST_TAPS:
        beats = through_taps(np.array(corrections.taps), beats, grid.seconds)
        first = int(np.argmin(np.abs(beats - start))) if len(grid.beats) else 0
        confidence = 1.0
    # Before the bars are counted: what lies outside of the song is no beat.
    inside = (beats >= 0) & (beats < grid.seconds)
    first -= int(np.flatnonzero(inside)[0]) if inside.any() else 0
    beats = _moved(beats[inside], corrections.moved)
    if corrections.downbeat is not None and len(beats):
        first = int(np.argmin(np.abs(beats - corrections.downbeat)))
    downbeats = beats[first % meter :: meter]
    tempo = usual_tempo(beats) if corrections.factor != 1 or corrections.taps or corrections.moved else grid.tempo
    return replace(grid, tempo=tempo, beats=beats, downbeats=downbeats, meter=meter, confidence=confidence, sections=_on_downbeats(grid, downbeats))


def at_other_tempo(beats: np.ndarray, factor: float, keep: int) -> tuple[np.ndarray, int]:
    """(beats with `factor` as many a minute, the number of the beat that was number `keep`): between the old ones, or some of them, and that one stays."""
    if len(beats) < 2:
        return beats, keep
    step = 1 / factor
    places = np.arange(keep - np.floor(keep / step + 1e-6) * step, len(beats) - 1 + 1e-6, step)
    # The last beat of a faster grid may lie up to a period behind the last old one.
    behind = np.arange(places[-1] + step, len(beats) - 1e-6, step) if len(places) and factor > 1 else np.zeros(0)
    found = np.interp(places, np.arange(len(beats)), beats)
    more = beats[-1] + (behind - (len(beats) - 1)) * (beats[-1] - beats[-2])
    return np.concatenate([found, more]), int(round((keep - places[0]) / step)) if len(places) else 0


def through_taps(taps: np.ndarray, heard: np.ndarray, seconds: float) -> np.ndarray:
    """Beats (B,) over `seconds` of a song through moments (T,) that were tapped, T >= 4.

    Where heard beats, or every other one, or some between them, lie where was tapped, they are taken: the ear is more exact than the finger. Else an even pulse
    through the taps (the median of slopes: Theil, 1950, and Sen, 1968), or the taps themselves where they follow a tempo that changes.
    """
    taps, numbers = numbered(taps)
    if len(taps) < 2:
        return heard
    period = _slope(numbers, taps)
    known = _meant(taps, period, heard)
    if known is not None:
        return known
    offset = float(np.median(taps - period * numbers))
    if np.median(np.abs(taps - offset - period * numbers)) > UNEVEN:
        weights = np.zeros(int(numbers[-1]) + 1)
        values = np.interp(np.arange(len(weights)), numbers, taps)
        weights[numbers] = 1.0
        own = smoothest(values, weights, np.full(len(weights) - 2, 0.5)) if len(weights) > 2 else values
    else:
        own = offset + period * np.arange(int(numbers[-1]) + 1)
    ahead, behind = float(own[1] - own[0]), float(own[-1] - own[-2])
    before = own[0] - ahead * np.arange(int(max(own[0], 0) / ahead), 0, -1)
    after = own[-1] + behind * np.arange(1, int(max(seconds - own[-1], 0) / behind) + 1)
    return np.concatenate([before, own, after])


def numbered(taps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(taps in order, without those that bounced; the number of the beat of each, the first 0): a tap left out leaves out its number."""
    taps = np.sort(np.asarray(taps, float))
    usual = float(np.median(np.diff(taps)))
    kept = [float(taps[0])]
    for tap in taps[1:].tolist():
        if tap - kept[-1] > TWICE * usual:
            kept.append(tap)
    steps = np.diff(kept)
    usual = float(np.median(steps)) if len(steps) else 1.0
    numbers = np.concatenate([[0], np.cumsum(np.maximum(1, np.round(steps / usual)))]).astype(int)
    return np.array(kept), numbers


def _slope(numbers: np.ndarray, taps: np.ndarray) -> float:
    a, b = np.triu_indices(len(taps), 1) if len(taps) <= 200 else (np.arange(len(taps) - 50), np.arange(50, len(taps)))
    return float(np.median((taps[b] - taps[a]) / (numbers[b] - numbers[a])))


def _meant(taps: np.ndarray, period: float, heard: np.ndarray) -> np.ndarray | None:
    """The heard beats, at the tempo and on the side that were tapped; None when they do not fit."""
    best: tuple[float, np.ndarray] | None = None
    for factor in HEARD_AS if len(heard) > 4 else ():
        for keep in range(max(1, round(1 / factor))):
            for half in (False, True):
                beats, _ = at_other_tempo(heard, factor, keep)
                beats = (beats[1:] + beats[:-1]) / 2 if half else beats
                near = beats[(beats > taps[0] - period) & (beats < taps[-1] + period)]
                if len(near) < 3 or abs(np.log(np.median(np.diff(near)) / period)) > 0.06:
                    continue
                away = float(np.median(np.min(np.abs(near[None] - taps[:, None]), axis=1))) / period
                if away < AGREE and (best is None or away < best[0]):
                    best = away, beats
    return best[1] if best else None


def _moved(beats: np.ndarray, moved: tuple[tuple[float, float], ...]) -> np.ndarray:
    out = np.array(beats, float)
    for origin, goal in moved:
        if len(out):
            out[int(np.argmin(np.abs(out - origin)))] = goal
    return np.sort(out)


def _on_downbeats(grid: BeatGrid, downbeats: np.ndarray) -> tuple[Section, ...]:
    """The sections with every inner edge on the nearest downbeat; those that get too short for that stay where they are."""
    if len(downbeats) < 2 or len(grid.sections) < 2:
        return grid.sections
    edges = [one.start for one in grid.sections] + [grid.seconds]
    bar = float(np.median(np.diff(downbeats)))
    for k in range(1, len(edges) - 1):
        near = float(downbeats[np.argmin(np.abs(downbeats - edges[k]))])
        if abs(near - edges[k]) <= bar and edges[k - 1] < near < edges[k + 1]:
            edges[k] = near
    return tuple(replace(one, start=a, end=b) for one, a, b in zip(grid.sections, edges, edges[1:], strict=False))
