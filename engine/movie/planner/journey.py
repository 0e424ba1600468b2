"""Where, when and in what weather each scene plays, developing with sense: neighbouring places on the way, times of day in their order, a storm at the big trouble."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from random import Random

from engine.movie.planner.arc import BEATS
from engine.movie.planner.idea import Idea
from engine.world.spec import HOMES, PLACES, TIMES, WATER, habitat

NEIGHBOURS: dict[str, tuple[str, ...]] = {
    "sea": ("beach", "river"), "beach": ("sea", "hills", "city", "river"), "river": ("hills", "forest", "city", "sea", "mountains"), "hills": ("river", "forest", "mountains", "city", "beach", "desert"),
    "forest": ("hills", "river", "mountains", "snow field"), "mountains": ("snow field", "hills", "forest", "desert", "river"), "snow field": ("mountains", "forest", "hills"), "desert": ("mountains", "hills", "city"),
    "city": ("river", "hills", "beach", "desert"),
}  # fmt: skip
"""Which places lie beside each other."""

BY_DAY = {"opening": "dawn", "introduce": "day", "once": "dawn", "only": "sunset", "want": "day", "set out": "day", "trouble": "day", "friend": "sunset", "big trouble": "night", "low point": "night", "climax": "dawn", "closing": "day"}
BY_NIGHT = {"opening": "day", "introduce": "sunset", "once": "sunset", "only": "night", "want": "night", "set out": "dawn", "trouble": "day", "friend": "day", "big trouble": "sunset", "low point": "night", "climax": "night", "closing": "dawn"}
"""When each beat plays; the second where the wish is for something that is seen at night."""

NIGHTLY = ("moon", "star", "stars", "shooting star", "firefly")
LONG_STAY = 3
"""Scenes in a row in one place, at most, on the way to another."""

RESTLESS = 0.55
"""How often a scene on the way is in another place than the one before."""


@dataclass(frozen=True)
class Stage:
    """Where a scene plays."""

    place: str
    time: str
    weather: str


def stages(beats: list[str], kind: str, idea: Idea, rng: Random) -> list[Stage]:
    """The place, time and weather of each beat. What the idea says of them counts; a boat stays on water unless it says otherwise."""
    places = _places(beats, kind, idea, rng)
    times = _times(beats, idea)
    return [Stage(place, time, _weather(beat, place, idea, rng)) for beat, place, time in zip(beats, places, times, strict=True)]


def storm_of(place: str, weather: str) -> str:
    """What a storm is called there."""
    return "snowstorm" if weather == "snow" else "sandstorm" if place == "desert" and weather == "fog" else "storm"


def _places(beats: list[str], kind: str, idea: Idea, rng: Random) -> list[str]:
    homes = list(HOMES[kind])
    target, place = _stood_on(idea.target, kind), _stood_on(idea.place, kind)
    start = place or ("snow field" if idea.weather == "snow" and kind not in WATER else "")
    if not start:
        far = [one for one in homes if one != target] or homes
        start = far[0] if rng.random() < 0.5 else rng.choice(far)
    able = {*homes, start} | ({target} if target else set())
    if target:
        end = target
    elif place:
        end = place
    else:
        end = rng.choice([one for one in homes if one != start] or [start])
    able = able if _distance(start, end, able) is not None else set(PLACES)
    # The film stands at home until it sets out; where the beginning is cut away, the way begins with the second scene.
    leaves = next((index for index, beat in enumerate(beats) if beat not in ("opening", "introduce", "want", "once", "only")), len(beats))
    arrives = next((index for index, beat in enumerate(beats) if beat in ("climax", "only")), len(beats) - 1)
    way = _walk(start, end, max(0, arrives - leaves), able, rng, stay=bool(place) and not target)
    before = [start] * leaves if len(beats) > 1 else []
    out = (before + way + [end] * len(beats))[: len(beats)]
    if beats[-1] == "closing":
        out[-1] = start if (not target and rng.random() < 0.6) or idea.wish == "return" else end
    return out


def _stood_on(place: str, kind: str) -> str:
    """Where somebody stands who comes to a place: what neither swims nor flies comes to the sea on its beach."""
    return "beach" if place == "sea" and habitat(kind) in ("ground", "rooted") else place


def _distance(start: str, end: str, able: set[str]) -> int | None:
    """Steps between two places over places that are able; None when there is no way."""
    seen, waiting = {start}, deque([(start, 0)])
    while waiting:
        place, steps = waiting.popleft()
        if place == end:
            return steps
        for other in NEIGHBOURS[place]:
            if other in able and other not in seen:
                seen.add(other)
                waiting.append((other, steps + 1))
    return None


def _walk(start: str, end: str, count: int, able: set[str], rng: Random, *, stay: bool) -> list[str]:
    """So many places on the way from start to end, which itself comes after them. stay: the film is about this place; every second scene is in it."""
    out: list[str] = []
    here = start
    for step in range(count):
        left = count - step
        options = []
        for place in (*NEIGHBOURS[here], here):
            distance = _distance(place, end, able)
            if place in able and distance is not None and distance <= left - (0 if stay else 1) + 1:
                options.append(place)
        lingering = len(out) >= LONG_STAY - 1 and all(place == here for place in out[-LONG_STAY + 1 :])
        fresh = [place for place in options if place not in out and place != start]
        moving = [place for place in options if place != here and place not in out[-3:]] or [place for place in options if place != here]
        if stay and here != end and end in options:
            here = end
        elif lingering or rng.random() < RESTLESS:
            here = rng.choice(fresh or moving or options or [here])
        elif here not in options:
            here = rng.choice(options or [here])
        out.append(here)
    return out


def _times(beats: list[str], idea: Idea) -> list[str]:
    nightly = idea.goal_thing is not None and idea.goal_thing.noun in NIGHTLY
    table = BY_NIGHT if nightly else BY_DAY
    if idea.time:
        at = TIMES.index(idea.time)  # type: ignore[arg-type]
        table = {**dict.fromkeys(table, idea.time), "opening": TIMES[at - 1], "closing": TIMES[(at + 1) % 4]}
    out: list[str] = []
    anchors = [index for index, beat in enumerate(beats) if beat in table]
    for index, beat in enumerate(beats):
        if beat in table:
            out.append(table[beat])
            continue
        before = max(anchor for anchor in anchors if anchor < index)
        after = min(anchor for anchor in anchors if anchor > index)
        out.append(_between(table[beats[before]], table[beats[after]], index - before, after - before))
    if out[0] == "day" and not idea.time and beats[0] == "introduce" and not nightly:
        out[0] = "dawn"
    return out


def _between(first: str, last: str, step: int, steps: int) -> str:
    """The time of day at a step between two known ones: always forward, over whole days where there are many scenes, about two scenes a time of day."""
    start = TIMES.index(first)  # type: ignore[arg-type]
    way = (TIMES.index(last) - start) % 4  # type: ignore[arg-type]
    while way + 4 <= steps * 0.6:
        way += 4
    return TIMES[(start + round(way * step / steps)) % 4]


def _weather(beat: str, place: str, idea: Idea, rng: Random) -> str:
    given = idea.weather if idea.weather not in ("", "clear") else ""
    if beat == "big trouble":
        weather = given if given in ("snow", "rain") else "rain"
    elif beat in ("climax", "closing"):
        weather = "clear"
    elif given:
        weather = given
    elif beat in ("trouble", "low point"):
        weather = rng.choice(["fog", "cloudy"] if beat == "trouble" else ["fog", "clear", "fog"])
    elif beat in BEATS or beat in ("once", "only", "turn"):
        weather = rng.choice(["clear", "clear", "cloudy"]) if beat in ("friend", "turn") else "clear"
    else:
        weather = rng.choice(["clear", "cloudy", "clear", "fog", "cloudy", "rain"])
    if place == "snow field" and weather == "rain":
        return "snow"
    if place == "desert" and weather == "rain" and given != "rain":
        return "fog"
    return weather
