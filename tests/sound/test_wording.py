"""Numbers, signs and sentences as they are said, and how unknown words sound."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.sound.pronouncing import Pronouncer, by_rule
from engine.sound.wording import LONGEST, said, sentences, spoken_number


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "zero"), (13, "thirteen"), (40, "forty"), (99, "ninety nine"), (100, "one hundred"), (1234, "one thousand two hundred thirty four"), (-5, "minus five"),
     (1_000_001, "one million one"), (2 * 10**12, "two trillion")],
)  # fmt: skip
def test_numbers(value: int, words: str) -> None:
    assert spoken_number(value) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [("It costs $3.50.", "three dollars fifty"), ("at 10:05", "ten oh five"), ("the 21st", "twenty first"), ("in 1999", "nineteen ninety nine"), ("52.5%", "fifty two point five percent"),
     ("1,234,567", "one million two hundred thirty four"), ("Mr. Brown", "mister Brown"), ("café", "cafe"), ("“so” — he", "so, he"), ("-7 °C", "minus seven degrees C")],
)  # fmt: skip
def test_signs_become_words(text: str, words: str) -> None:
    assert words in " ".join(said(text).split())


def test_what_cannot_be_said_vanishes_and_numbers_never_stop_it() -> None:
    assert sentences(said("!!! ... 😀 Привет")) == []
    assert len(sentences(said("9" * 200))) >= 1


def test_sentences_are_short_and_lose_nothing() -> None:
    text = "word " * 200 + "end. Second one, with a comma! third"
    parts = sentences(said(text))
    assert all(len(part) <= LONGEST + 1 for part in parts) and parts[-1] == "third." and parts[-2].endswith("!")
    assert sum(part.count("word") for part in parts) == 200


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300) | st.text(alphabet="aZ09 .,'$%:-/!?\n\u2019", max_size=300))
def test_any_text_becomes_short_sentences_of_plain_letters(text: str) -> None:
    for part in sentences(said(text)):
        assert 0 < len(part) <= LONGEST + 1 and part[-1] in ",.!?" and set(part) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ',.!?")
        assert by_rule(part.lower()) is not None


@pytest.fixture
def dictionary(tmp_path: Path) -> Pronouncer:
    (tmp_path / "us_gold.json").write_text(json.dumps({"cat": "kˈæt", "fish": "fˈɪʃ", "read": {"DEFAULT": "ɹˈid", "VBD": "ɹˈɛd"}, "apple": "ˈæpᵊl", "bird": "bˈɜɹd"}), encoding="utf-8")
    (tmp_path / "us_silver.json").write_text(json.dumps({"cat": "wrong"}), encoding="utf-8")
    return Pronouncer(tmp_path)


def test_the_dictionary_comes_first_and_endings_follow_what_they_are_put_on(dictionary: Pronouncer) -> None:
    assert dictionary.word("Cat") == "kˈæt" and dictionary.word("read") == "ɹˈid"
    assert dictionary.word("cats") == "kˈæts" and dictionary.word("birds") == "bˈɜɹdz" and dictionary.word("fishes") == "fˈɪʃᵻz"
    assert dictionary.word("catfish") == "kˈætfˌɪʃ" and dictionary.word("XKCD").count("ˈ") == 4


def test_a_sentence_in_the_letters_of_the_voice(dictionary: Pronouncer) -> None:
    assert dictionary.sentence("The cat, the apple!") == "ðə kˈæt, ði ˈæpəl!"
    assert dictionary.sentence("bird.") == "bˈɜːd."


@pytest.mark.parametrize(("word", "sounds"), [("zib", "zˈɪb"), ("shoom", "ʃˈum"), ("mave", "mˈAv"), ("kinora", "kɪnˈɔɹə"), ("flutter", "flˈʌtəɹ")])
def test_unknown_words_are_guessed(word: str, sounds: str) -> None:
    assert by_rule(word) == sounds
