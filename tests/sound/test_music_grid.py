"""Bars and sections lie where they were put, curves follow what they are named after, a song is heard once, and a grid can be put right."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from engine.errors import LimitExceeded
from engine.settings import Settings
from engine.sound.music import grid as music
from engine.sound.music.bands import NAMES, bands
from engine.sound.music.grid import BeatGrid, Correction, Section, corrected, heard, listen
from engine.sound.music.separation import separated
from engine.sound.spectra import RATE, resampled
from tests.sound.songs import in_sections, snare, song
from tests.waves import write_wave

MOMENTS = np.arange(6 * RATE) / RATE


@pytest.mark.parametrize(("style", "bpm", "meter"), [("rock", 122, 4), ("waltz", 118, 3), ("seven", 132, 7), ("strummed", 96, 4)])
def test_bars_start_where_they_start(style: str, bpm: float, meter: int) -> None:
    one = song(style, bpm, 12 if meter != 7 else 8)
    grid = heard(resampled(one.samples, one.rate, RATE))
    assert grid.meter == meter
    near = np.abs(grid.downbeats[:, None] - one.downbeats).min(axis=1)
    assert (near < 0.05).mean() > 0.9 and abs(len(grid.downbeats) - len(one.downbeats)) <= 1  # bars from another beat on: 0


def test_sections_meet_on_the_downbeats_where_the_music_changes() -> None:
    one = in_sections((("ambient", 8), ("rock", 8), ("house", 8), ("rock", 8)))
    grid = heard(resampled(one.samples, one.rate, RATE))
    edges = [section.start for section in grid.sections[1:]]
    assert len(edges) == 3 and np.abs(np.array(edges) - one.edges).max() < 0.1
    first, second, third, fourth = (section.label for section in grid.sections)
    assert second == fourth and len({first, second, third}) == 3
    assert all(np.abs(grid.downbeats - edge).min() < 1e-6 for edge in edges)


def test_tones_are_harmonic_and_clicks_percussive() -> None:
    tone = 0.2 * np.sin(2 * np.pi * 440 * MOMENTS)
    hits = np.zeros(len(MOMENTS))
    hits[RATE // 4 :: RATE // 2] = 0.9
    for sound, share in ((tone, 1.0), (hits, 0.0)):
        sums = np.sum([[harmonic.sum(), percussive.sum()] for _, harmonic, percussive in separated(sound.astype(np.float32))], axis=0)
        assert abs(sums[0] / sums.sum() - share) < 0.1  # without a separation: 0.5 for both


def test_pieces_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(2).normal(0, 0.1, 3 * RATE).astype(np.float32)
    whole = np.concatenate([harmonic for _, harmonic, _ in separated(noise)])
    monkeypatch.setattr("engine.sound.music.separation._PIECE", 70)
    assert np.allclose(whole, np.concatenate([harmonic for _, harmonic, _ in separated(noise)]), rtol=1e-4, atol=1e-12)


def test_each_curve_follows_its_own_sound() -> None:
    gates = [(k <= (MOMENTS * 2) % 4) & (k + 1 > (MOMENTS * 2) % 4) for k in range(3)]
    rate, struck = RATE // 8, snare(RATE)[: RATE // 8]
    hits = np.tile(np.pad(struck, (0, rate - len(struck))), 8 * 6)
    gates = [np.convolve(gate, np.hanning(800) / np.hanning(800).sum(), "same") for gate in gates]  # a switched tone clicks
    sound = gates[0] * 0.4 * np.sin(2 * np.pi * 70 * MOMENTS) + gates[1] * sum(0.1 * np.sin(2 * np.pi * 300 * k * MOMENTS) for k in (1, 2, 3)) + gates[2] * hits * 0.5
    found = bands(sound.astype(np.float32)).curves
    assert set(found) == set(NAMES)
    on = [gate[80::160] > 0.5 for gate in gates]
    for name, own in (("bass", 0), ("voice", 1), ("percussive", 2)):
        curve = found[name]
        assert curve.min() >= 0 and curve.max() <= 1
        others = [curve[on[k]].mean() for k in range(3) if k != own]
        assert curve[on[own]].mean() > 1.8 * max(others), name  # the level would be the same for all three
    assert found["level"][on[0] | on[1]].mean() > 0.5


@lru_cache(1)
def plain() -> BeatGrid:
    beats = 0.5 + 0.5 * np.arange(60)
    sections = (Section(0.0, 14.5, "A"), Section(14.5, 31.0, "B"))
    return BeatGrid(31.0, 120.0, beats, beats[2::4], 4, 0.8, sections, {}, 100.0)


def test_twice_and_half_keep_where_bars_start() -> None:
    grid = plain()
    assert corrected(grid, Correction()) is grid
    twice, half, more = (corrected(grid, Correction(factor=factor)) for factor in (2.0, 0.5, 1.5))
    assert abs(twice.tempo - 240) < 0.1 and len(twice.beats) == 120 and np.allclose(np.diff(twice.beats), 0.25)
    assert abs(half.tempo - 60) < 0.1 and len(half.beats) == 30 and abs(more.tempo - 180) < 0.1
    for changed in (twice, half, more):
        assert np.abs(changed.downbeats - grid.downbeats[0]).min() < 1e-6 and changed.meter == 4


def test_nudge_downbeat_meter_and_moved_beats() -> None:
    grid = plain()
    later = corrected(grid, Correction(nudge=0.02))
    assert np.allclose(later.beats, grid.beats + 0.02) and np.allclose(later.downbeats, grid.downbeats + 0.02)
    three = corrected(grid, Correction(downbeat=2.03, meter=3))
    assert np.allclose(three.downbeats, grid.beats[grid.beats >= 0.5][0::3]) and three.meter == 3
    assert all(np.abs(three.downbeats - section.start).min() < 1e-6 for section in three.sections[1:])
    dragged = corrected(grid, Correction(moved=((3.0, 3.06),)))
    assert np.abs(dragged.beats - grid.beats).max() == pytest.approx(0.06) and (np.diff(dragged.beats) > 0).all()
    with pytest.raises(ValidationError, match="factor"):
        Correction(factor=9.0)


def test_taps_choose_the_octave_and_the_side() -> None:
    grid, rng = plain(), np.random.default_rng(4)
    for taps, period, start in ((3.0 + np.arange(8), 1.0, 3.0), (3.25 + 0.5 * np.arange(12), 0.5, 3.25), (4.0 + 0.25 * np.arange(16), 0.25, 4.0)):
        found = corrected(grid, Correction(taps=tuple(taps + rng.normal(0, 0.012, len(taps)))))
        assert np.allclose(np.diff(found.beats), period) and np.abs(found.beats - start).min() < 1e-6 and found.confidence == 1.0


def test_taps_lay_beats_where_none_were_heard() -> None:
    empty = replace(plain(), beats=np.zeros(0), downbeats=np.zeros(0), tempo=0.0, confidence=0.0)
    rng = np.random.default_rng(5)
    taps = 5 + 0.6 * np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])  # one was left out
    found = corrected(empty, Correction(taps=(*(taps + rng.normal(0, 0.01, len(taps))), 6.83)))  # and one bounced
    assert abs(found.tempo - 100) < 1.5 and found.beats[0] < 0.6 and found.beats[-1] > 30.3
    assert np.abs(found.beats[:, None] - taps).min(axis=0).max() < 0.05
    slowing = tuple(np.cumsum(np.linspace(0.4, 0.8, 20)).tolist())
    followed = corrected(empty, Correction(taps=slowing))
    assert np.abs(followed.beats[:, None] - np.array(slowing)).min(axis=0).max() < 0.05  # an even pulse misses some by 0.2
    assert corrected(empty, Correction(taps=(1.0, 2.0, 3.0), factor=2.0)).beats.tolist() == []


def test_a_song_is_heard_once_and_told_by_its_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    one = song("rock", 122, 6, rate=44_100)
    stereo = np.stack([one.samples, 0.5 * one.samples], axis=1)
    first = listen(write_wave(tmp_path / "a.wav", stereo, 44_100), settings)
    assert abs(first.tempo - 122) < 0.7 and first.to_json()["beats"]
    monkeypatch.setattr(music, "heard", lambda *_: pytest.fail("heard twice"))
    (tmp_path / "b.wav").write_bytes((tmp_path / "a.wav").read_bytes())
    again = listen(tmp_path / "b.wav", settings)
    assert again.to_json() == first.to_json() and all(np.array_equal(again.curves[name], first.curves[name]) for name in NAMES)
    monkeypatch.undo()
    (kept,) = (tmp_path / "data" / "cache" / "beats").glob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:400])  # damaged: heard anew
    assert listen(tmp_path / "b.wav", settings).to_json() == first.to_json()


def test_six_channels_and_eight_kilohertz(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    for rate, channels in ((48_000, 6), (8000, 1)):
        one = song("rock", 122, 8, rate=rate)
        found = listen(write_wave(tmp_path / f"{channels}.wav", np.repeat(one.samples[:, None], channels, axis=1), rate), settings)
        assert abs(found.tempo - 122) < 0.7 and np.abs(found.beats[:, None] - one.beats).min(axis=1).max() < 0.02


def test_a_mix_that_is_too_long_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(music, "LONGEST", 3.0)
    path = write_wave(tmp_path / "mix.wav", np.zeros(5 * 8000), 8000)
    with pytest.raises(LimitExceeded, match=r"mix\.wav is longer than 0 minutes .*cut the song"):
        listen(path, Settings(data_dir=tmp_path / "data"))
