"""Wind, rain, snow and thunder."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import drift, loudnesses, moments, noise, scatter, shades, swells, whistled
from engine.sound.bank.space import filtered, room, wide
from engine.sound.bank.tones import bubble, burst, modes, samples, struck

BANDS = ((90, 200), (200, 400), (400, 850), (850, 1800), (1800, 4200))
"""Hz of the parts of wind: in a gust the upper ones grow more."""


def blowing(rng: np.random.Generator, count: int, gusts: float, howl: float) -> np.ndarray:
    """Wind on a ring: bands of noise that swell together, the higher the more, and a howl around edges. gusts: seconds of one; howl: 0..1."""
    gust = 0.25 + 0.75 * drift(rng, count, gusts) ** 1.5
    sides = np.stack([drift(rng, count, gusts * 0.7, 0.7, 1.0) for _ in range(2)], axis=1)
    out = np.zeros((count, 2), np.float32)
    spectra = [((low * 0.4, -40), (low, 0), (high, 0), (high * 2.5, -40)) for low, high in BANDS]
    for k, band in enumerate(shades(rng, count, spectra, 0.7)):
        out += band * (gust ** (0.8 + 0.55 * k) * 0.9**k)[:, None] * sides
    for pan in (0.3, 0.7):
        tone = whistled(rng, drift(rng, count, 3.0, 300, 560) + 240 * gust, 16.0) * gust**2.5
        out += 0.22 * howl * np.stack([tone * (1 - pan), tone * pan], axis=1).astype(np.float32)
    return out


def hiss_of_rain(rng: np.random.Generator, count: int) -> np.ndarray:
    """The far drops of a shower, too many to be told apart."""
    near = noise(rng, count, ((80, -34), (400, -16), (1200, -5), (2600, 0), (5000, -4), (9000, -14), (15_000, -28)))
    return near * drift(rng, count, 4.0, 0.8, 1.0)[:, None]


def drops(rng: np.random.Generator, count: int, rate: float, low: float, high: float, wet: float) -> np.ndarray:
    """Single drops, `rate` a second: clicks between two frequencies in Hz, of which a share `wet` rings as bubbles do."""
    grains = []
    for _ in range(96):
        if rng.random() < wet:
            grains.append(bubble(float(rng.uniform(low, high)), float(rng.uniform(0.02, 0.12))))
        else:
            middle = float(np.exp(rng.uniform(np.log(low), np.log(high))))
            puff = burst(rng, float(rng.uniform(0.003, 0.014)), ((middle / 3, -30), (middle, 0), (middle * 2.5, -20)), 0.0008, 5.0)
            grains.append(puff / (np.abs(puff).max() + 1e-6))
    at = moments(rng, count, rate)
    return scatter(count, at, grains, loudnesses(rng, len(at), 7.0), rng.uniform(-1, 1, len(at)))


@ambience("wind", "wind blowing in gusts", "a strong breeze howls", "the wind whistles around the house", "a windy day on the hill", "gusts of air, breeze", level=-30)
def wind(rng: np.random.Generator, count: int) -> np.ndarray:
    return blowing(rng, count, 2.6, 0.8)


@ambience("storm", "a storm at sea with wind, heavy rain and distant thunder", "a raging tempest", "stormy weather, a hurricane", "a wild stormy night", level=-25)
def storm(rng: np.random.Generator, count: int) -> np.ndarray:
    out = 1.2 * blowing(rng, count, 1.8, 1.0) + 0.16 * hiss_of_rain(rng, count) * drift(rng, count, 1.5, 0.4, 1.0)[:, None]
    at = moments(rng, count, 0.05)
    many = len(at)
    rumble = noise(rng, count, ((24, -8), (45, 0), (90, -3), (300, -26)), 0.5) * drift(rng, count, 0.25, 0.3, 1.0)[:, None]
    return out + 1.1 * rumble * swells(count, at, rng.uniform(0.3, 1.0, many), rng.uniform(4, 6, many), rng.uniform(0.5, 1.0, many))[:, None]


@ambience("rain", "steady rain falling", "it is raining", "a rain shower outside", "heavy rain pouring down in the street", "a rainy day, downpour", level=-31)
def rain(rng: np.random.Generator, count: int) -> np.ndarray:
    return hiss_of_rain(rng, count) * 0.16 + 0.22 * drops(rng, count, 260, 900, 4500, 0.35)


@ambience("rain-roof", "rain drumming on a roof", "raindrops patter on the window pane", "rain on the tent, on an umbrella, on a tin roof", "listening to the rain from indoors", level=-31)
def rain_roof(rng: np.random.Generator, count: int) -> np.ndarray:
    grains = []
    for _ in range(64):
        pitch = float(np.exp(rng.uniform(np.log(190), np.log(900))))
        hit = modes(samples(0.09), (pitch, pitch * 1.58, pitch * 2.41), (0.07, 0.05, 0.03), (1.0, 0.5, 0.3), rng)
        hit[:240] += 0.5 * burst(rng, 0.005, ((500, -10), (2500, 0), (7000, -18)))[:240]
        grains.append(hit * np.minimum(1, np.arange(len(hit)) / 20).astype(np.float32))
    at = moments(rng, count, 130, drift(rng, count, 3.0, 0.55, 1.0))
    beaten = scatter(count, at, grains, loudnesses(rng, len(at), 6.0), rng.uniform(-0.9, 0.9, len(at)))
    return 0.3 * beaten + 0.09 * noise(rng, count, ((80, -14), (300, -3), (1200, 0), (3000, -14), (9000, -36)), 0.8)


@ambience("drizzle", "drizzle dripping on leaves", "light rain in the garden", "soft rain falls on the leaves of the forest", "a gentle shower, dripping from the trees", level=-37)
def drizzle(rng: np.random.Generator, count: int) -> np.ndarray:
    leaves = drops(rng, count, 60, 1600, 7000, 0.1)
    plops = [modes(samples(0.12), (pitch, 1.7 * pitch), (0.09, 0.05), (1.0, 0.4)) for pitch in rng.uniform(280, 800, 16)]
    at = moments(rng, count, 3.5)
    return leaves * 0.3 + scatter(count, at, plops, 0.25 * loudnesses(rng, len(at), 5), rng.uniform(-0.8, 0.8, len(at))) + 0.03 * hiss_of_rain(rng, count)


@ambience("snow", "the quiet of falling snow", "snowfall, silent winter", "a snowy landscape, still and cold", "soft icy wind over the snow, a blizzard far away", level=-42)
def snow(rng: np.random.Generator, count: int) -> np.ndarray:
    air = noise(rng, count, ((60, -12), (180, 0), (500, -8), (1600, -26), (6000, -38), (12_000, -36)), 0.9) * drift(rng, count, 4.0, 0.35, 1.0)[:, None]
    tone = whistled(rng, drift(rng, count, 5.0, 420, 640), 9.0) * drift(rng, count, 4.0) ** 3
    flakes = drops(rng, count, 9, 5000, 11_000, 0.0)
    return air + 0.12 * np.stack([tone, np.roll(tone, 960)], axis=1) + 0.05 * flakes


@effect("thunder", "a clap of thunder", "thunder rumbles, lightning strikes", "a thunderstorm cracks and rolls away", "lightning flashes and thunder roars", seconds=7.5, level=-17)
def thunder(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(7.5)
    out = np.zeros((count, 2), np.float32)
    late = 0.0
    for k in range(int(rng.integers(6, 10))):
        upper = 2600 * 0.72**k + 240
        clap = wide(rng, burst(rng, float(rng.uniform(0.25, 0.8)), ((35, -4), (110, 0), (upper, -6), (upper * 2.5, -40)), 0.004 + 0.01 * k, 6.0))
        start = samples(0.03 + late)
        out[start : start + len(clap)] += clap[: count - start] * float(rng.uniform(0.5, 1.0)) * 0.86**k
        late += float(rng.uniform(0.05, 0.38))
    rolling = noise(rng, count, ((26, -6), (48, 0), (95, -4), (220, -20), (700, -40)), 0.6) * drift(rng, count, 0.28, 0.25, 1.0)[:, None]
    out += 1.1 * rolling * (struck(count, 0.5, 3.6) * 1.0)[:, None]
    return filtered(room(rng, out, 3.5, -7, 900, 0.05)[:count], low=28)
