"""Memory of a whole removal over a clip's length: the peak of the process that runs it, at 300 and at 3000 frames. It must be flat.

`python -m bench.subject_memory [FRAMES ...]`. Each length runs in a child of its own on a 320x180 clip that is made while it is written.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

from engine.context import RunContext
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.task import Result, Stage, parse_request
from engine.tasks.subject_swap import TASK

SIZE, FPS, SIDE = (320, 180), 25.0, 40
ONE_MIB = 1024
"""Of what `ru_maxrss` counts."""


def place(index: int) -> tuple[int, int]:
    """Left and top of the square on a frame: it goes to and fro."""
    return int(140 + 110 * np.sin(index / 40)), int(70 + 30 * np.sin(index / 23))


def make(path: Path, count: int) -> list[float]:
    """Write a clip of so many frames: a red square over a grained ground. Its box on the first frame, in 0..1."""
    rng = np.random.default_rng(0)
    ground = cv2.resize(rng.integers(60, 170, (23, 40, 3)).astype(np.uint8), SIZE, interpolation=cv2.INTER_CUBIC)
    with ClipWriter(path, fps=FPS, crf=14) as writer:
        for index in range(count):
            frame = ground.copy()
            x, y = place(index)
            frame[y : y + SIDE, x : x + SIDE] = (210, 30, 30)
            writer.write(frame)
    x, y = place(0)
    return [x / SIZE[0], y / SIZE[1], (x + SIDE) / SIZE[0], (y + SIDE) / SIZE[1]]


def child(count: int) -> None:
    """Make a clip, remove its subject, print the peak after each stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        box = make(folder / "clip.mp4", count)
        request = parse_request(TASK, {"video": str(folder / "clip.mp4"), "subjects": [{"box": box}], "method": "embedded"})
        began, stages, result = time.perf_counter(), [], None
        for event in TASK.run(request, RunContext("bench", folder, Settings(data_dir=folder / "data"), 0)):
            if isinstance(event, Stage):
                stages.append(f"{event.name} from {peak():.0f}")
            elif isinstance(event, Result):
                result = event
        assert result is not None and result.details["frames"] == count and result.details["subjects"][0]["seen_frames"] == count
        print(f"{count} frames: peak {peak():.0f} MiB ({', '.join(stages)}), {count / (time.perf_counter() - began):.1f} frames/s", flush=True)


def peak() -> float:
    """The most memory that this process held so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / ONE_MIB


def main() -> None:
    """Print a line for each length."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("frames", nargs="*", type=int, default=[300, 3000])
    parser.add_argument("--child", action="store_true")
    options = parser.parse_args()
    for count in options.frames:
        if options.child:
            child(count)
        else:
            subprocess.run([sys.executable, "-m", "bench.subject_memory", "--child", str(count)], check=True)


if __name__ == "__main__":
    main()
