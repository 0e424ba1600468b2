"""The mix: loudness, peaks, joins, ducking and lengths against sounds whose truth is known; what happens without each method stands beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, InvalidInput
from engine.media.sound_echo import AacEcho
from engine.media.sound_reader import SoundReader
from engine.media.sound_writer import SoundWriter
from engine.settings import Settings
from engine.sound.mixing.cues import RATE, Cue, FileSound, Samples
from engine.sound.mixing.desk import DECLICK, Desk, fade_curve
from engine.sound.mixing.ducking import Levels, speech_spans
from engine.sound.mixing.levels import LEVELS, levelled
from engine.sound.mixing.limiter import Limiter
from engine.sound.mixing.loudness import measured
from engine.sound.mixing.mix import Mixed, mix
from engine.sound.mixing.true_peak import true_peak
from tests.sound import buzz
from tests.sound.r128 import ebur128

SECONDS = 12.0
TALK = (3.0, 6.5)


def tone(hz: float, seconds: float, size: float = 0.2, rate: int = RATE) -> np.ndarray:
    """(N,) a sine that begins in the middle of its wave."""
    return (size * np.cos(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def noise(seconds: float, size: float = 0.05, seed: int = 0) -> np.ndarray:
    """(N, 2) white noise."""
    return np.random.default_rng(seed).normal(0, size, (round(seconds * RATE), 2)).astype(np.float32)


def talk(seconds: float) -> np.ndarray:
    """(N,) words of 0.3 s with pauses of 0.25 s: syllables of a buzzing voice at 48 kHz."""
    word = np.concatenate([buzz.vowel("a", 0.3, RATE), buzz.silence(0.25, RATE)])
    return np.tile(word, 1 + round(seconds / 0.55))[: round(seconds * RATE)].astype(np.float32)


def heard(path: Path) -> np.ndarray:
    """(N, 2) of a file."""
    with SoundReader(path) as reader:
        return reader.read(0, reader.length)


def level(samples: np.ndarray, start: float, end: float) -> float:
    """dB of the mean square between two moments."""
    return float(10 * np.log10(np.square(samples[round(start * RATE) : round(end * RATE)]).mean() + 1e-12))


def jumps(samples: np.ndarray) -> np.ndarray:
    """The size of the second difference: what a click is made of."""
    return np.abs(np.diff(samples.astype(np.float64), 2, axis=0)).reshape(len(samples) - 2, -1).max(axis=1)


def encoded_peak(path: Path) -> float:
    """dBTP of a file after AAC."""
    echo, samples = AacEcho(RATE), heard(path)
    return true_peak(np.concatenate([echo.feed(samples), echo.finish()]))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Mixed, Path]:
    """Music, ambience, a narrator and a few effects, and the folder that the mix is in."""
    folder = tmp_path_factory.mktemp("film")
    cues = [
        Cue("music", 0, (np.stack([tone(220, SECONDS, 0.1), tone(277, SECONDS, 0.1)], axis=1), RATE), fade_in=0.5),
        Cue("ambience", 0, (noise(3), RATE), SECONDS, gain_db=-6, loop=True),
        Cue("narration", TALK[0], (talk(TALK[1] - TALK[0]), RATE)),
        Cue("effects", 9.5, (noise(0.2, 0.5), RATE), pan=-0.5),
    ]
    return mix(cues, SECONDS, folder), folder


def test_loudness_length_and_peak_are_what_was_asked(film: tuple[Mixed, Path]) -> None:
    mixed, folder = film
    samples = heard(mixed.path)
    assert samples.shape == (round(SECONDS * RATE), 2) and sorted(p.name for p in folder.iterdir()) == sorted(["mix.flac", *(p.name for p in mixed.stems.values())])
    integrated, spread, peak = ebur128(samples)
    assert abs(integrated + 16) < 0.3 and abs(mixed.loudness - integrated) < 0.1 and abs(mixed.range - spread) < 1.0 and abs(mixed.true_peak - peak) < 0.2
    assert abs(mixed.gain_db) > 1.0  # without the gain it would be that far off
    assert peak < -1.9 and mixed.limited_db < -1.0 and not mixed.notes


def test_the_encoded_film_keeps_its_peak(film: tuple[Mixed, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert encoded_peak(film[0].path) <= -1.0
    bursts = (noise(3, 0.3) * np.tile(np.exp(-np.arange(RATE // 2) / 4000), 6)[:, None]).astype(np.float32)
    cue = Cue("effects", 0, (bursts, RATE))
    mixed = mix([cue], 3, tmp_path)
    assert encoded_peak(mixed.path) <= -1.0 and abs(mixed.loudness + 16) < 0.6
    monkeypatch.setattr("engine.sound.mixing.mix.TRIES", 1)
    assert encoded_peak(mix([cue], 3, tmp_path).path) > -0.7  # AAC gives bursts back louder than they were; 1 dB of room is not enough


def test_stems_add_up_to_the_mix_before_the_limiter(tmp_path: Path) -> None:
    cues = [Cue("music", 0, (tone(220, 3), RATE)), Cue("ambience", 0.5, (noise(2), RATE)), Cue("effects", 1, (tone(900, 0.5), RATE), pan=0.7)]
    mixed = mix(cues, 3, tmp_path, loudness=-26)
    stems = sum(heard(path).astype(np.float64) for path in mixed.stems.values())
    assert set(mixed.stems) == {"music", "ambience", "effects"} and mixed.limited_db == 0.0 and mixed.stems_db == 0.0
    assert np.abs(stems - heard(mixed.path)).max() < 3 * 2**-23
    loud = mix(cues, 3, tmp_path, loudness=-6, true_peak=-3)
    stems = sum(heard(path).astype(np.float64) for path in loud.stems.values()) * 10 ** (-loud.stems_db / 20)
    limited = heard(loud.path)
    assert loud.limited_db < -3 and np.abs(stems).max() > 1.2 and np.abs(limited).max() <= 10 ** (-4 / 20) + 1e-4
    assert (np.abs(limited) <= np.abs(stems) + 1e-5).all() and np.corrcoef(limited[:, 0], stems[:, 0])[0, 1] > 0.9


def test_music_gives_way_under_speech_and_does_not_pump(film: tuple[Mixed, Path]) -> None:
    mixed, _ = film
    for bus, depth in (("music", 9.0), ("ambience", 6.0)):
        stem = heard(mixed.stems[bus])  # type: ignore[index]
        before, after = level(stem, 1.5, 2.7), level(stem, 7.6, 9.3)
        # Words of 0.3 s with pauses of 0.25 s: the level stays down through them. Without ducking all of these are the same.
        under = [level(stem, at, at + 0.1) for at in np.arange(TALK[0] + 0.02, TALK[1] - 0.2, 0.1)]
        assert abs(before - after) < 1.0 and abs(before - np.mean(under) - depth) < 1.0 and np.ptp(under) < 1.5
        assert level(stem, 2.75, 2.83) - before > -1.5  # not before the look-ahead
    narration = heard(mixed.stems["narration"])
    assert level(narration, *TALK) > -40 and level(narration, 0, 2.9) < -100 and level(narration, 8, 12) < -100


def test_speech_is_told_from_breath_and_clicks() -> None:
    voice = np.zeros((5 * RATE, 2), np.float32)
    for start, end in ((1.0, 1.8), (2.3, 3.0), (4.4, 4.7)):
        voice[round(start * RATE) : round(end * RATE)] = tone(200, end - start)[:, None]
    voice += noise(5, 0.0005)
    voice[round(0.4 * RATE) : round(0.42 * RATE)] = 0.5
    levels = Levels()
    for at in range(0, len(voice), 7001):
        levels.feed(voice[at : at + 7001])
    found = speech_spans(levels.finish())
    # The pause of 0.5 s belongs to the speech, the one of 1.4 s does not; the click of 20 ms is none.
    assert np.allclose(found, [(1.0, 3.0), (4.4, 4.7)], atol=0.03)
    assert speech_spans(np.full(300, -80, np.float32)) == []


@pytest.mark.parametrize("hz", [60.0, 440.0])
def test_no_clicks_where_cues_begin_end_or_go_round(hz: float) -> None:
    wave = tone(hz, 1.237)
    cues = [Cue("clip", 0.5, (wave, RATE), 3.011, loop=True), Cue("clip", 4.0, (wave, RATE), 0.4, start=0.3), Cue("clip", 4.6, (wave, RATE)), Cue("clip", 5.5, (wave, RATE))]
    track = Desk(cues, 6 * RATE).read(0, 6 * RATE)["clip"]
    assert not track[: RATE // 2].any()
    inside = jumps(wave).max()
    # A fade of 5 ms bends a bass note a little more than it bends itself; a cut is hundreds of times steeper.
    assert jumps(track).max() < 3 * inside + 4e-4
    cut = np.zeros(RATE)
    cut[1000:9000] = wave[:8000]
    assert jumps(cut).max() > 0.1 > 100 * (3 * jumps(tone(60, 1)).max() + 4e-4)


def test_what_begins_in_silence_keeps_its_attack() -> None:
    hit = np.concatenate([np.zeros(10), np.hanning(20) * 0.8, np.zeros(2000)]).astype(np.float32)
    track = Desk([Cue("effects", 0.1, (hit, RATE))], RATE).read(0, RATE)["effects"]
    assert np.abs(track[4800 : 4800 + len(hit), 0] - hit).max() < 1e-6  # a fade of 5 ms would take 98 % of it
    bare = Desk([Cue("effects", 0.1, (hit[15:], RATE))], RATE).read(0, RATE)["effects"]
    assert np.abs(bare).max() < 0.1


def test_loops_and_crossfades_keep_their_power() -> None:
    looped = Desk([Cue("ambience", 0, (noise(2.5), RATE), 10, loop=True)], 10 * RATE).read(0, 10 * RATE)["ambience"]
    levels = [level(looped, at, at + 0.25) for at in np.arange(0.25, 9.5, 0.25)]
    assert np.ptp(levels) < 0.6  # a linear cross-fade sags by 3 dB, a sound that does not go round is silent
    pair = [Cue("music", 0, (noise(3), RATE), fade_out=1.0), Cue("music", 2, (noise(3, seed=1), RATE), fade_in=1.0)]
    joined = Desk(pair, 5 * RATE).read(0, 5 * RATE)["music"]
    assert np.ptp([level(joined, at, at + 0.2) for at in np.arange(0.2, 4.7, 0.1)]) < 0.8
    curve = fade_curve(1000)
    assert np.abs(curve**2 + curve[::-1] ** 2 - 1).max() < 1e-6
    # A piece that fades out goes round before its silence.
    ends = Desk([Cue("music", 0, (np.concatenate([noise(2), np.zeros((2 * RATE, 2), np.float32)]), RATE), 8, loop=True)], 8 * RATE).read(0, 8 * RATE)["music"]
    assert min(level(ends, at, at + 0.2) for at in np.arange(0.2, 7.6, 0.2)) > level(ends, 0.2, 0.4) - 1


def test_blocks_of_any_size_are_the_same_sound() -> None:
    cues = [Cue("music", -0.5, (noise(1.1), 44_100), 3.3, fade_out=0.7, loop=True, start=0.2), Cue("music", 1.5, Tape(), 1.0, pan=0.5)]
    whole = Desk(cues, 3 * RATE, closing=0.8).read(0, 3 * RATE)["music"]
    for size in (997, 30_720):
        desk = Desk(cues, 3 * RATE, closing=0.8)
        parts = [desk.read(at, min(size, 3 * RATE - at)).get("music", np.zeros((min(size, 3 * RATE - at), 2))) for at in range(0, 3 * RATE, size)]
        assert np.abs(np.concatenate(parts) - whole).max() < 1e-6
    assert level(whole, 2.95, 3.0) < level(whole, 1.0, 1.5) - 20 and whole[-1].max() < 1e-4


class Tape:
    """A reader without an end: a ramp that knows its place."""

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2)."""
        return np.repeat((0.1 * np.sin((start + np.arange(count)) / 50))[:, None], 2, axis=1).astype(np.float32)


def test_panning_rates_and_channels() -> None:
    wave = tone(1000, 1.0, 0.2, 44_100)
    for pan, left, right in ((0.0, 0.2, 0.2), (-1.0, 0.2 * 2**0.5, 0.0), (1.0, 0.0, 0.2 * 2**0.5)):
        track = Desk([Cue("effects", 0, (wave, 44_100), pan=pan)], RATE).read(0, RATE)["effects"][2000:-2000]
        assert np.abs(np.abs(track).max(axis=0) - [left, right]).max() < 0.003
    # A source at 44.1 kHz keeps its pitch.
    spectrum = np.abs(np.fft.rfft(track[:, 1] * np.hanning(len(track))))
    assert abs(spectrum.argmax() * RATE / len(track) - 1000) < 3
    surround = np.zeros((1000, 6), np.float32)
    surround[:, 2] = 0.5
    assert np.allclose(Samples(surround, RATE).read(0, 10), 0.5 * 2**-0.5)


def test_cues_are_brought_to_their_bus_level() -> None:
    for bus, source in (("music", noise(2, 0.3)), ("clip", noise(2, 0.005)), ("effects", noise(0.1, 0.2))):
        cue = levelled(Cue(bus, 0, (source, RATE), gain_db=-2.0))  # type: ignore[arg-type]
        track = Desk([cue], 3 * RATE).read(0, 3 * RATE)[cue.bus]
        want = LEVELS[cue.bus] - 2
        assert abs(measured(track[: max(round(0.4 * RATE), len(source))], RATE) - want) < (0.3 if bus != "effects" else 1.5)
        assert abs(measured(np.pad(source, ((0, RATE), (0, 0))), RATE) - want) > 5
    silent = Cue("music", 0, (np.zeros(1000), RATE))
    assert levelled(silent) == silent and levelled(Cue("music", 0, Tape())).gain_db == 0


def test_the_limiter_is_clean_and_leaves_the_rest_alone() -> None:
    soft = noise(0.5)
    limiter = Limiter(-2.0)
    assert (np.concatenate([limiter.feed(soft[:5000]), limiter.feed(soft[5000:]), limiter.finish()]) == soft).all() and limiter.deepest == 0.0
    for hz in (40.0, 997.0):
        loud = np.repeat(tone(hz, 2, 2.0)[:, None], 2, axis=1)
        limiter = Limiter(-2.0)
        out = np.concatenate([limiter.feed(loud), limiter.finish()])
        assert out.shape == loud.shape and true_peak(out) < -1.99
        power = np.abs(np.fft.rfft(out[RATE // 2 : 3 * RATE // 2, 0] * np.blackman(RATE))) ** 2
        clipped = np.abs(np.fft.rfft(np.clip(loud, -0.794, 0.794)[RATE // 2 : 3 * RATE // 2, 0] * np.blackman(RATE))) ** 2

        def residue(of: np.ndarray, near: slice = slice(round(hz) - 4, round(hz) + 5)) -> float:
            return float(10 * np.log10((of.sum() - of[near].sum()) / of[near].sum()))

        assert residue(power) < -60 and residue(clipped) > -15  # dB of distortion


def test_silence_short_films_and_clicks(tmp_path: Path) -> None:
    silent = mix([Cue("music", 0, (np.zeros(RATE), RATE))], 1, tmp_path)
    assert silent.loudness == -np.inf and silent.true_peak == -np.inf and not heard(silent.path).any() and not silent.notes
    assert not heard(mix([], 0.5, tmp_path).path).any()
    short = mix([Cue("clip", 0, (tone(440, 1), RATE))], 0.5, tmp_path)
    assert abs(short.loudness + 16) < 0.5 and len(heard(short.path)) == RATE // 2
    tiny = mix([Cue("clip", 0, (tone(440, 1, 1.5), RATE))], 0.05, tmp_path)
    assert len(heard(tiny.path)) == 2400 and tiny.true_peak < -1.9
    click = np.zeros(5 * RATE, np.float32)
    click[RATE] = 0.7
    lone = mix([Cue("effects", 0, (click, RATE))], 5, tmp_path)
    assert -2.4 < lone.true_peak < -1.9 and lone.loudness < -20 and lone.limited_db > -1 and "softer than asked" in lone.notes[0]
    broken = tone(440, 1)
    broken[100:200], broken[300] = np.nan, np.inf
    assert np.isfinite(heard(mix([Cue("clip", 0, (broken, RATE)), Cue("clip", 7, (broken, RATE))], 1, tmp_path).path)).all()


def test_loudness_is_met_for_all_kinds_of_sound(tmp_path: Path) -> None:
    kinds = {
        "hiss": (noise(1.5, 0.4), 1.5), "voice": (talk(3), 3.0), "faint": (noise(1.5, 0.008), 1.5),
        "drums": (np.tile(np.exp(-np.arange(24_000) / 3000)[:, None] * noise(0.5, 0.9), (5, 1)), 2.5),
    }  # fmt: skip
    for name, (source, seconds) in kinds.items():
        mixed = mix([Cue("clip", 0, (source, RATE))], seconds, tmp_path)
        found = ebur128(heard(mixed.path))[0]
        assert abs(found + 16) < 0.6 and mixed.true_peak < -1.9, name
        table = source if source.ndim == 2 else np.stack([source, source], 1)
        assert abs(measured(table, RATE) + 16) > 2  # as it came


def test_stopping_leaves_nothing_and_lets_go(tmp_path: Path) -> None:
    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls == 5:
            raise Cancelled

    with pytest.raises(Cancelled):
        mix([Cue("music", 0, (noise(2), RATE))], 2, tmp_path, checkpoint=stop)
    assert not list(tmp_path.iterdir())


def test_files_are_read_when_needed_and_let_go(tmp_path: Path) -> None:
    with SoundWriter(tmp_path / "a.flac", rate=44_100, channels=1) as out:
        out.write(tone(500, 1.0, 0.3, 44_100))
    source = FileSound(tmp_path / "a.flac", Settings(), start=0.25)
    mixed = mix([Cue("clip", 0.5, source)], 2, tmp_path / "mix", loudness=-20)
    assert source._samples is None
    track = heard(mixed.path)
    assert level(track, 0.6, 1.2) > -30 and level(track, 0, 0.49) < -100 and level(track, 1.26, 2) < -100


def test_wrong_cues_are_refused() -> None:
    some = (np.zeros(10, np.float32), RATE)
    for options in ({"at": np.nan}, {"pan": 2.0}, {"fade_in": -1.0}, {"seconds": -1.0}, {"gain_db": 100.0}, {"start": -1.0}, {"source": (np.zeros((2, 2, 2)), RATE)}, {"source": (np.zeros(3), 0)}):
        with pytest.raises(ValueError, match="cue|source"):
            Cue(**{"bus": "music", "at": 0.0, "source": some, **options})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no bus"):
        Cue("drums", 0.0, some)  # type: ignore[arg-type]
    for seconds in (0.0, -1.0, 1e6):
        with pytest.raises(InvalidInput, match="cannot be mixed"):
            mix([], seconds, Path("nowhere"))
    assert DECLICK == 240
