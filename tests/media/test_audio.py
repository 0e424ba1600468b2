"""Sound: as loud and as long as it is in the file, finite, in step with the pictures, at any rate."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import InvalidInput, LimitExceeded, UnreadableMedia
from engine.media.audio import read_audio
from engine.media.probe import probe
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()


def test_float_peaks_and_nan(tmp_path: Path) -> None:
    truth = corpus.sine(0.5, 44100, peak=4.0)
    bad = truth.copy()
    bad[100:110], bad[200], bad[300] = np.nan, np.inf, -np.inf
    samples, rate = read_audio(corpus.make_wav(tmp_path / "a.wav", bad, 44100), SETTINGS)
    truth[100:110], truth[200], truth[300] = 0, 0, 0
    assert rate == 44100 and samples.dtype == np.float32
    # Clipping at 1 or normalising to 1 would be off by 3.
    assert np.array_equal(samples, truth[:, None])


def test_integers_and_channels(tmp_path: Path) -> None:
    left, right = corpus.sine(0.2, 8000, 200.0), corpus.sine(0.2, 8000, 300.0, peak=0.1)
    stereo = np.stack([left, right], 1)
    path = corpus.make_wav(tmp_path / "a.wav", np.rint(stereo * 32768).astype(np.int16), 8000)
    samples, rate = read_audio(path, SETTINGS)
    assert rate == 8000 and np.abs(samples - stereo).max() <= 1 / 32768
    mono, _ = read_audio(path, SETTINGS, mono=True)
    # A sum instead of a mean would be twice as loud.
    assert mono.shape == (1600, 1) and np.abs(mono[:, 0] - (left + right) / 2).max() <= 1 / 32768
    coarse = corpus.make_wav(tmp_path / "b.wav", np.full(800, 192, np.uint8), 8000)
    assert np.allclose(read_audio(coarse, SETTINGS)[0], 0.5)
    facts = probe(path, SETTINGS)
    assert (facts.kind, facts.sample_rate, facts.channels, facts.duration, facts.has_audio) == ("audio", 8000, 2, 0.2, True)


def test_silence_stays_silence_and_short_sounds_are_read(tmp_path: Path) -> None:
    path = corpus.make_wav(tmp_path / "a.wav", np.zeros(400, np.float32), 8000)
    samples, rate = read_audio(path, SETTINGS, rate=48000)
    assert samples.shape == (2400, 1) and rate == 48000 and not samples.any()


@pytest.mark.parametrize("rate", [16000, 48000])
def test_another_rate_keeps_level_and_phase(tmp_path: Path, rate: int) -> None:
    path = corpus.make_wav(tmp_path / "a.wav", corpus.sine(1.0, 44100), 44100)
    samples, _ = read_audio(path, SETTINGS, rate=rate)
    truth = corpus.sine(1.0, rate)
    assert abs(len(samples) - rate) <= 1
    inner = slice(200, rate - 200)
    # One sample of delay at 440 Hz and 16 kHz would be an error of 0.086.
    assert np.abs(samples[inner, 0] - truth[inner]).max() < 0.003


def test_start_and_end(tmp_path: Path) -> None:
    truth = corpus.sine(1.0, 8000)
    path = corpus.make_wav(tmp_path / "a.wav", truth, 8000)
    samples, _ = read_audio(path, SETTINGS, start=0.25, end=0.75)
    assert np.array_equal(samples[:, 0], truth[2000:6000])
    with pytest.raises(InvalidInput):
        read_audio(path, SETTINGS, start=1, end=0.5)
    with pytest.raises(InvalidInput, match="rate=3"):
        read_audio(path, SETTINGS, rate=3)


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.m4a", "a.aac", "a.mkv", "a.aiff"])
def test_every_format_keeps_level_and_time(tmp_path: Path, name: str) -> None:
    codec = {"flac": "flac", "mp3": "libmp3lame", "ogg": "libopus", "m4a": "aac", "aac": "aac", "mkv": "pcm_s16le", "aiff": "pcm_s16be"}[
        name[2:]
    ]
    path, truth = tmp_path / name, corpus.sine(1.0, 48000)
    truth[:24000] = 0
    with av.open(str(path), "w", format="adts" if name == "a.aac" else None) as container:
        stream = container.add_stream(codec, rate=48000, layout="mono")
        stream.bit_rate = 128_000
        block = av.AudioFrame.from_ndarray(np.rint(truth * 32767).astype(np.int16)[None], format="s16", layout="mono")
        block.sample_rate, block.pts = 48000, 0
        for frame in av.AudioResampler(format=stream.format.name, layout="mono", rate=48000, frame_size=stream.frame_size or 1024).resample(
            block
        ):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    samples, rate = read_audio(path, SETTINGS)
    assert rate == 48000 and abs(len(samples) - 48000) <= 2500
    begins = int(np.argmax(np.abs(samples[:, 0]) > 0.1))
    # Raw AAC has no place to say that its first 1024 samples are priming; everywhere else the onset is where it was.
    assert abs(begins - 24000) <= (1200 if name == "a.aac" else 200)
    level = np.sqrt(np.mean(samples[30000:44000] ** 2)) / (0.5 / np.sqrt(2))
    # The encoder of MP3 lowers its input by 5 %, which is 0.45 dB; reading keeps what is in the file.
    assert abs(20 * np.log10(level / (0.95 if name == "a.mp3" else 1.0))) < 0.1


def test_sound_begins_with_the_pictures(tmp_path: Path) -> None:
    # A click at 0.5 s of a clip whose pictures begin 0.25 s into the container.
    path = tmp_path / "a.mkv"
    sound = np.zeros(48000, np.float32)
    sound[24000:24100] = 0.9
    with av.open(str(path), "w") as container:
        video, voice = container.add_stream("ffv1", rate=20), container.add_stream("pcm_f32le", rate=48000, layout="mono")
        video.width = video.height = 32
        video.pix_fmt = "yuv420p"
        for index in range(15):
            frame = av.VideoFrame(32, 32, "yuv420p")
            frame.pts = index + 5
            container.mux(video.encode(frame))
        block = av.AudioFrame.from_ndarray(sound[None], format="flt", layout="mono")
        block.sample_rate, block.pts = 48000, 0
        container.mux(voice.encode(block))
        for stream in (video, voice):
            container.mux(stream.encode(None))
    samples, _ = read_audio(path, SETTINGS)
    # Without a common zero the click would be at 24000.
    assert abs(int(np.argmax(np.abs(samples[:, 0]) > 0.5)) - 12000) <= 48


def test_holes_become_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=8000, layout="mono")
        for begin in (0, 8000):
            block = av.AudioFrame.from_ndarray(np.full((1, 4000), 0.5, np.float32), format="flt", layout="mono")
            block.sample_rate, block.pts = 8000, begin
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))
    samples, _ = read_audio(path, SETTINGS)
    # Joined end to end it would be 8000 samples long.
    assert len(samples) == 12000 and not samples[4010:7990].any() and np.allclose(samples[8010:], 0.5)


def test_no_sound_and_too_long(tmp_path: Path) -> None:
    silent = corpus.make_clip(tmp_path / "a.mp4", [corpus.quadrants()] * 3)
    with pytest.raises(UnreadableMedia, match=r"a\.mp4 has no sound"):
        read_audio(silent, SETTINGS)
    long = corpus.make_wav(tmp_path / "b.wav", np.zeros(24000, np.uint8), 8000)
    with pytest.raises(LimitExceeded, match="3 s long; at most 2 s"):
        read_audio(long, Settings(max_video_seconds=2))
    png = tmp_path / "c.mp3"
    png.write_bytes(corpus.png_bytes(np.zeros((4, 12), np.uint8), 8, 2))
    with pytest.raises(UnreadableMedia, match="is not a sound"):
        read_audio(png, SETTINGS)
