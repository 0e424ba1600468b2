"""Small songs made by code, with every beat, downbeat and section known: drums, bass, piano, plucks and pads over patterns of many kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

RATE = 22_050

CHORDS = ((0, 4, 7), (9, 12, 16), (5, 9, 12), (7, 11, 14))
"""I vi IV V in semitones above the key's root: a change of harmony with every bar."""


@dataclass(frozen=True)
class Song:
    """A song with its truth. samples: (N,) float32 at `rate`; beats, downbeats, edges (of sections) in seconds; tempo in beats a minute; meter: beats in a bar."""

    samples: np.ndarray
    rate: int
    tempo: float
    beats: np.ndarray
    downbeats: np.ndarray
    meter: int
    edges: tuple[float, ...] = ()


@dataclass
class Score:
    """Sounds placed in time and mixed at the end: places in seconds, rendered to the sample."""

    seconds: float
    rate: int = RATE
    placed: list[tuple[float, np.ndarray]] = field(default_factory=list)

    def add(self, at: float, sound: np.ndarray, gain: float = 1.0) -> None:
        if 0 <= at < self.seconds:
            self.placed.append((at, sound * gain))

    def mixed(self, noise: float = 0.0, seed: int = 1) -> np.ndarray:
        out = np.random.default_rng(seed).normal(0, noise, round(self.seconds * self.rate)) if noise else np.zeros(round(self.seconds * self.rate))
        for at, sound in self.placed:
            start = round(at * self.rate)
            stop = min(len(out), start + len(sound))
            out[start:stop] += sound[: stop - start]
        return (out / max(1.0, np.abs(out).max()) * 0.9).astype(np.float32)


def _moments(seconds: float, rate: int) -> np.ndarray:
    return np.arange(round(seconds * rate)) / rate


@lru_cache(512)
def click(rate: int = RATE) -> np.ndarray:
    """A burst of 1 kHz that begins at once and is gone after 30 ms."""
    t = _moments(0.03, rate)
    return 0.6 * np.cos(2 * np.pi * 1000 * t) * np.exp(-t * 150)


@lru_cache(512)
def kick(rate: int = RATE) -> np.ndarray:
    t = _moments(0.28, rate)
    return 0.9 * np.sin(2 * np.pi * (48 * t + 5.2 * (1 - np.exp(-t * 30)))) * np.exp(-t * 14) + 0.1 * np.exp(-t * 900)


@lru_cache(512)
def snare(rate: int = RATE, seed: int = 2) -> np.ndarray:
    t = _moments(0.2, rate)
    hiss = np.random.default_rng(seed).normal(0, 1, len(t))
    return 0.28 * hiss * np.exp(-t * 22) + 0.3 * np.sin(2 * np.pi * 185 * t) * np.exp(-t * 28)


@lru_cache(512)
def hat(rate: int = RATE, seconds: float = 0.05, seed: int = 3) -> np.ndarray:
    t = _moments(seconds * 2, rate)
    hiss = np.diff(np.random.default_rng(seed).normal(0, 1, len(t) + 2), 2)
    return 0.09 * hiss * np.exp(-t * 2.2 / seconds)


@lru_cache(512)
def note(pitch: float, seconds: float = 0.6, rate: int = RATE, attack: float = 0.004, decay: float = 4.0, bright: float = 0.6) -> np.ndarray:
    """A tone with falling harmonics. pitch: MIDI number; attack in seconds; decay per second; bright: how much each harmonic keeps of the one below."""
    t = _moments(seconds, rate)
    hz = 440 * 2 ** ((pitch - 69) / 12)
    tone = sum(bright**k * np.sin(2 * np.pi * hz * (k + 1) * t + k) * np.exp(-t * decay * (1 + 0.4 * k)) for k in range(8) if hz * (k + 1) < rate * 0.45)
    edge = np.minimum(1, (t + 1e-4) / attack) * np.clip((seconds - t) / 0.03, 0, 1)
    return 0.22 * tone * edge


def clicks(bpm: float, rate: int = RATE, seconds: float = 20.0, lead: float = 1.0, change: float | None = None, noise: float = 0.0, seed: int = 1) -> Song:
    """A click on every beat after `lead` seconds of silence; change: another tempo from the middle on. noise: its standard deviation."""
    beats, at = [], lead
    while at < lead + seconds:
        beats.append(at)
        at += 60 / (change if change and at >= lead + seconds / 2 else bpm)
    score = Score(lead + seconds + 0.5, rate)
    for beat in beats:
        score.add(beat, click(rate))
    return Song(score.mixed(noise, seed), rate, bpm, np.array([round(b * rate) / rate for b in beats]), np.array(beats[::4]), 4)


Bar = Callable[[Score, "Clock", int], None]


@dataclass(frozen=True)
class Clock:
    """Where a bar lies. beats: the moments of its beats and of the next bar's first, in seconds; chord: three MIDI numbers around middle C; swing: 0.5 even, 0.66 triplets."""

    beats: np.ndarray
    chord: tuple[int, ...]
    swing: float = 0.5
    human: np.random.Generator | None = None

    def at(self, position: float) -> float:
        """Seconds of a position in beats; off-beat eighths swing."""
        whole, rest = int(position), position % 1
        bent = rest * 2 * self.swing if rest <= 0.5 else self.swing + (rest - 0.5) * 2 * (1 - self.swing)
        moment = float(np.interp(whole + bent, np.arange(len(self.beats)), self.beats))
        return moment + (float(self.human.normal(0, 0.006)) if self.human else 0.0)


def _drums(score: Score, clock: Clock, kicks: tuple[float, ...], snares: tuple[float, ...], hats: float, rng: int, gain: float = 1.0) -> None:
    rate = score.rate
    for position in kicks:
        score.add(clock.at(position), kick(rate), gain)
    for position in snares:
        score.add(clock.at(position), snare(rate), gain)
    if hats:
        for position in np.arange(0, len(clock.beats) - 1, hats):
            score.add(clock.at(position), hat(rate, seed=rng + int(position * 4)), gain * (1.0 if position % 1 == 0 else 0.7))


def _chord(score: Score, clock: Clock, positions: tuple[float, ...], gain: float = 0.5, seconds: float = 0.7) -> None:
    for position in positions:
        for pitch in clock.chord:
            score.add(clock.at(position), note(pitch, seconds, score.rate), gain)


def _bass(score: Score, clock: Clock, positions: tuple[float, ...], gain: float = 1.0, seconds: float = 0.3) -> None:
    for position in positions:
        score.add(clock.at(position), note(clock.chord[0] - 24, seconds, score.rate, 0.006, 3.0, 0.5), gain)


def _arpeggio(score: Score, clock: Clock, step: float, gain: float = 0.5) -> None:
    for k, position in enumerate(np.arange(0, len(clock.beats) - 1, step)):
        score.add(clock.at(position), note(clock.chord[(0, 1, 2, 1)[k % 4]] + 12, 0.35, score.rate, 0.003, 7.0), gain * (1.25 if position % 1 == 0 else 1.0))


def _pad(score: Score, clock: Clock, gain: float = 0.35) -> None:
    for pitch in clock.chord:
        score.add(clock.at(0), note(pitch, float(clock.beats[-1] - clock.beats[0]), score.rate, 0.12, 0.3, 0.4), gain)


def rock(score: Score, clock: Clock, bar: int) -> None:
    _drums(score, clock, (0, 2) if bar % 2 else (0, 2, 2.5), (1, 3), 0.5, bar)
    _bass(score, clock, tuple(np.arange(0, 4, 0.5)), 0.8)
    _chord(score, clock, (0, 1.5, 2.5))


def house(score: Score, clock: Clock, bar: int) -> None:
    _drums(score, clock, (0, 1, 2, 3), (1, 3), 0, bar)
    for position in (0.5, 1.5, 2.5, 3.5):
        score.add(clock.at(position), hat(score.rate, 0.12, bar), 1.5)
    _bass(score, clock, (0.5, 1.5, 2.5, 3.5))
    _chord(score, clock, (0.75, 2.25), 0.4)


def hip_hop(score: Score, clock: Clock, bar: int) -> None:
    """A slow beat: kick on one, snare on two and four, sixteenth hats."""
    _drums(score, clock, (0, 1.75, 2.5), (1, 3), 0.25, bar)
    _bass(score, clock, (0, 1.75, 2.5), 1.0, 0.5)
    _chord(score, clock, (0,), 0.4, 1.5)


def half_time(score: Score, clock: Clock, bar: int) -> None:
    """The snare on three alone, hats in eighths."""
    _drums(score, clock, (0, 1.5, 2.75) if bar % 2 else (0, 0.5), (2,), 0.5, bar)
    _bass(score, clock, (0, 1.5), 1.0, 0.6)
    _chord(score, clock, (0, 2), 0.4)


def waltz(score: Score, clock: Clock, bar: int) -> None:
    _bass(score, clock, (0,), 1.2, 0.5)
    _chord(score, clock, (1, 2), 0.5, 0.35)
    score.add(clock.at(0), note(clock.chord[bar % 3] + 12, 0.9, score.rate), 0.7)
    if bar % 2:
        score.add(clock.at(2), note(clock.chord[(bar + 1) % 3] + 12, 0.5, score.rate), 0.6)


def seven(score: Score, clock: Clock, bar: int) -> None:
    """2 + 2 + 3."""
    _drums(score, clock, (0, 4), (2, 6), 1.0 if bar % 2 else 0.5, bar)
    _bass(score, clock, (0, 2, 4, 5.5), 1.0)
    _chord(score, clock, (0, 4), 0.5)


def ballad(score: Score, clock: Clock, bar: int) -> None:
    """A piano alone: chords on one and three, a line between."""
    _chord(score, clock, (0, 2), 0.6, 1.2)
    _bass(score, clock, (0,), 0.7, 1.5)
    for k, position in enumerate((1.0, 1.5, 2.5, 3.0, 3.5) if bar % 2 else (0.5, 1.0, 3.0)):
        score.add(clock.at(position), note(clock.chord[k % 3] + 12, 0.8, score.rate), 0.45)


def swing_arpeggio(score: Score, clock: Clock, bar: int) -> None:
    _arpeggio(score, clock, 0.5)
    _bass(score, clock, (0, 2), 0.8, 0.6)


def syncopated(score: Score, clock: Clock, bar: int) -> None:
    _drums(score, clock, (0, 1.75, 2.25), (1, 3), 0.5, bar, 0.7)
    _bass(score, clock, (0.75, 1.5, 2.25, 3.75), 1.2)
    _chord(score, clock, (0.5, 1.75, 3.25), 0.5, 0.3)


def walking(score: Score, clock: Clock, bar: int) -> None:
    """Jazz: a ride with swing, a bass that walks, hi-hat on two and four."""
    for position in (0, 1, 1.5, 2, 3, 3.5):
        score.add(clock.at(position), hat(score.rate, 0.1, bar), 1.2)
    for position in (1, 3):
        score.add(clock.at(position), hat(score.rate, 0.03, bar + 1), 1.5)
    for k, position in enumerate((0, 1, 2, 3)):
        score.add(clock.at(position), note(clock.chord[k % 3] - 24 + k % 2, 0.45, score.rate, 0.005, 4.0), 0.9)
    _chord(score, clock, (1.5,) if bar % 2 else (0.5, 2.5), 0.35, 0.3)


def ambient(score: Score, clock: Clock, bar: int) -> None:
    """A pad with a soft arpeggio in eighths."""
    _pad(score, clock)
    _arpeggio(score, clock, 0.5, 0.3)


def strummed(score: Score, clock: Clock, bar: int) -> None:
    """A guitar: down on every beat, up between the later ones."""
    for position, gain in ((0, 1.0), (1, 0.7), (1.5, 0.5), (2.5, 0.5), (3, 0.7), (3.5, 0.5)):
        for k, pitch in enumerate(clock.chord):
            score.add(clock.at(position) + 0.006 * k, note(pitch, 0.4, score.rate, 0.002, 5.0, 0.75), 0.5 * gain)
    _bass(score, clock, (0, 2), 0.5, 0.5)


def drum_and_bass(score: Score, clock: Clock, bar: int) -> None:
    _drums(score, clock, (0, 2.5), (1, 3), 0.5, bar)
    score.add(clock.at(1.75), snare(score.rate), 0.4)
    _bass(score, clock, (0, 2.5), 1.0, 0.9)
    _pad(score, clock, 0.2)


STYLES: dict[str, tuple[Bar, int, tuple[float, ...], float]] = {
    "rock": (rock, 4, (88, 104, 122, 146, 166), 0.5),
    "house": (house, 4, (112, 124, 128, 140), 0.5),
    "hip_hop": (hip_hop, 4, (72, 84, 92, 98), 0.5),
    "half_time": (half_time, 4, (132, 142, 150), 0.5),
    "waltz": (waltz, 3, (92, 118, 140, 168), 0.5),
    "seven": (seven, 7, (112, 132, 160), 0.5),
    "ballad": (ballad, 4, (60, 68, 76, 84), 0.5),
    "swing": (swing_arpeggio, 4, (84, 100, 126), 0.64),
    "syncopated": (syncopated, 4, (90, 104, 116), 0.5),
    "walking": (walking, 4, (108, 132, 160, 178), 0.64),
    "ambient": (ambient, 4, (66, 78, 94, 110), 0.5),
    "strummed": (strummed, 4, (76, 96, 118, 134), 0.5),
    "drum_and_bass": (drum_and_bass, 4, (168, 174), 0.5),
}
"""Name -> (what a bar holds, beats in a bar, tempi at which such music is played, swing)."""


def song(style: str, bpm: float, bars: int = 16, *, lead: float = 0.7, rate: int = RATE, key: int = 60, rubato: float = 0.0, human: bool = False, seed: int = 1) -> Song:
    """A song of one style. rubato: how far the tempo sways, 0.1 is ten per cent; human: every sound is a few ms off its place."""
    make, meter, _, swing = STYLES[style]
    rng = np.random.default_rng(seed)
    count = bars * meter
    steps = 60 / bpm * (1 + rubato * np.sin(2 * np.pi * np.arange(count) / (meter * 4) + seed))
    beats = lead + np.concatenate([[0.0], np.cumsum(steps)])
    score = Score(float(beats[-1]) + 0.6, rate)
    for bar in range(bars):
        chord = tuple(key + step for step in CHORDS[bar % 4])
        make(score, Clock(beats[bar * meter : (bar + 1) * meter + 1], chord, swing, rng if human else None), bar)
    return Song(score.mixed(0.001, seed), rate, 60 / float(np.mean(steps)), beats[:-1], beats[:-1:meter], meter)


def in_sections(parts: tuple[tuple[str, int], ...], bpm: float = 120.0, rate: int = RATE, lead: float = 0.5) -> Song:
    """Parts (style of four beats, bars) one after the other at one tempo; `edges` are where they meet."""
    beat, at, edges = 60 / bpm, lead, []
    score = Score(lead + sum(bars for _, bars in parts) * 4 * beat + 0.6, rate)
    for number, (style, bars) in enumerate(parts):
        edges.append(at)
        make, meter, _, swing = STYLES[style]
        if meter != 4:
            raise ValueError(f"{style} has {meter} beats in a bar")
        for bar in range(bars):
            chord = tuple(60 + (5 * number) % 12 + step for step in CHORDS[bar % 4])
            make(score, Clock(at + beat * np.arange(5), chord, swing), bar)
            at += 4 * beat
    beats = np.arange(lead, at - beat / 2, beat)
    return Song(score.mixed(0.001), rate, bpm, beats, beats[::4], 4, tuple(edges[1:]))
