"""Reading clips: upright sRGB frames at a constant rate, streamed from the cage with memory that does not grow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import Literal

import numpy as np

from engine.errors import InvalidInput, UnreadableMedia
from engine.media.cage import Decoder, Inlet
from engine.media.probe import Facts
from engine.media.timing import MAX_RATE
from engine.settings import Settings


class VideoReader:
    """An iterable of frames, made by `open_video`. Iterate once; leaving the `with` block ends the decoder.

    fps: exact frames a second of what is yielded. width, height: pixels. count: expected number of frames (a damaged file may give
    fewer). duration: their length in seconds. facts: the file's own. note: one sentence when something was odd, known after the last frame.
    """

    def __init__(self, decoder: Decoder, settings: Settings, name: str) -> None:
        self._decoder = decoder
        answer = decoder.read_json()
        height, width, channels = (int(n) for n in answer["shape"])
        if min(height, width) < 1 or channels not in (3, 4) or height * width > max(settings.max_frame_pixels, settings.max_image_pixels):
            raise UnreadableMedia(f"{name} could not be decoded", why="the decoder gave an impossible size", fix="use another file")
        self._shape = (height, width, channels)
        self.facts = Facts.from_dict(answer["facts"])
        self.fps = Fraction(answer["fps"])
        self.width, self.height = width, height
        self.count = int(answer["count"])
        self.duration = float(self.count / self.fps)
        self.note = self.facts.note
        self._last: np.ndarray | None = None
        self._done = False

    def __iter__(self) -> Iterator[np.ndarray]:
        return self

    def __next__(self) -> np.ndarray:
        """The next frame: (H, W, 3) uint8 sRGB, or (H, W, 4) when alpha was asked for. The array is yours."""
        if self._done:
            raise StopIteration
        kind, length = self._decoder.read_header()
        if kind == "J":
            self.note = str(self._decoder.read_json_body(length).get("note", "")) or self.note
            self.close()
            raise StopIteration
        if kind == "R" and self._last is not None:
            return self._last.copy()
        frame = np.empty(self._shape, np.uint8)
        if kind != "D" or length != frame.nbytes:
            raise UnreadableMedia("the clip could not be decoded", why="the decoder gave data of the wrong size", fix="use another file")
        self._decoder.read_into(frame.data.cast("B"))
        self._last = frame
        return frame

    def close(self) -> None:
        """End the decoder. Twice does no harm."""
        self._done = True
        self._decoder.close()

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_decoder"):
            self._decoder.close()


def open_video(
    path: str | os.PathLike[str],
    settings: Settings,
    *,
    fps: float | Fraction | None = None,
    start: float = 0.0,
    end: float | None = None,
    max_side: int | None = None,
    alpha: Literal["keep", "drop"] = "drop",
) -> VideoReader:
    """A reader of the clip's frames at `fps` (None: its own rate, or that of its quickest part when it varies), from `start` to `end` (s).

    Frames are upright with square pixels, sRGB, at most `max_side` px on the longer side. Which source frame stands at each output
    frame follows the true timestamps (`engine.media.timing`), so a variable-rate clip stays in step with its sound. Animated pictures
    are clips too, and a still one is a clip of one frame. alpha "drop" lays transparent parts over white. Raises `UnreadableMedia` or
    `LimitExceeded`; a clip that is cut off or damaged in the middle yields what can be decoded and then has a `note`.
    """
    if fps is not None and not 0 < fps <= MAX_RATE:
        raise InvalidInput(f"fps={fps} is not allowed", fix=f"give a rate above 0 and at most {MAX_RATE} frames a second")
    if end is not None and not end > start:
        raise InvalidInput(f"end={end:g} is not after start={start:g}", fix="give an end after the start")
    options = {
        "fps": str(Fraction(fps).limit_denominator(100_000)) if fps is not None else None,
        "start": start,
        "end": end,
        "max_side": max_side,
        "alpha": alpha,
    }
    with Inlet(path, settings) as inlet:
        decoder = Decoder(inlet, settings, "video", options)
        try:
            return VideoReader(decoder, settings, inlet.name)
        except BaseException:
            decoder.close()
            raise
