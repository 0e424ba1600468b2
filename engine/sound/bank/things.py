"""Doors, wood, drums, air and other things that somebody moves."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.registry import effect
from engine.sound.bank.rings import RATE, loudnesses, noise, scatter
from engine.sound.bank.space import placed, room, swept, wide
from engine.sound.bank.tones import along, arched, burst, glide, modes, samples, struck, wobble


def stick_slip(rng: np.random.Generator, count: int, rate: np.ndarray, hertz: tuple[float, ...], seconds: float) -> np.ndarray:
    """(count,): something sticks and slips `rate` (count,) times a second, and each slip makes a body ring: creaks, hinges, ropes."""
    turns = np.cumsum(rate * wobble(rng, count, 30, 0.08)) / RATE
    at = np.searchsorted(turns, np.arange(1, int(turns[-1]) + 1))
    bodies = [modes(samples(seconds), [f * float(rng.uniform(0.985, 1.015)) for f in hertz], [seconds / (1 + 0.4 * k) for k in range(len(hertz))], [0.8**k for k in range(len(hertz))], rng) for _ in range(6)]
    at = at[at < count - samples(seconds)]
    return scatter(count, at, [body * arched(len(body), 0.0008, 0.01) for body in bodies], loudnesses(rng, len(at), 3), np.zeros(len(at)))[:, 0]


@effect("creak", "wood creaks", "a creaking floorboard, an old staircase", "the ship's timbers groan", "a rusty gate squeaks, a squeaky hinge", seconds=1.8, level=-28)
def creak(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.5)
    rate = along((30, 60, 110, 95, 55, 24), count)
    out = stick_slip(rng, count, rate, (410, 760, 1240, 1980, 2900), 0.045) * along((0.4, 1.0, 0.8, 1.0, 0.6, 0.3), count) * arched(count, 0.06, 0.25)
    return room(rng, placed(out.astype(np.float32), float(rng.uniform(-0.3, 0.3))), 0.7, -13)


@effect("door", "a door closes", "the door slams shut", "a door opens with a creak and closes", "someone shuts the door, enters the house", seconds=2.4, level=-22)
def door(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(2.2)
    out = np.zeros(count, np.float32)
    hinge = samples(0.9)
    out[:hinge] += 0.22 * stick_slip(rng, hinge, along((38, 75, 60, 90), hinge), (520, 940, 1510, 2300), 0.04) * arched(hinge, 0.1, 0.2)
    first = samples(1.02)
    slam = modes(samples(0.45), (72, 118, 187, 305, 520), (0.3, 0.24, 0.17, 0.1, 0.06), (1.0, 0.8, 0.5, 0.3, 0.18)) * arched(samples(0.45), 0.002, 0.12)
    air = burst(rng, 0.16, ((120, 0), (500, -3), (2000, -10), (7000, -26)), 0.002, 6.0)
    slam[: len(air)] += 0.8 * air
    out[first : first + len(slam)] += 1.2 * slam
    for late, level in ((0.028, 0.4), (0.075, 0.25)):
        latch = modes(samples(0.06), (1450, 2600, 4100), (0.04, 0.03, 0.02), (1, 0.7, 0.4)) * arched(samples(0.06), 0.0006, 0.02)
        out[first + samples(late) : first + samples(late) + len(latch)] += level * latch
    return room(rng, placed(out, float(rng.uniform(-0.2, 0.2))), 0.9, -10, 1500)


@effect("knock", "knocking on a door", "knock knock, somebody knocks", "a visitor taps on the wood three times", seconds=1.4, level=-24)
def knock(rng: np.random.Generator, seconds: float) -> np.ndarray:
    knocks, at = [], []
    for k in range(3):
        pitch = float(rng.uniform(165, 190))
        hit = modes(samples(0.18), (pitch, pitch * 1.9, pitch * 3.1, pitch * 5.2), (0.12, 0.08, 0.06, 0.03), (1.0, 0.7, 0.5, 0.3)) * arched(samples(0.18), 0.0015, 0.05)
        tap = burst(rng, 0.012, ((700, -6), (2000, 0), (6000, -14)), 0.0008, 6.0)
        hit[: len(tap)] += 0.5 * tap
        knocks.append(hit)
        at.append(samples(0.02 + 0.24 * k + float(rng.normal(0, 0.008))))
    return room(rng, scatter(samples(1.0), np.maximum(at, 0), knocks, np.array([0.9, 0.85, 1.0]), np.full(3, 0.05)), 0.6, -12, 2000)


@effect("drum", "a drum hit", "a big drum booms, timpani", "a drum beats once, boom", "the kick drum", seconds=1.6, level=-20)
def drum(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.3)
    # Modes of a round membrane (Rossing, 2000); the stroke tightens the skin, so the pitch falls.
    pitch = 78 * (1 + 0.35 * np.exp(-np.arange(count) / RATE / 0.03))
    out = np.zeros(count)
    for ratio, gain, length in ((1.0, 1.0, 0.9), (1.594, 0.55, 0.55), (2.136, 0.4, 0.4), (2.296, 0.3, 0.35), (2.917, 0.2, 0.25), (3.6, 0.12, 0.2)):
        out += gain * np.exp(-6.9 * np.arange(count) / RATE / length) * np.sin(2 * np.pi * np.cumsum(pitch * ratio) / RATE)
    stick = burst(rng, 0.03, ((300, -4), (1200, 0), (4000, -8), (9000, -24)), 0.001, 6.0)
    out[: len(stick)] += 0.5 * stick
    return room(rng, placed((out * arched(count, 0.0015, 0.3)).astype(np.float32)), 1.1, -12, 1500)


@effect("drum-roll", "a drum roll", "the snare drum rolls, suspense", "the circus drum roll before the jump", seconds=3.0, level=-22, lasts=True)
def drum_roll(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    strokes = []
    for _ in range(10):
        hit = modes(samples(0.16), (190, 330, 480), (0.1, 0.07, 0.05), (1, 0.5, 0.3)) * arched(samples(0.16), 0.001, 0.04)
        wires = burst(rng, 0.15, ((700, -10), (2600, 0), (7000, -2), (12_000, -10)), 0.002, 6.0)
        hit[: len(wires)] += 0.8 * wires[: len(hit)]
        strokes.append(hit)
    at = np.arange(samples(0.01), max(samples(0.02), count - samples(0.2)), samples(0.043))
    at = at + rng.integers(0, samples(0.005), len(at))
    swell = along((0.35, 0.55, 1.0), len(at)) if len(at) > 1 else np.ones(len(at))
    return room(rng, scatter(count + 9000, at, strokes, swell * rng.uniform(0.8, 1.0, len(at)), np.tile([-0.1, 0.1], len(at))[: len(at)]), 0.7, -14)[: count + 9000]


@effect("whoosh", "a whoosh", "something rushes past, swoosh", "a fast swish through the air", "a quick transition, a sword swings", "flying by at great speed", seconds=1.2, level=-23)
def whoosh(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.1)
    air = noise(rng, 2 * count, ((90, -4), (300, 0), (1500, -5), (5000, -11), (12_000, -20)), 0.4)[:count]
    time = np.linspace(-1, 1, count)
    level = np.exp(-((time + 0.05) ** 2) / 0.1)
    pan = float(rng.choice([-1, 1])) * np.tanh(2.2 * time)
    sides = np.stack([np.cos((0.8 * pan + 1) * np.pi / 4), np.sin((0.8 * pan + 1) * np.pi / 4)], axis=1)
    return swept((air * level[:, None] * sides).astype(np.float32), (300, 900, 4200, 6500, 2400, 600, 250)) * arched(count, 0.05, 0.15)[:, None]


@effect("boing", "a boing, a spring bounces", "a rubber ball bounces, comic spring", "the trampoline, jumping, hopping", "a bouncing kangaroo, a frog jumps", seconds=1.4, level=-23)
def boing(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.2)
    time = np.arange(count) / RATE
    pitch = 165 * (1 + 0.55 * np.exp(-2.2 * time) * np.sin(2 * np.pi * (7.5 + 5 * time) * time + 0.4))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    out = sum(g * np.sin(k * phase) * np.exp(-time * (2.2 + 0.7 * k)) for k, g in ((1, 1.0), (2, 0.65), (3, 0.5), (4, 0.35), (5, 0.25), (6, 0.2), (8, 0.12)))
    twang = modes(count, (880, 1730, 2610), (0.2, 0.12, 0.08), (0.25, 0.15, 0.1))
    return room(rng, placed(((np.asarray(out) + twang) * arched(count, 0.002, 0.2)).astype(np.float32)), 0.5, -16)


@effect("pop", "a pop", "a bubble bursts, a cork pops", "a balloon pops, plop", "something appears with a pop", seconds=0.6, level=-26)
def pop(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(0.16)
    tone = glide(count, np.geomspace(310, 900, 6), (0.25,)) * struck(count, 0.004, 7.0)
    puff = burst(rng, 0.02, ((300, -4), (1200, 0), (5000, -10)), 0.0008, 6.0)
    tone[: len(puff)] += 0.5 * puff
    return room(rng, placed(tone), 0.35, -16)


@effect("click", "a click", "a switch, a button is pressed", "a mouse click, the light switch", "a camera takes a photo, shutter", seconds=0.4, level=-30)
def click(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(0.2), np.float32)
    for start, body, level in ((0.004, 1.0, 1.0), (0.085, 1.25, 0.6)):
        part = modes(samples(0.04), tuple(body * f for f in (900, 2350, 4200, 6100)), (0.025, 0.018, 0.012, 0.008), (0.5, 1.0, 0.7, 0.5)) * arched(samples(0.04), 0.0004, 0.015)
        first = samples(start)
        out[first : first + len(part)] += level * part
    return room(rng, placed(out), 0.25, -18)


@effect("typing", "typing on a keyboard", "someone writes on a computer", "a typewriter clatters, keys", seconds=4.0, level=-30, lasts=True)
def typing(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    keys = []
    for _ in range(16):
        body = float(rng.uniform(0.85, 1.2))
        key = modes(samples(0.06), tuple(body * f for f in (260, 1150, 2600, 4300)), (0.04, 0.025, 0.015, 0.01), (0.6, 0.8, 0.7, 0.4)) * arched(samples(0.06), 0.0006, 0.02)
        tap = burst(rng, 0.008, ((1000, -8), (3500, 0), (9000, -8)), 0.0006, 6.0)
        key[: len(tap)] += 0.6 * tap
        keys.append(key)
    gaps = rng.gamma(2.2, 0.062, int(seconds * 12)) + 0.03
    gaps[rng.random(len(gaps)) < 0.07] += 0.35
    at = samples(0.02) + (np.cumsum(gaps) * RATE).astype(int)
    at = at[at < count - samples(0.06)]
    return room(rng, scatter(count, at, keys, loudnesses(rng, len(at), 3), rng.uniform(-0.25, 0.25, len(at))), 0.3, -17)


@effect("paper", "paper rustles", "turning the page of a book", "someone unfolds a letter, a map", "crumpling paper", seconds=1.6, level=-30)
def paper(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.4)
    fine = []
    for _ in range(40):
        tick = burst(rng, float(rng.uniform(0.002, 0.009)), ((900, -16), (3200, 0), (8000, -4), (14_000, -12)), 0.0006, 5.0)
        fine.append(tick / (np.abs(tick).max() + 1e-6))
    many = 420
    place = np.where(rng.random(many) < 0.6, rng.beta(3, 5, many), rng.beta(8, 3, many))
    out = 0.5 * scatter(count, (place * (count - 900)).astype(int), fine, loudnesses(rng, many, 7), np.clip(np.linspace(-0.4, 0.4, many)[np.argsort(np.argsort(place))], -1, 1))
    swish = noise(rng, count, ((1200, -14), (3500, 0), (9000, -8)), 0.7) * (np.exp(-((np.linspace(0, 1, count) - 0.4) ** 2) / 0.03))[:, None]
    return room(rng, out + 0.22 * swish.astype(np.float32), 0.3, -19)


@effect("sword", "swords clash", "a sword is drawn, metal rings", "blades meet in a duel, knights fight", seconds=1.8, level=-22)
def sword(rng: np.random.Generator, seconds: float) -> np.ndarray:
    out = np.zeros(samples(1.6), np.float32)
    for start, base in ((0.02, 1180.0), (0.36, 1390.0)):
        first, count = samples(start), samples(1.1)
        blade = modes(count, [base * f for f in (1, 1.46, 2.31, 3.42, 4.9, 6.7)], (0.8, 0.6, 0.7, 0.4, 0.3, 0.2), (0.6, 0.8, 1.0, 0.8, 0.5, 0.35), rng) * arched(count, 0.0008, 0.3)
        clash = burst(rng, 0.05, ((900, -10), (3500, 0), (10_000, -4)), 0.0008, 6.0)
        blade[: len(clash)] += 0.9 * clash
        out[first : first + count] += blade
    return room(rng, placed(out, 0.1), 0.8, -13)


@effect("impact", "a heavy thud", "something heavy falls to the ground", "a crash, a box drops, bump", "a tree falls, a stone lands", seconds=1.4, level=-21)
def impact(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(1.0)
    out = modes(count, (52, 84, 131, 220), (0.4, 0.3, 0.2, 0.12), (1.0, 0.8, 0.5, 0.3)) * arched(count, 0.003, 0.2)
    dirt = burst(rng, 0.4, ((90, -2), (300, 0), (1200, -10), (5000, -28)), 0.003, 7.0)
    out[: len(dirt)] += dirt
    return room(rng, wide(rng, out), 0.7, -13, 1500)


@effect("rising", "a rising tension", "suspense builds up, a riser", "something wonderful is about to appear", "a dramatic crescendo", seconds=4.0, level=-24, lasts=True)
def rising(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    climb = along((0.0, 0.12, 0.4, 1.0), count)
    air = noise(rng, count, ((150, -6), (600, 0), (3000, -6), (10_000, -16)), 0.9)
    strings = sum(glide(count, hertz * 2 ** (climb / 2), (0.5, 0.3, 0.2)) for hertz in (110.0, 110.9, 164.8, 220.7))
    out = swept((air * 0.7 + 0.25 * np.asarray(strings)[:, None]).astype(np.float32), np.geomspace(250, 9000, 8))
    return out * (0.05 + climb)[:, None] * arched(count, 0.3, min(0.12, seconds / 4))[:, None]


@effect("saw", "sawing wood", "a carpenter saws a plank", "a saw cuts through timber", seconds=3.0, level=-26, lasts=True)
def saw(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    stroke = np.abs(np.sin(2 * np.pi * 1.05 * np.arange(count) / RATE))
    teeth = stick_slip(rng, count, 60 + 170 * stroke, (620, 1450, 2300, 3700), 0.02)
    rasp = noise(rng, count, ((500, -14), (1800, 0), (5000, -4), (11_000, -16)), 0.2)
    return room(rng, (rasp * 0.5 + 0.5 * teeth[:, None]) * (stroke**1.4 * arched(count, 0.05, 0.1))[:, None].astype(np.float32), 0.5, -16)


@effect("hammer", "hammering a nail", "a hammer strikes, building a house", "the blacksmith beats the anvil", seconds=3.0, level=-22, lasts=True)
def hammer(rng: np.random.Generator, seconds: float) -> np.ndarray:
    count = samples(seconds)
    blows = []
    for k in range(6):
        pitch = 1.03**k
        blow = modes(samples(0.3), [pitch * f for f in (170, 410, 1900, 3350, 5200)], (0.1, 0.07, 0.25, 0.18, 0.1), (1, 0.6, 0.5, 0.4, 0.2)) * arched(samples(0.3), 0.001, 0.06)
        tap = burst(rng, 0.015, ((400, -4), (1800, 0), (6000, -8)), 0.0008, 6.0)
        blow[: len(tap)] += 0.8 * tap
        blows.append(blow)
    at = (np.arange(0.03, max(0.04, seconds - 0.3), 0.46) * RATE).astype(int)
    at = np.maximum(0, at + rng.integers(-600, 600, len(at)))
    return room(rng, scatter(count, at, blows, rng.uniform(0.8, 1.0, len(at)), np.full(len(at), 0.1)), 0.5, -13)
