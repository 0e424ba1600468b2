"""A small score composed by code, where no library of music is: chords by mood, a motif with its variations, and a rhythm, on rings that loop without a seam.

It is written as light film music is: the harmony comes first, then the figure with its bass, then the rhythm; the melody is a phrase of two bars that is answered and comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

import numpy as np

from engine.movie.plan import MOODS, Mood
from engine.sound.bank.rings import RATE, scatter
from engine.sound.bank.space import room
from engine.sound.instruments import bass, drum, flute, pad, piano, plucked
from engine.sound.mixing.loudness import measured

LEVEL = -20.0
"""LUFS of a whole score."""

PEAK = 0.84

MAJOR, MINOR = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)
BEATS = 4
"""In a bar."""

SLOW = 84.0
"""Beats a minute below which a score has eight bars, else sixteen: about half a minute either way."""

GENTLE = 0.7
"""Warmth from which a style plays softly and lets its parts come in one after the other."""

ENTRIES = {True: (0, 1, 3), False: (0, 0, 2)}
"""Bars after which harmony, figure and rhythm come in the first time, in a gentle style and in a lively one."""

ENTRY = 0.03
"""Seconds in which a part comes in: what rings on from the ring's end is not cut off with a click."""


@dataclass(frozen=True)
class Style:
    """How a mood is written. progressions: degrees (0 is the tonic) of four chords, in scale steps; figure: sixteenths of a bar at which the chord is broken up; drums: name -> sixteenths."""

    scale: tuple[int, ...]
    progressions: tuple[tuple[int, int, int, int], ...]
    keys: tuple[int, ...]
    lead: str
    figure: tuple[int, ...]
    bass: tuple[int, ...]
    drums: dict[str, tuple[int, ...]]
    warm: float
    tempi: tuple[float, float, float]
    swing: float = 0.0


STYLES: dict[Mood, Style] = {
    "calm": Style(MAJOR, ((0, 3, 5, 3), (0, 5, 3, 4), (3, 0, 3, 0)), (48, 50, 53), "piano", (0, 4, 8, 12), (0,), {"shaker": (4, 12)}, 0.9, (64.0, 76.0, 96.0)),
    "tender": Style(MAJOR, ((0, 5, 1, 4), (0, 2, 3, 4), (3, 4, 2, 5)), (48, 53, 55), "piano", (0, 3, 6, 8, 11, 14), (0, 8), {"brush": (4, 12)}, 0.8, (70.0, 88.0, 108.0)),
    "nostalgic": Style(MINOR, ((0, 5, 2, 6), (0, 3, 5, 4), (5, 6, 0, 2)), (45, 48, 50), "pluck", (0, 3, 6, 10, 12), (0, 10), {"brush": (4, 12), "kick": (0,)}, 0.75, (68.0, 82.0, 104.0), 0.1),
    "happy": Style(MAJOR, ((0, 4, 5, 3), (0, 3, 0, 4), (0, 5, 3, 4)), (50, 52, 55), "pluck", (0, 2, 4, 6, 8, 10, 12, 14), (0, 6, 8), {"kick": (0, 8), "clap": (4, 12), "shaker": (0, 2, 4, 6, 8, 10, 12, 14)}, 0.5, (92.0, 112.0, 128.0), 0.08),
    "energetic": Style(MINOR, ((0, 5, 2, 6), (0, 6, 5, 6), (0, 2, 6, 3)), (45, 47, 50), "pluck", (0, 2, 3, 6, 8, 10, 11, 14), (0, 3, 6, 8, 11, 14), {"kick": (0, 4, 8, 12), "snare": (4, 12), "hat": (2, 6, 10, 14), "tom": (15,)}, 0.35, (108.0, 126.0, 144.0)),
}  # fmt: skip


@dataclass(frozen=True)
class Score:
    """A piece without end: layers (N, 2) float32 on rings of one length, and the samples at which each comes in the first time."""

    layers: tuple[np.ndarray, ...]
    entries: tuple[int, ...]

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32: the samples from `start` on; what comes in later does so within `ENTRY`."""
        out = np.zeros((count, 2), np.float32)
        moments, ramp = np.arange(start, start + count), round(ENTRY * RATE)
        for layer, entry in zip(self.layers, self.entries, strict=True):
            if start + count <= entry:
                continue
            part = layer[moments % len(layer)]
            if entry and start < entry + ramp:
                part *= np.clip((moments - entry) / ramp, 0, 1).astype(np.float32)[:, None]
            out += part
        return out


def tempo_of(mood: Mood, tempo: str) -> float:
    """Beats a minute of a score of this mood when slow, medium or fast music is wanted."""
    return STYLES[mood].tempi[("slow", "medium", "fast").index(tempo)]


@lru_cache(maxsize=2)
def composed(mood: Mood, tempo_bpm: float, seed: int) -> Score:
    """A piece in a mood at so many beats a minute (40 to 200), the same for the same seed."""
    rng = np.random.default_rng([seed, crc32(mood.encode())])
    style = STYLES[mood]
    sixteenth = round(60.0 / float(np.clip(tempo_bpm, 40, 200)) / 4 * RATE)
    bars = 8 if tempo_bpm < SLOW else 16
    count = bars * 16 * sixteenth
    key = int(rng.choice(style.keys))
    first, other = (style.progressions[int(k)] for k in rng.permutation(len(style.progressions))[:2])
    degrees = [*first, *(other if bars == 8 else (*first, *other, *first))]
    chords = _voiced(degrees, key, style)
    writing = _Writing(style, rng, sixteenth, count, key, degrees, chords)
    layers = [writing.harmony(), writing.figure() + writing.melody(), writing.rhythm()]
    layers[0] = room(rng, layers[0], 2.2, -9, 2500, 0.03, ring=True)
    layers[1] = room(rng, layers[1], 1.8, -11, 3200, 0.025, ring=True)
    layers[2] = room(rng, layers[2], 0.5, -17, 3000, 0.01, ring=True)
    whole = sum(layers, np.zeros((count, 2), np.float32))
    gain = min(10 ** ((LEVEL - measured(whole, RATE)) / 20), PEAK / float(np.abs(whole).max()))
    for layer in layers:
        layer *= np.float32(gain)
        layer.setflags(write=False)
    return Score(tuple(layers), tuple(max(0, entry * 16 * sixteenth - round(ENTRY * RATE)) for entry in ENTRIES[style.warm > GENTLE]))


def _voiced(degrees: list[int], key: int, style: Style) -> list[tuple[int, ...]]:
    """Chords of four notes (a seventh or ninth softens them), each in the inversion nearest to the one before."""
    out: list[tuple[int, ...]] = []
    centre = key + 16.0
    for index, degree in enumerate(degrees):
        # Thirds upon the degree; now and then the fourth note is the ninth.
        steps = (0, 2, 4, 6 if (index % 4) in (1, 3) else 8)
        notes = [key + 12 * ((degree + step) // 7) + style.scale[(degree + step) % 7] for step in steps]
        best = min(((notes[turn:] + [note + 12 for note in notes[:turn]]) for turn in range(4)), key=lambda chord: abs(np.mean(chord) - 12 * round((np.mean(chord) - centre) / 12) - centre))
        shift = 12 * round((centre - float(np.mean(best))) / 12)
        out.append(tuple(sorted(note + shift for note in best)))
        centre = 0.7 * centre + 0.3 * (key + 16)
    return out


@dataclass
class _Writing:
    """The parts of one piece. Times are in sixteenths of `sixteenth` samples on a ring of `count`."""

    style: Style
    rng: np.random.Generator
    sixteenth: int
    count: int
    key: int
    degrees: list[int]
    chords: list[tuple[int, ...]]

    def harmony(self) -> np.ndarray:
        """Pads, a chord a bar."""
        out = np.zeros((self.count, 2), np.float32)
        for bar, chord in enumerate(self.chords):
            sound = pad(chord, 16 * self.sixteenth / RATE, self.style.warm)
            places = (bar * 16 * self.sixteenth + np.arange(len(sound))) % self.count
            out[places] += sound
        return out * np.float32(0.36)

    def figure(self) -> np.ndarray:
        """The chord broken up, and the bass under it."""
        notes: list[tuple[int, np.ndarray, float, float]] = []
        order = self.rng.permutation(4)
        for bar, chord in enumerate(self.chords):
            for index, place in enumerate(self.style.figure):
                pitch = chord[int(order[index % 4])] + (12 if index % 4 == 3 and self.style.lead == "pluck" else 0)
                strength = (0.9 if place % 8 == 0 else 0.6) * float(self.rng.uniform(0.85, 1.0))
                notes.append((self._at(bar, place), self._key(pitch), 0.2 * strength, -0.35 + 0.25 * (index % 4)))
            root = self.key - 12 + self.style.scale[self.degrees[bar] % 7]
            root += 12 if root < 36 else 0
            for index, place in enumerate(self.style.bass):
                follows = [*self.style.bass, 16][index + 1]
                seconds = round((follows - place) * self.sixteenth / RATE * 0.95, 3)
                notes.append((self._at(bar, place), bass(root, seconds), 0.42 if place == 0 else 0.3, 0.0))
        return self._mixed(notes)

    def melody(self) -> np.ndarray:
        """A phrase of two bars, answered by the same rhythm on other notes; it rests in the last two bars of four where nothing needs to be said."""
        notes: list[tuple[int, np.ndarray, float, float]] = []
        rhythm = self._rhythm()
        contour = np.cumsum(self.rng.choice([-2, -1, -1, 0, 1, 1, 2], len(rhythm)))
        contour -= round(float(contour.mean()))
        for bar in range(0, len(self.chords) - 1, 2):
            part = (bar // 2) % 4
            if part == 3 and self.rng.random() < 0.6:
                continue
            answer = contour if part in (0, 2) else np.append(contour[:-2], contour[:2][::-1])[: len(contour)]
            for (place, length), step in zip(rhythm, answer, strict=True):
                chord = self.chords[bar + place // 16]
                pitch = self._on_scale(max(chord) + 5, int(step), chord if place % 4 == 0 else None)
                seconds = round(length * self.sixteenth / RATE, 3)
                sound = flute(pitch, seconds) if self.style.lead == "piano" else self._key(pitch)
                notes.append((self._at(bar, place), sound, (0.15 if self.style.lead == "piano" else 0.26) * float(self.rng.uniform(0.85, 1.0)), 0.15))
        return self._mixed(notes)

    def rhythm(self) -> np.ndarray:
        """Drums; the last bar of eight fills."""
        notes: list[tuple[int, np.ndarray, float, float]] = []
        weights = {"kick": 0.75, "snare": 0.34, "clap": 0.26, "brush": 0.22, "hat": 0.13, "shaker": 0.16, "tom": 0.35}
        pans = {"hat": 0.35, "shaker": -0.4, "tom": -0.3, "brush": 0.2, "clap": 0.1}
        soft = 0.45 if self.style.warm > GENTLE else 1.0
        for bar in range(len(self.chords)):
            for name, places in self.style.drums.items():
                if name == "tom" and bar % 4 != 3:
                    continue
                filled = (10, 12, 14, 15) if name == "tom" and bar % 8 == 7 else places
                for place in filled:
                    strength = soft * weights[name] * (1.0 if place % 4 == 0 else 0.75) * float(self.rng.uniform(0.85, 1.0))
                    notes.append((self._at(bar, place), drum(name), strength, pans.get(name, 0.0)))
        return self._mixed(notes)

    def _rhythm(self) -> list[tuple[int, int]]:
        """(place, length) in sixteenths of the notes of a phrase over two bars."""
        lengths = (4, 4, 6, 8) if self.style.warm > GENTLE else (2, 4, 2, 4, 6)
        out, place = [], int(self.rng.choice([0, 0, 4, 2]))
        while place < 27:
            length = int(self.rng.choice(lengths))
            out.append((place, length))
            place += length
        return out

    def _on_scale(self, around: int, step: int, chord: tuple[int, ...] | None) -> int:
        """The note so many steps of the scale from a pitch; on a beat, the nearest note of the chord."""
        ladder = [self.key + 12 * octave + tone for octave in range(-1, 5) for tone in self.style.scale]
        wanted = ladder[min(range(len(ladder)), key=lambda k: abs(ladder[k] - around)) + step]
        if chord is None:
            return wanted
        return min((note + 12 * octave for note in chord for octave in range(-2, 4)), key=lambda note: abs(note - wanted))

    def _key(self, pitch: int) -> np.ndarray:
        return piano(pitch, self.style.warm) if self.style.lead == "piano" else plucked(pitch, 1 - self.style.warm)

    def _at(self, bar: int, place: int) -> int:
        """The sample of a sixteenth, the even ones late by the swing, all of them a little off as hands are."""
        late = self.style.swing * (place % 4 == 2) + self.style.swing * 0.5 * (place % 2)
        return int((bar * 16 + place + late) * self.sixteenth + self.rng.normal(0, 0.004) * RATE) % self.count

    def _mixed(self, notes: list[tuple[int, np.ndarray, float, float]]) -> np.ndarray:
        if not notes:
            return np.zeros((self.count, 2), np.float32)
        at, sounds, gains, pans = zip(*notes, strict=True)
        return scatter(self.count, np.array(at), sounds, np.array(gains), np.array(pans))


def names() -> tuple[tuple[str, Mood, int], ...]:
    """The pieces that are offered: id, mood, seed."""
    return tuple((f"score-{mood}-{seed}", mood, seed) for mood in MOODS for seed in (1, 2, 3))
