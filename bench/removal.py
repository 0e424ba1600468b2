"""Subjects removed from diorama clips against their true ground: `python -m bench.removal [seconds] [fps]`; memory over long clips: `python -m bench.removal memory`.

Ten clips of 640x360 under a still, panning, tilting and zooming camera, holes as exact masks grown by 3 px. For each: PSNR in the holes beside cv2.inpaint frame by
frame (Telea and Navier-Stokes, radius 3); the error along the true motion of the ground inside the holes, beside that of the true ground's own video;
and how many times as many frames a second as Telea's: of wall time, with all cores, and of the processor time of all threads; medians of whole clips in turns,
both with the threads that they have by default. Beside them the load, and the share of a core that Telea's one thread got: well below 1 others kept the cores
busy, and wall time says little, for two threads then get no more of them than one. Identical pixels count as 60 dB.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from engine.media.frames import Held
from engine.vision.filling.plate import fill_clip
from engine.world.moving import MovingDiorama
from engine.world.spec import SceneSpec, SubjectSpec

SIZE = (640, 360)
MOST = 60.0
ROUNDS = 5
CLIPS: dict[str, SceneSpec] = {
    "still car": SceneSpec(place="city", subjects=(SubjectSpec(kind="car", motion="right", speed="fast"),), seed=1),
    "still cat": SceneSpec(place="hills", time="sunset", subjects=(SubjectSpec(kind="cat", colour="black", motion="left", size="large", speed="fast"),), seed=2),
    "still dog, rain": SceneSpec(place="forest", weather="rain", subjects=(SubjectSpec(kind="dog", motion="right", speed="fast"),), seed=3),
    "pan car": SceneSpec(place="hills", camera="pan right", subjects=(SubjectSpec(kind="car", motion="right"),), seed=3),
    "pan horse": SceneSpec(place="desert", camera="pan left", subjects=(SubjectSpec(kind="horse", colour="brown", motion="right", size="large"),), seed=5),
    "pan plane": SceneSpec(place="mountains", camera="pan right", subjects=(SubjectSpec(kind="plane", colour="blue", motion="left", speed="fast"),), seed=6),
    "pan bus": SceneSpec(place="city", camera="pan left", subjects=(SubjectSpec(kind="bus", colour="yellow", motion="right", speed="fast"),), seed=10),
    "zoom in boat": SceneSpec(place="sea", camera="zoom in", subjects=(SubjectSpec(kind="boat", motion="left", speed="fast"),), seed=7),
    "zoom out bird": SceneSpec(place="forest", camera="zoom out", subjects=(SubjectSpec(kind="bird", colour="purple", motion="right", size="large", speed="fast"),), seed=8),
    "tilt balloon": SceneSpec(place="city", camera="tilt up", subjects=(SubjectSpec(kind="balloon", motion="up", speed="fast"),), seed=9),
}


def psnr(frames: np.ndarray, truth: np.ndarray, where: np.ndarray) -> float:
    """Decibels inside the holes, all frames together."""
    error = float(np.mean((frames[where].astype(np.float32) - truth[where]) ** 2))
    return min(MOST, float(10 * np.log10(255**2 / max(error, 1e-9))))


def trembling(frames: np.ndarray, holes: np.ndarray, flow: np.ndarray, hidden: np.ndarray) -> float:
    """Mean difference, in levels, along the ground's true motion, of places that lie in the holes of both frames."""
    x, y = np.meshgrid(np.arange(SIZE[0], dtype=np.float32), np.arange(SIZE[1], dtype=np.float32))
    errors = []
    for t in range(len(frames) - 1):
        px, py = x + flow[t, ..., 0], y + flow[t, ..., 1]
        there = cv2.remap(frames[t + 1], px, py, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        both = holes[t] & ~hidden[t] & (cv2.remap(holes[t + 1].astype(np.uint8), px, py, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT) > 0)
        if both.any():
            errors.append(float(np.abs(there[both].astype(np.float32) - frames[t][both]).mean()))
    return float(np.mean(errors)) if errors else 0.0


def measure(name: str, spec: SceneSpec) -> np.ndarray:
    """One line; returns the figures."""
    clip = MovingDiorama(spec, SIZE).clip()
    bare = MovingDiorama(spec.model_copy(update={"subjects": ()}), SIZE).clip()
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))
    holes = np.stack([cv2.dilate(mask.any(axis=0).astype(np.uint8), kernel) > 0 for mask in clip.masks])
    taken = []
    for _ in range(ROUNDS):  # in turns, each a whole clip: threads that work ahead must not do so on the other one's time
        began = clocks()
        filled = list(fill_clip(Held(clip.frames), lambda i: holes[i], [(0, len(holes) - 1)]))
        middle = clocks()
        other = [cv2.inpaint(frame, hole.astype(np.uint8), 3, cv2.INPAINT_TELEA) for frame, hole in zip(clip.frames, holes, strict=True)]
        taken.append((middle - began, clocks() - middle))
    ours, telea = np.array(taken).transpose(1, 0, 2)  # (rounds, processor and wall)
    quicker, rate = np.median(telea / ours, axis=0), len(holes) / np.median(ours, axis=0)
    frames, seen = [one.frame for one in filled], [one.seen[hole].mean() for one, hole in zip(filled, holes, strict=True)]
    result, smeared = np.stack(frames), np.stack(other)
    assert (result[~holes] == clip.frames[~holes]).all()
    stokes = np.stack([cv2.inpaint(frame, hole.astype(np.uint8), 3, cv2.INPAINT_NS) for frame, hole in zip(clip.frames, holes, strict=True)])
    figures = np.array([
        psnr(result, clip.plate, holes), psnr(smeared, clip.plate, holes), psnr(stokes, clip.plate, holes), float(np.mean(seen)),
        trembling(result, holes, bare.flow, bare.occlusion), trembling(clip.plate, holes, bare.flow, bare.occlusion),
        quicker[1], quicker[0], rate[1], np.median(telea[:, 0] / telea[:, 1]), os.getloadavg()[0],
    ])  # fmt: skip
    line(name, figures)
    return figures


def clocks() -> np.ndarray:
    """Seconds of processor time and of wall time."""
    return np.array([time.process_time(), time.perf_counter()])


class Endless:
    """Frames made as they are asked for: a camera that sways over a wide picture, a disc that crosses again and again."""

    fps, width, height = 25.0, *SIZE

    def __init__(self, count: int) -> None:
        self.count = count
        rng = np.random.default_rng(0)
        land = sum(cv2.resize(rng.normal(0, 24, (540 // size, 1100 // size, 3)).astype(np.float32), (1100, 540), interpolation=cv2.INTER_CUBIC) for size in (4, 12, 40))
        self._land = np.clip(land + 120, 0, 255).astype(np.uint8)

    def read(self, index: int) -> np.ndarray:
        """(H, W, 3) uint8."""
        x, y = 220 + 200 * np.sin(index / 70), 90 + 60 * np.sin(index / 110)
        ground = cv2.warpAffine(self._land, np.array([[1.0, 0, -x], [0, 1.0, -y]]), SIZE)
        return cv2.circle(ground, self._disc(index), 40, (220, 30, 40), -1)

    def hole(self, index: int) -> np.ndarray:
        """(H, W) bool."""
        return cv2.circle(np.zeros(SIZE[::-1], np.uint8), self._disc(index), 43, 1, -1) > 0

    def _disc(self, index: int) -> tuple[int, int]:
        return 9 * index % 760 - 60, 180


def memory() -> None:
    """Resident memory, in MiB, of a clip of 300 frames and of one of 3000 (Linux)."""

    def resident() -> float:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20

    for count in (300, 3000):
        clip = Endless(count)
        before, peak, began = resident(), 0.0, time.perf_counter()
        for _ in fill_clip(clip, clip.hole, [(0, count - 1)]):
            peak = max(peak, resident())
        print(f"{count} frames: {before:.0f} MiB before, at most {peak:.0f}; {count / (time.perf_counter() - began):.1f} frames/s with making them", flush=True)


def line(name: str, f: np.ndarray) -> None:
    """Print the figures of a clip."""
    print(
        f"{name:16s} {f[0]:5.1f} dB, Telea {f[1]:5.1f}, Navier-Stokes {f[2]:5.1f}; seen {100 * f[3]:3.0f} %; along the motion {f[4]:5.2f} levels, true ground {f[5]:5.2f}; "
        f"as many frames a second as Telea: of wall time {f[6]:4.2f} x ({f[8]:5.1f}), of processor time {f[7]:4.2f} x; load {f[10]:4.1f}, Telea had {f[9]:4.2f} of a core",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        memory()
        sys.exit()
    seconds, fps = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0, float(sys.argv[2]) if len(sys.argv) > 2 else 24.0
    total = np.stack([measure(name, spec.model_copy(update={"seconds": seconds, "fps": fps})) for name, spec in CLIPS.items()])
    line("mean", total.mean(axis=0))
    print(f"along the motion: {total[:, 4].sum() / max(total[:, 5].sum(), 1e-9):.2f} x the true ground")
