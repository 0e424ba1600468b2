"""A scene's clip, of any size, rate and length, as exactly the frames that its place in the film needs; a still as a shot.

Time: a clip of nearly the film's rate is played frame for frame; one whose rate is a whole multiple or part of it shows whole frames, as animation is drawn on twos; any other is
blended from its two nearest frames in linear light, which keeps motion even where showing the nearest would stutter (`tests/movie/test_film.py` measures both).

A clip that is too short begins again when it is a loop. Otherwise it slows down onto its last frame over half a second, and a slow push-in begins there. Playing it backwards
instead would let boats, smoke and rain go the wrong way, which is seen at once; a picture that comes to rest is how films end a shot.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial

import cv2
import numpy as np

from engine.errors import InvalidInput
from engine.media.images import read_image
from engine.media.own_clip import OwnClip
from engine.media.video import VideoReader, open_video
from engine.movie.film.framing import framed
from engine.movie.film.light import mixed
from engine.movie.film.picture import moving_picture
from engine.movie.plan import Camera
from engine.settings import Settings

SAME_RATE = 0.002
"""Rates that differ by less are one rate: 23.976 and 24 drift apart by a frame in 42 s."""
STRETCH = 0.08
"""A clip without a voice may be played slower or quicker by this much to fill its place: nobody sees it."""
SLOWING = 0.5
"""Seconds of a short clip's end that are played slower and slower."""
PUSH_RATE, MOST_PUSH = 0.03, 0.16
"""The push-in onto a frame that stands: so much closer a second, and altogether."""
_CLOSE = 0.04
"""Between frames, this near to one of them is that frame."""
_LOOPS = 1.6
"""The last frame leads back to the first when they differ by at most so many times what neighbours differ by."""

Look = Callable[[], np.ndarray]
"""Gives a frame (H, W, 3) uint8 sRGB."""


def fitted(
    path: str | os.PathLike[str],
    settings: Settings,
    *,
    count: int,
    size: tuple[int, int],
    fps: int,
    start: float = 0.0,
    camera: Camera = "as written",
    stretch: bool = False,
    ours: bool = False,
) -> Iterator[np.ndarray]:
    """Exactly `count` frames (H, W, 3) uint8 sRGB of `size` (width, height) at `fps`, from `start` seconds of a clip, or from a picture over which the camera moves.

    stretch: the clip may be played up to `STRETCH` slower or quicker to fill its place. ours: the clip was made by `ClipWriter` on this machine, and is read without a cage,
    from its begin. Two frames are held, whatever the length. Raises `UnreadableMedia`, `LimitExceeded`, or `InvalidInput` when the clip has no pictures after `start`.
    """
    for look in looks(path, settings, count=count, size=size, fps=fps, start=start, camera=camera, stretch=stretch, ours=ours):
        yield look()


def looks(
    path: str | os.PathLike[str], settings: Settings, *, count: int, size: tuple[int, int], fps: int, start: float = 0.0, camera: Camera = "as written", stretch: bool = False, ours: bool = False
) -> Iterator[Look]:
    """The frames that `fitted` gives, each made when it is asked for, before the next one is. One that is not asked for costs no more than its decoding."""
    feed = _Feed(path, settings, start, size, ours)
    try:
        if feed.facts.kind == "image" and feed.facts.frame_count <= 1:
            for frame in moving_picture(read_image(path, settings, max_side=3 * max(size)), count, size, camera):
                yield lambda frame=frame: frame  # type: ignore[misc]
            return
        if start >= max(feed.facts.duration, 1e-3):
            raise InvalidInput(f"{feed.name} has no pictures after {start:g} s", why=f"it lasts {feed.facts.duration:.1f} s", fix="let the scene begin earlier in the clip")
        places, zoom = _places(feed, count, fps, stretch)
        for number, place in enumerate(places):
            yield partial(_look, feed, place, zoom(number))
    finally:
        feed.close()


def _look(feed: _Feed, place: float, closer: float) -> np.ndarray:
    picture = feed.between(place)
    return picture if closer <= 1.0 else _pushed(picture, closer)


class _Feed:
    """Frames of a clip, framed for the film, by number: forwards as they are decoded, from the beginning again when a number falls."""

    def __init__(self, path: str | os.PathLike[str], settings: Settings, start: float, size: tuple[int, int], ours: bool) -> None:
        self._path, self._settings, self._start, self._size, self._ours = path, settings, start, size, ours
        self._side: int | None = None
        self._reader = self._open()
        self.facts = self._reader.facts
        share = max(size[0] / self._reader.width, size[1] / self._reader.height)
        if share < 0.5:
            # Twice what is needed: averaging does the rest better than the decoder's scaler.
            self._side = round(2 * share * max(self._reader.width, self._reader.height))
            self._reader.close()
            self._reader = self._open()
        self.rate, self.count, self.name = float(self._reader.fps), max(1, self._reader.count), os.path.basename(os.fspath(path))
        self._next = 0
        self._held: dict[int, np.ndarray] = {}

    def _open(self, side: int | None = None) -> VideoReader | OwnClip:
        if self._ours:
            return OwnClip(self._path, max_side=side or self._side)
        return open_video(self._path, self._settings, start=self._start, max_side=side or self._side)

    def between(self, place: float) -> np.ndarray:
        """The picture at a place in frames; between two of them, both in that share."""
        first = int(place)
        rest = place - first
        if rest < _CLOSE:
            return self.at(first)
        if rest > 1 - _CLOSE:
            return self.at(first + 1)
        before = self.at(first)
        return mixed(before, self.at(first + 1), rest)

    def at(self, index: int) -> np.ndarray:
        """The frame of that number, or the clip's last."""
        if index in self._held:
            return self._held[index]
        if index < self._next:
            self._reader.close()
            self._reader, self._next, self._held = self._open(), 0, {}
        while self._next <= index:
            if isinstance(self._reader, OwnClip) and self._next < index - 1 and self._next + 1 < self.count:
                self._reader.skip()
                self._next += 1
                continue
            frame = next(self._reader, None)
            if frame is None:
                if not self._held:
                    raise InvalidInput(f"{self.name} has no pictures after {self._start:g} s", fix="let the scene begin earlier in the clip")
                # Fewer frames than its header promised: the last one stands.
                return framed(self._held[max(self._held)], self._size)
            self._held[self._next] = framed(frame, self._size) if self._next >= index - 1 else frame
            self._next += 1
            while len(self._held) > 2:
                del self._held[min(self._held)]
        return self._held[index]

    def looked_through(self) -> bool:
        """Whether the clip is a loop; `count` is true afterwards. Looks at a small copy of it."""
        reader = self._open(64)
        first: np.ndarray | None = None
        last: np.ndarray = np.zeros(0, np.float32)
        steps: list[float] = []
        with reader:
            for number, frame in enumerate(reader):
                now = frame.astype(np.float32)
                if first is None:
                    first = now
                else:
                    steps.append(float(np.abs(now - last).mean()))
                last, self.count = now, number + 1
        usual = float(np.median(steps)) if steps else 0.0
        return first is not None and len(steps) >= 8 and usual > 0.05 and float(np.abs(last - first).mean()) <= _LOOPS * usual

    def close(self) -> None:
        self._reader.close()


def _places(feed: _Feed, count: int, fps: int, stretch: bool) -> tuple[Iterator[float], Callable[[int], float]]:
    """Where in the clip each frame of the film stands, in the clip's frames, and how much closer the camera is at each."""
    step = feed.rate / fps
    if abs(step - 1) < SAME_RATE:
        step = 1.0
    need = (count - 1) * step + 1
    if stretch and feed.count > 1 and abs(feed.count / need - 1) <= STRETCH and abs(feed.count - need) > max(step, 1.0):
        step *= (feed.count - 1) / max(need - 1, 1e-6)
        need = float(feed.count)
    whole = abs(1 / step - round(1 / step)) < SAME_RATE if step <= 1 else abs(step - round(step)) < SAME_RATE

    def at(number: int) -> float:
        # A hair more than the product, so that rounding does not show a frame early or late.
        return float(int(number * step + 1e-6)) if whole else number * step

    if feed.count >= need - max(step, 1.0):
        return (min(at(number), feed.count - 1.0) for number in range(count)), lambda number: 1.0
    if feed.looked_through():
        return (at(number) % feed.count if whole else min(at(number) % feed.count, feed.count - 1.0) for number in range(count)), lambda number: 1.0
    slow, knee = _knee(feed.count, feed.rate)
    end = feed.count - 1.0
    standing = max((need - knee) / feed.rate, 1e-6)
    rate = min(PUSH_RATE, MOST_PUSH / standing)

    def place(number: int) -> float:
        now = number * step
        if now <= knee or slow <= 0:
            return min(at(number), end)
        past = min(now - knee, 2 * slow)
        return knee + past - past * past / (4 * slow)

    def closer(number: int) -> float:
        past = max(0.0, (number * step - knee) / feed.rate)
        # From rest, so that the push begins unseen.
        return float(np.exp(rate * past * past / (past + 0.6)))

    return (place(number) for number in range(count)), closer


def _knee(count: int, rate: float) -> tuple[float, float]:
    """How many frames of a clip that is too short are played slower, and the one with which that begins."""
    slow = min(SLOWING * rate, (count - 1) / 3)
    return slow, count - 1 - slow


def straight_frames(count: int, need: int, rate: float | Fraction) -> int:
    """How many frames of a clip of `count`, at the film's rate, stand in a film that needs `need` as they are: number n at place n."""
    return count if count >= need - 1 else int(_knee(count, float(rate))[1]) + 1


def _pushed(picture: np.ndarray, closer: float) -> np.ndarray:
    height, width = picture.shape[:2]
    matrix = np.array([[closer, 0, (1 - closer) * (width - 1) / 2], [0, closer, (1 - closer) * (height - 1) / 2]])
    return cv2.warpAffine(picture, matrix, (width, height), flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
