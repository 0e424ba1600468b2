"""Built-in voices: text becomes speech with the times of its sounds. Which voices there are depends on the machine; each says what it is and under what licence."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import ENGLISH_SOUNDS, JOE_VOICE
from engine.errors import InvalidInput, LimitExceeded, ModelUnavailable
from engine.settings import Settings
from engine.sound import espeak, neural, pronouncing, wording
from engine.sound.phones import Phone

MOST_CHARACTERS = 2000
SPEEDS = (0.5, 2.0)
NEURAL = "joe"
PLAIN = "espeak-"

SCRIPTS = {
    "CYRILLIC": "ru", "GREEK": "el", "ARABIC": "ar", "HEBREW": "he", "DEVANAGARI": "hi", "BENGALI": "bn", "HANGUL": "ko", "HIRAGANA": "ja", "KATAKANA": "ja",
    "GEORGIAN": "ka", "ARMENIAN": "hy", "TAMIL": "ta", "TELUGU": "te", "ETHIOPIC": "am",
}  # fmt: skip
"""Script, as Unicode names its letters -> a language of espeak-ng that is written in it."""


@dataclass(frozen=True)
class Voice:
    """A voice of this machine. id: as a request names it; language: its code; engine: neural or espeak-ng; licence: of the voice."""

    id: str
    title: str
    language: str
    engine: str
    licence: str


@dataclass(frozen=True)
class Speech:
    """What was said. samples: (N,) float32 in -1..1; rate in Hz; phones: in order, pauses left out; voice: the id of the voice that spoke."""

    samples: np.ndarray
    rate: int
    phones: tuple[Phone, ...]
    voice: str

    @property
    def seconds(self) -> float:
        """Length."""
        return len(self.samples) / self.rate


def voices(settings: Settings) -> list[Voice]:
    """The voices that can speak now, the best first: the neural one when its files are here, and espeak-ng's languages when it is installed."""
    files = ModelFiles.of(settings)
    out = []
    if neural.ready() and files.present(JOE_VOICE) and files.present(ENGLISH_SOUNDS):
        out.append(Voice(NEURAL, "Joe, American English", "en-us", "neural", JOE_VOICE.licence))
    plain = [Voice(PLAIN + code, f"{name}, plain (espeak-ng)", code, "espeak-ng", "GPL-3.0 program") for code, (name, _) in espeak.languages().items()]
    return out + sorted(plain, key=lambda voice: (not voice.language.startswith("en"), voice.title))


def speak(text: str, voice: str = "auto", speed: float = 1.0, settings: Settings | None = None) -> Speech:
    """Say a text. voice: an id of `voices`, or auto: the neural voice for Latin letters, espeak-ng for other scripts and where the neural voice is missing.

    speed: 0.5 to 2 times. Raises `InvalidInput` (nothing to say, a letter that no voice reads, an unknown voice), `LimitExceeded` (over 2000 characters) or
    `ModelUnavailable` with the command that installs what is missing.
    """
    settings = settings or Settings.load()
    text = "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()
    if len(text) > MOST_CHARACTERS:
        raise LimitExceeded(f"the text has {len(text)} characters", why=f"{MOST_CHARACTERS} are allowed", fix="shorten it, or record a voice", field="text")
    if not re.search(r"\w", text):
        raise InvalidInput("there is nothing to say", fix="write some words", field="text")
    if not SPEEDS[0] <= speed <= SPEEDS[1]:
        raise InvalidInput(f"speed={speed:g} is not allowed", fix="give 0.5 to 2", field="speed")
    name = chosen(text, settings) if voice == "auto" else voice
    if name == NEURAL:
        return _by_net(text, speed, settings)
    language = name.removeprefix(PLAIN)
    if not espeak.languages():
        raise espeak.missing()
    if not name.startswith(PLAIN) or language not in espeak.languages():
        raise InvalidInput(f"there is no voice named {name[:40]!r}", fix="choose auto, or one that the list shows", field="voice")
    samples, rate, phones = espeak.say(text, espeak.languages()[language][1], speed)
    if not phones:
        raise InvalidInput(f"{espeak.languages()[language][0]} cannot say this text", fix="choose the voice of its language", field="voice")
    return Speech(samples, rate, phones, name)


def chosen(text: str, settings: Settings) -> str:
    """The id of the voice that auto takes for a text. Raises `ModelUnavailable` when none can say it."""
    script = _script(text)
    there = voices(settings)
    if not there:
        raise ModelUnavailable("there is no voice on this machine", fix=f"fetch it: python app.py fetch {JOE_VOICE.id} {ENGLISH_SOUNDS.id}, or {espeak.INSTALL}", field="voice")
    if script is None:
        return NEURAL if there[0].id == NEURAL else PLAIN + "en-us"
    if PLAIN + script not in {one.id for one in there}:
        raise ModelUnavailable("no voice on this machine reads these letters", fix=espeak.INSTALL + ", or write in Latin letters", field="text")
    return PLAIN + script


def _script(text: str) -> str | None:
    """The language of the script that most letters belong to; None for Latin."""
    counts: dict[str | None, int] = {None: 0}
    for letter in text:
        if letter.isalpha():
            kind = SCRIPTS.get(unicodedata.name(letter, "LATIN").split()[0].split("-")[0])
            counts[kind] = counts.get(kind, 0) + 1
    return max(counts, key=lambda kind: counts[kind])


def _by_net(text: str, speed: float, settings: Settings) -> Speech:
    files = ModelFiles.of(settings)
    dictionary, net = pronouncing.load(files.path(ENGLISH_SOUNDS)), neural.load(files.path(JOE_VOICE))
    said = wording.sentences(wording.said(text))
    if not said:
        raise InvalidInput("the English voice cannot read this text", fix="write it in Latin letters, or choose the voice of its language", field="text")
    samples, phones = net.say([dictionary.sentence(one) for one in said], speed)
    return Speech(samples, net.rate, phones, NEURAL)
