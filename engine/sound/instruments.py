"""Instruments made by code for `score`: strings that are plucked or struck, pads, bass, a flute, drums. Notes are mono float32 at `RATE`; pitches are MIDI numbers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from engine.sound.bank.rings import RATE, noise
from engine.sound.bank.tones import along, arched, burst, harmonics, modes, samples, wobble

CUT = 9000.0
"""Hz above which strings have no partials."""


def hertz(pitch: float) -> float:
    """Frequency of a MIDI number in equal temperament, 69 being 440 Hz."""
    return float(440.0 * 2 ** ((pitch - 69) / 12))


@lru_cache(maxsize=256)
def plucked(pitch: int, bright: float) -> np.ndarray:
    """A plucked string: partials as of a string plucked at a fifth of its length; high ones die sooner. bright: 0 nylon to 1 steel."""
    base, count = hertz(pitch), samples(2.4)
    order = np.arange(1, 24)
    keep = order * base < CUT
    order = order[keep]
    gains = np.sin(np.pi * order / 5) / order ** (1.9 - 0.7 * bright)
    decay = np.clip(2.6 * (220 / base) ** 0.35 / (1 + (0.42 - 0.2 * bright) * (order - 1)), 0.08, 4.0)
    out = modes(count, (order * base).tolist(), decay.tolist(), gains.tolist())
    return _even(out * arched(count, 0.0025, 0.3))


@lru_cache(maxsize=256)
def piano(pitch: int, soft: float) -> np.ndarray:
    """A struck string: a little sharp in its upper partials (Fletcher, 1964), two decays, and the felt's thump. soft: 0 bright to 1 felt."""
    base, count = hertz(pitch), samples(3.2)
    order = np.arange(1, 18)
    stretched = order * base * np.sqrt(1 + 0.0004 * order**2)
    keep = stretched < CUT
    order, stretched = order[keep], stretched[keep]
    gains = order ** (-1.1 - 0.9 * soft) * (1 - 0.8 * (order % 8 == 0))
    decay = np.clip(3.4 * (262 / base) ** 0.45 / (1 + 0.3 * (order - 1)), 0.1, 5.0)
    out = modes(count, stretched.tolist(), decay.tolist(), gains.tolist()) + 0.35 * modes(count, (stretched * 1.0007).tolist(), (0.35 * decay).tolist(), gains.tolist())
    felt = burst(np.random.default_rng(pitch), 0.05, ((90, -6), (260, 0), (900, -16)), 0.003, 5.0)
    out[: len(felt)] += 0.06 * felt
    return _even(out * arched(count, 0.003 + 0.004 * soft, 0.5))


@lru_cache(maxsize=64)
def bass(pitch: int, seconds: float) -> np.ndarray:
    """A round bass."""
    count = samples(seconds + 0.15)
    time = np.arange(count) / RATE
    out = harmonics(2 * np.pi * hertz(pitch) * time, [1.0, 0.42, 0.2, 0.09, 0.04], [0.0] * 5) * np.exp(-1.5 * time / max(seconds, 0.3))
    return _even(out * arched(count, 0.008, 0.12))


@lru_cache(maxsize=64)
def flute(pitch: int, seconds: float) -> np.ndarray:
    """A soft flute or whistle with breath and a vibrato that comes late."""
    rng, count = np.random.default_rng(pitch), samples(seconds + 0.12)
    time = np.arange(count) / RATE
    vibrato = 1 + 0.0045 * np.clip((time - 0.2) / 0.4, 0, 1) * np.sin(2 * np.pi * 5.1 * time)
    phase = 2 * np.pi * np.cumsum(hertz(pitch) * vibrato * wobble(rng, count, 4, 0.0008)) / RATE
    tone = harmonics(phase, [1.0, 0.24, 0.11, 0.04, 0.02], [0.0, 0.4, 0.9, 0.0, 0.0])
    breath = noise(rng, count, ((hertz(pitch) * 0.8, -24), (hertz(pitch) * 1.6, 0), (6000, -10)), 0.0)[:, 0]
    return _even((tone + 0.035 * breath) * arched(count, 0.06, 0.14))


def pad(pitches: tuple[int, ...], seconds: float, warm: float) -> np.ndarray:
    """(N, 2) a chord of slow strings. warm: 0 bright to 1 dark."""
    count = samples(seconds + 1.4)
    out = sum((_bowed(pitch, count, warm) for pitch in pitches), np.zeros((count, 2), np.float32))
    swell = arched(count, min(0.9, seconds / 2), 1.4) * along((0.85, 1.0, 0.9), count)
    return (out * swell[:, None] / (4.0 * len(pitches) ** 0.5)).astype(np.float32)


@lru_cache(maxsize=24)
def _bowed(pitch: int, count: int, warm: float) -> np.ndarray:
    """(count, 2) one note of two strings that are a little out of tune, another pair for each ear."""
    rng = np.random.default_rng(pitch)
    gains = [k ** (-1.0 - 0.9 * warm) if k * hertz(pitch) < 5000 else 0.0 for k in range(1, 13)]
    out = np.zeros((count, 2), np.float32)
    for ear in range(2):
        for _ in range(2):
            phase = 2 * np.pi * hertz(pitch + float(rng.normal(0, 0.045))) * np.arange(count) / RATE + float(rng.uniform(0, 6.28))
            out[:, ear] += harmonics(phase, gains, rng.uniform(0, 6.28, 12).tolist())
    return out


@lru_cache(maxsize=8)
def drum(name: str) -> np.ndarray:
    """One stroke: kick, snare, clap, brush, hat, shaker or tom."""
    rng = np.random.default_rng(len(name))
    if name == "kick":
        count = samples(0.42)
        time = np.arange(count) / RATE
        phase = 2 * np.pi * np.cumsum(47 + 95 * np.exp(-time / 0.028)) / RATE
        return _even((np.sin(phase) * np.exp(-time / 0.13) + 0.05 * np.pad(burst(rng, 0.012, ((800, -6), (2500, 0), (7000, -10))), (0, count - samples(0.012)))) * arched(count, 0.001, 0.1))
    if name == "tom":
        count = samples(0.5)
        time = np.arange(count) / RATE
        return _even(np.sin(2 * np.pi * np.cumsum(96 + 40 * np.exp(-time / 0.05)) / RATE) * np.exp(-time / 0.16) * arched(count, 0.002, 0.1))
    if name == "snare":
        hit = burst(rng, 0.22, ((350, -8), (1800, 0), (5000, -2), (11_000, -10)), 0.001, 6.0)
        return _even(0.7 * hit + modes(len(hit), (186, 332), (0.13, 0.09), (0.6, 0.3)))
    spectra = {
        "clap": (0.16, ((500, -14), (1100, 0), (2600, -5), (7000, -16)), 0.002, 6.0), "brush": (0.24, ((800, -14), (2600, 0), (6500, -5), (11_000, -14)), 0.03, 4.0),
        "hat": (0.07, ((4500, -16), (8000, 0), (13_000, -3)), 0.0008, 6.0), "shaker": (0.1, ((3000, -14), (6000, 0), (11_000, -6)), 0.025, 4.0),
    }  # fmt: skip
    seconds, points, rise, sharp = spectra[name]
    hit = burst(rng, seconds, points, rise, sharp)
    if name == "clap":
        # Several hands a moment apart.
        hit = sum((np.pad(hit, (samples(late), samples(0.03) - samples(late))) for late in (0.0, 0.011, 0.021)), np.zeros(len(hit) + samples(0.03), np.float32))
    return _even(hit)


def _even(note: np.ndarray) -> np.ndarray:
    return (note / (np.abs(note).max() + 1e-9)).astype(np.float32)
