"""The subject tools on ten clips of the paper-cut world: masks over time from one box and from words, what is lost and found, and what is filled in, beside per-frame inpainting.

`python -m bench.subjects [--only NAME] [--sheet OUT.png]`. Everything runs as a user runs it: on an encoded clip, through the task's own stages.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.subject_clips import Trial, makers
from engine.context import RunContext
from engine.errors import StudioError
from engine.media.writer import ClipWriter
from engine.settings import Settings
from engine.tasks.subject_swap.masking import Followed, follow
from engine.tasks.subject_swap.recipe import hole_of
from engine.tasks.subject_swap.request import Subject, SubjectMaskRequest
from engine.vision.filling.plate import fill_clip

NEAR = 0.5
"""Seconds by which an event may be told late or early."""


def iou(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union of two masks; 1 when both are empty."""
    union = int((one | other).sum())
    return float((one & other).sum()) / union if union else 1.0


def finished(steps: Generator[Any, None, Followed]) -> Followed:
    """What a chain of stages returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def masks_of(trial: Trial, clip: Path, subject: dict[str, Any], settings: Settings) -> Followed:
    """The first three steps on an encoded clip."""
    request = SubjectMaskRequest(video=clip, subjects=(Subject.model_validate(subject),))
    return finished(follow(request, RunContext(id="bench", directory=clip.parent, settings=settings, seed=0)))


def events_right(trial: Trial, followed: Followed) -> bool:
    """True when it is told gone and back where it truly is, and nowhere else."""
    true = [(k, bool(trial.present[k])) for k in range(1, len(trial.present)) if trial.present[k] != trial.present[k - 1]]
    there = followed.told[0].confidence >= 0
    said = [(k, bool(there[k])) for k in range(1, len(there)) if there[k] != there[k - 1]]
    return len(true) == len(said) and all(a[1] == b[1] and abs(a[0] - b[0]) <= NEAR * trial.fps for a, b in zip(true, said, strict=True))


def psnr(filled: list[np.ndarray], trial: Trial, holes: list[np.ndarray]) -> float:
    """Over all hole pixels of the clip, against the true background, in dB."""
    squares = [((frame[hole].astype(np.float32) - trial.plate[k][hole]) ** 2).ravel() for k, (frame, hole) in enumerate(zip(filled, holes, strict=True)) if hole.any()]
    return float(10 * np.log10(255**2 / np.concatenate(squares).mean()))


def main() -> None:
    """Print a line for each clip and the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help="one clip's name")
    parser.add_argument("--sheet", help="a contact sheet of masks and fills (PNG)")
    options = parser.parse_args()
    rows, figures = [], []
    for name, make in makers().items():
        if options.only and options.only != name:
            continue
        trial = make()
        with tempfile.TemporaryDirectory() as folder:
            settings = Settings.load(data_dir=Path(folder) / "data")
            clip = Path(folder) / "clip.mp4"
            with ClipWriter(clip, fps=trial.fps, crf=12) as writer:
                for frame in trial.frames:
                    writer.write(frame)
            began = time.perf_counter()
            boxed = masks_of(trial, clip, {"box": trial.box()}, settings)
            tracking = boxed.anew / (time.perf_counter() - began)
            by_box = [iou(boxed.layers(k), trial.masks[k, 0]) for k in range(len(trial.frames))]
            try:
                worded = masks_of(trial, clip, {"words": trial.words}, settings)
                by_words = float(np.mean([iou(worded.layers(k), trial.masks[k, 0]) for k in range(len(trial.frames))]))
                worded.close()
            except StudioError as error:
                print(error.line)
                by_words = 0.0
            # The shape's own truth is filled, so that the figure tells the filling and not the mask.
            holes = [hole_of(trial.masks[k, 0]) for k in range(len(trial.frames))]
            others = trial.masks[:, 1:].any(1)
            judged = [hole & ~other for hole, other in zip(holes, others, strict=True)]
            began = time.perf_counter()
            filled = [one.frame for one in fill_clip(boxed.frames, lambda k, holes=holes: holes[k], boxed.known.shots)]  # type: ignore[misc]
            took = time.perf_counter() - began
            began = time.perf_counter()
            plain = [cv2.inpaint(boxed.frames.read(k), holes[k].astype(np.uint8), 3, cv2.INPAINT_TELEA) for k in range(len(trial.frames))]
            ratio = (time.perf_counter() - began) / took
            right = events_right(trial, boxed)
            dashes = [float(np.mean(by_box)), by_words, right, psnr(filled, trial, judged), psnr(plain, trial, judged), ratio]
            figures.append(dashes)
            print(f"{name:26} IoU box {dashes[0]:.3f} words {by_words:.3f} events {'right' if right else 'WRONG'}  fill {dashes[3]:.1f} dB, cv2.inpaint {dashes[4]:.1f} dB, {ratio:.1f} x its speed; {tracking:.1f} frames/s", flush=True)
            if options.sheet:
                row = []
                for k in np.linspace(0, len(trial.frames) - 1, 5).astype(int):
                    shown = trial.frames[k].copy()
                    mask = boxed.layers(int(k)).astype(np.uint8)
                    shown[(cv2.dilate(mask, np.ones((3, 3), np.uint8)) - mask) > 0] = (255, 0, 255)
                    row += [cv2.resize(shown, (320, 180)), cv2.resize(filled[k], (320, 180))]
                rows.append(np.hstack(row))
            boxed.close()
    mean = np.array(figures, float).mean(0)
    print(f"mean over {len(figures)}: IoU from a box {mean[0]:.3f}, from words {mean[1]:.3f}; events right in {int(sum(one[2] for one in figures))}; fill {mean[3]:.1f} dB, cv2.inpaint {mean[4]:.1f} dB, {mean[5]:.1f} x its speed")
    if options.sheet:
        cv2.imwrite(options.sheet, np.vstack(rows)[..., ::-1])


if __name__ == "__main__":
    main()
