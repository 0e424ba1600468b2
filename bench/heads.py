"""Talking heads measured on your own portraits and voices: `python -m bench.heads --portraits A.jpg B.jpg --voices a.wav b.mp3 [--sheet OUT.png]`.

For each pair: how well the lips of the finished frames follow their voice, how well they follow the other voices (which must be little), how late they are, the share of
pixels that changed outside the head, and the speed as a ratio to playing time. Last, what a minute of voice does to memory and to the face (drift).
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
import wave
from pathlib import Path

import cv2
import numpy as np

from engine.context import RunContext
from engine.media.audio import read_audio
from engine.metrics.lips import correlation
from engine.settings import Settings
from engine.sound.envelope import speech_energy
from engine.task import Result, get_task, parse_request

FPS = 25


def make(portrait: Path, voice: Path, folder: Path, **fields: object) -> tuple[Result, list[np.ndarray], float]:
    """The result, its frames as they reached the writer, and the seconds that it took."""
    from engine.media.writer import ClipWriter

    frames: list[np.ndarray] = []
    write = ClipWriter.write

    def keep(self: ClipWriter, frame: np.ndarray) -> None:
        frames.append(frame.copy())
        write(self, frame)

    task = get_task("talking-head")
    request = parse_request(task, {"portrait": portrait, "audio": voice, "max_side": 512, "seed": 1, **fields})
    folder.mkdir(parents=True)
    ClipWriter.write = keep  # type: ignore[method-assign]
    began = time.perf_counter()
    try:
        events = list(task.run(request, RunContext(id="bench", directory=folder, settings=Settings(), seed=1)))
    finally:
        ClipWriter.write = write  # type: ignore[method-assign]
    result = events[-1]
    assert isinstance(result, Result)
    return result, frames, time.perf_counter() - began


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.heads", description="Measure talking heads on portraits and voices.")
    parser.add_argument("--portraits", nargs="+", type=Path, required=True)
    parser.add_argument("--voices", nargs="+", type=Path, required=True)
    parser.add_argument("--sheet", type=Path, help="write a contact sheet: a row for each pair")
    parser.add_argument("--long", action="store_true", help="also a minute of voice")
    chosen = parser.parse_args()
    settings = Settings()
    energies = []
    for voice in chosen.voices:
        samples, rate = read_audio(voice, settings, mono=True)
        energies.append(speech_energy(samples[:, 0], rate, FPS))
    rows = []
    print(f"{'portrait':24s} {'voice':24s} {'own':>6s} {'others':>7s} {'late ms':>8s} {'still px':>9s} {'x realtime':>10s}")
    with tempfile.TemporaryDirectory() as scratch:
        for i, portrait in enumerate(chosen.portraits):
            for j, voice in enumerate(chosen.voices):
                result, frames, seconds = make(portrait, voice, Path(scratch) / f"{i}-{j}")
                figures = {meter.name: meter.value for meter in result.meters}
                own = np.array(lips_of(result, frames, settings))
                others = [correlation(own[: len(e)], e[: len(own)]) for k, e in enumerate(energies) if k != j]
                still = float(np.mean([(frame == frames[0]).all(axis=2).mean() for frame in frames[:: max(1, len(frames) // 8)]]))
                print(
                    f"{portrait.name[:24]:24s} {voice.name[:24]:24s} {figures.get('lip_sync', 0):6.2f} {max(others, default=0):7.2f} {figures.get('lip_offset', 0):8.1f} "
                    f"{100 * still:8.1f}% {len(frames) / FPS / seconds:10.2f}"
                )  # fmt: skip
                rows.append(np.concatenate([tile(frames[k]) for k in np.linspace(0, len(frames) - 1, 10).astype(int)], axis=1))
        if chosen.long:
            minute(chosen.portraits[0], chosen.voices[0], Path(scratch), settings)
    if chosen.sheet:
        cv2.imwrite(str(chosen.sheet), np.concatenate(rows)[..., ::-1])


def lips_of(result: Result, frames: list[np.ndarray], settings: Settings) -> list[float]:
    """The mouth's opening in each frame, by the face mesh."""
    from engine.metrics.lips import LipMeter
    from engine.vision.faces.locate import finder

    found = finder(settings)
    meter = LipMeter(found.mesher, found.faces(frames[0])[0])
    for frame in frames:
        meter.feed(frame)
    return meter.openings


def tile(frame: np.ndarray) -> np.ndarray:
    """(160, 160, 3): the middle of a frame."""
    side = min(frame.shape[:2])
    top, left = (frame.shape[0] - side) // 2, (frame.shape[1] - side) // 2
    return cv2.resize(np.ascontiguousarray(frame[top : top + side, left : left + side]), (160, 160), interpolation=cv2.INTER_AREA)


def minute(portrait: Path, voice: Path, scratch: Path, settings: Settings) -> None:
    """A voice repeated to 60 s: peak memory beside that of its first 6 s, and how far the face has gone from its place by the end."""
    samples, rate = read_audio(voice, settings, mono=True)
    long = np.tile(samples[:, 0], int(60 * rate / len(samples)) + 1)[: 60 * rate]
    peaks = []
    for seconds in (6, 60):
        path = scratch / f"{seconds}.wav"
        with wave.open(str(path), "wb") as stream:
            stream.setnchannels(1)
            stream.setsampwidth(2)
            stream.setframerate(rate)
            stream.writeframes((np.clip(long[: seconds * rate], -1, 1) * 32767).astype("<i2").tobytes())
        task = get_task("talking-head")
        request = parse_request(task, {"portrait": portrait, "audio": path, "max_side": 512, "seed": 1})
        folder = scratch / f"long-{seconds}"
        folder.mkdir()
        began = time.perf_counter()
        for _ in task.run(request, RunContext(id="bench", directory=folder, settings=settings, seed=1)):
            pass  # events hold previews: a list of them would be what grows
        peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        print(f"{seconds} s of voice: {seconds / (time.perf_counter() - began):.2f} times realtime, peak memory {peaks[-1]:.0f} MiB")


if __name__ == "__main__":
    main()
