"""From timed phones to the mouth: what lips do for each sound, and how neighbours blend (Cohen and Massaro, Modeling coarticulation, 1993)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.sound.curves import NAMES, MouthCurves, to_frames
from engine.sound.spectra import PACE


@dataclass(frozen=True)
class Phone:
    """A sound of speech. symbol: in IPA, stress and length marks allowed, "" or "_" a pause; start and end in seconds."""

    symbol: str
    start: float
    end: float


@dataclass(frozen=True)
class Shape:
    """What lips do for a sound, in the units of `MouthCurves`. hold: how firmly, 1 a stressed vowel, little for sounds that are made behind the lips."""

    opening: float
    width: float
    rounding: float
    hold: float = 1.0
    closure: float = 0.0
    teeth: float = 0.0


PRESSED = Shape(0.0, 0.0, 0.1, 6.0, closure=1.0)
BITTEN = Shape(0.12, 0.15, 0.0, 4.0, teeth=1.0)
REST = Shape(0.0, 0.0, 0.0, 1.0)

SHAPES: dict[str, Shape] = {
    "a": Shape(0.95, 0.25, 0.0), "æ": Shape(0.9, 0.5, 0.0), "ɑ": Shape(1.0, 0.0, 0.05), "ɐ": Shape(0.75, 0.1, 0.0), "ʌ": Shape(0.7, 0.05, 0.0),
    "ɛ": Shape(0.68, 0.45, 0.0), "e": Shape(0.5, 0.6, 0.0), "ɪ": Shape(0.42, 0.55, 0.0), "i": Shape(0.32, 0.9, 0.0), "ɨ": Shape(0.35, 0.35, 0.0, 0.8),
    "ə": Shape(0.45, 0.05, 0.05, 0.6), "ɘ": Shape(0.45, 0.2, 0.0, 0.7), "ɚ": Shape(0.42, -0.15, 0.3, 0.8), "ɜ": Shape(0.48, -0.1, 0.25), "ɝ": Shape(0.45, -0.15, 0.3),
    "ᵻ": Shape(0.38, 0.35, 0.0, 0.6), "ɤ": Shape(0.45, 0.1, 0.0), "ɯ": Shape(0.3, 0.3, 0.0), "y": Shape(0.25, -0.5, 0.9), "ʏ": Shape(0.3, -0.4, 0.8), "ø": Shape(0.42, -0.4, 0.8),
    "œ": Shape(0.6, -0.3, 0.65), "ɵ": Shape(0.4, -0.3, 0.6), "ɶ": Shape(0.75, -0.2, 0.5), "ɞ": Shape(0.55, -0.2, 0.4), "ɒ": Shape(0.8, -0.3, 0.5), "ɔ": Shape(0.7, -0.45, 0.65),
    "o": Shape(0.5, -0.6, 0.85), "ʊ": Shape(0.32, -0.5, 0.7), "u": Shape(0.22, -0.75, 1.0), "ʉ": Shape(0.25, -0.6, 0.9),
    "m": PRESSED, "b": PRESSED, "p": PRESSED, "ɓ": PRESSED, "ɱ": BITTEN, "f": BITTEN, "v": BITTEN, "ʋ": Shape(0.15, 0.1, 0.0, 2.0, teeth=0.6),
    "ɸ": Shape(0.08, 0.0, 0.2, 3.0, closure=0.5), "β": Shape(0.08, 0.0, 0.2, 3.0, closure=0.5),
    "w": Shape(0.14, -0.8, 1.0, 2.0), "ʍ": Shape(0.14, -0.8, 1.0, 2.0), "ɥ": Shape(0.15, -0.6, 1.0, 1.5), "j": Shape(0.26, 0.65, 0.0, 0.7),
    "ʃ": Shape(0.18, -0.4, 0.6, 1.2), "ʒ": Shape(0.18, -0.4, 0.6, 1.2), "ɕ": Shape(0.18, 0.1, 0.3), "ʑ": Shape(0.18, 0.1, 0.3), "ʂ": Shape(0.2, -0.2, 0.4), "ʐ": Shape(0.2, -0.2, 0.4),
    "s": Shape(0.1, 0.35, 0.0, 1.2), "z": Shape(0.1, 0.35, 0.0, 1.2), "t": Shape(0.16, 0.2, 0.0, 0.6), "d": Shape(0.18, 0.2, 0.0, 0.6), "n": Shape(0.2, 0.15, 0.0, 0.6),
    "ɲ": Shape(0.2, 0.3, 0.0, 0.6), "ɳ": Shape(0.2, 0.1, 0.0, 0.6), "ʈ": Shape(0.18, 0.1, 0.0, 0.6), "ɖ": Shape(0.18, 0.1, 0.0, 0.6), "ɾ": Shape(0.3, 0.1, 0.0, 0.4),
    "θ": Shape(0.22, 0.15, 0.0, 0.9), "ð": Shape(0.24, 0.15, 0.0, 0.7), "l": Shape(0.32, 0.1, 0.0, 0.5), "ɫ": Shape(0.32, 0.0, 0.1, 0.5), "ɭ": Shape(0.32, 0.0, 0.0, 0.5),
    "ʎ": Shape(0.28, 0.3, 0.0, 0.5), "ɬ": Shape(0.25, 0.2, 0.0, 0.6), "ɹ": Shape(0.26, -0.3, 0.45, 0.9), "ɻ": Shape(0.26, -0.3, 0.45, 0.9), "r": Shape(0.3, 0.05, 0.05, 0.5),
    "ɽ": Shape(0.3, 0.0, 0.05, 0.4), "k": Shape(0.26, 0.05, 0.0, 0.3), "ɡ": Shape(0.26, 0.05, 0.0, 0.3), "g": Shape(0.26, 0.05, 0.0, 0.3), "ŋ": Shape(0.26, 0.05, 0.0, 0.4),
    "c": Shape(0.24, 0.3, 0.0, 0.5), "ɟ": Shape(0.24, 0.3, 0.0, 0.5), "ç": Shape(0.24, 0.5, 0.0, 0.6), "ʝ": Shape(0.24, 0.5, 0.0, 0.6), "x": Shape(0.3, 0.0, 0.0, 0.3), "ɣ": Shape(0.3, 0.0, 0.0, 0.3),
    "χ": Shape(0.36, 0.0, 0.0, 0.3), "ʁ": Shape(0.34, 0.0, 0.0, 0.3), "ʀ": Shape(0.34, 0.0, 0.0, 0.3), "q": Shape(0.32, 0.0, 0.0, 0.3), "ħ": Shape(0.5, 0.0, 0.0, 0.3), "ʕ": Shape(0.5, 0.0, 0.0, 0.3),
    "h": Shape(0.45, 0.0, 0.0, 0.15), "ɦ": Shape(0.45, 0.0, 0.0, 0.15), "ʔ": Shape(0.3, 0.0, 0.0, 0.15),
}  # fmt: skip
"""By letter of the IPA: vowels by their height, backness and rounding, consonants by whether the lips make them."""

REACH = {
    "opening": (0.05, 0.055), "width": (0.06, 0.09), "rounding": (0.07, 0.09), "closure": (0.014, 0.014), "teeth": (0.02, 0.02),
}  # fmt: skip
"""Seconds that a sound reaches out before and after itself: rounding is prepared early, pressed lips are a matter of the moment."""


def spelled(symbol: str) -> list[Shape]:
    """The shapes of a symbol, one after the other: two for a diphthong or an affricate, none for a pause or for marks alone."""
    return [SHAPES[letter] for letter in symbol if letter in SHAPES]


def table_of_phones(phones: list[Phone] | tuple[Phone, ...], seconds: float) -> np.ndarray:
    """(N, 5) curves at `PACE`, N = ceil(seconds * PACE). Each sound pulls at the lips while it lasts, and before and after it as a Gaussian of its reach."""
    count = int(np.ceil(seconds * PACE - 1e-6))
    moments = np.arange(count) / PACE
    parts = list(_parts(phones, seconds))
    above = np.zeros((count, len(NAMES)))
    below = np.full((count, len(NAMES)), 1e-6)
    for shape, start, end in parts:
        first, last = max(0, int((start - 0.35) * PACE)), min(count, int((end + 0.35) * PACE) + 2)
        here = moments[first:last]
        early, late = np.clip(start - here, 0, None), np.clip(here - end, 0, None)
        for k, name in enumerate(NAMES):
            before, after = REACH[name]
            pull = _hold(shape, name) * np.exp(-((early / before) ** 2) - (late / after) ** 2)
            above[first:last, k] += pull * getattr(shape, name)
            below[first:last, k] += pull
    return (above / below).astype(np.float32)


def curves_of_phones(phones: list[Phone] | tuple[Phone, ...], seconds: float, fps: float, energy: np.ndarray | None = None) -> MouthCurves:
    """The mouth of timed phones, round(seconds * fps) frames. energy: (T,) loudness 0..1 at the same frames (`speech_energy`): soft syllables open less."""
    curves = to_frames(table_of_phones(phones, seconds), seconds, fps)
    if energy is None or not len(curves):
        return curves
    return MouthCurves(fps, (curves.opening * (0.35 + 0.65 * np.clip(energy[: len(curves)], 0, 1))).astype(np.float32), curves.width, curves.rounding, curves.closure, curves.teeth)


def _parts(phones: list[Phone] | tuple[Phone, ...], seconds: float) -> list[tuple[Shape, float, float]]:
    """The shapes with their spans, and a mouth at rest wherever nothing is said."""
    out: list[tuple[Shape, float, float]] = []
    said = 0.0
    for phone in sorted(phones, key=lambda one: one.start):
        shapes = spelled(phone.symbol)
        if not shapes or phone.end <= phone.start:
            continue
        # A gap shorter than a stop's silence is a boundary's rounding, not a pause.
        if phone.start - said > 0.08:
            out.append((REST, said, phone.start))
        each = (phone.end - phone.start) / len(shapes)
        if phone.symbol.startswith("p") and len(shapes) == 1:
            # Its breath belongs to the sound, but lips have parted by then.
            shapes, each = [*shapes, *spelled("h")], each / 2
        out += [(shape, phone.start + k * each, phone.start + (k + 1) * each) for k, shape in enumerate(shapes)]
        said = max(said, phone.end)
    out.append((REST, said, max(seconds, said) + 1.0))
    return out


def _hold(shape: Shape, name: str) -> float:
    """How firmly a sound holds one of the curves. Lips that press or bite decide about opening alone: width and rounding are the neighbours'."""
    if shape.closure or shape.teeth:
        return {"opening": shape.hold, "closure": 4.0, "teeth": 4.0}.get(name, 0.15)
    if name == "rounding" and shape.rounding > 0.5:
        return 2 * shape.hold
    return max(shape.hold, 0.5) if name in ("closure", "teeth") else shape.hold
