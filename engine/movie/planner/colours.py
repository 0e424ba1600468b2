"""The film's palette: the dark of its hours, the hero's colour, the colours of its places. Data and one function."""

from __future__ import annotations

from engine.movie.planner.journey import Stage

DARKS = {"dawn": "#3b3356", "day": "#1f3a52", "sunset": "#452a46", "night": "#191d3a"}
LIGHTS = {"dawn": "#f7c9b6", "day": "#fff1c9", "sunset": "#ffc872", "night": "#cfd8ff"}
PLACES = {
    "sea": "#3f8fb5", "beach": "#e8c98a", "hills": "#7fae5c", "mountains": "#7d8fae", "forest": "#3f7a52", "desert": "#d99a55", "snow field": "#c4d8e8", "city": "#8a6f8f", "river": "#58a3a0",
}  # fmt: skip
HEROES = {
    "red": "#e4472f", "orange": "#f08a32", "yellow": "#f6c63c", "green": "#4c9b57", "blue": "#3c74c9", "purple": "#8456b5", "pink": "#ee86a9", "brown": "#94623d", "white": "#f4efe6", "black": "#33313d", "grey": "#8f949e",
    "turquoise": "#3bb3ad",
}  # fmt: skip


def palette(hero_colour: str, stages: list[Stage]) -> tuple[str, ...]:
    """Four to six colours: a dark ground, the hero's, a light, and those of the places seen most."""
    times = [stage.time for stage in stages]
    main = max(dict.fromkeys(times), key=times.count)
    dark = DARKS["night" if "night" in times else main]
    places = [stage.place for stage in stages]
    seen = sorted(dict.fromkeys(places), key=lambda place: -places.count(place))
    return tuple(dict.fromkeys([dark, HEROES.get(hero_colour, "#e4472f"), LIGHTS[times[-1]], *[PLACES[place] for place in seen[:3]]]))
