"""Fire, from a hearth to a rocket."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import drift, loudnesses, moments, noise, scatter
from engine.sound.bank.space import filtered, placed, room, wide
from engine.sound.bank.tones import along, arched, burst, glide, modes, samples, struck


def crackling(rng: np.random.Generator, count: int, rate: float) -> np.ndarray:
    """Wood that cracks on a ring: fine ticks in flurries, and now and then a snap."""
    fine, snaps = [], []
    for _ in range(48):
        middle = float(rng.uniform(1500, 6500))
        tick = burst(rng, float(rng.uniform(0.002, 0.007)), ((middle / 3, -20), (middle, 0), (middle * 2, -16)), 0.0005, 6.0)
        fine.append(tick / (np.abs(tick).max() + 1e-6))
    for _ in range(16):
        snap = burst(rng, float(rng.uniform(0.015, 0.05)), ((250, -8), (800, 0), (2800, -6), (8000, -20)), 0.0008, 8.0)
        snaps.append(snap / (np.abs(snap).max() + 1e-6))
    at = moments(rng, count, rate, drift(rng, count, 0.5) ** 2)
    out = 0.35 * scatter(count, at, fine, loudnesses(rng, len(at), 7), rng.uniform(-0.8, 0.8, len(at)))
    at = moments(rng, count, rate / 22)
    return out + 0.8 * scatter(count, at, snaps, loudnesses(rng, len(at), 6), rng.uniform(-0.8, 0.8, len(at)))


@ambience("fire", "a crackling fire", "the campfire burns", "logs crackle in the fireplace, hearth", "flames flicker, a bonfire", "a burning torch, embers", level=-34)
def fire(rng: np.random.Generator, count: int) -> np.ndarray:
    flicker = drift(rng, count, 0.13, 0.45, 1.0)[:, None] * drift(rng, count, 1.5, 0.6, 1.0)[:, None]
    flames = noise(rng, count, ((40, -8), (110, 0), (300, -6), (900, -18), (4000, -36)), 0.7) * flicker
    hiss = noise(rng, count, ((2000, -20), (5000, 0), (11_000, -8))) * drift(rng, count, 0.8, 0.2, 1.0)[:, None] ** 2
    return 0.13 * flames + 0.008 * hiss + 0.6 * crackling(rng, count, 42)


@effect("match", "a match is struck", "lighting a candle, a match flares up", "someone lights a fire", seconds=1.8, level=-29)
def match(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.7)
    scratch = burst(rng, 0.22, ((1200, -16), (3500, 0), (8000, -4)), 0.08, 2.0)
    flare = burst(rng, 1.3, ((150, -10), (600, -2), (2500, 0), (8000, -8)), 0.1, 4.5) * drift(rng, samples(1.3), 0.03, 0.5, 1.0)
    out = np.zeros(count, np.float32)
    out[400 : 400 + len(scratch)] += 0.7 * scratch
    out[samples(0.22) : samples(0.22) + len(flare)] += flare
    return placed(out, 0.1)


@effect("balloon-burner", "the burner of a hot-air balloon", "the balloon's flame roars", "a gas burner blows, a hot air balloon rises", "a dragon breathes fire", "a blowtorch", seconds=3.4, level=-22)
def balloon_burner(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.2)
    jet = noise(rng, count, ((50, -8), (140, -2), (400, 0), (1400, -6), (4500, -12), (12_000, -24)), 0.6)
    level = arched(count, 0.13, 0.35) * drift(rng, count, 0.06, 0.75, 1.0) * along((0.7, 1.0, 0.95, 0.9), count)
    out = (jet * level[:, None]).astype(np.float32)
    valve = modes(samples(0.08), (1900, 3100), (0.05, 0.03), (1.0, 0.5)) * arched(samples(0.08), 0.001, 0.02)
    out[: len(valve)] += 0.5 * valve[:, None]
    return room(rng, out, 0.8, -15, 1500)


@effect("rocket", "a rocket launches", "the rocket lifts off, blast off", "the spaceship takes off, ignition", "launching a missile into the sky", seconds=9.0, level=-17, lasts=False)
def rocket(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(9.0)
    body = noise(rng, count, ((26, -4), (55, 0), (150, -3), (500, -10), (2000, -22), (8000, -38)), 0.7)
    hiss = noise(rng, count, ((400, -14), (1500, 0), (5000, -6), (12_000, -16)), 0.9)
    # Far jets crackle: their pressure has sharp one-sided spikes (Ffowcs Williams, 1975).
    spikes = np.maximum(noise(rng, count, ((80, -4), (300, 0), (1800, -6), (6000, -20)), 0.8) - 1.1, 0) ** 1.3
    away = along((0.0, 0.85, 1.0, 1.0, 0.9, 0.7, 0.5, 0.33, 0.2), count)[:, None]
    high = along((0.3, 1.0, 0.9, 0.7, 0.45, 0.3, 0.18, 0.1, 0.05), count)[:, None]
    out = away * (body * drift(rng, count, 0.07, 0.6, 1.0)[:, None] + 0.9 * spikes) + 0.3 * high * hiss
    return filtered(room(rng, (out * arched(count, 0.35, 2.0)[:, None]).astype(np.float32), 2.5, -9, 900, 0.06)[:count], low=26) * arched(count, 0.01, 1.0)[:, None]


@effect("explosion", "an explosion", "boom, a bomb goes off", "a cannon fires, a blast", "something blows up", seconds=4.0, level=-16)
def explosion(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.6)
    out = np.zeros((count, 2), np.float32)
    for length, spectrum, level, sharp in (
        (0.4, ((60, -4), (300, 0), (2500, -4), (10_000, -16)), 1.0, 7.0),
        (1.6, ((32, -2), (70, 0), (300, -6), (1200, -22)), 1.3, 5.0),
        (3.4, ((28, -2), (50, 0), (140, -8), (500, -26)), 0.7, 4.0),
    ):
        part = wide(rng, burst(rng, length, spectrum, 0.004, sharp))
        out[: len(part)] += level * part[:count]
    drop = glide(samples(0.5), np.geomspace(95, 34, 8)) * struck(samples(0.5), 0.004, 4.0)
    out[: len(drop)] += 1.5 * drop[:, None]
    return filtered(room(rng, out, 2.2, -8, 900, 0.04)[: samples(4.0)], low=28) * arched(samples(4.0), 0.001, 0.8)[:, None]


@effect("fireworks", "fireworks burst in the sky", "a firework, New Year's Eve", "a firecracker pops, rockets and sparks", seconds=5.0, level=-20)
def fireworks(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(4.6)
    out = np.zeros((count, 2), np.float32)
    rise = glide(samples(1.0), np.geomspace(900, 1900, 8), (0.1,)) * arched(samples(1.0), 0.3, 0.3) * 0.12
    out[: len(rise)] += rise[:, None]
    bang = wide(rng, burst(rng, 0.9, ((40, -2), (110, 0), (600, -8), (3000, -18)), 0.003, 6.0))
    first = samples(1.15)
    out[first : first + len(bang)] += 1.4 * bang
    fine = []
    for _ in range(32):
        tick = burst(rng, float(rng.uniform(0.004, 0.02)), ((400, -14), (1800, 0), (5500, -4), (11_000, -14)), 0.0006, 7.0)
        fine.append(tick / (np.abs(tick).max() + 1e-6))
    many = 150
    at = first + samples(0.25) + (rng.beta(1.6, 2.4, many) * samples(2.4)).astype(int)
    out += 0.3 * scatter(count, at, fine, loudnesses(rng, many, 6), rng.uniform(-0.9, 0.9, many))
    return room(rng, out, 1.8, -9, 1600, 0.08)[: samples(5.0)]
