"""Which sound is meant by words: sentence embeddings over several captions a sound, helped by a table of words. Nothing is better than a wrong sound."""

from __future__ import annotations

import contextlib
import json
import re
from functools import lru_cache
from hashlib import sha256
from math import log

import numpy as np

from engine import sentences
from engine.errors import LimitExceeded
from engine.media.disk import whole_file
from engine.settings import Settings
from engine.sound.bank import Kind, Sound, clap, own, sounds
from engine.sound.bank.synonyms import WORDS

__all__ = ["find"]

LEAST = 0.45
"""Score below which nothing is offered: things that no sound is, and sounds that the bank has not (a lion, a guitar), lie below; right sounds above 0.55."""

BY_WORDS = 0.25
"""Share of the table's score beside the encoder's."""

BY_SOUND = 0.5
"""Share of CLAP's score, which hears the sound itself, where it is there."""

ALONE, LEAST_ALONE = 0.9, 0.36
"""What the table's score is worth when it stands alone, and below which nothing is offered then."""

KEPT_FILES, VERSION = 8, 1
"""How many files of captions stay on disk, and what makes old ones useless."""

_IDLE = """
a an the of in on at to by with and or is are was it its his her their some someone something somebody sound sounds noise hear
heard one two three far away near little big small old very through over from into up down out off for this that there as loud
soft softly loudly quiet gentle deep
"""
IDLE = frozenset(_IDLE.split())
"""Words that say nothing of what sounds."""


def find(words: str, settings: Settings, kind: Kind | None = None, most: int = 5) -> list[tuple[Sound, float]]:
    """The sounds that words mean, the likeliest first, with scores in 0..1; empty when none is likely.

    kind: only sounds of this kind. Sounds of the user's own folder stand among those of the bank and win where both fit alike. Works without the encoder, less well.
    """
    asked = tuple(sound for sound in (*own.listed(settings).sounds, *sounds()) if kind is None or sound.kind == kind)
    words = words[:400]
    if not asked or not _stems(words):
        return []
    scores = _table(asked, words)
    if sentences.ready(settings):
        scores = (1 - BY_WORDS) * _embedded(asked, words, settings) + BY_WORDS * scores
        least = LEAST
    else:
        scores, least = ALONE * scores, LEAST_ALONE
    heard = clap.scores(words, asked, settings)
    if heard is not None:
        scores = (1 - BY_SOUND) * scores + BY_SOUND * heard
    order = np.argsort(-scores, kind="stable")[:most]
    return [(asked[k], float(np.clip(scores[k], 0, 1))) for k in order if scores[k] >= least]


def captions(sound: Sound) -> tuple[str, ...]:
    """All that may be said for a sound: its caption, the other ways, and their halves between commas."""
    whole = (sound.caption, *sound.also)
    return tuple(dict.fromkeys(part.strip() for text in whole for part in (text, *text.split(",")) if part.strip()))


def _embedded(asked: tuple[Sound, ...], words: str, settings: Settings) -> np.ndarray:
    """(S,) cosine of the nearest caption, leaning a little on the next ones so that one odd caption does not decide."""
    texts = [captions(sound) for sound in asked]
    near = _vectors(tuple(text for group in texts for text in group), settings) @ sentences.encode([words], settings)[0]
    ends = np.cumsum([len(group) for group in texts])
    best = [np.sort(near[end - len(group) : end])[::-1] for end, group in zip(ends, texts, strict=True)]
    return np.array([0.75 * one[0] + 0.25 * one[: min(4, len(one))].mean() for one in best])


@lru_cache(maxsize=4)
def _vectors(texts: tuple[str, ...], settings: Settings) -> np.ndarray:
    """(T, 384) of captions. They are kept on disk: the bank's seven hundred take seconds to read, and hardly ever change."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file, save_file

    path = settings.data_dir / "cache" / f"captions-{sha256(json.dumps([VERSION, *texts]).encode()).hexdigest()[:24]}.safetensors"
    try:
        vectors = load_file(path)["vectors"]
        if vectors.shape == (len(texts), sentences.WIDTH) and np.isfinite(vectors).all():
            return vectors
    except (OSError, SafetensorError, KeyError):  # not there, or a damaged file: made anew
        pass
    vectors = sentences.encode(texts, settings)
    # A full disk is no reason to fail: they are read again next time.
    with contextlib.suppress(OSError, LimitExceeded, SafetensorError):
        path.parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(path.parent.glob("captions-*.safetensors"), key=lambda one: one.stat().st_mtime)[: -KEPT_FILES + 1]:
            old.unlink(missing_ok=True)
        with whole_file(path) as aside:
            save_file({"vectors": vectors}, aside)
    return vectors


def _table(asked: tuple[Sound, ...], words: str) -> np.ndarray:
    """(S,) which share of the words' weight a sound's captions and synonyms hold; a word that few sounds have weighs more (Sparck Jones, 1972)."""
    said = _stems(words)
    known = [_words(sound) for sound in asked]
    rare = {word: log(1 + len(asked) / max(1, sum(word in one for one in known))) for word in said}
    total = sum(rare.values())
    return np.array([sum(rare[word] * one.get(word, 0.0) for word in said) / total if total else 0.0 for one in known])


@lru_cache(maxsize=4096)
def _words(sound: Sound) -> dict[str, float]:
    """A sound's words with their weights: its caption and id say what it is, the rest what it may be."""
    out: dict[str, float] = {}
    for text, weight in ((" ".join(sound.also), 0.85), (WORDS.get(sound.id, ""), 0.8), (sound.caption, 0.93), (sound.id, 1.0)):
        out.update({stem: max(weight, out.get(stem, 0.0)) for stem in _stems(text)})
    return out


def _stems(text: str) -> frozenset[str]:
    """The words of a text without their endings and without `IDLE` ones."""
    return frozenset(_stem(word) for word in re.findall(r"[^\W\d_]+", text.lower()) if word not in IDLE and len(word) > 1)


def _stem(word: str) -> str:
    for ending in ("ings", "ing", "ies", "ied", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            # hummed, humming: hum
            return word[:-1] if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "ls" else word
    return word
