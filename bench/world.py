"""How fast the moving diorama is: `python -m bench.world [size]`. One thread, processor time.

Prints, over 48 random scenes of 16 frames: cutting a scene (cold and with the sheets that earlier scenes left), frames a second without and with
cutting, as ratios to 100 a second and to a bare copy of the frame; the truth's cost against the frame's; clips under a moving camera apart;
and the exactness of the flow (mean difference along it against that without motion).
"""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np

from engine.world.moving import MovingDiorama
from engine.world.reading import spec_from_text
from engine.world.sheets import CACHE
from engine.world.spec import sample_spec

GOAL = 100.0
"""Frames a second that the studio's pocket models need of their corpus."""


def pace(size: int, moving: bool, scenes: int = 48) -> None:
    """One line for still or moving cameras."""
    rng = np.random.default_rng(1)
    cut = lay = frames = 0.0
    cold = 0.0
    for k in range(scenes):
        spec = sample_spec(rng, camera="pan left") if moving else sample_spec(rng, camera="still")
        CACHE.held.clear() if k < 6 else None
        began = time.process_time()
        world = MovingDiorama(spec, size)
        middle = time.process_time()
        world.frames(16)
        lay += time.process_time() - middle
        cut, cold = (cut, cold + middle - began) if k < 6 else (cut + middle - began, cold)
        frames += 16
    cut /= scenes - 6
    one = np.zeros((size, size, 3), np.uint8)
    began = time.process_time()
    for _ in range(2000):
        one.copy()
    copy = (time.process_time() - began) / 2000
    rate, whole = frames / lay, 16 / (cut + 16 * lay / frames)
    print(
        f"camera {'moving' if moving else 'still ':6s} {size} px: cutting {1000 * cold / 6:5.0f} ms cold, {1000 * cut:5.0f} ms warm; frames {rate:6.0f}/s = {rate / GOAL:4.1f} x the goal "
        f"= {lay / frames / copy:5.0f} copies; with cutting, 16 frames a scene: {whole:5.0f}/s = {whole / GOAL:4.2f} x the goal",
        flush=True,
    )


def truth(size: int, scenes: int = 12) -> None:
    """One line: the cost of the truth, and how exact the flow is."""
    rng = np.random.default_rng(2)
    plain = full = 0.0
    along, without = [], []
    for _ in range(scenes):
        world = MovingDiorama(sample_spec(rng), size)
        began = time.process_time()
        world.frames(8)
        middle = time.process_time()
        clip = world.clip(8)
        plain, full = plain + middle - began, full + time.process_time() - middle
        x, y = np.meshgrid(np.arange(size, dtype=np.float32), np.arange(size, dtype=np.float32))
        for t in range(7):
            clear = ~clip.occlusion[t] & ~clip.blended[t]
            seen = cv2.remap(
                clip.frames[t + 1], x + clip.flow[t, ..., 0], y + clip.flow[t, ..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
            along.append(np.abs(seen[clear].astype(float) - clip.frames[t][clear]).mean())
            without.append(np.abs(clip.frames[t + 1][clear].astype(float) - clip.frames[t][clear]).mean())
    print(
        f"truth {size} px: {8 * scenes / full:5.0f} frames/s with everything = {full / plain:4.1f} x the frames alone; "
        f"flow: {np.mean(along):.2f} of 255 along it, {np.mean(without):.2f} without motion = {np.mean(without) / np.mean(along):.0f} x",
        flush=True,
    )


def reading() -> None:
    """One line: the grammar."""
    prompt = "A large red balloon drifts slowly to the left and a small blue bird flies up over the sea at sunset in the rain. The camera pans left."
    spec_from_text(prompt)
    began = time.process_time()
    for _ in range(200):
        spec_from_text(prompt)
    print(f"reading a prompt of 28 words: {5 * (time.process_time() - began):.2f} ms", flush=True)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    side = int(sys.argv[1]) if len(sys.argv) > 1 else 256
    for moves in (False, True):
        pace(side, moves)
    truth(side)
    reading()
