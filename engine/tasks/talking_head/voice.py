"""The voice of a talking head: read or spoken, and heard: loudness, mouth, laughter. Pictures are elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from engine.errors import InvalidInput, LimitExceeded
from engine.settings import Settings
from engine.sound.envelope import speech_energy
from engine.sound.laughter import Laugh, find_laughter
from engine.sound.mixing.words import Word, timed_words
from engine.sound.speech import MouthCurves, curves_of_phones, mouth_curves
from engine.tasks.talking_head.request import MAX_SECONDS

SHORTEST = 0.1
"""Seconds: less is no voice."""

SILENT = 0.004
"""Peak below which a recording is silence."""


@dataclass(frozen=True)
class Voice:
    """samples: (N, C) float32 at `rate` Hz, as they go into the clip; mouth, energy: (T,) curves at the clip's rate; laughs: laughter that was found;
    title: the built-in voice's name or nothing; words: of a text that was spoken, with their times; notes: sentences for the user."""

    samples: np.ndarray
    rate: int
    mouth: MouthCurves
    energy: np.ndarray
    laughs: tuple[Laugh, ...]
    title: str = ""
    words: tuple[Word, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / self.rate


def read_voice(path: Path, settings: Settings, fps: float, *, field: str = "audio") -> Voice:
    """A recording, heard. Raises `InvalidInput` when there is nothing to hear, `LimitExceeded` when it is too long."""
    from engine.media.audio import read_audio
    from engine.media.probe import probe

    facts = probe(path, settings)
    length = facts.audio_duration or facts.duration
    if length > MAX_SECONDS:
        raise LimitExceeded(f"the voice is {length / 60:.1f} minutes long", why=f"at most {MAX_SECONDS / 60:.0f} are made at once", fix="cut it into parts", field=field)
    samples, rate = read_audio(path, settings)
    if len(samples) / rate < SHORTEST:
        raise InvalidInput(f"the voice is {len(samples) / rate:.2f} s long", why=f"at least {SHORTEST:g} s are needed", fix="use another recording", field=field)
    return heard(samples, rate, fps)


def speak_text(text: str, voice: str, speed: float, settings: Settings, fps: float) -> Voice:
    """A text said by a built-in voice. The lips follow the voice's own sounds (closures, teeth, rounding are known, not guessed); how far the jaw opens is
    half what the sounds ask for and half what is heard, because a loud s and a soft a differ in sound and not only in shape.

    Raises `ModelUnavailable` when this machine has no voice.
    """
    from engine.sound.voices import speak

    spoken = speak(text, voice, speed, settings)
    plain = heard(spoken.samples[:, None], spoken.rate, fps, laughter=False)
    if not spoken.phones:
        return replace(plain, title=spoken.voice)
    mouth = curves_of_phones(spoken.phones, plain.seconds, fps)
    return replace(plain, mouth=replace(mouth, opening=0.5 * (mouth.opening + plain.mouth.opening)), title=spoken.voice, words=timed_words(text, spoken.phones, spoken.voice, settings))


def heard(samples: np.ndarray, rate: int, fps: float, *, laughter: bool = True) -> Voice:
    """What is to be heard in samples (N, C) float32."""
    mono = samples.mean(axis=1)
    peak = float(np.abs(mono).max()) if len(mono) else 0.0
    notes = []
    if peak < SILENT:
        notes.append("The recording is silent: the mouth stays closed.")
    elif float((np.abs(samples) > 0.985).mean()) > 0.002:
        notes.append("The recording is clipped: it was too loud for the microphone.")
    energy = speech_energy(mono, rate, fps)
    return Voice(samples, rate, mouth_curves(mono, rate, fps), energy, tuple(find_laughter(mono, rate)) if laughter and peak >= SILENT else (), notes=tuple(notes))


def during(voice: Voice, spans: tuple[tuple[float, float], ...], *, inside: bool) -> Voice:
    """The same sound, heard only inside (or only outside) of spans [start, end] in seconds: who does not speak keeps the mouth closed."""
    times = (np.arange(len(voice.mouth)) + 0.5) / voice.mouth.fps
    mask = np.zeros(len(times), np.float32)
    for start, end in spans:
        mask = np.maximum(mask, ((times >= start) & (times < end)).astype(np.float32))
    mask = mask if inside else 1 - mask
    mouth = MouthCurves(voice.mouth.fps, *(voice.mouth.table * mask[:, None]).T)
    kept = tuple(laugh for laugh in voice.laughs if any(a <= (laugh.start + laugh.end) / 2 < b for a, b in spans) == inside)
    return replace(voice, mouth=mouth, energy=voice.energy * mask, laughs=kept)


def fitted(voice: Voice, frames: int) -> Voice:
    """Its curves cut, or lengthened by silence, to so many frames."""

    def fit(curve: np.ndarray) -> np.ndarray:
        return np.pad(curve[:frames], (0, max(0, frames - len(curve))))

    mouth = MouthCurves(voice.mouth.fps, *map(fit, voice.mouth.table.T))
    return replace(voice, mouth=mouth, energy=fit(voice.energy))


def mixed(voices: list[Voice]) -> tuple[np.ndarray, int]:
    """All sounds together, (N, C) float32 at the first one's rate; softened only where the sum would clip."""
    from engine.sound.envelope import resampled

    first = voices[0]
    if len(voices) == 1:
        return first.samples, first.rate
    channels = max(min(voice.samples.shape[1], 2) for voice in voices)
    parts = []
    for voice in voices:
        columns = [resampled(np.ascontiguousarray(voice.samples[:, min(c, voice.samples.shape[1] - 1)]), voice.rate, first.rate) for c in range(channels)]
        parts.append(np.stack(columns, axis=1))
    out = np.zeros((max(map(len, parts)), channels), np.float32)
    for part in parts:
        out[: len(part)] += part
    peak = float(np.abs(out).max())
    return (out / peak * 0.98 if peak > 1 else out), first.rate
