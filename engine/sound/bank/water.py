"""Waves, streams and drops: much of it is bubbles."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import drift, every, loudnesses, moments, noise, scatter, swells
from engine.sound.bank.space import placed, room, wide
from engine.sound.bank.tones import bubble, burst, samples


def bubbling(rng: np.random.Generator, count: int, rate: float, hertz: float, spread: float, density: np.ndarray | None = None) -> np.ndarray:
    """Bubbles on a ring, `rate` a second, pitched around `hertz` (log-normal, `spread` octaves)."""
    grains = [bubble(float(np.clip(hertz * 2 ** (spread * rng.standard_normal()), 120, 7000)), float(rng.uniform(0.03, 0.25))) for _ in range(128)]
    at = moments(rng, count, rate, density)
    return scatter(count, at, grains, loudnesses(rng, len(at), 6.5), np.clip(0.5 * rng.standard_normal(len(at)), -1, 1))


@ambience("waves", "ocean waves rolling on the beach", "the sea, surf on the shore", "waves lap against the boat", "the ocean at the seaside", "sea waves crash on the rocks", level=-28)
def waves(rng: np.random.Generator, count: int) -> np.ndarray:
    at = every(rng, count, 6.3, 0.16)
    many = len(at)
    size = rng.uniform(0.45, 1.0, many)
    out = np.zeros((count, 2), np.float32)
    # A wave rears up with a rumble, breaks, and runs back through the sand as foam.
    parts = (
        (0.0, 2.6, 3.2, ((40, -6), (90, 0), (240, -8), (900, -30)), 0.6),
        (0.35, 1.1, 3.6, ((150, -14), (500, 0), (1500, -3), (5000, -16), (12_000, -34)), 0.8),
        (1.3, 1.4, 5.0, ((900, -26), (3000, -4), (6000, 0), (12_000, -10)), 0.28),
    )
    for late, rise, fall, spectrum, level in parts:
        for side in range(2):
            # One side a little later than the other: the wave comes in at an angle.
            moved = (at + samples(late + 0.25 * side)) % count
            curve = swells(count, moved, rise * rng.uniform(0.8, 1.3, many), fall * rng.uniform(0.8, 1.2, many), size)
            out[:, side] += level * noise(rng, count, spectrum, 0.9)[:, side] * (0.05 + curve)
    fizz = swells(count, (at + samples(1.2)) % count, np.full(many, 1.0), np.full(many, 3.0), size)
    return out + 0.25 * bubbling(rng, count, 90, 1500, 0.6, np.clip(fizz, 0, 1))


@ambience("stream", "a brook babbling over stones", "a stream gurgles", "running water, a small creek in the woods", "a fountain splashing", "water trickles", level=-31)
def stream(rng: np.random.Generator, count: int) -> np.ndarray:
    return 0.5 * bubbling(rng, count, 190, 1000, 0.75, drift(rng, count, 0.4, 0.4, 1.0)) + 0.13 * noise(rng, count, ((100, -18), (400, -4), (1500, 0), (4000, -10), (10_000, -26)))


@ambience("river", "a wide river flowing", "rapids, a rushing river", "water rushes along, a waterfall", "the current of the river under a bridge", level=-29)
def river(rng: np.random.Generator, count: int) -> np.ndarray:
    rush = noise(rng, count, ((50, -8), (160, 0), (500, -2), (1800, -8), (5000, -20), (12_000, -36))) * drift(rng, count, 1.3, 0.7, 1.0)[:, None]
    return rush + 1.1 * bubbling(rng, count, 110, 420, 0.8)


@ambience("underwater", "deep under water with bubbles", "under the sea, diving among fish", "a submarine world, muffled water", "the bottom of the ocean", "swimming below the surface", level=-32)
def underwater(rng: np.random.Generator, count: int) -> np.ndarray:
    deep = noise(rng, count, ((30, -4), (70, 0), (200, -8), (500, -26), (1500, -50)), 0.8) * drift(rng, count, 3.0, 0.5, 1.0)[:, None]
    # Bubbles rise in strings, each smaller and higher than the one before.
    at, grains = [], [bubble(float(pitch), 0.08) for pitch in np.geomspace(180, 800, 24)]
    order, gains, pans = [], [], []
    for start in moments(rng, count, 0.55).tolist():
        pan, first = float(rng.uniform(-0.8, 0.8)), int(rng.integers(0, 10))
        for k in range(int(rng.integers(5, 13))):
            at.append((start + samples(float(np.cumsum(rng.uniform(0.04, 0.13, k + 1))[-1]))) % count)
            order.append(min(23, first + k))
            gains.append(0.9**k)
            pans.append(pan)
    strings = scatter(count, np.array(at, int), [grains[k] for k in order], np.array(gains), np.array(pans)) if at else np.zeros((count, 2), np.float32)
    return deep + 0.9 * room(rng, strings, 1.6, -4, 700, 0.02, ring=True)


@ambience("cave", "water dripping in a cave", "drops fall in a dark cavern", "dripping in a tunnel, a dungeon, echoing", "a grotto underground", level=-37)
def cave(rng: np.random.Generator, count: int) -> np.ndarray:
    grains = [np.concatenate([bubble(pitch, 0.12), np.zeros(10, np.float32)]) for pitch in rng.uniform(700, 2300, 12)]
    at = moments(rng, count, 0.75)
    wet = room(rng, scatter(count, at, grains, loudnesses(rng, len(at), 5), rng.uniform(-0.9, 0.9, len(at))), 3.8, 2, 2400, 0.04, ring=True)
    return wet + 0.05 * noise(rng, count, ((40, -4), (90, 0), (260, -14), (900, -34)), 0.9) * drift(rng, count, 4.0, 0.5, 1.0)[:, None]


@effect("splash", "a splash in the water", "something falls into the water", "a fish leaps and splashes back", "jumping into the pool", "a diver plunges in", seconds=1.9, level=-20)
def splash(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.9)
    out = np.zeros((count, 2), np.float32)
    for start, length, spectrum, level in (
        (0.0, 0.5, ((120, -6), (500, 0), (2200, -4), (8000, -20)), 0.7),
        (0.06, 1.1, ((700, -18), (2600, 0), (6000, -3), (12_000, -16)), 0.4),
    ):
        part = wide(rng, burst(rng, length, spectrum, 0.012, 5.0))
        first = samples(start)
        out[first : first + len(part)] += level * part[: count - first]
    plop = bubble(float(rng.uniform(170, 260)), 0.5)
    out[: len(plop)] += 1.2 * plop[:, None]
    many = 260
    grains = [bubble(float(np.exp(rng.uniform(np.log(450), np.log(4200)))), 0.15) for _ in range(64)]
    at = samples(0.05) + np.minimum(rng.exponential(0.28, many) * 48_000, count - 26_000).astype(int)
    return out + 0.16 * scatter(count, at, grains, loudnesses(rng, many, 6), rng.uniform(-0.8, 0.8, many))


@effect("water-drop", "a single drop of water", "a drip falls into a puddle", "plink, a droplet lands", "a tap drips once", seconds=1.2, level=-26)
def water_drop(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(0.5), np.float32)
    for start, pitch, gain in ((0.0, 950.0, 1.0), (0.055, 1500.0, 0.5), (0.11, 2100.0, 0.2)):
        one, first = bubble(pitch * float(rng.uniform(0.92, 1.08)), 0.18, gain), samples(0.01 + start)
        out[first : first + len(one)] += one
    return room(rng, placed(out, float(rng.uniform(-0.2, 0.2))), 0.9, -9, 3500)


@effect("bubbles", "bubbles rising in water", "a pot is bubbling and boiling", "blub blub, a potion brews", "blowing bubbles", seconds=3.0, level=-26, lasts=True)
def bubbles(rng: np.random.Generator, seconds: float) -> np.ndarray:
    return bubbling(rng, samples(seconds) + 4096, 22, 480, 0.6)


@effect("pour", "pouring water into a glass", "a drink is poured, filling a cup", "tea is poured from the pot", "water runs into a bucket", seconds=3.2, level=-27)
def pour(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.2)
    many = 420
    place = np.sort(rng.uniform(0, 1, many))
    # The air left in the glass grows shorter, so its pitch climbs.
    grains = [bubble(float((420 + 900 * x**1.6) * 2 ** (0.3 * rng.standard_normal())), 0.1) for x in place]
    at = (place * (count - 24_000)).astype(int) + samples(0.1)
    poured = scatter(count, at, grains, loudnesses(rng, many, 5), rng.uniform(-0.3, 0.3, many))
    hiss = burst(rng, 3.0, ((400, -16), (1500, 0), (5000, -6), (11_000, -22)), 0.2, 0.3)
    return poured + 0.05 * np.pad(hiss, (0, count - len(hiss)))[:, None]
