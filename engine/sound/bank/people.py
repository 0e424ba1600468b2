"""Crowds, hands, hearts and feet."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import loudnesses, moments, noise, scatter
from engine.sound.bank.space import filtered, placed, room
from engine.sound.bank.tones import along, arched, burst, modes, samples, voiced, wobble

VOWELS = ((730, 1090, 2440), (530, 1840, 2480), (270, 2290, 3010), (570, 840, 2410), (300, 870, 2240), (660, 1720, 2410), (490, 1350, 1690))
"""Formants in Hz (Peterson & Barney, 1952, men)."""


def spoken(rng: np.random.Generator, pitch: float, size: float) -> np.ndarray:
    """(N,) float32: a few syllables that mean nothing. pitch: Hz; size: 1 for a man's formants, about 1.17 for a woman's, 1.35 for a child's."""
    parts = []
    for _ in range(int(rng.integers(3, 8))):
        count = samples(float(rng.uniform(0.09, 0.2)))
        first, second = (VOWELS[int(k)] for k in rng.integers(0, len(VOWELS), 2))
        formants = [((size * a, size * b), width, level) for a, b, width, level in zip(first, second, (110, 140, 220), (0, -5, -12), strict=True)]
        tune = pitch * float(rng.uniform(0.88, 1.15)) * along((1.06, 1.0, 0.92), count) * wobble(rng, count, 20, 0.01)
        vowel = voiced(count, tune, formants, 6.0, 30) * arched(count, 0.02, 0.05)
        hush = burst(rng, float(rng.uniform(0.02, 0.07)), ((1500, -26), (3500, -4), (6500, 0), (11_000, -14)), 0.01, 3.0)
        parts += [vowel * float(rng.uniform(0.5, 1.0)), 0.08 * hush, np.zeros(samples(float(rng.uniform(0.0, 0.05))), np.float32)]
    return np.concatenate(parts)


def voices(rng: np.random.Generator, count: int, many: int, pause: float, child: bool = False) -> np.ndarray:
    """People who talk on a ring, each from a place and with a voice of their own."""
    out = np.zeros((count, 2), np.float32)
    for k in range(many):
        pitch, size = ((float(rng.uniform(230, 330)), 1.35) if child else (float(rng.uniform(95, 140)), 1.0) if k % 2 else (float(rng.uniform(180, 235)), 1.17))
        phrases = [spoken(rng, pitch, size) for _ in range(3)]
        at = moments(rng, count, 1 / pause)
        out += scatter(count, at, phrases, loudnesses(rng, len(at), 2.5) * rng.uniform(0.35, 1.0), np.full(len(at), rng.uniform(-0.95, 0.95)))
    return out


@ambience("crowd", "a crowd of people murmuring", "people talking in a restaurant", "the market square is full of people", "voices in a busy hall, a station", "chatter at a party, an audience waits", level=-31)
def crowd(rng: np.random.Generator, count: int) -> np.ndarray:
    return room(rng, voices(rng, count, 9, 1.5), 1.1, 3, 1800, 0.025, ring=True) + 0.05 * noise(rng, count, ((80, -6), (250, 0), (900, -6), (3000, -24)))


@ambience("playground", "children playing", "kids laugh and shout in the playground", "a school yard", level=-32)
def playground(rng: np.random.Generator, count: int) -> np.ndarray:
    return room(rng, voices(rng, count, 6, 2.0, child=True), 0.8, -3, 3000, 0.03, ring=True) + 0.03 * noise(rng, count, ((100, -6), (300, 0), (1500, -10), (5000, -26)))


def claps(rng: np.random.Generator) -> list[np.ndarray]:
    """Hands of many sizes."""
    out = []
    for _ in range(48):
        middle = float(rng.uniform(800, 2300))
        clap = burst(rng, float(rng.uniform(0.03, 0.07)), ((middle / 4, -16), (middle, 0), (middle * 2, -7), (9000, -18)), 0.001, 7.0)
        out.append(clap / (np.abs(clap).max() + 1e-6))
    return out


@effect("applause", "applause, people clap their hands", "the audience claps and cheers", "clapping, bravo, a standing ovation", seconds=6.0, level=-21, lasts=True)
def applause(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count, at = samples(seconds), []
    for _ in range(70):
        step, start = float(rng.uniform(0.2, 0.32)), float(rng.uniform(0.0, min(0.8, 0.3 * seconds)))
        stop = seconds - float(rng.uniform(0.1, min(2.2, 0.4 * seconds) + 0.1))
        beats = np.arange(start, max(start, stop), step)
        at.append(beats + rng.normal(0, 0.018, len(beats)))
    when = (np.clip(np.concatenate(at), 0, max(0.0, seconds - 0.1)) * 48_000).astype(int)
    order = rng.permutation(len(when))
    out = scatter(count + 8000, when[order], claps(rng), loudnesses(rng, len(when), 5), rng.uniform(-1, 1, len(when)))
    return room(rng, out, 1.2, -9, 2500)[:count] * arched(count, 0.05, min(0.6, 0.3 * seconds))[:, None]


@effect("cheer", "a crowd cheers", "hooray, people shout for joy", "the fans celebrate, yeah", seconds=4.0, level=-20)
def cheer(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.6)
    shouts, places = [], []
    for k in range(26):
        length = samples(float(rng.uniform(0.9, 2.6)))
        size = float(rng.uniform(1.0, 1.35))
        pitch = float(rng.uniform(210, 430)) * along((0.8, 1.1, 1.05, 0.85), length) * wobble(rng, length, 9, 0.02)
        shouts.append(voiced(length, pitch, ((700 * size, 240, 0), (1200 * size, 300, -3), (2700, 500, -9)), 6.0, 24) * arched(length, 0.12, 0.5))
        places.append(samples(float(rng.uniform(0.02, 0.7))) if k else samples(0.02))
    out = scatter(count, np.array(places), shouts, loudnesses(rng, 26, 3), rng.uniform(-1, 1, 26)) / 4
    roar = noise(rng, count, ((250, -16), (700, 0), (1500, -2), (3500, -12), (8000, -26))) * arched(count, 0.5, 1.8)[:, None]
    return room(rng, out + 0.22 * roar, 1.3, -7, 2200)[: samples(4.0)]


@effect("laughter", "people laughing", "laughter, haha, a giggle", "the audience laughs, somebody chuckles", "children giggle", seconds=3.2, level=-22)
def laughter(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.2)
    out = np.zeros((count, 2), np.float32)
    for k in range(6):
        pitch, size, start = float(rng.uniform(170, 420)), float(rng.uniform(1.0, 1.3)), float(rng.uniform(0.02, 0.5)) if k else 0.02
        line = np.zeros(count, np.float32)
        step = float(rng.uniform(0.17, 0.23))
        for n in range(int(rng.integers(6, 11))):
            length = samples(0.62 * step)
            tune = pitch * 0.965**n * along((1.2, 1.1, 0.9), length) * wobble(rng, length, 25, 0.01)
            ha = voiced(length, tune, ((760 * size, 180, 0), (1350 * size, 240, -4), (2700, 500, -12)), 8.0, 28) * arched(length, 0.015, 0.07)
            breath = burst(rng, 0.07, ((700, -8), (1600, 0), (4500, -8), (9000, -24)), 0.02, 3.0)
            first = samples(start + n * step)
            if first + length + len(breath) < count:
                line[first : first + len(breath)] += 0.12 * 0.93**n * breath
                line[first + samples(0.03) : first + samples(0.03) + length] += 0.93**n * ha
        side = placed(line, float(rng.uniform(-0.8, 0.8)))
        out += side[:count] * float(rng.uniform(0.4, 1.0))
    return room(rng, out, 0.7, -13)


@effect("heartbeat", "a heart beats", "heartbeat, thump thump", "a pulse, being afraid", "the pounding of a heart", seconds=5.0, level=-27, lasts=True)
def heartbeat(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    first = modes(samples(0.3), (47, 62, 94), (0.2, 0.16, 0.1), (1.0, 0.8, 0.3)) * arched(samples(0.3), 0.012, 0.08)
    second = modes(samples(0.25), (58, 78, 120), (0.15, 0.12, 0.08), (0.8, 0.7, 0.25)) * arched(samples(0.25), 0.01, 0.07)
    pairs = [(0.03 + 0.86 * k, first) for k in range(int(seconds / 0.86) + 1)] + [(0.33 + 0.86 * k, second) for k in range(int(seconds / 0.86) + 1)]
    kept = [(samples(t), grain) for t, grain in pairs if samples(t) + len(grain) < count]
    gains = np.array([1.0 if grain is first else 0.7 for _, grain in kept])
    return filtered(scatter(count, np.array([t for t, _ in kept], int), [g for _, g in kept] or [first], gains, np.zeros(len(kept))), high=260)


@effect("kiss", "a kiss", "smooch, a peck on the cheek", seconds=0.6, level=-30)
def kiss(rng: np.random.Generator, seconds: float) -> np.ndarray:
    suck = burst(rng, 0.16, ((900, -20), (2600, 0), (5000, -6), (9000, -20)), 0.1, 2.0)
    out = np.zeros(samples(0.4), np.float32)
    out[: len(suck)] += 0.3 * suck
    smack = modes(samples(0.1), (1350, 2300), (0.04, 0.03), (1.0, 0.6)) * arched(samples(0.1), 0.001, 0.03)
    out[samples(0.14) : samples(0.14) + len(smack)] += smack
    return room(rng, placed(out), 0.3, -20)


@effect("snore", "someone snores", "snoring, fast asleep", "a sleeping giant breathes loudly", seconds=4.0, level=-27)
def snore(rng: np.random.Generator, seconds: float) -> np.ndarray:
    inward, outward = samples(1.5), samples(1.3)
    throat = voiced(inward, 44 * wobble(rng, inward, 12, 0.05), ((420, 200, 0), (1050, 300, -5), (2200, 600, -12)), 3.0, 60) * arched(inward, 0.4, 0.3)
    air = noise(rng, outward, ((300, -14), (900, 0), (2600, -6), (7000, -22)), 0.0)[:, 0] * arched(outward, 0.3, 0.8) * 0.12
    return room(rng, placed(np.concatenate([np.zeros(400, np.float32), throat, np.zeros(samples(0.3), np.float32), air])), 0.4, -17)
