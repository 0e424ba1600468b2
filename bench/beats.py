"""Beats beside librosa's, each in a fresh process on the same files: `python -m bench.beats [clicks|time|songs|fit] [FILE...]`.

clicks: error, F-measure in a 20 ms window and tempo on click tracks of 60 to 180 beats a minute at four rates. time: seconds from a cold process to the beats of a
3-minute MP3, and warm, as processor time and wall time, with ratios; the first cold run of librosa in an environment (its functions are compiled then) is told apart by
an empty NUMBA_CACHE_DIR. songs: tempo of songs made by code, or of the FILEs given. fit: the weights of `engine.sound.music.octave.FIGURES` anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.sound.songs import RATE, STYLES, clicks, song

OURS = """
import json, resource, sys, time
began, cpu = time.perf_counter(), time.process_time()
from pathlib import Path
from engine.settings import Settings
from engine.sound.music.grid import _pulse, read_song
from engine.sound.music.onsets import onset_curves
def beats(path):
    samples = read_song(Path(path), Settings())
    found, tempo, _ = _pulse(samples, onset_curves(samples))
    return found.tolist(), tempo
"""
# The decoder of ours is a child process: its processor time counts.
THEIRS = """
import json, resource, sys, time
began, cpu = time.perf_counter(), time.process_time()
import librosa
import numpy as np
def beats(path):
    samples, rate = librosa.load(path)
    tempo, found = librosa.beat.beat_track(y=samples, sr=rate, units="time")
    return found.tolist(), float(np.atleast_1d(tempo)[0])
"""
TAIL = """
answers = []
def spent():
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() - cpu + children.ru_utime + children.ru_stime
for path in sys.argv[1:]:
    wall, used = time.perf_counter() - began, spent()
    found, tempo = beats(path)
    first = not answers
    answers.append({"beats": found, "tempo": tempo, "wall": time.perf_counter() - began - (0 if first else wall), "cpu": spent() - (0 if first else used)})
print(json.dumps(answers))
"""


def child(program: str, paths: list[Path], **environment: str) -> list[dict[str, object]]:
    """The answers of a fresh process for files in turn: the first one cold, imports included."""
    root = Path(__file__).resolve().parent.parent
    found = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program + TAIL, *map(str, paths)], cwd=root, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return json.loads(found.stdout.splitlines()[-1])


def write(path: Path, samples: np.ndarray, rate: int) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def judged(found: np.ndarray, truth: np.ndarray, window: float = 0.02) -> tuple[float, float]:
    """(median distance in ms, F-measure)."""
    if not len(found):
        return float("inf"), 0.0
    apart = np.abs(found[:, None] - truth)
    hits = len({int(k) for k, near in zip(apart.argmin(axis=1), apart.min(axis=1), strict=True) if near <= window})
    return float(np.median(apart.min(axis=1)) * 1000), 2 * hits / (len(found) + len(truth))


def click_table(folder: Path) -> None:
    """One line a case and two for the whole: ours and librosa's."""
    cases = [(bpm, rate, {}) for rate in (8000, 22_050, 44_100, 48_000) for bpm in (60, 80, 100, 120, 140, 160, 180)]
    cases += [(97, rate, {"noise": 0.02}) for rate in (8000, 44_100)] + [(120, 44_100, {"change": 144}), (75, 22_050, {"change": 90}), (150, 48_000, {"change": 120})]
    tracks = [clicks(bpm, rate, 25, lead=2.3, **more) for bpm, rate, more in cases]
    paths = [write(folder / f"{k}.wav", one.samples, one.rate) for k, one in enumerate(tracks)]
    sides = {"ours": child(OURS, paths), "librosa": child(THEIRS, paths)}
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in sides}
    for k, ((bpm, rate, more), one) in enumerate(zip(cases, tracks, strict=True)):
        line = f"{bpm:4d} bpm {rate:6d} Hz {' '.join(f'{name} {value:g}' for name, value in more.items()):12s}"
        for name, answers in sides.items():
            late, score = judged(np.array(answers[k]["beats"]), one.beats)
            off = min(abs(answers[k]["tempo"] / goal - 1) for goal in (bpm, more.get("change", bpm))) * 100
            rows[name].append((late, score, off))
            line += f"  {name}: error {late:5.1f} ms  F {score:.3f}  tempo off {off:6.2f} %"
        print(line, flush=True)
    for name, found in rows.items():
        late, score, off = np.array(found).T
        print(f"{name:8s} median error {np.median(late):.2f} ms, worst {late.max():.1f}; F least {score.min():.3f}, mean {score.mean():.3f}; tempo off at most {off.max():.2f} %")


def mp3(folder: Path) -> Path:
    """A song of three minutes as MP3."""
    import av

    one = song("rock", 122, 92, rate=44_100)
    samples = one.samples[: 180 * 44_100]
    path = folder / "song.mp3"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mp3", rate=44_100)
        stream.layout = "mono"
        frame = av.AudioFrame.from_ndarray((samples * 32767).astype(np.int16)[None], "s16", "mono")
        frame.sample_rate = 44_100
        resampler = av.AudioResampler("s16p", "mono", 44_100, frame_size=1152)
        for part in resampler.resample(frame) + resampler.resample(None):
            out.mux(stream.encode(part))
        out.mux(stream.encode(None))
    return path


def timing(folder: Path, pairs: int = 3) -> None:
    """Cold and warm seconds of both, interleaved, and the median of the ratios of each pair."""
    path = mp3(folder)
    ratios: dict[str, list[float]] = {"cold cpu": [], "cold wall": [], "warm cpu": [], "warm wall": []}
    for pair in range(pairs):
        ours, theirs = child(OURS, [path, path]), child(THEIRS, [path, path])
        for name, values in ratios.items():
            which, kind = name.split()
            a, b = (float(side[which == "warm"][kind]) for side in (ours, theirs))  # type: ignore[arg-type]
            values.append(a / b)
            print(f"pair {pair + 1} {name:10s} ours {a:6.2f} s  librosa {b:6.2f} s  ratio {a / b:.2f}", flush=True)
    for name, values in ratios.items():
        print(f"{name:10s} ratio {np.median(values):.2f} (from {min(values):.2f} to {max(values):.2f})")
    with tempfile.TemporaryDirectory() as empty:
        began = time.perf_counter()
        child(THEIRS, [path], NUMBA_CACHE_DIR=empty)
        print(f"librosa's first use in a new environment: {time.perf_counter() - began:.1f} s")


def song_table(folder: Path, files: list[Path]) -> None:
    """Tempi, ours and librosa's: of files, or of songs made by code with the share that is right, and right but for a factor of two."""
    truths: list[float] = []
    if not files:
        for style, (_, meter, tempi, _) in STYLES.items():
            for bpm in tempi:
                one = song(style, bpm * 1.013, max(8, int(28 / (60 / bpm * meter))), human=True)
                files.append(write(folder / f"{style}-{bpm:g}.wav", one.samples, one.rate))
                truths.append(one.tempo)
    sides = {"ours": child(OURS, files), "librosa": child(THEIRS, files)}
    for k, path in enumerate(files):
        print(f"{path.stem:32s}" + (f" {truths[k]:6.1f}" if truths else "") + "".join(f"  {name} {answers[k]['tempo']:6.1f}" for name, answers in sides.items()))
    for name, answers in sides.items() if truths else ():
        away = np.array([float(answers[k]["tempo"]) / truth for k, truth in enumerate(truths)])  # type: ignore[arg-type]
        right, octave = np.abs(away - 1) < 0.04, np.min(np.abs(away[:, None] / np.array([0.5, 1, 2]) - 1), axis=1) < 0.04
        print(f"{name:8s} right {right.mean():.0%}, right or its double or half {octave.mean():.0%} of {len(truths)}")


def fit(penalty: float = 0.05) -> None:
    """A conditional logit: of all candidates of a song, the chance of those that hit its beats is made the greatest. Each figure's weight is held small in its own spread."""
    from scipy.optimize import minimize

    from engine.sound.music.octave import FIGURES, between, candidates, describe, evened_curves
    from engine.sound.music.onsets import onset_curves
    from engine.sound.music.tempo import follow_tempo
    from engine.sound.spectra import RATE as HEARING
    from engine.sound.spectra import resampled

    rows, good, songs = [], [], []
    rng = np.random.default_rng(5)
    number = 0
    for style, (_, meter, tempi, _) in STYLES.items():
        for bpm in tempi:
            for human in (False, True):
                bpm_now = bpm * float(rng.uniform(0.97, 1.03))
                bars = max(8, int(30 / (60 / bpm_now * meter)))
                one = song(style, bpm_now, bars, human=human, key=int(rng.integers(53, 67)), rubato=0.03 * human, lead=float(rng.uniform(0.2, 2)))
                onsets = onset_curves(resampled(one.samples, RATE, HEARING))
                pace = follow_tempo(onsets)
                for _, tracked in candidates(onsets, pace) if pace else ():
                    for beats in (tracked, between(tracked)):
                        rows.append([describe(evened_curves(onsets), beats)[name] for name in FIGURES])
                        score = judged(beats, one.beats, 0.035)[1]
                        # A song in half time may as well be counted at half its tempo.
                        good.append(score > 0.85 or (style == "half_time" and score > 0.6 and len(beats) < 0.6 * len(one.beats)))
                        songs.append(number)
                number += 1
    table, right, of = np.array(rows), np.array(good), np.array(songs)
    spread = table.std(axis=0)
    table = (table - table.mean(axis=0)) / spread

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        total, slope = 0.0, np.zeros(len(weights))
        for which in range(number):
            own = of == which
            if not (own & right).any():
                continue
            scores = table[own] @ weights
            chance = np.exp(scores - scores.max())
            chance /= chance.sum()
            hit = right[own]
            total -= float(np.log(chance[hit].sum() + 1e-12))
            slope -= (chance[hit] / (chance[hit].sum() + 1e-12)) @ table[own][hit] - chance @ table[own]
        return total / number + penalty * float(weights @ weights) / 2, slope / number + penalty * weights

    weights = minimize(loss, np.zeros(table.shape[1]), jac=True).x
    best = [bool(right[np.flatnonzero(of == k)[np.argmax(table[of == k] @ weights)]]) for k in range(number) if (of == k).any()]
    print(f"{number} songs, {np.mean(best):.0%} right")
    for name, weight in zip(FIGURES, weights / spread, strict=True):
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    what = sys.argv[1] if len(sys.argv) > 1 else "clicks"
    with tempfile.TemporaryDirectory() as place:
        match what:
            case "clicks":
                click_table(Path(place))
            case "time":
                timing(Path(place))
            case "songs":
                song_table(Path(place), [Path(name).resolve() for name in sys.argv[2:]])
            case "fit":
                fit()
            case _:
                print(__doc__)
