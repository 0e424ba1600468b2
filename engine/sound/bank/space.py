"""Where a sound stands: left or right, near or far, passing by, in a room."""

from __future__ import annotations

import numpy as np

from engine.sound.bank.rings import RATE, noise
from engine.sound.bank.tones import along, samples

SOUND_SPEED = 343.0
"""Metres a second in air."""

EARS = 0.0006
"""Seconds by which a sound from the side reaches the far ear later."""


def placed(mono: np.ndarray, pan: float = 0.0) -> np.ndarray:
    """(N, 2) float32 of a sound (N,) at -1 left ... 1 right: a little louder on its side and earlier there."""
    late = round(abs(pan) * EARS * RATE)
    near, far = np.pad(mono, (0, late)), np.pad(mono, (late, 0))
    left, right = (near, far) if pan < 0 else (far, near)
    angle = (0.7 * pan + 1) * np.pi / 4
    return np.stack([left * np.cos(angle), right * np.sin(angle)], axis=1).astype(np.float32) * np.float32(np.sqrt(2))


def wide(rng: np.random.Generator, mono: np.ndarray, seconds: float = 0.025) -> np.ndarray:
    """(N, 2) float32 of a sound (N,) as a large thing gives it: each ear hears it through early echoes of its own."""
    out = np.stack([mono, mono], axis=1).astype(np.float32)
    for ear in range(2):
        for late in rng.integers(samples(0.003), samples(seconds), 5):
            out[late:, ear] += 0.35 * mono[: len(mono) - late]
    return out


def room(rng: np.random.Generator, sound: np.ndarray, seconds: float, wet: float, dark: float = 3000.0, late: float = 0.012, ring: bool = False) -> np.ndarray:
    """A sound (N, 2) with its echoes: noise that dies by 60 dB within so many seconds (Moorer, 1979), above `dark` Hz in half of that.

    wet: dB of the echoes against the sound; late: seconds before they begin. On a ring the length stays and echoes run past the end into the begin; else they are added behind.
    """
    from scipy.signal import oaconvolve

    count = samples(seconds)
    time = (np.arange(count) / RATE)[:, None]
    low = noise(rng, count, ((dark * 0.7, 0), (dark * 1.4, -24))) * np.exp(-6.908 * time / seconds)
    high = noise(rng, count, ((dark * 0.7, -24), (dark * 1.4, 0), (12_000, -9))) * np.exp(-6.908 * time / (0.5 * seconds))
    echo = (low + 0.5 * high).astype(np.float32)
    echo = np.pad(echo * 10 ** (wet / 20) / np.sqrt((echo**2).sum(axis=0)), ((samples(late), 0), (0, 0)))
    heard = oaconvolve(sound, echo, axes=0).astype(np.float32)
    if not ring:
        heard[: len(sound)] += sound
        return heard
    out = sound + heard[: len(sound)]
    for start in range(len(sound), len(heard), len(sound)):
        rest = heard[start : start + len(sound)]
        out[: len(rest)] += rest
    return out


def passing(mono: np.ndarray, speed: float, nearest: float, side: float = 1.0) -> np.ndarray:
    """(N, 2) float32 of a source (N,) that drives past in the middle of the time: pitch by Doppler's law, level by distance, from one side to the other.

    speed: metres a second; nearest: metres; side: 1 from left to right, -1 the other way.
    """
    count = len(mono)
    time = (np.arange(count) - count / 2) / RATE
    along_road = speed * time
    distance = np.hypot(along_road, nearest)
    heard = np.interp(np.arange(count) - (distance - nearest) / SOUND_SPEED * RATE, np.arange(count), mono, left=0.0, right=0.0)
    pan = side * along_road / distance
    level = nearest / distance
    return np.stack([heard * level * np.cos((pan * 0.8 + 1) * np.pi / 4), heard * level * np.sin((pan * 0.8 + 1) * np.pi / 4)], axis=1).astype(np.float32)


def filtered(sound: np.ndarray, low: float | None = None, high: float | None = None) -> np.ndarray:
    """A sound (N,) or (N, 2) between two frequencies in Hz (Butterworth, 12 dB an octave)."""
    from scipy.signal import butter, sosfilt

    if low is not None:
        sound = sosfilt(butter(2, low, "highpass", fs=RATE, output="sos"), sound, axis=0)
    if high is not None:
        sound = sosfilt(butter(2, high, "lowpass", fs=RATE, output="sos"), sound, axis=0)
    return np.asarray(sound, np.float32)


def swept(sound: np.ndarray, high: object) -> np.ndarray:
    """A sound (N,) or (N, 2) under a low-pass whose limit in Hz moves along a curve: two fixed ones, mixed a block at a time in overlapping windows."""
    count, block = len(sound), 2048
    limits = along(np.asarray(high, np.float64), count // block + 2)
    padded = np.pad(sound, ((block, 2 * block), *([(0, 0)] * (sound.ndim - 1))))
    out = np.zeros_like(padded)
    window = np.sin(np.pi * (np.arange(2 * block) + 0.5) / (2 * block)) ** 2
    hertz = np.fft.rfftfreq(4 * block, 1 / RATE)
    for k, limit in enumerate(limits[: (len(padded) - 2 * block) // block]):
        part = padded[k * block : (k + 2) * block]
        gain = 1 / np.sqrt(1 + (hertz / limit) ** 6)
        shape = (-1, *([1] * (sound.ndim - 1)))
        done = np.fft.irfft(np.fft.rfft(part * window.reshape(shape), 4 * block, axis=0) * gain.reshape(shape), axis=0)[: 2 * block]
        out[k * block : (k + 2) * block] += done
    return out[block : block + count].astype(np.float32)
