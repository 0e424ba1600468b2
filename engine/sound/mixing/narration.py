"""The narrator: lines spoken by a built-in voice, all equally loud, in time for their scenes, kept on disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.errors import LimitExceeded, StudioError, UnreadableMedia
from engine.media.disk import whole_file
from engine.media.sound_reader import SoundReader
from engine.media.sound_writer import SoundWriter
from engine.settings import Settings
from engine.sound.mixing.cues import RATE, SILENT
from engine.sound.mixing.levels import LEVELS
from engine.sound.mixing.loudness import measured
from engine.sound.mixing.words import Word, phrases, timed_words

VERSION = 1
"""Of how lines are made: another one makes them all anew."""

RUMBLE = 70.0
"""Hz: below it a voice has nothing but rumble (Butterworth, second order)."""

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
    """A spoken line. samples: (N,) float32 at `rate`, at the narration's level; words: with their times from the line's begin, none when the voice does not tell;
    voice: the id of who spoke; notes: sentences for the user."""

    text: str
    samples: np.ndarray
    words: tuple[Word, ...]
    voice: str
    speed: float = 1.0
    notes: tuple[str, ...] = ()
    rate: int = RATE

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / self.rate

    @property
    def captions(self) -> list[tuple[float, float, str]]:
        """(start, end, text) in seconds from the line's begin: what is read at once on a screen. The whole line when no word has a time."""
        return phrases(self.words) or ([(0.0, self.seconds, self.text)] if len(self.samples) else [])


class Speaker:
    """Says lines with one voice, each only once: what was said is kept in `data_dir`/cache/narration. voice: an id of `engine.sound.voices`, or auto."""

    def __init__(self, settings: Settings, voice: str = "auto", folder: Path | None = None) -> None:
        self.settings, self.voice = settings, voice
        self.folder = folder or settings.data_dir / "cache" / "narration"

    def line(self, text: str, room: float) -> Line:
        """A line for a scene that has room for so many seconds: when it is too long, as much faster as it needs, by at most 15 %. What is still too long runs on, and
        a note says so. A text that cannot be said (letters that no voice here reads, nothing but marks) is an empty line with a note.

        Raises `ModelUnavailable` when there is no voice at all, `InvalidInput` when there is none of that name.
        """
        try:
            line = self.say(text)
            while line.seconds > room and line.speed < FASTEST - 1e-6:
                # In steps, so that small changes of a scene find the line on disk.
                asked = SPEED_STEP * np.ceil(line.seconds * line.speed / max(room, 0.1) / SPEED_STEP)
                line = self.say(text, round(float(np.clip(asked, line.speed + SPEED_STEP, FASTEST)), 2))
        except StudioError as error:
            if error.field != "text":
                raise
            return Line(text, np.zeros(0, np.float32), (), self.voice, notes=(f"the line is not heard: {error.line}",))
        over = line.seconds - room
        return replace(line, notes=(f"the line is {over:.1f} s longer than its scene and runs on",)) if over > 0.05 else line

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
