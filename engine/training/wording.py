"""Sentences as people type them: the world's captions loosened by synonyms, omissions and words that mean nothing here."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np

from engine.world import words as w

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
