"""Sounds written and read back: the same samples, whole files or none, any place in any order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.errors import Cancelled, StudioError, UnreadableMedia
from engine.media.audio import read_audio
from engine.media.sound_reader import SoundReader
from engine.media.sound_writer import SoundWriter
from engine.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


def noise(count: int, channels: int = 2, size: float = 1.0) -> np.ndarray:
    """White noise, uniform in +-size."""
    return np.random.default_rng(count).uniform(-size, size, (count, channels)).astype(np.float32)


def written(path: Path, samples: np.ndarray, bits: int = 24) -> Path:
    """The file, written in uneven blocks."""
    with SoundWriter(path, rate=48_000, channels=samples.shape[1], bits=bits) as out:
        for at in range(0, len(samples), 7_777):
            out.write(samples[at : at + 7_777])
    return path


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("count", [0, 1, 4_096, 123_457])
def test_samples_come_back(tmp_path: Path, suffix: str, channels: int, count: int) -> None:
    samples = noise(count, channels)
    with SoundReader(written(tmp_path / f"a{suffix}", samples)) as reader:
        assert (reader.rate, reader.channels, reader.length) == (48_000, channels, count)
        whole = reader.read(-5, count + 10)
        assert not whole[:5].any() and not whole[count + 5 :].any()
        assert np.abs(whole[5 : count + 5] - samples).max(initial=0) <= 0.51 * 2**-23
        for start in np.random.default_rng(0).integers(0, count + 1, 8):
            assert (reader.read(int(start), 999)[: count - start] == whole[5 + start :][: min(999, count - start)]).all()
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


def test_the_cage_reads_it_too(tmp_path: Path) -> None:
    samples = noise(30_000)
    got, rate = read_audio(written(tmp_path / "a.flac", samples), Settings())
    assert rate == 48_000 and got.shape == samples.shape and np.abs(got - samples).max() < 2**-22


def test_sixteen_bits_are_dithered_and_silence_stays_silence(tmp_path: Path) -> None:
    soft = np.full((48_000, 1), 0.3 / 32768, np.float32)
    soft[:1000] = 0
    with SoundReader(written(tmp_path / "a.wav", soft, bits=16)) as reader:
        got = reader.read(0, 48_000)
    # Rounding alone would make all of it 0.
    assert not got[:1000].any() and abs(got[1000:].mean() * 32768 - 0.3) < 0.02
    assert written(tmp_path / "b.wav", soft, bits=16).read_bytes() == (tmp_path / "a.wav").read_bytes()


def test_beyond_the_range_and_no_numbers(tmp_path: Path) -> None:
    samples = np.array([[2.0], [-2.0], [np.nan], [np.inf], [-np.inf]], np.float32)
    with SoundReader(written(tmp_path / "a.flac", samples)) as reader:
        assert np.allclose(reader.read(0, 5)[:, 0], [1, -1, 0, 1, -1], atol=1e-6)


def test_whole_files_or_none(tmp_path: Path) -> None:
    path = tmp_path / "a.flac"
    path.write_bytes(b"the old one")
    for error in (RuntimeError, Cancelled):
        with pytest.raises(error), SoundWriter(path, rate=48_000) as out:
            out.write(noise(100_000))
            raise error
        assert path.read_bytes() == b"the old one" and len(list(tmp_path.iterdir())) == 1
    out = SoundWriter(path, rate=48_000)
    out.write(noise(100))
    out.samples += 3
    with pytest.raises(StudioError, match="not written correctly"):
        out.close()
    assert path.read_bytes() == b"the old one" and len(list(tmp_path.iterdir())) == 1


def test_wrong_arguments(tmp_path: Path) -> None:
    for options in ({"rate": 0}, {"rate": 48_000, "channels": 3}, {"rate": 48_000, "bits": 8}):
        with pytest.raises(ValueError, match="1 or 2 channels"):
            SoundWriter(tmp_path / "a.flac", **options)
    with pytest.raises(ValueError, match="mp3"):
        SoundWriter(tmp_path / "a.mp3", rate=48_000)
    with pytest.raises(ValueError, match=r"\(n, 2\)"), SoundWriter(tmp_path / "a.flac", rate=48_000) as out:
        out.write(noise(10, 1))
    with pytest.raises(UnreadableMedia, match=r"b\.flac"):
        SoundReader(tmp_path / "b.flac")
    (tmp_path / "c.flac").write_bytes(b"fLaC" + bytes(100))
    with pytest.raises(UnreadableMedia, match=r"c\.flac"):
        SoundReader(tmp_path / "c.flac").read(0, 10)
    assert [path.name for path in tmp_path.iterdir()] == ["c.flac"]


FULL = """
import sys, resource, numpy as np
from engine.errors import LimitExceeded
from engine.media.sound_writer import SoundWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with SoundWriter(sys.argv[1], rate=48_000) as out:
        for _ in range(10):
            out.write(np.random.default_rng(0).uniform(-1, 1, (48_000, 2)))
except LimitExceeded as error:
    print(error.line)
"""


def test_a_full_disk_is_said(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path / "a.flac")], cwd=ROOT, capture_output=True, text=True)
    assert "the disk is full, so a.flac could not be written" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())
