"""Clips of eight seconds by every long-video method of the pocket provider: seams, drift, likeness of neighbours, change, memory.

`python -m bench.pocket_long [--method zero] [--seconds 8]` prints a line for each long method, beside a clip put together from independent short ones and
a frozen one. Figures are taken on the eight frames a second that the model draws; seam: change where windows meet, divided by that elsewhere.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import get_args

import numpy as np

from bench.pocket_clips import made
from engine.metrics.clips import adjacent_change, drift, frame_consistency, seam_ratio
from engine.tasks.text_to_video.pocket.frames import WINDOW, joins
from engine.tasks.text_to_video.pocket.models import Pocket, load
from engine.tasks.text_to_video.request import TextToVideoRequest

PROMPT = "a large red balloon drifts to the left over the hills by day"
LONG_METHODS: tuple[str, ...] = get_args(TextToVideoRequest.model_fields["long_method"].annotation)


def line(name: str, models: Pocket, frames: np.ndarray, borders: list[int], seconds: float) -> str:
    """The figures of one clip."""
    ratio = seam_ratio(frames, borders)
    slopes = drift(frames)
    alike = frame_consistency(frames, lambda few: models.clip.image_features(few).numpy())
    return (
        f"{name:28} seam {'none' if ratio is None else f'{ratio:.2f}'}, drift {100 * slopes.sharpness:+.1f} % of sharpness and {np.abs(slopes.colour).max():.1f} grey levels per 100 frames, "
        f"consistency {alike:.4f}, change {adjacent_change(frames):.2f}, {seconds:.0f} s, peak memory so far {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="python -m bench.pocket_long", description="Measure the long-video methods.")
    parser.add_argument("--method", default="zero", choices=["zero", "animatediff", "independent"])
    parser.add_argument("--seconds", type=float, default=8.0)
    chosen = parser.parse_args()
    models = load()
    for method in LONG_METHODS:
        frames, seconds = made(models, PROMPT, 1, method=chosen.method, long_method=method, seconds=chosen.seconds)
        print(line(method, models, frames, joins(method, len(frames)), seconds), flush=True)
    began, parts = time.perf_counter(), []
    while len(parts) * WINDOW < 8 * chosen.seconds:
        parts.append(made(models, PROMPT, 10 + len(parts), method=chosen.method, seconds=2)[0])
    together = np.concatenate(parts)
    print(line("independent short clips", models, together, [len(parts[0]) * k for k in range(1, len(parts))], time.perf_counter() - began))
    print(line("a frozen clip", models, np.repeat(together[:1], len(together), 0), [WINDOW], 0.0))


if __name__ == "__main__":
    main()
