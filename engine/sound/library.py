"""Music for films: pieces of a library that a pip package carries, of the user's own folder, and scores made by code. A piece of half a minute plays for as long as it must.

Pieces loop where bars begin: the two bars that are most alike are found, and the music goes from the later one to the earlier as if it had been written so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine import sentences
from engine.catalog.fetch import ModelFiles
from engine.catalog.music import MUSIC_LIBRARY, PIECES, mood_of
from engine.movie.plan import MOODS, Mood, Music
from engine.settings import Settings
from engine.sound import score
from engine.sound.bank import own as shelf
from engine.sound.bank.rings import RATE

__all__ = ["Looped", "Track", "choose", "extended", "tracks"]

TEMPI = {"slow": 74.0, "medium": 102.0, "fast": 132.0}
"""Beats a minute that are meant by slow, medium and fast."""

BY_TEMPO, BY_WORDS, BY_CHANCE = 0.5, 0.6, 0.25
"""How much tempo (an octave too fast or slow), words (cosine of captions) and the seed weigh when a piece of the right mood is chosen."""

SCORES_FROM = 2
"""Scores made by code are offered beside a library only where it has fewer pieces of a mood that were not used yet."""


@dataclass(frozen=True)
class Track:
    """A piece. mood: empty for one of the user's own that does not say; tempo_bpm: 0 where it is not known; path: its file, None for a score made by code."""

    id: str
    mood: Mood | None
    tempo_bpm: float
    caption: str
    path: Path | None = None


@dataclass(frozen=True)
class Looped:
    """A piece without end. Samples (N, 2) float32 are played up to `end`, and go on from `begin` with a cross-fade of `fade` samples before `end`. `length`: as long as it was asked for."""

    samples: np.ndarray
    begin: int
    end: int
    fade: int
    length: int

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32: the samples from `start` on; silence beyond `length`."""
        out = np.zeros((count, 2), np.float32)
        done, last = 0, max(0, min(count, self.length - start))
        while done < last:
            at = start + done
            place = at if at < self.end else self.begin + (at - self.end) % (self.end - self.begin)
            part = self.samples[place : min(self.end, place + last - done)]
            out[done : done + len(part)] = part
            self._blend(out[done : done + len(part)], place)
            done += len(part)
        return out

    def _blend(self, part: np.ndarray, place: int) -> None:
        """Into the samples before `end` come those before `begin`."""
        first = max(place, self.end - self.fade)
        stop = place + len(part)
        if first >= stop:
            return
        share = (np.arange(first, stop) - (self.end - self.fade) + 0.5) / self.fade
        before = self.samples[first - self.end + self.begin : stop - self.end + self.begin]
        now = part[first - place :]
        now *= np.cos(share * np.pi / 2).astype(np.float32)[:, None]
        now += before * np.sin(share * np.pi / 2).astype(np.float32)[:, None]


@dataclass(frozen=True)
class Composed:
    """A score made by code, of the length that was asked for."""

    piece: score.Score
    length: int

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32: the samples from `start` on; silence beyond `length`."""
        out = np.zeros((count, 2), np.float32)
        within = max(0, min(count, self.length - start))
        out[:within] = self.piece.read(start, within)
        return out


def tracks(settings: Settings) -> tuple[Track, ...]:
    """Every piece there is: of the user's own first, then the library's, then scores at the middle tempo of their mood."""
    mine = tuple(Track(sound.id, _mood_in(f"{sound.id} {sound.caption}"), 0.0, sound.caption, sound.path) for sound in shelf.listed(settings).sounds if sound.kind == "music")
    scores = tuple(_score(name, mood, score.tempo_of(mood, "medium")) for name, mood, _ in score.names())
    return (*mine, *_library(settings), *scores)


def choose(music: Music, seed: int, settings: Settings, avoid: Sequence[str] = (), own: bool = False) -> Track:
    """The piece for a stretch of film: of the mood, near in tempo, and near to the words where there are any; the same for the same seed.

    avoid: ids that were used already, which come again only when everything was. own: from the user's folder, where it has music. Any piece can play for any time.
    """
    there = tracks(settings)
    mine = tuple(track for track in there if track.id.startswith("own/"))
    if own and mine:
        pool, shift = mine, {track.id: -2.0 * (track.mood not in (None, music.mood)) for track in mine}
    else:
        pool = tuple(track for track in there if track.mood == music.mood and track.path is not None and not track.id.startswith("own/"))
        if sum(track.id not in avoid for track in pool) < SCORES_FROM:
            tempo = score.tempo_of(music.mood, music.tempo)
            pool += tuple(_score(name, mood, tempo) for name, mood, _ in score.names() if mood == music.mood)
        # A score stands back behind pieces that musicians' ears have chosen.
        shift = {track.id: -0.4 * (track.path is None) for track in pool}
    fresh = tuple(track for track in pool if track.id not in avoid)
    pool = fresh or _longest_ago(pool, avoid)
    chance = np.random.default_rng([seed, len(avoid)]).random(len(pool))
    far = np.array([abs(np.log2(track.tempo_bpm / TEMPI[music.tempo])) if track.tempo_bpm else 0.5 for track in pool])
    near = np.zeros(len(pool))
    if music.words and sentences.ready(settings):
        vectors = sentences.encode([music.words, *(track.caption for track in pool)], settings)
        near = vectors[1:] @ vectors[0]
    return pool[int(np.argmax(BY_WORDS * near - BY_TEMPO * far + BY_CHANCE * chance + np.array([shift[track.id] for track in pool])))]


def extended(track: Track, seconds: float, settings: Settings) -> Looped | Composed:
    """A piece that plays for so many seconds, read in blocks: 12 MB for half a minute of music, however long it plays. Raises `UnreadableMedia` for a broken file."""
    length = round(seconds * RATE)
    if track.path is None:
        mood, number = next((mood, number) for name, mood, number in score.names() if name == track.id)
        return Composed(score.composed(mood, track.tempo_bpm, number), length)
    samples = _read(track.path, settings)
    if length <= len(samples):
        # It is the piece as it is.
        return Looped(samples, 0, len(samples), 0, length)
    from engine.sound.looping import loop_of

    found = loop_of(track.path, samples, settings)
    return Looped(samples, found.begin, found.end, found.fade, length)


def _library(settings: Settings) -> tuple[Track, ...]:
    files = ModelFiles.of(settings)
    if not files.present(MUSIC_LIBRARY):
        return ()
    place = files.path(MUSIC_LIBRARY)
    out = []
    for name, (tempo, key, _, _) in PIECES.items():
        mood = next(one for one in MOODS if one == mood_of(name))
        played = "electronic synthesizer" if "electronic" in name else "acoustic"
        out.append(Track(name, mood, float(tempo), f"{mood} {played} music in {key}, {tempo} beats a minute", place / f"{name}.opus"))
    return tuple(out)


def _score(name: str, mood: Mood, tempo: float) -> Track:
    led = {"piano": "piano, flute and soft strings", "pluck": "guitar, strings and percussion"}[score.STYLES[mood].lead]
    return Track(name, mood, tempo, f"{mood} music for {led}, made by code, {tempo:.0f} beats a minute")


def _mood_in(words: str) -> Mood | None:
    return next((mood for mood in MOODS if mood in words.lower()), None)


def _longest_ago(pool: tuple[Track, ...], avoid: Sequence[str]) -> tuple[Track, ...]:
    """Of pieces that were all used, the half whose turn was longest ago."""
    last = {name: place for place, name in enumerate(avoid)}
    return tuple(sorted(pool, key=lambda track: last.get(track.id, -1))[: max(1, len(pool) // 2)])


@lru_cache(maxsize=4)
def _read(path: Path, settings: Settings) -> np.ndarray:
    out = shelf.read(path, settings)
    out.setflags(write=False)
    return out
