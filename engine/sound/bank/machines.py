"""Engines, wheels, horns and the hum of ships in space."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import ambience, effect
from engine.sound.bank.rings import RATE, closed, drift, loudnesses, moments, noise, scatter, swells
from engine.sound.bank.space import filtered, passing, placed, room, wide
from engine.sound.bank.tones import along, arched, burst, glide, harmonics, modes, samples, wobble


def firing(phase: np.ndarray, overtones: int, tilt: float) -> np.ndarray:
    """(N,) float32: an engine's harmonics over its phase (radians), falling by `tilt` dB an octave; cylinders differ, so half orders sound, too."""
    orders = np.arange(1, 2 * overtones + 1) / 2
    gains = orders ** (-tilt / 6.02) * np.where(orders % 1, 0.22, 1.0)
    return harmonics(phase / 2, gains.tolist(), (2.1 * orders**2).tolist())


@ambience("traffic", "city traffic", "cars in a busy street", "a town with cars, vehicles driving by", "the noise of the city, a highway, rush hour", "downtown, urban street", level=-30)
def traffic(rng: np.random.Generator, count: int) -> np.ndarray:
    out = 0.9 * noise(rng, count, ((35, -6), (75, 0), (200, -6), (700, -16), (3000, -34)), 0.8) * drift(rng, count, 3.0, 0.6, 1.0)[:, None]
    left, right = [], []
    at = moments(rng, count, 0.3)
    for _ in at:
        length = float(rng.uniform(3.0, 6.5))
        way = np.linspace(-1, 1, samples(length)) * float(rng.choice([-1, 1]))
        tyres = noise(rng, len(way), ((120, -10), (400, -2), (1000, 0), (2400, -10), (7000, -30)), 0.0)[:, 0]
        hum = firing(2 * np.pi * float(rng.uniform(38, 62)) * np.arange(len(way)) / RATE, 8, 5.0)
        car = (tyres + 0.35 * hum) * float(rng.uniform(0.3, 1.0)) * np.exp(-((2.4 * way) ** 2)) * arched(len(way), 0.5, 0.5)
        left.append((car * np.sqrt(0.5 - 0.45 * way)).astype(np.float32))
        right.append((car * np.sqrt(0.5 + 0.45 * way)).astype(np.float32))
    for cars, side in ((left, -1.0), (right, 1.0)):
        out += scatter(count, at, cars, np.ones(len(at)), np.full(len(at), side))
    horn = arched(samples(0.45), 0.02, 0.06) * (glide(samples(0.45), 415, (0.6, 0.5, 0.3, 0.2)) + glide(samples(0.45), 523, (0.6, 0.5, 0.3, 0.2)))
    honks = moments(rng, count, 0.03)
    far = room(rng, scatter(count, honks, [horn], 0.16 * loudnesses(rng, len(honks), 4), rng.uniform(-0.8, 0.8, len(honks))), 1.4, 0, 1500, 0.03, ring=True)
    return out + far


@ambience("train", "riding on a train", "a train runs along the rails", "the railway, wheels clatter on the tracks", "a steam train ride, locomotive", "inside the carriage, clickety-clack", level=-29, layers=1)
def train(rng: np.random.Generator, count: int) -> np.ndarray:
    rumble = noise(rng, count, ((30, -4), (60, 0), (160, -4), (600, -18), (2500, -34)), 0.7) * drift(rng, count, 0.6, 0.75, 1.0)[:, None]
    pairs = round(count / RATE / 1.18)
    joints = np.arange(pairs) * count / pairs
    # Two axles of a bogie, then the two of the next one.
    at = np.concatenate([joints + samples(late) for late in (0.0, 0.155, 0.5, 0.655)]).astype(int) % count
    knocks = []
    for _ in range(12):
        pitch = float(rng.uniform(105, 135))
        knock = modes(samples(0.16), (pitch, pitch * 2.3, 610, 1480), (0.11, 0.08, 0.05, 0.03), (1.0, 0.5, 0.22, 0.1)) * arched(samples(0.16), 0.003, 0.04)
        rattle = burst(rng, 0.07, ((400, -6), (1200, 0), (3500, -8), (9000, -26)), 0.002)
        knock[: len(rattle)] += 0.35 * rattle
        knocks.append(knock)
    clatter = scatter(count, at, knocks, rng.uniform(0.75, 1.1, len(at)), np.tile([-0.35, -0.3, 0.35, 0.3], (pairs, 1)).T.reshape(-1))
    air = noise(rng, count, ((300, -18), (1200, 0), (4000, -10), (10_000, -30))) * drift(rng, count, 2.5, 0.5, 1.0)[:, None]
    return 0.32 * rumble + room(rng, clatter, 0.35, -10, 1500, 0.01, ring=True) * 1.5 + 0.035 * air


@ambience("engine", "an engine humming", "a motor runs steadily", "engine noise, the hum of the engine room", "a motor boat, a tractor, a truck idles", "the ship's engine throbs", level=-29, layers=1)
def engine(rng: np.random.Generator, count: int) -> np.ndarray:
    # Half orders close on the ring when the crank makes an even number of turns.
    phase = 2 * closed(21.5 * drift(rng, count, 0.5, 0.992, 1.008))
    body = firing(phase, 22, 5.5) * (1 + 0.16 * np.sin(np.round(5.4 * count / RATE) * 2 * np.pi * np.arange(count) / count)) * drift(rng, count, 0.12, 0.85, 1.0)
    other = firing(phase * 2, 8, 6.0)
    fan = noise(rng, count, ((60, -10), (200, 0), (700, -6), (2400, -14), (8000, -34)), 0.8)
    return (np.stack([body + 0.3 * other, np.roll(body, 70) + 0.3 * np.roll(other, -50)], axis=1) * 0.3 + 0.22 * fan).astype(np.float32)


@ambience("space", "the deep hum of outer space", "drifting through space among the stars", "inside a spaceship, a space station", "an eerie cosmic drone", "floating in orbit above a planet, the galaxy", level=-32, layers=1)
def space(rng: np.random.Generator, count: int) -> np.ndarray:
    out = np.zeros((count, 2), np.float32)
    for hertz, level in ((55, 1.0), (82.4, 0.8), (110, 0.6), (164.8, 0.35), (220.6, 0.2), (329.6, 0.12), (494, 0.05)):
        for side in range(2):
            # The two ears' tones differ by a little, so that the drone slowly turns.
            phase = closed(np.full(count, hertz * (1 + 0.0011 * (2 * side - 1))))
            out[:, side] += (level * np.sin(phase + 2.4 * side) * drift(rng, count, 4.5, 0.25, 1.0)).astype(np.float32)
    wind = noise(rng, count, ((300, -20), (700, 0), (1100, -6), (3000, -30)), 1.0) * drift(rng, count, 5.0)[:, None] ** 2
    stars = [modes(samples(1.6), (pitch, pitch * 2.01), (1.4, 0.8), (1.0, 0.3)) * arched(samples(1.6), 0.05, 0.3) for pitch in (1319, 1760, 1976, 2637, 2349)]
    at = moments(rng, count, 0.35)
    glints = room(rng, scatter(count, at, stars, 0.05 * loudnesses(rng, len(at), 4), rng.uniform(-0.9, 0.9, len(at))), 4.0, 3, 3000, 0.05, ring=True)
    return 0.5 * out + 0.12 * wind + glints


@ambience("factory", "machines working in a factory", "an industrial hall, a workshop", "a robot assembly line clanks", level=-30, layers=1)
def factory(rng: np.random.Generator, count: int) -> np.ndarray:
    out = engine(rng, count) * 0.4
    for seconds, pitch, pan, level in ((1.2, 230.0, -0.5, 0.7), (0.6, 900.0, 0.6, 0.16), (2.4, 120.0, 0.1, 1.0)):
        many = round(count / RATE / seconds)
        at = (np.arange(many) * count / many).astype(int)
        clank = modes(samples(0.5), tuple(pitch * f for f in (1, 2.76, 5.4, 8.9)), (0.4, 0.25, 0.15, 0.1), (1, 0.5, 0.3, 0.15)) * arched(samples(0.5), 0.003, 0.1)
        out = out + scatter(count, at, [clank], np.full(many, level), np.full(many, pan))
    steam = swells(count, (np.arange(3) * count // 3 + 9000), np.full(3, 0.1), np.full(3, 1.6), np.ones(3))[:, None]
    return room(rng, (out + 0.3 * steam * noise(rng, count, ((800, -20), (3000, 0), (9000, -6)))).astype(np.float32), 1.2, -8, 2000, 0.02, ring=True)


@effect("car-pass", "a car drives past", "a car speeds by, vroom", "an automobile passes on the road", "a racing car zooms past", seconds=5.0, level=-20)
def car_pass(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(5.0)
    motor = firing(2 * np.pi * np.cumsum(78 * wobble(rng, count, 4, 0.004)) / RATE, 24, 5.0)
    tyres = noise(rng, count, ((80, -8), (400, -2), (1000, 0), (2600, -8), (8000, -26)), 0.0)[:, 0]
    return passing((0.22 * motor + tyres).astype(np.float32), 19.0, 6.0, float(rng.choice([-1, 1]))) * arched(count, 0.9, 0.9)[:, None]


@effect("car-horn", "a car honks its horn", "beep beep, a taxi toots", "an angry driver honks", seconds=1.1, level=-19)
def car_horn(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(0.9)
    both = glide(count, 415.0, (0.7, 0.6, 0.45, 0.3, 0.2)) + glide(count, 523.0, (0.7, 0.6, 0.45, 0.3, 0.2))
    gate = np.zeros(count, np.float32)
    for start, length in ((0.02, 0.2), (0.32, 0.5)):
        gate[samples(start) : samples(start + length)] = arched(samples(start + length) - samples(start), 0.015, 0.04)
    return room(rng, placed((both * gate).astype(np.float32), float(rng.uniform(-0.3, 0.3))), 0.7, -13, 2500)


@effect("siren", "a siren wails", "a police car, an ambulance, the fire brigade", "an alarm siren howls", seconds=5.0, level=-20, lasts=True)
def siren(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    pitch = 850 + 330 * np.sin(2 * np.pi * 0.45 * np.arange(count) / RATE - 1.2)
    return room(rng, placed(glide(count, pitch, (0.35, 0.4, 0.15, 0.2)) * arched(count, 0.2, 0.4), 0.1), 1.2, -11, 2000)


@effect("train-whistle", "a train whistle blows", "the locomotive toots, choo choo", "a steam whistle at the station", "the train blows its whistle", seconds=4.2, level=-20)
def train_whistle(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros((samples(3.4), 2), np.float32)
    for start, length in ((0.05, 0.7), (0.95, 2.2)):
        count = samples(length)
        blown = along((0.955, 0.998, 1.0, 1.0, 0.998, 0.965), count)
        level = arched(count, 0.09, 0.28)
        first = samples(start)
        for k, hertz in enumerate((311.1, 370.0, 440.0, 554.4)):
            tone = glide(count, hertz * blown * wobble(rng, count, 7, 0.0015), (0.28, 0.2, 0.06, 0.04))
            breath = noise(rng, count, ((hertz * 0.5, -34), (hertz * 1.3, 0), (hertz * 4, -4), (12_000, -18)), 0.0)[:, 0]
            out[first : first + count] += placed(((tone + 0.12 * breath) * level).astype(np.float32), 0.0) * np.array([1.0 - 0.1 * k, 0.7 + 0.1 * k], np.float32)
    return room(rng, out, 1.9, -9, 1800, 0.08)


@effect("ship-horn", "a ship blows its horn", "a foghorn in the harbour", "the ferry, the steamer sounds its deep horn far away", "a boat horn, tooting", seconds=5.5, level=-19)
def ship_horn(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(3.2)
    out = np.zeros(count)
    for hertz, level in ((87.3, 1.0), (130.8, 0.55)):
        phase = 2 * np.pi * np.cumsum(hertz * along((0.95, 1.0, 1.0, 1.0, 0.985), count) * wobble(rng, count, 5, 0.001)) / RATE
        for k in range(1, 24):
            out += level * np.sin(k * phase + 1.3 * k) * k**-0.75 / (1 + (k * hertz / 900) ** 2)
    horn = (out * arched(count, 0.3, 0.45) * (1 + 0.04 * noise(rng, count, ((30, 0), (80, 0), (200, -30)), 0.0)[:, 0])).astype(np.float32)
    return room(rng, wide(rng, horn), 3.0, -7, 900, 0.12)


@effect("airplane", "an airplane flies over", "a jet plane overhead", "an aircraft takes off", "a propeller plane passes", seconds=8.0, level=-22)
def airplane(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(8.0)
    jet = noise(rng, count, ((40, -4), (120, 0), (500, -4), (2000, -14), (8000, -34)), 0.0)[:, 0]
    prop = firing(2 * np.pi * np.cumsum(92 * wobble(rng, count, 2, 0.003)) / RATE, 18, 4.0)
    return passing((jet + 0.2 * prop).astype(np.float32), 62.0, 75.0) * arched(count, 2.0, 2.0)[:, None]


@effect("helicopter", "a helicopter flies", "chopper blades, rotor", "a helicopter hovers", seconds=6.0, level=-22, lasts=True)
def helicopter(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    turn = np.cumsum(11.5 * wobble(rng, count, 1, 0.006)) / RATE
    chop = np.exp(6 * (np.cos(2 * np.pi * turn) - 1))[:, None]
    air = noise(rng, count, ((30, -4), (70, 0), (260, -6), (1200, -16), (5000, -34)), 0.4)
    whine = 0.05 * glide(count, 780 * wobble(rng, count, 2, 0.003), (0.5, 0.3))[:, None]
    return (air * (0.16 + chop) + whine) * arched(count, 0.6, 0.6)[:, None]


@effect("robot", "a robot beeps", "electronic beeps, a computer", "a machine bleeps and blips, sci-fi", seconds=1.5, level=-26)
def robot(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(1.4), np.float32)
    for k in range(8):
        count = samples(float(rng.uniform(0.05, 0.12)))
        first = samples(0.02 + 0.16 * k)
        low, high = rng.choice([523, 659, 784, 988, 1175, 1568], 2)
        out[first : first + count] += glide(count, (float(low), float(high)), (0.3, 0.15)) * arched(count, 0.006, 0.015)
    return room(rng, placed(out, 0.0), 0.3, -18)


@effect("whistle-slide", "a slide whistle", "a comic falling whistle", "something falls from high up", seconds=1.3, level=-25)
def slide_whistle(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.1)
    tone = glide(count, np.geomspace(1900, 520, 12) * (1 + 0.01 * np.sin(np.arange(12))), (0.08, 0.05)) + 0.04 * noise(rng, count, ((500, -20), (1800, 0), (6000, -10)), 0.0)[:, 0]
    return filtered(room(rng, placed((tone * arched(count, 0.05, 0.12)).astype(np.float32)), 0.6, -15), low=100)
