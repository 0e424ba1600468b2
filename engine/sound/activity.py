"""Where in a recording somebody speaks, and the windows in which it is heard. No words here, and no net: a voice's vowels repeat themselves, and what is near them belongs to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.envelope import SILENCE, SPEECH, loudness
from engine.sound.laughter import periodicity
from engine.sound.spectra import PACE, RATE, band, banded, decibels

RANGE = 40.0
"""dB below the recording's loudest moment under which nobody speaks to it."""

VOICED = 0.55
"""Periodicity of a vowel, from 0 to 1; noise of any colour is below it once its low end is gone."""

LOW_END = 250.0
"""Hz: hum, rumble and the low part of coloured noise lie below. A voice repeats itself by its harmonics above it, too."""

EVERY = 2
"""Of so many moments one is asked."""

VOWEL = 0.06
"""Seconds that a vowel lasts at least, and over which it may be unsure."""

MARGIN = 0.25
"""Seconds around vowels that belong to speech: consonants, and soft beginnings and endings. Vowels nearer than twice as much are one span."""

APART = 2.0
"""Seconds of silence that are not put into one window with speech: a recogniser makes words of them."""


@dataclass(frozen=True)
class Span:
    """A piece of a recording, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        """Length."""
        return self.end - self.start


def speech_spans(heard: np.ndarray) -> list[Span]:
    """Spans of samples (N,) float32 mono at `RATE` in which there is a voice, in order, apart from each other. The level does not matter. Silence, noise, clicks and hum have none, nor has
    whispering, which has no vowels that repeat themselves; singing and most music have."""
    from scipy.signal import butter, sosfiltfilt

    level = decibels(banded(heard, band(*SPEECH))[:, 0])
    if len(level) < PACE // 10:
        return []
    places = np.arange(0, len(level), EVERY)
    places = places[level[places] > max(SILENCE, level.max() - RANGE)]
    if not len(places):
        return []
    clear = sosfiltfilt(butter(4, LOW_END, "highpass", fs=RATE, output="sos"), heard).astype(np.float32)
    voiced = np.zeros(len(level), bool)
    for place in places[periodicity(clear, places) > VOICED]:
        voiced[place : place + EVERY] = True
    seconds = len(level) / PACE
    out: list[Span] = []
    for first, last in _runs(voiced, round(VOWEL * PACE)):
        if last - first < VOWEL * PACE:
            continue
        start, end = max(0.0, first / PACE - MARGIN), min(seconds, last / PACE + MARGIN)
        if out and start <= out[-1].end:
            out[-1] = Span(out[-1].start, end)
        else:
            out.append(Span(start, end))
    return out


def windows(spans: list[Span], heard: np.ndarray, longest: float) -> list[Span]:
    """What is heard at once: as many spans of `speech_spans` as fit into `longest` seconds, none over a silence of more than `APART`; a longer span is cut where it is quietest.

    So no word is cut in two and silence is left out: "VAD Cut & Merge" of Bain et al. 2023 (WhisperX), by which a recogniser repeats and invents less.
    """
    level = loudness(heard)
    out: list[Span] = []
    for span in spans:
        for piece in _cut(span, level, longest):
            if out and piece.end - out[-1].start <= longest and piece.start - out[-1].end <= APART:
                out[-1] = Span(out[-1].start, piece.end)
            else:
                out.append(piece)
    return out


def _cut(span: Span, level: np.ndarray, longest: float) -> list[Span]:
    """The span in pieces of at most so many seconds."""
    pieces = []
    while span.seconds > longest:
        # The latter half of what fits, so that no piece is short without need.
        first, last = round((span.start + longest / 2) * PACE), round((span.start + longest) * PACE)
        at = (first + int(np.argmin(level[first:last]))) / PACE
        pieces.append(Span(span.start, at))
        span = Span(at, span.end)
    return [*pieces, span]


def _runs(on: np.ndarray, gap: int) -> list[tuple[int, int]]:
    """First and one after last of the runs of true values; those with at most `gap` false ones between are one."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    out: list[tuple[int, int]] = []
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if out and first - out[-1][1] <= gap:
            out[-1] = (out[-1][0], last)
        else:
            out.append((first, last))
    return out
