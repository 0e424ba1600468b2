"""Finds the JSON in what a language model wrote, within limits that are checked before anything is parsed. Nothing here raises on any text, and all of it takes time in proportion to the text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

MOST_CHARACTERS = 100_000
"""Of a reply; what comes after is not read. A plan of forty scenes has some 30,000."""

MOST_DEPTH = 12
"""Brackets inside brackets; a plan needs five."""

MOST_VALUES = 8_000
"""Commas and colons of one document: a plan of forty scenes has some two thousand."""

MOST_CANDIDATES = 6
"""Places in each piece of a reply at which a document may begin that are tried."""

MOST_FENCES = 4
"""Pieces between code fences that are looked at, every second of which stands inside."""

MOST_DIGITS = 40

TAIL = 2_000
"""Characters at the end of a document that was cut off in which its last, unfinished value is looked for."""

FENCE = "```"
THINKING = ("<think>", "</think>")
QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‟": '"'})
SIGN = re.compile(r'["\\{}\[\],:]')
PLAIN = re.compile(r"[\s\[\]{},:0-9.+-]*")
DANGLING = re.compile(r",(\s{0,40}[}\]])")
UNFINISHED = re.compile(r'(?:[,{]\s*"(?:[^"\\]|\\.)*"\s*:?|[,:])\s*\Z')


@dataclass(frozen=True)
class Walk:
    """One pass over a document. end: behind its closing bracket, or the text's end; strings: where quoted texts lie; open: the brackets that would close it; quoted: it ends within a text."""

    end: int
    strings: tuple[tuple[int, int], ...]
    open: str
    quoted: bool
    too_much: bool


def find_document(text: str) -> dict[str, Any] | None:
    """The first object in a reply that looks like a plan, else the first object at all; None when there is none. A bare list counts as its scenes."""
    found: dict[str, Any] | None = None
    for candidate in _candidates(_without_thinking(text[:MOST_CHARACTERS])):
        for mend in (str, _mended):
            value = _parsed(mend(candidate))
            if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
                value = {"scenes": value}
            if isinstance(value, dict):
                whole = value if "scenes" in value else next((item for item in value.values() if isinstance(item, dict) and "scenes" in item), None)
                if whole is not None:
                    return whole
                found = found or value
                break
    return found


def walk(text: str, start: int = 0) -> Walk:
    """Go through a document from its opening bracket to the one that closes it. Stops early where it is deeper, or has more values, than any plan."""
    stack: list[str] = []
    strings: list[tuple[int, int]] = []
    begin, values, position = -1, 0, start
    while (match := SIGN.search(text, position)) is not None:
        sign, position = match.group(), match.end()
        if begin >= 0:
            if sign == "\\":
                position += 1
            elif sign == '"':
                strings.append((begin, position))
                begin = -1
        elif sign == '"':
            begin = match.start()
        elif sign in "{[":
            stack.append("}" if sign == "{" else "]")
            if len(stack) > MOST_DEPTH:
                return Walk(position, tuple(strings), "", False, True)
        elif sign in "}]":
            if stack:
                stack.pop()
            if not stack:
                return Walk(position, tuple(strings), "", False, False)
        else:
            values += 1
            if values > MOST_VALUES:
                return Walk(position, tuple(strings), "", False, True)
    return Walk(len(text), tuple(strings), "".join(reversed(stack)), begin >= 0, False)


def _without_thinking(text: str) -> str:
    """A reply without what a reasoning model thought before it."""
    begin, end = THINKING
    head, thought, rest = text.partition(begin)
    return head + rest.partition(end)[2] if thought and end in rest else text


def _candidates(text: str) -> Iterator[str]:
    """Pieces of a text that may be a document: from an opening bracket to the one that closes it, first in code fences unless the whole is a document."""
    fenced = text.split(FENCE)[1:MOST_FENCES:2]
    for piece in [text, *fenced] if text.lstrip()[:1] in ("{", "[") else [*fenced, text]:
        start = tried = 0
        while tried < MOST_CANDIDATES:
            opening = min((at for at in (piece.find("{", start), piece.find("[", start)) if at >= 0), default=-1)
            if opening < 0:
                break
            tried += 1
            seen = walk(piece, opening)
            if seen.too_much:
                break
            end = seen.end
            yield piece[opening:end]
            start = end if end < len(piece) else opening + 1


def _parsed(text: str) -> Any:
    """The value of a JSON text within the limits; None when it is none. NaN and infinities are null, long numbers are zero."""
    if walk(text).too_much:
        return None
    try:
        return json.loads(text, strict=False, parse_constant=lambda name: None, parse_int=lambda digits: int(digits) if len(digits) <= MOST_DIGITS else 0)
    except (ValueError, RecursionError):
        return None


def _mended(text: str) -> str:
    """The commonest faults of written JSON put right: curved and single quotes, comments, Python's words, bare names, commas too many, brackets never closed."""
    text = text.translate(QUOTES)
    if '"' not in text:
        text = text.replace("'", '"')
    seen = walk(text)
    if seen.too_much:
        return ""
    parts: list[str] = []
    last = 0
    for begin, end in seen.strings:
        parts += [_mended_outside(text[last:begin]), text[begin:end]]
        last = end
    parts.append(text[last:] if seen.quoted else _mended_outside(text[last:]))
    return _closed("".join(parts))


def _mended_outside(text: str) -> str:
    if not PLAIN.fullmatch(text):
        text = _words_mended(text)
    return DANGLING.sub(r"\1", text) if "," in text else text


def _words_mended(text: str) -> str:
    text = re.sub(r"//[^\n]*", "", text)
    for word, right in (("True", "true"), ("False", "false"), ("None", "null"), ("undefined", "null")):
        text = re.sub(rf"\b{word}\b", right, text)
    return re.sub(r"([{,]\s{0,40})([A-Za-z_]\w{0,40})(\s{0,9}:)", r'\1"\2"\3', text)


def _closed(text: str) -> str:
    """A document that was cut off, with what is open closed; an unfinished value is left out."""
    seen = walk(text)
    if not seen.open and not seen.quoted:
        return text[: seen.end]
    text = text.removesuffix("\\") + ('"' if seen.quoted else "")
    head, tail = text[:-TAIL], text[-TAIL:]
    if seen.open.startswith("}"):
        tail = UNFINISHED.sub(lambda cut: "{" if cut.group().startswith("{") else "", tail)
    return head + tail.rstrip().rstrip(",") + seen.open
