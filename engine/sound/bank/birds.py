"""Birds and their woods."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import RATE, drift, loudnesses, moments, noise, scatter
from engine.sound.bank.space import placed, room
from engine.sound.bank.tones import along, arched, glide, samples, voiced, wobble


def syllable(rng: np.random.Generator, hertz: float, kind: int) -> np.ndarray:
    """One note of a song bird around a pitch in Hz: 0 falls, 1 rises, 2 arches, 3 trills, 4 is steady."""
    seconds = float(rng.uniform(0.06, 0.16)) * (1.8 if kind == 3 else 1.0)
    count = samples(seconds)
    bend = float(rng.uniform(1.15, 1.6))
    curve = {0: (bend, 1.0, 1 / bend), 1: (1 / bend, 1.0, bend), 2: (0.85, bend, 0.8), 3: (1.0, 1.02, 0.97), 4: (1.02, 1.0, 0.99)}[kind]
    pitch = hertz * along(curve, count)
    if kind == 3:
        pitch *= 1 + 0.09 * np.sin(2 * np.pi * rng.uniform(24, 40) * np.arange(count) / RATE)
    return (glide(count, pitch, (0.12, 0.04)) * np.sin(np.linspace(0, np.pi, count)) ** 0.8).astype(np.float32)


def song(rng: np.random.Generator, hertz: float) -> np.ndarray:
    """A phrase (N,) of one bird: a few kinds of notes, some of them repeated, as a species would."""
    parts: list[np.ndarray] = []
    for _ in range(int(rng.integers(2, 4))):
        kind, pitch = int(rng.integers(0, 5)), hertz * float(rng.choice([0.8, 0.9, 1.0, 1.12, 1.3]))
        gap = float(rng.uniform(0.03, 0.12))
        for _ in range(int(rng.integers(1, 6))):
            parts += [syllable(rng, pitch * float(rng.uniform(0.98, 1.02)), kind), np.zeros(samples(gap), np.float32)]
    return np.concatenate(parts)


def chorus(rng: np.random.Generator, count: int, birds: int, pause: float) -> np.ndarray:
    """Birds on a ring, each with its own song, place and distance, silent for about `pause` seconds between songs."""
    out = np.zeros((count, 2), np.float32)
    for _ in range(birds):
        hertz = float(np.exp(rng.uniform(np.log(2100), np.log(5200))))
        own = [song(rng, hertz) for _ in range(3)]
        at = moments(rng, count, 1 / pause)
        near = float(rng.uniform(0.2, 1.0))
        out += near * scatter(count, at, own, loudnesses(rng, len(at), 2.5), np.full(len(at), rng.uniform(-0.9, 0.9)))
    return room(rng, out, 1.3, -8, 3000, 0.03, ring=True)


@ambience("birds", "birds singing in the morning", "birdsong at dawn in the garden", "songbirds chirp and twitter in the trees", "a sunny spring meadow with birds", "tweeting birds", level=-33)
def birds(rng: np.random.Generator, count: int) -> np.ndarray:
    return chorus(rng, count, 5, 4.0) + 0.02 * noise(rng, count, ((100, -6), (300, 0), (1200, -10), (5000, -22)), 0.9)


@ambience("forest", "a forest with rustling leaves", "wind in the trees, leaves rustle", "deep in the woods", "a walk in the forest, a jungle by day", "branches sway in the woodland", level=-34)
def forest(rng: np.random.Generator, count: int) -> np.ndarray:
    gust = drift(rng, count, 2.2, 0.25, 1.0)[:, None] ** 1.3
    flutter = drift(rng, count, 0.09, 0.6, 1.0)[:, None]
    leaves = noise(rng, count, ((150, -22), (600, -8), (2200, 0), (5000, -2), (11_000, -14)), 0.95) * gust * flutter
    trunk = noise(rng, count, ((60, -8), (140, 0), (400, -8), (1200, -30)), 0.8) * gust
    return 0.4 * leaves + 0.6 * trunk + 0.35 * chorus(rng, count, 2, 7.0)


@ambience("seagulls", "seagulls crying over the harbour", "gulls scream at the coast", "sea birds at the port", level=-32)
def seagulls(rng: np.random.Generator, count: int) -> np.ndarray:
    cries = []
    for _ in range(10):
        length = samples(float(rng.uniform(0.25, 0.6)))
        pitch = float(rng.uniform(900, 1300)) * along((0.8, 1.25, 1.1, 0.75), length) * wobble(rng, length, 20, 0.015)
        cry = voiced(length, pitch, ((2600, 900, 0), (1400, 500, -3), (4200, 1400, -8)), 4.0, 10) * arched(length, 0.03, 0.12)
        cries.append(np.concatenate([np.concatenate([cry * 0.9**k, np.zeros(samples(0.1), np.float32)]) for k in range(int(rng.integers(1, 5)))]))
    at = moments(rng, count, 0.35)
    out = scatter(count, at, cries, loudnesses(rng, len(at), 6), rng.uniform(-0.9, 0.9, len(at)))
    return room(rng, out, 1.5, -7, 2500, 0.06, ring=True) + 0.06 * noise(rng, count, ((80, -6), (300, 0), (2000, -10), (6000, -24))) * drift(rng, count, 3.0, 0.4, 1.0)[:, None]


@effect("bird-call", "a bird calls", "a single bird chirps, tweet", "a robin sings a short phrase", "the little bird whistles", seconds=1.8, level=-24)
def bird_call(rng: np.random.Generator, seconds: float) -> np.ndarray:
    hertz = float(rng.uniform(2600, 3800))
    phrase = np.concatenate([song(rng, hertz), np.zeros(1, np.float32)])[: samples(1.5)]
    phrase *= arched(len(phrase), 0.001, 0.02)
    return room(rng, placed(phrase, float(rng.uniform(-0.4, 0.4))), 0.9, -13, 3500)


@effect("owl", "an owl hoots", "hoo hoo, the owl calls at night", "a hooting owl in the dark", seconds=3.0, level=-25)
def owl(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(2.7), np.float32)
    base = float(rng.uniform(340, 410))
    for start, length in ((0.05, 0.42), (0.95, 0.16), (1.22, 0.18), (1.5, 0.75)):
        count = samples(length)
        pitch = base * along((0.93, 1.03, 1.0, 0.94), count) * wobble(rng, count, 9, 0.006)
        first = samples(start)
        out[first : first + count] += (glide(count, pitch, (0.1, 0.05)) + 0.05 * noise(rng, count, ((200, -20), (500, 0), (1200, -30)), 0.0)[:, 0]) * arched(count, 0.06, 0.1)
    return room(rng, placed(out, float(rng.uniform(-0.3, 0.3))), 1.8, -9, 1500, 0.05)


@effect("duck", "a duck quacks", "quack quack, ducks on the pond", "the duckling calls", "a mallard, a goose honks", seconds=1.6, level=-22)
def duck(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(1.5), np.float32)
    start = 0.02
    for k, length in enumerate((0.24, 0.19, 0.17, 0.15)):
        count = samples(length)
        pitch = float(rng.uniform(205, 225)) * 0.97**k * along((1.15, 1.05, 0.86), count) * wobble(rng, count, 60, 0.02)
        cry = voiced(count, pitch, (((1050, 1250, 950), 260, 0), (2350, 420, -2), (3400, 700, -10)), 2.0, 50)
        rasp = 1 + 0.35 * noise(rng, count, ((40, 0), (160, 0), (400, -30)), 0.0)[:, 0]
        first = samples(start)
        out[first : first + count] += cry * rasp * arched(count, 0.015, 0.07) * 0.88**k
        start += length + float(rng.uniform(0.11, 0.16))
    return room(rng, placed(out, float(rng.uniform(-0.2, 0.2))), 0.5, -17)


@effect("rooster", "a rooster crows", "cock-a-doodle-doo at sunrise on the farm", "the cock wakes everybody", seconds=2.6, level=-21)
def rooster(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(2.3), np.float32)
    start = 0.02
    for length, low, high in ((0.16, 520, 640), (0.14, 620, 760), (0.2, 760, 900), (1.15, 980, 560)):
        count = samples(length)
        curve = (low, high) if length < 1 else (820, 1000, 960, 900, 700, 540)
        pitch = along(curve, count) * wobble(rng, count, 24, 0.012)
        cry = voiced(count, pitch, ((1500, 700, 0), (2800, 900, -2), (900, 300, -6)), 4.0, 20)
        first = samples(start)
        out[first : first + count] += cry * arched(count, 0.03, 0.06 if length < 1 else 0.35)
        start += length + 0.05
    return room(rng, placed(out, 0.15), 1.0, -14)


@effect("flutter", "a butterfly flutters its wings", "fluttering wings, a bird flies off", "wings flap softly", "a moth, the beat of small wings", seconds=2.0, level=-34, lasts=True)
def flutter(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    beats = 10.5 * wobble(rng, count, 1.5, 0.1)
    turn = np.cumsum(beats) / RATE
    # A wing's push is short: the down-stroke is louder than the up-stroke.
    flap = np.exp(5.0 * (np.cos(2 * np.pi * turn) - 1)) + 0.35 * np.exp(6.0 * (np.cos(2 * np.pi * (turn + 0.45)) - 1))
    air = noise(rng, count, ((90, -10), (260, 0), (900, -4), (2600, -14), (7000, -28)), 0.5)
    glance = 0.6 + 0.4 * np.sin(2 * np.pi * turn / 9)
    return air * (flap * glance)[:, None]
