"""From words alone to the right thing: `python -m bench.words [SCENES]`. Random dioramas with two or three things, each asked for in words made of colour, kind, side and motion.

Prints the share of questions that pick the right thing (chance: one of the proposals at random; baseline: the largest moving one) and the IoU of the mask, on the first
frame and in the middle of the clip, and the processor time of `propose`.
"""

from __future__ import annotations

import sys
import time

import cv2
import numpy as np

from engine.media.frames import Held
from engine.settings import Settings
from engine.vision.subjects.proposals import propose
from engine.vision.subjects.words import understand
from engine.world import words as world
from engine.world.moving import MovingDiorama
from engine.world.spec import SubjectSpec, sample_spec
from engine.world.truth import Truth

SIZE, FPS = (640, 360), 12.0
MOVES = {"left": "moving left", "right": "going to the right", "up": "rising", "down": "sinking", "still": "standing still", "bounce": "bouncing", "circle": "circling", "sway": "", "approach": ""}


def asked(subject: SubjectSpec, mask: np.ndarray, rng: np.random.Generator) -> str:
    """One of five ways to ask for a subject."""
    x = float(np.nonzero(mask)[1].mean()) / mask.shape[1]
    side = "on the left" if x < 0.42 else "on the right" if x > 0.58 else "in the middle"
    noun, moves = world.NOUNS[subject.kind][0][0], MOVES[subject.motion]
    ways = [f"the {subject.colour} {noun}", f"the {subject.colour} {noun} {side}", f"the {noun} {side} {moves}", f"the {subject.colour} thing {side}", f"the {subject.colour} one {moves}"]
    return ways[int(rng.integers(len(ways)))].strip()


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max((one | other).sum(), 1))


def main() -> None:
    """Ask, and print what came."""
    scenes = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    cv2.setNumThreads(1)
    settings = Settings()
    right: dict[str, list[float]] = {"first": [], "middle": []}
    shared: dict[str, list[float]] = {"first": [], "middle": []}
    chance, largest, spent = list[float](), list[float](), list[float]()
    for number in range(scenes):
        rng = np.random.default_rng([2026, number])
        spec = sample_spec(rng, count=int(rng.choice([2, 3])), fps=FPS)
        world_ = MovingDiorama(spec, SIZE)
        times = [float(t) for t in world_.times()]
        frames = np.stack([world_.frame(t) for t in times])
        for name, index in (("first", 0), ("middle", len(times) // 2)):
            look = Truth(world_).look(times[index])
            began = time.process_time()
            things = propose(Held(frames, FPS), index, (0, len(frames) - 1), settings)
            spent.append(time.process_time() - began)
            moving = [k for k, one in enumerate(things) if one.source == "moves"]
            biggest = max(moving, key=lambda k: things[k].facts.area) if moving else None
            for subject, mask, seen in zip(spec.subjects, look.masks, look.visible, strict=True):
                if mask.sum() < 500 or seen < 0.5:
                    continue
                found = understand(asked(subject, mask, rng), things, settings)
                hits = [overlap(one.mask, mask) for one in things]
                best = [int(np.argmax([overlap(one.mask, other) for other in look.masks])) for one in things]
                good = [hit > 0.3 and look.masks[k] is not None and bool((look.masks[k] == mask).all()) for hit, k in zip(hits, best, strict=True)]
                right[name].append(float(found.index is not None and good[found.index]))
                shared[name].append(hits[found.index] if found.index is not None else 0.0)
                chance.append(float(np.mean(good)) if good else 0.0)
                largest.append(float(biggest is not None and good[biggest]))
    for name in ("first", "middle"):
        chosen = [one for one, ok in zip(shared[name], right[name], strict=True) if ok]
        print(f"{name} frame: {len(right[name])} questions, right {np.mean(right[name]):.3f}, IoU {np.mean(shared[name]):.3f}, of the right ones {np.mean(chosen):.3f}")
    print(f"a proposal at random {np.mean(chance):.3f}, the largest that moves {np.mean(largest):.3f}; propose takes {np.median(spent):.2f} s of processor time")


if __name__ == "__main__":
    main()
