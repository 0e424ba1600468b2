"""The narrator: equally loud lines that fit their scenes, said once, with words at the times of their sounds. The voice of most tests is a buzz of known length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import ENGLISH_SOUNDS, JOE_VOICE
from engine.errors import InvalidInput, ModelUnavailable
from engine.settings import Settings
from engine.sound import espeak, neural, voices
from engine.sound.mixing.levels import LEVELS
from engine.sound.mixing.loudness import measured
from engine.sound.mixing.narration import FASTEST, RATE, Speaker, prepared
from engine.sound.mixing.words import MOST_SHOWN, Word, phrases, timed_words
from engine.sound.phones import Phone
from engine.sound.voices import NEURAL, Speech
from tests.sound import buzz

HERE = Settings.load()
FILES = ModelFiles(HERE.data_dir / "models", HERE)
needs_sounds = pytest.mark.skipif(not FILES.present(ENGLISH_SOUNDS), reason="the dictionary is not here: python app.py fetch english-sounds")
needs_joe = pytest.mark.skipif(not (neural.ready() and FILES.present(JOE_VOICE) and FILES.present(ENGLISH_SOUNDS)), reason="the neural voice is not here: python app.py fetch voice-joe english-sounds")
A_WORD = 0.3


class Buzzer:
    """A voice that says each word as one vowel of 0.3 s, and counts how often it speaks."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def speak(self, text: str, voice: str, speed: float, settings: Settings) -> Speech:
        if "♥" in text:
            raise InvalidInput("the voice cannot read this text", fix="write letters", field="text")
        self.asked.append((text, speed))
        count = len(text.split())
        each = round(A_WORD / speed * buzz.RATE)
        sound = np.concatenate([buzz.shaped(buzz.vowel("a", each / buzz.RATE)) for _ in range(count)])
        phones = tuple(Phone("a", k * each / buzz.RATE, (k + 1) * each / buzz.RATE) for k in range(count))
        return Speech(np.concatenate([sound, np.zeros(8000)]).astype(np.float32) * 0.01 * len(text), buzz.RATE, phones, voice)


@pytest.fixture
def buzzer(monkeypatch: pytest.MonkeyPatch) -> Buzzer:
    """The only voice of the machine."""
    voice = Buzzer()
    monkeypatch.setattr(voices, "speak", voice.speak)
    monkeypatch.setattr(voices, "chosen", lambda text, settings: "buzz")
    return voice


def loud(samples: np.ndarray) -> float:
    """LUFS of a line as it is heard: on both sides."""
    return measured(np.stack([samples, samples], axis=1), RATE)


def test_lines_are_equally_loud_and_end_when_the_voice_does(settings: Settings, buzzer: Buzzer) -> None:
    speaker = Speaker(settings)
    lines = [speaker.line(text, 10.0) for text in ("one two three four", "a much louder line of nine words it is")]
    assert [round(line.seconds, 1) for line in lines] == [1.3, 2.8] and not any(line.notes for line in lines)
    raw = [buzzer.speak(line.text, "buzz", 1.0, settings).samples for line in lines]
    assert abs(loud(raw[0]) - loud(raw[1])) > 5  # as they were spoken
    assert all(abs(loud(line.samples) - LEVELS["narration"]) < 0.5 and np.abs(line.samples).max() < 1 for line in lines)


def test_rumble_goes_and_the_voice_stays() -> None:
    moments = np.arange(2 * RATE) / RATE
    voice, rumble = np.sin(2 * np.pi * 300 * moments), np.sin(2 * np.pi * 20 * moments)
    done = prepared((0.1 * voice + 0.3 * rumble).astype(np.float32), RATE)[RATE // 2 : RATE * 3 // 2]
    spectrum = np.abs(np.fft.rfft(done))
    assert spectrum[20] < 0.3 * spectrum[300]  # it was three times as strong
    assert not prepared(np.zeros(RATE, np.float32), RATE).size


def test_too_long_a_line_is_said_faster_and_then_runs_on(settings: Settings, buzzer: Buzzer) -> None:
    speaker = Speaker(settings)
    text = "one two three four five six seven eight nine ten"  # 3.06 s
    fits, tight, short = speaker.line(text, 3.2), speaker.line(text, 2.85), speaker.line(text, 2.0)
    assert (fits.speed, tight.speed, short.speed) == (1.0, 1.1, FASTEST)
    assert tight.seconds <= 2.85 and not tight.notes
    assert abs(short.seconds - 3.06 / FASTEST) < 0.1 and short.notes == (f"the line is {short.seconds - 2.0:.1f} s longer than its scene and runs on",)


def test_a_line_is_said_once_and_damage_is_repaired(settings: Settings, buzzer: Buzzer) -> None:
    first = Speaker(settings).line("say it only once", 5)
    again = Speaker(settings).line("  say it   only once ", 5)
    assert len(buzzer.asked) == 1 and (again.samples == first.samples).all() and again.words == first.words and again.voice == "buzz"
    Speaker(settings, "other").line("say it only once", 5)
    Speaker(settings).say("say it only once", 1.1)
    assert len(buzzer.asked) == 3
    folder = settings.data_dir / "cache" / "narration"
    assert len(list(folder.iterdir())) == 6
    for path in folder.iterdir():
        path.write_bytes(path.read_bytes()[:40])
    assert (Speaker(settings).line("say it only once", 5).samples == first.samples).all() and len(buzzer.asked) == 4
    folder_is_a_file = settings.data_dir / "file"
    folder_is_a_file.write_text("")
    assert Speaker(settings, folder=folder_is_a_file).line("no room to keep it", 5).seconds > 1


def test_what_cannot_be_said_is_told(settings: Settings, buzzer: Buzzer, monkeypatch: pytest.MonkeyPatch) -> None:
    line = Speaker(settings).line("♥", 5)
    assert not line.seconds and not line.captions and "cannot read" in line.notes[0]
    monkeypatch.undo()
    monkeypatch.setattr(espeak, "languages", dict)
    with pytest.raises(ModelUnavailable, match="app.py fetch voice-joe"):
        Speaker(settings).line("hello", 5)
    with pytest.raises((InvalidInput, ModelUnavailable)):
        Speaker(settings, "nobody").line("hello", 5)


def test_words_without_a_dictionary_share_the_sounds_by_their_letters(settings: Settings) -> None:
    phones = tuple(Phone("a", 0.1 * k + (1.0 if k >= 6 else 0.0), 0.1 * k + 0.1 + (1.0 if k >= 6 else 0.0)) for k in range(12))
    words = timed_words("abc def - ghijkl", phones, "espeak-en", settings)
    assert [word.text for word in words] == ["abc", "def -", "ghijkl"]
    assert np.allclose([(word.start, word.end) for word in words], [(0, 0.3), (0.3, 0.6), (1.6, 2.2)])
    assert timed_words("abc", (), "x", settings) == () == timed_words("", phones, "x", settings) == timed_words("- !", phones, "x", settings)


@needs_sounds
def test_the_neural_voices_words_have_their_own_sounds() -> None:
    # ðə | tˈuː ʃˈɪps | θˈɪŋk: 2, 2 (2 is said as two), 4 and 4 sounds.
    phones = tuple(Phone("a", 0.1 * k, 0.1 * k + 0.1) for k in range(12))
    words = timed_words("The 2 ships think.", phones, NEURAL, HERE)
    assert [(word.text, round(10 * word.start), round(10 * word.end)) for word in words] == [("The", 0, 2), ("2", 2, 4), ("ships", 4, 8), ("think.", 8, 12)]
    by_letters = timed_words("The 2 ships think.", phones, "other", HERE)
    assert [round(10 * word.end) for word in by_letters] != [2, 4, 8, 12]


@needs_joe
def test_the_neural_narrator(tmp_path: Path) -> None:
    line = Speaker(HERE, NEURAL, tmp_path).line("A boat, and then the moon.", 6)
    assert abs(loud(line.samples) - LEVELS["narration"]) < 1 and [word.text for word in line.words] == ["A", "boat,", "and", "then", "the", "moon."]
    level = [float(np.square(line.samples[round(word.start * RATE) : round(word.end * RATE)]).mean()) for word in line.words]
    assert min(level) > 1e-5 and all(a.end <= b.start + 1e-6 for a, b in zip(line.words, line.words[1:], strict=False)) and line.words[-1].end <= line.seconds


def test_captions_are_short_follow_the_words_and_never_overlap() -> None:
    text = "She asks the owl: where is it? The owl does not know, but the stars might, and so the boat sails on and on and on until the morning comes at last."
    words = tuple(Word(word, 0.4 * k, 0.4 * k + 0.35) for k, word in enumerate(text.split()))
    shown = phrases(words)
    assert " ".join(one for _, _, one in shown) == text and max(len(one) for _, _, one in shown) <= MOST_SHOWN
    assert shown[0][2] == "She asks the owl: where is it?" and shown[1][2] == "The owl does not know, but the stars might,"
    assert all(a[0] < a[1] <= b[0] for a, b in zip(shown, shown[1:], strict=False)) and [start for start, _, _ in shown][0] == 0.0
    assert phrases(()) == []
