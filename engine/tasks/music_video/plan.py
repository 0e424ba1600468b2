"""A pleasant plan from a song's sections and one sentence: intervals that change one thing at a time and chain, calm parts held, loud ones changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.tasks.music_video.request import Interval
from engine.world import spec

if TYPE_CHECKING:
    from engine.sound.music.grid import BeatGrid

LONGEST = 16.0
"""Seconds: a longer section is cut in equal parts at first beats."""

SHORTEST = 1.5

CALM = 0.35
"""Loudness of a section below which its picture stays and only breathes."""

TIMES = ("by day", "at sunset", "at night", "at dawn")
DULL = ("black", "grey", "brown")
COLOURS = tuple(colour for colour in spec.COLOURS if colour not in DULL)
PLACES = ("over the hills", "over the sea", "over the mountains", "over the city", "over the forest", "over the desert")


def intervals(seconds: float, sections: Sequence[Any], downbeats: np.ndarray, loudness: Sequence[float], theme: str, seed: int) -> list[Interval]:
    """Intervals that cover the whole song. sections: with `start`, `end` and `label`; loudness: 0..1 of each section.

    The first picture is the theme; each change alters the time of day, the colour or the place in turn; a section that sounds like an earlier one begins with that one's picture.
    """
    rng = np.random.default_rng([seed, 5])
    edges = _edges(seconds, sections, downbeats)
    state = {"time": _named(theme, TIMES, 0), "colour": _named(theme, COLOURS, int(rng.integers(len(COLOURS)))), "place": _named(theme, PLACES, 0)}
    order = ["time", "colour", "time", "place"]
    known: dict[str, dict[str, int]] = {}
    out: list[Interval] = []
    change = 0
    for start, end, which in edges:
        label = str(getattr(sections[which], "label", which)) if len(sections) else ""
        loud = loudness[which] if len(loudness) > which else 0.5
        if out and label in known and _first_of(edges, start, which):
            state = dict(known[label])
        known.setdefault(label, dict(state))
        begin = _prompt(theme, state)
        calm = loud < CALM
        if not calm:
            what = order[change % len(order)]
            change += 1
            options = {"time": TIMES, "colour": COLOURS, "place": PLACES}[what]
            state = {**state, what: (state[what] + 1) % len(options)}
        chained = bool(out) and out[-1].end_prompt == begin
        out.append(
            Interval(
                start=start, end=end, start_prompt="" if chained else begin, end_prompt=_prompt(theme, state), pattern="hold" if calm else "transition",
                driver="level" if calm else "percussive", target="zoom" if calm else "progress",
            )  # fmt: skip
        )
    return out


def _named(theme: str, options: Sequence[str], otherwise: int) -> int:
    """Which of the options a theme names by itself."""
    words = f" {theme.lower()} "
    return next((k for k, option in enumerate(options) if f" {option} " in words), otherwise)


def _first_of(edges: list[tuple[float, float, int]], start: float, which: int) -> bool:
    """Whether a part is the first one of its section."""
    return min(a for a, _, section in edges if section == which) == start


def _edges(seconds: float, sections: Sequence[Any], downbeats: np.ndarray) -> list[tuple[float, float, int]]:
    """(start, end, section) of parts that cover 0..seconds, none longer than `LONGEST` where there is a first beat to cut at."""
    starts = [0.0, *[float(section.start) for section in sections[1:] if SHORTEST < section.start < seconds - SHORTEST]] if len(sections) else [0.0]
    out: list[tuple[float, float, int]] = []
    for k, start in enumerate(starts):
        end = starts[k + 1] if k + 1 < len(starts) else seconds
        which = max((i for i, section in enumerate(sections) if section.start <= start + 1e-3), default=0)
        parts = max(1, round((end - start) / LONGEST))
        cuts = [start]
        for part in range(1, parts):
            wanted = start + (end - start) * part / parts
            near = downbeats[(downbeats > cuts[-1] + SHORTEST) & (downbeats < end - SHORTEST)]
            cuts.append(float(near[np.argmin(np.abs(near - wanted))]) if len(near) else wanted)
        cuts.append(end)
        out += [(a, b, which) for a, b in zip(cuts, cuts[1:], strict=False) if b > a]
    return out


def _prompt(theme: str, state: dict[str, int]) -> str:
    """The theme with one colour, place and time of day instead of its own where it names such, and with the others added."""
    words = theme.split()
    colour = COLOURS[state["colour"]]
    told = [word for word in words if word.lower() not in COLOURS]
    at = next((k for k, word in enumerate(words) if word.lower() in COLOURS), 1 if words and words[0].lower() in ("a", "an", "the") else 0)
    told.insert(min(at, len(told)), colour)
    text = " ".join(told)
    for option in (*PLACES, *TIMES):
        text = text.replace(f" {option}", "")
    return f"{text} {PLACES[state['place']]} {TIMES[state['time']]}"


def loudness(grid: BeatGrid) -> list[float]:
    """0..1 mean level of each section, the loudest being 1."""
    level = grid.curves["level"]
    means = [float(level[int(s.start * grid.rate) : max(int(s.end * grid.rate), int(s.start * grid.rate) + 1)].mean()) if len(level) else 0.0 for s in grid.sections]
    top = max(means, default=1.0)
    return [value / top if top > 0 else 0.0 for value in means]
