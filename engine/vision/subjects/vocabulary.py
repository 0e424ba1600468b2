"""Words by which a thing in a picture is called, as terms: colour, kind, place, size, motion, shape, rank, negation. English. Data and one reader, no pixels."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from engine.world import words as world


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


PERSON = _listed(
    "person man woman boy girl child kid baby guy lady gentleman human someone somebody pedestrian walker runner jogger dancer driver speaker passenger skater skier "
    "worker player pupil student teacher policeman he she him her men women people persons children kids pedestrians walkers runners"
)
RIDERS = ("cyclist", "cyclists", "biker", "bikers", "rider", "bike rider", "bicyclist")
FACES = ("face", "head", "faces", "heads")
GENERIC = _listed("thing things object objects one ones subject subjects it item element figure something part")

GROUPS = {
    "animal": ("bird", "butterfly", "fish", "whale", "duck", "cat", "dog", "horse"),
    "vehicle": ("plane", "helicopter", "rocket", "boat", "car", "bus", "train", "bicycle", "balloon"),
    "aircraft": ("plane", "helicopter", "rocket", "balloon"),
    "plant": ("tree", "flower"),
    "building": ("house", "windmill"),
    "toy": ("ball", "kite", "balloon"),
}

COLOURS = {
    "dark": "dark", "darker": "dark", "black-ish": "black", "light": "light", "bright": "light", "pale": "light", "lighter": "light", "reddish": "red", "greenish": "green", "bluish": "blue",
    "yellowish": "yellow", "tan": "brown", "golden": "yellow", "blonde": "yellow", "silver": "grey", "greyish": "grey", "grayish": "grey", "whitish": "white", "cyan": "turquoise",
    "salmon": "pink", "violet": "purple", "crimson": "red", "scarlet": "red", "navy": "blue", "colourful": "colourful", "colorful": "colourful",
}  # fmt: skip

PLACES = {
    "left": "left", "left-hand": "left", "right": "right", "right-hand": "right", "middle": "middle", "centre": "middle", "center": "middle", "central": "middle", "top": "top",
    "upper": "top", "above": "top", "bottom": "bottom", "lower": "bottom", "below": "bottom", "sky": "top", "up there": "top", "down there": "bottom", "in the air": "top",
}  # fmt: skip

SIZES = {
    "big": "big", "large": "big", "huge": "big", "giant": "big", "great": "big", "small": "small", "little": "small", "tiny": "small", "mini": "small", "medium": "medium", "mid-sized": "medium",
    "largest": "rank big", "biggest": "rank big", "bigger": "rank big", "larger": "rank big", "smallest": "rank small", "smaller": "rank small",
}  # fmt: skip

RANKS = {
    "leftmost": "left", "rightmost": "right", "far left": "left", "far right": "right", "topmost": "top", "highest": "top", "upmost": "top", "lowest": "bottom", "fastest": "fast", "faster": "fast",
    "quickest": "fast", "slowest": "slow", "slower": "slow", "tallest": "tall", "nearest": "near", "closest": "near", "front": "near", "in front": "near", "foreground": "near",
    "furthest": "far", "farthest": "far", "behind": "far", "background": "far", "back": "far", "at the back": "far",
}  # fmt: skip

ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "1st": 1, "2nd": 2, "3rd": 3, "last": -1}

MOVES = _listed(
    "move go drive walk run ride fly sail swim travel come pass cross slide roll drift float step hurry race speed glide jump hop bounce climb rise fall sink dance wave turn circle march stroll jog "
    "cycle rush zoom soar dive descend ascend head steam chug gallop trot flutter hover sway rock swing bob"
)
STILLS = ("still", "standing", "stands", "static", "parked", "motionless", "stationary", "unmoving", "resting", "sitting", "not moving", "doesn't move", "does not move", "stopped", "waiting", "fixed")
WAYS = {
    "left": "left", "leftwards": "left", "leftward": "left", "right": "right", "rightwards": "right", "rightward": "right", "up": "up", "upwards": "up", "upward": "up", "down": "down",
    "downwards": "down", "downward": "down", "away": "away", "closer": "towards", "nearer": "towards", "towards": "towards", "toward": "towards", "forwards": "towards",
}  # fmt: skip
GROWING = {"approaching": "towards", "approaches": "towards", "receding": "away", "leaving": "away", "growing": "towards", "shrinking": "away"}
OWN_WAYS = {"rising": "up", "rises": "up", "climbing": "up", "climbs": "up", "ascending": "up", "falling": "down", "falls": "down", "sinking": "down", "sinks": "down", "descending": "down", "descends": "down", "diving": "down"}
SPEEDS = {"fast": "fast", "quick": "fast", "quickly": "fast", "slow": "slow", "slowly": "slow", "rapidly": "fast", "fast-moving": "fast"}
SHAPES = {"tall": "tall", "high": "tall", "upright": "tall", "wide": "wide", "broad": "wide", "flat": "wide", "round": "round", "circular": "round", "ball-shaped": "round", "long": "long", "thin": "long", "narrow": "long"}

NEGATIONS = frozenset(_listed("not no except without isn't aren't don't doesn't neither nor never excluding"))
FILLERS = frozenset(
    _listed(
        "the a an that this these those which who whom what is are was be being on at in to of from with and or by side hand please my our its his me us just only toward one's part most very quite rather "
        "i mean want select pick take there here can you see seen picture video clip scene frame image as well also both all of two three four five pair there's corner half end edge area direction way "
        "colored coloured color colour looking kind type paper-cut paper cut whole across along through over under around out off into for so it's that's"
    )
)


@dataclass(frozen=True)
class Term:
    """What a run of words was taken for. field: colour, kind, place, size, motion, speed, shape, rank, ordinal, face, any, unknown; no: it must not be so."""

    words: str
    field: str
    value: str
    no: bool = False


def _forms(verb: str) -> list[str]:
    if verb.endswith("e") and not verb.endswith("ee"):
        return [verb, verb + "s", verb[:-1] + "ing"]
    double = verb[-1] if re.search("[^aeiou][aeiou][bdgmnpt]$", verb) and verb not in ("sail",) else ""
    tail = "es" if verb.endswith(("s", "sh", "ch", "o", "ss")) else "s"
    return [verb, verb + tail if not verb.endswith("ly") and not re.search("[^aeiou]y$", verb) else verb[:-1] + "ies", verb + double + "ing"]


@lru_cache(maxsize=1)
def table() -> dict[str, tuple[str, str]]:
    """Phrase -> (field, value); later entries replace earlier ones."""
    out: dict[str, tuple[str, str]] = {}
    for kind, (usual, rare) in world.NOUNS.items():
        for noun in (*usual, *rare, *world.MORE_NOUNS.get(kind, [])):
            out[noun] = out[noun + "s"] = ("kind", kind)
            if noun.endswith(("s", "sh", "ch")):
                out[noun + "es"] = ("kind", kind)
    for many, one in world.PLURALS.items():
        if one in out:
            out[many] = out[one]
    for group in GROUPS:
        out[group] = out[group + "s"] = ("kind", group)
    for colour, (usual, rare) in world.COLOUR_WORDS.items():
        for word in (*usual, *rare):
            out[word] = ("colour", colour)
    out.update({word: ("colour", value) for word, value in (*world.MORE_COLOURS.items(), *COLOURS.items())})
    out.update(dict.fromkeys(PERSON, ("kind", "person")))
    out.update(dict.fromkeys(RIDERS, ("kind", "cyclist")))
    out.update(dict.fromkeys(FACES, ("kind", "face")))
    out.update(dict.fromkeys(GENERIC, ("any", "thing")))
    out.update({word: ("motion", "moving") for verb in MOVES for word in _forms(verb)})
    out.update(dict.fromkeys(STILLS, ("motion", "still")))
    out.update({word: ("motion", value) for table_of in (GROWING, OWN_WAYS) for word, value in table_of.items()})
    out.update({word: ("size", value) for word, value in SIZES.items()})
    out.update({word: ("speed", value) for word, value in SPEEDS.items()})
    out.update({word: ("shape", value) for word, value in SHAPES.items()})
    out.update({word: ("place", value) for word, value in PLACES.items()})
    out.update({word: ("rank", value) for word, value in RANKS.items()})
    out.update({word: ("ordinal", str(value)) for word, value in ORDINALS.items()})
    # "light" and "train", "rock", "wave", "fly"... keep the meaning given last above; these are meant otherwise nearly always.
    out.update({"train": ("kind", "train"), "light": ("colour", "light"), "back": ("rank", "far"), "head": ("kind", "face"), "moving": ("motion", "moving")})
    return out


def read(text: str) -> list[Term]:
    """The terms of a description, in order; words that say nothing are left out, unknown ones are terms of the field unknown."""
    words = re.findall(r"[^\W_]+(?:['’-][^\W_]+)*|[,;.!?]", text.lower().replace("’", "'"))
    known, terms = table(), list[Term]()
    no, since_motion, k = False, 99, 0
    while k < len(words):
        for length in range(min(4, len(words) - k), 0, -1):
            phrase = " ".join(words[k : k + length])
            if phrase in known or length == 1:
                break
        since_motion += 1
        word, field, value = phrase, *known.get(phrase, ("", ""))
        if word in ",;.!?" or word in ("but", "and", "which", "that", "who"):
            no = no and word in ("which", "that", "who")
            since_motion = 99 if word in (",", ";", ".", "but") else since_motion
        elif word in NEGATIONS:
            no = True
        elif since_motion <= 3 and word in WAYS and not (k > 0 and words[k - 1] in ("the", "on", "at") and "to" not in words[max(0, k - 3) : k] and "towards" not in words[max(0, k - 3) : k]):
            way = WAYS[word]
            follows = words[k + 1 : k + 3]
            if word in ("towards", "toward") and any(one in WAYS for one in (*follows, *words[k + 1 : k + 4])):
                way = ""
            if way and terms and terms[-1].field == "motion" and terms[-1].value == "moving":
                terms[-1] = Term(f"{terms[-1].words} {word}", "motion", way, terms[-1].no)
            elif way:
                terms.append(Term(word, "motion", way, no))
        elif field:
            if field == "motion":
                since_motion = 0
            terms.append(Term(word, field, value, no and field != "any"))
        elif word not in FILLERS and not word.isdigit():
            terms.append(Term(word, "unknown", word, no))
        k += length
    return _ranked(terms, words)


def _ranked(terms: list[Term], words: list[str]) -> list[Term]:
    """Ordinals take the side that follows (the second from the left), and so do comparisons (the left of the two)."""
    out: list[Term] = []
    for k, term in enumerate(terms):
        nouns = [other for other in terms[k + 1 : k + 3] if other.field == "place"]
        if term.field == "ordinal":
            side = nouns[0].value if nouns else "left"
            out.append(Term(" ".join([term.words, "from the", side]), "rank", f"{side} {term.value}", term.no))
            terms = [one if one not in nouns[:1] else Term(one.words, "used", "") for one in terms]
            continue
        if term.field == "place" and any(pair in " ".join(words) for pair in ("of the two", "of them", "of the three", "of both")):
            out.append(Term(term.words, "rank", term.value, term.no))
            continue
        if term.field == "size" and term.value.startswith("rank "):
            out.append(Term(term.words, "rank", term.value[5:], term.no))
            continue
        if term.field == "used":
            continue
        out.append(term)
    used = {one.words for one in terms if one.field == "used"}
    return [one for one in out if not (one.field == "place" and one.words in used)]
