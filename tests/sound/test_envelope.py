"""The loudness of a voice, on sounds whose envelope is known."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import InvalidInput
from engine.sound.envelope import loudness, speech_energy
from engine.sound.spectra import RATE, at_frames, band, banded, mono, resampled


def pulsing(rate: int, seconds: float = 4.0, pace: float = 2.0, hz: float = 700.0) -> tuple[np.ndarray, np.ndarray]:
    """A tone that swells and ends `pace` times a second, and its envelope in the middles of 25 frames a second."""
    moments, frames = np.arange(round(rate * seconds)) / rate, (np.arange(round(25 * seconds)) + 0.5) / 25
    swell = [np.clip(np.sin(2 * np.pi * pace * t), 0, None) for t in (moments, frames)]
    return (0.3 * swell[0] * np.sin(2 * np.pi * hz * moments)).astype(np.float32), swell[1]


@pytest.mark.parametrize("rate", [8000, 16000, 44100, 96000])
def test_follows_the_envelope_in_time_at_any_rate(rate: int) -> None:
    samples, truth = pulsing(rate)
    energy = speech_energy(samples, rate, 25)
    assert energy.shape == truth.shape and energy.dtype == np.float32 and energy.min() == 0 and 0.9 < energy.max() <= 1
    scores = {shift: np.corrcoef(np.roll(energy, -shift)[3:-3], truth[3:-3])[0, 1] for shift in range(-3, 4)}
    assert max(scores, key=lambda shift: scores[shift]) == 0 and scores[0] > 0.9  # a constant curve: no correlation


def test_level_does_not_matter_and_silence_is_nothing() -> None:
    samples, _ = pulsing(16000)
    plain = speech_energy(samples, 16000, 25)
    assert np.abs(speech_energy(samples * 0.05, 16000, 25) - plain).max() < 0.05
    assert not speech_energy(np.zeros(16000, np.float32), 16000, 25).any() and speech_energy(np.zeros(0, np.float32), 16000, 25).shape == (0,)
    assert not speech_energy(samples * 1e-5, 16000, 25).any()  # -110 dB is silence, however it is scaled


def test_hum_is_not_speech() -> None:
    samples, truth = pulsing(16000)
    moments = np.arange(len(samples)) / 16000
    hum = (0.6 * np.sin(2 * np.pi * 50 * moments) * np.clip(-np.sin(2 * np.pi * 2 * moments), 0, None)).astype(np.float32)
    assert np.corrcoef(speech_energy(samples + hum, 16000, 25), truth)[0, 1] > 0.9
    whole = at_frames(loudness(resampled(samples + hum, 16000, RATE), (0.0, 8000.0)), 25, len(truth))
    assert np.corrcoef(whole, truth)[0, 1] < 0.6  # what the band is good for: the hum comes when the tone is away


def test_a_click_is_where_it_is() -> None:
    samples = np.zeros(32000, np.float32)
    samples[20000:20080] = 0.5
    energy = speech_energy(samples, 16000, 25)
    assert abs(int(energy.argmax()) - int(20040 / 16000 * 25)) <= 1 and energy[:25].max() == 0 and energy[38:].max() == 0


def test_resampling_keeps_time_and_length() -> None:
    moments = np.arange(44100) / 44100
    sound = np.sin(2 * np.pi * 440 * moments).astype(np.float32)
    low = resampled(sound, 44100, RATE)
    expected = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)
    assert low.shape == (RATE,) and low.dtype == np.float32 and np.abs(low - expected)[200:-200].max() < 0.01


def test_power_of_a_full_sine_is_one_in_its_band_and_nothing_elsewhere() -> None:
    sound = np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE).astype(np.float32)
    power = banded(sound, np.concatenate([band(900, 1100), band(2000, 4000)], axis=1))[50]
    assert abs(power[0] - 1) < 0.05 and power[1] < 1e-5


def test_odd_sound_is_heard_or_refused() -> None:
    stereo = np.stack([np.ones(10), -np.ones(10)], axis=1)
    assert not mono(stereo, 16000).any() and np.isfinite(mono(np.array([np.nan, np.inf, 1.0]), 16000)).all()
    with pytest.raises(InvalidInput, match="cannot be heard"):
        mono(np.zeros((2, 2, 2)), 16000)
    with pytest.raises(InvalidInput):
        speech_energy(np.zeros(10, np.float32), 10, 25)
