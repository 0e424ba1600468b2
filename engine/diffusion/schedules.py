"""Plans for long clips: which frames are made together, seeing which others. Pure Python (block B8).

Every plan makes each frame once, shows only frames that are given or made before, and never handles more than `size` frames at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from engine.errors import InvalidInput

SMALLEST = 3
"""Two ends and something between them."""


class Piece(NamedTuple):
    """One sampling: the frames that are seen and those that are made, each rising."""

    observed: tuple[int, ...]
    latent: tuple[int, ...]

    @property
    def frames(self) -> tuple[int, ...]:
        """All of them in order of time."""
        return tuple(sorted(self.observed + self.latent))


def autoregressive(frames: int, size: int, *, overlap: int | None = None, given: Iterable[int] = ()) -> Iterator[Piece]:
    """Windows of `size` neighbouring frames; each sees the last `overlap` (None: a quarter) of what was made (LVDM, He et al. 2022).

    The last window is whole too and sees more. Given frames are seen by the windows that they lie in.
    """
    done, overlap = _begin(frames, size, overlap, given)
    while (first := _first_missing(done, frames)) is not None:
        start = max(0, min(first - overlap, frames - size))
        window = range(start, min(start + size, frames))
        yield _piece([f for f in window if f in done], [f for f in window if f not in done], done)


def long_range(frames: int, size: int, *, overlap: int | None = None, given: Iterable[int] = ()) -> Iterator[Piece]:
    """Like `autoregressive`, but half of the frames seen are the clip's first ones, or the given ones, so that it remembers (FDM, Harvey et al. 2022)."""
    done, overlap = _begin(frames, size, overlap, given)
    old = sorted(done)
    while (first := _first_missing(done, frames)) is not None:
        recent = [f for f in range(first) if f in done][-(overlap - overlap // 2) :] if overlap else []
        anchors = [f for f in (old or range(frames)) if f in done and f not in recent][: overlap - len(recent)]
        latent = [f for f in range(first, frames) if f not in done][: size - len(recent) - len(anchors)]
        yield _piece(sorted(recent + anchors), latent, done)


def key_frames(frames: int, size: int, *, given: Iterable[int] = ()) -> Iterator[Piece]:
    """Key frames over the whole clip first, then every gap from its two ends, level by level (NUWA-XL, Yin et al. 2023).

    Pieces of one level do not see each other: they can be made in any order, or at once.
    """
    done, _ = _begin(frames, size, 0, given)
    keys = _spread_with(sorted(done), 0, frames - 1, size)
    missing = [f for f in keys if f not in done]
    if missing:
        seen = sorted(sorted(done, key=lambda f: min(abs(f - m) for m in missing))[: size - len(missing)])
        yield _piece(seen, missing, done)
    while len(done) < frames:
        ends = sorted(done)
        for before, after in zip(ends, ends[1:], strict=False):
            if after - before > 1:
                yield _piece([before, after], _spread(before + 1, after - 1, size - 2), done)


def hierarchy(frames: int, size: int, *, given: Iterable[int] = ()) -> Iterator[Piece]:
    """Two levels (FDM's hierarchy-2, Harvey et al. 2022): every (size / 2)-th frame from the start to the end, then the gaps in order, each seeing
    its two ends, what came just before, and what lies ahead."""
    done, _ = _begin(frames, size, 0, given)
    stride = max(2, size // 2)
    level = sorted({*range(0, frames, stride), frames - 1} - done)
    while level:
        seen = sorted(sorted(done, key=lambda f: abs(f - level[0]))[: size // 2])
        count = size - len(seen)
        yield _piece(seen, level[:count], done)
        level = level[count:]
    while (first := _first_missing(done, frames)) is not None:
        stop = next((f for f in range(first, frames) if f in done), frames)
        latent = list(range(first, min(stop, first + size - 2)))
        room = size - len(latent)
        ahead = [f for f in range(latent[-1] + 1, frames) if f in done][: max(1, room // 2)]
        behind = [f for f in range(first) if f in done][-(room - len(ahead)) :]
        yield _piece(behind + ahead, latent, done)


PLANS: dict[str, Callable[..., Iterator[Piece]]] = {"extend": autoregressive, "long-range": long_range, "keyframes": key_frames, "hierarchy": hierarchy}


def checked(plan: Iterable[Piece], frames: int, size: int, *, given: Iterable[int] = ()) -> list[Piece]:
    """A plan from elsewhere as a list. Raises `InvalidInput` naming the first piece that breaks the rules above."""
    done, pieces = set(given), list(plan)
    for number, piece in enumerate(pieces):
        fault = ""
        if not piece.latent or len(piece.frames) > size:
            fault = f"it handles {len(piece.frames)} frames, {len(piece.latent)} of them new; 1 to {size} are possible"
        elif set(piece.observed) - done:
            fault = f"frame {min(set(piece.observed) - done)} is not there yet"
        elif set(piece.latent) & done or len(set(piece.latent)) < len(piece.latent) or not set(piece.latent) <= set(range(frames)):
            fault = "a frame is made twice or lies outside the clip"
        if fault:
            raise InvalidInput(f"piece {number + 1} of the plan cannot be made", why=fault)
        done |= set(piece.latent)
    if len(done) < frames:
        raise InvalidInput("the plan leaves frames out", why=f"frame {_first_missing(done, frames)} is never made")
    return pieces


def _begin(frames: int, size: int, overlap: int | None, given: Iterable[int]) -> tuple[set[int], int]:
    done, overlap = set(given), max(1, size // 4) if overlap is None else overlap
    if frames < 1 or size < SMALLEST:
        raise InvalidInput(f"{frames} frames cannot be made {size} at a time", fix=f"choose at least one frame and pieces of {SMALLEST}")
    if not 0 <= overlap < size:
        raise InvalidInput(f"an overlap of {overlap} leaves no new frame in pieces of {size}", fix=f"choose 0 to {size - 1}")
    if any(not 0 <= f < frames for f in done):
        raise InvalidInput("a given frame lies outside the clip", fix=f"frames are 0 to {frames - 1}")
    return done, overlap


def _piece(observed: Iterable[int], latent: Iterable[int], done: set[int]) -> Piece:
    piece = Piece(tuple(observed), tuple(latent))
    done |= set(piece.latent)
    return piece


def _first_missing(done: set[int], frames: int) -> int | None:
    return next((f for f in range(frames) if f not in done), None)


def _spread(first: int, last: int, count: int) -> list[int]:
    """At most `count` frames from `first` to `last`, evenly: all of them, or with equal gaps also before the first and after the last."""
    total = last - first + 1
    return list(range(first, last + 1)) if total <= count else [first - 1 + round((k + 1) * (total + 1) / (count + 1)) for k in range(count)]


def _spread_with(given: list[int], first: int, last: int, count: int) -> list[int]:
    """At most `count` frames from `first` to `last`, both included, evenly, with those given in the places of the nearest. More given ones: those and the ends."""
    total = last - first + 1
    keys = list(range(first, last + 1)) if total <= count else [first + round(k * (total - 1) / (count - 1)) for k in range(count)]
    if len(given) > count - 2:
        return sorted({first, last, *given})
    for f in given:
        free = [k for k in keys if k not in given and k not in (first, last)]
        if f not in keys:
            keys[keys.index(min(free, key=lambda k: abs(k - f)))] = f
    return sorted(keys)
