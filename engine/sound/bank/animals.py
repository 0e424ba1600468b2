"""Beasts on land and in the sea, and insects at night. Throats are harmonics through formants that move."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import RATE, closed, drift, loudnesses, noise, scatter
from engine.sound.bank.space import filtered, placed, room
from engine.sound.bank.tones import along, arched, burst, harmonics, modes, samples, voiced, wobble


@ambience("crickets", "crickets chirping at night", "a quiet summer night with cicadas", "insects in the dark field", "night time, the chirp of grasshoppers", "the night is calm", level=-36)
def crickets(rng: np.random.Generator, count: int) -> np.ndarray:
    out = 0.012 * noise(rng, count, ((80, -8), (250, 0), (900, -12), (4000, -30)), 0.9)
    for _ in range(9):
        hertz = float(rng.normal(4500, 260))
        pulses, gap = int(rng.integers(3, 5)), float(rng.uniform(0.024, 0.032))
        length = samples(gap * 0.7)
        pulse = np.sin(2 * np.pi * hertz * np.arange(length) / RATE) * np.sin(np.linspace(0, np.pi, length))
        chirp = np.zeros(samples(pulses * gap + 0.02), np.float32)
        for k in range(pulses):
            chirp[samples(k * gap) : samples(k * gap) + length] += (0.7 + 0.1 * k) * pulse
        # A whole number of chirps fits on the ring, each cricket at its own pace; now and then one pauses.
        many = round(count / RATE * float(rng.uniform(1.7, 2.5)))
        at = (np.arange(many) * count / many + rng.normal(0, 400, many) + rng.uniform(0, count)).astype(int) % count
        at = at[drift(rng, count, 5.0)[at] > 0.2]
        near, pan = float(rng.uniform(0.15, 1.0)), float(rng.uniform(-1, 1))
        out += scatter(count, at, [chirp], np.full(len(at), 0.5 * near), np.full(len(at), pan))
    trill = noise(rng, count, ((2700, -60), (2900, 0), (3050, 0), (3250, -60)), 0.9)
    return out + 0.02 * trill * (0.5 + 0.5 * np.sin(2 * np.pi * np.round(44 * count / RATE) * np.arange(count) / count))[:, None]


@ambience("frogs", "frogs croaking at a pond", "toads in the swamp at night", "ribbit ribbit, a marsh", level=-34)
def frogs(rng: np.random.Generator, count: int) -> np.ndarray:
    out = 0.02 * noise(rng, count, ((80, -6), (300, 0), (1500, -14), (5000, -30)), 0.9)
    for _ in range(5):
        length, base = samples(float(rng.uniform(0.22, 0.4))), float(rng.uniform(70, 130))
        croak = voiced(length, base * along((0.85, 1.1, 0.9), length), ((float(rng.uniform(500, 800)), 200, 0), (float(rng.uniform(1300, 1800)), 300, -4)), 1.0, 40) * arched(length, 0.03, 0.05)
        many = round(count / RATE * float(rng.uniform(0.5, 1.0)))
        at = (np.arange(many) * count / many + rng.normal(0, 4000, many) + rng.uniform(0, count)).astype(int) % count
        at = at[drift(rng, count, 3.0)[at] > 0.35]
        out += scatter(count, at, [croak, croak * 0.8], loudnesses(rng, len(at), 2) * rng.uniform(0.3, 0.9), np.full(len(at), rng.uniform(-0.9, 0.9)))
    return room(rng, out, 0.9, -12, 2000, 0.03, ring=True)


@ambience("bees", "bees buzzing around flowers", "a bee hive hums", "a fly, flies and wasps buzz about", "buzzing insects", level=-36)
def bees(rng: np.random.Generator, count: int) -> np.ndarray:
    out = np.zeros((count, 2), np.float32)
    for _ in range(5):
        phase = closed(float(rng.uniform(190, 260)) * drift(rng, count, 0.8, 0.94, 1.06))
        buzz = harmonics(phase, [k**-0.8 for k in range(1, 16)], list(range(1, 16)))
        near, pan = drift(rng, count, 1.6) ** 3, drift(rng, count, 2.0, 0.05, 0.95)
        out += (buzz * near)[:, None] * np.stack([np.sqrt(1 - pan), np.sqrt(pan)], axis=1)
    return out.astype(np.float32)


@effect("dog", "a dog barks", "woof woof, the dog barking", "a puppy yaps", "the hound barks at the gate", seconds=1.5, level=-19)
def dog(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(1.4), np.float32)
    base = float(rng.uniform(0.9, 1.15))
    for start, size in ((0.02, 1.0), (0.42, 0.9), (0.98, 0.95)):
        count = samples(float(rng.uniform(0.19, 0.24)))
        pitch = base * along((260, 520, 470, 240), count) * wobble(rng, count, 90, 0.03)
        cry = voiced(count, pitch, (((500, 950, 620), 260, 0), (1650 * base, 380, -3), (2800, 600, -9)), 5.0, 40)
        hoarse = noise(rng, count, ((300, -14), (900, 0), (2600, -6), (6000, -24)), 0.0)[:, 0]
        first = samples(start)
        out[first : first + count] += size * (cry + 0.14 * hoarse) * arched(count, 0.02, 0.12)
    return room(rng, placed(out, float(rng.uniform(-0.25, 0.25))), 0.6, -15)


@effect("cat", "a cat meows", "meow, the kitten cries", "the cat miaows", seconds=1.3, level=-23)
def cat(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(float(rng.uniform(0.85, 1.0)))
    pitch = float(rng.uniform(0.92, 1.1)) * along((520, 640, 730, 700, 600, 470), count) * wobble(rng, count, 12, 0.012)
    # The mouth opens from m through i to a and closes to u.
    mouth = ((300, 480, 900, 1150, 900, 520), (1500, 2500, 2100, 1700, 1350, 950))
    cry = voiced(count, pitch, ((mouth[0], 220, 0), (mouth[1], 330, -3), (3600, 700, -12)), 7.0, 24)
    breath = noise(rng, count, ((1500, -20), (3500, 0), (8000, -14)), 0.0)[:, 0]
    level = along((0.25, 0.8, 1.0, 0.9, 0.7, 0.3), count) * arched(count, 0.09, 0.2)
    return room(rng, placed(((cry + 0.02 * breath) * level).astype(np.float32), 0.1), 0.5, -17)


@effect("wolf", "a wolf howls", "howling at the moon", "awoo, a coyote in the night", seconds=4.6, level=-23)
def wolf(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.2)
    pitch = along((260, 420, 520, 530, 525, 515, 470, 330), count) * wobble(rng, count, 6, 0.006)
    cry = voiced(count, pitch, (((420, 600, 560, 500), 200, 0), (1150, 260, -9), (2500, 600, -20)), 8.0, 24) * arched(count, 0.4, 0.9)
    return room(rng, placed(cry, float(rng.uniform(-0.4, 0.4))), 2.6, -6, 1600, 0.07)


@effect("cow", "a cow moos", "moo, cattle on the meadow", "the ox lows", seconds=2.2, level=-22)
def cow(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.7)
    pitch = along((110, 128, 142, 148, 140, 112), count) * wobble(rng, count, 16, 0.012)
    cry = voiced(count, pitch, (((260, 330, 520, 640, 560), 130, 0), ((750, 850, 1050, 1150, 1000), 220, -5), (2300, 500, -18)), 5.0, 40)
    return room(rng, placed(cry * arched(count, 0.25, 0.4), -0.15), 0.9, -13, 1800)


@effect("sheep", "a sheep bleats", "baa, lambs and goats on the farm", "the goat bleats", seconds=1.4, level=-23)
def sheep(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.0)
    time = np.arange(count) / RATE
    pitch = along((300, 340, 330, 290), count) * (1 + 0.035 * np.sin(2 * np.pi * 8.5 * time))
    cry = voiced(count, pitch, ((900, 260, 0), (1750, 300, -2), (2900, 600, -10)), 4.0, 36) * (0.75 + 0.25 * np.sin(2 * np.pi * 8.5 * time + 1))
    return room(rng, placed((cry * arched(count, 0.06, 0.25)).astype(np.float32), 0.2), 0.6, -15)


@effect("horse-neigh", "a horse neighs", "the horse whinnies", "a pony snorts and whinnies", seconds=2.2, level=-21)
def neigh(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.7)
    time = np.arange(count) / RATE
    shake = along((0.0, 0.02, 0.07, 0.09, 0.1), count) * np.sin(2 * np.pi * np.cumsum(along((7, 9, 12, 10), count)) / RATE)
    pitch = along((620, 980, 1020, 860, 640, 380), count) * (1 + shake) * wobble(rng, count, 50, 0.01)
    cry = voiced(count, pitch, ((1300, 600, 0), (2400, 800, -3), (700, 300, -4)), 5.0, 24)
    hoarse = noise(rng, count, ((500, -12), (1500, 0), (4000, -8), (9000, -24)), 0.0)[:, 0]
    level = along((0.5, 1.0, 1.0, 0.9, 0.7, 0.3), count) * (1 + 3 * shake) * arched(count, 0.06, 0.35)
    return room(rng, placed(((cry + 0.1 * hoarse * np.minimum(1, time)) * level).astype(np.float32), -0.1), 0.8, -14)


def hoof(rng: np.random.Generator) -> np.ndarray:
    """(N,) float32: a hoof on packed earth."""
    count = samples(0.2)
    pitch = float(rng.uniform(82, 110))
    thud = modes(count, (pitch, pitch * 1.9, pitch * 3.3), (0.13, 0.08, 0.05), (1.0, 0.45, 0.2))
    earth = burst(rng, 0.09, ((200, -6), (700, 0), (2200, -8), (6000, -24)), 0.002, 6.0)
    thud[: len(earth)] += 0.55 * earth
    return thud * arched(count, 0.002, 0.06)


@effect("gallop", "a horse gallops", "galloping hooves, riders on horseback", "horses run past, hoofbeats", "the knight rides his horse", seconds=4.0, level=-21, lasts=True)
def gallop(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count, stride = samples(seconds), 0.5
    at, gains = [], []
    for k in range(int(seconds / stride) + 1):
        for late, gain in ((0.0, 0.75), (0.115, 0.85), (0.225, 1.1)):
            at.append(samples(0.01 + k * stride + late + float(rng.normal(0, 0.004))))
            gains.append(gain * float(rng.uniform(0.85, 1.1)))
    keep = [k for k, place in enumerate(at) if place < count - samples(0.2)]
    hits = scatter(count, np.array([at[k] for k in keep]), [hoof(rng) for _ in range(13)], np.array([gains[k] for k in keep]), rng.uniform(-0.25, 0.25, len(keep)))
    return room(rng, hits, 0.4, -18)


@effect("whale", "a whale sings", "whale song in the deep", "the humpback calls under water", seconds=8.0, level=-25)
def whale(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(6.4), np.float32)
    start = 0.05
    for curve, length in (((140, 190, 420, 520, 380), 2.1), ((330, 300, 190, 150), 1.5), ((210, 480, 900, 640, 330, 260), 2.0)):
        count = samples(length)
        pitch = along(curve, count) * float(rng.uniform(0.93, 1.07)) * wobble(rng, count, 5, 0.01)
        cry = voiced(count, pitch, (((350, 600, 420), 300, 0), (1000, 400, -10)), 8.0, 16) * arched(count, 0.35, 0.6)
        first = samples(start)
        out[first : first + count] += cry
        start += length + 0.15
    return filtered(room(rng, placed(out, float(rng.uniform(-0.3, 0.3))), 4.5, -1, 900, 0.06), high=2200)[: samples(8.0)]
