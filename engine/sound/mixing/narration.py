"""The narrator: lines spoken by a built-in voice, all equally loud, kept on disk, and laid over the scenes that they belong to."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.errors import InvalidInput, LimitExceeded, ModelUnavailable, UnreadableMedia
from engine.media.disk import whole_file
from engine.media.sound_reader import SoundReader
from engine.media.sound_writer import SoundWriter
from engine.settings import Settings
from engine.sound.mixing.cues import RATE, SILENT, Cue
from engine.sound.mixing.levels import LEVELS
from engine.sound.mixing.loudness import measured
from engine.sound.mixing.words import Word, timed_words

VERSION = 1
"""Of how lines are made: another one makes them all anew."""

RUMBLE = 70.0
"""Hz: below it a voice has nothing but rumble (Butterworth, second order)."""

LEAD, GAP, TAIL = 0.3, 0.25, 0.1
"""Seconds: a line begins after its scene does; two lines lie apart; a line ends before its scene does."""

FASTEST, SPEED_STEP = 1.15, 0.05
"""Faster than that a narrator sounds hurried."""

LOUDEST = 0.98
"""Peak of a line."""

AFTER = 0.06
"""Seconds of silence that stay at a line's end."""

MOST_KEPT = 1000
"""Lines that are kept on disk; the oldest go."""


@dataclass(frozen=True)
class Line:
    """A spoken line. samples: (N,) float32 at 48 kHz, at the narration's level; words: with their times from the line's begin, none when the voice does not tell."""

    text: str
    samples: np.ndarray
    words: tuple[Word, ...]
    voice: str
    speed: float

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / RATE


@dataclass(frozen=True)
class Spoken:
    """A line on the film's clock: `at` seconds, in the scene number `scene` (from 0)."""

    line: Line
    at: float
    scene: int

    @property
    def words(self) -> tuple[Word, ...]:
        """The words on the film's clock."""
        return tuple(Word(word.text, word.start + self.at, word.end + self.at) for word in self.line.words)


@dataclass(frozen=True)
class Narration:
    """All lines of a film, their cues, and sentences for the user."""

    spoken: tuple[Spoken, ...] = ()
    cues: tuple[Cue, ...] = ()
    notes: tuple[str, ...] = ()


class Speaker:
    """Says lines with one voice, each only once: what was said is kept in `data_dir`/cache/narration. voice: an id of `engine.sound.voices`, or auto."""

    def __init__(self, settings: Settings, voice: str = "auto", folder: Path | None = None) -> None:
        self.settings, self.voice = settings, voice
        self.folder = folder or settings.data_dir / "cache" / "narration"

    def say(self, text: str, speed: float = 1.0) -> Line:
        """A line, from the disk or spoken now. Raises what `speak` raises: `InvalidInput`, `LimitExceeded`, `ModelUnavailable`."""
        from engine.sound.voices import chosen

        text = " ".join(text.split())
        voice = chosen(text, self.settings) if self.voice == "auto" else self.voice
        key = hashlib.sha256(json.dumps([VERSION, LEVELS["narration"], text, voice, round(speed, 3)]).encode()).hexdigest()
        return self._kept(key, text, voice, speed) or self._spoken(key, text, voice, speed)

    def _kept(self, key: str, text: str, voice: str, speed: float) -> Line | None:
        try:
            told = json.loads((self.folder / f"{key}.json").read_text(encoding="utf-8"))
            words = tuple(Word(str(word), float(start), float(end)) for word, start, end in told["words"])
            with SoundReader(self.folder / f"{key}.flac") as reader:
                if reader.rate != RATE or reader.channels != 1 or reader.length != told["samples"]:
                    return None
                return Line(text, reader.read(0, reader.length)[:, 0], words, voice, speed)
        except (OSError, ValueError, KeyError, TypeError, UnreadableMedia):
            # Nothing kept, or damaged: it is said again.
            return None

    def _spoken(self, key: str, text: str, voice: str, speed: float) -> Line:
        from engine.sound.voices import speak

        speech = speak(text, voice, speed, self.settings)
        samples = prepared(speech.samples, speech.rate)
        line = Line(text, samples, timed_words(text, speech.phones, voice, self.settings), voice, speed)
        told = {"text": text, "voice": voice, "speed": speed, "samples": len(samples), "words": [[word.text, round(word.start, 4), round(word.end, 4)] for word in line.words]}
        # A line that cannot be kept is heard all the same.
        with contextlib.suppress(OSError, LimitExceeded):
            self.folder.mkdir(parents=True, exist_ok=True)
            with SoundWriter(self.folder / f"{key}.flac", rate=RATE, channels=1) as out:
                out.write(samples)
            with whole_file(self.folder / f"{key}.json") as temporary:
                temporary.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
            self._prune()
        return self._kept(key, text, voice, speed) or line

    def _prune(self) -> None:
        lines = sorted(self.folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in lines[: max(0, len(lines) - MOST_KEPT)]:
            old.unlink(missing_ok=True)
            old.with_suffix(".flac").unlink(missing_ok=True)


def prepared(samples: np.ndarray, rate: int) -> np.ndarray:
    """(N,) float32 at 48 kHz of a voice (M,) at any rate: without rumble and the silence at its end, at the narration's level."""
    from scipy.signal import butter, sosfilt

    from engine.sound.spectra import resampled

    voice = sosfilt(butter(2, RUMBLE, "highpass", fs=RATE, output="sos"), resampled(samples, rate, RATE))
    heard = np.flatnonzero(np.abs(voice) > SILENT)
    voice = voice[: int(heard[-1]) + 1 + round(AFTER * RATE)] if len(heard) else voice[:0]
    # It plays on both sides. A word shorter than a gating block is measured as if silence followed.
    found = measured(np.repeat(np.pad(voice, (0, max(0, RATE // 2 - len(voice))))[:, None], 2, axis=1), RATE)
    if np.isfinite(found):
        voice = voice * min(10 ** ((LEVELS["narration"] - found) / 20), LOUDEST / float(np.abs(voice).max()))
    return np.asarray(voice, np.float32)


def narrate(lines: Sequence[tuple[str, float, float]], seconds: float, speaker: Speaker, checkpoint: Callable[[], None] | None = None) -> Narration:
    """Lay lines over a film of so many seconds. lines: (text, begin of its scene, length of its scene) in seconds, in order; an empty text is a silent scene.

    A line that is too long is said faster, by at most 15 %; then it runs on into the next scene, whose own line waits, and a note says so. Without any voice there is
    a note and no narration. A voice of "none" says nothing.
    """
    spoken: list[Spoken] = []
    cues: list[Cue] = []
    notes: list[str] = []
    free = 0.0
    for scene, (text, begin, length) in enumerate(lines):
        if not text.strip() or speaker.voice == "none":
            continue
        if checkpoint is not None:
            checkpoint()
        earliest, latest = max(begin, free), begin + length - TAIL
        try:
            line = _fitting(text, latest - earliest, speaker)
        except ModelUnavailable as error:
            if error.field != "text":
                return Narration(tuple(spoken), tuple(cues), (*notes, f"No narration: {error.line}."))
            notes.append(f"Scene {scene + 1} has no narration: {error.line}.")
            continue
        except (InvalidInput, LimitExceeded) as error:
            notes.append(f"Scene {scene + 1} has no narration: {error.line}.")
            continue
        # The pause before it is given up first.
        at = max(earliest, min(begin + min(LEAD, length / 4), latest - line.seconds))
        end = at + line.seconds
        if end > seconds:
            notes.append(f"The line of scene {scene + 1} is {min(line.seconds, end - seconds):.1f} s longer than the film: its end is not heard. Shorten it, or lengthen the scene.")
            line = _cut(line, seconds - at)
        elif end > begin + length:
            notes.append(f"The line of scene {scene + 1} runs {end - begin - length:.1f} s into the next scene.")
        if not len(line.samples):
            continue
        spoken.append(Spoken(line, at, scene))
        cues.append(Cue("narration", at, (line.samples, RATE)))
        free = end + GAP
    return Narration(tuple(spoken), tuple(cues), tuple(notes))


def _fitting(text: str, room: float, speaker: Speaker) -> Line:
    """The line, as slow as its room allows."""
    line = speaker.say(text)
    speed = line.speed
    while line.seconds > room and speed < FASTEST - 1e-6:
        # As much faster as it seems to need, in steps, so that small changes of a scene find the line on disk.
        asked = SPEED_STEP * np.ceil(line.seconds * line.speed / max(room, 0.1) / SPEED_STEP)
        speed = round(float(np.clip(asked, speed + SPEED_STEP, FASTEST)), 2)
        line = speaker.say(text, speed)
    return line


def _cut(line: Line, seconds: float) -> Line:
    """The line's first seconds."""
    return replace(line, samples=line.samples[: max(0, round(seconds * RATE))], words=tuple(word for word in line.words if word.end <= seconds))
