"""Text as it is said: numbers, signs and abbreviations become English words; sentences come one by one. How words sound is in `pronouncing`."""

from __future__ import annotations

import re
import unicodedata

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
ONES = _ONES.split()
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
GREAT = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
ORDINALS = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth", "twelve": "twelfth"}
SIGNS = {"%": " percent ", "&": " and ", "+": " plus ", "=": " equals ", "@": " at ", "#": " number ", "°": " degrees ", "×": " times ", "/": " slash "}
MONEY = {"$": "dollar", "£": "pound", "€": "euro"}
SHORT = {
    "mr": "mister", "mrs": "missus", "ms": "miss", "dr": "doctor", "st": "saint", "prof": "professor", "vs": "versus", "etc": "and so on", "e.g": "for example", "i.e": "that is",
    "approx": "approximately", "jr": "junior", "sr": "senior",
}  # fmt: skip

LONGEST = 260
"""Characters of a sentence that is said in one breath; a longer one is parted at a comma or a space."""


def spoken_number(value: int) -> str:
    """A whole number in words, to trillions; a longer one digit by digit."""
    if value < 0:
        return "minus " + spoken_number(-value)
    if value >= 10**15:
        return " ".join(ONES[int(digit)] for digit in str(value))
    if value < 20:
        return ONES[value]
    if value < 100:
        return TENS[value // 10] + (f" {ONES[value % 10]}" if value % 10 else "")
    size, name = next(pair for pair in GREAT if value >= pair[0])
    rest = value % size
    return f"{spoken_number(value // size)} {name}" + (f" {spoken_number(rest)}" if rest else "")


def said(text: str) -> str:
    """Text with letters, apostrophes and the marks , . ! ? alone; accents are taken off, scripts other than Latin vanish."""
    text = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    text = re.sub(r"https?://\S+", " link ", text)
    text = re.sub(r"\b(\w+(?:\.\w)?)\.(?=\s+[\w\d]|$)", lambda m: SHORT.get(m[1].lower(), m[0]), text) if re.search(r"\.\s", text) else text
    text = re.sub(r"([$£€])\s?(\d[\d,]*)(?:\.(\d\d))?", _money, text)
    text = re.sub(r"\b(\d{1,2}):(\d\d)\b", lambda m: f"{spoken_number(int(m[1]))} {_minutes(int(m[2]))}", text)
    text = re.sub(r"\b(\d+)(st|nd|rd|th)\b", lambda m: _ordinal(int(m[1])), text, flags=re.IGNORECASE)
    text = re.sub(r"\b(1[1-9]|20)(\d\d)\b(?![,.]\d)", lambda m: _year(int(m[1]), int(m[2])), text)
    text = re.sub(r"(?<!\w)-(?=\d)", "minus ", text)
    text = re.sub(r"\d{1,3}(?:,\d{3})+", lambda m: m[0].replace(",", ""), text)
    text = re.sub(r"(\d+)\.(\d+)", lambda m: f"{spoken_number(int(m[1]))} point {' '.join(ONES[int(d)] for d in m[2])}", text)
    text = re.sub(r"\d+", lambda m: f" {spoken_number(int(m[0][:18]))} ", text)
    for sign, word in SIGNS.items():
        text = text.replace(sign, word)
    text = re.sub(r"\s*(?:[;:…()\[\]{}«»\"“”]|--+|[—–]|\s-\s)+\s*", ", ", text)
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    text = re.sub(r"[^A-Za-z',.!?\n]+", " ", text)
    text = re.sub(r"\s*,(\s*,)+", ",", text)
    return re.sub(r"(\s*,)+\s*(?=[.!?])|(?<=[.!?])(\s*,)+|^(\s*,)+", "", text)


def sentences(text: str) -> list[str]:
    """The sentences of `said` text, each with its mark at the end, none longer than `LONGEST`; those without a letter are left out."""
    parts = re.split(r"(?<=[.!?])\s+|\n+", text)
    out: list[str] = []
    for part in parts:
        part = " ".join(part.split()).strip(", ")
        while len(part) > LONGEST:
            cut = max(part.rfind(", ", 0, LONGEST), 0) or max(part.rfind(" ", 0, LONGEST), 0) or LONGEST
            out.append(part[:cut].strip(", ") + ",")
            part = part[cut:].strip(", ")
        out.append(part)
    return [one if one[-1] in ",.!?" else one + "." for one in out if re.search("[A-Za-z]", one)]


def _money(match: re.Match[str]) -> str:
    whole, unit = int(match[2].replace(",", "")), MONEY[match[1]]
    cents = f" {spoken_number(int(match[3]))}" if match[3] and int(match[3]) else ""
    return f"{spoken_number(whole)} {unit}{'' if whole == 1 else 's'}{cents}"


def _minutes(value: int) -> str:
    return "o'clock" if not value else (f"oh {ONES[value]}" if value < 10 else spoken_number(value))


def _ordinal(value: int) -> str:
    *before, last = spoken_number(value).split()
    return " ".join([*before, ORDINALS.get(last, last[:-1] + "ieth" if last.endswith("y") else last + "th")])


def _year(century: int, rest: int) -> str:
    if rest == 0:
        return "two thousand" if century == 20 else f"{spoken_number(century)} hundred"
    if century == 20 and rest < 10:
        return f"two thousand {ONES[rest]}"
    return f"{spoken_number(century)} {'oh ' + ONES[rest] if rest < 10 else spoken_number(rest)}"
