"""How well clips of the pocket provider, as the page makes them, obey prompts that were never trained on.

`python -m bench.pocket_clips [--count 60] [--sheet FILE]` makes clips from held-out wordings and prints: the judge's accuracy on a frame beside chance and beside true
renders; whether the most moving pixels go where the prompt says, beside a frozen clip and beside true renders; frame consistency and change beside frozen clips and beside
frames that have nothing to do with each other; seconds a clip, with those of the diorama's own renderer in the same run.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.pocket import CHANCE, place, table
from engine.context import RunContext
from engine.media.video import open_video
from engine.metrics import pocket_judge
from engine.metrics.clips import adjacent_change, direction, frame_consistency
from engine.settings import Settings
from engine.task import get_task, parse_request
from engine.tasks.text_to_video import pocket
from engine.tasks.text_to_video.contract import Made
from engine.tasks.text_to_video.pocket.models import Pocket, load
from engine.training.data import HALF, STREAMS
from engine.world.captions import captions
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, sample_spec

WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}


def prompts(count: int) -> list[tuple[SceneSpec, str]]:
    """Scenes of one thing that travels before a still camera, the four ways in turn, in sentences and synonyms that training never uses."""
    rng = np.random.default_rng([STREAMS["held-out"], 77])
    out = []
    for k in range(count):
        spec = sample_spec(rng, count=1, camera="still", motion=list(WAYS)[k % 4]).model_copy(update={"seed": HALF + 77_000 + k})
        out.append((spec, captions(spec, rng, 1, held_out=True)[0]))
    return out


class Resident:
    """A pool that holds the pocket models once."""

    def __init__(self, models: Pocket) -> None:
        self.models = models

    def lease(self, *_: Any, **__: Any) -> Any:
        return nullcontext(self.models)


def made(models: Pocket, prompt: str, seed: int, **fields: Any) -> tuple[np.ndarray, float]:
    """Frames (T, H, W, 3) uint8 of a clip of two seconds, 256 px, and the seconds that it took."""
    request = parse_request(get_task("text-to-video"), {"prompt": prompt, "model": "pocket", "seconds": 2, "fps": 8, "width": 256, "height": 256, **fields})
    with tempfile.TemporaryDirectory() as folder:
        run = RunContext("0" * 32, Path(folder), Settings(), seed, pool=Resident(models))  # type: ignore[arg-type]
        began = time.perf_counter()
        take = next(event for event in pocket.make(request, run, seed, "result") if isinstance(event, Made))
        seconds = time.perf_counter() - began
        with open_video(take.clip, Settings()) as reader:
            return np.stack(list(reader)), seconds


def obeyed(frames: np.ndarray, spec: SceneSpec) -> float:
    """1 when the clip moves within 45 degrees of what its prompt says."""
    found = direction(frames)
    return float(found is not None and np.array([found.dx, found.dy]) @ WAYS[spec.subjects[0].motion] > 0.707 * found.speed)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.pocket_clips", description="Measure the pocket provider's clips.")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--sheet", type=Path, help="write the clips as rows of frames into this PNG")
    chosen = parser.parse_args()
    models, judge = load(), pocket_judge.load(place("pocket-judge"))
    asked = prompts(chosen.count)
    made(models, asked[0][1], 0)  # the first one warms up
    clips: list[np.ndarray] = []
    spent: list[float] = []
    for k, (_, prompt) in enumerate(asked):
        frames, seconds = made(models, prompt, k)
        clips.append(frames)
        spent.append(seconds)
    began = time.perf_counter()
    true = [MovingDiorama(spec, 256).frames(16) for spec, _ in asked]
    rendering = (time.perf_counter() - began) / len(asked)
    specs = [spec for spec, _ in asked]
    middle = {"clips": np.stack([clip[len(clip) // 2] for clip in clips]), "true renders": np.stack([clip[8] for clip in true])}
    columns = {"chance": CHANCE} | {name: pocket_judge.verdicts(judge, frames, specs) for name, frames in middle.items()}
    print(f"what the judge sees in {len(asked)} clips of what was asked\n" + table(columns, list(CHANCE)))
    frozen = [np.repeat(clip[:1], len(clip), 0) for clip in clips]
    directions = {name: float(np.mean([obeyed(clip, spec) for clip, spec in zip(several, specs, strict=True)])) for name, several in (("clips", clips), ("frozen", frozen), ("true renders", true))}
    print("direction of motion obeyed (chance 25 %): " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in directions.items()))
    strangers = [np.stack([clips[(k + j) % len(clips)][0] for j in range(16)]) for k in range(len(clips))]
    for name, several in (("clips", clips), ("frozen", frozen), ("unrelated frames", strangers), ("true renders", true)):
        alike = float(np.mean([frame_consistency(clip, lambda frames: models.clip.image_features(frames).numpy()) for clip in several]))
        change = float(np.mean([adjacent_change(clip) for clip in several]))
        print(f"frame consistency {alike:.4f}, mean change of a pixel between frames {change:.2f} of 255: {name}")
    print(f"a clip of 16 frames takes {np.median(spent):.2f} s (median, beside whatever else runs), {np.median(spent) / rendering:.1f} times as long as rendering the scene")
    if chosen.sheet:
        rows = [np.concatenate([cv2.resize(frame, (128, 128), interpolation=cv2.INTER_AREA) for frame in clip[:: len(clip) // 4][:4]], 1) for clip in clips]
        rows += [np.zeros_like(rows[0])] * (-len(rows) % 3)
        cv2.imwrite(str(chosen.sheet), np.concatenate([np.concatenate(rows[k : k + 3], 1) for k in range(0, len(rows), 3)])[..., ::-1])
        chosen.sheet.with_suffix(".txt").write_text("\n".join(prompt for _, prompt in asked), encoding="utf-8")


if __name__ == "__main__":
    main()
