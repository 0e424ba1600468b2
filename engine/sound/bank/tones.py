"""What rings, sings and bubbles: damped modes, glides, voices with formants that move, and bubbles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.sound.bank.rings import RATE, Points, noise

Curve = float | Sequence[float] | np.ndarray
"""A value, or values evenly spread over the sound and joined smoothly."""

HIGHEST = 18_000.0
"""Hz above which no partial is drawn."""

_BLOCK = 512
"""Samples that are drawn as one row."""


def samples(seconds: float) -> int:
    """How many samples so many seconds are."""
    return max(1, round(seconds * RATE))


def along(curve: Curve, count: int) -> np.ndarray:
    """A curve as (count,) float64, smooth through its points."""
    values = np.atleast_1d(np.asarray(curve, np.float64))
    if len(values) == 1:
        return np.full(count, values[0])
    from scipy.interpolate import PchipInterpolator

    return PchipInterpolator(np.linspace(0, 1, len(values)), values)(np.linspace(0, 1, count))


def modes(count: int, hertz: Sequence[float], seconds: Sequence[float], gains: Sequence[float], rng: np.random.Generator | None = None) -> np.ndarray:
    """(count,) float32: damped sines, each dying by 60 dB within its seconds: a thing that was struck (modal synthesis; Adrien, 1991)."""
    out = np.zeros(-(-count // _BLOCK) * _BLOCK, np.float32)
    for pitch, length, gain in zip(hertz, seconds, gains, strict=True):
        if pitch < HIGHEST:
            # Sine phase: a struck thing begins at rest, so there is no click.
            phase = rng.uniform(-0.3, 0.3) if rng is not None else 0.0
            rate = (2j * np.pi * pitch - 6.908 / length) / RATE
            # A damped sine is a power of one number: a column times a row, as far as it is heard (-90 dB).
            blocks = min(len(out) // _BLOCK, int(1.5 * length * RATE / _BLOCK) + 1)
            starts = gain * np.exp(rate * _BLOCK * np.arange(blocks) + 1j * phase)
            out[: blocks * _BLOCK] += (starts.astype(np.complex64)[:, None] * np.exp(rate * np.arange(_BLOCK)).astype(np.complex64)).imag.reshape(-1)
    return out[:count]


def phase_of(hertz: np.ndarray) -> np.ndarray:
    """The phase (N,) in radians of a tone of so many Hz (N,)."""
    return 2 * np.pi * np.cumsum(hertz) / RATE


def glide(count: int, hertz: Curve, overtones: Sequence[float] = ()) -> np.ndarray:
    """(count,) float32: a tone along a curve in Hz, with overtones of these gains at twice, three times ... its pitch."""
    phase = phase_of(along(hertz, count))
    out = np.sin(phase)
    for k, gain in enumerate(overtones):
        out += gain * np.sin((k + 2) * phase)
    return out.astype(np.float32)


def wobble(rng: np.random.Generator, count: int, rate: float, depth: float) -> np.ndarray:
    """(count,) around 1: chance of a throat or a hand, `rate` turns a second, of relative depth (standard deviation)."""
    points = max(4, round(count / RATE * rate) + 3)
    from scipy.interpolate import make_interp_spline

    values = rng.standard_normal(points)
    return 1 + depth * make_interp_spline(np.arange(points), values, k=3)(np.linspace(1, points - 2, count))


def harmonics(phase: np.ndarray, gains: Sequence[float], turns: Sequence[float]) -> np.ndarray:
    """(N,) float32: the sum over k of gains[k] sin((k + 1) phase + turns[k]), by powers of one rotation instead of many sines."""
    rotation = np.exp(1j * np.mod(phase, 2 * np.pi)).astype(np.complex64)
    power, out = rotation.copy(), np.zeros(len(phase), np.float32)
    for gain, turn in zip(gains, turns, strict=True):
        if gain:
            out += gain * (power.imag * np.cos(turn) + power.real * np.sin(turn))
        power *= rotation
    return out


def voiced(count: int, hertz: np.ndarray, formants: Sequence[tuple[Curve, float, float]], tilt: float = 9.0, most: int = 60) -> np.ndarray:
    """(count,) float32: a throat of pitch `hertz` (count,) seen through formants (centre Hz over time, bandwidth Hz, dB), by adding harmonics.

    tilt: dB an octave by which the throat's harmonics fall. Resonators stand side by side, as in Klatt's parallel synthesiser (1980).
    """
    every = 64
    coarse = np.append(hertz[::every], hertz[-1])
    centres = [(along(centre, len(coarse)), width, 10 ** (decibels / 20)) for centre, width, decibels in formants]
    whole = (len(coarse) - 1) * every
    rotation = np.exp(1j * np.mod(phase_of(np.pad(hertz, (0, whole - count), mode="edge")), 2 * np.pi)).astype(np.complex64)
    power, out = rotation.copy(), np.zeros((len(coarse) - 1, every), np.float32)
    ramp = np.arange(every, dtype=np.float32) / every
    for k in range(1, most + 1):
        pitch = k * coarse
        if pitch.min() > 14_000:
            break
        gain = sum(level / np.sqrt(1 + ((pitch - centre) / (width / 2)) ** 2) for centre, width, level in centres) * k ** (-tilt / 6.02) * (pitch < 14_000)
        smooth = gain[:-1, None].astype(np.float32) + np.diff(gain)[:, None].astype(np.float32) * ramp
        turn = 1.7 * k * k
        out += smooth * (power.imag * np.cos(turn) + power.real * np.sin(turn)).reshape(-1, every)
        power *= rotation
    return (out / (np.abs(out).max() + 1e-9)).reshape(-1)[:count].astype(np.float32)


def bubble(hertz: float, rise: float = 0.1, gain: float = 1.0) -> np.ndarray:
    """(N,) float32: an air bubble in water (van den Doel, 2005): a damped tone whose pitch climbs as the bubble nears the surface."""
    radius = 3.0 / hertz
    damping = 0.13 / radius + 0.0072 * radius**-1.5
    time = np.arange(samples(min(0.4, 6.0 / damping))) / RATE
    turns = hertz * (time + 0.5 * rise * damping * time**2)
    soft = np.minimum(1.0, time / 0.0008)
    return (gain * soft * np.exp(-damping * time) * np.sin(2 * np.pi * turns)).astype(np.float32)


def burst(rng: np.random.Generator, seconds: float, points: Points, rise: float = 0.001, sharp: float = 5.0) -> np.ndarray:
    """(N,) float32: a puff of noise of a drawn spectrum, loudest after `rise` seconds and gone after `seconds`; sharp: how fast it falls."""
    count = samples(seconds)
    # Twice as long and cut: a ring of noise this short would sound like a tone.
    return noise(rng, 2 * count + 64, points, 0.0)[:count, 0] * struck(count, rise, sharp)


def struck(count: int, rise: float, sharp: float = 5.0) -> np.ndarray:
    """(count,) float32: the level of something struck: up within `rise` seconds, then falling exponentially to nothing at the end."""
    time = np.arange(count) / RATE
    up = np.sin(np.minimum(1.0, time / max(rise, 1e-4)) * np.pi / 2) ** 2
    left = np.linspace(1, 0, count)
    return (up * np.exp(-sharp * np.clip(time - rise, 0, None) * RATE / count) * np.minimum(1.0, left * 8)).astype(np.float32)


def arched(count: int, rise: float, fall: float) -> np.ndarray:
    """(count,) float32: up within `rise` seconds, held, and down within the last `fall` seconds."""
    up, down = min(count, samples(rise)), min(count, samples(fall))
    out = np.ones(count, np.float32)
    out[:up] *= np.sin(np.linspace(0, np.pi / 2, up)) ** 2
    out[count - down :] *= np.cos(np.linspace(0, np.pi / 2, down)) ** 2
    return out
