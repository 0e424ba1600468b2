"""Built-in voices: what they say lasts as their phones do, and every way of failing is a plain sentence."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import ENGLISH_SOUNDS, JOE_VOICE
from engine.errors import InvalidInput, LimitExceeded, ModelUnavailable
from engine.settings import Settings
from engine.sound import espeak, voices
from engine.sound.envelope import loudness
from engine.sound.neural import _length, _phones, ready
from engine.sound.spectra import PACE, RATE, resampled
from engine.sound.voices import NEURAL, Voice, speak

SETTINGS = Settings.load()
FILES = ModelFiles(SETTINGS.data_dir / "models", SETTINGS)
needs_joe = pytest.mark.skipif(not (ready() and FILES.present(JOE_VOICE) and FILES.present(ENGLISH_SOUNDS)), reason="the neural voice is not here: python app.py fetch voice-joe english-sounds")
needs_espeak = pytest.mark.skipif(not espeak.languages(), reason="espeak-ng is not on this machine: apt-get install espeak-ng")


def fits(speech: voices.Speech) -> float:
    """How much louder, as a share of the loudest, vowels are than stops at the phones' middles: near 0 when the times are not those of the sound."""
    level = loudness(resampled(speech.samples, speech.rate, RATE), pace=0.01)
    vowels, stops = ([float(level[min(len(level) - 1, round((p.start + p.end) / 2 * PACE))]) for p in speech.phones if p.symbol[0] in letters] for letters in ("aæɑʌɛoɔ", "ptk"))
    return float(np.mean(vowels) - np.mean(stops))


@needs_joe
def test_the_neural_voice_says_when_each_sound_is() -> None:
    speech = speak("Mama put a big pot on the top of the apple box. Papa cut it.", NEURAL, 1.0, SETTINGS)
    assert speech.voice == NEURAL and speech.samples.dtype == np.float32 and 0.1 < np.abs(speech.samples).max() <= 1.5
    assert [p.symbol for p in speech.phones[:4]] == ["m", "ɑː", "m", "ə"]
    starts = [p.start for p in speech.phones]
    assert starts == sorted(starts) and all(p.end > p.start for p in speech.phones) and speech.phones[-1].end <= speech.seconds
    early = voices.Speech(speech.samples, speech.rate, tuple(type(p)(p.symbol, p.start + 0.1, p.end + 0.1) for p in speech.phones), NEURAL)
    assert fits(speech) > 0.3 > fits(early) + 0.1  # a tenth of a second off, and the fit is gone


@needs_joe
def test_speed_makes_it_shorter_and_the_same_text_stays_the_same_length() -> None:
    plain, fast = (speak("One two three four five six.", NEURAL, speed, SETTINGS).seconds for speed in (1.0, 1.8))
    assert fast < 0.75 * plain


@needs_espeak
def test_espeak_says_when_each_sound_is_and_speaks_other_scripts() -> None:
    speech = speak("Mama put a big pot on the top of the apple box.", "espeak-en-us", 1.0, SETTINGS)
    assert fits(speech) > 0.3 and speech.phones[0].symbol == "m"
    assert speak("Привет!", "auto", 1.0, SETTINGS).voice == "espeak-ru"


@needs_espeak
def test_text_is_never_a_command() -> None:
    for text in ("$(touch owned); `id` | --help", "-w out.wav hello", "<speak><audio src='x'/></speak> hi"):
        assert speak(text, "espeak-en-us", 1.0, SETTINGS).seconds > 0.3


@pytest.mark.parametrize(
    ("text", "voice", "speed", "error", "words"),
    [("", "auto", 1.0, InvalidInput, "nothing to say"), (" ?!… ", "auto", 1.0, InvalidInput, "nothing to say"), ("a" * 2001, "auto", 1.0, LimitExceeded, "2001 characters"),
     ("hi", "auto", 3.0, InvalidInput, "speed=3"), ("hi", "auto", float("nan"), InvalidInput, "not allowed")],
)  # fmt: skip
def test_bad_requests_are_named(text: str, voice: str, speed: float, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        speak(text, voice, speed, SETTINGS)


def test_without_any_voice_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(espeak, "languages", dict)
    nothing = SETTINGS.model_copy(update={"data_dir": tmp_path})
    assert voices.voices(nothing) == []
    with pytest.raises(ModelUnavailable, match="app.py fetch voice-joe"):
        speak("hello", "auto", 1.0, nothing)
    with pytest.raises(ModelUnavailable, match="apt-get install espeak-ng"):
        speak("hello", "espeak-de", 1.0, nothing)
    with pytest.raises(ModelUnavailable, match="not on this machine"):
        speak("hello", NEURAL, 1.0, nothing)


def test_the_best_voice_for_the_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = [Voice(f"espeak-{code}", code, code, "espeak-ng", "") for code in ("en-us", "ru", "ja")]
    monkeypatch.setattr(voices, "voices", lambda settings: plain)
    assert [voices.chosen(text, SETTINGS) for text in ("hello", "Привет мир", "こんにちは")] == ["espeak-en-us", "espeak-ru", "espeak-ja"]
    with pytest.raises(ModelUnavailable, match="reads these letters"):
        voices.chosen("γειά", SETTINGS)


def test_a_program_that_hangs_dies_or_is_missing() -> None:
    with pytest.raises(LimitExceeded, match="did not answer within 0.3 seconds"):
        espeak.say("hi", "en", seconds=0.3, command=(sys.executable, "-c", "import time; time.sleep(60)"))
    with pytest.raises(ModelUnavailable, match="apt-get install"):
        espeak.say("hi", "en", command=(sys.executable, "-c", "raise SystemExit(1)"))
    with pytest.raises(ModelUnavailable, match="apt-get install"):
        espeak.say("hi", "en", command=("/nowhere/espeak",))


def test_the_text_goes_to_the_program_by_its_input() -> None:
    echo = "import sys, json; ask = json.loads(sys.stdin.readline()); print(json.dumps({'count': 2, 'rate': 22050, 'phones': [[ask['text'][0], 0, 1], ['(en)', 1, 2]]})); sys.stdout.flush(); sys.stdout.buffer.write(b'\\x00\\x40\\x00\\xc0')"
    samples, rate, phones = espeak.say("a; b", "en", command=(sys.executable, "-c", echo))
    assert samples.tolist() == [0.5, -0.5] and rate == 22050 and [p.symbol for p in phones] == ["a"]


def test_letters_become_phones() -> None:
    spans = [("ˈ", 0.0, 0.1), ("a", 0.1, 0.2), ("ː", 0.2, 0.3), (" ", 0.3, 0.4), ("m", 0.4, 0.5), (".", 0.5, 0.7)]
    found = [(p.symbol, round(p.start, 3), round(p.end, 3)) for p in _phones(spans)]
    assert found == [("aː", 0.0, 0.35), ("m", 0.35, 0.5)]
    assert _length(5) == b"\x05" and _length(300) == b"\xac\x02"


def test_cards_of_the_voice_are_free() -> None:
    assert JOE_VOICE.licence == "CC0-1.0" and ENGLISH_SOUNDS.licence == "Apache-2.0"
    assert json.dumps([file.name for file in JOE_VOICE.files]) == '["voice.onnx", "voice.json"]'
