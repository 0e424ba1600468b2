"""Where somebody speaks: the built-in voice, whose sounds are known, in noise; and windows that leave silence out and cut no word."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import ModelUnavailable
from engine.settings import Settings
from engine.sound.activity import APART, MARGIN, Span, speech_spans, windows
from engine.sound.spectra import RATE, resampled
from tests.faces import SHARED, syllables


def test_the_built_in_voice_is_found_in_noise_of_any_colour() -> None:
    from engine.sound.voices import speak

    try:
        said = speak("The little red boat sails home. There is no moon tonight!", settings=Settings(data_dir=SHARED))
    except ModelUnavailable:
        pytest.skip("no voice is here: python app.py fetch")
    voice = resampled(said.samples, said.rate, RATE)
    sound = np.pad(voice, (4 * RATE, 5 * RATE))
    noise = np.random.default_rng(0).standard_normal(len(sound))
    brown = np.fft.irfft(np.fft.rfft(noise) / np.arange(1, len(noise) // 2 + 2), len(noise))
    for level, added in ((0.0, noise), (0.005, noise), (0.05, brown / np.abs(brown).max())):
        spans = speech_spans((sound + level * added).astype(np.float32))
        spoken = [phone for phone in said.phones if any(span.start <= 4 + (phone.start + phone.end) / 2 < span.end for span in spans)]
        assert len(spoken) > 0.95 * len(said.phones)
        assert spans[0].start > 4 - MARGIN - 0.1 and spans[-1].end < 4 + said.seconds + MARGIN + 0.1, "nobody speaks before and after"


def test_the_level_does_not_matter() -> None:
    sound = syllables([0.3, 0.6, 2.0], 3.0)
    loud, soft = speech_spans(sound), speech_spans(0.05 * sound)
    assert len(loud) == len(soft) == 2
    assert [edge for span in loud for edge in (span.start, span.end)] == pytest.approx([edge for span in soft for edge in (span.start, span.end)], abs=0.05)


def test_windows_leave_silence_out_and_cut_where_it_is_quiet() -> None:
    sound = syllables([k * 0.2 for k in range(5, 100)] + [20.4, 28.0], 30.0)
    spans = speech_spans(sound)
    parts = windows(spans, sound, 6.0)
    assert all(part.seconds <= 6.0 for part in parts) and parts[0].start == spans[0].start and parts[-1].end == spans[-1].end
    assert all(later.start == sooner.end or later.start - sooner.end > APART for sooner, later in zip(parts, parts[1:], strict=False))
    cuts = [later.start for sooner, later in zip(parts, parts[1:], strict=False) if later.start == sooner.end]
    assert cuts and max(np.abs(sound[round((cut - 0.01) * RATE) : round((cut + 0.01) * RATE)]).max() for cut in cuts) < 0.02, "a syllable has 0.4"
    assert windows([Span(0.0, 1.0), Span(2.5, 3.5), Span(6.0, 7.0)], sound, 30.0) == [Span(0.0, 3.5), Span(6.0, 7.0)] and windows([], sound, 30.0) == []
