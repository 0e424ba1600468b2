"""When each written word of a spoken line is heard, from the times of its sounds: for captions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate, zip_longest

from engine.catalog.fetch import ModelFiles
from engine.catalog.packaged import ENGLISH_SOUNDS
from engine.settings import Settings
from engine.sound import pronouncing, wording
from engine.sound.phones import Phone, spelled
from engine.sound.voices import NEURAL

MOST_SHOWN = 64
"""Characters of a caption: two lines on a phone."""

COMFORTABLE = 24
"""Characters from which a caption ends at a comma or a pause."""

PAUSE = 0.25
"""Seconds between two words that end a caption."""


@dataclass(frozen=True)
class Word:
    """A word as it is written, with the marks that touch it; start and end in seconds."""

    text: str
    start: float
    end: float


def timed_words(text: str, phones: tuple[Phone, ...], voice: str, settings: Settings) -> tuple[Word, ...]:
    """The words of a text with their times; none without phones. For the neural voice a word's sounds are known; for others each word is given as many of
    the sounds as it has letters, in proportion."""
    written = text.split()
    heard = [phone for phone in phones if spelled(phone.symbol)]
    if not written or not heard:
        return ()
    counts = _known(written, settings) if voice == NEURAL else None
    if counts is None or sum(counts) != len(heard):
        counts = [sum(letter.isalnum() for letter in word) for word in written]
    total = sum(counts)
    if not total:
        return ()
    edges = [0, *(round(passed * len(heard) / total) for passed in accumulate(counts))]
    out: list[Word] = []
    for word, first, last in zip(written, edges[:-1], edges[1:], strict=True):
        if last > first:
            out.append(Word(word, heard[first].start, heard[last - 1].end))
        elif out:
            # A mark or a sign that is not said belongs to the word before it.
            out[-1] = Word(f"{out[-1].text} {word}", out[-1].start, out[-1].end)
        else:
            out.append(Word(word, heard[0].start, heard[0].start))
    return tuple(out)


def phrases(words: tuple[Word, ...]) -> list[tuple[float, float, str]]:
    """(start, end, text) of captions: sentences, parted at commas, pauses or when they grow too long; each stands until the next when that follows at once."""
    groups: list[list[Word]] = []
    for word in words:
        last = groups[-1] if groups else []
        shown = " ".join(one.text for one in last)
        ends = not last or shown[-1] in ".!?…" or len(shown) + 1 + len(word.text) > MOST_SHOWN
        if ends or (len(shown) >= COMFORTABLE and (shown[-1] in ",;:" or word.start - last[-1].end > PAUSE)):
            groups.append([word])
        else:
            last.append(word)
    out = []
    for group, after in zip_longest(groups, groups[1:]):
        end = group[-1].end + 2 * PAUSE
        out.append((group[0].start, min(end, after[0].start) if after else end, " ".join(word.text for word in group)))
    return out


def _known(written: list[str], settings: Settings) -> list[int] | None:
    """How many sounds the neural voice makes of each written word; None when words alone are said otherwise than in their sentence."""
    files = ModelFiles.of(settings)
    if not files.present(ENGLISH_SOUNDS):
        return None
    dictionary = pronouncing.load(files.path(ENGLISH_SOUNDS))
    sounds = [
        sum(bool(spelled(letter)) for letter in word) for sentence in wording.sentences(wording.said(" ".join(written))) for word in dictionary.sentence(sentence).split(" ")
    ]
    said = [len(re.findall(r"[A-Za-z']+", wording.said(word))) for word in written]
    if sum(said) != len(sounds):
        return None
    edges = [0, *accumulate(said)]
    return [sum(sounds[first:last]) for first, last in zip(edges[:-1], edges[1:], strict=True)]
