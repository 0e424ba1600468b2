"""Speech-like sound made from buzz and noise, with everything about it known: no program, no recording."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

RATE = 16_000
VOWELS = {"a": (750, 1250, 2600), "i": (300, 2250, 3000), "u": (320, 800, 2300), "e": (480, 1900, 2600), "o": (480, 900, 2500)}


def resonant(source: np.ndarray, hz: float, wide: float, rate: int = RATE) -> np.ndarray:
    """A formant: a resonance of two poles."""
    r = np.exp(-np.pi * wide / rate)
    return lfilter([1 - r], [1, -2 * r * np.cos(2 * np.pi * hz / rate), r * r], source)


def vowel(name: str, seconds: float, rate: int = RATE, pitch: float = 125.0) -> np.ndarray:
    """A held vowel with soft ends, about 0.3 at its peak."""
    count = round(seconds * rate)
    source = np.zeros(count)
    source[:: round(rate / pitch)] = 1.0
    for formant in VOWELS[name]:
        source = resonant(source, formant, 90, rate)
    return shaped(source / (np.abs(source).max() + 1e-9) * 0.3, rate)


def murmur(seconds: float, rate: int = RATE, pitch: float = 125.0) -> np.ndarray:
    """An m: the voice below 300 Hz, as lips are closed."""
    moments = np.arange(round(seconds * rate)) / rate
    return sum(0.05 / k * np.sin(2 * np.pi * pitch * k * moments) for k in (1, 2))


def breath(seconds: float, rate: int = RATE, size: float = 0.01, seed: int = 1) -> np.ndarray:
    """An h: faint noise."""
    return resonant(np.random.default_rng(seed).normal(0, 1, round(seconds * rate)), 1500, 1500, rate) * size


def shaped(sound: np.ndarray, rate: int = RATE, edge: float = 0.015) -> np.ndarray:
    """Soft at both ends."""
    ramp = np.clip(np.arange(len(sound)) / (edge * rate), 0, 1)
    return sound * np.minimum(ramp, ramp[::-1])


def silence(seconds: float, rate: int = RATE) -> np.ndarray:
    """Nothing."""
    return np.zeros(round(seconds * rate))


def mama(times: int = 4, rate: int = RATE, close: float = 0.08, open_: float = 0.17) -> tuple[np.ndarray, list[float], list[float]]:
    """ma-ma-ma after 0.3 s of silence and before 0.4 s of it: samples, the middles of the closures after the first, the middles of the vowels, in seconds."""
    parts, closed, opened, at = [silence(0.3, rate)], [], [], 0.3
    for k in range(times):
        parts += [murmur(close, rate), vowel("a", open_, rate)]
        if k:
            closed.append(at + close / 2)
        opened.append(at + close + open_ / 2)
        at += close + open_
    return np.concatenate([*parts, silence(0.4, rate)]).astype(np.float32), closed, opened


def laughing(bursts: int = 8, pace: float = 4.5, rate: int = RATE) -> tuple[np.ndarray, list[float]]:
    """ha-ha-ha: samples and the middles of the bursts in seconds; each is a little lower and softer than the one before."""
    parts, middles, at = [silence(0.5, rate)], [], 0.5
    for k in range(bursts):
        voiced, between = 0.45 / pace, 0.55 / pace
        parts += [vowel("a", voiced, rate, 180 - 5 * k) * 0.93**k, breath(between, rate, seed=k)]
        middles.append(at + voiced / 2)
        at += voiced + between
    return np.concatenate([*parts, silence(0.5, rate)]).astype(np.float32), middles


def talking(syllables: int = 24, pace: float = 4.0, rate: int = RATE) -> np.ndarray:
    """Syllables with another vowel each time, a breath before each, at the pace of laughter."""
    names = [list(VOWELS)[(k * 2) % 5] for k in range(syllables)]
    parts = [part for k, name in enumerate(names) for part in (breath(0.45 / pace, rate, seed=k), vowel(name, 0.55 / pace, rate, 120 + 10 * (k % 3)))]
    return np.concatenate([silence(0.3, rate), *parts, silence(0.3, rate)]).astype(np.float32)
