"""What is said, as text: cues that can be read in their time, .srt and .vtt files of them, and letters burnt into the picture."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from engine.media.disk import whole_file
from engine.movie.film.lettering import lines_of, pieces_of, signs_of

LINE_SIGNS, MOST_LINES = 42, 2
"""A caption has two lines of 42 signs at most, as broadcasters set them; a wide sign (Chinese, Japanese, Korean) counts as two."""
READING_SPEED = 17.0
"""Characters a second that can be read comfortably (Netflix's and the BBC's guides: 17)."""
SHORTEST = 1.0
"""Seconds that a caption stands at least, where there is room."""
GAP = 0.08
"""Seconds without a caption between two, so that the change is seen."""
_BREAKS = ".!?;:,。！？；：、，…"


@dataclass(frozen=True)
class Cue:
    """One caption: from `start` to `end` seconds of the film, one or two lines."""

    start: float
    end: float
    lines: tuple[str, ...]


def cues_of(spoken: Iterable[tuple[float, float, str]], until: float) -> list[Cue]:
    """Cues from what is said and when (start, end, text), in seconds of a film that lasts `until`.

    Long texts are cut at the ends of clauses into cues of two lines, and time is shared out by signs. A cue that is too quick to read stays on until it can be read, or until the next
    one begins; speech that goes on faster than `READING_SPEED` without a pause stays as fast, for no word is left out. Times outside the film and empty texts are dropped.
    """
    parts: list[tuple[float, float, str]] = []
    for start, end, text in spoken:
        text = " ".join(text.split())
        start, end = max(0.0, start), min(end, until)
        if text and end > start and math.isfinite(start):
            pieces = _pieces(text)
            total, at = sum(map(signs_of, pieces)), start
            for piece in pieces:
                length = (end - start) * signs_of(piece) / total
                parts.append((at, at + length, piece))
                at += length
    parts.sort(key=lambda part: part[0])
    cues = []
    for number, (start, end, text) in enumerate(parts):
        limit = parts[number + 1][0] - GAP if number + 1 < len(parts) else until
        wanted = max(end, start + max(SHORTEST, signs_of(text) / READING_SPEED))
        end = max(min(wanted, limit), min(start + 0.2, until))
        if number + 1 < len(parts):
            end = max(start + 0.04, min(end, parts[number + 1][0]))
        cues.append(Cue(round(start, 3), round(min(end, until), 3), wrapped(text)))
    return [cue for cue in cues if cue.end > cue.start]


def wrapped(text: str) -> tuple[str, ...]:
    """One line, or two of about the same length, broken after a clause where there is one near the middle. Longer texts than two lines hold get more lines."""
    if signs_of(text) <= LINE_SIGNS:
        return (text,)
    tokens = pieces_of(text, LINE_SIGNS)
    best: tuple[float, tuple[str, ...]] | None = None
    for at in range(1, len(tokens)):
        first, second = "".join(tokens[:at]).strip(), "".join(tokens[at:]).strip()
        if signs_of(first) <= LINE_SIGNS and signs_of(second) <= LINE_SIGNS:
            cost = abs(signs_of(first) - signs_of(second)) - (8 if first[-1] in _BREAKS else 0) + (2 if signs_of(first) > signs_of(second) else 0)
            if best is None or cost < best[0]:
                best = (cost, (first, second))
    if best is not None:
        return best[1]
    return _filled(tokens, LINE_SIGNS)


def srt(cues: Sequence[Cue]) -> str:
    """The cues as SubRip text."""
    return "".join(f"{number}\n{_clock(cue.start)} --> {_clock(cue.end)}\n" + "\n".join(_plain(line) for line in cue.lines) + "\n\n" for number, cue in enumerate(cues, 1))


def vtt(cues: Sequence[Cue]) -> str:
    """The cues as WebVTT text (W3C, 2019), which browsers show."""
    return "WEBVTT\n\n" + "".join(f"{_clock(cue.start, '.')} --> {_clock(cue.end, '.')}\n" + "\n".join(_plain(line).replace("&", "&amp;") for line in cue.lines) + "\n\n" for cue in cues)


def write_captions(folder: Path, stem: str, cues: Sequence[Cue]) -> dict[str, Path]:
    """Write `stem`.srt and `stem`.vtt into a folder; a result's artifacts: subtitles and web_subtitles. Raises `LimitExceeded` for a full disk."""
    paths = {"subtitles": folder / f"{stem}.srt", "web_subtitles": folder / f"{stem}.vtt"}
    for path, text in zip(paths.values(), (srt(cues), vtt(cues)), strict=True):
        with whole_file(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return paths


class BurntCaptions:
    """Letters in the picture, with an outline and a soft shade, in the safe area. Each cue is drawn once. size: (width, height) of the film."""

    def __init__(self, cues: Sequence[Cue], size: tuple[int, int]) -> None:
        self._cues, self._size = sorted(cues, key=lambda cue: cue.start), size
        self._drawn: tuple[Cue | None, tuple[np.ndarray, np.ndarray, int, int] | None] = (None, None)

    def __call__(self, frame: np.ndarray, time: float) -> np.ndarray:
        """The frame (H, W, 3) uint8 at `time` (s) with its caption; the very same array where there is none."""
        cue = next((cue for cue in self._cues if cue.start <= time < cue.end), None)
        if cue is None:
            return frame
        if self._drawn[0] is not cue:
            self._drawn = (cue, self._draw(cue))
        drawn = self._drawn[1]
        if drawn is None:
            return frame
        colour, through, x, y = drawn
        picture = frame.copy()
        place = picture[y : y + colour.shape[0], x : x + colour.shape[1]]
        place[:] = cv2.add(colour, cv2.multiply(place, through, scale=1 / 255.0))
        return picture

    def _draw(self, cue: Cue) -> tuple[np.ndarray, np.ndarray, int, int] | None:
        """Premultiplied colour, what is let through of the picture (both (h, w, 3) uint8), and the place of its corner."""
        width, height = self._size
        safe = 0.86 * width
        size = max(9, round(0.052 * min(height, 0.75 * width) + 0.012 * height))
        lines = cue.lines
        block = lines_of(lines, size)
        if height > width and block.width > safe:
            # On a phone's shape letters stay large, and the text takes more lines.
            share = block.width / safe
            lines = _filled(pieces_of(" ".join(lines), LINE_SIGNS), max(12, int(LINE_SIGNS / share)))
            block = lines_of(lines, size)
        if block.width > safe:
            block = lines_of(lines, max(8, int(size * safe / block.width)))
        if not block.words:
            return None
        edge = max(2, round(0.1 * block.size))
        reach = 3 * edge
        mask = cv2.copyMakeBorder(block.mask(), reach, reach, reach, reach, cv2.BORDER_CONSTANT, value=0)
        ring = cv2.dilate(mask, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * edge + 1, 2 * edge + 1)))
        ring = cv2.GaussianBlur(ring, (0, 0), 0.35 * edge).astype(np.float32) / 255.0
        shade = 0.45 * cv2.GaussianBlur(ring, (0, 0), 1.2 * edge)
        letters = mask.astype(np.float32) / 255.0
        dark = 1 - (1 - 0.92 * ring) * (1 - shade)
        cover = letters + dark * (1 - letters)
        colour = cv2.merge([cv2.convertScaleAbs(letters, alpha=level) for level in (252.0, 250.0, 244.0)])
        through = cv2.merge([cv2.convertScaleAbs(1 - cover, alpha=255.0)] * 3)
        # Phones lay their own buttons over the lowest part of a tall picture.
        bottom = round((0.80 if height > width else 0.93) * height)
        x, y = (width - mask.shape[1]) // 2, bottom - mask.shape[0] + reach
        left, top = max(0, -x), max(0, -y)
        colour, through = colour[top : top + height, left : left + width], through[top : top + height, left : left + width]
        x, y = max(0, x), max(0, y)
        return colour[: height - y, : width - x], through[: height - y, : width - x], x, y


def _filled(tokens: Sequence[str], most: int) -> tuple[str, ...]:
    """Lines of at most so many signs, each as full as it can be."""
    lines = [""]
    for token in tokens:
        if lines[-1] and signs_of((lines[-1] + token).strip()) > most:
            lines.append("")
        lines[-1] += token
    return tuple(line.strip() for line in lines)


def _pieces(text: str) -> list[str]:
    """Parts of at most two lines: cut after a clause where that leaves two useful parts, else as evenly as words allow."""
    if _fits(text):
        return [text]
    tokens = pieces_of(text, LINE_SIGNS)
    parts = math.ceil(signs_of(text) / (LINE_SIGNS * MOST_LINES * 0.92))
    wanted = signs_of(text) / max(parts, 2)
    found, held = [], ""
    for token in tokens:
        joined = (held + token).strip()
        ends = held.strip()[-1:] in _BREAKS and signs_of(held.strip()) >= 0.6 * wanted
        if held.strip() and (not _fits(joined) or ends or (signs_of(joined) > 1.25 * wanted and signs_of(held.strip()) >= 0.8 * wanted)):
            found.append(held.strip())
            held = ""
        held += token
    if held.strip():
        found.append(held.strip())
    return found


def _fits(text: str) -> bool:
    return len(wrapped(text)) <= MOST_LINES


def _plain(line: str) -> str:
    """A line that players show as it is: no markup, and nothing that looks like a cue's times."""
    return line.replace("-->", "\u2192").replace("<", "\u2039").replace(">", "\u203a")


def _clock(seconds: float, point: str = ",") -> str:
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d}{point}{whole % 1000:03d}"
