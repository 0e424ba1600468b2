"""How English words sound: misaki's dictionary (Apache-2.0, card `english-sounds`), endings put on known words, and letter rules for unknown ones.

The output is IPA as espeak-ng writes American English, because neural voices of the Piper family were taught on that.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

VOWELS = "AIOWYaeiouæɑɐɔəɚɛɜɪʊʌᵊᵻ"
STRESS = "ˈˌ"
SMALL = {"the": "ðə", "a": "ɐ", "an": "ɐn", "to": "tə", "of": "ʌv", "and": "ænd", "for": "fɔɹ", "or": "ɔɹ", "is": "ɪz", "was": "wʌz", "i": "I"}
"""Words that are weak in a sentence."""

_LETTERS = "ˈA bˈi sˈi dˈi ˈi ˈɛf ʤˈi ˈAʧ ˈI ʤˈA kˈA ˈɛl ˈɛm ˈɛn ˈO pˈi kjˈu ˈɑɹ ˈɛs tˈi jˈu vˈi dˈʌbᵊlju ˈɛks wˈI zˈi"
LETTERS = dict(zip("abcdefghijklmnopqrstuvwxyz", _LETTERS.split(), strict=True))

RULES = (
    ("^kn", "n"), ("^wr", "ɹ"), ("^ps", "s"), ("^x", "z"), ("^gn", "n"), ("mb$", "m"), ("ture$", "ʧəɹ"), ("tion", "ʃən"), ("sion", "ʒən"), ("cious", "ʃəs"), ("tious", "ʃəs"),
    ("ous$", "əs"), ("le$", "ᵊl"), ("es$", "z"), ("ed$", "d"), ("ough", "O"), ("augh", "ɔ"), ("eigh", "A"), ("igh", "I"), ("tch", "ʧ"), ("dge", "ʤ"), ("sch", "sk"), ("ch", "ʧ"), ("sh", "ʃ"),
    ("th", "θ"), ("ph", "f"), ("wh", "w"), ("ck", "k"), ("ng", "ŋ"), ("qu", "kw"), ("gh", "ɡ"), ("ee", "i"), ("ea", "i"), ("oo", "u"), ("ou", "W"), ("ow", "W"), ("oi", "Y"), ("oy", "Y"),
    ("ai", "A"), ("ay", "A"), ("au", "ɔ"), ("aw", "ɔ"), ("oa", "O"), ("ie", "i"), ("ei", "A"), ("ey", "i"), ("ew", "u"), ("eu", "u"), ("ue", "u"), ("er$", "əɹ"), ("er", "ɜɹ"), ("ir", "ɜɹ"),
    ("ur", "ɜɹ"), ("ar", "ɑɹ"), ("or", "ɔɹ"), ("a[bcdfgklmnpstvz]e$", "A*"), ("e[bcdfgklmnpstvz]e$", "i*"), ("i[bcdfgklmnpstvz]e$", "I*"), ("o[bcdfgklmnpstvz]e$", "O*"),
    ("u[bcdfgklmnpstvz]e$", "u*"), ("a$", "ə"), ("e$", ""), ("i$", "i"), ("o$", "O"), ("u$", "u"), ("y$", "i"), ("^y", "j"), ("c(?=[eiy])", "s"), ("g(?=[eiy])", "ʤ"), ("([bcdfgklmnprstvz])(?=\\1)", ""),
    ("a", "æ"), ("b", "b"), ("c", "k"), ("d", "d"), ("e", "ɛ"), ("f", "f"), ("g", "ɡ"), ("h", "h"), ("i", "ɪ"), ("j", "ʤ"), ("k", "k"), ("l", "l"), ("m", "m"), ("n", "n"), ("o", "ɑ"), ("p", "p"),
    ("q", "k"), ("r", "ɹ"), ("s", "s"), ("t", "t"), ("u", "ʌ"), ("v", "v"), ("w", "w"), ("x", "ks"), ("y", "ɪ"), ("z", "z"), ("'", ""),
)  # fmt: skip
"""Letters (a pattern) -> sounds, the first that fits; a star says the vowel and leaves the rest to the rules."""

ESPEAK = (
    ("ɜɹ", "ɜː"), ("əɹ", "ɚ"), ("ɔ", "ɔː"), ("ɑ", "ɑː"), ("u", "uː"), ("ˈi(?!ə)", "ˈiː"), ("A", "eɪ"), ("I", "aɪ"), ("W", "aʊ"), ("O", "oʊ"), ("Y", "ɔɪ"), ("ʤ", "dʒ"), ("ʧ", "tʃ"), ("ᵊ", "ə"),
)  # fmt: skip
"""From the dictionary's one-letter sounds to espeak-ng's."""


class Pronouncer:
    """The dictionary of a folder that holds `us_gold.json` and `us_silver.json`; what is in both is taken from the first."""

    def __init__(self, folder: Path) -> None:
        self.known: dict[str, str] = {}
        for name in ("us_silver.json", "us_gold.json"):
            told: dict[str, str | dict[str, str | None]] = json.loads((folder / name).read_text(encoding="utf-8"))
            for word, sounds in told.items():
                one = sounds if isinstance(sounds, str) else sounds.get("DEFAULT")
                if one:
                    self.known[word] = one

    def sentence(self, text: str) -> str:
        """IPA of a sentence of `wording.sentences`: words apart by spaces, with the marks , . ! ? where they stood."""
        words = re.findall(r"[A-Za-z']+|[,.!?]", text)
        sounds = [word if word in ",.!?" else self.word(word) for word in words]
        out = ""
        for k, (word, sound) in enumerate(zip(words, sounds, strict=True)):
            # "the apple" keeps its full vowel.
            if word.lower() == "the" and k + 1 < len(sounds) and sounds[k + 1].lstrip(STRESS)[:1] in tuple(VOWELS):
                sound = "ði"
            out += sound if word in ",.!?" or not out else f" {sound}"
        for pattern, instead in ESPEAK:
            out = re.sub(pattern, instead, out)
        return out.strip()

    def word(self, word: str) -> str:
        """The sounds of a word in the dictionary's letters."""
        word = word.strip("'")
        lower = word.lower()
        if lower in SMALL:
            return SMALL[lower]
        for form in (word, lower, lower.capitalize()):
            if form in self.known:
                return self.known[form]
        # In capitals and unknown: an abbreviation, said letter by letter.
        if word.isupper() and len(word) <= 5 or not re.search("[aeiouy]", lower):
            return "".join(LETTERS.get(letter, "") for letter in lower)
        return self._ended(lower) or self._joined(lower) or by_rule(lower)

    def _ended(self, word: str) -> str | None:
        for ending in ("'s", "s", "es", "ed", "d", "ing", "ly", "er", "ness", "less", "ful"):
            if not word.endswith(ending) or len(word) < len(ending) + 3:
                continue
            stem = word[: -len(ending)]
            forms = [stem, stem + "e", stem[:-1] + "y" if stem.endswith("i") else "", stem[:-1] if stem[-1] == stem[-2] else ""]
            base = next((self.known[form] for form in forms if form in self.known), None)
            if base:
                return base + _ending(ending, base[-1])
        return None

    def _joined(self, word: str) -> str | None:
        for cut in range(len(word) - 3, 2, -1):
            if word[:cut] in self.known and word[cut:] in self.known:
                return self.known[word[:cut]] + self.known[word[cut:]].replace("ˈ", "ˌ")
        return None


@lru_cache(maxsize=2)
def load(folder: Path) -> Pronouncer:
    """The dictionary, read once."""
    return Pronouncer(folder)


def by_rule(word: str) -> str:
    """A guess from the letters alone, with the stress on the last vowel but one."""
    out, place = "", 0
    compiled = _compiled()
    while place < len(word):
        for pattern, anchored, sounds in compiled:
            match = pattern.match(word, place)
            if match and not (anchored and place):
                out += sounds.rstrip("*")
                place += 1 if sounds.endswith("*") else max(1, match.end() - place)
                break
        else:
            place += 1
    spots = [k for k, sound in enumerate(out) if sound in VOWELS]
    if not spots:
        return out
    spot = spots[-2] if len(spots) > 1 else spots[0]
    return out[:spot] + "ˈ" + out[spot:]


@lru_cache(maxsize=1)
def _compiled() -> list[tuple[re.Pattern[str], bool, str]]:
    return [(re.compile(letters.lstrip("^")), letters.startswith("^"), sounds) for letters, sounds in RULES]


def _ending(ending: str, last: str) -> str:
    if ending in ("'s", "s", "es"):
        return "ᵻz" if last in "szʃʒʧʤ" else "s" if last in "ptkfθ" else "z"
    if ending in ("ed", "d"):
        return "ᵻd" if last in "td" else "t" if last in "pkfθsʃʧ" else "d"
    return {"ing": "ɪŋ", "ly": "li", "er": "əɹ", "ness": "nəs", "less": "ləs", "ful": "fᵊl"}[ending]
