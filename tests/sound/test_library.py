"""Music for films: chosen by mood, tempo and words, looped at bars without a stumble, and composed by code where no library is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.movie.plan import MOODS, Music
from engine.settings import Settings
from engine.sound import library, looping, score
from engine.sound.bank.rings import RATE
from engine.sound.mixing.loudness import measured
from engine.sound.music.grid import heard
from engine.sound.spectra import RATE as HEARD_AT
from engine.sound.spectra import resampled
from tests.waves import write_wave

REAL = Settings.load()
with_library = pytest.mark.skipif(not any(track.path for track in library.tracks(REAL)), reason="needs `app.py fetch music-library`")


@pytest.fixture(scope="module")
def happy() -> score.Score:
    """The quickest lively piece: half a minute."""
    return score.composed("happy", 120.0, 1)


def test_a_score_is_music_in_its_tempo(happy: score.Score) -> None:
    sound = happy.read(0, 24 * RATE)
    grid = heard(resampled(sound, RATE, HEARD_AT))
    # Noise and silence have confidence 0.
    assert grid.tempo == pytest.approx(120, rel=0.02) and grid.confidence > 0.6 and grid.meter == 4
    assert measured(sound, RATE) == pytest.approx(score.LEVEL, abs=1.5) and np.abs(sound).max() < 0.9
    assert abs(float(sound.mean())) < 5e-4 and np.corrcoef(sound.T)[0, 1] < 0.98


def test_a_score_loops_without_a_seam_and_in_blocks(happy: score.Score) -> None:
    count = len(happy.layers[0])
    around = happy.read(2 * count - RATE, 2 * RATE)
    steps = np.abs(np.diff(around, axis=0)).max(axis=1)
    assert steps[RATE - 3 : RATE + 3].max() <= np.percentile(steps, 99.9) * 1.5
    assert np.array_equal(around[1000:5000], happy.read(2 * count - RATE + 1000, 4000))
    whole_bars = count / (4 * 60 / 120 * RATE)
    assert whole_bars == pytest.approx(16, abs=0.01)


def test_a_score_stays_in_its_key(happy: score.Score) -> None:
    sound = happy.read(2 * len(happy.layers[0]), len(happy.layers[0])).mean(axis=1)
    power, hertz = np.abs(np.fft.rfft(sound)) ** 2, np.fft.rfftfreq(len(sound), 1 / RATE)
    inside = (hertz > 150) & (hertz < 700)
    classes = np.round(12 * np.log2(hertz[inside] / 440)).astype(int) % 12
    chroma = np.bincount(classes, power[inside], 12)
    share = max(chroma[[(root + step) % 12 for step in score.MAJOR]].sum() for root in range(12)) / chroma.sum()
    # Seven of twelve pitch classes at random hold 0.58.
    assert share > 0.9


def test_another_seed_is_another_piece_and_the_same_seed_the_same(happy: score.Score) -> None:
    score.composed.cache_clear()
    assert np.array_equal(score.composed("happy", 120.0, 1).read(0, 9 * RATE), happy.read(0, 9 * RATE))
    assert not np.array_equal(score.composed("happy", 120.0, 2).read(0, 9 * RATE), happy.read(0, 9 * RATE))


def beaten(seconds: float, bpm: float) -> np.ndarray:
    """A tune with a kick on each beat and chords that come back every four bars: (N, 2)."""
    count = round(seconds * RATE)
    time = np.arange(count) / RATE
    bar = np.floor(time * bpm / 240).astype(int)
    roots = np.array([220.0, 174.6, 261.6, 196.0])[bar % 4]
    phase = 2 * np.pi * np.cumsum(roots) / RATE
    chord = 0.12 * (np.sin(phase) + np.sin(1.5 * phase) + np.sin(1.26 * phase))
    since = (time * bpm / 60) % 1.0 * 60 / bpm
    first = ((time * bpm / 60).astype(int) % 4 == 0) * 0.4 + 0.5
    kick = first * np.sin(2 * np.pi * 60 * since) * np.exp(-since / 0.06) + 0.1 * first * np.sin(2 * np.pi * 2500 * since) * np.exp(-since / 0.008)
    return 0.6 * np.stack([chord + kick, 0.9 * chord + kick], axis=1).astype(np.float32)


@pytest.fixture(scope="module")
def tune(tmp_path_factory: pytest.TempPathFactory) -> tuple[library.Track, Settings]:
    place = tmp_path_factory.mktemp("tune")
    path = write_wave(place / "tune.wav", beaten(24.3, 100.0), RATE)
    return library.Track("own/tune.wav", None, 0.0, "tune", path), Settings(data_dir=place)


def test_a_piece_goes_on_in_its_bars(tune: tuple[library.Track, Settings]) -> None:
    track, settings = tune
    piece = library.extended(track, 180.0, settings)
    assert isinstance(piece, library.Looped) and piece.length == 180 * RATE
    bars = (piece.end - piece.begin) / RATE * 100 / 240
    # A jump at any moment would be a quarter of a bar off on the average; to chords that come back, it must be four bars or eight.
    assert bars == pytest.approx(round(bars), abs=0.02) and round(bars) % 4 == 0
    # Three minutes later the beat has not moved against the clock of the loop.
    sound = np.concatenate([piece.read(at, RATE) for at in range(0, 60 * RATE, RATE)])
    grid = heard(resampled(sound, RATE, HEARD_AT))
    gaps = np.diff(grid.beats)
    assert np.abs(gaps - 0.6).max() < 0.05 and grid.tempo == pytest.approx(100, rel=0.01)
    steps = np.abs(np.diff(sound, axis=0)).max(axis=1)
    # The jump stands on a downbeat, whose stroke is the steepest thing there is.
    assert steps[piece.end - 10 : piece.end + 10].max() <= 1.05 * steps[: piece.end - 10].max()
    level = [np.sqrt((sound[at : at + RATE // 2] ** 2).mean()) for at in (piece.end - RATE // 4, piece.end - 2 * RATE)]
    assert 0.6 < level[0] / level[1] < 1.6


def test_blocks_of_a_piece_are_the_piece(tune: tuple[library.Track, Settings]) -> None:
    track, settings = tune
    for seconds in (10.0, 24.3, 70.0):
        piece = library.extended(track, seconds, settings)
        whole = piece.read(0, round(seconds * RATE) + 5000)
        parts = np.concatenate([piece.read(at, 30_011) for at in range(0, len(whole), 30_011)])[: len(whole)]
        assert np.array_equal(whole, parts) and not whole[round(seconds * RATE) :].any()
        assert whole[round(seconds * RATE) - 3000 : round(seconds * RATE)].std() > 0
    short = library.extended(track, 10.0, settings)
    assert np.allclose(short.read(0, RATE), beaten(1.0, 100.0), atol=1e-3)


def test_what_has_no_beat_loops_where_it_sounds_alike() -> None:
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal((20 * RATE, 2))).astype(np.float32)
    found = looping.find_loop(noise, None)
    assert 0 < found.fade <= found.begin < found.end <= len(noise)
    tiny = looping.find_loop(noise[: 2 * RATE], None)
    assert tiny.begin >= tiny.fade and tiny.end == 2 * RATE


def test_without_a_library_a_score_is_chosen(settings: Settings) -> None:
    for mood in MOODS:
        track = library.choose(Music(mood=mood, tempo="fast"), 1, settings)
        assert track.mood == mood and track.path is None and track.id.startswith("score-")
    tempi = [library.choose(Music(mood="happy", tempo=tempo), 1, settings).tempo_bpm for tempo in ("slow", "medium", "fast")]
    assert tempi == sorted(tempi) and tempi[0] < tempi[2]
    piece = library.extended(library.Track("score-happy-1", "happy", 120.0, ""), 40.0, settings)
    assert len(piece.read(39 * RATE, 2 * RATE)) == 2 * RATE and not piece.read(40 * RATE, 100).any() and piece.length == 40 * RATE


def test_pieces_are_not_repeated_before_all_were_used(settings: Settings) -> None:
    used: list[str] = []
    for _ in range(3):
        used.append(library.choose(Music(mood="calm"), 7, settings, avoid=tuple(used)).id)
    assert len(set(used)) == 3
    assert library.choose(Music(mood="calm"), 7, settings, avoid=tuple(used)).id != used[-1]


def test_music_of_ones_own(settings: Settings) -> None:
    place = settings.data_dir / "sounds/music"
    place.mkdir(parents=True)
    for name in ("calm_harp", "energetic_drums", "anything"):
        write_wave(place / f"{name}.wav", beaten(3.0, 100.0), RATE)
    assert library.choose(Music(mood="energetic"), 1, settings, own=True).id != "own/music/calm_harp.wav"
    assert library.choose(Music(mood="energetic"), 1, settings).path is None
    mine = library.choose(Music(mood="calm"), 1, settings, own=True)
    assert mine.path is not None and library.extended(mine, 9.0, settings).read(8 * RATE, 100).shape == (100, 2)


@with_library
def test_the_library_by_mood_tempo_and_words() -> None:
    for mood in MOODS:
        found = {library.choose(Music(mood=mood), seed, REAL).id for seed in range(12)}
        assert len(found) >= 2 and all(name.startswith(mood) for name in found)
    assert library.choose(Music(mood="happy", tempo="fast", words="electronic synthesizer"), 1, REAL).id.startswith("happy_electronic")
    one = next(track for track in library.tracks(REAL) if track.id == "happy_acoustic_1")
    piece = library.extended(one, 180.0, REAL)
    assert isinstance(piece, library.Looped)
    bars = (piece.end - piece.begin) / RATE * one.tempo_bpm / 240
    assert bars == pytest.approx(round(bars), abs=0.05)
    assert Path(one.path or "").suffix == ".opus"
