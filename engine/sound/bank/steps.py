"""Feet on grounds of several kinds (after Cook, 2002: heel and toe, each a little storm of grains)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.sound.bank.registry import effect
from engine.sound.bank.rings import RATE, Points, loudnesses, scatter
from engine.sound.bank.space import room
from engine.sound.bank.tones import arched, burst, modes, samples

PACE = 1.9
"""Steps a second of somebody who walks."""


def walked(rng: np.random.Generator, seconds: float, foot: Callable[[np.random.Generator], np.ndarray], pace: float = PACE) -> np.ndarray:
    """(N, 2): a walk of so many seconds; the feet are a little to the left and to the right, and no two steps alike."""
    count = samples(seconds)
    feet = [foot(rng) for _ in range(8)]
    longest = max(map(len, feet))
    when = 0.03 + np.arange(int(seconds * pace) + 1) / pace + rng.normal(0, 0.012, int(seconds * pace) + 1)
    at = (np.clip(when, 0.005, None) * RATE).astype(int)
    at = at[at + longest // 2 < count]
    return scatter(count + longest, at, feet, rng.uniform(0.8, 1.1, len(at)), np.where(np.arange(len(at)) % 2, 0.16, -0.16))


def grainy(rng: np.random.Generator, seconds: float, rate: float, low: float, high: float, sharp: float) -> np.ndarray:
    """(N,): grains that are crushed, most of them at the begin. low, high: Hz; sharp: how soon it is over."""
    count = samples(seconds)
    grains = []
    for _ in range(40):
        middle = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        grain = burst(rng, float(rng.uniform(0.004, 0.012)), ((middle / 2.5, -24), (middle, 0), (middle * 2.2, -18)), 0.0008, 5.0)
        grains.append(grain / (np.abs(grain).max() + 1e-6))
    many = int(rng.poisson(rate * seconds))
    at = np.minimum(rng.beta(1.3, sharp, many) * count, count - 700).astype(int)
    return scatter(count, at, grains, loudnesses(rng, many, 6.0), np.zeros(many))[:, 0] * np.float32(1.4)


def heel_and_toe(rng: np.random.Generator, heel: np.ndarray, toe: np.ndarray, roll: float) -> np.ndarray:
    """The heel comes first, the toe `roll` seconds later and softer."""
    late = samples(roll * float(rng.uniform(0.85, 1.15)))
    out = np.zeros(max(len(heel), late + len(toe)), np.float32)
    out[: len(heel)] += heel
    out[late : late + len(toe)] += toe
    return out * arched(len(out), 0.002, 0.03)


def thump(rng: np.random.Generator, hertz: float, spectrum: Points, weight: float) -> np.ndarray:
    """(N,): the body's weight on the ground."""
    length = samples(0.12)
    out = weight * modes(length, (hertz, hertz * 1.9), (0.09, 0.06), (1.0, 0.4)) * arched(length, 0.004, 0.04)
    scrape = burst(rng, 0.03, spectrum, 0.002, 5.0)
    out[: len(scrape)] += 0.3 * scrape
    return out


@effect("steps-gravel", "footsteps on gravel", "someone walks on a path, steps", "walking outside, footsteps", "steps on sand and stones", "a man walks along the road", seconds=5.0, level=-26, lasts=True)
def steps_gravel(rng: np.random.Generator, seconds: float) -> np.ndarray:
    def foot(rng: np.random.Generator) -> np.ndarray:
        heel = grainy(rng, 0.16, 900, 500, 2600, 3.2)
        body = thump(rng, 95.0, ((300, -8), (900, 0), (3000, -14)), 0.5)
        heel[: len(body)] += body
        return heel_and_toe(rng, heel, 0.7 * grainy(rng, 0.2, 800, 700, 3200, 2.6), 0.11)

    return walked(rng, seconds, foot)


@effect("steps-snow", "footsteps in the snow", "boots crunch through snow", "walking in winter, the snow creaks underfoot", "trudging over snow and ice", seconds=5.0, level=-29, lasts=True)
def steps_snow(rng: np.random.Generator, seconds: float) -> np.ndarray:
    def foot(rng: np.random.Generator) -> np.ndarray:
        length = 0.32
        # Snow gives way in thousands of small cracks while the weight moves on.
        crunch = grainy(rng, length, 2600, 320, 1300, 2.0) * arched(samples(length), 0.05, 0.14)
        groan = burst(rng, length, ((250, -18), (600, 0), (1500, -5), (4000, -22)), 0.07, 2.0)
        return (0.6 * crunch + 0.35 * groan[: len(crunch)]).astype(np.float32)

    return walked(rng, seconds, foot, 1.65)


@effect("steps-wood", "footsteps on a wooden floor", "someone walks across the room, indoors", "heels on floorboards, up the stairs", "steps in the hallway of a house", seconds=5.0, level=-26, lasts=True)
def steps_wood(rng: np.random.Generator, seconds: float) -> np.ndarray:
    def foot(rng: np.random.Generator) -> np.ndarray:
        pitch = float(rng.uniform(105, 150))
        length = samples(0.22)
        board = modes(length, (pitch, pitch * 2.1, pitch * 3.4, pitch * 5.7), (0.16, 0.1, 0.07, 0.04), (1.0, 0.6, 0.35, 0.2)) * arched(length, 0.0025, 0.06)
        tap = burst(rng, 0.02, ((500, -8), (1500, 0), (4500, -10), (10_000, -26)), 0.0015, 6.0)
        board[: len(tap)] += 0.45 * tap
        toe = 0.4 * burst(rng, 0.05, ((250, -4), (800, 0), (2400, -10), (7000, -26)), 0.006, 4.0)
        return heel_and_toe(rng, board, toe, 0.12)

    return room(rng, walked(rng, seconds, foot), 0.45, -13, 1800)


@effect("running", "someone runs", "running footsteps, fast steps", "she runs away, being chased", seconds=4.0, level=-24, lasts=True)
def running(rng: np.random.Generator, seconds: float) -> np.ndarray:
    def foot(rng: np.random.Generator) -> np.ndarray:
        heel = 0.6 * grainy(rng, 0.12, 700, 400, 2200, 4.0)
        body = thump(rng, 82.0, ((200, -6), (700, 0), (2600, -12)), 1.0)
        heel[: len(body)] += body[: len(heel)]
        return heel_and_toe(rng, heel, 0.25 * grainy(rng, 0.08, 700, 500, 2400, 3.0), 0.06)

    return walked(rng, seconds, foot, 2.9)
