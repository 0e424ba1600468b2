"""A mouth from sound and from phones, on speech whose closures and vowels are known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.sound.by_hand import table_by_hand
from engine.sound.curves import NAMES, MouthCurves, follow, to_frames
from engine.sound.envelope import speech_energy
from engine.sound.phones import SHAPES, Phone, curves_of_phones, spelled, table_of_phones
from engine.sound.speech import mouth_curves
from tests.sound.buzz import RATE, laughing, mama, silence, vowel


def at(curves: MouthCurves, name: str, moments: list[float]) -> np.ndarray:
    """A curve at moments in seconds."""
    return getattr(curves, name)[[min(len(curves) - 1, int(moment * curves.fps)) for moment in moments]]


@pytest.mark.parametrize("rate", [8000, 16000, 96000])
@pytest.mark.parametrize("fps", [25, 30])
def test_mama_opens_and_closes_in_time(rate: int, fps: int) -> None:
    samples, closed, opened = mama(5, rate)
    curves = mouth_curves(samples, rate, fps)
    assert len(curves) == round(len(samples) / rate * fps) and all(getattr(curves, name).dtype == np.float32 for name in NAMES)
    assert at(curves, "opening", opened).min() > 2.5 * at(curves, "opening", closed).max()  # a constant mouth: 1
    energy = speech_energy(samples, rate, fps)
    scores = {shift: np.corrcoef(np.roll(curves.opening, -shift), energy)[0, 1] for shift in range(-4, 5)}
    assert abs(max(scores, key=lambda shift: scores[shift])) <= 1 and scores[0] > 0.7


def test_silence_and_pauses_are_a_closed_mouth() -> None:
    samples, _, opened = mama(3)
    sound = np.concatenate([samples, silence(0.8).astype(np.float32), samples])
    curves = mouth_curves(sound, RATE, 25)
    pause = slice(round((len(samples) / RATE - 0.2) * 25), round((len(samples) / RATE + 0.95) * 25))
    assert curves.opening[pause].max() < 0.05 < at(curves, "opening", opened).min()
    for quiet in (np.zeros(RATE, np.float32), np.random.default_rng(0).normal(0, 1e-5, RATE).astype(np.float32), np.zeros(0, np.float32)):
        empty = mouth_curves(quiet, RATE, 25)
        assert not empty.table.any() and len(empty) == round(len(quiet) / RATE * 25)


def test_level_hum_and_light_noise_change_little() -> None:
    samples, _, _ = mama(5)
    plain = mouth_curves(samples, RATE, 25).opening
    spread = plain.max()
    moments = np.arange(len(samples)) / RATE
    hum = (0.05 * np.sin(2 * np.pi * 50 * moments)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.001, len(samples)).astype(np.float32)
    assert np.abs(mouth_curves(samples * 0.03, RATE, 25).opening - plain).max() < 0.05 * spread
    for spoiled in (samples + hum, samples + noise):
        assert np.corrcoef(mouth_curves(spoiled, RATE, 25).opening, plain)[0, 1] > 0.85


def test_i_is_wider_than_u() -> None:
    wide, round_ = (mouth_curves(np.concatenate([silence(0.2), vowel(name, 0.4), silence(0.2)]).astype(np.float32), RATE, 25) for name in "iu")
    assert wide.width[8:13].mean() > round_.width[8:13].mean() + 0.3
    assert round_.rounding[8:13].mean() > wide.rounding[8:13].mean() + 0.2


def test_every_burst_of_a_laugh_opens_the_mouth() -> None:
    samples, middles = laughing(8, 4.5)
    curves = mouth_curves(samples, RATE, 25)
    between = [(a + b) / 2 + 0.02 for a, b in zip(middles, middles[1:], strict=False)]
    assert at(curves, "opening", middles).min() > at(curves, "opening", between).max() + 0.1  # a mouth that stays as it is: 0
    assert curves.closure.max() < 0.3


def test_rules_alone_open_and_close_too() -> None:
    samples, closed, opened = mama(5)
    curves = to_frames(table_by_hand(samples), len(samples) / RATE, 25)
    assert at(curves, "opening", opened).min() > 2 * at(curves, "opening", closed).max()


PHONES = (Phone("m", 0.3, 0.38), Phone("ɑː", 0.38, 0.6), Phone("b", 0.6, 0.68), Phone("iː", 0.68, 0.9), Phone("f", 0.9, 1.0), Phone("uː", 1.0, 1.25))


@pytest.mark.parametrize("fps", [12, 25, 60])
def test_phones_press_bite_spread_and_round(fps: int) -> None:
    curves = curves_of_phones(PHONES, 1.6, fps)
    assert len(curves) == round(1.6 * fps)
    assert at(curves, "closure", [0.34, 0.64]).min() > 0.8 and at(curves, "opening", [0.34, 0.64]).max() < 0.1
    assert at(curves, "teeth", [0.95]).min() > 0.8 and at(curves, "opening", [0.49])[0] > 0.5
    assert at(curves, "width", [0.79])[0] > 0.6 and at(curves, "width", [1.12])[0] < -0.4 and at(curves, "rounding", [1.12])[0] > 0.8
    assert at(curves, "opening", [0.1, 1.5]).max() < 0.05 and at(curves, "closure", [0.1, 1.5]).max() < 0.05


def test_rounding_is_prepared_before_its_vowel_and_closures_are_not() -> None:
    table = table_of_phones((Phone("s", 0.5, 0.6), Phone("uː", 0.6, 0.9)), 1.2)
    assert table[56, 2] > 0.2 > table[51, 2] and table[45, 2] < 0.1  # without coarticulation: 0 at 0.56 s
    table = table_of_phones((Phone("ɑ", 0.3, 0.6), Phone("m", 0.6, 0.7), Phone("ɑ", 0.7, 1.0)), 1.2)
    assert table[65, 3] > 0.9 and table[56, 3] < 0.1 and table[74, 3] < 0.1


def test_soft_syllables_open_less() -> None:
    energy = np.full(40, 0.2, np.float32)
    plain, soft = curves_of_phones(PHONES, 1.6, 25), curves_of_phones(PHONES, 1.6, 25, energy)
    assert np.allclose(soft.opening, plain.opening * 0.48, atol=1e-5) and (soft.closure == plain.closure).all()


def test_symbols_of_any_kind() -> None:
    assert len(spelled("aɪ")) == 2 and len(spelled("tʃ")) == 2 and spelled("ˈɑː") == [SHAPES["ɑ"]] and spelled("") == spelled("_") == []
    for phones in ((), (Phone("?", 0, 1),), (Phone("m", 0.5, 0.5),)):
        assert not curves_of_phones(phones, 1.0, 25).opening.any()
    assert len(curves_of_phones(PHONES, 0.0, 25)) == 0


def test_a_short_closure_is_seen_at_a_low_rate() -> None:
    for shift in np.linspace(0, 0.08, 9):
        phones = (Phone("ɑ", 0.2, 0.5 + shift), Phone("b", 0.5 + shift, 0.55 + shift), Phone("ɑ", 0.55 + shift, 0.9))
        curves = curves_of_phones(phones, 1.2, 12)
        assert curves.closure.max() > 0.7 and curves.opening[5:8].min() < 0.3  # sampled at the frame's middle alone: a closure of 0.52 for some shift


def test_lips_follow_quickly_and_let_go_slowly() -> None:
    step = np.zeros(100, np.float32)
    step[30:60] = 1
    out = follow(step)
    rise, fall = int((out > 0.5).argmax()), 60 + int((out[60:] < 0.5).argmax())
    assert abs(rise - 30) <= 4 and abs(fall - 60) <= 4 and out[20] < 0.01 and out[85] < 0.1
