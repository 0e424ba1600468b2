"""The prompt of a scene: an English sentence with the hero's phrase word for word, that the world reads as exactly this scene."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from engine.movie.plan import LONGEST_PROMPT
from engine.movie.planner.cast import Role
from engine.movie.planner.staging import STIFF, Shot
from engine.world import words as w
from engine.world.reading import Reading, Span, spec_from_text
from engine.world.spec import AIR, COLOURS, KINDS, MOTIONS, SPEEDS, habitat

PATTERNS = (
    "{T} {p}, {s}{w}.", "{P} {t}{w}, {s}.", "{T}{w} {p}: {s}.", "{P}{w}: {s} {t}.", "{W} {p}, {s} {t}.", "A picture {p} {t}{w}: {s}.", "{T}, {s} {p}{w}.", "{P}, {s} {t}{w}.", "A paper world {t}{w}: {s} {p}.",
    "Here {p}, {s} {t}{w}.", "It is {n} {p}{w}: {s}.", "{T}{w}, {s} {p}.", "A scene {p}, {t}: {s}{w}.", "{W}, {s} {p} {t}.",
)  # fmt: skip
"""s: who does what; p, t, w: place, time and weather with their prepositions; n: the time alone. None begins with the hero: a capital letter would change its phrase."""

SAFE = "{T} {p}, {s}{w}."

WORDINGS = 4
"""Wordings of a motion that are tried until the world reads one as meant."""

LIGHT = {
    "dawn": ("pale pink light", "the first soft light", "long cool shadows"), "day": ("clear bright light", "a high summer sky", "warm sunlight"), "sunset": ("golden light", "long warm shadows", "an orange sky"),
    "night": ("silver moonlight", "deep blue darkness", "a sky full of stars"),
}  # fmt: skip
"""What models that draw anything are told of the light."""


DEEDS = {
    "left": ("walks on", "turns back"), "right": ("sets off", "walks on", "goes on"), "up": ("looks up", "reaches for the sky"), "down": ("crouches down", "falls"), "bounce": ("jumps for joy", "laughs"), "circle": ("turns around in wonder", "looks around"),
    "approach": ("comes closer", "looks ahead"), "sway": ("looks around", "stands in the wind"), "still": ("stands still", "sits and thinks"),
}  # fmt: skip
"""What somebody does, for models that draw anything, where a paper figure has a motion."""


def prompt_of(shot: Shot, hero: Role, rng: Random, *, free: bool = False, being: bool = False, goal: str = "") -> str:
    """The prompt of a shot. Of several wordings the first is taken that the world reads as meant.

    free: for models that draw anything, with words for the light; being: the hero moves as somebody, not as a paper figure; goal: what is wished for, shown then where the wish comes true.
    """
    patterns = rng.sample(PATTERNS, len(PATTERNS))
    for pattern in [*patterns, SAFE]:
        if ("{W}" in pattern) == (shot.stage.weather == "clear"):
            continue
        prompt = _filled(pattern, shot, hero, rng, being, goal if free and shot.beat in ("climax", "only") else "")
        if free or is_meant(prompt, shot, hero):
            break
    return f"{prompt} {rng.choice(LIGHT[shot.stage.time]).capitalize()}." if free else prompt


def is_meant(prompt: str, shot: Shot, hero: Role) -> bool:
    """True when the world reads a prompt as the shot: the hero first, with its motion; place, time and weather; and no word unknown."""
    reading = spec_from_text(prompt)
    spec = reading.spec
    if reading.unknown or not spec.subjects or (spec.place, spec.time, spec.weather) != (shot.stage.place, shot.stage.time, shot.stage.weather):
        return False
    first = spec.subjects[0]
    return first.kind == hero.kind and first.colour == (hero.colour or first.colour) and first.motion == shot.motion and len(spec.subjects) >= min(3, hero.count + len(shot.others))


def moving_otherwise(prompt: str, hero: Role, motions: Sequence[str], rng: Random) -> str:
    """The same prompt, all its other words kept, with the first of these motions that the world reads as the hero's; as it is when the hero's phrase or no such motion can be found in it."""
    reading = spec_from_text(prompt)
    at = prompt.find(hero.phrase)
    if at < 0 or not reading.spec.subjects or (reading.unknown and not _told(reading, at + len(hero.phrase))):
        return prompt
    begin = at + len(hero.phrase)
    told = _told(reading, begin)
    # Without a word for it the hero's motion is the world's guess: one is put in.
    first, last = (told[0].start, told[-1].end) if told else (begin, begin)
    before = reading.spec
    for motion in motions:
        for _ in range(WORDINGS):
            verb = _does(hero, motion, "", rng).removeprefix(hero.phrase).strip()
            changed = f"{prompt[:first].rstrip()} {verb}{prompt[last:]}"
            now = spec_from_text(changed)
            same = (now.spec.place, now.spec.time, now.spec.weather) == (before.place, before.time, before.weather)
            if same and [one.kind for one in now.spec.subjects] == [one.kind for one in before.subjects] and now.spec.subjects[0].motion == motion and len(now.unknown) <= len(reading.unknown) and len(changed) <= LONGEST_PROMPT:
                return changed
    return prompt


def _told(reading: Reading, begin: int) -> list[Span]:
    """The words for the motion of whom stands before `begin`: up to the next subject."""
    found: list[Span] = []
    for span in sorted(reading.understood, key=lambda span: span.start):
        if span.start < begin:
            continue
        if span.meaning in KINDS or span.meaning in COLOURS:
            break
        if span.meaning in MOTIONS or span.meaning == "moving":
            found.append(span)
        elif found and span.meaning not in SPEEDS:
            break
    return found


def _filled(pattern: str, shot: Shot, hero: Role, rng: Random, being: bool, goal: str) -> str:
    stage = shot.stage
    air = hero.kind in AIR
    places = [phrase for phrase in w.PLACE_PHRASES[stage.place][0] if air or not phrase.startswith(("over", "above"))]
    weathers = [phrase for phrase in w.WEATHER_PHRASES[stage.weather][0] if phrase]
    weather = rng.choice(weathers) if weathers else ""
    does = f"{hero.phrase} {rng.choice(DEEDS[shot.motion])}" if being and hero.count == 1 else _does(hero, shot.motion, shot.speed, rng)
    parts = {
        "s": ", and ".join([f"{does}, with {goal} in view" if goal else does, *_company(shot, hero, rng)]),
        "p": rng.choice(places),
        "t": rng.choice(w.TIME_PHRASES[stage.time][0]),
        "w": f" {weather}" if weather and stage.weather != "clear" else "",
        "W": weather,
        "n": {"day": "daytime"}.get(stage.time, stage.time),
    }
    for name in "ptW":
        parts[name.upper()] = parts[name][:1].upper() + parts[name][1:]
    text = pattern.format(**parts)
    return text[:1].upper() + text[1:]


def _company(shot: Shot, hero: Role, rng: Random) -> list[str]:
    """What the others do: they travel as the hero does, or have a motion of their own."""
    out = []
    for index, other in enumerate(shot.others):
        if shot.motion in ("left", "right") and index == 0 and habitat(other.kind) != "rooted":
            way = shot.motion if other is not shot.passing else {"left": "right", "right": "left"}[shot.motion]
        elif other is shot.passing:
            way = rng.choice(["left", "right"])
        else:
            way = rng.choice(["circle", "left", "right"] if other.kind in AIR else ["sway", "approach"] if other.kind in STIFF else ["sway", "bounce", "approach"])
        out.append(_does(other, way, "", rng))
    return out


def _does(role: Role, motion: str, speed: str, rng: Random) -> str:
    """The role's phrase with its verb: a small red boat sails to the left slowly."""
    if motion in ("left", "right"):
        verb = rng.choice(w.TRAVEL_VERBS[w.GAITS.get(role.kind, "slide")][0])[0]
        text = f"{verb} {speed} {rng.choice(w.DIRECTION_WORDS[motion][0][:2])}".replace("  ", " ")
    else:
        text = f"{rng.choice(w.MOTION_PHRASES[motion][0])[0]} {speed}".strip()
    if role.count > 1:
        verb, _, rest = text.partition(" ")
        text = f"{_plural_verb(verb)} {rest}".strip()
    return f"{role.phrase} {text}"


def _plural_verb(verb: str) -> str:
    """sails -> sail, flies -> fly, approaches -> approach."""
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    return verb[:-2] if verb.endswith(("shes", "ches")) else verb.removesuffix("s")
