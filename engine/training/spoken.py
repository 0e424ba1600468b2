"""Speech whose phones are known: espeak-ng in a process of its own (`engine.sound.espeak`) says made-up sentences in many voices."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.sound import espeak
from engine.sound.phones import Phone

LANGUAGES = ("en-us", "en-029", "en-gb-scotland", "de", "fr", "es", "it", "pt-br", "pl", "nl", "sv", "ru", "hi", "cs", "ro", "id")
VARIANTS = ("", "+m1", "+m2", "+m3", "+m4", "+m5", "+m6", "+m8", "+f1", "+f2", "+f3", "+f5", "+croak", "+klatt", "+klatt2", "+klatt3")
UNSEEN_LANGUAGES = ("fi", "tr", "en-gb-x-rp", "hu")
UNSEEN_VARIANTS = ("+m7", "+f4", "+klatt4")

_WORDS = (
    "about above after again all always and animal answer any apple are ask away baby back bad ball be beautiful because bed been before began begin being below best better between big bird"
    " black blue boat body book both box boy bring brother brown build but buy by call came can car carry change child city clear close cold come could country cut day did different do does"
    " done door down draw dream drive drop each early earth eat eight end enough even ever every example eye face family far farm fast father feel feet few field find fire first fish five fly"
    " follow food for form found four friend from front full game garden gave get girl give go gold good got great green ground group grow had half hand happy hard have he head hear heart help"
    " her here high him his home hope horse hot house how hundred idea if in into is it job jump just keep kind king know lady lamp large last late laugh learn leave left letter life light like"
    " line listen little live long look love low made make man many map may maybe me mean member men might mile milk mind miss money moon more morning most mother mountain mouth move much music"
    " must my name near need never new next night no north nose not now number ocean of off often oh old on once one only open or other our out over own page paper part pass people perhaps"
    " person picture place plan plant play point poor power problem pull push put question quick quiet rain ran reach read ready real red rich right river road rock room round run said same"
    " sat saw say school sea second see seem sell send sentence set seven shall she ship short should show side simple since sing sister sit six sky sleep slow small smile snow so some song soon"
    " sound south space speak spell spring stand star start stay step still stone stop story street strong study such summer sun sure swim table take talk tell ten than thank that the their them"
    " then there these they thing think this those thought three through time to today together told too took top toward town travel tree true try turn two under until up us use very voice"
    " wait walk wall want war warm was wash watch water wave way we week well went were what wheel when where which while white who why will wind window winter wish with woman wonder wood word"
    " work world would write yard year yellow yes yet you young your"
)
WORDS = tuple(_WORDS.split())
ONSETS = ("b", "p", "m", "f", "v", "w", "t", "d", "n", "s", "z", "l", "r", "k", "g", "h", "sh", "ch", "j", "y", "br", "pl", "fl", "st", "sp", "tr", "bl", "sm", "")
NUCLEI = ("a", "e", "i", "o", "u", "oo", "ee", "ou", "ai", "aa")
CODAS = ("", "", "", "", "n", "m", "p", "b", "f", "v", "s", "t", "l", "r", "k")


@dataclass(frozen=True)
class Spoken:
    """Speech with its truth. samples: (N,) float32; rate in Hz; phones: in order, pauses left out; voice: which of espeak-ng's."""

    samples: np.ndarray
    rate: int
    phones: tuple[Phone, ...]
    voice: str


def sentence(rng: np.random.Generator) -> str:
    """Words of English and words of no language, so that every sound meets every other; commas make pauses."""
    words: list[str] = []
    for _ in range(int(rng.integers(3, 12))):
        if rng.random() < 0.5:
            word = str(rng.choice(WORDS))
        else:
            word = "".join(str(rng.choice(part)) for _ in range(int(rng.integers(1, 4))) for part in (ONSETS, NUCLEI, CODAS))
        words.append(word + ("," if rng.random() < 0.12 else ""))
    return " ".join(words) + str(rng.choice([".", ".", "?", "!"]))


@contextmanager
def speaker() -> Iterator[Speaker]:
    """A running espeak-ng process. Raises `ModelUnavailable` when the library is not installed."""
    with subprocess.Popen(espeak.COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=espeak.ROOT) as child:
        assert child.stdin is not None and child.stdout is not None
        try:
            yield Speaker(child.stdin, child.stdout)
        finally:
            child.stdin.close()


class Speaker:
    """The two ends of the process."""

    def __init__(self, asks: Any, answers: Any) -> None:
        self.asks, self.answers = asks, answers

    def say(self, text: str, voice: str, speed: int = 175, pitch: int = 50) -> Spoken:
        """voice: a language and a variant as espeak-ng names them; speed in words a minute, 80 to 450; pitch 0 to 99."""
        self.asks.write((json.dumps({"text": text, "voice": voice, "speed": speed, "pitch": pitch}) + "\n").encode())
        self.asks.flush()
        line = self.answers.readline()
        if not line:
            raise espeak.missing()
        told = json.loads(line)
        return Spoken(*espeak.heard(told, self.answers.read(2 * told["count"])), voice)

    def any(self, rng: np.random.Generator, languages: tuple[str, ...] = LANGUAGES, variants: tuple[str, ...] = VARIANTS) -> Spoken:
        """A sentence in a voice of these, slow or fast, high or low."""
        return self.say(sentence(rng), str(rng.choice(languages)) + str(rng.choice(variants)), int(rng.uniform(110, 280)), int(rng.uniform(5, 95)))
