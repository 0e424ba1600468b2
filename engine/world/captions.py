"""Sentences that say all of a scene: many wordings of its subjects, their directions, the place, time, weather and camera."""

from __future__ import annotations

import numpy as np

from engine.world import words as w
from engine.world.spec import FACED, SceneSpec, SubjectSpec

TEMPLATES = [
    "{S} {p} {t}{w}.{c}", "{S} {t} {p}{w}.{c}", "{T}, {s} {p}{w}.{c}", "{P}, {s} {t}{w}.{c}", "{T} {p}, {s}{w}.{c}",
    "{P} {t}, {s}{w}.{c}",
    "{G} {p} {t}{w}.{c}", "{G} {t} {p}{w}.{c}", "{T}, {g} {p}{w}.{c}", "{P}, {g} {t}{w}.{c}", "A scene {p} {t}{w}: {g}.{c}",
    "A scene {p} {t}{w} with {g}.{c}",
    "A picture of {g} {p} {t}{w}.{c}", "A video of {g} {p} {t}{w}.{c}", "A clip of {g} {t} {p}{w}.{c}",
    "A short film of {g} {p} {t}{w}.{c}",
    "A paper scene: {s} {p} {t}{w}.{c}", "Paper-cut style: {s} {p} {t}{w}.{c}", "{S} {p}{w}. It is {tn}.{c}", "{G} {p}{w}, {t}.{c}",
    "{S} {t}{w} {p}.{c}",
    "{C0}{s} {p} {t}{w}.", "{C0}{g} {t} {p}{w}.", "{T}{w} {p}: {s}.{c}", "{T}{w} {p}, {g}.{c}", "A view {p} {t}{w}. {S}.{c}",
    "{P}{w} {t}, {s}.{c}",
    "In this scene {s} {p} {t}{w}.{c}", "Here {s} {p} {t}{w}.{c}", "There is {g} {p} {t}{w}.{c}",
    "A toy world {p} {t}{w} where {s}.{c}", "{S}, {p}, {t}{w}.{c}",
    "{G}, {p}, {t}{w}.{c}", "{T}: {s} {p}{w}.{c}", "{P}: {s} {t}{w}.{c}", "Animation of {g} {p} {t}{w}.{c}",
]  # fmt: skip
"""s, g: subjects as a sentence or as nouns with participles; p, t, w: place, time, weather; tn: time without its preposition;
c: the camera's own sentence, C0: its phrase in front. A capital letter begins a sentence."""

HELD_OUT = [
    "Imagine {g} {p} {t}{w}.{c}", "We see {g} {p} {t}{w}.{c}", "{T}{w}, {p}, one can see {g}.{c}", "Show me {g} {t} {p}{w}.{c}",
    "The picture shows {g} {p}{w} {t}.{c}",
    "Somewhere {p}{w}, {s} {t}.{c}", "{S} {p}, and it is {tn}{w}.{c}", "Footage of {g} {p}{w} {t}.{c}", "Once {t} {p}{w} {s}.{c}",
    "A craft diorama {p}{w} {t}, featuring {g}.{c}",
    "Look: {s} {t} {p}{w}.{c}", "{C0}{g} {p}{w} {t}.",
]  # fmt: skip
"""Sentences kept for testing a model on wordings that it has not seen."""


def captions(spec: SceneSpec, rng: np.random.Generator, n: int, held_out: bool = False) -> list[str]:
    """`n` sentences that say all of the scene. held_out: sentence patterns and synonyms that are never used otherwise."""
    return [_caption(spec, rng, int(held_out)) for _ in range(n)]


def _one(rng: np.random.Generator, options: list[str]) -> str:
    return options[int(rng.integers(len(options)))]


def _either(rng: np.random.Generator, pair: tuple[list, list], held: int) -> str:  # type: ignore[type-arg]
    """From the usual list, or from the held-out one when it has anything."""
    return _one(rng, pair[held] or pair[0])


def _caption(spec: SceneSpec, rng: np.random.Generator, held: int) -> str:
    pattern = _one(rng, HELD_OUT if held else TEMPLATES)
    if "{tn}" in pattern and spec.time == "day":
        pattern = pattern.replace("{tn}", "daytime")
    time = _either(rng, w.TIME_PHRASES[spec.time], held)
    weather = _either(rng, w.WEATHER_PHRASES[spec.weather], held)
    camera = _either(rng, w.CAMERA_PHRASES[spec.camera], held)
    if spec.camera == "follow" and len(spec.subjects) > 1:
        camera = camera.replace(" it", f" the {w.NOUNS[spec.subjects[0].kind][0][0]}")
    parts = {
        "s": _joined([_subject(one, rng, held, finite=True) for one in spec.subjects]) or "nothing moves",
        "g": _joined([_subject(one, rng, held, finite=False) for one in spec.subjects]) or "an empty view",
        "p": _either(rng, w.PLACE_PHRASES[spec.place], held),
        "t": time,
        "tn": spec.time,
        "w": f" {weather}" if weather else "",
        "c": f" {_capital(camera)}." if camera else "",
        "C0": f"{_capital(camera)}: " if camera else "",
    }
    for name in ("s", "g", "p", "t"):
        parts[name.upper()] = _capital(parts[name])
    return _capital(pattern.format(**parts))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _joined(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else ", ".join(parts[:-1]) + " and " + parts[-1] if parts else ""


def _subject(one: SubjectSpec, rng: np.random.Generator, held: int, *, finite: bool) -> str:
    """One subject with all that is known of it; its direction is always said."""
    size = _either(rng, w.SIZE_WORDS[one.size], held) if one.size != "medium" else ""
    colour, noun = _either(rng, w.COLOUR_WORDS[one.colour], held), _either(rng, w.NOUNS[one.kind], held)
    name = f"{size} {colour} {noun}".strip()
    article = "an" if name[0] in "aeiou" else "a"
    facing = f" {_either(rng, w.FACING_PHRASES[one.facing], held)}" if one.kind in FACED and one.motion not in ("left", "right") else ""
    return f"{article} {name}{facing} {_moves(one, rng, held, finite)}"


def _moves(one: SubjectSpec, rng: np.random.Generator, held: int, finite: bool) -> str:
    form = 0 if finite else 1
    speed = _either(rng, w.SPEED_WORDS[one.speed], held) if one.speed != "normal" and one.motion != "still" else ""
    if one.motion in ("left", "right") or (one.motion in ("up", "down") and rng.random() < 0.5):
        verbs = w.TRAVEL_VERBS[w.GAITS.get(one.kind, "slide")][held]
        verb, way = verbs[int(rng.integers(len(verbs)))][form], _either(rng, w.DIRECTION_WORDS[one.motion], held)
        return _one(rng, [f"{verb} {speed} {way}", f"{verb} {way} {speed}"]).replace("  ", " ").strip() if speed else f"{verb} {way}"
    pairs = w.MOTION_PHRASES[one.motion][held]
    phrase = pairs[int(rng.integers(len(pairs)))][form]
    return f"{phrase} {speed}".strip()
