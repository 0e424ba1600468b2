"""Laughter made of known bursts is found; speech, music and silence have none."""

from __future__ import annotations

import numpy as np
import pytest

from engine.sound.laughter import find_laughter
from tests.sound.buzz import RATE, breath, laughing, silence, talking, vowel


@pytest.mark.parametrize("pace", [3.2, 4.5, 5.8])
def test_bursts_are_counted_where_they_are(pace: float) -> None:
    samples, middles = laughing(8, pace)
    (laugh,) = find_laughter(samples, RATE)  # a finder that finds nothing fails here
    assert abs(len(laugh.bursts) - 8) <= 1
    assert max(min(abs(burst - middle) for middle in middles) for burst in laugh.bursts) < 0.05
    assert laugh.start < middles[1] and laugh.end > middles[-2] and laugh.end - laugh.start < 8 / pace + 0.5


def test_rate_and_level_do_not_matter() -> None:
    for rate in (8000, 48000):
        samples, _ = laughing(7, 4.5, rate)
        for gain in (0.02, 2.0):
            found = find_laughter(samples * gain, rate)
            assert len(found) == 1 and abs(len(found[0].bursts) - 7) <= 1


def test_syllables_at_the_pace_of_laughter_are_no_laughter() -> None:
    assert find_laughter(talking(), RATE) == []
    same = np.concatenate([np.concatenate([breath(0.11, seed=k), vowel("a", 0.14)]) for k in range(24)])
    assert find_laughter(same.astype(np.float32), RATE)  # the same sounds without the change of vowel would be


def test_music_and_silence_and_noise_are_no_laughter() -> None:
    moments = np.arange(8 * RATE) / RATE
    chords = sum(np.sin(2 * np.pi * hz * moments) for hz in (220, 277, 330, 440)) * 0.1
    beats = chords * (0.4 + 0.6 * np.exp(-((moments * 4) % 1) * 4))
    for sound in (beats, np.zeros(4 * RATE), np.random.default_rng(1).normal(0, 0.1, 4 * RATE), np.zeros(0)):
        assert find_laughter(sound.astype(np.float32), RATE) == []


def test_a_laugh_within_speech_is_found_alone_and_two_are_two() -> None:
    laugh, middles = laughing(6, 4.5)
    speech = talking(12)
    sound = np.concatenate([speech, laugh, silence(0.5).astype(np.float32), speech, laugh]).astype(np.float32)
    found = find_laughter(sound, RATE)
    begins = [len(speech) / RATE + middles[0], (2 * len(speech) + len(laugh)) / RATE + 0.5 + middles[0]]
    assert len(found) == 2 and all(abs(one.start - begin) < 0.4 for one, begin in zip(found, begins, strict=True))


def test_a_roar_is_stronger_than_a_chuckle() -> None:
    chuckle, _ = laughing(4, 4.5)
    roar, _ = laughing(14, 4.5)
    chuckle = np.convolve(chuckle, np.ones(10) / 10, "same").astype(np.float32)  # less of the upper voice
    shouted = np.concatenate([[0.0], np.diff(roar)]).astype(np.float32) * 4  # more of the upper voice
    weak, strong = find_laughter(chuckle, RATE)[0].strength, find_laughter(shouted, RATE)[0].strength
    assert 0 <= weak < strong - 0.25 and strong <= 1
