"""Words from a recogniser's tokens: where they part, which times they share, and which of them were never said. No model here."""

from __future__ import annotations

import unicodedata
import zlib
from typing import Any

from engine.sound.activity import Span
from engine.sound.mixing.words import Word

SLACK = 0.3
"""Seconds that a word may lie beside a voice and still be its: times by attention are about as sure."""

REPEATS = 2.4
"""How often larger a text is than its zlib form, above which it repeats itself (Radford et al. 2022, "Strategies for Reliable Long-form Transcription": gzip compression rate)."""

LOOP, ROUNDS = 12, 4
"""Most words of what a loop repeats, and from how often on it is one: people do say a word three times."""

ENDS = ".!?…。！？、，；："
LONGEST = 16
"""Signs after which a piece of text without spaces is one, where no mark ends it before."""


def grouped(tokens: list[int], tokenizer: Any) -> list[tuple[str, int]]:
    """Each word (with the marks that touch it) and how many of the tokens (byte-level BPE, a word begins with a space) it takes. Scripts without spaces are parted at their marks.

    Tokens that make no letter by themselves, parts of one in UTF-8, stay with what follows.
    """
    out: list[tuple[str, int]] = []
    held: list[int] = []
    for place, token in enumerate(tokens):
        held.append(token)
        piece = str(tokenizer.decode(held))
        if "\ufffd" in piece and place + 1 < len(tokens):
            continue
        begins = not out or piece[:1].isspace() or (_wide(piece[:1]) and (out[-1][0][-1:] in ENDS or len(out[-1][0]) >= LONGEST) and piece not in ENDS)
        if begins:
            out.append((piece.strip(), len(held)))
        else:
            out[-1] = (out[-1][0] + piece.rstrip(), out[-1][1] + len(held))
        held = []
    return out


def voiced(word: Word, voice: list[Span]) -> Word | None:
    """The word as far as there is a voice: the silence before the first word of a sentence counts as its own else. None for a word without text, or away from every voice."""
    near = [span for span in voice if span.start - SLACK <= word.end and word.start <= span.end + SLACK]
    if not near or not word.text:
        return None
    start = min(max(word.start, near[0].start), near[-1].end)
    return Word(word.text, start, max(start, min(word.end, near[-1].end)))


def spread(texts: list[str], start: float, end: float, voice: list[Span]) -> list[Word]:
    """Words over the voice between `start` and `end` (s), each with as much of it as it has letters. None where there is no voice."""
    inside = [Span(max(start, span.start), min(end, span.end)) for span in voice if span.end > start and span.start < end]
    texts = [text for text in texts if text]
    letters, spoken = sum(map(len, texts)), sum(span.seconds for span in inside)
    out: list[Word] = []
    passed = 0
    for text in texts if inside else ():
        first, last = (_moment(inside, spoken * (passed + part) / letters) for part in (0, len(text)))
        # A word that begins where a silence does is said after it.
        first = next((span.start for span in inside if span.start > first and any(abs(first - one.end) < 1e-6 for one in inside)), first)
        out.append(Word(text, first, max(first, last)))
        passed += len(text)
    return out


def repeating(words: list[Word]) -> bool:
    """True when a text is one that a recogniser fell into, saying the same again and again."""
    text = " ".join(word.text for word in words).encode()
    return len(text) > REPEATS * len(zlib.compress(text))


def unlooped(words: list[Word]) -> list[Word]:
    """The words, where up to `LOOP` of them are said `ROUNDS` times or more one after the other, with the first round alone."""
    out = list(words)
    place = 0
    while place < len(out):
        for size in range(1, LOOP + 1):
            said = [_bare(word) for word in out[place : place + size]]
            rounds = 1
            while [_bare(word) for word in out[place + rounds * size : place + (rounds + 1) * size]] == said:
                rounds += 1
            if len(said) == size and rounds >= ROUNDS:
                del out[place + size : place + rounds * size]
                break
        place += 1
    return out


def _moment(spans: list[Span], seconds: float) -> float:
    """When so many seconds of the spans have passed."""
    for span in spans:
        if seconds <= span.seconds + 1e-9:
            return span.start + seconds
        seconds -= span.seconds
    return spans[-1].end


def _bare(word: Word) -> str:
    return "".join(sign for sign in word.text.casefold() if sign.isalnum())


def _wide(sign: str) -> bool:
    """True for signs of scripts that put no space between words (Chinese, Japanese)."""
    return bool(sign) and unicodedata.east_asian_width(sign) in "WF"
