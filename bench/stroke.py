"""How fast stroke motion is: `python bench/stroke.py [threads]`.

With one thread (the default) all times are processor time, so that other work on the machine does not count; otherwise they are wall time.
Prints seconds per stage at 512 px and at 1080p, frames a second as a ratio against a bare cv2.remap of the same frames, the longest time between two
checkpoints (how soon Stop acts), the quick preview, and the fill's PSNR beside cv2.inpaint. The photographs are those of scikit-image.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import skimage.data

from bench.stroke_sheet import CASES
from engine.context import RunContext
from engine.media.images import write_image
from engine.metrics.motion import MotionMeter
from engine.settings import Settings
from engine.task import Result, parse_request
from engine.tasks.stroke_motion import TASK
from engine.tasks.stroke_motion.paths import Timeline
from engine.tasks.stroke_motion.preview import PreviewSession
from engine.tasks.stroke_motion.recipe import measure, targets
from engine.tasks.stroke_motion.scene import build
from engine.tasks.stroke_motion.things import Reader
from engine.vision.inpainting import fill

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
clock = time.process_time if THREADS == 1 else time.perf_counter


class Gaps:
    """Stands for `run.checkpoint` and remembers the longest silence between two calls."""

    def __init__(self) -> None:
        self.longest, self.last = 0.0, clock()

    def __call__(self) -> None:
        now = clock()
        self.longest, self.last = max(self.longest, now - self.last), now


def photo(name: str, side: int) -> np.ndarray:
    """A photograph of that longer side, enlarged when it is smaller."""
    image = np.ascontiguousarray(getattr(skimage.data, name)()[..., :3])
    scale = side / max(image.shape[:2])
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def stages(case: str, side: int, frames: int) -> None:
    """One line of timings of a case."""
    name, fields = CASES[case]
    image = photo(name, side)
    request = parse_request(TASK, {"image": "photo.png", **fields})
    gaps = Gaps()
    t0 = clock()
    reading = Reader(image, gaps).read(request.strokes, request.camera)
    t1 = clock()
    scene, _ = build(image, request.strokes, request.camera, reading, Timeline(72, request.loop), parallax=request.parallax, work_side=384, checkpoint=gaps)
    t2 = clock()
    scene.flow(1.0)
    t3 = clock()
    gaps.last = clock()
    for index in range(frames):
        scene.frame(index)
        gaps()
    t4 = clock()
    xs, ys = np.meshgrid(np.arange(image.shape[1], dtype=np.float32), np.arange(image.shape[0], dtype=np.float32))
    for _ in range(frames):
        cv2.remap(image, xs + 0.3, ys + 0.3, cv2.INTER_CUBIC)
    t5 = clock()
    print(
        f"{case:16s} {image.shape[1]:4d}x{image.shape[0]:<4d} find {t1 - t0:5.2f} s  prepare {t2 - t1:5.2f} s  flow {t3 - t2:5.3f} s  "
        f"warp {frames / (t4 - t3):6.1f} frames/s = {(t4 - t3) / (t5 - t4):5.2f} x remap  longest silence {1000 * gaps.longest:4.0f} ms",
        flush=True,
    )


def whole(case: str, side: int, seconds: float, fps: int) -> None:
    """One line: a whole run through reader, recipe, meters and the real writer, the second of two."""
    name, fields = CASES[case]
    took = 0.0
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.png"
            write_image(path, photo(name, side))
            run = RunContext(id="bench", directory=Path(folder), settings=Settings(), seed=0)
            request = parse_request(TASK, {"image": str(path), "seconds": seconds, "fps": fps, "max_side": side, **fields})
            began = clock()
            result = [e for e in TASK.run(request, run) if isinstance(e, Result)][-1]
            took = clock() - began
            size = (result.clip.stat().st_size if result.clip else 0) / 1024
    print(f"{case:16s} whole clip {side} px, {seconds:g} s at {fps} frames/s: {took:5.2f} s = {took / seconds:4.2f} x its length, {size:.0f} KiB", flush=True)


def previews() -> None:
    """First and second look of every case."""
    for case, (name, fields) in CASES.items():
        request = parse_request(TASK, {"image": "photo.png", **fields})
        image = photo(name, 640)
        t0 = clock()
        session = PreviewSession(image)
        session.preview(request.strokes, request.camera, loop=request.loop, parallax=request.parallax)
        t1 = clock()
        session.preview(request.strokes, request.camera, loop=request.loop, parallax=request.parallax)
        print(f"preview {case:16s} first {1000 * (t1 - t0):4.0f} ms  again {1000 * (clock() - t1):4.0f} ms", flush=True)


def memory(case: str, side: int) -> None:
    """Growth of the resident memory between the tenth and the last frame of a long render."""
    name, fields = CASES[case]
    image = photo(name, side)
    request = parse_request(TASK, {"image": "photo.png", **fields})
    reading = Reader(image).read(request.strokes, request.camera)
    scene, _ = build(image, request.strokes, request.camera, reading, Timeline(120, request.loop))
    meter = MotionMeter(targets(scene, reading), scene.size)
    resident = []
    for index in range(120):
        measure(meter, scene, index, scene.frame(index))
        resident.append(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20)
    print(f"{case:16s} {side} px: {resident[-1]:.0f} MiB resident, {resident[-1] - resident[10]:+.1f} MiB over the last 110 of 120 frames", flush=True)


def filling() -> None:
    """PSNR of the fill beside Telea's on a round hole in real textures (dB, inside the hole), and the texture's strength kept."""
    for name in ("brick", "grass", "gravel", "coffee"):
        image = getattr(skimage.data, name)()
        image = np.ascontiguousarray(np.repeat(image[..., None], 3, 2) if image.ndim == 2 else image)
        hole = np.zeros(image.shape[:2], np.uint8)
        cv2.circle(hole, (image.shape[1] * 3 // 4, image.shape[0] // 2), 40, 1, -1)
        began = clock()
        ours = fill(image, hole.astype(bool))
        took = clock() - began
        telea = cv2.inpaint(image, hole, 5, cv2.INPAINT_TELEA)
        inside = hole.astype(bool)

        def psnr(x: np.ndarray, truth: np.ndarray = image, where: np.ndarray = inside) -> float:
            return float(10 * np.log10(255**2 / np.mean((x[where].astype(float) - truth[where]) ** 2)))

        def grain(x: np.ndarray, where: np.ndarray = inside) -> float:
            return float(np.abs(cv2.Laplacian(x, cv2.CV_32F))[where].mean())

        print(
            f"fill {name:8s} PSNR {psnr(ours):5.2f} dB, Telea {psnr(telea):5.2f} dB; grain kept {grain(ours) / grain(image):4.2f}, "
            f"Telea {grain(telea) / grain(image):4.2f}; {took:4.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    cv2.setNumThreads(THREADS)
    for case in ("rocket_launch", "cup_brushed", "head_lean", "zoom_held"):
        stages(case, 512, 48)
    for case in ("cup_brushed", "head_lean"):
        stages(case, 1920, 10)
    whole("rocket_launch", 512, 3.0, 24)
    whole("head_lean", 512, 3.0, 24)
    whole("cup_brushed", 1920, 1.0, 24)
    memory("cup_brushed", 1920)
    filling()
    previews()
