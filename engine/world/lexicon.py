"""The words of the world as a table that is looked up by runs of words, longest first; and the cutting of a text into words and clauses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from engine.world import words as w
from engine.world.spec import CAMERAS

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|[.,;:!?…。，、！？\n—]|[☀-➿⬀-⯿\U0001f300-\U0001faff←-⇿⚡⛄⛅⛵☁☂☃☔]")
"""A word, a mark that ends a clause, or a pictogram."""

MARKS = frozenset(".,;:!?…。，、！？\n—")

LONGEST = 6
"""Words in the longest phrase of the table."""


@dataclass(frozen=True)
class Entry:
    """What a run of words means.

    field: noun, colour, size, speed, direction, position, motion, go, facing, time, weather, place, camera, lens, sky, not, count;
    value: a value of the spec's field, or the number; plural: a noun in its plural.
    """

    field: str
    value: str
    plural: bool = False


@dataclass(frozen=True)
class Token:
    """A word as written, its lower-case form, and its place in the text."""

    start: int
    end: int
    word: str


@dataclass(frozen=True)
class Item:
    """An entry found in the text at [start, end)."""

    start: int
    end: int
    entry: Entry


def tokens(text: str) -> list[Token]:
    """The words and marks of a text; hyphens part words."""
    return [Token(m.start(), m.end(), m.group().lower().replace("’", "'")) for m in WORD.finditer(text)]


def _split(phrase: str) -> tuple[str, ...]:
    return tuple(t.word for t in tokens(phrase))


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith(("s", "sh", "ch", "x")) else "s")


def _vocabulary() -> Iterator[tuple[str, Entry]]:
    """Every phrase with its meaning; a later one replaces an earlier one of the same words."""
    for verb in w.GO_WORDS:
        for form in w.forms(verb):
            yield form, Entry("go", "go")
    for motion, phrases in w.MOTION_WORDS.items():
        for phrase in phrases:
            for form in w.forms(phrase) if phrase[0].isalpha() else [phrase]:
                yield form, Entry("motion", motion)
    for motion, lists in w.MOTION_PHRASES.items():
        for pair in lists[0] + lists[1]:
            yield pair[0], Entry("motion", motion)
            yield pair[1], Entry("motion", motion)
    for field, table in (
        ("colour", w.COLOUR_WORDS),
        ("size", w.SIZE_WORDS),
        ("speed", w.SPEED_WORDS),
        ("direction", w.DIRECTION_WORDS),
        ("facing", w.FACING_PHRASES),
    ):
        for value, (usual, rare) in table.items():
            for phrase in usual + rare:
                yield phrase, Entry(field, value)
    for field, more in (
        ("colour", w.MORE_COLOURS),
        ("size", w.MORE_SIZES),
        ("speed", w.MORE_SPEEDS),
        ("direction", w.MORE_DIRECTIONS),
        ("position", w.POSITION_WORDS),
    ):
        for phrase, value in more.items():
            yield phrase, Entry(field, value)
    for side in ("left", "right"):
        for lead in ("facing", "looking", "faces", "looks", "turned", "pointing"):
            for way in (side, f"to the {side}", f"towards the {side}"):
                yield f"{lead} {way}", Entry("facing", side)
        yield f"{side} facing", Entry("facing", side)
    for field, listed in (("time", w.TIME_WORDS), ("weather", w.WEATHER_WORDS), ("place", w.PLACE_WORDS)):
        for value, phrases in listed.items():
            for phrase in phrases:
                yield phrase, Entry(field, value)
    yield from _camera_phrases()
    for kind, (usual, rare) in w.NOUNS.items():
        for noun in usual + rare + w.MORE_NOUNS.get(kind, []):
            yield noun, Entry("noun", kind)
            if noun[0].isalpha():
                yield _plural(noun), Entry("noun", kind, plural=True)
    singular = {noun: kind for kind, (a, b) in w.NOUNS.items() for noun in a + b + w.MORE_NOUNS.get(kind, [])}
    for many, one in w.PLURALS.items():
        yield many, Entry("noun", singular[one], plural=many != one)
    for number, names in (
        ("2", ("two", "2", "a pair of", "a couple of", "both")),
        ("3", ("three", "3", "several", "a flock of", "a group of", "a few", "some")),
        ("1", ("one", "1", "single")),
    ):
        for name in names:
            yield name, Entry("count", number)
    for number in ("four", "five", "six", "seven", "eight", "nine", "ten", "dozen", "4", "5", "6", "7", "8", "9", "10"):
        yield number, Entry("count", "3")
    for name in ("no", "not", "without", "never", "isn't", "aren't", "don't", "doesn't", "neither", "nor", "except", "avoid"):
        yield name, Entry("not", "not")
    yield "rocking", Entry("motion", "sway")
    yield "sky", Entry("sky", "sky")
    yield "sun", Entry("sky", "sun")


def _camera_phrases() -> Iterator[tuple[str, Entry]]:
    for name in w.CAMERA_NAMES:
        yield name, Entry("lens", name)
    ways = {
        "left": ("left", "to the left", "leftwards", "leftward", "towards the left"),
        "right": ("right", "to the right", "rightwards", "rightward", "towards the right"),
        "up": ("up", "upwards", "upward", "to the top"),
        "down": ("down", "downwards", "downward", "to the bottom"),
    }
    for way, phrases in ways.items():
        move = Entry("camera", f"pan {way}" if way in ("left", "right") else f"tilt {way}")
        own = "pan" if way in ("left", "right") else "tilt"
        for phrase in phrases:
            for verb in w.forms(own) + [
                "pan" if own == "tilt" else "tilt",
                "pans" if own == "tilt" else "tilts",
                "panning" if own == "tilt" else "tilting",
            ]:
                yield f"{verb} {phrase}", move
                yield f"{phrase} {verb}", move
                for name in w.CAMERA_NAMES[:3]:
                    yield f"{name} {verb} {phrase}", move
            for verb in w.forms("move") + w.forms("turn") + w.forms("swing") + w.forms("look"):
                for name in w.CAMERA_NAMES[:3]:
                    yield f"{name} {verb} {phrase}", move
    for value, verbs in (
        ("zoom in", ("zoom in", "push in", "dolly in", "move in", "move closer", "come closer", "zoom")),
        ("zoom out", ("zoom out", "pull back", "pull out", "dolly out", "move away", "move back")),
        ("follow", ("follow", "track", "move along", "travel along", "chase")),
    ):
        for verb in verbs:
            for form in w.forms(verb):
                for name in w.CAMERA_NAMES[:3]:
                    yield f"{name} {form}", Entry("camera", value)
                if verb.split()[0] in ("zoom", "push", "pull", "dolly"):
                    yield form, Entry("camera", value)
    for phrase in ("tracking shot", "follow shot", "following shot", "follow cam", "following it"):
        yield phrase, Entry("camera", "follow")
    for phrase in ("static camera", "fixed camera", "still camera", "static shot", "still shot", "fixed shot", "locked shot",
        "camera is fixed", "camera is still", "camera stays still",
                   "camera does not move", "camera doesn't move", "camera holds still", "no camera movement", "camera is static",
                       "camera stands still", "camera stays", "static", "camera still"):  # fmt: skip
        yield phrase, Entry("camera", "still")
    for value in CAMERAS[1:]:
        yield f"camera {value}", Entry("camera", value)


@lru_cache(maxsize=1)
def table() -> dict[tuple[str, ...], Entry]:
    """Words -> meaning."""
    return {key: entry for phrase, entry in _vocabulary() if (key := _split(phrase))}


@lru_cache(maxsize=1)
def vocabulary() -> list[str]:
    """Single words worth offering for one that is not known."""
    fields = {"noun", "colour", "place", "weather", "time", "motion", "go", "speed", "size"}
    return sorted(
        {key[0] for key, entry in table().items() if len(key) == 1 and entry.field in fields and len(key[0]) > 2 and key[0].isascii()}
    )


def found(text: str) -> tuple[list[Item | Token], list[Token]]:
    """The text in order as items and clause marks (and the words "and", "while"), and the words with no meaning here."""
    known, words = table(), tokens(text)
    out: list[Item | Token] = []
    unknown: list[Token] = []
    k = 0
    while k < len(words):
        token = words[k]
        if token.word in MARKS:
            out.append(token)
            k += 1
            continue
        for length in range(min(LONGEST, len(words) - k), 0, -1):
            entry = known.get(tuple(t.word for t in words[k : k + length]))
            if entry is not None:
                out.append(Item(token.start, words[k + length - 1].end, entry))
                k += length
                break
        else:
            if token.word in ("and", "while", "as", "with", "&", "but"):
                out.append(token)
            elif token.word not in w.STYLE_WORDS and not token.word.isdigit():
                unknown.append(token)
                out.append(token)
            else:
                out.append(token)
            k += 1
    return out, unknown
