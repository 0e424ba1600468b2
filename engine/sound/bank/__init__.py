"""A bank of sounds made by code: beds that go on for ever without a seam, and effects. Stereo float32 at `RATE`; the same seed gives the same samples.

`search` finds a sound by words. Numbers in the recipes were set by ear and by spectra; each recipe says what it imitates.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from zlib import crc32

import numpy as np

from engine.errors import InvalidInput
from engine.sound.bank.registry import REGISTRY, Kind, Recipe, Sound
from engine.sound.bank.rings import LOWEST, RATE
from engine.sound.bank.space import filtered
from engine.sound.mixing.loudness import LoudnessMeter, measured

__all__ = ["RATE", "Bed", "Kind", "Sound", "bed", "play", "sounds"]

FAMILIES = ("weather", "water", "fire", "birds", "animals", "machines", "bells", "people", "steps", "things")

RINGS = (16.0, 25.0)
"""Seconds of the rings of a bed: sounding together they come back to where they began after 400 seconds."""

PEAK = 0.84
"""The highest sample that leaves the bank, -1.5 dB: what is resampled or encoded later stays below full scale."""

LONGEST = 1800.0
"""Seconds that `play` gives at once, 0.7 GB; a bed's reader has no limit."""

SILENT = -56.0
"""dB below its peak at which an effect is over."""

EDGE = 0.012
"""Seconds in which a cut-off effect or bed begins and ends, so that it never clicks."""


@dataclass(frozen=True)
class Bed:
    """An ambience without end: rings (N, 2) float32 that sound together, each from its begin to its end and on from its begin. 16 MB, however long it is heard."""

    rings: tuple[np.ndarray, ...]

    def read(self, start: int, count: int) -> np.ndarray:
        """(count, 2) float32: the samples from `start` on, for any start >= 0. Blocks read one after the other join without a seam."""
        out = np.zeros((count, 2), np.float32)
        for ring in self.rings:
            done = 0
            while done < count:
                first = (start + done) % len(ring)
                part = ring[first : first + count - done]
                out[done : done + len(part)] += part
                done += len(part)
        return out


def sounds() -> tuple[Sound, ...]:
    """Every sound of the bank."""
    return tuple(recipe.sound for recipe in _recipes().values())


def bed(sound_id: str, seed: int) -> Bed:
    """The bed of an ambience, at its level, made anew: it takes seconds, and `kept.kept_bed` has it on disk. Raises `InvalidInput` for another id."""
    recipe = _recipe(sound_id)
    if recipe.ring is None:
        raise InvalidInput(f"{sound_id} is an effect, not an ambience", fix="use play")
    # One layer takes the longer ring.
    lengths = RINGS[-recipe.layers :]
    rings = [_on_ring(recipe.ring(_chance(sound_id, seed, k), round(length * RATE))) for k, length in enumerate(lengths)]
    # Peaks of two rings hardly ever meet, but they may: each has half of the room.
    loud = [measured(ring, RATE) for ring in rings]
    level = recipe.sound.level - 10 * np.log10(len(rings))
    done = tuple(_levelled(ring, value, level, PEAK / len(rings)) for ring, value in zip(rings, loud, strict=True))
    for ring in done:
        ring.setflags(write=False)
    return Bed(done)


def play(sound_id: str, seconds: float | None, seed: int) -> np.ndarray:
    """(N, 2) float32 at `RATE`, at the sound's level, peaks at most `PEAK`.

    seconds: its length, None for the natural one (of an ambience: 10 s). An effect that lasts is made of that length; another one is cut with a fade, or followed by silence.
    Raises `InvalidInput` for an unknown id or a length that is not within 0.02 s to half an hour.
    """
    recipe = _recipe(sound_id)
    if seconds is not None and not 0.02 <= seconds <= LONGEST:
        raise InvalidInput(f"a sound of {seconds:g} s cannot be made", fix=f"give 0.02 to {LONGEST:g} s")
    if recipe.ring is not None:
        out = bed(sound_id, seed).read(0, round((seconds or 10.0) * RATE))
        return _edged(out, 0.05, 0.05)
    return _effect(recipe, seconds, seed)


def _effect(recipe: Recipe, seconds: float | None, seed: int) -> np.ndarray:
    """An effect at its level."""
    assert recipe.once is not None and recipe.sound.seconds is not None
    # Shorter than half a second nothing of a walk or a clock would be in it: that is cut from a longer one.
    made = recipe.once(_chance(recipe.sound.id, seed, 0), max(0.8, seconds or recipe.sound.seconds) if recipe.lasts else recipe.sound.seconds)
    sound = filtered(np.stack([made, made], axis=1) if made.ndim == 1 else made, low=LOWEST)
    count = _heard_until(sound) if seconds is None else round(seconds * RATE)
    cut = len(sound) > count
    sound = np.pad(sound[:count], ((0, max(0, count - len(sound))), (0, 0)))
    levelled = _levelled(sound, _momentary(sound), recipe.sound.level)
    return _edged(levelled, 0.0008, max(EDGE, min(0.25, 0.2 * count / RATE)) if cut else EDGE)


def _recipe(sound_id: str) -> Recipe:
    recipe = _recipes().get(sound_id)
    if recipe is None:
        raise InvalidInput(f"there is no sound {sound_id[:40]!r} in the bank", fix="ask sounds() for the ids")
    return recipe


@lru_cache(maxsize=1)
def _recipes() -> dict[str, Recipe]:
    for family in FAMILIES:
        import_module(f"{__name__}.{family}")
    return REGISTRY.recipes


def _chance(sound_id: str, seed: int, layer: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(sound_id.encode()), layer])


def _on_ring(sound: np.ndarray) -> np.ndarray:
    """A ring without what is below `LOWEST`: filtered as the ring that it is."""
    from scipy.fft import irfft, rfft

    spectrum = rfft(sound.astype(np.float32), axis=0)
    spectrum[: round(LOWEST * len(sound) / RATE)] = 0
    return np.ascontiguousarray(irfft(spectrum, n=len(sound), axis=0), np.float32)


def _heard_until(sound: np.ndarray) -> int:
    """Samples after which an effect has died away."""
    loud = np.flatnonzero(np.abs(sound).max(axis=1) > 10 ** (SILENT / 20) * np.abs(sound).max(initial=1e-9))
    return int(loud[-1]) + 1 if len(loud) else len(sound)


def _momentary(sound: np.ndarray) -> float:
    """LUFS of the loudest 0.4 s; a shorter sound counts as if silence followed."""
    meter = LoudnessMeter(RATE)
    meter.feed(np.pad(sound, ((0, round(0.5 * RATE)), (0, 0))))
    return float(meter.momentary.max())


def _levelled(sound: np.ndarray, heard: float, level: float, peak: float = PEAK) -> np.ndarray:
    """The sound at so many LUFS, or as near as its peaks allow; silence stays silence."""
    top = float(np.abs(sound).max(initial=0.0))
    if not np.isfinite(heard) or top < 1e-9:
        return sound.astype(np.float32)
    return (sound * min(10 ** ((level - heard) / 20), peak / top)).astype(np.float32)


def _edged(sound: np.ndarray, rise: float, fall: float) -> np.ndarray:
    up, down = (min(len(sound) // 2, round(edge * RATE)) for edge in (rise, fall))
    out = sound.copy()
    out[:up] *= (np.sin(np.linspace(0, np.pi / 2, up, endpoint=False)) ** 2)[:, None].astype(np.float32)
    out[len(out) - down :] *= (np.cos(np.linspace(0, np.pi / 2, down)) ** 2)[:, None].astype(np.float32)
    return out
