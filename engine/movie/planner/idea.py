"""From one sentence in any language to what a film needs to know of it: who, what they wish, with whom, where, when, in what weather. Grammar by word tables; never fails.

In English a word that no table knows is kept as it is written. In other languages it cannot be told in English: it is named in `Idea.strange`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from engine.movie.planner.vocabulary import NOUN_FIRST, Word, plural_of, scan, told
from engine.movie.planner.wishes import MODAL, WISHES

PEOPLE = ("she", "he", "they")
BEINGS = (*PEOPLE, "beast", "flier", "swimmer")

LONGEST_NAME = 24
"""Letters of a name, and of a word that no table knows."""

MOST_STRANGE = 3

TALES = ("adventure", "story", "tale")
"""Nouns that only say that something is told."""

SMALL_ENDINGS = {"de": ("chen", "lein"), "nl": ("je",), "es": ("ito", "ita", "itos", "itas"), "pt": ("inho", "inha", "inhos", "inhas"), "it": ("etto", "etta", "ino", "ina")}
LITTLE_FIRST: dict[str, tuple[str, ...]] = {"zh": ("小",), "ja": ("子", "小")}
FULL_GROWN = ("mädchen", "meisje", "kaninchen", "eichhörnchen", "kuchen", "drachen", "knochen", "glühwürmchen", "gänseblümchen", "bambino", "bambina", "contadino", "contadina", "regina", "sottomarino", "macchina", "macchine", "rainha", "andorinha", "joaninha", "sabrina")
"""Endings and beginnings that make a noun a little one, and nouns that only end so."""


@dataclass(frozen=True)
class Thing:
    """Somebody or something of the idea, in English. kind: the world's, "" when it is not drawn; category: kind of being; article: a, the, own or "" as written."""

    noun: str
    kind: str = ""
    category: str = "thing"
    name: str = ""
    colour: str = ""
    size: str = ""
    count: int = 1
    qualities: tuple[str, ...] = ()
    article: str = ""
    written: str = ""
    counted: bool = False
    """A number was said; otherwise two stand for any many."""

    @property
    def described(self) -> str:
        """All that is known of it, without an article: lonely little red boat."""
        return " ".join(part for part in (*self.qualities, self.size, self.colour, self.noun) if part)


@dataclass(frozen=True)
class Idea:
    """What a sentence tells. wish: a key of `wishes.WISHES`; learning: the wish is to learn it; goal: what it is about, in English with its article, "" for none.

    place, time, weather: the world's words; place_name: as the story says it; target: the place that the wish leads to; receiver: to whom something is brought; moods: adjectives that colour the film.
    """

    language: str
    hero: Thing | None
    wish: str = ""
    learning: bool = False
    goal: str = ""
    goal_thing: Thing | None = None
    receiver: str = ""
    target: str = ""
    friends: tuple[Thing, ...] = ()
    place: str = ""
    place_name: str = ""
    time: str = ""
    weather: str = ""
    moods: tuple[str, ...] = ()
    strange: tuple[str, ...] = ()


@dataclass
class _Group:
    """A noun with what describes it, while it is read. at: index of its first and last word."""

    first: int
    last: int
    thing: Thing
    led_by: str = ""
    """What stands before it: together, to, or nothing."""


@dataclass
class _Pending:
    """Adjectives and an article that wait for their noun."""

    first: int = -1
    colour: str = ""
    size: str = ""
    count: int = 1
    qualities: list[str] = field(default_factory=list)
    article: str = ""
    led_by: str = ""


@lru_cache(maxsize=256)
def read_idea(text: str) -> Idea:
    """What a sentence in any of eleven languages tells; whatever is not said stays empty."""
    language = told(text)
    words = scan(text, language)
    groups = _groups(words, language)
    deeds = [index for index, word in enumerate(words) if word.field == "deed"]
    first_deed = deeds[0] if deeds else len(words)
    hero_group = _hero(groups, words, first_deed, language)
    hero = _named(hero_group, words, groups) if hero_group else None
    others = [group for group in groups if group is not hero_group and not _is_same(group, hero_group, words) and group.thing.noun not in TALES]
    wish, learning, deed_at = _wish(words, deeds, hero_group)
    places = [index for index, word in enumerate(words) if word.field == "place"]
    if not wish and deeds and places and all(words[index].meaning.value in MODAL for index in deeds):
        wish = "see"
    goal = _goal(others, deed_at, wish)
    if goal is not None and goal.thing.noun == "friend" and wish in ("find", "meet", "see"):
        wish, goal, others = "friend", None, [group for group in others if group is not goal]
    if wish in ("fly", "swim") and goal is not None and goal.led_by == "to":
        wish = "travel"
    receiver = next((group for group in others if wish == "bring" and group is not goal and group.thing.category in BEINGS), None)
    target = "" if goal is not None or wish not in WISHES or not WISHES[wish].leads else next((words[i].meaning.value for i in reversed(places)), "")
    target_name = _place_name(text, words, places[-1], language) if target else ""
    wish = "travel" if wish == "visit" and target else wish
    homes = [i for i in places if not (target and i == places[-1])]
    friends = tuple(group.thing for group in others if (group.thing.kind or group.thing.category in BEINGS) and group is not goal and group is not receiver)
    if goal is None and not wish and others:
        goal = next((group for group in others if not (group.thing.kind or group.thing.category in BEINGS)), None)
    qualities = tuple(word.meaning.english for word in words if word.field == "quality")
    return Idea(
        language=language,
        hero=hero,
        wish=wish or ("find" if goal is not None else ""),
        learning=learning,
        goal=_with_article(goal.thing) if goal is not None else target_name,
        goal_thing=goal.thing if goal is not None else None,
        receiver=_with_article(receiver.thing) if receiver is not None else "",
        target=target,
        friends=friends[:2],
        place=words[homes[0]].meaning.value if homes else "",
        place_name=words[homes[0]].meaning.english if homes else "",
        time=_first(words, "time"),
        weather=_first(words, "weather"),
        moods=qualities,
        strange=tuple(dict.fromkeys(word.text[:LONGEST_NAME] for word in words if _is_strange(word, language, hero)))[:MOST_STRANGE],
    )


def _place_name(text: str, words: list[Word], index: int, language: str) -> str:
    """A place as the story says it; in English with what describes it: the highest mountain."""
    first = index
    while language == "en" and first > 0 and words[first - 1].field in ("unknown", "quality", "size", "colour") and index - first < 3:
        first -= 1
    if first < index and words[first - 1].field in ("definite", "indefinite"):
        return text[words[first - 1].start : words[index].end].lower()
    return words[index].meaning.english


def _is_strange(word: Word, language: str, hero: Thing | None) -> bool:
    return word.field == "unknown" and language != "en" and len(word.text) > 3 and not (hero is not None and word.text[:LONGEST_NAME] == hero.name)


def _first(words: list[Word], name: str) -> str:
    return next((word.meaning.value for word in words if word.field == name), "")


def _groups(words: list[Word], language: str) -> list[_Group]:
    """The nouns in order, each with its adjectives: before it, and in some languages behind it."""
    groups: list[_Group] = []
    pending = _Pending()
    for index, word in enumerate(words):
        match word.field:
            case "noun" if index + 2 < len(words) and words[index + 1].text.casefold() == "s" and language == "en":
                continue  # of two nouns joined by 's the second is meant: grandmother's house
            case "noun":
                start = pending.first if pending.first >= 0 else index
                count = max(pending.count, 2 if word.meaning.plural else 1)
                size = pending.size or ("small" if _is_little(word, language) else "")
                category = "thing" if word.meaning.drawn else word.meaning.value
                kind = word.meaning.value if word.meaning.drawn else ""
                thing = Thing(word.meaning.english, kind, category, "", pending.colour, size, count, tuple(pending.qualities), pending.article, word.text, pending.count > 1)
                groups.append(_Group(start, index, thing, pending.led_by))
                pending = _Pending()
            case "colour" | "size" | "quality" | "count":
                behind = groups[-1] if groups and groups[-1].last == index - 1 and pending.first < 0 else None
                if behind is not None and word.field != "count" and (language in NOUN_FIRST or _ends_here(words, index)):
                    behind.thing, behind.last = _described(behind.thing, word), index
                else:
                    pending.first = pending.first if pending.first >= 0 else index
                    _describe(pending, word)
            case "definite" | "indefinite" | "own":
                pending = replace(pending, first=index, article={"definite": "the", "indefinite": "a", "own": "own"}[word.field])
            case "together" | "to":
                linked = pending.first >= 0 or (groups and groups[-1].last == index - 1 and index + 1 < len(words) and words[index + 1].field in ("colour", "size", "quality"))
                if not (word.field == "together" and linked and pending.first >= 0):
                    pending = _Pending(led_by=word.field)
            case "unknown" if word.text.casefold() == "s" and language == "en":
                continue
            case "mark" | "deed":
                pending = _Pending()
            case _:
                pass
    return groups


def _is_little(word: Word, language: str) -> bool:
    text = word.text.casefold()
    if language in LITTLE_FIRST:
        return text.startswith(LITTLE_FIRST[language]) and len(text) > 1
    return text.endswith(SMALL_ENDINGS.get(language, ())) and text not in FULL_GROWN


def _ends_here(words: list[Word], index: int) -> bool:
    return index + 1 >= len(words) or words[index + 1].field == "mark"


def _describe(pending: _Pending, word: Word) -> None:
    match word.field:
        case "colour":
            pending.colour = pending.colour or word.meaning.english
        case "size":
            pending.size = pending.size or word.meaning.english
        case "count":
            pending.count = min(3, int(word.meaning.value))
        case _:
            pending.qualities.append(word.meaning.english)


def _described(thing: Thing, word: Word) -> Thing:
    match word.field:
        case "colour":
            return replace(thing, colour=thing.colour or word.meaning.english)
        case "size":
            return replace(thing, size=thing.size or word.meaning.english)
        case _:
            return replace(thing, qualities=(*thing.qualities, word.meaning.english))


def _hero(groups: list[_Group], words: list[Word], first_deed: int, language: str) -> _Group | None:
    """Who the idea is about: the first being or drawable thing before the first deed, a name or an unknown noun there, else the first being or thing of all."""
    before = [group for group in groups if group.last < first_deed and group.led_by != "to"]
    actors = [group for group in before if group.thing.kind or group.thing.category in (*BEINGS, "wheels", "sails")]
    stranger = _stranger(words, first_deed, language)
    if stranger is not None and (not actors or stranger.last < actors[0].first):
        return stranger
    if actors:
        return actors[0]
    able = [group for group in groups if group.thing.kind or group.thing.category in (*BEINGS, "wheels", "sails")]
    return next(iter(before or able or groups), None)


def _stranger(words: list[Word], first_deed: int, language: str) -> _Group | None:
    """A name or noun that no table knows and that begins the idea: "Mia finds ...", "a teapot dreams ..."."""
    looks: list[Word] = []
    article = ""
    for index, word in enumerate(words[:first_deed]):
        match word.field:
            case "definite" | "indefinite" | "own":
                article = word.field
                looks = []
            case "colour" | "size" | "quality":
                looks.append(word)
            case "unknown":
                run = words[index : min(index + 3, first_deed)]
                length = next((i for i, other in enumerate(run) if other.field != "unknown"), len(run))
                raw = " ".join(other.text for other in run[:length])[:LONGEST_NAME]
                behind = words[index + length] if index + length < len(words) else None
                if not any(sign.isalpha() for sign in raw) or (behind is not None and behind.field == "noun" and not article):
                    return None
                is_name = not article and raw[:1].isupper()
                if is_name:
                    return _Group(index, index + length - 1, Thing("", "", "name", name=raw.split()[0] if language == "en" else raw))
                if language != "en" or not (article or looks):
                    return None
                size = next((w.meaning.english for w in looks if w.field == "size"), "")
                colour = next((w.meaning.english for w in looks if w.field == "colour"), "")
                qualities = tuple(w.meaning.english for w in looks if w.field == "quality")
                return _Group(index - len(looks), index + length - 1, Thing(raw.lower(), "", "unknown", "", colour, size, 1, qualities, "a", raw))
            case "small" | "mark" if index == 0:
                pass
            case _:
                return None
    return None


def _is_same(group: _Group, hero: _Group | None, words: list[Word]) -> bool:
    """An apposition: "Mia, a little red boat, ..."."""
    if hero is None or hero.thing.noun or not hero.last + 1 < group.first + 1 <= hero.last + 4:
        return False
    return words[hero.last + 1].field == "mark" and group.thing.article != ""


def _named(group: _Group, words: list[Word], groups: list[_Group]) -> Thing:
    """The hero with its name, from "named Otto" behind it, or with its noun, from an apposition behind its name."""
    thing = group.thing
    if thing.name and not thing.noun:
        behind = next((other for other in groups if _is_same(other, group, words)), None)
        return replace(behind.thing, name=thing.name) if behind is not None else thing
    for index in range(group.last + 1, min(group.last + 4, len(words) - 1)):
        if words[index].field == "named" and any(sign.isalpha() for sign in words[index + 1].text):
            return replace(thing, name=words[index + 1].text[:LONGEST_NAME])
    following = words[group.last + 1] if group.last + 1 < len(words) else None
    if following is not None and following.field == "unknown" and following.text[:1].isupper() and following.text[1:].islower():
        return replace(thing, name=following.text[:LONGEST_NAME])
    return thing


def _wish(words: list[Word], deeds: list[int], hero: _Group | None) -> tuple[str, bool, int]:
    """The deed that the film is about, whether it is to be learnt, and the index of the first word that tells of it."""
    after = [index for index in deeds if hero is None or index > hero.last] or deeds
    if not after:
        return "", False, len(words)
    named = [words[index].meaning.value for index in after]
    clear = [deed for deed in named if deed not in MODAL]
    learning = "learn" in named
    # "Wants to travel to see the sea": what stands last before the goal is what it is about; "finds a dog and helps it": the first.
    deed = clear[0] if clear else ""
    if named[0] in MODAL and len(clear) > 1 and clear[0] == "travel":
        deed = clear[1]
    if "return" in clear and deed in ("find", "travel"):
        deed = "return"
    return deed, learning, after[0]


def _goal(others: Sequence[_Group], deed_at: int, wish: str) -> _Group | None:
    """What the deed is done to: the first noun behind it that does not only come along."""
    able = [group for group in others if group.led_by != "together" and not (wish in ("fly", "swim", "dance", "sing", "sleep", "return") and group.led_by == "to" and group.thing.category != "sky")]
    behind = [group for group in able if group.last > deed_at]
    if wish == "bring":
        behind = [group for group in behind if group.thing.category not in BEINGS] or behind
    return next(iter(behind or (able if wish else [])), None)


def _with_article(thing: Thing) -> str:
    """The goal as a story says it, with {its} where it is the hero's own."""
    if thing.name:
        return thing.name
    words = thing.described
    if thing.count > 1 and thing.noun != "stars":
        many = f"{words[: len(words) - len(thing.noun)]}{plural_of(thing.noun)}"
        return f"{'two' if thing.count == 2 else 'three'} {many}" if thing.counted else f"{'the ' if thing.article == 'the' else ''}{many}"
    if thing.category == "sky" or thing.noun in ("world", "spring"):
        return f"the {words}"
    if thing.article == "own" or (thing.category in ("she", "he") and thing.noun in ("mother", "father", "grandmother", "grandfather")):
        return f"{{its}} {words}"
    if thing.article == "the":
        return f"the {words}"
    if thing.noun in ("honey", "song") and thing.article == "":
        return words
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"
