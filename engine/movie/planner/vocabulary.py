"""Words of an idea in eleven languages as one set of English meanings: which language it is, and what each word means in it.

A row of a table is `English = meaning | words in de | fr | es | it | pt | nl | pl | ru | zh | ja`. A star stands for any ending. Accents and capitals do not count.
English is taken from the world's own lexicon, so that all its synonyms are known here, too.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from engine.movie.planner import vocabulary_things as things
from engine.movie.planner import vocabulary_ways as ways
from engine.world import lexicon
from engine.world import words as world_words

LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "pl", "ru", "zh", "ja")
"""The order of the columns after the English one."""

SPACELESS = ("zh", "ja")
NOUN_FIRST = ("fr", "es", "it", "pt")
"""Languages whose colours stand after the noun."""

Field = Literal["noun", "colour", "size", "quality", "count", "place", "time", "weather", "deed", "definite", "indefinite", "own", "together", "named", "to", "mark", "small", "unknown"]

TOKEN = re.compile(r"[^\W\d_]+|\d+|[.,;:!?…。，、！？\n—]|[☀-➿⬀-⯿\U0001f300-\U0001faff]")
MARKS = frozenset(".,;:!?…。，、！？\n—")

LONGEST = 4
"""Words in the longest phrase of a table."""

ENGLISH_DEEDS = {
    "find": "find, finds, found, finding, look for, looks for, looking for, looked for, search for, searches for, searching for, seek, seeks, seeking, in search of, loses, lost its, lost his, lost her, has lost",
    "see": "see, sees, seeing, saw, watch, watches, look at, looks at, dream of, dreams of, dreaming of, dream about, dreams about, wonders about, longs for",
    "visit": "visit, visits, visiting, visited, come to see",
    "travel": "travel, travels, travelling, traveling, journey, journeys, go to, goes to, going to, goes, sail, sails, sailing, sets off, sets out, set off, reach, reaches, cross, crosses, crossing, drives, "
    "drive, rides, ride, runs away to, walks, walk, wanders, heads, moves to, gets to, get to, arrives, drifts, leaves",
    "fly": "fly, flies, flying, soar, soars",
    "swim": "swim, swims, swimming",
    "dance": "dance, dances, dancing",
    "sing": "sing, sings, singing",
    "meet": "meet, meets, meeting, met, befriend, befriends",
    "help": "help, helps, helping, save, saves, rescue, rescues, protect, protects, guards",
    "win": "win, wins, winning, race, races, racing, competes",
    "return": "home, go home, goes home, way home, way back, return, returns, come home, comes home, find its way home, find his way home, find her way home, get home, gets home, finds its way home",
    "catch": "catch, catches, chase, chases, chasing, catching, hunts, follows, follow",
    "explore": "explore, explores, exploring, discover, discovers, discovering",
    "bring": "bring, brings, bringing, carry, carries, deliver, delivers, delivering, gives, give, take, takes",
    "brave": "afraid, afraid of, scared, scared of, fears, fear, courage, be brave, is brave",
    "friend": "find a friend, finds a friend, make friends, makes friends, friendship, looks for a friend, look for a friend, wants a friend, needs a friend",
    "sleep": "sleep, sleeps, fall asleep, falls asleep, asleep",
    "play": "play, plays, playing",
    "climb": "climb, climbs, climbing, climb up",
    "escape": "escape, escapes, run away, runs away, flee, flees",
    "want": "want, wants, wanted, wish, wishes, dream, dreams, hopes, hope, longs, longing, would like, tries, try",
    "learn": "learn, learns, learning, learn to, learns to, learned",
}
"""Deed -> English words."""

ENGLISH_MORE = {
    "grandmother": "grandma, granny, nan", "grandfather": "grandpa, granddad", "mother": "mum, mom, mummy, mommy", "father": "dad, daddy", "rabbit": "bunny, hare", "bear": "teddy, teddy bear",
    "mouse": "mice", "treasure": "gold, treasures", "present": "gift, parcel", "song": "music, melody, tune", "sheep": "lamb, lambs", "fox": "foxes", "wolf": "wolves", "child": "children, kid, baby",
    "fisherman": "fisherwoman, fishermen", "lighthouse keeper": "keeper of the lighthouse", "fire engine": "fire truck", "turtle": "tortoise", "dinosaur": "dino", "shoe": "boots", "castle": "palace",
    "pig": "piglet", "deer": "fawn", "star": "shooting star", "lantern": "lamp", "snail": "snails", "robot": "android", "ghost": "spirit", "artist": "painter",
}  # fmt: skip
"""Other English words for nouns of the tables: what is told keeps the word that was written."""


@dataclass(frozen=True)
class Meaning:
    """What a word means. english: how English says it; value: a kind, a category, a field's value or a deed; drawn: a noun that the world draws."""

    field: Field
    english: str
    value: str = ""
    drawn: bool = False
    plural: bool = False


@dataclass(frozen=True)
class Word:
    """A word of the idea with what it means; `text` as it was written."""

    start: int
    end: int
    text: str
    meaning: Meaning

    @property
    def field(self) -> Field:
        """The meaning's field."""
        return self.meaning.field


MARK, UNKNOWN = Meaning("mark", ""), Meaning("unknown", "")


def plain(text: str) -> str:
    """Without capitals, and letters of Latin and Cyrillic without accents."""
    return "".join(
        part for sign in text.casefold() for part in (unicodedata.normalize("NFKD", sign) if ord(sign) < 0x530 or 0x1E00 <= ord(sign) < 0x2000 else sign) if not 0x300 <= ord(part) < 0x370
    )


def _rows(table: str) -> list[tuple[str, str, list[str]]]:
    rows = []
    for line in table.strip().splitlines():
        head, *columns = line.split(" | ")
        english, _, meaning = head.partition(" = ")
        rows.append((english.strip(), meaning.strip(), columns))
    return rows


def _meanings() -> list[tuple[Meaning, list[str]]]:
    """Every meaning with its words in the ten languages, in the order of the tables."""
    out = [(Meaning("noun", english, kind, drawn=True), columns) for english, kind, columns in _rows(things.KINDS_TABLE)]
    out += [(Meaning("noun", english, category), columns) for english, category, columns in _rows(things.OTHERS_TABLE)]
    for english, meaning, columns in _rows(ways.LOOKS_TABLE) + _rows(ways.SCENES_TABLE):
        field, _, value = meaning.partition(" ")
        out.append((Meaning(field, english, value), columns))  # type: ignore[arg-type]
    for deed, first, columns in _rows(ways.DEEDS_TABLE):
        out.append((Meaning("deed", deed, deed), [first, *columns]))
    return out


Exact = dict[tuple[str, ...], Meaning]


@dataclass(frozen=True)
class Language:
    """The words of one language: whole phrases, and beginnings of words."""

    exact: Exact
    prefixes: dict[str, Meaning]

    def single(self, word: str) -> Meaning | None:
        """What one word means: as a whole, else by its longest known beginning."""
        if (word,) in self.exact:
            return self.exact[(word,)]
        return next((self.prefixes[word[:length]] for length in range(len(word), 1, -1) if word[:length] in self.prefixes), None)


@lru_cache(maxsize=16)
def language(name: str) -> Language:
    """The words of a language by its two letters."""
    exact = _english() if name == "en" else {}
    prefixes: dict[str, Meaning] = {}
    for words, field in ((ways.DEFINITE, "definite"), (ways.INDEFINITE, "indefinite"), (ways.OWN, "own"), (ways.TOGETHER, "together"), (ways.NAMED, "named"), (ways.TO, "to")):
        for word in words.split():
            if word in ways.SMALL_WORDS.get(name, "").split() and (word, name, field) != ("a", "pt", "indefinite"):
                exact.setdefault((plain(word),), Meaning(field, word))  # type: ignore[arg-type]
    for word in ways.SMALL_WORDS.get(name, "").split():
        exact.setdefault((plain(word),), Meaning("small", word))
    if name in LANGUAGES:
        for meaning, columns in _meanings():
            for phrase in columns[LANGUAGES.index(name)].split(","):
                key = plain(phrase.strip())
                if key.endswith("*") and " " not in key:
                    prefixes.setdefault(key[:-1], meaning)
                elif key:
                    exact.setdefault(tuple(TOKEN.findall(key)) if name not in SPACELESS else (key.rstrip("*"),), meaning)
    return Language(exact, prefixes)


def _english() -> Exact:
    """English: the world's lexicon, with the nouns, looks, scenes and deeds of the tables over it."""
    exact: Exact = {}
    fields = {"noun": "noun", "colour": "colour", "size": "size", "count": "count", "place": "place", "time": "time", "weather": "weather"}
    for key, entry in lexicon.table().items():
        if entry.field in fields:
            text = " ".join(key)
            english = _singular(text, entry.value) if entry.field == "noun" else "the snow" if entry.value == "snow field" else f"the {text}" if entry.field == "place" else text
            exact[key] = Meaning(fields[entry.field], english, entry.value, drawn=entry.field == "noun", plural=entry.plural)  # type: ignore[arg-type]
    for meaning, _ in _meanings():
        if meaning.field == "deed":
            continue
        key = tuple(meaning.english.removeprefix("the ").split())
        exact.setdefault(key, meaning)
        if meaning.field == "noun" and not meaning.drawn:
            exact[key] = meaning
            exact.setdefault((*key[:-1], key[-1] + "s"), Meaning("noun", meaning.english, meaning.value, plural=True))
            for more in ENGLISH_MORE.get(meaning.english, "").split(","):
                if more.strip():
                    exact[tuple(more.split())] = Meaning("noun", more.strip(), meaning.value)
    for deed, phrases in ENGLISH_DEEDS.items():
        for phrase in phrases.split(","):
            exact[tuple(phrase.split())] = Meaning("deed", deed, deed)
    return exact


def plural_of(noun: str) -> str:
    """A noun's English plural: butterfly -> butterflies."""
    known = next((many for many, one in {**world_words.PLURALS, "mice": "mouse", "wolves": "wolf", "foxes": "fox", "children": "child", "men": "man", "women": "woman"}.items() if one == noun), "")
    if known:
        return known
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun if noun.endswith("s") else noun + ("es" if noun.endswith(("sh", "ch", "x")) else "s")


def _singular(text: str, kind: str) -> str:
    """The noun in its singular, as the world reads it."""
    if text in world_words.PLURALS:
        return world_words.PLURALS[text]
    usual, rare = world_words.NOUNS[kind]
    known = {*usual, *rare, *world_words.MORE_NOUNS.get(kind, [])}
    return text if text in known and text.isascii() else next((noun for noun in known if text == noun + "s" or text == noun + "es"), kind)


@lru_cache(maxsize=16)
def _small(name: str) -> frozenset[str]:
    return frozenset(plain(word) for word in ways.SMALL_WORDS[name].split())


def told(text: str) -> str:
    """The language of a text by its script and by how many of its words each language knows; English when none knows more."""
    if re.search(r"[\u3040-\u30ff]", text):
        return "ja"
    if re.search(r"[\u4e00-\u9fff]", text):
        return "zh"
    if re.search(r"[\u0400-\u04ff]", text):
        return "ru"
    words = [plain(word) for word in TOKEN.findall(text)][:60]
    scores = {}
    for name in ("en", "de", "fr", "es", "it", "pt", "nl", "pl"):
        known = language(name)
        small = _small(name)
        scores[name] = sum(1.2 * (word in small) + 1.0 * (known.single(word) is not None) for word in words if len(word) > 1 or word in small)
    return max(scores, key=lambda name: scores[name])


def scan(text: str, name: str) -> list[Word]:
    """The idea's words in order with what they mean in a language; of several readings the longest phrase counts."""
    return _scan_spaceless(text, name) if name in SPACELESS else _scan(text, name)


def _scan(text: str, name: str) -> list[Word]:
    known = language(name)
    found = list(TOKEN.finditer(text))
    keys = [plain(match.group()) for match in found]
    words: list[Word] = []
    index = 0
    while index < len(found):
        meaning, length = MARK if keys[index] in MARKS else None, 1
        if meaning is None:
            for length in range(min(LONGEST, len(keys) - index), 1, -1):
                meaning = known.exact.get(tuple(keys[index : index + length]))
                if meaning is not None:
                    break
            else:
                length, meaning = 1, known.single(keys[index])
        meaning = meaning or _pictogram(keys[index]) or UNKNOWN
        start, end = found[index].start(), found[index + length - 1].end()
        words.append(Word(start, end, text[start:end], meaning))
        index += length
    return words


def _pictogram(sign: str) -> Meaning | None:
    entry = None if sign[:1].isalnum() else lexicon.table().get((sign,))
    return Meaning("noun", entry.value, entry.value, drawn=True) if entry is not None and entry.field == "noun" else None


def _scan_spaceless(text: str, name: str) -> list[Word]:
    known = language(name)
    longest = max(len(key[0]) for key in known.exact)
    beginnings = {**{key[0]: meaning for key, meaning in known.exact.items() if len(key) == 1}, **known.prefixes}
    words: list[Word] = []
    index = 0
    while index < len(text):
        if text[index] in MARKS:
            words.append(Word(index, index + 1, text[index], MARK))
            index += 1
            continue
        for length in range(min(longest, len(text) - index), 0, -1):
            meaning = beginnings.get(text[index : index + length])
            if meaning is not None:
                words.append(Word(index, index + length, text[index : index + length], meaning))
                index += length
                break
        else:
            pictogram = _pictogram(text[index])
            if pictogram is not None:
                words.append(Word(index, index + 1, text[index], pictogram))
            index += 1
    return words
