"""Sentences as people type them: the world's captions loosened by synonyms, omissions and words that mean nothing here."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from engine.world import words as w
from engine.world.captions import captions
from engine.world.spec import FACED, SceneSpec

WORD = re.compile(r"[^\W\d_]+|\d|[^\w\s]+")


def plain(text: str) -> list[str]:
    """The lower-case words, single digits and runs of marks of a text, as the tokenizer parts them."""
    return WORD.findall(text.lower())


@lru_cache(maxsize=1)
def synonyms() -> dict[str, list[str]]:
    """Usual phrase -> everyday synonyms that the world's captions never use, not even the held-out ones. Pictograms are left out."""
    found: dict[str, list[str]] = {}
    for kind, (usual, held) in w.NOUNS.items():
        for phrase in usual:
            found.setdefault(phrase, []).extend(p for p in w.MORE_NOUNS.get(kind, []) if p.isascii() and p not in held)
    for usual_by_value, more in ((w.COLOUR_WORDS, w.MORE_COLOURS), (w.SIZE_WORDS, w.MORE_SIZES), (w.SPEED_WORDS, w.MORE_SPEEDS), (w.DIRECTION_WORDS, w.MORE_DIRECTIONS)):
        for value, (usual, held) in usual_by_value.items():
            for phrase in usual:
                found.setdefault(phrase, []).extend(p for p, means in more.items() if means == value and p not in held)
    for phrases, words, frames in (
        (w.TIME_PHRASES, w.TIME_WORDS, ("at {}", "in the {}", "{}")), (w.PLACE_PHRASES, w.PLACE_WORDS, ("in the {}", "by the {}", "at the {}", "{}")),
        (w.WEATHER_PHRASES, w.WEATHER_WORDS, ("with {}", "{}", "in {}")),
    ):  # fmt: skip
        for value, (usual, held) in phrases.items():
            kept = [word for word in words[value] if word.isascii() and not any(word in phrase for phrase in held)]
            for phrase in filter(None, usual):
                found.setdefault(phrase, []).extend(frame.format(word) for word in kept for frame in frames)
    return {phrase: list(dict.fromkeys(more)) for phrase, more in found.items() if more}


@lru_cache(maxsize=1)
def _any_phrase() -> re.Pattern[str]:
    longest_first = sorted(synonyms(), key=len, reverse=True)
    return re.compile(r"\b(" + "|".join(map(re.escape, longest_first)) + r")\b")


def everyday(text: str, rng: np.random.Generator, *, swap: float = 0.15, strange: float = 0.02, lower: float = 0.2) -> str:
    """A caption with a share of its phrases swapped for synonyms, and now and then a word of random letters put in or in place of "a"."""
    table = synonyms()

    def other(match: re.Match[str]) -> str:
        options = table[match.group(1)]
        return options[int(rng.integers(len(options)))] if rng.random() < swap else match.group(1)

    words = []
    for word in _any_phrase().sub(other, text).split(" "):
        if word in ("a", "an", "the") and rng.random() < 0.1:
            continue
        words.append(word)
        if rng.random() < strange:
            words.append("".join(chr(97 + int(k)) for k in rng.integers(0, 26, int(rng.integers(3, 9)))))
    loose = " ".join(words)
    return loose.lower().rstrip(".") if rng.random() < lower else loose


SHORT = ["{s} {p} {t} {w}", "{s}, {p}, {t}, {w}", "{t} {p}, {s} {w}", "{p} {t} {w} with {s}", "{w} {t}: {s} {p}", "{s} {t} {w} {p}", "{p}: {s}, {t}, {w}"]
SHORT_HELD_OUT = ["please draw {s} {p} {w} {t}", "I want {s} {p} {t}, {w}", "{t}, {w}, {p}: {s}", "a drawing with {s} {w} {p} {t}", "{w} {p} and {s} {t}", "make {s} {p}. {t}. {w}."]
"""Patterns of short prompts: subjects, place, time, weather. The second list is for testing only."""


def short(spec: SceneSpec, rng: np.random.Generator, *, held_out: bool = False, leave_out: float = 0.3) -> tuple[str, set[str]]:
    """A prompt as people type it, in usual words, and the names of what it says: place, time, weather, colour, size, motion, kind, looks.

    Place, time and weather are each left out with chance `leave_out`, size and motion more often; kind and colour are always said.
    """
    said = {"kind", "colour", *(name for name in ("place", "time", "weather") if rng.random() >= leave_out)}
    said |= {name for name in ("size", "motion") if rng.random() >= 0.6}

    def one(options: list[str]) -> str:
        return options[int(rng.integers(len(options)))]

    things = []
    for thing in spec.subjects:
        size = one(w.SIZE_WORDS[thing.size][0]) if "size" in said and thing.size != "medium" else ""
        name = f"{size} {one(w.COLOUR_WORDS[thing.colour][0])} {one(w.NOUNS[thing.kind][0])}".strip()
        moving = ""
        if "motion" in said:
            if thing.motion in ("left", "right"):
                moving = f"moving {one(w.DIRECTION_WORDS[thing.motion][0])}"
            else:
                pairs = w.MOTION_PHRASES[thing.motion][0]
                moving = pairs[int(rng.integers(len(pairs)))][1]
                moving = f"{moving} {one(w.FACING_PHRASES[thing.facing][0])}" if thing.kind in FACED else moving
        article = "" if rng.random() < 0.3 else "an " if name[0] in "aeiou" else "a "
        things.append(f"{article}{name} {moving}".strip())
    parts = {
        "s": " and ".join(things),
        "p": one(w.PLACE_PHRASES[spec.place][0]) if "place" in said else "",
        "t": one(w.TIME_PHRASES[spec.time][0]) if "time" in said else "",
        "w": one(w.WEATHER_PHRASES[spec.weather][0]) if "weather" in said else "",
    }
    text = one(SHORT_HELD_OUT if held_out else SHORT).format(**parts)
    return re.sub(r"^[\s,.:]+|[\s,:]+$", "", re.sub(r"([,.:])(?:\s*[,.:])+", r"\1", re.sub(r"\s+", " ", re.sub(r"\s+([,.:])", r"\1", text)))), said


def typed(spec: SceneSpec, rng: np.random.Generator, *, caption: str | None = None) -> tuple[str, set[str] | None]:
    """A training prompt: a full caption loosened, or a short one. With it what it says; none for all of it."""
    if rng.random() < 0.35:
        text, said = short(spec, rng)
        return everyday(text, rng), said
    return everyday(captions(spec, rng, 1)[0] if caption is None else caption, rng), None
