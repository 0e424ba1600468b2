"""Mixing a film's sound: speed, memory over its length, and what AAC does to its peaks. `python -m bench.mixing [speed] [memory] [codec]`.

Speed: seconds of film a second of processor time, beside FFmpeg's loudness meter, which only measures, on the same film. Memory: peak of a fresh process that mixes 30
seconds and 10 minutes; it must be flat. Codec: true peak of mixes before and after AAC as the studio writes it; it must be at most -1.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.signal import lfilter

from engine.media.sound_reader import SoundReader
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.sound.mixing.cues import RATE, Cue, FileSound
from engine.sound.mixing.mix import CODEC_ROOM, mix
from engine.sound.mixing.true_peak import true_peak
from tests.sound.buzz import talking
from tests.sound.r128 import ebur128

ROOT = Path(__file__).resolve().parent.parent
LENGTHS = (30.0, 600.0)


class Wind:
    """An ambience without end: noise that is made from its place, so that it costs no memory."""

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32."""
        first = start // RATE
        parts = [np.random.default_rng(k).normal(0, 0.05, (RATE, 2)) for k in range(first, (start + count - 1) // RATE + 1)]
        return np.concatenate(parts)[start - first * RATE :][:count].astype(np.float32)


def tune(seconds: float, seed: int = 0) -> np.ndarray:
    """(N, 2) plucked notes, four a second."""
    rng = np.random.default_rng(seed)
    out = np.zeros((round(seconds * RATE), 2), np.float32)
    moments = np.arange(RATE) / RATE
    for at in np.arange(0, seconds - 1, 0.25):
        hz = 110 * 2 ** (rng.choice([0, 3, 5, 7, 10, 12, 15, 19]) / 12)
        note = sum(np.sin(2 * np.pi * hz * k * moments) / k for k in range(1, 6)) * np.exp(-4 * moments) * 0.2
        out[round(at * RATE) :][: len(note)] += (note[:, None] * rng.uniform(0.4, 1, 2)).astype(np.float32)
    return out


def film(seconds: float) -> list[Cue]:
    """What a film of scenes of five seconds has: music in pieces of 40 s, wind, a line and an effect a scene."""
    music, line = tune(42), talking(14)
    hit = (np.exp(-np.arange(RATE) / 4000) * np.random.default_rng(1).normal(0, 0.4, RATE)).astype(np.float32)
    cues = [Cue("ambience", 0, Wind(), seconds)]
    cues += [Cue("music", at, (music, RATE), min(42.0, seconds - at), fade_in=2, fade_out=2) for at in np.arange(0, seconds, 40)]
    for at in np.arange(0, seconds, 5):
        cues += [Cue("narration", at + 0.5, (line, 16_000)), Cue("effects", at + 4, (hit, RATE), pan=0.5)]
    return cues


def grow(seconds: float) -> None:
    """Child: mix a film, print the growth of the peak in KiB, the seconds of processor time and the loudness."""
    cues = film(seconds)
    with tempfile.TemporaryDirectory() as folder:
        mix(cues[:2], 1.0, Path(folder))
        before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
        mixed = mix(cues, seconds, Path(folder))
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, time.process_time() - begin, mixed.loudness, before)


def memory() -> None:
    """Print the growth at each length."""
    for seconds in LENGTHS:
        done = subprocess.run([sys.executable, "-m", "bench.mixing", "grow", str(seconds)], cwd=ROOT, capture_output=True, text=True, check=True)
        grown, spent, loud, before = (float(n) for n in done.stdout.split())
        print(f"memory: {seconds:.0f} s of film grew {grown / 1024:.1f} MiB (from {before / 1024:.0f}), {seconds / spent:.0f} s of film a processor second, {loud:.2f} LUFS")


def speed(seconds: float = 60.0, pairs: int = 3) -> None:
    """Print the mix's pace beside that of FFmpeg's meter, in turns."""
    cues = film(seconds)
    with tempfile.TemporaryDirectory() as folder:
        mix(cues, 1.0, Path(folder))
        for _ in range(pairs):
            begin = time.process_time()
            mixed = mix(cues, seconds, Path(folder))
            middle = time.process_time()
            with SoundReader(mixed.path) as reader:
                found = ebur128(reader.read(0, reader.length))
            end = time.process_time()
            print(f"speed: {seconds / (middle - begin):.0f} s of film a processor second, FFmpeg's meter alone {seconds / (end - middle):.0f}; {found[0]:.2f} LUFS, {found[2]:.2f} dBTP")


def codec() -> None:
    """Print true peaks before and after AAC."""
    rng = np.random.default_rng(0)
    hiss = rng.normal(0, 0.3, (8 * RATE, 2)).astype(np.float32)
    kinds = {
        "music": tune(9), "hiss": hiss, "brown noise": lfilter([1], [1, -0.99], hiss, axis=0).astype(np.float32) * 0.2,
        "voice": talking(30), "bursts": (hiss * np.tile(np.exp(-np.arange(RATE // 2) / 4000), 16)[:, None]).astype(np.float32),
    }  # fmt: skip
    for name, sound in kinds.items():
        rate = 16_000 if sound.ndim == 1 else RATE
        for loudness in (-16.0, -11.0):
            with tempfile.TemporaryDirectory() as folder:
                mixed = mix([Cue("clip", 0, (sound, rate))], 7.0, Path(folder), loudness=loudness)
                with SoundReader(mixed.path) as reader, ClipWriter(Path(folder) / "a.mp4", fps=12, audio=(reader.read(0, reader.length), RATE)) as out:
                    for _ in range(84):
                        out.write(np.zeros((16, 16, 3), np.uint8))
                after = true_peak(FileSound(out.path, Settings()).read(0, 7 * RATE))
            print(f"codec: {name} at {mixed.loudness:.1f} LUFS: {mixed.true_peak:.2f} dBTP, after AAC {after:.2f} (room {CODEC_ROOM:g} dB, limited {mixed.limited_db:.1f} dB)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["grow"]:
        grow(float(sys.argv[2]))
    else:
        for part in sys.argv[1:] or ["speed", "memory", "codec"]:
            {"speed": speed, "memory": memory, "codec": codec}[part]()
