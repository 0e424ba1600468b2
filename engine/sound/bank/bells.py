"""Bells, glass, clocks and sparkles: what was struck and rings."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import effect
from engine.sound.bank.rings import RATE, noise, scatter
from engine.sound.bank.space import placed, room, wide
from engine.sound.bank.tones import arched, burst, modes, samples

CHURCH = ((0.5, 1.0, 1.0), (1.0, 0.85, 0.62), (1.19, 0.75, 0.5), (1.5, 0.35, 0.38), (2.0, 0.8, 0.34), (2.51, 0.3, 0.2), (2.66, 0.25, 0.2), (3.01, 0.35, 0.15), (4.17, 0.25, 0.1), (5.43, 0.18, 0.07), (6.8, 0.12, 0.05))
"""A tuned church bell (Fletcher & Rossing, 1998, chapter 21): hum, prime, minor tierce, quint, nominal and above: ratio to the prime, gain, share of the hum's length."""


def rung(count: int, hertz: float, partials: tuple[tuple[float, float, float], ...], seconds: float) -> np.ndarray:
    """(count,) float32: a bell. Each partial is a pair a little apart, as no bell is quite round: it beats."""
    ratios, gains, lengths = zip(*partials, strict=True)
    one = modes(count, [hertz * r * 0.9994 for r in ratios], [seconds * x for x in lengths], gains)
    two = modes(count, [hertz * r * 1.0006 for r in ratios], [seconds * x * 0.9 for x in lengths], [0.6 * g for g in gains])
    return (one + two) * arched(count, 0.0015, 0.3)


@effect("church-bell", "a church bell tolls", "a big bell rings in the tower", "bells ring from the steeple, ding dong", "the cathedral bell strikes the hour", seconds=7.0, level=-20)
def church_bell(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(7.0)
    hertz = float(rng.uniform(205, 240))
    out = np.zeros(count, np.float32)
    for start, level in ((0.02, 1.0), (2.35, 0.92)):
        first = samples(start)
        out[first:] += level * rung(count - first, hertz, CHURCH, 7.5)
        clapper = burst(rng, 0.05, ((300, -20), (1500, 0), (4000, -8), (9000, -30)), 0.001)
        out[first : first + len(clapper)] += 0.3 * clapper
    return room(rng, wide(rng, out * arched(count, 0.001, 1.2)), 2.2, -12, 2000, 0.05)[:count]


@effect("small-bell", "a small bell rings", "a little hand bell tinkles", "the shop door bell, ting-a-ling", "a bell rings", "jingle bells on a sleigh", seconds=2.6, level=-24)
def small_bell(rng: np.random.Generator, seconds: float) -> np.ndarray:
    partials = ((1.0, 1.0, 1.0), (2.0, 0.35, 0.6), (2.74, 0.5, 0.5), (3.76, 0.25, 0.35), (5.2, 0.3, 0.25), (6.9, 0.12, 0.15))
    strokes = [rung(samples(1.8), 1480.0 * float(rng.uniform(0.98, 1.02)), partials, 1.8) for _ in range(3)]
    at = np.array([samples(t) for t in (0.02, 0.17, 0.36, 0.5, 0.7)])
    out = scatter(samples(2.6), at, strokes, np.array([1.0, 0.6, 0.9, 0.55, 0.8]), rng.uniform(-0.15, 0.15, 5))
    return room(rng, out, 0.8, -15)


@effect("bicycle-bell", "a bicycle bell rings", "a cyclist rings the bell, ring ring", "the bike's bell, dring dring", seconds=1.7, level=-23)
def bicycle_bell(rng: np.random.Generator, seconds: float) -> np.ndarray:
    partials = ((1.0, 1.0, 1.0), (1.52, 0.3, 0.5), (2.31, 0.6, 0.6), (3.9, 0.35, 0.35), (5.1, 0.2, 0.2))
    strokes = [rung(samples(0.9), 2150.0, partials, 1.0 * float(rng.uniform(0.8, 1.0))) for _ in range(5)]
    # The thumb turns a toothed wheel: a rattle of strokes that slows down.
    at = np.array([samples(first + x) for first in (0.01, 0.52) for x in np.cumsum([0, 0.036, 0.037, 0.039, 0.042, 0.047, 0.054])])
    return room(rng, scatter(samples(1.7), at, strokes, rng.uniform(0.55, 1.0, len(at)), np.full(len(at), rng.uniform(-0.3, 0.3))), 0.5, -17)


@effect("alarm-clock", "an alarm clock rings", "the telephone rings", "a phone is ringing, school bell", "the alarm goes off in the morning", seconds=2.6, level=-22, lasts=True)
def alarm_clock(rng: np.random.Generator, seconds: float) -> np.ndarray:
    partials = ((1.0, 1.0, 1.0), (2.1, 0.6, 0.6), (3.4, 0.5, 0.4), (5.3, 0.3, 0.25))
    strokes = [rung(samples(0.5), hertz, partials, 0.5) for hertz in (1750.0, 2080.0)]
    count = samples(seconds)
    at = np.arange(samples(0.01), count - samples(0.5), samples(0.042))
    return room(rng, scatter(count, at, strokes, rng.uniform(0.7, 1.0, len(at)), np.tile([-0.2, 0.2], len(at))[: len(at)]), 0.5, -15)


@effect("clock", "a clock ticking", "tick tock, the grandfather clock", "a watch ticks, time passes", "the second hand of the clock moves", seconds=6.0, level=-32, lasts=True)
def clock(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    grains = []
    for body in (1.0, 0.86):
        tick = modes(samples(0.12), tuple(body * f for f in (430, 1380, 2650, 4900)), (0.06, 0.035, 0.025, 0.014), (0.5, 1.0, 0.7, 0.4)) * arched(samples(0.12), 0.0004, 0.03)
        tick[: samples(0.004)] += 0.4 * burst(rng, 0.004, ((1500, -12), (4000, 0), (9000, -10)), 0.0004)
        grains.append(tick)
    at = np.arange(samples(0.02), max(samples(0.02) + 1, count - samples(0.12)), RATE)
    return room(rng, scatter(count, at, grains, np.where(np.arange(len(at)) % 2, 0.85, 1.0), np.zeros(len(at))), 0.5, -16, 2500)


@effect("glass", "glasses clink", "a toast, cheers, clinking glass", "two wine glasses touch", "glass chimes", seconds=1.8, level=-25)
def glass(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros((samples(1.6), 2), np.float32)
    for hertz, pan, late in ((1830.0, -0.25, 0.01), (2240.0, 0.25, 0.014)):
        hertz *= float(rng.uniform(0.96, 1.04))
        ring = modes(samples(1.5), [hertz * r for r in (1, 2.32, 4.25, 6.63)], (1.1, 0.7, 0.4, 0.2), (1.0, 0.6, 0.4, 0.25)) * arched(samples(1.5), 0.0006, 0.2)
        side = placed(ring, pan)
        first = samples(late)
        out[first : first + len(side)] += side[: len(out) - first]
    return room(rng, out, 0.6, -17)


@effect("glass-break", "glass shatters", "a window breaks", "a bottle smashes on the floor", "something breaks into pieces, crash", seconds=1.9, level=-19)
def glass_break(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count, many = samples(1.8), 70
    shards = [modes(samples(0.25), [p, 1.7 * p, 2.9 * p], (0.18, 0.1, 0.06), (1, 0.6, 0.4)) * arched(samples(0.25), 0.0006, 0.05) for p in np.exp(rng.uniform(np.log(2200), np.log(6000), 24))]
    late = np.minimum(0.02 + rng.exponential(0.22, many), 1.4)
    out = scatter(count, (late * RATE).astype(int), shards, 0.5 * np.exp(-1.2 * late) * rng.uniform(0.3, 1.0, many), rng.uniform(-0.7, 0.7, many))
    hit = wide(rng, burst(rng, 0.3, ((300, -12), (1500, -3), (5000, 0), (12_000, -6)), 0.002, 6.0))
    out[: len(hit)] += 0.9 * hit
    return room(rng, out, 0.6, -15)


@effect("sparkle", "a magical sparkle", "fairy dust twinkles, a magic spell", "the wand casts magic, shimmering", "stars twinkle, glittering chimes", "a wish comes true", seconds=2.8, level=-26)
def sparkle(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count, scale = samples(2.8), (0, 2, 4, 7, 9)
    many = 34
    late = np.sort(rng.beta(1.2, 2.2, many)) * 1.6
    order = np.arange(many) / many
    pitches = [1046.5 * 2 ** ((scale[int(rng.integers(0, 5))] + 12 * round(1.7 * x)) / 12) for x in order]
    grains = [modes(samples(0.9), (p, 2.0 * p, 2.76 * p), (0.8, 0.4, 0.3), (1, 0.2, 0.25)) * arched(samples(0.9), 0.002, 0.2) for p in pitches]
    out = scatter(count, (late * RATE).astype(int) + 400, grains, rng.uniform(0.25, 0.8, many), np.clip(np.linspace(-0.8, 0.8, many) + 0.3 * rng.standard_normal(many), -1, 1))
    dust = noise(rng, count, ((4000, -30), (8000, 0), (14_000, -4)), 1.0) * (arched(count, 0.5, 1.8) ** 2)[:, None]
    return room(rng, out + 0.03 * dust, 1.8, -7, 5000, 0.02)[:count]


@effect("wind-chimes", "wind chimes", "chimes tinkle on the porch", "tubular bells moved by a breeze", seconds=5.0, level=-28, lasts=True)
def wind_chimes(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    rods = [modes(samples(2.4), [p, 2.756 * p, 5.404 * p], (2.2, 1.0, 0.5), (1, 0.4, 0.15)) * arched(samples(2.4), 0.002, 0.5) for p in (880, 987.8, 1174.7, 1318.5, 1568)]
    room_left = max(1, count - samples(2.4))
    many = max(3, round(seconds * 2.4))
    at = np.sort(rng.integers(0, room_left, many))
    order = [rods[k] for k in rng.integers(0, 5, many)]
    return room(rng, scatter(count + 10, at, order, rng.uniform(0.3, 1.0, many), rng.uniform(-0.5, 0.5, many)), 1.0, -14)


@effect("gong", "a gong is struck", "a deep gong, temple", "a cymbal crash", seconds=6.0, level=-21)
def gong(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(6.0)
    pitches = 96 * np.sort(rng.uniform(1, 14, 26))
    pitches[0] = 96
    # Energy wanders upwards after the stroke: high partials bloom late.
    out = sum(modes(count, [p], [6.0 * (96 / p) ** 0.35], [(96 / p) ** 0.55]) * (1 - np.exp(-np.arange(count) / RATE / (0.004 + 0.05 * np.log(p / 96 + 1)))) for p in pitches)
    return room(rng, wide(rng, (np.asarray(out) * arched(count, 0.004, 1.5)).astype(np.float32)), 2.0, -13)[:count]


@effect("chime", "a gentle chime", "ding, a notification", "an idea, a success sound", "a music box note, ta-da", seconds=2.2, level=-25)
def chime(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(2.0), np.float32)
    for start, pitch in ((0.01, 784.0), (0.13, 1046.5), (0.25, 1318.5)):
        first = samples(start)
        out[first:] += modes(len(out) - first, (pitch, 2 * pitch, 3.01 * pitch, 4.2 * pitch), (1.5, 0.8, 0.5, 0.3), (1, 0.3, 0.2, 0.1)) * arched(len(out) - first, 0.002, 0.4)
    return room(rng, placed(out), 1.2, -12)
