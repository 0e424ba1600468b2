"""How long each scene lasts: by the weight of its beat, to a tenth of a second, and all together with the title card exactly as long as asked for."""

from __future__ import annotations

from engine.errors import InvalidInput
from engine.movie.plan import LONGEST_FILM, LONGEST_SCENE, LONGEST_TITLE, SHORTEST_SCENE

WEIGHTS = {"opening": 0.9, "introduce": 1.0, "want": 1.15, "once": 1.2, "friend": 1.05, "big trouble": 1.1, "low point": 0.9, "climax": 1.2, "closing": 1.1, "turn": 0.9, "rest": 0.9}
"""Beat -> its share of the time; 1 where it is not named."""

TITLE_SHARE, TITLE_LEAST, TITLE_MOST = 0.065, 1.6, 3.0
"""The title card's share of the film, and its bounds in seconds."""

SHORT_SCENE = 1.0
"""Where scenes would be shorter with a title card, there is none."""


def check_fits(scenes: int, seconds: float) -> None:
    """Refuse more scenes than the time has room for, and fewer than fill it. Raises `InvalidInput`."""
    if scenes * SHORTEST_SCENE > seconds + 1e-9:
        raise InvalidInput(
            f"{scenes} scenes do not fit into {seconds:g} s", why=f"a scene lasts at least {SHORTEST_SCENE:g} s", fix=f"ask for at most {int(seconds / SHORTEST_SCENE)} scenes or for at least {scenes * SHORTEST_SCENE:g} s", field="scenes"
        )
    if scenes * LONGEST_SCENE + LONGEST_TITLE < seconds:
        raise InvalidInput(
            f"{scenes} scenes do not fill {seconds:g} s", why=f"a scene lasts at most {LONGEST_SCENE:g} s", fix=f"ask for at least {-int(-(seconds - LONGEST_TITLE) // LONGEST_SCENE)} scenes", field="scenes"
        )


def lengths(weights: list[float], seconds: float) -> tuple[float, list[float]]:
    """Length of the title card and of each scene in seconds; together `seconds`. Raises `InvalidInput` where they do not fit."""
    count = len(weights)
    check_fits(count, seconds)
    title = round(min(TITLE_MOST, max(TITLE_LEAST, seconds * TITLE_SHARE)), 1)
    if seconds - title < count * SHORT_SCENE:
        title = 0.0
    title = max(title, round(seconds - count * LONGEST_SCENE, 1))
    parts = shared(weights, seconds - title)
    while title + sum(parts) > LONGEST_FILM:
        # Sums of tenths can be a hair too long for the longest film allowed.
        parts[-1] -= 1e-9
    return title, parts


def shared(weights: list[float], seconds: float) -> list[float]:
    """`seconds` shared by weights, each within a scene's bounds and all but the last a whole number of tenths."""
    least, most = round(SHORTEST_SCENE * 10), round(LONGEST_SCENE * 10)
    tenths = int(seconds * 10 + 1e-6)
    rest = seconds - tenths / 10
    bounds = [most] * (len(weights) - 1) + [int(most - rest * 10)]
    total = sum(weights)
    parts = [min(high, max(least, int(tenths * weight / total))) for weight, high in zip(weights, bounds, strict=True)]
    while (missing := tenths - sum(parts)) != 0:
        step = 1 if missing > 0 else -1
        # One tenth at a time to whoever is furthest from its share, so that nobody leaves the bounds.
        able = [i for i, part in enumerate(parts) if (part < bounds[i] if step > 0 else part > least)]
        if not able:
            break
        index = max(able, key=lambda i: step * (tenths * weights[i] / total - parts[i]))
        parts[index] += step
    out = [part / 10 for part in parts]
    out[-1] = round(out[-1] + rest, 6)
    return out
