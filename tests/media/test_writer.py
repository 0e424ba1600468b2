"""The writer: exact frames, colours and lengths; nothing half-done is ever seen; stopped work stays playable."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from engine.errors import Cancelled, InvalidInput, LimitExceeded, StudioError
from engine.media.audio import read_audio
from engine.media.boxes import top_level
from engine.media.probe import probe
from engine.media.video import open_video
from engine.media.writer import ClipWriter, sweep
from engine.settings import Settings
from tests.media import corpus

SETTINGS = Settings()
ROOT = Path(__file__).resolve().parents[2]


def test_frames_come_back(tmp_path: Path) -> None:
    frames = corpus.grey_levels(30)
    with ClipWriter(tmp_path / "a.mp4", fps=29.97, metadata={"title": 'Bär\'s "clip"'}) as out:
        for frame in frames:
            out.write(frame)
    assert out.frames == 30 and not out.partial and [p.name for p in tmp_path.iterdir()] == ["a.mp4"]
    facts = probe(out.path, SETTINGS)
    assert (facts.codec, facts.width, facts.height, facts.frame_count, facts.has_audio) == ("h264", 64, 48, 30, False)
    assert facts.tags["title"] == 'Bär\'s "clip"' and abs(facts.fps - 30000 / 1001) < 1e-6
    with open_video(out.path, SETTINGS) as reader:
        got = [int(frame.mean().round()) for frame in reader]
    # Frames lost or doubled would be off by 7 levels each.
    assert np.abs(np.array(got) - [corpus.level_of(i, 30) for i in range(30)]).max() <= 2
    with open(out.path, "rb") as file:
        assert [box.kind for box in top_level(file)][:2] == [b"ftyp", b"moov"]


def test_colours_are_really_bt709(tmp_path: Path) -> None:
    colours = [(220, 40, 60), (10, 200, 90), (30, 60, 230), (255, 255, 255), (0, 0, 0)]
    for colour in colours:
        with ClipWriter(tmp_path / "a.mp4", fps=24, crf=1) as out:
            for _ in range(3):
                out.write(np.full((64, 64, 3), colour, np.uint8))
        with av.open(str(out.path)) as container:
            frame = next(container.decode(video=0))
            assert (frame.format.name, int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc), int(frame.color_range)) == (
                "yuv420p",
                1,
                1,
                1,
                1,
            )
            planes = [int(np.frombuffer(plane, np.uint8)[0]) for plane in frame.planes]
        red, green, blue = (c / 255 for c in colour)
        luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        truth = [16 + 219 * luma, 128 + 224 * (blue - luma) / 1.8556, 128 + 224 * (red - luma) / 1.5748]
        # Tagging BT.709 but converting by BT.601, as encoders do when they are not told, is off by 14 in luma here.
        assert np.abs(np.array(planes) - truth).max() <= 1.5
        with open_video(out.path, SETTINGS) as reader:
            assert np.abs(next(reader)[32, 32].astype(int) - colour).max() <= 2


@pytest.mark.parametrize(("height", "width"), [(33, 51), (48, 51), (33, 64), (1, 1)])
def test_odd_sizes_are_padded_never_scaled(tmp_path: Path, height: int, width: int) -> None:
    y, x = np.mgrid[:height, :width]
    frame = np.stack([(x * 5) % 256, (y * 7) % 256, (x + y) % 256], -1).astype(np.uint8)
    with ClipWriter(tmp_path / "a.mp4", fps=24, crf=1, preset="medium") as out:
        for _ in range(3):
            out.write(frame)
    with open_video(out.path, SETTINGS) as reader:
        got = next(reader).astype(int)
    assert got.shape == (height + height % 2, width + width % 2, 3)
    luma = np.array([0.2126, 0.7152, 0.0722])
    # Scaling 51 columns to 52 would shift the ramp by up to 5 levels at the right edge; 4:2:0 keeps luma.
    assert np.abs(got[:height, :width] @ luma - frame @ luma).mean() < 2
    assert np.abs(got[-1].astype(int) - got[height - 1]).max() <= 4 and np.abs(got[:, -1] - got[:, width - 1]).max() <= 4


@pytest.mark.parametrize("seconds", [0.3, 1.0, 2.5])
def test_sound_is_cut_or_padded_to_the_pictures(tmp_path: Path, seconds: float) -> None:
    sound = corpus.sine(seconds, 44100)
    with ClipWriter(tmp_path / "a.mp4", fps=24, audio=(sound, 44100)) as out:
        for frame in corpus.grey_levels(24):
            out.write(frame)
    facts = probe(out.path, SETTINGS)
    assert (facts.audio_codec, facts.sample_rate, facts.channels) == ("aac", 44100, 1)
    assert abs(facts.audio_duration - facts.duration) <= 1024 / 44100
    samples, _ = read_audio(out.path, SETTINGS)
    truth = np.zeros(44100, np.float32)
    truth[: min(44100, len(sound))] = sound[:44100]
    assert abs(len(samples) - 44100) <= 1024
    inner = slice(2000, min(len(sound), 44100) - 2000)
    # A shift by the encoder's 1024 priming samples would be an error as large as the sound itself (0.5).
    assert np.abs(samples[inner, 0] - truth[inner]).max() < 0.05
    assert np.abs(samples[len(sound) + 2000 :]).max(initial=0) < 0.01


def test_stereo_and_hot_sound(tmp_path: Path) -> None:
    sound = np.stack([corpus.sine(1.0, 48000, 300, 4.0), corpus.sine(1.0, 48000, 500, 0.2)], 1)
    sound[1000] = np.nan
    with ClipWriter(tmp_path / "a.mp4", fps=Fraction(25), audio=(sound, 48000)) as out:
        for frame in corpus.grey_levels(25):
            out.write(frame)
    samples, rate = read_audio(out.path, SETTINGS)
    assert rate == 48000 and samples.shape[1] == 2 and np.isfinite(samples).all()
    assert abs(np.abs(samples[4000:-4000, 1]).max() - 0.2) < 0.02


def test_wrong_frames_and_arguments_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"frame 1 is 64x64 but the clip is 64x48"), ClipWriter(tmp_path / "a.mp4", fps=24) as out:
        out.write(np.zeros((48, 64, 3), np.uint8))
        out.write(np.zeros((64, 64, 3), np.uint8))
    with pytest.raises(ValueError, match="uint8"), ClipWriter(tmp_path / "a.mp4", fps=24) as out:
        out.write(np.zeros((48, 64, 3), np.float32))
    with pytest.raises(StudioError, match="no pictures"), ClipWriter(tmp_path / "a.mp4", fps=24):
        pass
    with pytest.raises(InvalidInput, match="fps=0"):
        ClipWriter(tmp_path / "a.mp4", fps=0)
    with pytest.raises(InvalidInput, match="12345 Hz"):
        ClipWriter(tmp_path / "a.mp4", fps=24, audio=(np.zeros(10, np.float32), 12345))
    assert not list(tmp_path.iterdir())


def test_an_error_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"the old one")
    with pytest.raises(RuntimeError), ClipWriter(path, fps=24) as out:
        for frame in corpus.grey_levels(30):
            out.write(frame)
        raise RuntimeError
    assert path.read_bytes() == b"the old one" and [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


def test_stop_keeps_what_is_finished(tmp_path: Path) -> None:
    with pytest.raises(Cancelled), ClipWriter(tmp_path / "a.mp4", fps=24, audio=(corpus.sine(5, 48000), 48000)) as out:
        for frame in corpus.grey_levels(48)[:13]:
            out.write(frame)
        raise Cancelled
    assert out.partial and out.frames == 13
    facts = probe(tmp_path / "a.mp4", SETTINGS)
    assert facts.frame_count == 13 and abs(facts.audio_duration - 13 / 24) < 0.03
    with pytest.raises(Cancelled), ClipWriter(tmp_path / "b.mp4", fps=24):
        raise Cancelled
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


KILLED = """
import sys, numpy as np
from engine.media.writer import ClipWriter
with ClipWriter(sys.argv[1], fps=24) as out:
    rng = np.random.default_rng(0)
    while True:
        out.write(rng.integers(0, 256, (240, 320, 3), np.uint8))
        print(out.frames, flush=True)
"""


def test_kill_in_the_middle_leaves_no_file_under_the_name(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path / "a.mp4")], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    while int(process.stdout.readline()) < 40:
        pass
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    # Writing under the final name would leave an unreadable a.mp4.
    left = list(tmp_path.iterdir())
    assert all(p.name.startswith(".") and p.name.endswith(".part") for p in left) and len(left) == 1
    assert sweep(tmp_path) == 0
    os.utime(left[0], (time.time() - 7200, time.time() - 7200))
    assert sweep(tmp_path) == 1 and not list(tmp_path.iterdir())


FULL = """
import sys, resource, numpy as np
from engine.errors import LimitExceeded
from engine.media.writer import ClipWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
rng = np.random.default_rng(0)
try:
    with ClipWriter(sys.argv[1], fps=24) as out:
        for _ in range(60):
            out.write(rng.integers(0, 256, (240, 320, 3), np.uint8))
except LimitExceeded as error:
    print(error.line)
"""


def test_a_full_disk_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "a.mp4")], cwd=ROOT, capture_output=True, text=True)
    assert "the disk is full, so a.mp4 could not be written" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())


def test_a_really_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(disk)], capture_output=True).returncode:
        pytest.skip("mounting a small disk needs privileges")
    rng = np.random.default_rng(0)
    try:
        with pytest.raises(LimitExceeded, match="disk"), ClipWriter(disk / "a.mp4", fps=24) as out:
            for _ in range(60):
                out.write(rng.integers(0, 256, (240, 320, 3), np.uint8))
        assert not list(disk.iterdir())
        with ClipWriter(disk / "a.mp4", fps=24) as out:
            out.write(np.zeros((48, 64, 3), np.uint8))
        assert probe(disk / "a.mp4", SETTINGS).frame_count == 1
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_faulty_file_is_never_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = ClipWriter(tmp_path / "a.mp4", fps=24)
    for frame in corpus.grey_levels(10):
        out.write(frame)
    out.frames += 3
    with pytest.raises(StudioError, match="not written correctly"):
        out.close()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ['😀 "it\'s" %d.mp4', "concat:a.mp4", "-i.mp4", "кино.mp4"])
def test_any_file_name(tmp_path: Path, name: str) -> None:
    with ClipWriter(tmp_path / name, fps=24) as out:
        out.write(np.zeros((48, 64, 3), np.uint8))
    assert probe(tmp_path / name, SETTINGS).frame_count == 1


def test_the_same_frames_are_the_same_file(tmp_path: Path) -> None:
    """Dissolving textures at an awkward width: with x264's macroblock tree, six files are three to six different ones."""
    rng = np.random.default_rng(3)
    one, other = (cv2.resize(rng.integers(0, 255, (12, 12, 3), dtype=np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC).astype(np.float32) for _ in range(2))
    frames = [np.rint((1 - i / 9) * np.roll(one, i, 1) + i / 9 * np.roll(other, -2 * i, 0)).astype(np.uint8) for i in range(10)]
    files = []
    for name in "abcdef":
        with ClipWriter(tmp_path / f"{name}.mp4", fps=8) as out:
            for frame in frames:
                out.write(frame)
        files.append((tmp_path / f"{name}.mp4").read_bytes())
    assert len(set(files)) == 1
