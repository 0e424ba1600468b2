"""Text as masks: a font that has all of its letters, lines that are broken evenly, and the largest size that fits.

The house's font is Source Sans Pro Bold (package font-source-sans-pro, SIL Open Font License): Latin with its accents, Cyrillic and Greek. For a text in another script the fonts of the machine are
searched for one that has every letter. Where there is none, the text is written in Latin letters (AnyAscii), so that no letter ever becomes an empty box; signs such as
emoji are left out. Scripts that need shaping (Arabic, Devanagari and others) are set by Raqm, which Pillow's wheels carry; without it they are written in Latin letters, too.
"""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import font_source_sans_pro
import numpy as np
from PIL import Image, ImageDraw, ImageFont, features

HOUSE_FONT = Path(font_source_sans_pro.font_directory) / "SourceSansPro-Bold.ttf"
MOST_FONTS = 800
"""Fonts of the machine that are looked into at most: about a second."""
LINE_HEIGHT = 1.16
"""Of the font's size, from line to line."""
LONGEST_WORD = 24
"""Signs that are kept together at most: what is longer is no word, and would make everything tiny."""
_NOWHERE = "\U0010fffd"
"""A private code point: what a font shows for it is what it shows for letters that it lacks."""
_GOOD_NAMES = ("noto", "source", "pingfang", "hiragino", "yugoth", "msyh", "malgun", "nirmala", "dejavu", "arial", "wqy", "droid", "ubuntu", "liberation")
_NO_CLOSE = frozenset("。、，．！？：；）」』】〉》…ー,.!?:;)]}")
"""Signs that do not begin a line."""


@dataclass(frozen=True)
class Word:
    """A word, or a whole line where letters join across words. mask: (h, w) uint8 coverage; x, y: its upper left corner in the block, pixels."""

    mask: np.ndarray
    x: int
    y: int
    line: int


@dataclass(frozen=True)
class Block:
    """Text that is set: words at their places in a block of `width` x `height` pixels, lines centred. size: the font's, in pixels; text: what could be set of what was asked."""

    words: tuple[Word, ...]
    width: int
    height: int
    size: int
    text: str

    def mask(self) -> np.ndarray:
        """(height, width) uint8: all of it."""
        whole = np.zeros((self.height, self.width), np.uint8)
        for word in self.words:
            place = whole[word.y : word.y + word.mask.shape[0], word.x : word.x + word.mask.shape[1]]
            np.maximum(place, word.mask, out=place)
        return whole


def lettered(text: str) -> tuple[str, Path]:
    """What can be shown of a text, and the font that has all of its letters."""
    text = unicodedata.normalize("NFC", " ".join(text.split()))
    text = " ".join("".join(sign for sign in text if not _is_sign(sign)).split())
    wanted = frozenset(sign for sign in text if not sign.isspace())
    if _has_all(HOUSE_FONT, wanted):
        return text, HOUSE_FONT
    if not _needs_shaping(text) or features.check("raqm"):
        other = _system_font(wanted)
        if other is not None:
            return text, other
    # A mark goes with its letter: what is left of them after composition belongs to scripts that are not set here.
    latin = "".join(sign if sign.isspace() or (_has_all(HOUSE_FONT, frozenset(sign)) and not unicodedata.category(sign).startswith("M")) else _in_latin(sign) for sign in text)
    return " ".join("".join(sign for sign in latin if sign.isspace() or _has_all(HOUSE_FONT, frozenset(sign))).split()), HOUSE_FONT


def fitted(text: str, width: int, height: int, *, most_lines: int, most_size: int) -> Block:
    """A text in at most `most_lines` lines at the largest size, up to `most_size` pixels, at which it fits into `width` x `height` pixels."""
    shown, path = lettered(text)
    pieces = pieces_of(shown, LONGEST_WORD)
    if not pieces:
        return Block((), 1, 1, most_size, "")
    probe = 64
    font = _font(path, probe)
    best: tuple[float, list[str]] = (0.0, [])
    for count in range(1, min(most_lines, len(pieces)) + 1):
        lines = _broken(pieces, count, font.getlength)
        across = probe * width / max(font.getlength(line) for line in lines)
        down = height / (1 + LINE_HEIGHT * (len(lines) - 1)) / 1.05
        size = min(across, down, most_size)
        # Another line must be worth it: a title on one line reads best.
        if size > best[0] * 1.12:
            best = (size, lines)
    return _set([(line, path) for line in best[1]], max(6, int(best[0])), shown)


def lines_of(lines: tuple[str, ...], size: int) -> Block:
    """Given lines at a given size, each in letters that can be shown, in one font where one has them all."""
    shown, path = lettered(" ".join(lines))
    if _has_all(path, frozenset(sign for line in lines for sign in line if not sign.isspace())):
        return _set([(line, path) for line in lines], size, shown)
    return _set([lettered(line) for line in lines], size, shown)


def pieces_of(text: str, longest: int) -> list[str]:
    """What stays together: words of up to `longest` signs, each with the space after it; single signs in scripts without spaces, with a closing sign that follows."""
    pieces: list[str] = []
    for word in text.split(" "):
        start = len(pieces)
        for sign in word:
            wide = unicodedata.east_asian_width(sign) in "WF"
            if len(pieces) == start or (wide and sign not in _NO_CLOSE) or signs_of(pieces[-1]) >= longest:
                pieces.append(sign)
            else:
                pieces[-1] += sign
        if len(pieces) > start:
            pieces[-1] += " "
    return pieces


def signs_of(text: str) -> int:
    """How many columns a text takes: a wide sign (Chinese, Japanese, Korean) counts as two, a mark that joins its letter as none."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text if not unicodedata.combining(sign))


def _set(lines: list[tuple[str, Path]], size: int, text: str) -> Block:
    """Lines, each with its font, below each other and centred."""
    step = round(LINE_HEIGHT * size)
    widths = [_font(path, size).getlength(line) for line, path in lines]
    width, margin = int(max(widths, default=1.0)) + 2, size // 3
    words = []
    for number, ((line, path), length) in enumerate(zip(lines, widths, strict=True)):
        font = _font(path, size)
        ascent = font.getmetrics()[0]
        left = (width - length) / 2
        for piece, at in [(line, 0)] if _needs_shaping(line) else _words(line):
            x = left + font.getlength(line[:at])
            across = int(font.getlength(piece)) + 2 * margin
            sheet = Image.new("L", (across, step + 2 * margin), 0)
            ImageDraw.Draw(sheet).text((margin + x % 1.0, margin + ascent), piece, fill=255, font=font, anchor="ls")
            words.append((np.asarray(sheet), int(x), number))
    if not words:
        return Block((), 1, 1, size, text)
    # The margin holds what reaches out of a letter's own box: accents, swashes, descenders.
    placed = tuple(Word(mask, x, number * step, number) for mask, x, number in words)
    return Block(placed, max(word.x + word.mask.shape[1] for word in placed), max(word.y + word.mask.shape[0] for word in placed), size, text)


def _words(line: str) -> Iterator[tuple[str, int]]:
    at = 0
    for word in line.split(" "):
        if word:
            yield word, at
        at += len(word) + 1


def _broken(pieces: list[str], count: int, length: Callable[[str], float]) -> list[str]:
    """The pieces in `count` lines, the longest of which is as short as can be (binary search over its length)."""
    sizes = [length(piece) for piece in pieces]
    low, high = max(sizes), sum(sizes)
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(sizes, middle)) <= count else (middle, high)
    return ["".join(pieces[first:last]).strip() for first, last in _filled(sizes, high)]


def _filled(sizes: list[float], most: float) -> list[tuple[int, int]]:
    lines, first, length = [], 0, 0.0
    for at, size in enumerate(sizes):
        if at > first and length + size > most + 1e-6:
            lines.append((first, at))
            first, length = at, 0.0
        length += size
    return [*lines, (first, len(sizes))]


@lru_cache(maxsize=64)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size)


@lru_cache(maxsize=4096)
def _has_all(path: Path, signs: frozenset[str]) -> bool:
    try:
        font = _font(path, 24)
        empty = font.getmask(_NOWHERE)
        lacking = (empty.size, bytes(empty))
        return all((mask.size, bytes(mask)) != lacking and mask.size[0] > 0 for mask in map(font.getmask, signs))
    except (OSError, ValueError):
        return False


@lru_cache(maxsize=64)
def _system_font(signs: frozenset[str]) -> Path | None:
    return next((path for path in _system_fonts() if _has_all(path, signs)), None)


@lru_cache(maxsize=1)
def _system_fonts() -> tuple[Path, ...]:
    """The machine's fonts, bold upright ones of families that are made for reading first."""
    home = Path.home()
    folders = [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), home / ".fonts", home / ".local/share/fonts"]
    if sys.platform == "darwin":
        folders = [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    if sys.platform == "win32":
        folders = [Path(os.environ.get("WINDIR", "C:\\Windows")) / "Fonts"]
    found: list[Path] = []
    for folder in folders:
        for place, _, names in os.walk(folder):
            found += [Path(place) / name for name in names if name.lower().endswith((".ttf", ".otf", ".ttc"))]

    def rank(path: Path) -> tuple[int, int, int, str]:
        name = path.name.lower()
        family = next((n for n, start in enumerate(_GOOD_NAMES) if start in name), len(_GOOD_NAMES))
        odd = any(word in name for word in ("italic", "oblique", "mono", "condensed", "thin", "light", "serif"))
        return family, int(odd), int("bold" not in name), name

    return tuple(path for path in sorted(found, key=rank) if "lastresort" not in path.name.lower())[:MOST_FONTS]


def _is_sign(sign: str) -> bool:
    """Emoji and other pictures, joiners between them, private and unassigned code points."""
    return unicodedata.category(sign) in ("So", "Sk", "Cs", "Co", "Cn", "Cc") or sign in "\u200d\ufe0e\ufe0f\u20e3"


def _needs_shaping(text: str) -> bool:
    """Letters that change or move with their neighbours: Hebrew to Tibetan, Myanmar, Khmer, Mongolian and their kin."""
    return any(0x0590 <= ord(sign) <= 0x109F or 0x1780 <= ord(sign) <= 0x18AF or 0xFB1D <= ord(sign) <= 0xFEFC for sign in text)


def _in_latin(sign: str) -> str:
    try:
        from anyascii import anyascii
    except ImportError:
        return "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    written = anyascii(sign)
    # Syllables of scripts without spaces and without case would run together.
    return f"{written} " if unicodedata.east_asian_width(sign) in "WF" and written.isalpha() else written
