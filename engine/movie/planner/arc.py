"""The ten beats of a story, thinned or stretched to any number of scenes. Data and one function."""

from __future__ import annotations

from random import Random

BEATS = ("opening", "introduce", "want", "set out", "trouble", "friend", "big trouble", "low point", "climax", "closing")
"""The arc: opening image, who it is about, the wish, setting out, first trouble, a friend, big trouble, the low point, the climax, the closing image."""

SHORT: dict[int, tuple[str, ...]] = {
    1: ("only",), 2: ("once", "climax"), 3: ("once", "big trouble", "climax"), 4: ("once", "big trouble", "climax", "closing"), 5: ("once", "friend", "big trouble", "climax", "closing"),
    6: ("introduce", "want", "friend", "big trouble", "climax", "closing"), 7: ("introduce", "want", "set out", "friend", "big trouble", "climax", "closing"),
    8: ("introduce", "want", "set out", "friend", "big trouble", "low point", "climax", "closing"), 9: BEATS[1:],
}  # fmt: skip
"""What is kept of the arc in a short film: first the wish, the trouble and how it comes true. `once` introduces and wishes at the same time."""

ALONE = ("wonder", "ask", "pass", "weather", "play", "try", "rest", "song")
TOGETHER = ("friends", "weather", "wonder", "pass", "play", "friends", "song", "try", "rest")
RISING = ("turn", "weather", "try", "turn")
"""What may happen on the way: before the friend, with the friend, and after the low point."""

STRETCHES = (("set out", 0.32, ALONE), ("trouble", 0.18, ALONE), ("friend", 0.36, TOGETHER), ("low point", 0.14, RISING))
"""Behind which beat a long film goes on, with which share of its further scenes."""


def arc(scenes: int, rng: Random) -> list[str]:
    """The beats of a film of so many scenes, in order; more than ten have days on the way between them, never two of a sort in a row."""
    if scenes <= len(BEATS):
        return list(SHORT.get(scenes, BEATS))
    further = scenes - len(BEATS)
    counts = [int(further * share) for _, share, _ in STRETCHES]
    # What rounding left over goes first to the turn after the low point, which a story misses most.
    for index in [3, 2, 0, 1] * 2:
        if sum(counts) < further:
            counts[index] += 1
    beats: list[str] = []
    for beat in BEATS:
        beats.append(beat)
        for (behind, _, sorts), count in zip(STRETCHES, counts, strict=True):
            if behind == beat:
                beats += _way(count, sorts, rng)
    return beats


def _way(count: int, sorts: tuple[str, ...], rng: Random) -> list[str]:
    out: list[str] = []
    while len(out) < count:
        order = list(sorts) if sorts is RISING else rng.sample(sorts, len(sorts))
        for sort in order:
            if not out or out[-1] != sort:
                out.append(sort)
    return out[:count]
